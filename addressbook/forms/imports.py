"""The input from browsers during the import of an old address book, validated."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile, UploadedFile
from django.utils.datastructures import MultiValueDict
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext_lazy, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from addressbook.importers import LARGEST_FILE, TableColumn, families
from addressbook.imports import MOST_FILES
from addressbook.models.imports import ImportJob, ImportRow
from addressbook.presentation.imports import reject_sentence

_LONGEST_EXAMPLE = 40

# The kinds of columns, by canonical fields of `importers.headers`.
_Choices = tuple[tuple[str, str | Promise], ...]
_KINDS: tuple[tuple[str | Promise, _Choices], ...] = (
    (
        pgettext_lazy("of a person", "Name"),
        (
            ("display_name", _("Full name")),
            ("prefix", _("Title (Mrs, Mr…)")),
            ("first_name", _("First name")),
            ("middle_name", _("Middle name")),
            ("last_name", _("Last name")),
            ("suffix", pgettext_lazy("of a name", "Suffix")),
            ("nickname", _("Nickname")),
        ),
    ),
    (
        _("E-mail"),
        (
            ("email", _("Address (preferred)")),
            ("email:2", _("Another address")),
            ("email:home", _("Personal address")),
            ("email:work", _("Work address")),
        ),
    ),
    (
        pgettext_lazy("kinds of columns", "Telephone"),
        (
            ("phone:home", _("Telephone, home")),
            ("phone:mobile", _("Mobile")),
            ("phone:work", _("Telephone, work")),
            ("phone:fax", _("Fax")),
            ("phone:other", _("Telephone, other")),
        ),
    ),
    (
        pgettext_lazy("kinds of columns", "Work"),
        (
            ("organization", _("School or organisation")),
            ("department", _("Department")),
            ("job_title", _("Function")),
            ("school", _("School")),
        ),
    ),
    (
        pgettext_lazy("kinds of columns", "Other"),
        (
            ("categories", _("Group")),
            ("birthday", _("Birthday")),
            ("anniversary", _("Anniversary")),
            ("url", _("Web site")),
            ("notes", _("Note")),
        ),
    ),
    (
        _("Postal address, home"),
        (
            ("home.street", _("Street, home")),
            ("home.postal_code", _("Postal code, home")),
            ("home.city", _("Town, home")),
            ("home.region", _("Region, home")),
            ("home.country", _("Country, home")),
            ("home.formatted", _("Whole address, home")),
        ),
    ),
    (
        _("Postal address, work"),
        (
            ("work.street", _("Street, work")),
            ("work.postal_code", _("Postal code, work")),
            ("work.city", _("Town, work")),
            ("work.region", _("Region, work")),
            ("work.country", _("Country, work")),
            ("work.formatted", _("Whole address, work")),
        ),
    ),
)
_OF_GUARDIANS: _Choices = (
    ("last_name", _("Last name")),
    ("first_name", _("First name")),
    ("display_name", _("Full name")),
    ("prefix", _("Title (Mrs, Mr…)")),
    ("relation", _("Relation to the pupil")),
    ("email", pgettext_lazy("mail", "E-mail address")),
    ("phone:mobile", _("Mobile")),
    ("phone:home", _("Telephone, home")),
    ("phone:work", _("Telephone, work")),
    ("home.street", _("Street")),
    ("home.postal_code", _("Postal code")),
    ("home.city", _("Town")),
    ("home.country", _("Country")),
    ("receives_mail", _("Receives the school’s mail")),
    ("legal", _("Has parental authority")),
    ("job_title", _("Function")),
    ("note", _("Note")),
)
_SHOWN_GUARDIANS = 2
_GUARDIAN = pgettext_lazy("kinds of columns", "Guardian")
# The kinds of columns in a list of pupils.
_SCHOOL: tuple[tuple[str | Promise, _Choices], ...] = (
    (
        pgettext_lazy("kinds of columns", "Pupil"),
        (
            (families.CLASS, pgettext_lazy("of pupils", "Class")),
            (families.SEX, _("Sex")),
            (families.NOTE, _("Note, behind the name of the column")),
            (families.YEAR, _("School year")),
        ),
    ),
    *(
        (
            format_lazy("{} {}", _GUARDIAN, str(whose)),
            tuple(
                (f"g{whose}:{field}", format_lazy("{} {} · {}", _GUARDIAN, str(whose), words))
                for field, words in _OF_GUARDIANS
            ),
        )
        for whose in range(1, _SHOWN_GUARDIANS + 1)
    ),
)
_KINDS = (*_KINDS[:1], *_SCHOOL, *_KINDS[1:])
_CHOOSABLE = frozenset(field for _kind, choices in _KINDS for field, _words in choices)


class _FilesInput(forms.FileInput):
    allow_multiple_selected = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[UploadedFile]:
        if isinstance(files, MultiValueDict):
            return files.getlist(name)
        return [files[name]] if name in files else []


class _FilesField(forms.FileField):
    """Several uploaded files, of at most 50 MB together. The importer refuses an empty one."""

    widget = _FilesInput

    def clean(self, data: Any, initial: Any = None) -> Any:
        files: list[UploadedFile] = [super(_FilesField, self).clean(file, initial) for file in data]
        if len(files) > MOST_FILES:
            words = ngettext_lazy(
                "Bring %(most)d file at most at once.",
                "Bring %(most)d files at most at once.",
                MOST_FILES,
            )
            raise ValidationError(words % {"most": MOST_FILES})
        if sum(file.size or 0 for file in files) > LARGEST_FILE:
            raise ValidationError(reject_sentence("too_large"))
        return files


_LONGEST_PASTED = 1_000_000


class BringForm(forms.Form):
    """The files of an old address book, or a list that was copied out of a program."""

    books = _FilesField(
        required=False,
        allow_empty_file=True,
        max_length=200,
        error_messages={
            "max_length": _("The name of the file is too long: 200 characters at most."),
        },
        widget=_FilesInput(attrs={"multiple": True}),
    )
    pasted = forms.CharField(
        required=False,
        max_length=_LONGEST_PASTED,
        strip=False,
        label=_("Or paste the list here"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "input", "spellcheck": "false"}),
    )
    class_name = forms.CharField(
        required=False,
        max_length=60,
        label=_("Class of the pasted list"),
        widget=forms.TextInput(attrs={"class": "input"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not cleaned["books"] and not cleaned["pasted"].strip():
            self.add_error("books", _("Choose the file that the old program made."))
        return cleaned

    def uploads(self) -> list[UploadedFile]:
        """Return the files, and the pasted text as one."""
        files: list[UploadedFile] = list(self.cleaned_data["books"])
        text = self.cleaned_data["pasted"]
        if text.strip():
            name = self.cleaned_data["class_name"].replace("/", "-") or gettext("Pasted list")
            files.append(SimpleUploadedFile(f"{name}.txt", text.encode()))
        return files


class PolicyForm(forms.Form):
    """What to do with contacts that exist already."""

    policy = forms.ChoiceField(choices=ImportJob.Policy.choices)


class PreviewForm(forms.Form):
    """The part of the preview to show. Invalid values give its beginning, not an error."""

    show = forms.ChoiceField(choices=ImportRow.Decision.choices, required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    families = forms.IntegerField(required=False, min_value=1, max_value=2**31)

    def value(self, name: str) -> Any:
        self.is_valid()
        return self.cleaned_data.get(name)


@dataclass(frozen=True)
class ColumnRow:
    """A column in the form. ``is_unknown`` says that it has values, but was not recognised."""

    header: str
    examples: str
    field: forms.BoundField
    is_unknown: bool


class ColumnsForm(forms.Form):
    """The field that each column of a table becomes: ``column-<index>``, with fixed choices."""

    def __init__(self, data: Mapping[str, Any] | None, *, columns: Sequence[TableColumn]) -> None:
        super().__init__(data)
        self._columns = columns
        for column in columns:
            self.fields[_key(column)] = forms.ChoiceField(
                choices=_choices(column.field),
                initial=column.field,
                required=False,
                widget=forms.Select(attrs={"class": "select"}),
            )

    def filled_rows(self) -> list[ColumnRow]:
        """Return the columns that have values."""
        return [row for row, is_filled in self._rows() if is_filled]

    def empty_rows(self) -> list[ColumnRow]:
        """Return the columns without values, which the user can ignore."""
        return [row for row, is_filled in self._rows() if not is_filled]

    def _rows(self) -> Iterator[tuple[ColumnRow, bool]]:
        for column in self._columns:
            row = ColumnRow(
                column.header or gettext("(without a name)"),
                _examples(column.examples),
                self[_key(column)],
                not column.field and any(column.examples),
            )
            is_wrong = bool(self.is_bound and row.field.errors)
            yield row, any(column.examples) or is_wrong

    def mapping(self) -> dict[int, str]:
        """Return the canonical field of each column by its index, "" for a column that is left
        out."""
        return {column.index: self.cleaned_data[_key(column)] for column in self._columns}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not any(
            field and not field.startswith("_") for field in cleaned.values()
        ):
            raise ValidationError(reject_sentence("unknown_columns"))
        return cleaned


def _key(column: TableColumn) -> str:
    return f"column-{column.index}"


def _choices(field: str) -> list[Any]:
    """Return the choices of a column: those of every column, and the recognised one if it is finer,
    such as the third telephone of a Google table, whose label is in another column."""
    left_out = [("", pgettext_lazy("a column", "Do not import"))]
    if field in _CHOOSABLE or not field:
        return [*left_out, *_KINDS]
    if field.startswith("_"):
        return [(field, pgettext_lazy("a column", "Do not import")), *_KINDS]
    return [(field, pgettext_lazy("a column", "As recognised")), *left_out, *_KINDS]


def _examples(examples: Sequence[str]) -> str:
    shown = [
        f"{text[:_LONGEST_EXAMPLE]}…" if len(text) > _LONGEST_EXAMPLE else text
        for text in examples
        if text
    ]
    return ", ".join(shown) or gettext("empty")
