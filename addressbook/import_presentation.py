"""Imports as the templates show them: what was found, what would happen, what happened."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath

from django.urls import reverse
from django.utils import formats, timezone
from django.utils.translation import gettext, ngettext, npgettext, pgettext, pgettext_lazy

from addressbook.contact_data import ContactData
from addressbook.forms import LABELS
from addressbook.importers import codes, own
from addressbook.imports import GroupChange, Kept, PreviewPage, PreviewRow
from addressbook.models.imports import ImportFile, ImportJob, ImportRow
from addressbook.presentation import value_words

State = ImportJob.State
Decision = ImportRow.Decision
POLICIES = {
    ImportJob.Policy.MERGE: pgettext_lazy("duplicates", "Merge, without deleting anything"),
    ImportJob.Policy.KEEP: pgettext_lazy("duplicates", "Keep both"),
    ImportJob.Policy.SKIP: pgettext_lazy("duplicates", "Skip"),
    ImportJob.Policy.REPLACE: pgettext_lazy("duplicates", "Replace"),
}
"""The words for what becomes of contacts that are there already."""
_STEP = 10  # per cent: how often a screen reader is told of progress
_MOST_NAMES = 3


def number(value: int) -> str:
    """The number as the page's language writes it: ``1 284``."""
    return formats.number_format(value, force_grouping=True)


def day(moment: datetime) -> str:
    return formats.date_format(timezone.localtime(moment), "SHORT_DATE_FORMAT")


@dataclass(frozen=True)
class Job:
    """An import: its files, and where each thing is done; ``undo_url`` "" when it is too late;
    ``is_school``: they are lists of classes."""

    name: str
    found_words: str
    reject_words: str
    policy: str
    has_columns: bool
    url: str
    columns_url: str
    policy_url: str
    start_url: str
    cancel_url: str
    undo_url: str
    refused_url: str
    again_url: str
    is_school: bool = False


def job(import_job: ImportJob) -> Job:
    """One query."""
    files = list(import_job.files.all())

    def at(name: str) -> str:
        return reverse(f"addressbook:{name}", args=[import_job.pk])

    return Job(
        name=_names(files),
        found_words=_found_words(import_job, files),
        reject_words=reject_words(import_job, files),
        policy=import_job.policy,
        has_columns=any(file.columns for file in files),
        url=at("import"),
        columns_url=at("import_columns"),
        policy_url=at("import_policy"),
        start_url=at("import_start"),
        cancel_url=at("import_cancel"),
        undo_url=at("import_undo") if import_job.is_undoable else "",
        refused_url=at("import_refused"),
        again_url=reverse("addressbook:import_from", args=[source_of(import_job)]),
        is_school=_is_school(import_job, files),
    )


def _is_school(import_job: ImportJob, files: Sequence[ImportFile]) -> bool:
    """Return whether they are lists of classes: brought as such, or recognised."""
    recognised = any(file.program == _SCHOOL for file in files)
    return recognised or import_job.source == ImportJob.Source.SCHOOL


def source_of(import_job: ImportJob) -> str:
    """The guide that the files came from."""
    return "other" if import_job.source == ImportJob.Source.AUTO else import_job.source


def _names(files: Sequence[ImportFile]) -> str:
    names = ", ".join(file.name for file in files[:_MOST_NAMES])
    more = len(files) - _MOST_NAMES
    if more <= 0:
        return names
    return ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
        "names": names,
        "count": more,
    }


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
_SCHOOL = "school"
_FORMATS = {
    "csv": "CSV",
    "xlsx": "XLSX",
    "ods": "ODS",
    "tsv": "TSV",
    "vcard": "vCard",
    "ldif": "LDIF",
    "zip": "zip",
}


def _format(file: ImportFile) -> str:
    return next((words for mark, words in _FORMATS.items() if mark in file.format), "")


