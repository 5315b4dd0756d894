"""What the list of a class did to people: who stayed all the same, and who came back."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("addressbook", "0003_nested_shared_and_directory_groups")]

    operations = [
        migrations.AddField(
            "importgroup",
            "stayed",
            models.JSONField(null=True),
        ),
        migrations.AddField(
            "importjob",
            "brought_back",
            models.JSONField(
                "contacts that came back from the archive", null=True, blank=True, editable=False
            ),
        ),
    ]
