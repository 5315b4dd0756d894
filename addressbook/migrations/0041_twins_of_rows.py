import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Which contact, or earlier row, says exactly the same: its groups are those of the row when
    both are kept."""

    dependencies = [
        ("addressbook", "0040_address_books_in_the_admin"),
    ]

    operations = [
        migrations.AddField(
            model_name="importrow",
            name="twin",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="addressbook.contact",
            ),
        ),
        migrations.AddField(
            model_name="importrow",
            name="twin_row",
            field=models.PositiveIntegerField(null=True),
        ),
    ]
