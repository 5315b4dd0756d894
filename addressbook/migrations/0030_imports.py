import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("addressbook", "0021_words_of_contacts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ImportJob",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("auto", "recognised by itself"),
                            ("sun", "SUN"),
                            ("horde", "HORDE"),
                            ("other", "another program"),
                        ],
                        default="auto",
                        max_length=8,
                        verbose_name="source",
                    ),
                ),
                (
                    "policy",
                    models.CharField(
                        choices=[
                            ("merge", "merge"),
                            ("keep", "keep both"),
                            ("skip", "skip"),
                            ("replace", "replace"),
                        ],
                        default="merge",
                        max_length=8,
                        verbose_name="duplicates",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("uploaded", "waiting to be checked"),
                            ("checking", "being checked"),
                            ("ready", "to be confirmed"),
                            ("writing", "being written"),
                            ("done", "done"),
                            ("undoing", "being undone"),
                            ("cancelled", "cancelled"),
                            ("failed", "failed"),
                            ("undone", "undone"),
                        ],
                        default="uploaded",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("ends_as", models.CharField(blank=True, editable=False, max_length=12)),
                ("columns", models.JSONField(blank=True, null=True, verbose_name="chosen columns")),
                (
                    "reject_code",
                    models.CharField(
                        blank=True, max_length=24, verbose_name="why the file is refused"
                    ),
                ),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("gone", "The uploaded file is no longer there: bring it again."),
                            ("interrupted", "The import was interrupted again and again."),
                            ("broken", "Something broke on our side."),
                        ],
                        max_length=16,
                        verbose_name="why it failed",
                    ),
                ),
                ("runner", models.CharField(blank=True, editable=False, max_length=32)),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "heartbeat",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="last sign of life"
                    ),
                ),
                ("written", models.PositiveIntegerField(default=0, verbose_name="rows written")),
                (
                    "undone",
                    models.PositiveIntegerField(
                        default=0, editable=False, verbose_name="rows taken back"
                    ),
                ),
                ("total", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("checked", models.PositiveIntegerField(default=0, verbose_name="rows checked")),
                ("new", models.PositiveIntegerField(default=0, verbose_name="new contacts")),
                ("merged", models.PositiveIntegerField(default=0, verbose_name="merged contacts")),
                (
                    "unchanged",
                    models.PositiveIntegerField(default=0, verbose_name="unchanged contacts"),
                ),
                ("refused", models.PositiveIntegerField(default=0, verbose_name="refused rows")),
                ("groups", models.PositiveIntegerField(default=0, verbose_name="groups")),
                ("added", models.PositiveIntegerField(default=0, verbose_name="added to groups")),
                (
                    "moved",
                    models.PositiveIntegerField(default=0, verbose_name="moved between groups"),
                ),
                (
                    "to_check",
                    models.PositiveIntegerField(default=0, verbose_name="in groups, to be checked"),
                ),
                (
                    "kept",
                    models.PositiveIntegerField(default=0, verbose_name="kept when it was undone"),
                ),
                (
                    "warnings",
                    models.JSONField(
                        blank=True, default=dict, verbose_name="warnings by their code"
                    ),
                ),
                ("created", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                (
                    "matched",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="compared with the address book"
                    ),
                ),
                ("finished", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                (
                    "undo_until",
                    models.DateTimeField(blank=True, null=True, verbose_name="can be undone until"),
                ),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by whom",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        help_text="Empty where the file says whose contacts they are.",
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="owner",
                    ),
                ),
            ],
            options={
                "verbose_name": "import of contacts",
                "verbose_name_plural": "imports of contacts",
                "ordering": ("-created", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="ImportFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("name", models.CharField(max_length=200, verbose_name="file")),
                ("spool", models.CharField(blank=True, editable=False, max_length=32)),
                ("source_key", models.BinaryField(default=b"")),
                (
                    "reject_code",
                    models.CharField(
                        blank=True, max_length=24, verbose_name="why the file is refused"
                    ),
                ),
                ("format", models.CharField(blank=True, max_length=24, verbose_name="format")),
                ("program", models.CharField(blank=True, max_length=24, verbose_name="program")),
                ("charset", models.CharField(blank=True, max_length=40, verbose_name="charset")),
                ("columns", models.JSONField(blank=True, default=list)),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="files",
                        to="addressbook.importjob",
                    ),
                ),
            ],
            options={
                "verbose_name": "file of an import",
                "verbose_name_plural": "files of imports",
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ImportPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "owner",
                    models.CharField(
                        blank=True, max_length=254, verbose_name="owner, as the file names him"
                    ),
                ),
                (
                    "problem",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("no_owner", "The file does not say whose contacts these are."),
                            ("owner_is_share", "These belong to a shared book, not to a person."),
                            ("unknown_domain", "The address is in no mail domain of this webmail."),
                            (
                                "unclear_owner",
                                "Whose these are cannot be read as a login or address.",
                            ),
                        ],
                        max_length=16,
                        verbose_name="problem",
                    ),
                ),
                ("is_newcomer", models.BooleanField(default=False, verbose_name="never signed in")),
                ("contacts", models.PositiveIntegerField(default=0, verbose_name="contacts")),
                ("new", models.PositiveIntegerField(default=0, verbose_name="new contacts")),
                ("merged", models.PositiveIntegerField(default=0, verbose_name="merged contacts")),
                (
                    "unchanged",
                    models.PositiveIntegerField(default=0, verbose_name="unchanged contacts"),
                ),
                ("refused", models.PositiveIntegerField(default=0, verbose_name="refused rows")),
                ("groups", models.PositiveIntegerField(default=0, verbose_name="groups")),
                (
                    "told",
                    models.DateTimeField(
                        blank=True, null=True, verbose_name="dismissed by the person"
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="parts",
                        to="addressbook.importjob",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "person's part of an import",
                "verbose_name_plural": "people's parts of imports",
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ImportGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("folded", models.CharField(max_length=200)),
                ("members", models.JSONField(default=list)),
                ("external", models.JSONField(default=list)),
                ("missing", models.PositiveIntegerField(default=0)),
                ("is_new", models.BooleanField(default=False, verbose_name="new")),
                ("before", models.JSONField(default=list)),
                ("after", models.JSONField(default=list)),
                ("added", models.JSONField(default=list)),
                ("removed", models.JSONField(default=list)),
                ("moved", models.PositiveIntegerField(default=0, verbose_name="moved")),
                ("to_check", models.PositiveIntegerField(default=0, verbose_name="to be checked")),
                ("is_written", models.BooleanField(default=False)),
                ("is_undone", models.BooleanField(default=False)),
                (
                    "is_kept",
                    models.BooleanField(default=False, verbose_name="kept when it was undone"),
                ),
                (
                    "group",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="addressbook.group",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staged_groups",
                        to="addressbook.importjob",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staged_groups",
                        to="addressbook.importpart",
                    ),
                ),
            ],
            options={
                "verbose_name": "group of an import",
                "verbose_name_plural": "groups of imports",
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ImportRow",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("record", models.PositiveIntegerField()),
                ("line", models.PositiveIntegerField(verbose_name="line")),
                ("name", models.CharField(blank=True, max_length=300, verbose_name="name")),
                ("addresses", models.TextField(blank=True, verbose_name="addresses")),
                ("vcard", models.TextField(blank=True)),
                ("combined", models.TextField(blank=True)),
                ("picture", models.BinaryField(null=True)),
                ("head", models.PositiveIntegerField(null=True)),
                (
                    "fit",
                    models.CharField(
                        choices=[
                            ("none", "None"),
                            ("adds", "Adds"),
                            ("less", "Less"),
                            ("same", "Same"),
                        ],
                        default="none",
                        max_length=4,
                    ),
                ),
                ("is_twin", models.BooleanField(default=False)),
                (
                    "decision",
                    models.CharField(
                        choices=[
                            ("new", "new"),
                            ("merge", "to merge"),
                            ("unchanged", "unchanged"),
                            ("refused", "refused"),
                        ],
                        max_length=9,
                        verbose_name="decision",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=24, verbose_name="reason")),
                ("value", models.TextField(blank=True)),
                ("warnings", models.JSONField(blank=True, default=list)),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="addressbook.contact",
                        verbose_name="merged with",
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="addressbook.importfile",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="addressbook.importjob",
                    ),
                ),
                (
                    "part",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rows",
                        to="addressbook.importpart",
                    ),
                ),
            ],
            options={
                "verbose_name": "row of an import",
                "verbose_name_plural": "rows of imports",
                "ordering": ("number",),
            },
        ),
        migrations.CreateModel(
            name="ImportTrace",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("before", models.TextField(blank=True)),
                ("had_picture", models.BooleanField(default=False)),
                ("before_picture", models.BinaryField(null=True)),
                ("after", models.BinaryField(max_length=32)),
                (
                    "is_kept",
                    models.BooleanField(default=False, verbose_name="kept when it was undone"),
                ),
                (
                    "contact",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="addressbook.contact",
                    ),
                ),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="traces",
                        to="addressbook.importjob",
                    ),
                ),
            ],
            options={
                "verbose_name": "trace of an import",
                "verbose_name_plural": "traces of imports",
                "ordering": ("number",),
            },
        ),
        migrations.AddIndex(
            model_name="importjob",
            index=models.Index(fields=["user", "-created"], name="import_of_user"),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "state__in",
                        (
                            "uploaded",
                            "checking",
                            "ready",
                            "writing",
                            "done",
                            "undoing",
                            "cancelled",
                            "failed",
                            "undone",
                        ),
                    )
                ),
                name="import_in_a_known_state",
            ),
        ),
        migrations.AddConstraint(
            model_name="importjob",
            constraint=models.CheckConstraint(
                condition=models.Q(("policy__in", ("merge", "keep", "skip", "replace"))),
                name="import_with_a_known_policy",
            ),
        ),
        migrations.AddConstraint(
            model_name="importfile",
            constraint=models.UniqueConstraint(
                fields=("job", "number"), name="one_file_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="importpart",
            constraint=models.UniqueConstraint(
                fields=("job", "number"), name="one_part_per_number"
            ),
        ),
        migrations.AddConstraint(
            model_name="importgroup",
            constraint=models.UniqueConstraint(
                fields=("job", "number"), name="one_import_group_per_number"
            ),
        ),
        migrations.AddIndex(
            model_name="importrow",
            index=models.Index(fields=["job", "decision", "number"], name="import_row_by_decision"),
        ),
        migrations.AddConstraint(
            model_name="importrow",
            constraint=models.UniqueConstraint(fields=("job", "number"), name="one_row_per_number"),
        ),
        migrations.AddConstraint(
            model_name="importtrace",
            constraint=models.UniqueConstraint(
                fields=("job", "number"), name="one_trace_per_number"
            ),
        ),
    ]
