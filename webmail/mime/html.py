"""HTML mail made safe to show: style sheets filtered, then nh3, then bleach's rules as the last
word.

The result goes into a sandboxed frame under its own Content-Security-Policy; this is the first of
two walls.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

import nh3
from bleach.css_sanitizer import CSSSanitizer
from bleach.html5lib_shim import Filter  # type: ignore[attr-defined]
from bleach.sanitizer import Cleaner

from webmail.mime import css
from webmail.mime import text as plain_text
from webmail.mime.structure import Part

MOST_CHARACTERS = 1_000_000
DEEPEST = 200
# nh3's own time grows with the square of the depth; this much costs it 10 ms.
_DEEPEST_BEFORE = 1500
# bleach's parser needs some 10 µs for each tag or entity.
_MOST_TOKENS = 120_000
_LONGEST_ADDRESS = 8192


class TooComplex(ValueError):
    """The HTML is larger than 1 MB, deeper than 200 elements, or made to be slow: show the text
    instead."""


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """What the frame shows of an HTML message, and what it refers to.

    ``body`` has ``src="inline/<n>"`` for ``inline[n]``, a content id or Content-Location (n from
    0), and with remote content allowed ``src="remote/<n>"`` for ``remote[n]``, an absolute http(s)
    address. ``style`` goes into a ``<style>`` of the head. ``images_blocked`` counts the places
    where a remote image is not shown.
    """

    body: str
    style: str = ""
    inline: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    images_blocked: int = 0


_TAGS = css.words(
    """
    a abbr acronym address area article aside b bdi bdo big blockquote br caption center cite
    code col colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3
    h4 h5 h6 header hr i img ins kbd li main map mark menu nav ol p pre q rp rt ruby s samp
    section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u
    ul var wbr
    """
)
_EVERYWHERE = css.words("align bgcolor class dir height id lang style title valign width")
_CELL = css.words("abbr axis background bordercolor char charoff colspan nowrap rowspan scope")
_OF_TAG = {
    "a": frozenset({"href", "name"}),
    "area": frozenset({"alt", "coords", "href", "shape"}),
    "bdo": frozenset({"dir"}),
    "blockquote": frozenset({"type"}),
    "br": frozenset({"clear"}),
    "col": frozenset({"span"}),
    "colgroup": frozenset({"span"}),
    "details": frozenset({"open"}),
    "font": frozenset({"color", "face", "size"}),
    "hr": frozenset({"color", "noshade", "size"}),
    "img": frozenset({"alt", "border", "hspace", "src", "srcset", "usemap", "vspace"}),
    "li": frozenset({"type", "value"}),
    "map": frozenset({"name"}),
    "ol": frozenset({"reversed", "start", "type"}),
    "table": css.words(
        "background border bordercolor cellpadding cellspacing frame role rules summary"
    ),
    "td": _CELL,
    "th": _CELL,
    "tbody": frozenset({"background"}),
    "thead": frozenset({"background"}),
    "tfoot": frozenset({"background"}),
    "tr": frozenset({"background"}),
    "time": frozenset({"datetime"}),
    "ul": frozenset({"type"}),
}
_DROPPED_WITH_CONTENT = css.words(
    """
    script style title noscript template svg math iframe object embed applet noembed noframes
    textarea select xmp plaintext audio video canvas frameset
    """
)
# "role" lets a message call a layout table a layout table, and nothing else.
_ROLES = frozenset({"presentation", "none"})


_LINE_BREAKS = re.compile("[\t\r\n\x00]")
_LINK = re.compile(r"(?:https?://[^\s/?#\\]|mailto:|tel:)", re.IGNORECASE)
_REMOTE = re.compile(r"https?://[^\s/?#\\]", re.IGNORECASE)


def _address(value: str) -> str:
    """An address as a browser reads it: without line breaks and the blanks around, ``//host`` made
    https."""
    value = _LINE_BREAKS.sub("", value).strip(
        "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f \xa0"
    )
    if len(value) > _LONGEST_ADDRESS:
        return ""
    return f"https:{value}" if re.match(r"//[^\s/?#\\]", value) else value


@dataclass
class _Rewriter:
    """Decides each attribute in nh3's pass, and collects what the message refers to, in the order
    of the text."""

    is_remote_allowed: bool
    locations: Collection[str]
    inline: dict[str, int] = field(default_factory=dict)
    remote: dict[str, int] = field(default_factory=dict)
    blocked: int = 0

    def attribute(self, tag: str, name: str, value: str) -> str | None:
        """The value to keep, or None. Never raises: what nh3 does then has changed between its
        versions."""
        try:
            return self._attribute(tag, name, value)
        except (ValueError, LookupError, RecursionError):
            return None

    def _attribute(self, tag: str, name: str, value: str) -> str | None:
        # nh3 also asks for the elements that it is about to drop.
        if not _is_allowed(tag, name, value):
            return None
        if name == "style":
            return css.declarations(value) or None
        if name in ("src", "background"):
            return self._image(value)
        if name == "srcset":
            return self._source_set(value)
        if name == "href":
            return _link_target(value)
        if name in ("id", "name"):
            return _prefixed(value)
        if name == "usemap":
            return f"#{_prefixed(value[1:])}" if value.startswith("#") else None
        if name == "role":
            return value if value in _ROLES else None
        return value

    def _image(self, value: str) -> str | None:
        address = _address(value)
        if address[:4].lower() == "cid:":
            return f"inline/{_position(self.inline, unquote(address[4:]).strip('<> '))}"
        if address and address in self.locations:
            return f"inline/{_position(self.inline, address)}"
        if not _REMOTE.match(address):
            return None
        position = _position(self.remote, address)
        if self.is_remote_allowed:
            return f"remote/{position}"
        self.blocked += 1
        return None

    def _source_set(self, value: str) -> str | None:
        blocked, kept = self.blocked, []
        for candidate in re.findall(r"[^\s,]\S*(?:\s+[\d.]{1,8}[wx])?", value)[:20]:
            address, _, size = candidate.rstrip(",").partition(" ")
            if rewritten := self._image(address):
                kept.append(f"{rewritten} {size.strip()}".strip())
        self.blocked = blocked  # they are other sizes of the image that src names
        return ", ".join(kept) or None


def _position(known: dict[str, int], address: str) -> int:
    return known.setdefault(address, len(known))


def _link_target(value: str) -> str | None:
    address = _address(value)
    if address.startswith("#"):
        return f"#{_prefixed(address[1:])}"
    return address if _LINK.match(address) else None


def _prefixed(value: str) -> str:
    """An id that can meet none of the frame's own."""
    return css.PREFIX + re.sub(r"\s+", "_", value)[:200]


