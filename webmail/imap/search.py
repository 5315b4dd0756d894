"""SEARCH: the UIDs that match."""

from __future__ import annotations

from webmail.imap import response
from webmail.imap.connection import Connection


def uids(imap: Connection, criteria: str = "ALL") -> tuple[int, ...]:
    """UIDs in the open folder that match IMAP search criteria, as imap_tools' ``A(...)`` writes
    them.
    """
    charset = () if criteria.isascii() else ("CHARSET", "UTF-8")
    return response.numbers(imap.uid("SEARCH", *charset, str(criteria).encode()))
