"""Imports as the templates show them. The sentences are in ``templates/addressbook``; this module
makes the facts that they need, and words that list a varying number of parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from django.utils import formats
from django.utils.translation import gettext, ngettext, pgettext_lazy

from addressbook.contact_data import ContactData
from addressbook.forms.contacts import LABELS
from addressbook.importers import codes, own
from addressbook.imports import GroupChange, ImportPreviewPage, KeptAfterUndo, PreviewRow
from addressbook.models.imports import ImportFile, ImportJob, ImportRow
from addressbook.presentation.contacts import value_words

State = ImportJob.State
Decision = ImportRow.Decision
POLICIES = {
    ImportJob.Policy.MERGE: pgettext_lazy("duplicates", "Merge, without deleting anything"),
    ImportJob.Policy.KEEP: pgettext_lazy("duplicates", "Keep both"),
    ImportJob.Policy.SKIP: pgettext_lazy("duplicates", "Skip"),
    ImportJob.Policy.REPLACE: pgettext_lazy("duplicates", "Replace"),
}
"""The policies for contacts that exist already, in words."""
_STEP = 10  # per cent: how often a screen reader hears of progress
_MOST_NAMES = 3


def number(value: int) -> str:
    """Return the number in the format of the page's language: ``1 284``."""
    return formats.number_format(value, force_grouping=True)


# --- the files ---


_SCHOOL = "school"
_PROGRAMS = {
    "horde": "HORDE",
    "sun": "SUN",
    "google": "Google",
    "yahoo": "Yahoo",
    "kmail": "KMail",
    "thunderbird": "Thunderbird",
    "wab": "Outlook Express",
    "outlook": "Outlook",
    "apple": "Apple",
    "roundcube": "Roundcube",
}
_FORMATS = {
    "csv": "CSV",
    "xlsx": "XLSX",
    "ods": "ODS",
    "tsv": "TSV",
    "vcard": "vCard",
    "ldif": "LDIF",
    "zip": "zip",
}


@dataclass(frozen=True)
class ImportedFiles:
    """The files of an import, by name. ``format`` and ``program`` are those of a single file, "" if
    unknown or if there are several files. ``is_school`` says that they are lists of classes."""

    names: str
    suffix: str
    format: str
    program: str
    is_export_of_this_webmail: bool
    is_list_of_pupils: bool
    is_school: bool
    has_columns: bool
    reject_words: str


def files(import_job: ImportJob) -> ImportedFiles:
    """Return the files of an import, by one query unless they are fetched already."""
    several = list(import_job.files.all())
    single = several[0] if len(several) == 1 else None
    program = single.program if single else ""
    return ImportedFiles(
        names=_names(several),
        suffix=PurePath(several[0].name).suffix[1:5].upper() if several else "",
        format=_format(single) if single else "",
        program=_PROGRAMS.get(program, ""),
        is_export_of_this_webmail=program == own.PROGRAM,
        is_list_of_pupils=program == _SCHOOL,
        is_school=_is_school(import_job, several),
        has_columns=any(file.columns for file in several),
        reject_words=_reject_words(import_job, several),
    )


def _format(file: ImportFile) -> str:
    return next((words for mark, words in _FORMATS.items() if mark in file.format), "")


def _is_school(import_job: ImportJob, several: Iterable[ImportFile]) -> bool:
    """Return whether the files are lists of classes, by the user's choice or by their content."""
    recognised = any(file.program == _SCHOOL for file in several)
    return recognised or import_job.source == ImportJob.Source.SCHOOL


def _names(several: Sequence[ImportFile]) -> str:
    names = ", ".join(file.name for file in several[:_MOST_NAMES])
    more = len(several) - _MOST_NAMES
    if more <= 0:
        return names
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
        "names": names,
        "count": more,
    }


def _reject_words(import_job: ImportJob, several: Iterable[ImportFile]) -> str:
    """Return the reason why the import, or one of several files, is refused; "" if there is
    none."""
    if import_job.reject_code:
        return reject_sentence(import_job.reject_code)
    if import_job.failure:
        return str(import_job.get_failure_display())
    lines = [
        gettext("%(name)s: %(problem)s")
        % {"name": file.name, "problem": reject_sentence(file.reject_code)}
        for file in several
        if file.reject_code
    ]
    return " ".join(lines)