def _found_words(import_job: ImportJob, files: Sequence[ImportFile]) -> str:
    """Return what the files are, and how much is in them."""
    rows = ngettext("%(count)s entry.", "%(count)s entries.", import_job.total) % {
        "count": number(import_job.total)
    }
    if len(files) != 1:
        return rows
    if files[0].program == own.PROGRAM:
        words = gettext("is an export of this webmail, as %(format)s.")
        return f"{words % {'format': _format(files[0])}} {rows}"
    if files[0].program == _SCHOOL:
        words = gettext("is a list of pupils, as %(format)s.")
        return f"{words % {'format': _format(files[0])}} {rows}"
    program, kind = _PROGRAMS.get(files[0].program, ""), _format(files[0])
    if program and kind:
        words = gettext("is an address book of %(program)s, as %(format)s.")
        return f"{words % {'program': program, 'format': kind}} {rows}"
    if kind:
        words = gettext("is an address book, as %(format)s.")
        return f"{words % {'format': kind}} {rows}"
    return rows


def reject_words(import_job: ImportJob, files: Iterable[ImportFile]) -> str:
    """Return why the import, or a file of several, is refused; "" when nothing is."""
    if import_job.reject_code:
        return reject_sentence(import_job.reject_code)
    if import_job.failure:
        return str(import_job.get_failure_display())
    lines = [
        gettext("%(name)s: %(problem)s")
        % {"name": file.name, "problem": reject_sentence(file.reject_code)}
        for file in files
        if file.reject_code
    ]
    return " ".join(lines)


def reject_sentence(code: str) -> str:
    """One of `codes.REJECTS`, in the page's language."""
    words = codes.REJECTS[code]
    return gettext(words)


# --- the list of imports ---


@dataclass(frozen=True)
class ImportLine:
    """An import in the list."""

    name: str
    kind: str
    words: str
    url: str
    link_words: str
    undo_url: str


def line(import_job: ImportJob) -> ImportLine:
    """One query, unless its files are fetched already."""
    files = list(import_job.files.all())
    suffix = PurePath(files[0].name).suffix[1:5].upper() if files else ""
    return ImportLine(
        name=_names(files),
        kind=suffix,
        words=f"{_state_words(import_job)} · {day(import_job.finished or import_job.created)}",
        url=reverse("addressbook:import", args=[import_job.pk]),
        link_words=_link_words(import_job),
        undo_url=reverse("addressbook:import_undo", args=[import_job.pk])
        if import_job.is_undoable
        else "",
    )


def _link_words(import_job: ImportJob) -> str:
    if import_job.state == State.READY:
        return gettext("Go on with it")
    if import_job.is_moving:
        return gettext("See its progress")
    return gettext("Read the report")


def _state_words(import_job: ImportJob) -> str:
    if import_job.state == State.DONE:
        return count_words(import_job)
    if import_job.state == State.READY:
        return gettext("Waits for your word: nothing is written yet")
    if import_job.is_moving:
        return progress_words(import_job)
    return {
        State.CANCELLED: gettext("Cancelled: nothing of it was kept"),
        State.UNDONE: gettext("Undone"),
    }.get(State(import_job.state), gettext("Not imported"))


def count_words(import_job: ImportJob) -> str:
    """``118 added, 6 merged, 2 refused``."""
    words = [
        ngettext("%(count)s added", "%(count)s added", import_job.new)
        % {"count": number(import_job.new)}
    ]
    if import_job.merged:
        words.append(merged_words(import_job.merged))
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


def merged_words(count: int) -> str:
    return ngettext("%(count)s merged", "%(count)s merged", count) % {"count": number(count)}


# --- the preview ---


