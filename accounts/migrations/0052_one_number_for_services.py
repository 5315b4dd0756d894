import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0051_fill_number_for_services")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="subject",
            field=models.UUIDField(
                default=uuid.uuid4,
                editable=False,
                unique=True,
                verbose_name="number for services",
            ),
        ),
    ]
