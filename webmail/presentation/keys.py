"""The keys of the list and of the open message, and the strokes that a user chose for them.

One table serves all: the dialog of the key "?" shows it, and controls write their keys from it into
``aria-keyshortcuts``. By that attribute ``js/keys.js`` finds the control of a key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

_SHIFT = pgettext_lazy("key", "Shift")
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
    "Shift": _SHIFT,
}
_STROKE = re.compile(r"(?:Shift\+)?[A-ZÀ-ÖØ-Þ]|[!-@\[-`{-~²]")
_TAKEN = re.compile(
    r"f\d{1,2}|tab|enter|entrée|return|esc|escape|échap|space|espace|home|end|fin|insert|inser|del"
    r"|delete|suppr|backspace|page.{0,5}|arrow.{0,5}|[←-↓]",
    re.IGNORECASE,
)
_SYSTEM = re.compile(r"(?:ctrl|control|alt|altgr|meta|cmd|win|⌘)\s?\+.*", re.IGNORECASE)
BROWSERS = frozenset("'/")
"""Strokes that open the browser's own search, if neither the list nor a message has the focus."""


@dataclass(frozen=True)
class Key:
    """An action with its strokes. The user may change ``stroke``, which is Gmail's; ``roundcube``
    is that of Roundcube's plugin keyboard_shortcuts, if it differs. ``fixed`` strokes always work.
    Strokes are written as in ``aria-keyshortcuts``, separated by spaces."""

    name: str
    words: str | Promise
    stroke: str = ""
    fixed: str = ""
    roundcube: str = ""


IN_BOTH = (
    Key("next", _("next message"), "J", "ArrowDown", roundcube="K"),
    Key("previous", _("previous message"), "K", "ArrowUp", roundcube="J"),
    Key("reply", pgettext_lazy("of a key", "reply"), "R"),
    Key("reply_all", pgettext_lazy("of a key", "reply to all"), "A", roundcube="Shift+R"),
    Key("forward", pgettext_lazy("of a key", "forward"), "F"),
    Key("archive", pgettext_lazy("verb, of a key", "archive"), "E"),
    Key("trash", pgettext_lazy("of a key", "delete"), "#", "Delete", roundcube="D"),
    Key("junk", pgettext_lazy("of a key", "report as junk"), "!"),
    Key("choose", pgettext_lazy("of a key", "move or copy"), "M"),
    Key("tags", pgettext_lazy("of a key", "tags"), "L"),
    Key("flag", pgettext_lazy("of a key", "flag for follow-up"), "S", roundcube="*"),
    Key("seen", pgettext_lazy("of a key", "mark as read"), "Shift+I"),
    Key("unseen", pgettext_lazy("of a key", "mark as unread"), "Shift+U"),
    Key("undo", pgettext_lazy("of a key", "undo"), "Z"),
    Key("write", pgettext_lazy("of a key", "write a message"), "C"),
    Key("search", pgettext_lazy("of a key", "search"), "/", roundcube="S"),
    Key("keys", pgettext_lazy("of a key", "show these keys"), fixed="?"),
)
IN_MESSAGE = (
    Key("back", pgettext_lazy("of a key", "back to the list"), "U"),
    Key("print", pgettext_lazy("of a key", "print"), "P"),
    Key("more", pgettext_lazy("of a key", "more actions"), "."),
)
IN_LIST = (
    Key("open", pgettext_lazy("a message", "open"), fixed="Enter"),
    Key("unfold", _("unfold a conversation"), fixed="ArrowRight"),
    Key("fold", _("fold a conversation"), fixed="ArrowLeft"),
    Key("select", pgettext_lazy("a message", "select"), "X"),
    Key("several", _("select several"), fixed="Shift+ArrowDown Shift+ArrowUp"),
    Key("all", _("select all that are shown"), fixed="Control+A"),
    Key("menu", _("menu of the actions on a message"), fixed="Shift+F10"),
    Key("none", _("clear the selection"), fixed="Escape"),
)
SECTIONS: tuple[tuple[str | Promise, tuple[Key, ...]], ...] = (
    (_("In the list and in an open message"), IN_BOTH),
    (_("In an open message"), IN_MESSAGE),
    (_("In the list"), IN_LIST),
)
CHANGEABLE = tuple(key for _heading, keys in SECTIONS for key in keys if key.stroke)
_BY_NAME = {key.name: key for _heading, keys in SECTIONS for key in keys}
_USUAL = {key.name: key.stroke for key in CHANGEABLE}
# Keys that no control says: scripts ask for their strokes (js/dom.js).
_WITHOUT_CONTROL = ("next", "previous", "search", "select")

Caps = tuple[tuple[str | Promise, ...], ...]


def caps(strokes: str) -> Caps:
    """Return the labels of the keys of strokes, for each stroke those of the keys that are pressed
    together."""
    each = (stroke.split("+") if len(stroke) > 1 else [stroke] for stroke in strokes.split())
    return tuple(tuple(_CAPS.get(cap, cap.lower()) for cap in together) for together in each)


def typed(stroke: str) -> str:
    """Return a stroke as the settings show it and as a user may type it: "e", "Maj+i"."""
    return "+".join(str(cap) for cap in caps(stroke)[0]) if stroke else ""


