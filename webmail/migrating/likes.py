"""Equivalents of Roundcube's and Horde's preferences and their values.

A converter returns our preferences with their values for a value of theirs; {} where ours cannot
differ. Preferences without a converter have no equivalent and are named in the report.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from addressbook.importers.php import Value
from core.preferences import BY_NAME
from webmail.migrating.texts import word

_MOST_REASONS = 200

Ours = Mapping[str, str]
Converter = Callable[[Value], Ours | None]
"""None means that the value has no equivalent."""


def _yes(value: Value) -> bool:
    return value not in (None, False, 0, "", "0", "false")


def _number(value: Value) -> int | None:
    try:
        return int(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def _switch(name: str, yes: str, no: str) -> Converter:
    """Return the converter of a preference that is on or off."""
    return lambda value: {name: yes if _yes(value) else no}


def _one_of(choices: Mapping[int | str, Ours]) -> Converter:
    """Return the converter of a preference with several values. Numbers may be given as text."""

    def convert(value: Value) -> Ours | None:
        number = _number(value)
        choice = value if isinstance(value, str) and value in choices else number
        return choices.get(choice) if choice is not None else None

    return convert


def _language(value: Value) -> Ours | None:
    code = str(value or "").replace("-", "_").partition("_")[0].lower()
    return {"language": code} if BY_NAME["language"].allows(code) else None


def _time_zone(value: Value) -> Ours | None:
    if value in ("auto", "", None):
        return {}
    return {"time_zone": str(value)} if BY_NAME["time_zone"].allows(value) else None


def _page_size(value: Value) -> Ours | None:
    number = _number(value)
    if number is None or number < 1:
        return None
    sizes = [int(size) for size, _words in BY_NAME["page_size"].options()]
    return {"page_size": str(min(sizes, key=lambda size: abs(size - number)))}


def _columns(value: Value) -> Ours | None:
    """Convert the columns of the list to date and size; tags are always shown."""
    if not isinstance(value, dict):
        return None
    chosen = {str(name) for name in value.values()} | {"tags"}
    words = [name for name, _words in BY_NAME["columns"].options() if name in chosen]
    return {"columns": " ".join(words)}


def _collected(value: Value) -> Ours | None:
    return {"collect": "off"} if value in ("", None, False) else {"collect": "on"}


def _read_after(value: Value) -> Ours | None:
    """Return the nearest of our pauses after which an opened message becomes read, in seconds;
    Roundcube has -1 for never."""
    seconds = _number(value)
    if seconds is None:
        return None
    if seconds < 0:
        return {"mark_read": "never"}
    return {"mark_read": "0" if seconds == 0 else "5" if seconds <= 10 else "20"}


_ABOVE = {"reply_place": "above", "reply_quote": "quoted"}
_BELOW = {"reply_place": "below", "reply_quote": "quoted"}

ROUNDCUBE: Final[Mapping[str, Converter]] = {
    "language": _language,
    "timezone": _time_zone,
    "mail_pagesize": _page_size,
    "mail_read_time": _read_after,
    "prettydate": _switch("dates", "relative", "full"),
    "layout": _one_of(
        {
            "widescreen": {"panes": "right"},
            "desktop": {"panes": "below"},
            "list": {"panes": "none"},
        }
    ),
    "default_list_mode": _one_of(
        {"threads": {"conversations": "on"}, "list": {"conversations": "off"}}
    ),
    "list_cols": _columns,
    # We never load the images of all senders; contacts come nearest. Trusted senders are moved one
    # by one.
    "show_images": _one_of(
        {
            0: {"images": "ask"},
            1: {"images": "contacts"},
            2: {"images": "contacts"},
            3: {"images": "ask"},
        }
    ),
    "htmleditor": _one_of(
        {
            0: {"write_format": "plain"},
            1: {"write_format": "html"},
            2: {"write_format": "same"},
            3: {"write_format": "same"},
            4: {"write_format": "same"},
        }
    ),
    "reply_mode": _one_of({-1: {"reply_quote": "none"}, 0: _BELOW, 1: _ABOVE, 2: _ABOVE}),
    "sig_below": _switch("signature_place", "end", "answer"),
    # Here a receipt is never sent without asking the user.
    "mdn_requests": _one_of(
        {number: {"receipts": "never" if number == 2 else "ask"} for number in range(7)}
    ),
    "display_next": _switch("after_filing", "next", "list"),
    "compose_extwin": lambda value: {"compose_in": "window"} if _yes(value) else {},
    "collected_recipients": _collected,
    "newmail_notifier_desktop": lambda value: {"notifications": "on"} if _yes(value) else {},
    "archive_type": _one_of({"year": {"archive": "year"}, "": {"archive": "one"}}),
    # Drafts are always saved here.
    "draft_autosave": lambda value: {} if _number(value) else None,
}
HORDE: Final[Mapping[str, Converter]] = {
    "language": _language,
    "timezone": _time_zone,
    "max_msgs": _page_size,
    # Horde 3 and 5 have different numbers for threads; only those correspond to conversations.
    "sortby": _one_of({161: {"conversations": "on"}, 9: {"conversations": "on"}}),
    "compose_html": _one_of({0: {"write_format": "plain"}, 1: {"write_format": "html"}}),
    "reply_quote": _switch("reply_quote", "quoted", "none"),
    "compose_cursor": _one_of(
        {
            "top": {"reply_place": "above"},
            "bottom": {"reply_place": "below"},
            "sig": {"reply_place": "below"},
        }
    ),
    "image_replacement": _switch("images", "ask", "contacts"),
    "html_image_replacement": _switch("images", "ask", "contacts"),
    "html_image_addrbook": lambda value: {"images": "contacts"} if _yes(value) else {},
    "send_mdn": _switch("receipts", "ask", "never"),
    "disposition_send_mdn": _switch("receipts", "ask", "never"),
    "mailbox_return": _switch("after_filing", "list", "next"),
    "auto_save_drafts": lambda value: {} if _number(value) else None,
}


def converted(
    theirs: Mapping[Any, Value], table: Mapping[str, Converter], left_out: Counter[str]
) -> dict[str, str]:
    """Return our preferences, by name. Those without an equivalent are counted in ``left_out``."""
    ours: dict[str, str] = {}
    for name, value in theirs.items():
        converter = table.get(name)
        like = converter(value) if converter else None
        if like is None:
            is_named = len(left_out) < _MOST_REASONS
            left_out[
                f"preference {word(name) if is_named else 'of another name'}: no like here"
            ] += 1
        else:
            ours |= like
    return ours
