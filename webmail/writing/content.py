"""The content of a message that is being written, as typed and not yet checked."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from mail.imap.values import MessageRef

KINDS = ("new", "reply", "reply_all", "reply_list", "forward", "attached", "edit")
"""``attached`` is forwarded as message/rfc822; ``edit`` is a message that is edited again."""
ANSWERS = ("reply", "reply_all", "reply_list")
FORWARDS = ("forward", "attached")
PRIORITIES = ("", "high", "low")
DELIVERIES = ("", "bcc", "each", "visible")
"""The ways to deliver a message: as its fields say, in blind copy, one message to each, or as its
fields say after a warning."""

WHOLE = "whole"
"""The message itself as message/rfc822, among the parts that are kept."""


@dataclass(frozen=True, slots=True)
class Content:
    """The content of a message. ``to``, ``cc``, ``bcc`` and ``reply_to`` are as typed. ``html`` is
    the editor's, and not sanitised if it comes from a browser; ``text`` is set for plain text.
    ``files`` are the numbers of `DraftFile` rows in order, with those of images in the text.
    ``keep`` are the numbers of parts of ``origin`` that are attached directly from the mail server.
    In a message to each, ``names`` are the values of the placeholders by their keys, and
    ``documents`` the numbers of the `DraftDocument` rows that only this recipient gets."""

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
    """Return the content. Fields of an older or newer version are ignored. Raises ValueError for
    invalid data."""
    read: dict[str, Any] = json.loads(data)
    names = {declared.name for declared in fields(Content)}
    values = {name: value for name, value in read.items() if name in names}
    origin = values.get("origin")
    values["origin"] = MessageRef(**origin) if origin else None
    for name in ("files", "keep", "names", "documents"):
        values[name] = tuple(values.get(name, ()))
    return Content(**values)
