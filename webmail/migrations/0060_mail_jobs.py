import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0071_lent_credentials"),
        ("webmail", "0040_recent_searches"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MailJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("verb", models.CharField(max_length=12, verbose_name="what is done")),
                ("folder", models.TextField(blank=True, verbose_name="folder")),
                ("to", models.TextField(blank=True, verbose_name="to the folder")),
                ("work", models.JSONField(default=dict)),
                ("total", models.PositiveIntegerField(default=0, verbose_name="messages")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="messages done")),
                (
                    "gone",
                    models.PositiveIntegerField(default=0, verbose_name="messages no longer there"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("running", "running"),
                            ("password", "waiting for the password"),
                            ("done", "done"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="waiting",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "failure",
                    models.CharField(blank=True, max_length=40, verbose_name="why it failed"),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("is_undone", models.BooleanField(default=False, verbose_name="taken back")),
                ("asked", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                (
                    "changed",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last change"
                    ),
                ),
                (
                    "credential",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.lentcredential",
                        verbose_name="lent password",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "job in a mailbox",
                "verbose_name_plural": "jobs in mailboxes",
                "ordering": ("-asked", "-pk"),
            },
        ),
    ]
