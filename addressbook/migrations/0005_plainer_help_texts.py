"""Plainer words in the admin; no column changes."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("addressbook", "0004_what_a_class_list_did"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="contact",
            name="archived",
            field=models.DateTimeField(
                blank=True,
                help_text="Found by search, but not suggested as a recipient.",
                null=True,
                verbose_name="archived",
            ),
        ),
        migrations.AlterField(
            model_name="directorylist",
            name="unknown",
            field=models.PositiveIntegerField(
                default=0,
                help_text="Includes members who are not in the directory.",
                verbose_name="members without an address",
            ),
        ),
        migrations.AlterField(
            model_name="importjob",
            name="user",
            field=models.ForeignKey(
                blank=True,
                help_text="Empty if the file names the owners.",
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="owner",
            ),
        ),
        migrations.AlterField(
            model_name="importpart",
            name="owner",
            field=models.CharField(
                blank=True, max_length=254, verbose_name="owner, as named in the file"
            ),
        ),
    ]
