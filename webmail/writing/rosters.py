"""The roster of a draft: a file with a row for each recipient of a message to each.

It is read once, stored sealed beside the draft, and not sent.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from accounts.models import User
from mail import sandbox
from mail.errors import ContentTooCostly, Unreadable
from mail.mime import addresses
from mail.mime.addresses import Address, AddressGroup
from webmail.models import Draft, DraftRoster
from webmail.presentation.words import few, size
from webmail.writing import files, roster_reading, sealing, whole_fields
from webmail.writing.content import Content
from webmail.writing.roster_reading import Roster, RosterRow

_MOST_NAMED = 5
MOST_READ = roster_reading.LARGEST + 1
"""The number of bytes that are read of a file: enough to see that it is too large."""


@dataclass(frozen=True, slots=True)
class NamedRoster:
    """A draft's roster, with the name of its file."""

    name: str
    roster: Roster

    @property
    def count(self) -> int:
        return len(self.roster.rows)

    @property
    def group(self) -> str:
        """Its people as written in a field of recipients: a group with the file's name."""
        people = tuple(Address("", row.address) for row in self.roster.rows)
        if len(people) < 2:
            return ", ".join(map(addresses.format, people))
        return addresses.format_group(AddressGroup(self.group_name, people))

    @property
    def group_name(self) -> str:
        return self.name.rpartition(".")[0] or self.name

    @property
    def people(self) -> str:
        return ", ".join(row.address for row in self.roster.rows)


def keep(user: User, draft: Draft, name: str, content: bytes) -> NamedRoster:
    """Read a file, and store it as the draft's roster in the place of the former one. A refused
    file is not stored (`Roster.refusal`)."""
    name = files.safe_name(name)
    file = NamedRoster(name, read(content))
    if not file.roster.refusal:
        _store(draft, file)
    return file


def _store(draft: Draft, file: NamedRoster) -> None:
    row = DraftRoster(draft=draft, rows=len(file.roster.rows))
    row.sealed = sealing.seal(row.pk, draft.user_id, _to_json(file))
    DraftRoster.objects.filter(draft=draft).delete()
    row.save()


def read(content: bytes) -> Roster:
    """Run `roster_reading.read` in a helper process."""
    if len(content) > roster_reading.LARGEST:
        return Roster(refusal=roster_reading.TOO_LARGE)
    try:
        return sandbox.call(roster_reading.read, sandbox.FILE, content)
    except ContentTooCostly:
        return Roster(refusal=roster_reading.TOO_LARGE)


def of(draft: Draft) -> NamedRoster | None:
    """Return the draft's roster; None if it has none, or the server's key has changed since."""
    row = DraftRoster.objects.filter(draft=draft).first()
    if row is None:
        return None
    try:
        values = json.loads(sealing.opened(row.pk, draft.user_id, row.sealed))
    except (Unreadable, ValueError):
        return None
    rows = tuple(RosterRow(line, address, tuple(cells)) for line, address, cells in values["rows"])
    return NamedRoster(
        values["name"], Roster(tuple(values["columns"]), rows, (), values["address_column"])
    )


def asked_for(draft: Draft, content: Content) -> Roster | None:
    """Return the draft's roster if its text may have placeholders, or recipients may have
    documents. Other drafts need no query."""
    has_fields = whole_fields.may_have_some(f"{content.subject}{content.html}{content.text}")
    if not has_fields and not draft.documents_count:
        return None
    file = of(draft)
    return file.roster if file else None


def adopt(draft: Draft, former: Draft) -> None:
    """Give a draft the roster of another one, if that has one."""
    if file := of(former):
        _store(draft, file)


def remove(draft: Draft) -> None:
    DraftRoster.objects.filter(draft=draft).delete()


def _to_json(file: NamedRoster) -> bytes:
    columns = asdict(file.roster)
    rows = [(row.line, row.address, row.cells) for row in file.roster.rows]
    values = {"name": file.name, "rows": rows}
    return json.dumps(
        {name: columns[name] for name in ("columns", "address_column")} | values
    ).encode()


# --- in words ---


def refusal_words(roster: Roster) -> str:
    """Return the reason why a file is unusable."""
    words = {
        roster_reading.TOO_LARGE: gettext("The file is too large: %(limit)s at most.")
        % {"limit": size(roster_reading.LARGEST)},
        roster_reading.NO_TABLE: gettext(
            "This is no table that can be read: save it as CSV, or as a workbook of Excel (.xlsx)"
            " or LibreOffice (.ods)."
        ),
        roster_reading.NO_ADDRESSES: gettext(
            "There is no address in this file: one column must have the addresses of the"
            " recipients."
        ),
        roster_reading.TOO_MANY_ROWS: gettext("The file has too many rows: %(most)s at most.")
        % {"most": intcomma(roster_reading.MOST_ROWS)},
        roster_reading.TOO_MANY_COLUMNS: gettext("The file has too many columns: %(most)s at most.")
        % {"most": roster_reading.MOST_COLUMNS},
    }
    return words[roster.refusal]


def fault_words(roster: Roster) -> tuple[str, ...]:
    """Return sentences about the lines of a usable file that are ignored, one for each kind of
    fault."""
    sentences = []
    for kind in (
        roster_reading.BAD_ADDRESS,
        roster_reading.NO_ADDRESS,
        roster_reading.TWICE,
        roster_reading.FORMULA,
    ):
        faults = [fault for fault in roster.faults if fault.kind == kind]
        if faults:
            sentences.append(
                _sentence(kind, len(faults)) % {"lines": few(_lines(kind, faults), _MOST_NAMED)}
            )
    return tuple(sentences)


def _lines(kind: str, faults: list[roster_reading.RosterFault]) -> list[str]:
    if kind == roster_reading.NO_ADDRESS:
        return [str(fault.line) for fault in faults]
    return [f"{fault.line} ({fault.words})" for fault in faults]


def _sentence(kind: str, count: int) -> str:
    if kind == roster_reading.BAD_ADDRESS:
        return ngettext(
            "The address of this row is none, and nobody gets its message: %(lines)s.",
            "The addresses of these rows are none, and nobody gets their messages: %(lines)s.",
            count,
        )
    if kind == roster_reading.NO_ADDRESS:
        return ngettext(
            "This row has no address, and nobody gets its message: %(lines)s.",
            "These rows have no address, and nobody gets their messages: %(lines)s.",
            count,
        )
    if kind == roster_reading.TWICE:
        return ngettext(
            "The address of this row stands above already; one message leaves, with the first row:"
            " %(lines)s.",
            "The addresses of these rows stand above already; one message leaves to each, with the"
            " first row: %(lines)s.",
            count,
        )
    return ngettext(
        "This cell is a formula without a value, and counts as empty: %(lines)s.",
        "These cells are formulas without a value, and count as empty: %(lines)s.",
        count,
    )
