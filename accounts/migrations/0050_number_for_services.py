import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0030_sessions")]

    operations = [
        migrations.AddField(
            model_name="user",
            name="subject",
            field=models.UUIDField(
                default=uuid.uuid4, editable=False, null=True, verbose_name="number for services"
            ),
        ),
    ]
