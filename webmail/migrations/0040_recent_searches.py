import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("webmail", "0003_office_previews"),
    ]

    operations = [
        migrations.CreateModel(
            name="RecentSearch",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200, verbose_name="what was looked for")),
                ("when", models.DateTimeField(verbose_name="last time")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recent_searches",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "recent search",
                "verbose_name_plural": "recent searches",
                "ordering": ("-when", "-pk"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "text"), name="one_row_per_recent_search"
                    )
                ],
            },
        ),
    ]
