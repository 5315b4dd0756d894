from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("webmail", "0090_writing")]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="writer",
            field=models.CharField(blank=True, max_length=36, verbose_name="window"),
        ),
        migrations.AlterField(
            model_name="draft",
            name="state",
            field=models.CharField(
                choices=[
                    ("writing", "being written"),
                    ("accepted", "in the outbox"),
                    ("discarded", "discarded"),
                ],
                default="writing",
                max_length=10,
                verbose_name="state",
            ),
        ),
    ]