# --- sanitising ---


def sanitise(source: str, *, remote: bool = False, locations: Collection[str] = ()) -> SafeHtml:
    """What of an HTML message may be shown. ``locations``: the Content-Locations of the message's
    parts.

    With ``remote`` false nothing in the result loads anything but ``inline/<n>``. Raises
    TooComplex.
    """
    source = _clean_characters(source)
    _check_before(source)
    rewriter = _Rewriter(remote, frozenset(locations))
    cleaned = nh3.clean(
        source,
        tags=set(_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={"*": set(_EVERYWHERE), **{tag: set(names) for tag, names in _OF_TAG.items()}},
        attribute_filter=rewriter.attribute,
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        link_rel=None,
        strip_comments=True,
    )
    _check_after(cleaned)
    return SafeHtml(
        body=_judge(cleaned),
        style=_style(source),
        inline=tuple(rewriter.inline),
        remote=tuple(rewriter.remote),
        images_blocked=rewriter.blocked or int(bool(rewriter.remote) and not remote),
    )


def _clean_characters(source: str) -> str:
    return plain_text.without_surrogates(source).replace("\x00", "")


_OPENING = re.compile(r"<(/?)([a-z][a-z0-9]*)", re.IGNORECASE)
_VOID = css.words("area base br col embed hr img input link meta param source track wbr")
# Their end tags are left out lawfully.
_UNCLOSED = _VOID | css.words(
    "body colgroup dd dt head html li option p rp rt tbody td tfoot th thead tr"
)


def _check_before(source: str) -> None:
    """Refuse what would cost nh3 seconds. Rough on purpose: only its parser knows the real
    depth."""
    if len(source) > MOST_CHARACTERS:
        raise TooComplex("larger than 1 MB")
    # html5ever takes 7 seconds for a megabyte of ampersands.
    if source.count("&") > _MOST_TOKENS:
        raise TooComplex("too many entities")
    depth = 0
    for closing, tag in _OPENING.findall(source):
        if tag.lower() not in _UNCLOSED:
            depth = max(depth - 1, 0) if closing else depth + 1
            if depth > _DEEPEST_BEFORE:
                raise TooComplex("too many elements are open at once")


# nh3's own output: every attribute in double quotes, every element closed.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[^\s=>"]+="[^"]*")*)\s*>')


def _check_after(cleaned: str) -> None:
    """Refuse what would cost bleach seconds; on well-formed HTML the depth is exact."""
    if len(cleaned) > 2 * MOST_CHARACTERS or cleaned.count("<") + cleaned.count("&") > _MOST_TOKENS:
        raise TooComplex("too many elements or entities")
    depth = 0
    for closing, tag, _ in _TAG.findall(cleaned):
        if tag not in _VOID:
            depth += -1 if closing else 1
            if depth > DEEPEST:
                raise TooComplex("deeper than 200 elements")


def _is_allowed(tag: str, name: str, value: str) -> bool:
    # target and rel are not in the lists: only _SafeLinks writes them.
    return name in _EVERYWHERE or name in _OF_TAG.get(tag, ())


class _SafeLinks(Filter):  # type: ignore[misc]  # html5lib's filters have no types
    """Links open a new window that knows neither its opener nor where it came from."""

    def __iter__(self) -> Iterator[Any]:
        for token in super().__iter__():
            if token["type"] in ("StartTag", "EmptyTag") and token["name"] in ("a", "area"):
                href = token["data"].get((None, "href"), "")
                if href and not href.startswith("#"):
                    token["data"][None, "target"] = "_blank"
                    token["data"][None, "rel"] = "noopener noreferrer"
            yield token


def _judge(cleaned: str) -> str:
    """Bleach's judgement of each element and attribute: nothing but this function writes the body.

    A cleaner of its own for each call, since bleach's are not thread-safe.
    """
    cleaner = Cleaner(
        tags=_TAGS,
        attributes=_is_allowed,
        protocols={"http", "https", "mailto", "tel"},
        strip=True,
        strip_comments=True,
        css_sanitizer=CSSSanitizer(
            allowed_css_properties=css.PROPERTIES, allowed_svg_properties=()
        ),
        filters=[_SafeLinks],
    )
    return cleaner.clean(cleaned)


# --- style sheets ---

# Comments are skipped, so that what only Outlook is to read (<!--[if mso]>) is not taken for
# everybody's.
_HEAD = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<style\b(?P<style>[^>]*)(?:>|\Z)(?P<sheet>.*?)(?:</style|\Z)"
    r"|<body\b(?P<body>[^>]*)(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)


def _style(source: str) -> str:
    """All style sheets of the message, filtered, and what its ``<body>`` says, which is in no
    sheet."""
    body, sheets = "", []
    for match in _HEAD.finditer(source):
        if match["style"] is not None:
            attributes = _attributes(match["style"])
            media, sheet = attributes.get("media", ""), match["sheet"]
            if attributes.get("type", "text/css").strip().lower() == "text/css":
                sheets.append(f"@media {media} {{{sheet}}}" if media not in ("", "all") else sheet)
        elif match["body"] and not body:
            body = _body_rules(_attributes(match["body"]))
    size, out = 0, [body]
    for sheet in sheets:
        size += len(sheet)
        if size <= css.MOST_CHARACTERS:
            out.append(css.sheet(sheet))
    return "\n".join(filter(None, out))


def _attributes(tag: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(tag[:5000]):
        found.setdefault(name.lower(), html.unescape("".join(values)))
    return found


def _body_rules(attributes: dict[str, str]) -> str:
    """The colours and style of ``<body>`` as rules: the frame has a body of its own."""
    own = [
        f"background-color:{_colour(attributes.get('bgcolor', ''))}",
        f"color:{_colour(attributes.get('text', ''))}",
    ]
    declarations = css.declarations(";".join([*own, attributes.get("style", "")]))
    link = css.declarations(f"color:{_colour(attributes.get('link', ''))}")
    rules = [f"body{{{declarations}}}" if declarations else "", f"a:link{{{link}}}" if link else ""]
    return "\n".join(filter(None, rules))


def _colour(value: str) -> str:
    """A colour attribute as CSS has it: ``ffffff`` had no need of its ``#``."""
    value = value.strip()
    return f"#{value}" if re.fullmatch(r"[0-9a-f]{6}", value, re.IGNORECASE) else value


# --- HTML and text ---

_META_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,500}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_BREAKING = css.words(
    """
    address article aside blockquote center dd details dir div dl dt figcaption figure footer h1
    h2 h3 h4 h5 h6 header hr li main menu nav ol p pre section summary table tr ul
    """
)
_SPACED = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table", "pre"}
)
_TEXT_TAGS = _BREAKING | frozenset({"br", "td", "th", "img"})


