from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0040_where_passwords_are_changed")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="mail_password_changed",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="mail password changed here"
            ),
        ),
        migrations.AddField(
            model_name="user",
            name="password_reminder_hidden",
            field=models.DateField(
                blank=True, null=True, verbose_name="reminder of the password put off"
            ),
        ),
    ]
