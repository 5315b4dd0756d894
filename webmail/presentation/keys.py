"""The keys of the list and of the open message.

One table: the dialog of the key "?" shows it, and a control says its own keys from it in
``aria-keyshortcuts``. By that attribute ``js/keys.js`` finds the control that a key presses.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

_CAPS: dict[str, str | Promise] = {
    "ArrowDown": "↓",
    "ArrowUp": "↑",
    "ArrowLeft": "←",
    "ArrowRight": "→",
    "Control": pgettext_lazy("key", "Ctrl"),
    "Delete": pgettext_lazy("key", "Del"),
    "F10": "F10",
    "Enter": pgettext_lazy("key", "Enter"),
    "Escape": pgettext_lazy("key", "Esc"),
    "Shift": pgettext_lazy("key", "Shift"),
}


@dataclass(frozen=True)
class Key:
    """What one or several keys do. ``strokes`` are as ``aria-keyshortcuts`` writes them, separated
    by blanks."""

    name: str
    strokes: str
    words: str | Promise

    @property
    def caps(self) -> tuple[tuple[str | Promise, ...], ...]:
        """What stands on the keys: of each stroke those that are pressed together."""
        strokes = (stroke.split("+") for stroke in self.strokes.split())
        return tuple(tuple(_CAPS.get(cap, cap.lower()) for cap in caps) for caps in strokes)


IN_BOTH = (
    Key("next", "J ArrowDown", _("next message")),
    Key("previous", "K ArrowUp", _("previous message")),
    Key("reply", "R", pgettext_lazy("of a key", "reply")),
    Key("reply_all", "A", pgettext_lazy("of a key", "reply to all")),
    Key("forward", "F", pgettext_lazy("of a key", "forward")),
    Key("archive", "E", pgettext_lazy("verb, of a key", "archive")),
    Key("trash", "# Delete", pgettext_lazy("of a key", "delete")),
    Key("junk", "!", pgettext_lazy("of a key", "report as junk")),
    Key("choose", "M", pgettext_lazy("of a key", "move or copy")),
    Key("tags", "L", pgettext_lazy("of a key", "tags")),
    Key("flag", "S", pgettext_lazy("of a key", "flag for follow-up")),
    Key("seen", "Shift+I", pgettext_lazy("of a key", "mark as read")),
    Key("unseen", "Shift+U", pgettext_lazy("of a key", "mark as unread")),
    Key("undo", "Z", pgettext_lazy("of a key", "undo")),
    Key("write", "C", pgettext_lazy("of a key", "write a message")),
    Key("search", "/", pgettext_lazy("of a key", "search")),
    Key("keys", "?", pgettext_lazy("of a key", "show these keys")),
)
IN_MESSAGE = (
    Key("back", "U", pgettext_lazy("of a key", "back to the list")),
    Key("more", ".", pgettext_lazy("of a key", "more actions")),
)
IN_LIST = (
    Key("open", "Enter", pgettext_lazy("a message", "open")),
    Key("unfold", "ArrowRight", _("unfold a conversation")),
    Key("fold", "ArrowLeft", _("fold a conversation")),
    Key("select", "X", pgettext_lazy("a message", "select")),
    Key("several", "Shift+ArrowDown Shift+ArrowUp Shift+X", _("select several")),
    Key("all", "Control+A", _("select all that are shown")),
    Key("menu", "Shift+F10", _("menu of the actions on a message")),
    Key("none", "Escape", _("clear the selection")),
)
SECTIONS: tuple[tuple[str | Promise, tuple[Key, ...]], ...] = (
    (_("In the list and in an open message"), IN_BOTH),
    (_("In an open message"), IN_MESSAGE),
    (_("In the list"), IN_LIST),
)
_BY_NAME = {key.name: key for _heading, keys in SECTIONS for key in keys}


def sections() -> Iterable[tuple[str | Promise, tuple[Key, ...]]]:
    """The keys for the dialog, under their headings."""
    return SECTIONS


def shortcut(name: str) -> SafeString:
    """``{% shortcut "archive" %}``: the attribute that says a control's keys."""
    return format_html('aria-keyshortcuts="{}"', _BY_NAME[name].strokes)


def cap(name: str) -> str:
    """``{% cap "archive" %}``: the first of a control's keys, for its title."""
    return " + ".join(str(cap) for cap in _BY_NAME[name].caps[0])
