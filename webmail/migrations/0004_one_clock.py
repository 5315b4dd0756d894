from django.db import migrations, models

import core.clock


class Migration(migrations.Migration):
    dependencies = [
        ("webmail", "0003_decided_pulls"),
    ]

    operations = [
        migrations.AlterField(
            model_name="dataexport",
            name="asked",
            field=models.DateTimeField(default=core.clock.now, verbose_name="asked for"),
        ),
        migrations.AlterField(
            model_name="dataexport",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="draft",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="draft",
            name="created",
            field=models.DateTimeField(default=core.clock.now, verbose_name="begun"),
        ),
        migrations.AlterField(
            model_name="draftdocument",
            name="created",
            field=models.DateTimeField(default=core.clock.now, verbose_name="added"),
        ),
        migrations.AlterField(
            model_name="draftfile",
            name="created",
            field=models.DateTimeField(default=core.clock.now, verbose_name="added"),
        ),
        migrations.AlterField(
            model_name="draftroster",
            name="created",
            field=models.DateTimeField(default=core.clock.now, verbose_name="added"),
        ),
        migrations.AlterField(
            model_name="draftversion",
            name="saved",
            field=models.DateTimeField(default=core.clock.now, verbose_name="saved"),
        ),
        migrations.AlterField(
            model_name="judgement",
            name="when",
            field=models.DateTimeField(default=core.clock.now, verbose_name="when"),
        ),
        migrations.AlterField(
            model_name="mailjob",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="officepreview",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="accepted",
            field=models.DateTimeField(default=core.clock.now, verbose_name="accepted"),
        ),
        migrations.AlterField(
            model_name="outboxmessage",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="probe",
            name="asked",
            field=models.DateTimeField(default=core.clock.now, verbose_name="asked for"),
        ),
        migrations.AlterField(
            model_name="pull",
            name="asked",
            field=models.DateTimeField(default=core.clock.now, verbose_name="asked for"),
        ),
        migrations.AlterField(
            model_name="pull",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="pulledmessage",
            name="when",
            field=models.DateTimeField(default=core.clock.now, verbose_name="when"),
        ),
        migrations.AlterField(
            model_name="senderchoice",
            name="since",
            field=models.DateTimeField(default=core.clock.now, verbose_name="since"),
        ),
        migrations.AlterField(
            model_name="standingforward",
            name="since",
            field=models.DateTimeField(default=core.clock.now, verbose_name="first seen"),
        ),
        migrations.AlterField(
            model_name="transfer",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
        migrations.AlterField(
            model_name="unsubscription",
            name="changed",
            field=models.DateTimeField(default=core.clock.now, verbose_name="last change"),
        ),
    ]
