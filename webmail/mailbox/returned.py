"""The messages that a delivery report is about."""

from __future__ import annotations

from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.mailbox.reading import OpenedMessage
from webmail.mime import build, headers

MOST_ORIGINALS = 3
_HEADERS = frozenset({"text/rfc822-headers", "message/global-headers"})
_HEADER_LIMIT = 64 * 1024


def message_ids(imap: Connection, report: OpenedMessage) -> list[str]:
    """The Message-IDs of the messages that a report encloses or answers. A command for each part
    that is nothing but a header."""
    ids: list[str] = []
    for part in report.fetched.structure.walk():
        if part.envelope:
            ids.append(part.envelope.message_id)
        elif part.media_type in _HEADERS:
            raw, _is_cut = fetch.part_bytes(imap, report.fetched.ref, part.number, _HEADER_LIMIT)
            ids += build.message_ids(headers.parse(raw).get("Message-ID"))
    ids += build.message_ids(report.headers.get("In-Reply-To"))
    return list(dict.fromkeys(filter(None, ids)))[:MOST_ORIGINALS]
