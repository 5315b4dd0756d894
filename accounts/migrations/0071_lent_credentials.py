import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0070_imports_of_contacts"),
    ]

    operations = [
        migrations.CreateModel(
            name="LentCredential",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sealed", models.BinaryField()),
                ("changed", models.DateTimeField(null=True)),
                (
                    "lent",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="lent"),
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
                "verbose_name": "lent password",
                "verbose_name_plural": "lent passwords",
            },
        ),
    ]