@dataclass(frozen=True)
class Tile:
    """A part of the preview, with how many rows are in it."""

    number: str
    words: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Change:
    """A field of a contact before and after it is merged."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownRow:
    """A row of the preview. ``level`` is a class of ``.badge``."""

    line_words: str
    name: str
    addresses: str
    words: str
    level: str
    notes: tuple[str, ...]
    with_name: str
    with_url: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Preview:
    """One page of the rows of one decision, and what stands around it."""

    tiles: tuple[Tile, ...]
    shown_words: str
    rows: tuple[ShownRow, ...]
    pages_words: str
    before_url: str
    next_url: str
    groups: tuple[tuple[str, str], ...]
    groups_words: str
    warnings: tuple[str, ...]
    start_words: str


def first_decision(import_job: ImportJob) -> str:
    """The first part of the preview that is not empty."""
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
    import_job: ImportJob, asked: str, shown: PreviewPage, groups: Sequence[GroupChange]
) -> Preview:
    """``asked`` is the decision whose rows ``shown`` has."""
    base = reverse("addressbook:import", args=[import_job.pk])

    def url(decision: str, page: int = 1) -> str:
        return f"{base}?show={decision}" + (f"&page={page}" if page > 1 else "")

    tiles = tuple(
        Tile(
            number(count),
            _decision_words(import_job, decision, count),
            url(decision),
            decision == asked,
        )
        for decision, count in _counts(import_job).items()
    )
    several = import_job.files.count() > 1
    words = gettext("Page %(number)s of %(total)s")
    return Preview(
        tiles=tiles,
        shown_words=next(f"{tile.number} {tile.words}" for tile in tiles if tile.is_current),
        rows=tuple(_row(import_job, row, several) for row in shown.rows),
        pages_words=words % {"number": number(shown.number), "total": number(shown.pages)},
        before_url=url(asked, shown.number - 1) if shown.number > 1 else "",
        next_url=url(asked, shown.number + 1) if shown.number < shown.pages else "",
        groups=tuple(_group(change) for change in groups),
        groups_words=_groups_words(groups),
        warnings=(*_left_out(import_job), *warning_lines(import_job)),
        start_words=_start_words(import_job),
    )


def _left_out(import_job: ImportJob) -> Iterable[str]:
    """The columns with something in them that become nothing, by name."""
    names = dict.fromkeys(
        header.strip() or f"{index + 1}"
        for file in import_job.files.all()
        for index, header, field, examples in file.columns
        if any(examples) and (not field or field.startswith("_"))
    )
    if names:
        words = ngettext(
            "Column that is not imported: %(names)s.",
            "Columns that are not imported: %(names)s.",
            len(names),
        )
        yield words % {"names": ", ".join(names)}


def _decision_words(import_job: ImportJob, decision: str, count: int) -> str:
    """Return the words below the number of a tile."""
    if decision == Decision.NEW:
        return npgettext("contacts of an import", "new", "new", count)
    if decision == Decision.UNCHANGED:
        return npgettext("contacts of an import", "unchanged", "unchanged", count)
    if decision == Decision.REFUSED:
        return npgettext("contacts of an import", "refused", "refused", count)
    if import_job.policy == ImportJob.Policy.REPLACE:
        return npgettext("contacts of an import", "to replace", "to replace", count)
    return npgettext("contacts of an import", "to merge", "to merge", count)


_LEVELS = {Decision.NEW: "ink", Decision.MERGE: "ok", Decision.REFUSED: "bad"}


def _row(import_job: ImportJob, row: PreviewRow, several: bool) -> ShownRow:
    line = gettext("Line %(line)s") % {"line": number(row.line)} if row.line else ""
    notes = [row.reason] if row.reason else []
    if row.same_as:
        notes.append(gettext("See line %(line)s.") % {"line": number(row.same_as)})
    return ShownRow(
        line_words=", ".join(filter(None, (row.file if several else "", line))),
        name=row.name or gettext("(without a name)"),
        addresses=row.addresses,
        words=_badge(import_job, row.decision),
        level=_LEVELS.get(Decision(row.decision), ""),
        notes=(*notes, *row.warnings),
        with_name=row.mine.display_name if row.mine else "",
        with_url=reverse("addressbook:contact", args=[row.contact]) if row.contact else "",
        changes=changes(row.mine, row.result) if row.mine and row.result else (),
    )


def _badge(import_job: ImportJob, decision: str) -> str:
    if decision == Decision.NEW:
        return pgettext("a row of an import", "New")
    if decision == Decision.UNCHANGED:
        return pgettext("a row of an import", "Unchanged")
    if decision == Decision.REFUSED:
        return pgettext("a row of an import", "Refused")
    if import_job.policy == ImportJob.Policy.REPLACE:
        return pgettext("a row of an import", "To replace")
    return pgettext("a row of an import", "To merge")


def changes(mine: ContactData, result: ContactData) -> tuple[Change, ...]:
    """The fields in which they differ, as they are shown."""
    differences = []
    for name, label in LABELS.items():
        before, after = (_field_words(getattr(data, name)) for data in (mine, result))
        if before != after:
            differences.append(Change(str(label), before, after))
    return tuple(differences)


def _field_words(value: object) -> str:
    several = value if isinstance(value, tuple) else (value,)
    return "\n".join(value_words(single) for single in several if single)


def _group(change: GroupChange) -> tuple[str, str]:
    """Its name, and what becomes of it."""
    words = group_words(change.added, change.moved, change.to_check)
    if change.is_new:
        words = gettext("is new: %(what)s") % {"what": words} if words else gettext("is new.")
    return change.name, words or gettext("stays as it is.")


def _groups_words(groups: Sequence[GroupChange]) -> str:
    """The line about all groups together: ``4 groups: 12 additions, 5 moved, 3 to be checked.``"""
    count = len(groups)
    words = group_words(
        sum(change.added for change in groups),
        sum(change.moved for change in groups),
        sum(change.to_check for change in groups),
        several=count > 1,
    )
    if not words:
        sentence = ngettext("%(count)s group, as it is.", "%(count)s groups, as they are.", count)
    else:
        sentence = ngettext("%(count)s group: %(what)s", "%(count)s groups: %(what)s", count)
    return sentence % {"count": number(count), "what": words}


def _start_words(import_job: ImportJob) -> str:
    """The words on the button: ``Import 307 contacts``; "" where there is nothing to do."""
    if not import_job.total or import_job.reject_code:
        return ""
    taken = import_job.new + import_job.merged
    if not taken:
        return gettext("Bring the groups up to date") if import_job.groups else gettext("Finish")
    words = ngettext("Import %(count)s contact", "Import %(count)s contacts", taken)
    return words % {"count": number(taken)}


# --- progress ---


@dataclass(frozen=True)
class Progress:
    """``percent`` is None where nobody knows how much there is. ``said`` is the last step that a
    screen reader was told of, ``is_news`` whether this one is another."""

    title: str
    words: str
    percent: int | None
    counts: tuple[tuple[str, str], ...]
    is_writing: bool
    is_stuck: bool
    said: str
    is_news: bool


def progress(import_job: ImportJob, last_said: str) -> Progress:
    """Return the progress of an import. ``last_said`` is what the page was told last, of an earlier
    `Progress`."""
    is_known = import_job.state != State.UPLOADED and bool(import_job.total or import_job.written)
    percent = import_job.percent if is_known else None
    step = f"{import_job.state}-{(percent or 0) // _STEP}"
    writing = import_job.state == State.WRITING
    return Progress(
        title=_progress_title(import_job),
        words=progress_words(import_job),
        percent=percent,
        counts=_progress_counts(import_job) if writing else (),
        is_writing=writing,
        is_stuck=import_job.is_stuck,
        said=step,
        is_news=step != last_said,
    )


def _progress_title(import_job: ImportJob) -> str:
    if import_job.state == State.UNDOING:
        return gettext("The import is being undone")
    if import_job.state == State.WRITING:
        return gettext("The import is under way")
    return gettext("The file is being read")


def progress_words(import_job: ImportJob) -> str:
    match import_job.state:
        case State.UPLOADED:
            return gettext("Waiting to be read…")
        case State.UNDOING:
            return gettext("Being undone…")
    done, whole = import_job.checked, import_job.total
    if import_job.state == State.WRITING:
        done = import_job.written
    if not whole:
        return gettext("The file is being read…")
    if import_job.state == State.WRITING:
        words = ngettext("%(done)s of %(total)s contact", "%(done)s of %(total)s contacts", whole)
    else:
        words = ngettext(
            "%(done)s of %(total)s contact read", "%(done)s of %(total)s contacts read", whole
        )
    return words % {"done": number(done), "total": number(whole)}


def _progress_counts(import_job: ImportJob) -> tuple[tuple[str, str], ...]:
    return (
        (pgettext("contacts of an import", "To add"), number(import_job.new)),
        (pgettext("contacts of an import", "To merge"), number(import_job.merged)),
        (pgettext("contacts of an import", "Refused"), number(import_job.refused)),
    )


# --- the report ---


@dataclass(frozen=True)
class Fact:
    """A line of the report. ``level`` is "", ``warn`` or ``todo``; ``icon`` one of the sprite's."""

    icon: str
    words: str
    more: str = ""
    url: str = ""
    url_words: str = ""
    level: str = ""