@dataclass(frozen=True)
class KeyLine:
    """A line of the dialog of the keys."""

    words: str | Promise
    caps: Caps


@dataclass(frozen=True)
class Scheme:
    """The strokes of one user, by the names of keys; "" for a key without a stroke. Without
    ``has_letters`` no key is a character that could be typed."""

    strokes: Mapping[str, str]
    has_letters: bool = True
    _written: dict[tuple[str, ...], str] = field(default_factory=dict, repr=False, compare=False)

    def all_of(self, name: str) -> str:
        """Return the chosen stroke and the fixed ones."""
        fixed = _BY_NAME[name].fixed
        if not self.has_letters and _STROKE.fullmatch(fixed):
            return ""
        select = self.strokes["select"]
        if name == "several" and _STROKE.fullmatch(f"Shift+{select}"):
            fixed = f"{fixed} Shift+{select}"
        return f"{self.strokes.get(name, '')} {fixed}".strip()

    def sections(self) -> Iterable[tuple[str | Promise, tuple[KeyLine, ...]]]:
        """Return the keys for the dialog, under their headings."""
        for heading, keys in SECTIONS:
            lines = (KeyLine(key.words, caps(self.all_of(key.name))) for key in keys)
            yield heading, tuple(line for line in lines if line.caps)

    def shortcut(self, name: str) -> str:
        """``{% shortcut "archive" %}``: the attribute that says a control's keys."""
        attribute = self._written.get((name,))
        if attribute is None:
            strokes = self.all_of(name)
            attribute = (
                format_html('aria-keyshortcuts="{}"', strokes) if strokes else SafeString("")
            )
            self._written[(name,)] = attribute
        return attribute

    def cap(self, name: str) -> str:
        """``{% cap "archive" %}``: the first of a control's keys in brackets, for its title."""
        place = name, get_language() or ""
        suffix = self._written.get(place)
        if suffix is None:
            first = caps(self.all_of(name))[:1]
            suffix = f" ({' + '.join(str(cap) for cap in first[0])})" if first else ""
            self._written[place] = suffix
        return suffix

    @property
    def for_scripts(self) -> str:
        """The strokes that scripts must know, such as ``next=K``, separated by spaces; "" for the
        default ones."""
        named = ((name, self.strokes[name]) for name in _WITHOUT_CONTROL)
        return " ".join(f"{name}={stroke}" for name, stroke in named if stroke != _USUAL[name])


@lru_cache(maxsize=512)
def scheme(kind: str = "gmail", own: str = "") -> Scheme:
    """Return the keys of Gmail, of Roundcube, the user's ``own``, or none of one letter; an invalid
    own stroke is ignored."""
    if kind == "none":
        return Scheme(dict.fromkeys(_USUAL, ""), has_letters=False)
    if kind == "roundcube":
        return Scheme({key.name: key.roundcube or key.stroke for key in CHANGEABLE})
    return Scheme(_USUAL | (_read(own) if kind == "own" else {}))


def _read(own: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in own.split(" "))
    return {
        name: stroke
        for name, sign, stroke in pairs
        if name in _USUAL and sign and (not stroke or _STROKE.fullmatch(stroke))
    }


def write(strokes: Mapping[str, str]) -> str:
    """Return own keys as the preference keeps them: those that differ from Gmail's."""
    return " ".join(
        f"{name}={strokes[name]}" for name in _USUAL if strokes.get(name, "") != _USUAL[name]
    )


class Refused(ValueError):
    """A stroke that no action can have; its words say why."""


def parse(text: str) -> str:
    """Return the stroke that a user typed, "" for none. Raises Refused."""
    text = text.strip()
    shift = re.compile(rf"(?:shift|maj|⇧|{re.escape(str(_SHIFT))})\s?\+\s?(?=.)", re.IGNORECASE)
    letter = shift.sub("", text, count=1).upper()
    stroke = f"Shift+{letter}" if shift.match(text) else letter
    if not text or _STROKE.fullmatch(stroke):
        return stroke if text else ""
    if _SYSTEM.fullmatch(text):
        raise Refused(_("Keys with Ctrl, Alt or the system’s key belong to the browser."))
    if _TAKEN.fullmatch(letter):
        raise Refused(_("The browser, the list or the page needs this key."))
    raise Refused(_("Give one key: a letter, a digit or a sign, or a letter with Shift."))


@dataclass(frozen=True)
class Conflict:
    """Two keys with the same stroke."""

    first: Key
    second: Key
    stroke: str


def conflicts(strokes: Mapping[str, str]) -> list[Conflict]:
    """Return the strokes that two keys of one place share. A key of the list alone may share one
    with a key of the message alone."""
    pairs = []
    for places in ((*IN_BOTH, *IN_MESSAGE), (*IN_BOTH, *IN_LIST)):
        seen: dict[str, Key] = {}
        for key in places:
            for stroke in (strokes.get(key.name, ""), *key.fixed.split()):
                if stroke and (first := seen.setdefault(stroke, key)) is not key:
                    pairs.append(Conflict(first, key, stroke))
    return list(dict.fromkeys(pairs))
