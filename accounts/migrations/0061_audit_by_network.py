from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0060_announcements_texts_support"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["network", "-when"], name="audit_by_network"),
        ),
    ]
