"""How mail programs that know an address alone find the login, by mail domain."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_staff_and_audit")]

    operations = [
        migrations.AddField(
            model_name="maildomain",
            name="program_login",
            field=models.CharField(
                blank=True,
                choices=[
                    ("", "As for signing in here; not at all where that is as typed"),
                    ("address", "The whole address (name@domain)"),
                    ("local", "What stands before the @"),
                    ("none", "It cannot: logins differ from addresses"),
                ],
                default="",
                help_text="Thunderbird and Outlook ask for the settings of an address. Where the login is fdurand and the address francoise.durand@…, they had better be told nothing.",
                max_length=8,
                verbose_name="login that a mail program can form from an address",
            ),
        ),
    ]
