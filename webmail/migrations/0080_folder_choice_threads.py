"""Whether a folder is shown by conversations is remembered as its order is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webmail", "0062_folder_choice")]

    operations = [
        migrations.AddField(
            model_name="folderchoice",
            name="threads",
            field=models.BooleanField(default=False, verbose_name="by conversations"),
        ),
    ]
