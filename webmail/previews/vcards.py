"""A vCard of a mail as cards to look at: names, posts, telephones, addresses."""

from __future__ import annotations

import quopri
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from webmail.mime import text as mime_text
from webmail.previews.contentlines import Line, fields, lines
from webmail.previews.failures import NoPreview, Reason

LARGEST = 1_000_000
MOST_CARDS = 50
_MOST_ENTRIES = 10
_LONGEST = 300


@dataclass(frozen=True, slots=True)
class Card:
    """One person or organisation; every string is plain text, to be escaped."""

    name: str = ""
    organisation: str = ""
    title: str = ""
    telephones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    websites: tuple[str, ...] = ()
    note: str = ""


def cards(content: bytes, charset: str = "") -> tuple[Card, ...]:
    """The cards of a file, at most ``MOST_CARDS``, vCard 2.1 to 4.0. Raises NoPreview when there is
    none."""
    text = mime_text.decode(content[:LARGEST], "", charset)
    found: list[Card] = []
    card = Card()
    for line in lines(_joined(text)):
        # A file that is cut off has no end; a new beginning ends a card too.
        if line.name in ("BEGIN", "END"):
            found.append(card)
            card = Card()
        elif found:
            card = _with(card, line)
    found = [card for card in (*found, card) if card != Card()][:MOST_CARDS]
    if not found:
        raise NoPreview(Reason.DAMAGED, "no card in it")
    return tuple(found)


def _joined(text: str) -> str:
    """Quoted-printable of vCard 2.1 goes on in the next line after a ``=``; a photograph in base64
    may end in one too, and does not."""
    out: list[str] = []
    goes_on = False
    for line in text.split("\n"):
        is_quoted = goes_on or "QUOTED-PRINTABLE" in line.partition(":")[0].upper()
        goes_on = is_quoted and line.endswith("=")
        out.append(line[:-1] if goes_on else f"{line}\n")
    return "".join(out)


def _with(card: Card, line: Line) -> Card:
    value = _value(line)
    if not value:
        return card
    match line.name:
        case "FN":
            return replace(card, name=_one_line(value))
        case "N" if not card.name:
            family, given, *_ = [*fields(value), ""]
            return replace(card, name=_one_line(f"{given} {family}"))
        case "ORG":
            return replace(card, organisation=_one_line(", ".join(filter(None, fields(value)))))
        case "TITLE" | "ROLE" if not card.title:
            return replace(card, title=_text(value))
        case "TEL":
            number = re.sub(r"^tel:", "", _text(value), flags=re.IGNORECASE)
            return replace(card, telephones=_added(card.telephones, number))
        case "EMAIL":
            return replace(card, emails=_added(card.emails, _text(value)))
        case "ADR":
            address = ", ".join(filter(None, fields(value)))
            return replace(card, addresses=_added(card.addresses, _one_line(address)))
        case "URL" if re.match(r"https?://[^\s]+$", value, re.IGNORECASE):
            return replace(card, websites=_added(card.websites, _text(value)))
        case "NOTE":
            return replace(card, note="\n".join(fields(value))[:2000])
    return card


def _value(line: Line) -> str:
    parameters: Mapping[str, str] = line.parameters
    encoding = f"{parameters.get('ENCODING', '')},{parameters.get('TYPE', '')}".upper()
    if "QUOTED-PRINTABLE" in encoding:
        raw = quopri.decodestring(line.value.encode("utf-8"))
        return mime_text.decode(raw, "", parameters.get("CHARSET", ""))
    return line.value


def _text(value: str) -> str:
    return _one_line("; ".join(fields(value)))


def _one_line(value: str) -> str:
    return re.sub(r"\s+", " ", value).strip()[:_LONGEST]


def _added(known: tuple[str, ...], value: str) -> tuple[str, ...]:
    return known if not value or value in known or len(known) == _MOST_ENTRIES else (*known, value)