def decode(data: bytes, encoding: str, charset: str) -> str:
    """The source of an HTML part, as ``text.decode``; without a charset the one that its ``<meta>``
    names."""
    data = plain_text.decode_transfer(data, encoding)
    if not charset and (meta := _META_CHARSET.search(data, 0, 4096)):
        charset = meta[1].decode("ascii")
    return plain_text.decode(data, "8bit", charset)


def to_text(source: str) -> str:
    """The text of an HTML message: paragraphs as lines, quotes with ``"> "``, images as their
    ``alt``. Never raises."""
    source = _clean_characters(source)[:MOST_CHARACTERS]
    try:
        _check_before(source)
    except TooComplex:
        return _rough_text(source)
    cleaned = nh3.clean(
        source,
        tags=set(_TEXT_TAGS),
        clean_content_tags=set(_DROPPED_WITH_CONTENT),
        attributes={"img": {"alt"}},
        link_rel=None,
    )
    return _Lines().read(cleaned)


def _rough_text(source: str) -> str:
    """The text of HTML that no parser should be given."""
    unseen = r"<!--.*?(?:-->|\Z)|<(style|script|title)\b.*?(?:</\1[^>]*>?|\Z)"
    source = re.sub(unseen, "", source, flags=re.IGNORECASE | re.DOTALL)
    source = re.sub(
        r"<(?:br|/?p|/?div|/tr|/li|/h[1-6])\b[^<>]*>", "\n", source, flags=re.IGNORECASE
    )
    source = html.unescape(re.sub(r"</?[a-z!][^<>]*>?", "", source, flags=re.IGNORECASE))
    return re.sub(
        r"\n\s*\n\s*", "\n\n", re.sub(r"[ \t]+", " ", plain_text.without_surrogates(source))
    ).strip()


