"""The ways to leave a mailing: List-Unsubscribe (RFC 2369) and its one click (RFC
8058)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from webmail.mime.headers import Headers

_PLACES = re.compile(r"<\s*([^<>\s]{1,4000})\s*>")
_ADDRESS = re.compile(r"[^\s<>,;:\"()\[\]@]{1,64}@[A-Za-z0-9.-]{1,253}")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_LONGEST = 20_000


@dataclass(frozen=True)
class Ways:
    """``one_click``: an https address that a POST without a person leaves the mailing by; ``web``:
    an https page for a person; ``mail``, ``subject`` and ``body``: a message that does it. ``""``
    for a way that there is not."""

    one_click: str = ""
    web: str = ""
    mail: str = ""
    subject: str = ""
    body: str = ""

    def __bool__(self) -> bool:
        return bool(self.one_click or self.web or self.mail)


def read(fields: Headers) -> Ways:
    """The first of each kind. Lenient: what is no such place is passed over."""
    places = _PLACES.findall(fields.get("List-Unsubscribe")[:_LONGEST])
    web = next((place for place in places if place.lower().startswith("https://")), "")
    posted = re.sub(r"\s", "", fields.get("List-Unsubscribe-Post")).lower()
    is_one_click = bool(web) and posted == "list-unsubscribe=one-click"
    mail, subject, body = next(filter(None, map(_message, places)), ("", "", ""))
    return Ways(web if is_one_click else "", web, mail, subject, body)


def _message(place: str) -> tuple[str, str, str] | None:
    """The message that ``mailto:address?subject=…&body=…`` asks for (RFC 6068). Nothing else of it
    is taken, such as more recipients."""
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
