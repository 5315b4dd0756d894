"""Makes the elements of a message safe: numbers addresses, filters styles, removes trackers, adds
warnings to links; then bleach's rules check each element.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from urllib.parse import unquote

from lxml import etree

from mail.mime import links, tracking
from mail.mime.hypertext import allowlist, cascade, css, visibility
from mail.mime.hypertext.bounds import TooComplex
from mail.mime.hypertext.quote_folding import FoldingResult

_Attributes = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Decision:
    """The decision on an element: its attributes (None: it is removed), and whether they are
    unchanged.
    """

    kept: dict[str, str] | None
    is_unchanged: bool


@dataclass
class RewrittenPage:
    """The part of a message that is kept, and what it refers to, in the order of the style sheets
    and then of the text.
    """

    is_remote_allowed: bool
    locations: Collection[str]
    mailto: str = ""
    source: str = ""
    inline: dict[str, int] = field(default_factory=dict)
    remote: dict[str, int] = field(default_factory=dict)
    blocked: int = 0
    trackers: int = 0
    is_designed: bool = False
    _styles: dict[str, str | None] = field(default_factory=dict)
    _style_characters: int = 0
    # Decisions by tag and attributes: newsletters repeat their elements.
    _known: dict[tuple[str, _Attributes], _Decision] = field(default_factory=dict)

    def settle(
        self, root: etree._Element, folded: FoldingResult, sheet: cascade.MessageSheet
    ) -> None:
        """Decide on every element below ``root``. The tree must not change afterwards."""
        unseen = sheet.unseen(root)
        for element in list(root.iter())[1:]:
            if folded.added and element in folded.added:
                _settle_own(element)
            elif element.tag == "img" and self._is_tracker(element, sheet, element in unseen):
                self.trackers += 1
                _remove(element)
            else:
                raw = tuple(element.items())
                if _has_background(raw) and (element in unseen or sheet.visibility(element).is_dot):
                    raw = self._without_background(element)
                decision = self._decision(element, raw, element in folded.signatures)
                if not decision.is_unchanged:
                    _set(element, raw, decision.kept)

    def _decision(self, element: etree._Element, raw: _Attributes, is_signature: bool) -> _Decision:
        key = (element.tag, raw)
        decision = None if is_signature else self._known.get(key)
        if decision is None:
            allowed = self._attributes(element, raw, is_signature)
            decision = _Decision(allowed, allowed == dict(raw))
            if not is_signature and not any(name in _OF_ONE_PLACE for name, _ in raw):
                self._known[key] = decision
        return decision

    def _attributes(
        self, element: etree._Element, raw: _Attributes, is_signature: bool
    ) -> dict[str, str] | None:
        allowed: dict[str, str] = {}
        for name, value in raw:
            rule = _RULES.get(name)
            new = rule(self, value) if rule else value
            if new is not None:
                allowed[name] = new
        if "background" not in allowed and any(name == "background" for name, _ in raw):
            self._set_backdrop(allowed)
        if is_signature:
            allowed["class"] = f"{allowed.get('class', '')} m-signature".strip()
        if not allowed.get("href", "#").startswith("#"):
            self._open_outside(element, allowed)
        return allowlist.kept_attributes(element.tag, allowed)

    def _set_backdrop(self, allowed: dict[str, str]) -> None:
        """Give an element whose background is not shown another background, if it has none of its
        own.
        """
        style = allowed.get("style", "")
        if self.has_light_ink and "bgcolor" not in allowed and "background" not in style:
            allowed["style"] = ";".join(filter(None, (style, f"background-color:{css.BACKDROP}")))

    def _open_outside(self, element: etree._Element, allowed: dict[str, str]) -> None:
        """Make links open a new window that knows neither its opener nor the referrer.

        A link without text, usually an image, gets its host in its title, which a browser shows
        under the pointer: a newsletter has forty such links, and a note after each would drown its
        text. A host that is alarming, or differs from the image's own text, gets a note as at any
        link.
        """
        address = allowed["href"]
        words = "".join(map(str, islice(element.itertext(), 200)))
        has_words = any(map(str.isalnum, words))
        pictures = [] if has_words else _pictures(element)
        titles = " ".join(filter(None, map(_said, (element, *pictures))))
        note = links.note(address, f"{titles} {words}"[:2000])
        title = address[:500] if note else ""
        if not (note or has_words):
            title = f"→ {links.shown_host(address)}".removesuffix("→ ")
        if title:
            allowed["title"] = title
            for picture in pictures:  # browsers show the title of the innermost element
                picture.set("title", title)
        if note and element.tag == "a":
            _add_note(element, note, address)
        if self.mailto and address[:7].lower() == "mailto:":
            allowed["href"] = links.compose(address, self.mailto)
        allowed |= {"target": "_blank", "rel": links.REL}

    def _is_tracker(
        self, element: etree._Element, sheet: cascade.MessageSheet, is_unseen: bool
    ) -> bool:
        address = _address(element.get("src", ""))
        if address in self.locations:
            return False
        if not _REMOTE.match(address) and "//" not in element.get("srcset", ""):
            return False
        seen = sheet.visibility(element)
        if is_unseen or seen.is_hidden or seen.is_tiny or tracking.is_known(address):
            return True
        is_suspect = tracking.is_suspect(address) and not element.get("alt")
        return is_suspect and not sheet.is_sized(element)

    def _without_background(self, element: etree._Element) -> _Attributes:
        """Return the attributes of an element, without a background that cannot be seen."""

        def drop(address: str, _beside: str) -> None:
            self.trackers += bool(_REMOTE.match(_address(address)))

        drop(element.attrib.pop("background", ""), "")
        if style := element.get("style"):
            element.set("style", css.declarations(style, drop))
        return tuple(element.items())

    # One rule for each attribute that may change; None drops it.

    def image(self, value: str, beside: str = "") -> str | None:
        """Return the address from which an image may be loaded, or None. ``beside`` are the
        declarations around a background.
        """
        address = _address(value)
        if address[:4].lower() == "cid:":
            self.is_designed = True
            return f"inline/{_position(self.inline, unquote(address[4:]).strip('<> '))}"
        if address and address in self.locations:
            self.is_designed = True
            return f"inline/{_position(self.inline, address)}"
        if not _REMOTE.match(address):
            return None
        if tracking.is_known(address) or visibility.are_unseen(beside):
            self.trackers += 1
            return None
        self.is_designed = True
        position = _position(self.remote, address)
        if self.is_remote_allowed:
            return f"remote/{position}"
        self.blocked += 1
        return None

    def in_style(self, address: str, beside: str) -> str | None:
        """Return the same for the background of a style. White text must keep a background."""
        image = self.image(address, beside)
        if image or not self.has_light_ink or _has_paper(beside) or visibility.are_unseen(beside):
            return image
        return css.LOST

    @cached_property
    def has_light_ink(self) -> bool:
        """Whether the message has text that cannot be read on white."""
        return bool(_LIGHT_INK.search(self.source))

    def _image_set(self, value: str) -> str | None:
        blocked, allowed = self.blocked, []
        for candidate in re.findall(r"[^\s,]\S*(?:\s+[\d.]{1,8}[wx])?", value)[:20]:
            address, _, size = candidate.rstrip(",").partition(" ")
            if rewritten := self.image(address):
                allowed.append(f"{rewritten} {size.strip()}".strip())
        self.blocked = blocked  # they are other sizes of the image in src
        return ", ".join(allowed) or None

    def _background(self, value: str) -> str | None:
        self.is_designed = True
        return self.image(value)

    def _style(self, value: str) -> str | None:
        if value not in self._styles:
            self._style_characters += len(value)
            if self._style_characters > css.MOST_CHARACTERS:
                raise TooComplex("more than 300,000 characters of different styles")
            allowed = css.declarations(value, self.in_style)
            self.is_designed = self.is_designed or is_coloured(allowed)
            self._styles[value] = allowed or None
        return self._styles[value]

    def _paper(self, value: str) -> str | None:
        self.is_designed = self.is_designed or not _is_plain("background", value)
        return value

    def _ink(self, value: str) -> str | None:
        self.is_designed = self.is_designed or not _is_plain("color", value)
        return value

    def _link(self, value: str) -> str | None:
        address = _address(value)
        if address.startswith("#"):
            return f"#{_prefixed(address[1:])}"
        return address if _LINK.match(address) else None

    def _name(self, value: str) -> str | None:
        return _prefixed(value)

    def _classes(self, value: str) -> str | None:
        return " ".join(map(css.own_class, value.split())) or None

    def _map(self, value: str) -> str | None:
        return f"#{_prefixed(value[1:])}" if value.startswith("#") else None


_RULES: dict[str, Callable[[RewrittenPage, str], str | None]] = {
    "background": RewrittenPage._background,
    "bgcolor": RewrittenPage._paper,
    "class": RewrittenPage._classes,
    "color": RewrittenPage._ink,
    "href": RewrittenPage._link,
    "id": RewrittenPage._name,
    "name": RewrittenPage._name,
    "src": RewrittenPage.image,
    "srcset": RewrittenPage._image_set,
    "style": RewrittenPage._style,
    "usemap": RewrittenPage._map,
}
# Attributes whose effect is counted or depends on the text: decided anew for each element.
_OF_ONE_PLACE = frozenset({"background", "href", "src", "srcset"})


# --- the tree ---


def _has_background(raw: _Attributes) -> bool:
    for name, value in raw:
        if name == "background" or (name == "style" and "url(" in value.lower()):
            return True
    return False


def _pictures(link: etree._Element) -> list[etree._Element]:
    """Return the images among the first elements of a link."""
    return [element for element in islice(link.iter(), 200) if element.tag == "img"]


def _said(element: etree._Element) -> str:
    """Return the text that stands for an image or beside a link, without being its content."""
    return f"{element.get('title', '')} {element.get('alt', '')}".strip()[:1000]


def _set(
    element: etree._Element, raw: Iterable[tuple[str, str]], allowed: dict[str, str] | None
) -> None:
    """Give an element its allowed attributes; None removes it."""
    if allowed is None:
        _remove(element)
        return
    for name, value in raw:
        new = allowed.get(name)
        if new is None:
            del element.attrib[name]
        elif new != value:
            element.set(name, new)
    if len(allowed) != len(element.attrib):
        element.attrib.update(allowed)


def _settle_own(element: etree._Element) -> None:
    """Apply bleach's rules to an element of the webmail's own."""
    _set(element, element.items(), allowlist.kept_attributes(element.tag, dict(element.items())))


def _remove(element: etree._Element) -> None:
    """Remove an element with its contents, but keep its tail."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    parent.remove(element)


