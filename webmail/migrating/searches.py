"""Convert Horde's saved searches: its virtual folders and filters.

They are PHP objects, which are read as arrays (`addressbook.importers.php`), so no code runs. A
search with a criterion that has no equivalent is left out, since without the criterion it would
find other messages.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import cast

from addressbook.importers import php
from addressbook.importers.php import Array, Value
from mail.mailbox import query
from mail.mailbox.query import Form
from webmail.migrating.values import Search

_MOST = 100
_CLASS = "IMP_Search_"
# Searches of Horde itself, which every installation has.
_BUILT_IN = frozenset({"Vfolder_Vinbox", "Vfolder_Vtrash"})
# A single mailbox is searched with reach "here". These prefixes of its name mean the folders below
# it, and all folders.
_BELOW, _ALL = "sub\0", "all\0"
_FIELDS = {"from": "sender", "to": "recipient", "cc": "recipient", "subject": "subject"}
_MARKS = {("\\seen", 0): "unread", ("\\flagged", 1): "flagged"}


class _Unlike(Exception):
    """A criterion without an equivalent; its text is for the report."""


def read_searches(raw: bytes, left_out: Counter[str]) -> list[Search]:
    """Return the saved searches of a preference, except those without an equivalent."""
    try:
        values = php.array(raw, objects=True)
    except php.BrokenValue as error:
        left_out[f"saved searches cannot be read: {error}"] += 1
        return []
    searches = []
    for value in list(values.values())[:_MOST]:
        try:
            if search := _search(value):
                searches.append(search)
        except _Unlike as error:
            left_out[f"saved search by {error}: no like here"] += 1
        except (php.BrokenValue, ValueError, TypeError) as error:
            left_out[f"saved search cannot be read: {type(error).__name__}"] += 1
    return searches


def _search(value: Value) -> Search | None:
    kind, data = _object(value)
    if kind in _BUILT_IN:
        return None
    if "c" not in data:
        raise _Unlike("criteria of an older Horde")
    label = " ".join(str(data.get("l") or "").split())[:60]
    form = Form()
    for criterion in _values(data["c"]):
        form = _with(form, *_element(criterion))
    text = query.written(form)
    if not label or not text:
        raise _Unlike("nothing that has a name here")
    return Search(label, text[: query.MOST_CHARACTERS], *_place(list(_values(data.get("m")))))


def _object(value: Value) -> tuple[str, Array]:
    """Return the end of the class name of a PHP object, and its data."""
    if not isinstance(value, dict):
        raise _Unlike("criteria of an older Horde")
    kind = str(value.get(php.CLASS, "")).removeprefix(_CLASS)
    data = value.get(php.DATA)
    if isinstance(data, str):
        return kind, php.array(data.encode(), objects=True)
    return kind, value


def _element(value: Value) -> tuple[str, object]:
    """Return the kind of a criterion and its data, which are JSON: ``[1, {"h": "subject", …}]``."""
    if not isinstance(value, dict):
        raise _Unlike("criteria of an older Horde")
    kind = str(value.get(php.CLASS, "")).removeprefix(f"{_CLASS}Element_")
    data = value.get(php.DATA, value.get(0))
    element = json.loads(str(data)[:10_000])
    if not isinstance(element, list) or len(element) < 2:
        raise _Unlike("criteria of an older Horde")
    return kind, element[1]


def _with(form: Form, kind: str, data: object) -> Form:
    """Return the form with one more criterion. Raises _Unlike."""
    if kind == "Attachment" and data == 0:
        return replace(form, attachment=True)
    if not isinstance(data, dict):
        raise _Unlike(_told(kind))
    fields = cast(dict[str, object], data)
    text = " ".join(str(fields.get("t") or "").split())[:200]
    if kind == "Text" and text and not fields.get("b"):
        if fields.get("n") and " " not in text:
            return replace(form, without=f"{form.without} {text}".strip())
        if not fields.get("n"):
            return replace(form, words=f"{form.words} {query.quoted(text)}".strip())
    if kind == "Recipient" and text and not fields.get("n") and not form.recipient:
        return replace(form, recipient=text)
    if kind == "Header" and text and not fields.get("n"):
        field = _FIELDS.get(str(fields.get("h")), "")
        if field == "sender" and not form.sender:
            return replace(form, sender=text)
        if field == "recipient" and not form.recipient:
            return replace(form, recipient=text)
        if field == "subject" and not form.subject:
            return replace(form, subject=text)
    if kind == "Flag":
        mark = _MARKS.get((str(fields.get("f")).lower(), int(bool(fields.get("s")))))
        if mark == "unread":
            return replace(form, unread=True)
        if mark == "flagged":
            return replace(form, flagged=True)
    megabytes = int(fields["s"]) // 1_000_000 if isinstance(fields.get("s"), int) else 0  # type: ignore[call-overload]
    if kind == "Size" and fields.get("l") and megabytes:
        return replace(form, larger=megabytes)
    raise _Unlike(_told(kind))


def _told(kind: str) -> str:
    return kind.lower() if kind.isalpha() and len(kind) < 20 else "something else"


def _place(mailboxes: list[Value]) -> tuple[str, str]:
    """Return reach and folder of a search: a single mailbox, or all for several."""
    names = [str(mailbox) for mailbox in mailboxes]
    if len(names) != 1 or names[0] == _ALL:
        return "all", ""
    if names[0].startswith(_BELOW):
        return "below", names[0].removeprefix(_BELOW)
    return "here", names[0]


def _values(value: Value) -> Iterator[Value]:
    yield from value.values() if isinstance(value, dict) else ()