@dataclass(frozen=True)
class Report:
    """The end of an import. ``kept`` are names and addresses of pages of contacts that undoing left
    alone."""

    title: str
    text: str
    facts: tuple[Fact, ...] = ()
    warnings: tuple[str, ...] = ()
    kept: tuple[tuple[str, str], ...] = ()
    kept_more: str = ""
    is_failed: bool = False


def report(import_job: ImportJob, shown: Job, kept: Kept, *, is_of_classes: bool = False) -> Report:
    """The report of an import that is over. ``is_of_classes`` where a school's list was brought
    in."""
    match import_job.state:
        case State.DONE:
            facts = tuple(_facts(import_job, shown))
            return Report(
                _done_title(import_job, is_of_classes=is_of_classes),
                _done_text(import_job),
                facts,
                warning_lines(import_job),
            )
        case State.UNDONE:
            named = tuple(_kept_lines(kept))
            left = import_job.kept - len(named)
            more = ngettext("And %(count)s more.", "And %(count)s more.", left)
            return Report(
                gettext("The import is undone"),
                _undone_text(import_job),
                kept=named,
                kept_more=more % {"count": number(left)} if named and left > 0 else "",
            )
        case State.CANCELLED:
            text = gettext("Your address book is as it was before.")
            return Report(gettext("The import was cancelled"), text)
    words = shown.reject_words or gettext("There is no contact in this file.")
    text = gettext("Nothing was written into your address book.")
    return Report(gettext("This could not be imported"), f"{words} {text}", is_failed=True)


