"""A reading as one JSON object: the form of the samples' ``.expected.json``. Empty values are left
out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass

from addressbook.contact_data import ContactData, GroupData, Photo
from addressbook.importers import sun
from addressbook.importers.duplicates import duplicate_sets
from addressbook.importers.reading import Reading, Skipped, Warned

Json = str | int | bool | None | Sequence["Json"] | Mapping[str, "Json"]

_DESCRIPTIVE = (
    "format",
    "source",
    "dialect",
    "charset",
    "delimiter",
    "line_ending",
    "quote_escape",
)
_PRIVATE = {"others", "school"}


def describe(reading: Reading) -> dict[str, Json]:
    """Return the whole reading. The owner of a single book in SUN's PAB is left out, since only its
    DN names the owner."""
    owned = reading.dialect != "pab" or not sun.one_owner(reading.contacts)
    sets = duplicate_sets(reading.contacts)
    merged = sum(len(members) - 1 for members in sets)
    described: dict[str, Json] = {
        name: value for name in _DESCRIPTIVE if (value := getattr(reading, name))
    }
    if reading.bulk:
        described["bulk"] = True
    described["outcome"] = reading.outcome
    if reading.reject_code:
        described["reject_code"] = reading.reject_code
    return described | {
        "contacts": [_contact(contact, owned=owned) for contact in reading.contacts],
        "groups": [_group(group, owned=owned) for group in reading.groups],
        "duplicate_sets": [list(members) for members in sets],
        "warnings": [_warning(warned, reading.format) for warned in reading.warnings],
        "skipped": [_skipped(skipped) for skipped in reading.skipped],
        "contact_count": len(reading.contacts),
        "contact_count_after_merge": len(reading.contacts) - merged,
    }


def _contact(contact: ContactData, *, owned: bool) -> dict[str, Json]:
    described: dict[str, Json] = {}
    for place in fields(contact):
        value = getattr(contact, place.name)
        if not value or place.name in _PRIVATE or (place.name == "owner" and not owned):
            continue
        described[place.name] = _value(value)
    return described


def _value(value: object) -> Json:
    if isinstance(value, Photo):
        return {
            "mime": value.mime,
            "bytes": len(value.content),
            "sha256": hashlib.sha256(value.content).hexdigest(),
        }
    if isinstance(value, tuple):
        return [_value(item) for item in value]
    if is_dataclass(value):
        parts = ((place.name, getattr(value, place.name)) for place in fields(value))
        return {name: part for name, part in parts if part}
    return str(value)


def _group(group: GroupData, *, owned: bool) -> dict[str, Json]:
    described: dict[str, Json] = {"name": group.name, "members": list(group.members)}
    if group.owner and owned:
        described["owner"] = group.owner
    if group.external:
        described["external_members"] = list(group.external)
    if group.missing:
        described["missing_members"] = list(group.missing)
    if group.origin:
        described["from_"] = group.origin
    return described


def _warning(warned: Warned, file_format: str) -> dict[str, Json]:
    # The JSON counts records from 0, but lists in a table from 1, as a spreadsheet does.
    is_row = warned.code == "group_without_members" and file_format in ("csv", "tsv")
    described: dict[str, Json] = {"code": warned.code, "record": warned.record + is_row}
    return described | {"value": warned.value} if warned.value else described


def _skipped(skipped: Skipped) -> dict[str, Json]:
    described: dict[str, Json] = {
        "record": skipped.record,
        "line": skipped.line,
        "reason": skipped.reason,
    }
    return described | {"value": skipped.value} if skipped.value else described