def reject_sentence(code: str) -> str:
    """Return one of `codes.REJECTS` in the page's language."""
    words = codes.REJECTS[code]
    return gettext(words)


# --- the list of imports ---


@dataclass(frozen=True)
class ImportLine:
    """An import in the list of imports."""

    job: ImportJob
    files: ImportedFiles
    counts_words: str


def line(import_job: ImportJob) -> ImportLine:
    """Return the line of an import, by one query unless its files are fetched already."""
    return ImportLine(import_job, files(import_job), count_words(import_job))


def count_words(import_job: ImportJob) -> str:
    """Return words such as ``118 added, 6 merged, 2 refused``."""
    words = [
        ngettext("%(count)s added", "%(count)s added", import_job.new)
        % {"count": number(import_job.new)}
    ]
    if import_job.merged:
        words.append(
            ngettext("%(count)s merged", "%(count)s merged", import_job.merged)
            % {"count": number(import_job.merged)}
        )
    if import_job.unchanged:
        words.append(
            ngettext("%(count)s unchanged", "%(count)s unchanged", import_job.unchanged)
            % {"count": number(import_job.unchanged)}
        )
    if import_job.refused:
        words.append(
            ngettext("%(count)s refused", "%(count)s refused", import_job.refused)
            % {"count": number(import_job.refused)}
        )
    return ", ".join(words)


# --- the preview ---


@dataclass(frozen=True)
class PreviewTile:
    """A part of the preview, with the number of its rows."""

    decision: str
    count: int
    is_current: bool


