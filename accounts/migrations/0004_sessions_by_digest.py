"""Sessions are stored under digests of their keys. Rows with the keys themselves open nothing any
more, and whoever reads them in a backup must not find them useful: they are deleted."""

from django.db import migrations


def end_sessions(apps, schema_editor):
    apps.get_model("sessions", "Session").objects.all().delete()
    apps.get_model("accounts", "UserSession").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_services"), ("sessions", "0001_initial")]
    operations = [migrations.RunPython(end_sessions, migrations.RunPython.noop)]
