import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("webmail", "0060_mail_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("keyword", models.CharField(max_length=60, verbose_name="keyword")),
                ("name", models.CharField(blank=True, max_length=40, verbose_name="name")),
                ("colour", models.PositiveSmallIntegerField(default=1, verbose_name="colour")),
                ("is_hidden", models.BooleanField(default=False, verbose_name="hidden")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "tag",
                "verbose_name_plural": "tags",
                "ordering": ("name",),
                "constraints": [
                    models.UniqueConstraint(fields=("user", "keyword"), name="one_row_per_tag"),
                    models.CheckConstraint(
                        condition=models.Q(("colour__gte", 1), ("colour__lte", 6)),
                        name="colour_of_the_six",
                    ),
                ],
            },
        ),
    ]
