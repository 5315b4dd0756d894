"""The widths that the user gave to the panes, kept by the browser."""

from __future__ import annotations

import re
from dataclasses import dataclass

_KEPT = re.compile(r"(\d{0,2})\.(\d{0,2})\.(\d{0,2})\.([01])", re.ASCII)


@dataclass(frozen=True)
class Panes:
    """The widths of the panes as steps of webmail/static/webmail/css/mail.css, "" for those never
    dragged: the width of the folders, the width of the list, and its height if the message stands
    below it. ``is_rail``: the folders are reduced to their icons."""

    side: str = ""
    list: str = ""
    height: str = ""
    is_rail: bool = False


def cookie_name(is_https: bool) -> str:
    return "__Host-panes" if is_https else "panes"


def panes(cookie: str) -> Panes:
    """Read the cookie of webmail/static/webmail/js/splits.js; an invalid one is ignored."""
    match = _KEPT.fullmatch(cookie)
    return Panes(match[1], match[2], match[3], match[4] == "1") if match else Panes()
