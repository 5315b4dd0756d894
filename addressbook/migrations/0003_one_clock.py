from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("addressbook", "0002_same_pupils"),
    ]

    operations = [
        migrations.AlterField(
            model_name="importjob",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
    ]
