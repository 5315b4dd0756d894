"""The content of a message that is being written, as typed: nothing is checked yet."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from webmail.imap.values import MessageRef

KINDS = ("new", "reply", "reply_all", "reply_list", "forward", "attached", "edit")
"""`attached`: forwarded as message/rfc822; `edit`: a message taken up again as new."""
ANSWERS = ("reply", "reply_all", "reply_list")
FORWARDS = ("forward", "attached")
PRIORITIES = ("", "high", "low")
DELIVERIES = ("", "bcc", "each", "visible")
"""How many people get one message: as the fields say, in blind copy, one message to each, or as the
fields say though they were warned."""

WHOLE = "whole"
"""Among the parts kept: the message itself, as message/rfc822."""


@dataclass(frozen=True, slots=True)
class Content:
    """``to``, ``cc``, ``bcc`` and ``reply_to`` as typed. ``html`` is the editor's, unsanitised when
    it comes from a browser; ``text`` where the person writes plain text. ``files``: numbers of
    `DraftFile` rows, in their order, images inside the text among them. ``keep``: numbers of parts
    of ``origin`` that leave with it, straight from the mail server. ``names``: what stands in the
    place of each kind of name, where it is one of many messages to one person each, and
    ``documents`` the numbers of the `DraftDocument` rows that this person alone gets."""

    kind: str = "new"
    identity: str = ""
    to: str = ""
    cc: str = ""
    bcc: str = ""
    reply_to: str = ""
    subject: str = ""
    is_html: bool = True
    html: str = ""
    text: str = ""
    priority: str = ""
    wants_receipt: bool = False
    wants_notice: bool = False
    delivery: str = ""
    origin: MessageRef | None = None
    files: tuple[str, ...] = field(default=())
    keep: tuple[str, ...] = field(default=())
    names: tuple[tuple[str, str], ...] = field(default=())
    documents: tuple[str, ...] = field(default=())


def to_json(content: Content) -> bytes:
    return json.dumps(asdict(content)).encode()


def from_json(data: bytes) -> Content:
    """ValueError when it is none; a field that an older or newer version wrote is left out."""
    read: dict[str, Any] = json.loads(data)
    names = {declared.name for declared in fields(Content)}
    values = {name: value for name, value in read.items() if name in names}
    origin = values.get("origin")
    values["origin"] = MessageRef(**origin) if origin else None
    for name in ("files", "keep", "names", "documents"):
        values[name] = tuple(values.get(name, ()))
    return Content(**values)
