from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0007_devices_told"),
    ]

    operations = [
        migrations.AlterField(
            model_name="announcement",
            name="since",
            field=models.DateTimeField(default=core.clock.now, verbose_name="from"),
        ),
        migrations.AlterField(
            model_name="knowndevice",
            name="last_used",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last use"),
        ),
        migrations.AlterField(
            model_name="lentcredential",
            name="lent",
            field=models.DateTimeField(default=core.clock.now, verbose_name="lent"),
        ),
        migrations.AlterField(
            model_name="moveduser",
            name="moved",
            field=models.DateTimeField(default=core.clock.now, verbose_name="brought"),
        ),
        migrations.AlterField(
            model_name="servicevisit",
            name="opened",
            field=models.DateTimeField(default=core.clock.now, verbose_name="opened"),
        ),
        migrations.AlterField(
            model_name="staffimport",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="tokengrant",
            name="made",
            field=models.DateTimeField(default=core.clock.now, verbose_name="made"),
        ),
        migrations.AlterField(
            model_name="usersession",
            name="last_used",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last use"),
        ),
    ]
