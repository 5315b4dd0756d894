"""The messages that a delivery report is about, and what the report encloses of them."""

from __future__ import annotations

from mail.imap import fetch
from mail.imap.connection import Connection
from mail.mailbox import reading
from mail.mailbox.reading import OpenedMessage
from mail.mime import build, headers, text
from mail.mime.headers import Headers
from mail.mime.structure import Part

MOST_ORIGINALS = 3
_HEADERS = frozenset({"text/rfc822-headers", "message/global-headers"})
_HEADER_LIMIT = 64 * 1024


def copy(report: OpenedMessage) -> Part | None:
    """Return the returned message, if the report encloses it whole."""
    return next(filter(reading.is_nested, report.fetched.structure.walk()), None)


def header(imap: Connection, report: OpenedMessage) -> Headers | None:
    """Return the header of the returned message, if the report encloses only the header. Sends at
    most one command.
    """
    for part in report.fetched.structure.walk():
        if part.media_type in _HEADERS:
            return _header(imap, report, part)
    return None


def message_ids(imap: Connection, report: OpenedMessage) -> list[str]:
    """Return the Message-IDs of the messages that a report encloses or answers. Sends one command
    for each part that is only a header.
    """
    ids: list[str] = []
    for part in report.fetched.structure.walk():
        if part.envelope:
            ids.append(part.envelope.message_id)
        elif part.media_type in _HEADERS:
            ids += build.message_ids(_header(imap, report, part).get("Message-ID"))
    ids += build.message_ids(report.headers.get("In-Reply-To"))
    return list(dict.fromkeys(filter(None, ids)))[:MOST_ORIGINALS]


def _header(imap: Connection, report: OpenedMessage, part: Part) -> Headers:
    raw, _is_cut = fetch.part_bytes(imap, report.fetched.ref, part.number, _HEADER_LIMIT)
    return headers.parse(text.decode_transfer(raw, part.encoding))
