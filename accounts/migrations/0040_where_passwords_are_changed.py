from django.core.validators import URLValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0015_login_of_mail_programs")]

    operations = [
        migrations.AddField(
            model_name="maildomain",
            name="password_driver",
            field=models.CharField(
                choices=[
                    ("none", "Not here: the text and the link below say where"),
                    ("dovecot", "Dovecot’s passwd-file"),
                    ("sql", "An SQL table"),
                    ("ldap", "An LDAP directory"),
                ],
                default="none",
                help_text="Connections and their secrets are variables of the environment.",
                max_length=8,
                verbose_name="where the password is changed",
            ),
        ),
        migrations.AddField(
            model_name="maildomain",
            name="password_help",
            field=models.TextField(
                blank=True,
                help_text="Shown on the password page, first of all where it cannot be changed here.",
                verbose_name="help with the password",
            ),
        ),
        migrations.AddField(
            model_name="maildomain",
            name="password_url",
            field=models.CharField(
                blank=True,
                help_text="Where people change it, if not here.",
                max_length=200,
                validators=[URLValidator(("https", "http"))],
                verbose_name="page to change the password",
            ),
        ),
    ]