# --- addresses and names ---

_LINE_BREAKS = re.compile("[\t\r\n]")
_LINK = re.compile(r"(?:https?://[^\s/?#\\]|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"https?://[^\s/?#\\]", re.IGNORECASE)
_LONGEST_ADDRESS = 8192


def _address(value: str) -> str:
    """Return an address as a browser reads it: without line breaks and surrounding spaces,
    ``//host`` as https.
    """
    value = _LINE_BREAKS.sub("", value).strip(" \xa0")
    if len(value) > _LONGEST_ADDRESS:
        return ""
    return f"https:{value}" if re.match(r"//[^\s/?#\\]", value) else value


def _position(known: dict[str, int], address: str) -> int:
    return known.setdefault(address, len(known))


def _prefixed(value: str) -> str:
    """Return an id that differs from all ids of the frame itself."""
    return css.PREFIX + re.sub(r"\s+", "_", value)[:200]


# --- notes at links ---

# "important" in an attribute beats every style sheet, so that the message cannot hide a note.
_NOTE_STYLE = (
    "all:initial !important;direction:ltr !important;unicode-bidi:isolate !important;"
    "font:600 12px/1.4 system-ui,sans-serif !important;color:{} !important;"
    "background-color:{} !important;padding:0 4px !important;margin:0 2px !important;"
    "border-radius:3px !important;word-break:break-all !important"
)


def _add_note(link: etree._Element, note: links.LinkWarning, address: str) -> None:
    """Write the host of a link after it."""
    ink, paper = ("#8a1c00", "#fdeae4") if note.is_alarming else ("#4a3b00", "#fff4d1")
    element = etree.Element("small")
    element.set("class", "m-host m-alarm" if note.is_alarming else "m-host")
    element.set("title", address[:500])
    element.set("style", _NOTE_STYLE.format(ink, paper))
    element.text = f"{'⚠' if note.is_alarming else '→'} {note.shown}"
    _settle_own(element)
    element.tail, link.tail = link.tail, None
    link.addnext(element)


# --- colours ---

_LIGHT_INK = re.compile(
    r"""(?<![\w-])color\s*+[:=]\s*+(?:["']\s*+)?
    (?:\#(?:[c-f][0-9a-f]){3}(?![0-9a-f])|\#[c-f]{3}(?![0-9a-f])|white\b|snow\b|ivory\b
    |rgba?\(\s*2[0-5]\d\s*,\s*2[0-5]\d\s*,\s*2[0-5]\d\b)""",
    re.IGNORECASE | re.VERBOSE,
)
_BACKGROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;]*)")
_NO_PAPER = frozenset(
    """
    none no-repeat repeat repeat-x repeat-y round space center top left right bottom cover contain
    auto scroll local fixed transparent inherit initial unset border-box padding-box content-box
    !important
    """.split()
)


