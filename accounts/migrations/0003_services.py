"""Services that sign in with the webmail's accounts. They refer to tables of allauth's provider,
which refer to the users of 0001_initial, so that they need a migration of their own."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_roles"),
        ("allauth_idp_oidc", "0003_client_allow_uri_wildcards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Application",
            fields=[],
            options={
                "verbose_name": "application",
                "verbose_name_plural": "applications",
                "ordering": ("name",),
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("allauth_idp_oidc.client",),
        ),
        migrations.CreateModel(
            name="ServiceVisit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("session", models.BigIntegerField(db_index=True, verbose_name="session")),
                ("sid", models.CharField(max_length=32, verbose_name="number of the session")),
                (
                    "opened",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="opened"),
                ),
                (
                    "client",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="allauth_idp_oidc.client",
                        verbose_name="application",
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
                "verbose_name": "visit of an application",
                "verbose_name_plural": "visits of applications",
            },
        ),
        migrations.CreateModel(
            name="Service",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                (
                    "text",
                    models.CharField(
                        blank=True,
                        help_text="One sentence below the name.",
                        max_length=160,
                        verbose_name="purpose",
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        max_length=500,
                        validators=[django.core.validators.URLValidator(schemes=["https", "http"])],
                        verbose_name="address",
                    ),
                ),
                (
                    "icon",
                    models.CharField(
                        choices=[
                            ("globe", "globe"),
                            ("map-pin", "place on a map"),
                            ("calendar-days", "calendar"),
                            ("clock", "clock"),
                            ("users", "people"),
                            ("user", "person"),
                            ("file", "file"),
                            ("file-pen-line", "form"),
                            ("folder", "folder"),
                            ("archive", "archive"),
                            ("key-round", "key"),
                            ("shield-check", "shield"),
                            ("megaphone", "megaphone"),
                            ("phone", "telephone"),
                            ("life-buoy", "life buoy"),
                            ("settings", "cogwheel"),
                        ],
                        default="globe",
                        max_length=20,
                        verbose_name="icon",
                    ),
                ),
                (
                    "order",
                    models.PositiveSmallIntegerField(
                        default=100, help_text="Small numbers come first.", verbose_name="order"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="shown")),
                (
                    "functions",
                    models.TextField(
                        blank=True,
                        help_text="One per line, for example “professeur” or “principal”. The service is for users whose function begins with one of these lines; case and accents are ignored. Empty: all functions.",
                        verbose_name="functions",
                    ),
                ),
                (
                    "schools",
                    models.TextField(
                        blank=True,
                        help_text="UAI codes, one per line. Empty: all schools.",
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(\\s*\\d{7}[A-Za-z]\\s*)*\\Z",
                                "UAI codes, one per line: 0800101A.",
                            )
                        ],
                        verbose_name="schools",
                    ),
                ),
                (
                    "mail_domains",
                    models.ManyToManyField(
                        blank=True,
                        help_text="None chosen: all mail domains.",
                        related_name="+",
                        to="accounts.maildomain",
                        verbose_name="mail domains",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        help_text="The menu then says that users sign in to the service with their mail login.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.application",
                        verbose_name="application for the sign-in",
                    ),
                ),
            ],
            options={
                "verbose_name": "service",
                "verbose_name_plural": "services",
                "ordering": ("order", "name"),
            },
        ),
        migrations.AddConstraint(
            model_name="servicevisit",
            constraint=models.UniqueConstraint(
                fields=("session", "client"), name="one_visit_per_session"
            ),
        ),
    ]
