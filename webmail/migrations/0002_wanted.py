"""The verdict "letter" is called "wanted"."""

from django.db import migrations, models

COLUMNS = (("Judgement", "kind"), ("Judgement", "taught"), ("MailJob", "verb"))


def rename(apps, before, after):
    for name, column in COLUMNS:
        rows = apps.get_model("webmail", name).objects.filter(**{column: before})
        rows.update(**{column: after})


def to_wanted(apps, schema_editor):
    rename(apps, "letter", "wanted")


def to_letter(apps, schema_editor):
    rename(apps, "wanted", "letter")


class Migration(migrations.Migration):
    dependencies = [("webmail", "0001_initial")]
    operations = [
        migrations.RunPython(to_wanted, to_letter),
        migrations.AlterField(
            model_name="installationlearnt",
            name="messages",
            field=models.JSONField(
                default=list, verbose_name="messages learnt: wanted, adverts, junk"
            ),
        ),
        migrations.AlterField(
            model_name="personlearnt",
            name="messages",
            field=models.JSONField(
                default=list, verbose_name="messages learnt: wanted, adverts, junk"
            ),
        ),
    ]
