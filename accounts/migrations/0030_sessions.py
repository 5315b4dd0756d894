import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0016_settings_fetched")]

    operations = [
        migrations.CreateModel(
            name="UserSession",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "session_key",
                    models.CharField(max_length=40, unique=True, verbose_name="session key"),
                ),
                ("browser", models.CharField(blank=True, max_length=40, verbose_name="browser")),
                ("system", models.CharField(blank=True, max_length=40, verbose_name="system")),
                ("network", models.CharField(blank=True, max_length=45, verbose_name="from where")),
                ("is_shared", models.BooleanField(default=False, verbose_name="shared computer")),
                ("began", models.DateTimeField(auto_now_add=True, verbose_name="began")),
                (
                    "last_used",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last use"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "ordering": ("-last_used", "-pk"),
                "indexes": [
                    models.Index(fields=["user", "-last_used"], name="session_by_user"),
                    models.Index(fields=["last_used"], name="session_by_use"),
                ],
            },
        ),
        migrations.CreateModel(
            name="KnownDevice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.CharField(max_length=64, verbose_name="digest")),
                ("first_used", models.DateTimeField(auto_now_add=True, verbose_name="first use")),
                (
                    "last_used",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last use"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "known device",
                "verbose_name_plural": "known devices",
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="one_device_per_user")
                ],
            },
        ),
    ]
