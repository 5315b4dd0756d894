"""Builds the beginning of an answer or of a forwarded message."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from html import escape
from urllib.parse import unquote

from mail.mime import addresses
from mail.mime.addresses import Address

# Re:, RE :, Re[2]:, Rép :, Réf. :, TR:, Fwd:, Fw:, WG:, AW:, SV: as written by programs of several
# languages.
_REPLY = re.compile(
    r"(?:(?:re|rép|rep|réf|ref|aw|sv|antw)(?:\[\d{1,3}\]|\.)?\s*:\s*)+", re.IGNORECASE
)
_FORWARD = re.compile(r"(?:(?:fwd?|tr|wg|vs)(?:\[\d{1,3}\])?\s*:\s*)+", re.IGNORECASE)


def reply_subject(subject: str) -> str:
    """Return ``Re: subject`` with a single prefix, however often and in whatever language it was
    answered.
    """
    return f"Re: {_bare(subject, _REPLY)}".rstrip()


def forward_subject(subject: str, prefix: str = "Fwd") -> str:
    """Return ``Fwd: subject`` with a single prefix. ``prefix`` depends on the user's language:
    French programs write ``Tr``.
    """
    return f"{prefix}: {_bare(subject, _FORWARD)}".rstrip()


def _bare(subject: str, prefix: re.Pattern[str]) -> str:
    subject = " ".join(subject.split())
    match = prefix.match(subject)
    return subject[match.end() :] if match else subject


def quote(text: str, attribution: str) -> str:
    """Return ``text`` under ``attribution``, each line quoted by ``"> "`` (``">"`` if it is empty
    or already quoted).

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
    """Return ``text`` under the lines of ``head`` (label with its colon, and value), the plain-text
    form of a forwarded message.
    """
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
    *,
    followup_to: Sequence[Address] = (),
    own_reply_to: Collection[str] = (),
) -> tuple[tuple[Address, ...], tuple[Address, ...]]:
    """Return the recipients of an answer: (to, cc). ``own`` are the user's addresses, in any case;
    ``own_reply_to`` are the user's Reply-To addresses.

    Reply-To takes precedence over From. An answer to the user's own message goes to its recipients.
    With ``everyone``, the other recipients are in cc, without the user and without duplicates. If
    the author set Mail-Followup-To, the answer goes to exactly those addresses.
    """
    mine = {address.casefold() for address in own}
    followed = _others(followup_to, set(mine)) if everyone else []
    if followed:
        return tuple(followed), ()
    answered = mine | {address.casefold() for address in own_reply_to}
    seen = set(mine)
    first = [address for address in reply_to or from_ if address.address]
    if all(address.address.casefold() in answered for address in first) and to:
        # The user's own sent message, or a note to oneself.
        first = _others(to, seen) or first
        copies = cc
    else:
        copies = [*to, *cc]
        first = _others(first, set())
    seen.update(address.address.casefold() for address in first)
    return tuple(first), tuple(_others(copies, seen)) if everyone else ()


def list_address(value: str) -> str:
    """Return the address for posting to a mailing list, from its List-Post field (RFC 2369 section
    3.4); "" if the list accepts no mail or the field is invalid.
    """
    match = re.search(r"<\s*mailto:([^<>?\s]{1,254})", value, re.IGNORECASE)
    address = unquote(match[1]) if match else ""
    return address if addresses.is_valid(address) else ""


def forwarded_html(body: str, head: Sequence[tuple[str, str]], title: str) -> str:
    """Return clean HTML under the lines of ``head``, like `forwarded`."""
    lines = [f"-------- {escape(title, quote=False)} --------"]
    lines += [
        f"<b>{escape(label, quote=False)}</b> {escape(' '.join(value.split()), quote=False)}"
        for label, value in head
        if value
    ]
    return f"<div>{'<br>'.join(lines)}</div><div><br></div>{body}"


def quote_html(body: str, attribution: str) -> str:
    """Return clean HTML as a quote under ``attribution``, in the elements by which mail programs
    recognise a quote.
    """
    return (
        f'<div class="moz-cite-prefix">{escape(attribution, quote=False)}</div>'
        f'<blockquote type="cite">{body}</blockquote>'
    )


def _others(people: Sequence[Address], seen: set[str]) -> list[Address]:
    """Return each person that is not in ``seen`` once, and add them to ``seen``."""
    others = []
    for address in people:
        key = address.address.casefold()
        if key and key not in seen:
            seen.add(key)
            others.append(address)
    return others
