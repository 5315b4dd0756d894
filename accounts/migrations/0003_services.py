"""The services, and their applications: clients of django-allauth, which needs the users first."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    # Databases of before version 0.1 have the tables already.
    replaces = [("accounts", "0053_services"), ("accounts", "0054_applications")]
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
                        verbose_name="what it is for",
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
                        help_text="One a line, as “professeur” or “principal”: it is for people whose function begins with such a line, whatever its capitals and accents. Empty: whatever the function.",
                        verbose_name="functions",
                    ),
                ),
                (
                    "schools",
                    models.TextField(
                        blank=True,
                        help_text="UAI codes, one a line. Empty: all schools.",
                        validators=[
                            django.core.validators.RegexValidator(
                                "^(\\s*\\d{7}[A-Za-z]\\s*)*\\Z", "UAI codes, one a line: 0800101A."
                            )
                        ],
                        verbose_name="schools",
                    ),
                ),
                (
                    "mail_domains",
                    models.ManyToManyField(
                        blank=True,
                        help_text="None chosen: everybody’s.",
                        related_name="+",
                        to="accounts.maildomain",
                        verbose_name="mail domains",
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        blank=True,
                        help_text="The page then says that the messaging identifiers open it.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.application",
                        verbose_name="signs people in with",
                    ),
                ),
            ],
            options={
                "verbose_name": "service",
                "verbose_name_plural": "services",
                "ordering": ("order", "name"),
            },
        ),
    ]