@dataclass
class _Lines:
    """Text gathered line by line from what nh3 left."""

    done: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    ends_blank: bool = True
    quotes: int = 0
    is_preformatted: bool = False

    def read(self, cleaned: str) -> str:
        end = 0
        for tag in _TAG.finditer(cleaned):
            self._text(cleaned[end : tag.start()])
            self._tag(tag[2], bool(tag[1]), tag[3])
            end = tag.end()
        self._text(cleaned[end:])
        self._break()
        return re.sub(r"\n(?:>* ?\n){2,}", "\n\n", "\n".join(self.done)).strip("\n")

    def _text(self, source: str) -> None:
        content = html.unescape(source)
        if self.is_preformatted:
            *lines, content = content.split("\n")
            for line in lines:
                self.line.append(line)
                self._break(is_forced=True)
            self._add(content)
        else:
            content = re.sub(r"[ \t\r\n]+", " ", content)
            self._add(content.removeprefix(" ") if self.ends_blank else content)

    def _add(self, content: str) -> None:
        if content:
            self.line.append(content)
            self.ends_blank = content.endswith(" ")

    def _tag(self, name: str, is_end: bool, attributes: str) -> None:
        if name == "img":
            self._add(html.unescape(attributes.partition('alt="')[2].partition('"')[0]))
        elif name in ("td", "th"):
            self._add("" if self.ends_blank else " ")
        elif name == "br":
            self._break(is_forced=True)
        else:
            self._break()
            self._block(name, is_end)

    def _block(self, name: str, is_end: bool) -> None:
        is_quote = name == "blockquote"
        if is_quote and is_end:
            self.quotes = max(self.quotes - 1, 0)
        if name in _SPACED:
            self.done.append(self._mark().rstrip())
        if is_quote and not is_end:
            self.quotes += 1
        elif name == "pre":
            self.is_preformatted = not is_end
        elif name == "li" and not is_end:
            self._add("- ")

    def _mark(self) -> str:
        return ">" * self.quotes + " " if self.quotes else ""

    def _break(self, *, is_forced: bool = False) -> None:
        line = "".join(self.line)
        if line.strip() or is_forced:
            self.done.append((self._mark() + line).rstrip())
        self.line = []
        self.ends_blank = True


def join(pieces: Iterable[tuple[Part, str]]) -> str:
    """One HTML source of ``Shown.html`` and the decoded text of each part; still to be
    sanitised."""
    return "\n".join(
        text if part.media_type == "text/html" else plain_text.to_html(text)
        for part, text in pieces
    )


def join_text(pieces: Iterable[tuple[Part, str]]) -> str:
    """One plain text of ``Shown.text`` (or ``Shown.html``) and the decoded text of each part."""
    texts = (
        to_text(text) if part.media_type == "text/html" else text.strip("\n")
        for part, text in pieces
    )
    return "\n\n".join(filter(None, texts))
