import django.core.validators
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0041_when_passwords_were_changed"),
    ]

    operations = [
        migrations.CreateModel(
            name="StaffImport",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("file_name", models.CharField(max_length=200, verbose_name="file")),
                (
                    "is_trial",
                    models.BooleanField(
                        default=False,
                        help_text="Check the file and count; write nothing.",
                        verbose_name="only try",
                    ),
                ),
                (
                    "deactivate_missing",
                    models.BooleanField(
                        default=False,
                        help_text="The file names everybody: staff records that are not in it are deactivated, and their lookup finds nothing any more.",
                        verbose_name="deactivate who is missing",
                    ),
                ),
                ("is_confirmed", models.BooleanField(default=False, verbose_name="confirmed")),
                (
                    "spool",
                    models.CharField(blank=True, max_length=32, verbose_name="name in the spool"),
                ),
                (
                    "source_key",
                    models.BinaryField(default=b"", verbose_name="key of the spooled file"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "waiting"),
                            ("checking", "being checked"),
                            ("to-confirm", "to be confirmed"),
                            ("ready", "confirmed, waiting to be written"),
                            ("writing", "being written"),
                            ("done", "done"),
                            ("tried", "tried, nothing written"),
                            ("failed", "failed"),
                            ("cancelled", "cancelled"),
                        ],
                        default="waiting",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("is_running", models.BooleanField(editable=False, null=True, unique=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("empty", "The file is empty."),
                            ("no-rows", "The file has headings and no row."),
                            ("too-large", "The file is too large: 100 MB at most."),
                            (
                                "spreadsheet",
                                "This is a spreadsheet or a zip archive, not a CSV file. Open it in the program that made it and save it as CSV UTF-8.",
                            ),
                            ("not-text", "This is a PDF or an image, not a CSV file."),
                            (
                                "web-page",
                                "This is a web page, not a CSV file. The session of the program that exports may have ended: sign in there again.",
                            ),
                            (
                                "macintosh",
                                "The file is written in the charset of old Macintosh programs. Save it as CSV UTF-8.",
                            ),
                            ("charset", "The file holds bytes that are no text in its charset."),
                            (
                                "headings",
                                "Columns are missing. The first line must name the columns as the template does.",
                            ),
                            ("ambiguous", "Two columns have the same heading."),
                            (
                                "too-many-columns",
                                "The first line is too long, or has too many columns.",
                            ),
                            (
                                "long-line",
                                "A line is longer than any row of staff can be. Is a quotation mark opened, and never closed?",
                            ),
                            ("all-refused", "Every row was refused: nothing was imported."),
                            (
                                "no-key",
                                "No key for NUMENs is set (WEBMAIL_NUMEN_KEYS), so nothing can be imported.",
                            ),
                            ("gone", "The uploaded file is gone. Upload it again."),
                            (
                                "interrupted",
                                "The import was interrupted: nothing was imported. Upload the file again.",
                            ),
                            (
                                "overtaken",
                                "The staff records have changed since the file was checked: nothing was imported. Upload the file again.",
                            ),
                            ("broken", "The import stopped because of a fault of the program."),
                        ],
                        max_length=20,
                        verbose_name="why it failed",
                    ),
                ),
                ("failure_line", models.PositiveIntegerField(default=0, verbose_name="line")),
                (
                    "missing_columns",
                    models.JSONField(
                        blank=True, default=list, verbose_name="columns without a heading"
                    ),
                ),
                (
                    "ignored_headings",
                    models.JSONField(blank=True, default=list, verbose_name="headings not used"),
                ),
                (
                    "refusals",
                    models.JSONField(
                        blank=True, default=list, verbose_name="report of refused rows"
                    ),
                ),
                (
                    "total",
                    models.PositiveIntegerField(default=0, verbose_name="rows in the file, about"),
                ),
                ("rows", models.PositiveIntegerField(default=0, verbose_name="rows")),
                ("refused", models.PositiveIntegerField(default=0, verbose_name="refused rows")),
                ("created", models.PositiveIntegerField(default=0, verbose_name="new records")),
                ("updated", models.PositiveIntegerField(default=0, verbose_name="changed records")),
                (
                    "unchanged",
                    models.PositiveIntegerField(default=0, verbose_name="unchanged records"),
                ),
                (
                    "deactivated",
                    models.PositiveIntegerField(default=0, verbose_name="deactivated records"),
                ),
                (
                    "replaced",
                    models.PositiveIntegerField(default=0, verbose_name="replaced records"),
                ),
                ("asked", models.DateTimeField(auto_now_add=True, verbose_name="asked for")),
                ("checked", models.DateTimeField(blank=True, null=True, verbose_name="checked")),
                ("changed", models.DateTimeField(auto_now=True, verbose_name="last change")),
                (
                    "by",
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
                    "giving_way",
                    models.ManyToManyField(
                        related_name="+",
                        to="accounts.staffrecord",
                        verbose_name="records of the past whose address or login is another’s now",
                    ),
                ),
                (
                    "spared",
                    models.ManyToManyField(
                        related_name="+",
                        to="accounts.staffrecord",
                        verbose_name="records that refused rows name",
                    ),
                ),
            ],
            options={
                "verbose_name": "import of staff records",
                "verbose_name_plural": "imports of staff records",
                "ordering": ("-asked", "-pk"),
            },
        ),
        migrations.CreateModel(
            name="StagedStaff",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_id", models.CharField(max_length=16, verbose_name="key of the digests")),
                (
                    "first_name",
                    models.CharField(blank=True, max_length=100, verbose_name="first name"),
                ),
                ("last_name", models.CharField(max_length=100, verbose_name="last name")),
                ("login", models.CharField(max_length=254, verbose_name="login")),
                (
                    "school_uai",
                    models.CharField(
                        blank=True,
                        max_length=8,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^\\d{7}[A-Z]\\Z", "Seven digits and a capital letter."
                            )
                        ],
                        verbose_name="school (UAI)",
                    ),
                ),
                (
                    "school_name",
                    models.CharField(blank=True, max_length=200, verbose_name="name of the school"),
                ),
                (
                    "discipline",
                    models.CharField(blank=True, max_length=100, verbose_name="discipline"),
                ),
                ("function", models.CharField(blank=True, max_length=100, verbose_name="function")),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("line", models.PositiveIntegerField()),
                ("numen_digest", models.BinaryField(max_length=32)),
                ("lookup_digest", models.BinaryField(max_length=32)),
                ("address", models.EmailField(max_length=254)),
                (
                    "job",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="staged",
                        to="accounts.staffimport",
                    ),
                ),
                (
                    "mail_domain",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        to="accounts.maildomain",
                        verbose_name="mail domain",
                    ),
                ),
                (
                    "record",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.staffrecord",
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["record", "job"], name="staged_by_record")],
            },
        ),
    ]
