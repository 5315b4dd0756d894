from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0054_applications"),
    ]

    operations = [
        migrations.AlterField(
            model_name="auditevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("lookup.found", "settings looked up"),
                    ("lookup.failed", "lookup without result"),
                    ("lookup.limited", "lookup refused: too many tries"),
                    ("settings.fetched", "settings fetched by telephone"),
                    ("sign-in.done", "signed in"),
                    ("sign-in.failed", "sign-in failed"),
                    ("sign-in.limited", "sign-in refused: too many tries"),
                    ("sign-out", "signed out"),
                    ("session.ended", "session ended from elsewhere"),
                    ("second-factor", "second factor changed"),
                    ("password.changed", "password changed"),
                    ("password.refused", "password change refused"),
                    ("staff.imported", "staff records imported"),
                    ("contacts.imported", "old contacts imported"),
                    ("contacts.undone", "import of contacts undone"),
                    ("service.opened", "signed in to a service"),
                    ("service.refused", "sign-in to a service refused"),
                    ("limits.lifted", "limits lifted"),
                    ("administered", "changed in the administration"),
                    ("exported", "audit log exported"),
                ],
                max_length=32,
                verbose_name="what",
            ),
        ),
    ]
