"""Make the `Content` of a posted form, as typed. Nothing is refused here, since an incomplete
message is saved too."""

from __future__ import annotations

import re
import uuid

from django.http import QueryDict

from core.converters import CONTROLS, LONGEST_NAME, MessageConverter, PartConverter
from mail.imap.values import MessageRef
from webmail.writing.content import DELIVERIES, KINDS, PRIORITIES, WHOLE, Content
from webmail.writing.continuing import Beside

_LINE = 400_000  # characters: five thousand recipients with their names


def content(data: QueryDict) -> Content:
    """Return the content of a posted form. Unknown and missing values are those of a new message. A
    field of recipients may have line ends, since it may be pasted."""
    return Content(
        kind=_one_of(data.get("kind", ""), KINDS),
        identity=data.get("identity", "")[:254],
        to=data.get("to", "")[:_LINE],
        cc=data.get("cc", "")[:_LINE],
        bcc=data.get("bcc", "")[:_LINE],
        reply_to=data.get("reply_to", "")[:_LINE],
        subject=CONTROLS.sub(" ", data.get("subject", ""))[:2000],
        is_html=data.get("format") == "html",
        html=data.get("html", ""),
        text=data.get("body", "").replace("\r\n", "\n"),
        priority=_one_of(data.get("priority", ""), PRIORITIES),
        wants_receipt=bool(data.get("wants_receipt")),
        wants_notice=bool(data.get("wants_notice")),
        delivery=_one_of(data.get("delivery", ""), DELIVERIES),
        origin=_origin(data),
        files=_files(data.getlist("files")),
        keep=_parts(data.getlist("keep")),
    )


def beside(data: QueryDict) -> Beside:
    """Return what a window tells that it shows beside its text; each file is its number and its
    name."""
    pairs = (text[:2000].partition(" ") for text in data.getlist("had_file")[:200])
    names = {
        shown: CONTROLS.sub(" ", name)[:255]
        for shown, _space, name in pairs
        if name and (_files([shown]) == (shown,) or is_part(shown))
    }
    count = data.get("had_documents", "")
    return Beside(
        names,
        int(count) if re.fullmatch(r"[0-9]{1,6}", count) else 0,
        CONTROLS.sub(" ", data.get("had_roster", ""))[:255],
    )


def number(text: str) -> uuid.UUID | None:
    """Return the number, or None if the text is not one."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def revision(data: QueryDict) -> int:
    """Return the revision that the window has; 0 before the first."""
    text = data.get("revision", "")
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _one_of(value: str, allowed: tuple[str, ...]) -> str:
    return value if value in allowed else allowed[0]


def _origin(data: QueryDict) -> MessageRef | None:
    folder, ref = data.get("origin_folder", ""), data.get("origin_ref", "")
    if not folder or CONTROLS.search(folder) or len(folder) > LONGEST_NAME:
        return None
    try:
        return MessageRef(folder, *MessageConverter().to_python(ref))
    except ValueError:
        return None


def _files(numbers: list[str]) -> tuple[str, ...]:
    keys = (number(text) for text in numbers[:200])
    return tuple(dict.fromkeys(str(key) for key in keys if key))


def _parts(numbers: list[str]) -> tuple[str, ...]:
    parts = (text for text in numbers[:500] if text == WHOLE or is_part(text))
    return tuple(dict.fromkeys(parts))


def is_part(text: str) -> bool:
    """Return whether a text may be the number of a message's part."""
    return re.fullmatch(PartConverter.regex, text) is not None