def _done_title(import_job: ImportJob, *, is_of_classes: bool) -> str:
    taken = import_job.new + import_job.merged
    if not taken:
        return gettext("Your address book was up to date already")
    if is_of_classes:
        return ngettext(
            "%(count)s pupil or guardian was brought in",
            "%(count)s pupils and guardians were brought in",
            taken,
        ) % {"count": number(taken)}
    return ngettext(
        "%(count)s contact of your old address book was brought in",
        "%(count)s contacts of your old address book were brought in",
        taken,
    ) % {"count": number(taken)}


def _done_text(import_job: ImportJob) -> str:
    sentences = []
    if import_job.new:
        words = ngettext("%(count)s was added.", "%(count)s were added.", import_job.new)
        sentences.append(words % {"count": number(import_job.new)})
    if import_job.merged:
        if import_job.policy == ImportJob.Policy.REPLACE:
            words = ngettext(
                "%(count)s replaced the one you had.",
                "%(count)s replaced those you had.",
                import_job.merged,
            )
        else:
            words = ngettext(
                "%(count)s was merged with another of the same person.",
                "%(count)s were merged with others of the same people.",
                import_job.merged,
            )
        sentences.append(words % {"count": number(import_job.merged)})
    if import_job.unchanged:
        words = ngettext(
            "%(count)s stayed as it was.", "%(count)s stayed as they were.", import_job.unchanged
        )
        sentences.append(words % {"count": number(import_job.unchanged)})
    if import_job.refused:
        words = ngettext(
            "%(count)s row could not be brought in.",
            "%(count)s rows could not be brought in.",
            import_job.refused,
        )
        sentences.append(words % {"count": number(import_job.refused)})
    return " ".join(sentences)


