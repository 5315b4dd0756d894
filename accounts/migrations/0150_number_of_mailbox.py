from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0100_how_long_passwords_are_lent"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="mailbox_id",
            field=models.CharField(
                blank=True, editable=False, max_length=255, verbose_name="number of the mailbox"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["mailbox_id"], name="user_by_mailbox"),
        ),
    ]
