"""The ways to leave a mailing: List-Unsubscribe (RFC 2369) and one-click (RFC 8058)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from mail.mime.headers import Headers

_PLACES = re.compile(r"<\s*([^<>\s]{1,4000})\s*>")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[A-Za-z0-9.-]{1,253}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST = 20_000


@dataclass(frozen=True)
class UnsubscribeWays:
    """The ways to leave a mailing, ``""`` for each that does not exist. ``one_click`` is an https
    address to which a POST without user interaction is enough; ``web`` is an https page for the
    user; ``mail``, ``subject`` and ``body`` are those of a message that does it.
    """

    one_click: str = ""
    web: str = ""
    mail: str = ""
    subject: str = ""
    body: str = ""

    def __bool__(self) -> bool:
        return bool(self.one_click or self.web or self.mail)


def unsubscribe_ways(fields: Headers) -> UnsubscribeWays:
    """Return the first way of each kind. Invalid entries are skipped."""
    places = _PLACES.findall(fields.get("List-Unsubscribe")[:_LONGEST])
    web = next((place for place in places if place.lower().startswith("https://")), "")
    posted = re.sub(r"\s", "", fields.get("List-Unsubscribe-Post")).lower()
    is_one_click = bool(web) and posted == "list-unsubscribe=one-click"
    mail, subject, body = next(filter(None, map(_message, places)), ("", "", ""))
    return UnsubscribeWays(web if is_one_click else "", web, mail, subject, body)


def _message(place: str) -> tuple[str, str, str] | None:
    """Return the message of ``mailto:address?subject=…&body=…`` (RFC 6068). Other fields, such as
    more recipients, are ignored.
    """
    if not place.lower().startswith("mailto:"):
        return None
    try:
        parts = urlsplit(place)
    except ValueError:
        return None
    address = unquote(parts.path)
    if not _ADDRESS.fullmatch(address):
        return None
    fields = {name.lower(): _CONTROLS.sub(" ", value) for name, value in parse_qsl(parts.query)}
    return address, fields.get("subject", "")[:200], fields.get("body", "")[:1000]