def _has_paper(declarations: str) -> bool:
    """Return whether a background has a colour beside its image."""
    values = " ".join(_BACKGROUND.findall(declarations))
    return any(
        word[0] in "#abcdefghijklmnopqrstuvwxyz" and word not in _NO_PAPER
        for word in re.split(r"[\s,/]+", values.lower())
        if word
    )


_COLOURED = re.compile(r"(?:^|[;{\s])(background(?:-color|-image)?|color):([^;{}]*)")
# Black, white, and the colours that Word gives to links.
_PLAIN = frozenset(
    """
    inherit initial unset auto currentcolor windowtext window black white transparent none #000
    #000000 #fff #ffffff rgb(0,0,0) rgb(255,255,255) blue purple #0000ff #00f #0563c1 #954f72
    #467886 #96607d #800080
    """.split()
)
_HEX = re.compile(r"#(?:([0-9a-f])([0-9a-f])([0-9a-f])|([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2}))")
_RGB = re.compile(r"rgb\((\d{1,3}),(\d{1,3}),(\d{1,3})\)")
# The lightest grey that counts as text colour, and the greatest distance from grey, of 255.
_LIGHTEST_INK = 192
_FURTHEST_FROM_GREY = 40


def _is_grey_ink(value: str) -> bool:
    """Return whether a colour is a grey that is readable on white: small print, or the near-black
    that mail programs use.
    """
    if match := _HEX.fullmatch(value):
        channels = [
            int(digits * 2 if len(digits) == 1 else digits, 16)
            for digits in match.groups()
            if digits
        ]
    elif match := _RGB.fullmatch(value):
        channels = [int(number) for number in match.groups()]
    else:
        return False
    spread = max(channels) - min(channels)
    return max(channels) <= _LIGHTEST_INK and spread <= _FURTHEST_FROM_GREY


def _is_plain(name: str, value: str) -> bool:
    """Return whether a colour is that of undesigned mail: dark on white."""
    value = value.strip().lower().removesuffix("!important").rstrip()
    value = ",".join(piece.strip() for piece in value.split(","))
    return not value or value in _PLAIN or (name == "color" and _is_grey_ink(value))


def is_coloured(style: str) -> bool:
    """Return whether filtered CSS sets colours or backgrounds other than dark on white."""
    return any(not _is_plain(name, value) for name, value in _COLOURED.findall(style))
