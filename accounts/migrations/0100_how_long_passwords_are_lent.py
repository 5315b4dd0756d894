from django.db import migrations, models

import accounts.models.lending


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0071_lent_credentials"),
    ]

    operations = [
        migrations.AddField(
            model_name="lentcredential",
            name="until",
            field=models.DateTimeField(
                default=accounts.models.lending.in_a_day, verbose_name="until"
            ),
        ),
    ]
