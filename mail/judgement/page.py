"""The HTML of a message as words, links and pictures: enough to judge it, shown to nobody."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field

_NAME = re.compile(r"/?[a-zA-Z][a-zA-Z0-9:]{0,20}")
_ATTRIBUTE = re.compile(
    r"([a-zA-Z-]{2,20})\s*=\s*(?:\"([^\"]{0,2000})|'([^']{0,2000})|([^\s>\"']{1,2000}))"
)
_HIDES = re.compile(
    r"display:none|visibility:hidden|font-size:(?:0(?!\.?[1-9])|[01](?:\.\d+)?p[xt])|max-height:0"
    r"|opacity:0(?!\.?[1-9])|(?<!-)color:transparent"
)
_COLOUR = re.compile(r"(?<![\w-])color:([#\w]{3,20}(?:\([\d,.%]{1,40}\))?)")
_BEHIND = re.compile(r"background(?:-color)?:([#\w]{3,20}(?:\([\d,.%]{1,40}\))?)")
_NAMED = {"white": "#ffffff", "#fff": "#ffffff", "black": "#000000", "#000": "#000000"}
_BREAKS = frozenset("p div br td tr li h1 h2 h3 h4 table ul ol hr blockquote".split())
_EMPTY = frozenset("br hr img meta link input area base col wbr".split())
_RAW = frozenset({"style", "script", "title", "noscript"})
_MOST_LINKS = 500
# One piece of markup; what is longer is taken for text that is never closed.
_LONGEST_TAG = 20_000


@dataclass(frozen=True)
class Link:
    """The address that a link leads to, and the words it is under. ``place``: how many characters
    stand before it; ``is_quoted``: whether it is in what somebody else wrote."""

    address: str
    words: str
    place: int = 0
    is_quoted: bool = False


@dataclass
class HtmlContent:
    """The content of a page of HTML. ``pixels``: pictures nobody is meant to see; ``hidden``: the
    number of letters that a style hides."""

    text: list[str] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    pictures: int = 0
    pixels: int = 0
    hidden: int = 0

    def words(self) -> str:
        return "".join(self.text)


def read_page(source: str) -> HtmlContent:
    """Never raises; takes time in proportion to ``source``. Text that a style hides is left out:
    such words are there for classifiers alone."""
    return _Reader(source).page


class _Reader:
    def __init__(self, source: str) -> None:
        self.page = HtmlContent()
        self._source = source
        self._lower = source.lower()
        self._hidden: list[str] = []
        self._link = ""
        self._link_from = 0
        self._link_place = 0
        self._length = 0
        self._quotes = 0
        self._missing: set[str] = set()
        self._read()

    def _read(self) -> None:
        source, position = self._source, 0
        while (tag := source.find("<", position)) >= 0:
            self._say(source[position:tag])
            position = self._after(tag)
        self._say(source[position:])
        self._end_link()

    def _after(self, tag: int) -> int:
        """Return where reading goes on behind the markup that begins at ``tag``."""
        source = self._source
        if source.startswith("<!--", tag):
            return self._skip("-->", tag + 4)
        name = _NAME.match(source, tag + 1)
        if not name:
            if source.startswith(("<!", "<?"), tag):
                return self._skip(">", tag + 1)
            self._say("<")
            return tag + 1
        end = source.find(">", name.end(), tag + _LONGEST_TAG)
        if end < 0:
            return name.end()
        word = name[0].lower()
        if word in _RAW:
            return self._skip(">", self._skip(f"</{word}", end))
        self._tag(word, source[name.end() : end])
        return end + 1

    def _skip(self, mark: str, start: int) -> int:
        """Behind the next ``mark``; where there is none, at ``start``. Looked for once only."""
        if mark in self._missing:
            return start
        position = self._lower.find(mark, start)
        if position < 0:
            self._missing.add(mark)
            return start
        return position + len(mark)

    def _say(self, words: str) -> None:
        if self._hidden:
            self.page.hidden += sum(map(str.isalnum, words))
        else:
            self._add(html.unescape(words))

    def _add(self, words: str) -> None:
        self.page.text.append(words)
        self._length += len(words)

    def _tag(self, name: str, rest: str) -> None:
        if self._hidden:
            self._inside_hidden(name)
            return
        if name.strip("/") in _BREAKS:
            self._add("\n")
        if name.endswith("blockquote"):
            self._quotes = max(0, self._quotes - 1) if name[0] == "/" else self._quotes + 1
        if name == "/a":
            self._end_link()
        elif name in ("a", "img") or "style" in rest:
            self._open(name, rest)

    def _open(self, name: str, rest: str) -> None:
        attributes = {
            match[1].lower(): html.unescape(match[2] or match[3] or match[4] or "")
            for match in _ATTRIBUTE.finditer(rest)
        }
        style = "".join(attributes.get("style", "").lower().split())
        if name == "img":
            self.page.pictures += 1
            sizes = {
                attributes.get("width", "").strip("px "),
                attributes.get("height", "").strip("px "),
            }
            self.page.pixels += bool(sizes <= {"0", "1"}) or "width:1px" in style
            self._add(f" {attributes.get('alt', '')} ")
        elif name not in _EMPTY and (_HIDES.search(style) or _is_unseen(style)):
            self._hidden = [name]
        elif name == "a":
            self._end_link()
            self._link = attributes.get("href", "").strip()
            self._link_from = len(self.page.text)
            self._link_place = self._length

    def _inside_hidden(self, name: str) -> None:
        """Elements of the hidden one's own name are counted, so that its end is found."""
        if name == self._hidden[0]:
            self._hidden.append(name)
        elif name == f"/{self._hidden[0]}":
            self._hidden.pop()

    def _end_link(self) -> None:
        if self._link and len(self.page.links) < _MOST_LINKS:
            words = "".join(self.page.text[self._link_from :])[:2000]
            self.page.links.append(
                Link(self._link, words.strip(), self._link_place, self._quotes > 0)
            )
        self._link = ""


def _is_unseen(style: str) -> bool:
    """Whether words have the colour of what is behind them."""
    colour, behind = _COLOUR.search(style), _BEHIND.search(style)
    return colour is not None and behind is not None and _hex(colour[1]) == _hex(behind[1])


def _hex(colour: str) -> str:
    return _NAMED.get(colour, colour)
