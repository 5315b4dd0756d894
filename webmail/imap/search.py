"""SEARCH: the UIDs that match."""

from __future__ import annotations

from collections.abc import Iterable

from webmail.imap import response
from webmail.imap.connection import Connection, Literals

# A word of the command as it is sent, or a text that is looked for.
Criterion = bytes | str

# More than these have not arrived since the server last told how many there are.
ARRIVALS = 1000


def uids(imap: Connection, criteria: str = "ALL") -> tuple[int, ...]:
    """UIDs in the open folder that match IMAP search criteria, as imap_tools' ``A(...)`` writes
    them.
    """
    charset = () if criteria.isascii() else ("CHARSET", "UTF-8")
    return response.numbers(imap.uid("SEARCH", *charset, str(criteria).encode()))


def matching(imap: Connection, criteria: Iterable[Criterion]) -> tuple[int, ...]:
    """UIDs in the open folder that match, lowest first. One command; by ESEARCH (RFC 4731), which
    tells a hundred thousand in a few bytes, where the server has it.

    Texts are sent as strings whatever is in them; ValueError for NUL, which none can hold. Raises
    ServerRefused, with the code BADCHARSET from a server that knows nothing but ASCII.
    """
    written = argument(criteria)
    ascii_only = isinstance(written, bytes) or all(text.isascii() for text in written.strings)
    charset = () if ascii_only else ("CHARSET", "UTF-8")
    if not imap.has("ESEARCH"):
        return tuple(sorted(set(response.numbers(imap.uid("SEARCH", *charset, written)))))
    imap.uid("SEARCH", "RETURN (ALL)", *charset, written)
    found = response.esearched(imap.untagged("ESEARCH"), imap.known().exists + ARRIVALS)
    # Some servers say that they have it and answer as they always did.
    return found or tuple(sorted(set(response.numbers(imap.untagged("SEARCH")))))


def argument(criteria: Iterable[Criterion]) -> bytes | Literals:
    """Criteria as the last argument of a command: printable ASCII in quotes, other texts by their
    length. Parentheses stand close to what they hold, as the grammar wants it (RFC 9051 section
    9).
    """
    words, strings = [b""], []
    for criterion in criteria:
        if words[-1][-1:] != b"(" and criterion != b")" and (words[-1] or strings):
            words[-1] += b" "
        if isinstance(criterion, bytes):
            words[-1] += criterion
        elif criterion.isascii() and criterion.isprintable():
            escaped = criterion.replace("\\", "\\\\").replace('"', '\\"')
            words[-1] += f'"{escaped}"'.encode()
        else:
            strings.append(criterion.encode())
            words.append(b"")
    return Literals(tuple(words), tuple(strings)) if strings else words[0]
