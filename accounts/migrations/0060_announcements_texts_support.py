import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0053_services"),
    ]

    operations = [
        migrations.CreateModel(
            name="SiteText",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "place",
                    models.CharField(
                        choices=[
                            ("help", "help"),
                            ("legal", "legal notice"),
                            ("privacy", "personal data"),
                            ("numen", "how to obtain one's NUMEN"),
                            ("password", "advice on passwords"),
                        ],
                        max_length=12,
                        unique=True,
                        verbose_name="where",
                    ),
                ),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        help_text="Markdown: ## heading, **bold**, - list, [words](https://…). Empty: the text that we bring is shown.",
                        max_length=20000,
                        verbose_name="text",
                    ),
                ),
                ("changed", models.DateTimeField(auto_now=True, verbose_name="last change")),
            ],
            options={
                "verbose_name": "text",
                "verbose_name_plural": "texts",
                "ordering": ("place",),
            },
        ),
        migrations.CreateModel(
            name="Announcement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "level",
                    models.CharField(
                        choices=[("info", "information"), ("warn", "warning"), ("bad", "urgent")],
                        default="info",
                        max_length=8,
                        verbose_name="level",
                    ),
                ),
                ("title", models.CharField(max_length=120, verbose_name="title")),
                (
                    "text",
                    models.TextField(
                        blank=True,
                        help_text="Markdown: **bold**, *italic*, [words](https://…). A line or two.",
                        max_length=2000,
                        verbose_name="text",
                    ),
                ),
                (
                    "since",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="from"),
                ),
                ("until", models.DateTimeField(blank=True, null=True, verbose_name="until")),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("everybody", "everybody, the sign-in page too"),
                            ("signed-in", "who is signed in"),
                            ("domain", "who is signed in, of one mail domain"),
                            ("staff", "administrators, support and auditors"),
                        ],
                        default="signed-in",
                        max_length=12,
                        verbose_name="for whom",
                    ),
                ),
                (
                    "is_dismissible",
                    models.BooleanField(
                        default=True,
                        help_text="By whom is signed in, for good.",
                        verbose_name="can be put away",
                    ),
                ),
                ("is_shown", models.BooleanField(default=True, verbose_name="shown")),
                (
                    "mail_domain",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="accounts.maildomain",
                        verbose_name="mail domain",
                    ),
                ),
            ],
            options={
                "verbose_name": "announcement",
                "verbose_name_plural": "announcements",
                "ordering": ("-since", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="Dismissal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "announcement",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.announcement",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "announcement put away",
                "verbose_name_plural": "announcements put away",
            },
        ),
        migrations.CreateModel(
            name="SupportContact",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, verbose_name="name")),
                ("phone", models.CharField(blank=True, max_length=40, verbose_name="telephone")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="address")),
                (
                    "hours",
                    models.CharField(
                        blank=True,
                        help_text="For example “Monday to Friday, 8 a.m. to 6 p.m.”",
                        max_length=120,
                        verbose_name="opening hours",
                    ),
                ),
                (
                    "postal",
                    models.TextField(blank=True, max_length=400, verbose_name="postal address"),
                ),
                (
                    "mail_domain",
                    models.OneToOneField(
                        blank=True,
                        help_text="Empty: for all who have none of their own.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.maildomain",
                        verbose_name="mail domain",
                    ),
                ),
            ],
            options={
                "verbose_name": "support contact",
                "verbose_name_plural": "support contacts",
                "ordering": ("name",),
            },
        ),
        migrations.AddConstraint(
            model_name="announcement",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("until", None), ("until__gt", models.F("since")), _connector="OR"
                ),
                name="announcement_ends_after_it_begins",
                violation_error_message="It must end after it begins.",
            ),
        ),
        migrations.AddConstraint(
            model_name="dismissal",
            constraint=models.UniqueConstraint(
                fields=("user", "announcement"), name="put_away_once"
            ),
        ),
    ]