@dataclass(frozen=True)
class FieldChange:
    """A field of a contact before and after the merge."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownGroup:
    """A group with its changes in words, "" if there are none."""

    name: str
    is_new: bool
    words: str


@dataclass(frozen=True)
class ImportPreview:
    """One page of the rows of one decision, and the summary around it. A row has the changes of the
    contact with which it is merged. ``left_out`` are the names of filled columns that are not
    imported."""

    decision: str
    page: ImportPreviewPage
    tiles: tuple[PreviewTile, ...]
    rows: tuple[tuple[PreviewRow, tuple[FieldChange, ...]], ...]
    has_several_files: bool
    groups: tuple[ShownGroup, ...]
    groups_words: str
    left_out: tuple[str, ...]
    warnings: tuple[str, ...]


def first_decision(import_job: ImportJob) -> str:
    """Return the first part of the preview that is not empty."""
    counts = _counts(import_job)
    return next((decision for decision, count in counts.items() if count), Decision.NEW)


def _counts(import_job: ImportJob) -> dict[str, int]:
    return {
        Decision.NEW: import_job.new,
        Decision.MERGE: import_job.merged,
        Decision.UNCHANGED: import_job.unchanged,
        Decision.REFUSED: import_job.refused,
    }


def preview(
    import_job: ImportJob, asked: str, shown: ImportPreviewPage, groups: Sequence[GroupChange]
) -> ImportPreview:
    """Return the preview. ``asked`` is the decision of the rows in ``shown``."""
    return ImportPreview(
        decision=asked,
        page=shown,
        tiles=tuple(
            PreviewTile(decision, count, decision == asked)
            for decision, count in _counts(import_job).items()
        ),
        rows=tuple((row, changes(row.mine, row.result)) for row in shown.rows),
        has_several_files=import_job.files.count() > 1,
        groups=tuple(_group(change) for change in groups),
        groups_words=group_words(
            sum(change.added for change in groups),
            sum(change.moved for change in groups),
            sum(change.to_check for change in groups),
            sum(change.beyond for change in groups),
            several=len(groups) > 1,
        ),
        left_out=_left_out(import_job),
        warnings=warning_lines(import_job),
    )


def _left_out(import_job: ImportJob) -> tuple[str, ...]:
    names = dict.fromkeys(
        header.strip() or f"{index + 1}"
        for file in import_job.files.all()
        for index, header, field, examples in file.columns
        if any(examples) and (not field or field.startswith("_"))
    )
    return tuple(names)


def _group(change: GroupChange) -> ShownGroup:
    words = group_words(change.added, change.moved, change.to_check, change.beyond)
    return ShownGroup(change.name, change.is_new, words)


def changes(mine: ContactData | None, result: ContactData | None) -> tuple[FieldChange, ...]:
    """Return the fields in which both differ, in words; nothing if one of them is None."""
    if mine is None or result is None:
        return ()
    differences = []
    for name, label in LABELS.items():
        before, after = (_field_words(getattr(data, name)) for data in (mine, result))
        if before != after:
            differences.append(FieldChange(str(label), before, after))
    return tuple(differences)


def _field_words(value: object) -> str:
    several = value if isinstance(value, tuple) else (value,)
    return "\n".join(value_words(single) for single in several if single)


def group_words(
    added: int, moved: int, to_check: int, beyond: int = 0, *, several: bool = False
) -> str:
    """Return words such as ``12 contacts added, 5 moved, 3 to be checked.``, or "" if nothing
    changes. ``beyond`` is the number of contacts whose group was full. With ``several`` groups,
    additions are counted, since a contact of two groups is added twice."""
    words = []
    if added and several:
        words.append(ngettext("%(count)s addition", "%(count)s additions", added))
        words[-1] %= {"count": number(added)}
    elif added:
        words.append(ngettext("%(count)s contact added", "%(count)s contacts added", added))
        words[-1] %= {"count": number(added)}
    if moved:
        words.append(ngettext("%(count)s moved", "%(count)s moved", moved))
        words[-1] %= {"count": number(moved)}
    if to_check:
        words.append(
            ngettext(
                "%(count)s to be checked: not in the file any more",
                "%(count)s to be checked: not in the file any more",
                to_check,
            )
        )
        words[-1] %= {"count": number(to_check)}
    if beyond:
        words.append(
            ngettext(
                "%(count)s left out of a group that is full",
                "%(count)s left out of a group that is full",
                beyond,
            )
        )
        words[-1] %= {"count": number(beyond)}
    return f"{', '.join(words)}." if words else ""


def warning_lines(import_job: ImportJob) -> tuple[str, ...]:
    """Return the warnings about values that were imported with a change, each with its number."""
    lines = []
    for code, count in import_job.warnings.items():
        words = codes.WARNINGS.get(code, "")
        if words:
            sentence = ngettext("%(words)s", "%(words)s (%(count)s times)", count)
            lines.append(sentence % {"words": gettext(words), "count": number(count)})
    return tuple(lines)


# --- progress ---


@dataclass(frozen=True)
class ImportProgress:
    """The progress of an import. ``percent`` is None while the total is unknown. ``said`` is the
    last step that a screen reader was told of; ``is_news`` says that the current step is another
    one."""

    percent: int | None
    said: str
    is_news: bool


def progress(import_job: ImportJob, last_said: str) -> ImportProgress:
    """Return the progress of an import. ``last_said`` is `said` of the `ImportProgress` before."""
    is_known = import_job.state != State.UPLOADED and bool(import_job.total or import_job.written)
    percent = import_job.percent if is_known else None
    step = f"{import_job.state}-{(percent or 0) // _STEP}"
    return ImportProgress(percent, step, step != last_said)


# --- the report ---


@dataclass(frozen=True)
class ImportReport:
    """The end of an import. ``kept`` are contacts and groups that undoing left alone,
    ``kept_beyond`` is the number of those that it does not list."""

    groups_words: str
    warnings: tuple[str, ...]
    kept: KeptAfterUndo
    kept_beyond: int


def report(import_job: ImportJob, kept: KeptAfterUndo) -> ImportReport:
    """Return the report of an import that is over."""
    named = len(kept.contacts) + len(kept.groups)
    return ImportReport(
        groups_words=group_words(import_job.added, import_job.moved, import_job.to_check),
        warnings=warning_lines(import_job),
        kept=kept,
        kept_beyond=max(0, import_job.kept - named) if named else 0,
    )
