import uuid

from django.db import migrations


def fill(apps, schema_editor):
    """Adding the column gave all rows of that moment the same number."""
    User = apps.get_model("accounts", "User")
    waiting = []
    for user in User.objects.only("pk").iterator(chunk_size=1000):
        user.subject = uuid.uuid4()
        waiting.append(user)
        if len(waiting) == 1000:
            User.objects.bulk_update(waiting, ["subject"])
            waiting = []
    User.objects.bulk_update(waiting, ["subject"])


class Migration(migrations.Migration):
    dependencies = [("accounts", "0050_number_for_services")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
