"""What an answer or a forwarded message begins with."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from webmail.mime.addresses import Address

# Re:, RE :, Re[2]:, Rép :, Réf. :, TR:, Fwd:, Fw:, WG:, AW:, SV: as programs of several languages
# write them.
_REPLY = re.compile(
    r"(?:(?:re|rép|rep|réf|ref|aw|sv|antw)(?:\[\d{1,3}\]|\.)?\s*:\s*)+", re.IGNORECASE
)
_FORWARD = re.compile(r"(?:(?:fwd?|tr|wg|vs)(?:\[\d{1,3}\])?\s*:\s*)+", re.IGNORECASE)


def reply_subject(subject: str) -> str:
    """``Re: subject``, once however often it was answered, in whatever language."""
    return f"Re: {_bare(subject, _REPLY)}".rstrip()


def forward_subject(subject: str) -> str:
    """``Fwd: subject``, once however often it was forwarded."""
    return f"Fwd: {_bare(subject, _FORWARD)}".rstrip()


def _bare(subject: str, prefix: re.Pattern[str]) -> str:
    subject = " ".join(subject.split())
    match = prefix.match(subject)
    return subject[match.end() :] if match else subject


def quote(text: str, attribution: str) -> str:
    """``text`` under ``attribution``, each line quoted by ``"> "`` (``">"`` where it is empty or a
    quote already).

    The signature of the quoted message (from ``"-- "`` on, RFC 3676 section 4.3) is left out.
    """
    lines = text.replace("\r\n", "\n").strip("\n").split("\n")
    if "-- " in lines:
        lines = lines[: lines.index("-- ")]
    while lines and not lines[-1].strip():
        lines.pop()
    quoted = [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines]
    return "\n".join([attribution, *quoted]) + "\n"


def forwarded(text: str, head: Sequence[tuple[str, str]], title: str = "Forwarded message") -> str:
    """``text`` under the lines of ``head`` (label with its colon, and value), as a forwarded
    message is shown in plain text."""
    lines = [f"-------- {title} --------"]
    lines += [f"{label} {' '.join(value.split())}" for label, value in head if value]
    return "\n".join([*lines, "", text.replace("\r\n", "\n").strip("\n")]) + "\n"


def reply_recipients(
    from_: Sequence[Address],
    reply_to: Sequence[Address],
    to: Sequence[Address],
    cc: Sequence[Address],
    own: Collection[str],
    everyone: bool,
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Whom an answer goes to: (to, cc). ``own`` are the reader's addresses, in any case.

    Reply-To counts before From. The answer to one's own message goes to those it was sent to. With
    ``everyone`` the other recipients are in cc, without oneself and without doubles.
    """
    mine = {address.casefold() for address in own}
    seen = set(mine)
    first = [address for address in reply_to or from_ if address.address]
    if all(address.address.casefold() in mine for address in first) and to:
        # One's own sent message, or a note to oneself.
        first = _others(to, seen) or first
        copies = cc
    else:
        copies = [*to, *cc]
        first = _others(first, set())
    seen.update(address.address.casefold() for address in first)
    return tuple(first), tuple(_others(copies, seen)) if everyone else ()


def _others(addresses: Sequence[Address], seen: set[str]) -> list[Address]:
    """The addresses that are not ``seen``, each once; they are added to ``seen``."""
    found = []
    for address in addresses:
        key = address.address.casefold()
        if key and key not in seen:
            seen.add(key)
            found.append(address)
    return found