def _facts(import_job: ImportJob, shown: Job) -> Iterable[Fact]:
    if import_job.groups:
        words = ngettext(
            "%(count)s group is up to date.", "%(count)s groups are up to date.", import_job.groups
        )
        words %= {"count": number(import_job.groups)}
        yield Fact(
            "circle-check",
            words,
            group_words(import_job.added, import_job.moved, import_job.to_check),
        )
    if shown.reject_words:
        yield Fact("triangle-alert", shown.reject_words, level="warn")
    if import_job.refused:
        words = ngettext("%(count)s row refused.", "%(count)s rows refused.", import_job.refused)
        yield Fact(
            "triangle-alert",
            words % {"count": number(import_job.refused)},
            url=shown.refused_url,
            url_words=gettext("Download these rows with the reason (CSV)"),
            level="warn",
        )
    if shown.undo_url and import_job.undo_until:
        words = gettext("You can undo it until %(day)s.") % {"day": day(import_job.undo_until)}
        more = gettext("What you will have changed by then is kept.")
        yield Fact("history", words, more, level="todo")


def _kept_lines(kept: Kept) -> Iterable[tuple[str, str]]:
    for contact in kept.contacts:
        at = "" if contact.deleted else reverse("addressbook:contact", args=[contact.pk])
        yield contact.display_name, at
    for staged in kept.groups:
        there = staged.group if staged.group and staged.group.deleted is None else None
        yield staged.name, reverse("addressbook:group", args=[there.pk]) if there else ""


def group_words(added: int, moved: int, to_check: int, *, several: bool = False) -> str:
    """``12 contacts added, 5 moved, 3 to be checked.``; "" where nothing changes. Of ``several``
    groups additions are counted: a contact of two groups is added twice."""
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
    return f"{', '.join(words)}." if words else ""


def _undone_text(import_job: ImportJob) -> str:
    if not import_job.kept:
        return gettext("Your address book is as it was before.")
    return ngettext(
        "Your address book is as it was before, but for %(count)s contact or group.",
        "Your address book is as it was before, but for %(count)s contacts or groups.",
        import_job.kept,
    ) % {"count": number(import_job.kept)}


def warning_lines(import_job: ImportJob) -> tuple[str, ...]:
    """Return what was brought in, but not as it stood, and how often."""
    lines = []
    for code, count in import_job.warnings.items():
        words = codes.WARNINGS.get(code, "")
        if words:
            sentence = ngettext("%(words)s", "%(words)s (%(count)s times)", count)
            lines.append(sentence % {"words": gettext(words), "count": number(count)})
    return tuple(lines)


def undo_words(import_job: ImportJob) -> str:
    """Return what undoing an import takes back."""
    sentences = []
    if import_job.new:
        words = ngettext(
            "%(count)s contact that it added goes into the bin.",
            "%(count)s contacts that it added go into the bin.",
            import_job.new,
        )
        sentences.append(words % {"count": number(import_job.new)})
    if import_job.merged:
        words = ngettext(
            "%(count)s contact that it changed is again as before.",
            "%(count)s contacts that it changed are again as before.",
            import_job.merged,
        )
        sentences.append(words % {"count": number(import_job.merged)})
    if import_job.groups:
        sentences.append(gettext("So are the groups."))
    return " ".join(sentences)
