import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webmail", "0061_tags"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FolderChoice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("folder", models.TextField(verbose_name="folder")),
                (
                    "digest",
                    models.CharField(
                        help_text="Names are longer than what an index holds.",
                        max_length=64,
                        verbose_name="digest of its name",
                    ),
                ),
                (
                    "sort",
                    models.CharField(default="arrival", max_length=10, verbose_name="sorted by"),
                ),
                ("up", models.BooleanField(default=False, verbose_name="the smallest first")),
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
                "verbose_name": "choice for a folder",
                "verbose_name_plural": "choices for folders",
                "ordering": ("folder",),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "digest"), name="one_choice_per_folder")
                ],
            },
        ),
    ]
