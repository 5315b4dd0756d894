"""SEARCH, SORT and THREAD: the messages that match, and their order."""

from __future__ import annotations

from collections.abc import Iterable

from mail.imap import response
from mail.imap.connection import Connection, Literals

# A word of the command, sent unchanged (bytes), or a text to search for (str).
Criterion = bytes | str

# The greatest number of messages that may have arrived since the server last told the count.
ARRIVALS = 1000


def uids(imap: Connection, criteria: str = "ALL") -> tuple[int, ...]:
    """Return the UIDs in the open folder that match IMAP search criteria, as imap_tools' ``A(...)``
    writes them.
    """
    charset = () if criteria.isascii() else ("CHARSET", "UTF-8")
    return response.numbers(imap.uid("SEARCH", *charset, str(criteria).encode()))


def matching(imap: Connection, criteria: Iterable[Criterion]) -> tuple[int, ...]:
    """Return the UIDs in the open folder that match, lowest first. Sends one command. ESEARCH (RFC
    4731), if the server has it, answers with a hundred thousand UIDs in a few bytes.

    Texts are sent as strings whatever they contain; ValueError for NUL, which no string can hold.
    Raises ServerRefused, with the code BADCHARSET if the server knows only ASCII.
    """
    argument_sent = argument(criteria)
    ascii_only = isinstance(argument_sent, bytes) or all(
        text.isascii() for text in argument_sent.strings
    )
    charset = () if ascii_only else ("CHARSET", "UTF-8")
    if not imap.has("ESEARCH"):
        return tuple(sorted(set(response.numbers(imap.uid("SEARCH", *charset, argument_sent)))))
    imap.uid("SEARCH", "RETURN (ALL)", *charset, argument_sent)
    numbers = response.esearched(imap.untagged("ESEARCH"), imap.known().exists + ARRIVALS)
    # Some servers announce ESEARCH but still answer with SEARCH.
    return numbers or tuple(sorted(set(response.numbers(imap.untagged("SEARCH")))))


def count(imap: Connection, criteria: str) -> int:
    """Return the number of messages of the open folder that match ASCII criteria. Sends one
    command.
    """
    if not imap.has("ESEARCH"):
        return len(response.numbers(imap.command("SEARCH", criteria)))
    imap.command("SEARCH", "RETURN (COUNT)", criteria)
    return response.count(imap.untagged("ESEARCH"))


def in_order(imap: Connection, key: str, criteria: str = "ALL") -> tuple[int, ...]:
    """Return the UIDs in the open folder that match ASCII criteria, sorted by a key of RFC 5256
    such as ``DATE`` or ``REVERSE SIZE``; equal messages stand in order of arrival. Sends one
    command. Only for a server with SORT.
    """
    if not imap.has("ESORT"):
        return response.numbers(imap.uid("SORT", f"({key})", "UTF-8", criteria))
    imap.uid("SORT", "RETURN (ALL)", f"({key})", "UTF-8", criteria)
    limit = imap.known().exists + ARRIVALS
    return response.sorted_numbers(imap.untagged("ESEARCH"), limit)


def threads(imap: Connection, criteria: str = "ALL") -> tuple[tuple[int, ...], ...]:
    """Return the conversations of the open folder: the UIDs of each, a message before its replies.
    Sends one command. Only for a server with THREAD=REFERENCES (RFC 5256).
    """
    return response.threads(imap.uid("THREAD", "REFERENCES", "UTF-8", criteria))


def argument(criteria: Iterable[Criterion]) -> bytes | Literals:
    """Return criteria as the last argument of a command: printable ASCII in quotes, other texts as
    literals. No space stands inside parentheses, as the grammar requires (RFC 9051 section 9).
    """
    words: list[bytes] = [b""]
    strings: list[bytes] = []
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
