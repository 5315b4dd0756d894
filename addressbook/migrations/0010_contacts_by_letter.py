from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """The list runs by letter first: other scripts and figures then stand together in any
    database's order."""

    dependencies = [
        ("addressbook", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="contact",
            options={
                "ordering": ("initial", "sort_key", "pk"),
                "verbose_name": "contact",
                "verbose_name_plural": "contacts",
            },
        ),
        migrations.RemoveIndex(model_name="contact", name="contact_in_order"),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["user", "initial", "sort_key"], name="contact_by_letter"),
        ),
    ]
