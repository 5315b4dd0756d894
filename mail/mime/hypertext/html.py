"""Makes HTML mail safe to show: style sheets are filtered, then nh3 sanitises, then bleach's rules
check each element.

The result is shown in a sandboxed frame under its own Content-Security-Policy; this is the first of
two walls.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import nh3
from lxml import etree

from mail.mime import text as plain_text
from mail.mime.hypertext import allowlist, bounds, cascade, css, quote_folding
from mail.mime.hypertext.bounds import DEEPEST, MOST_CHARACTERS, TooComplex
from mail.mime.hypertext.rewriting import RewrittenPage, is_coloured
from mail.mime.structure import Part

__all__ = [
    "DEEPEST",
    "MOST_CHARACTERS",
    "POLICY",
    "SafeHtml",
    "TooComplex",
    "decode",
    "join",
    "join_text",
    "sanitise",
    "to_text",
]

# Part of the cache key of a result: to be raised with every change of the output.
POLICY = 6


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """The safe HTML of a message for the frame, and the things it refers to.

    - ``body`` and ``style`` have ``inline/<n>`` for ``inline[n]``, a content id or Content-Location
      (n from 0), and with remote content allowed ``remote/<n>`` for ``remote[n]``, an absolute
      http(s) address. ``style`` goes into a ``<style>`` element of the head.
    - ``images_blocked`` counts the places where a remote image is not shown; ``trackers`` counts
      images that are too small or hidden to be seen, or come from a service that counts readers.
      They are in no list and never loaded.
    - ``designed``: the message has colours of its own, or images, which are made for a white page,
      so it must be shown on white. Any other may have the colours of the reader, which override
      its black on white.
    - ``has_links``: it has a link to some address.
    - ``language``: what the message says that it is written in (RFC 5646); empty where it does not.
    """

    body: str
    style: str = ""
    inline: tuple[str, ...] = ()
    remote: tuple[str, ...] = ()
    images_blocked: int = 0
    trackers: int = 0
    designed: bool = False
    has_links: bool = False
    language: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return the value as JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SafeHtml:
        """Return the value of a ``to_dict`` result, even one that was encoded as JSON."""
        lists = {name: tuple(values[name]) for name in ("inline", "remote")}
        return cls(**{**values, **lists})


DROPPED_WITH_CONTENT = frozenset(
    """
    script style title noscript template svg math iframe object embed applet noembed noframes
    textarea select xmp plaintext audio video canvas frameset
    """.split()
)
_ATTRIBUTES = {
    "*": set(allowlist.EVERYWHERE),
    **{tag: set(of) for tag, of in allowlist.OF_TAG.items()},
}
_CLEANER = nh3.Cleaner(
    tags=set(allowlist.TAGS),
    clean_content_tags=set(DROPPED_WITH_CONTENT),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto", "tel", "cid"},
    link_rel=None,
    strip_comments=True,
)


# --- sanitising ---


def sanitise(
    source: str,
    *,
    remote: bool = False,
    locations: Collection[str] = (),
    mailto: str = "",
    quote_label: str = "…",
) -> SafeHtml:
    """Return the safe HTML of a message.

    ``locations`` are the Content-Locations of the message's parts. ``mailto`` is the beginning of
    an address of the composer before ``to=…``, such as ``/compose/?``; without it, ``mailto:``
    links stay unchanged. ``quote_label`` is the label of folded quotes.

    Unless ``remote`` is set, nothing in the result loads anything but ``inline/<n>``. The numbers
    of addresses do not depend on it. Raises TooComplex.
    """
    source = clean_characters(source)
    bounds.check_source(source)
    page = RewrittenPage(remote, frozenset(locations), mailto, source)
    style = _style(source, page)
    cleaned = _CLEANER.clean(source)
    # Remove marks that reverse text: honest mail uses "dir".
    cleaned = cleaned.replace("\u202d", "").replace("\u202e", "")
    bounds.check_parsed(cleaned)
    root = tree(cleaned)
    bounds.check_tree(root)
    page.settle(root, quote_folding.fold(root, cleaned, quote_label), cascade.MessageSheet(style))
    return SafeHtml(
        body=written(root),
        style=style,
        inline=tuple(page.inline),
        remote=tuple(page.remote),
        images_blocked=page.blocked or int(bool(page.remote) and not remote),
        trackers=page.trackers,
        designed=page.is_designed or is_coloured(style),
        has_links=any("href" in link.attrib for link in root.iter("a", "area")),
        language=_language(source),
    )


def clean_characters(source: str) -> str:
    """Return ``source`` without characters that no parser should see."""
    return plain_text.without_surrogates(source).replace("\x00", "")


# --- the tree ---

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_VOID_TAG = re.compile(r"<(?:area|br|col|hr|img|wbr)\b[^>]*")


def tree(cleaned: str) -> etree._Element:
    """Parse nh3's output as XML, which it is except for void elements and one entity.

    libxml2's HTML parser has its own rules for closing elements: it takes a table out of the link
    around it.
    """
    # In attributes these would become spaces, and an address with a line break another address.
    cleaned = cleaned.replace("\n", "&#10;").replace("\t", "&#9;").replace("\r", "&#13;")
    cleaned = _VOID_TAG.sub(r"\g<0>/", cleaned.replace("&nbsp;", "\xa0"))
    try:
        return _parsed(cleaned)
    except etree.XMLSyntaxError:
        # Characters that XML does not allow are rare, and searching for them is slow, so try first.
        try:
            return _parsed(_CONTROLS.sub("", cleaned))
        except etree.XMLSyntaxError as error:
            raise TooComplex("not well-formed after cleaning") from error


def _parsed(xml: str) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(f"<div>{xml}</div>", parser)


def written(root: etree._Element) -> str:
    """Return the content of the element that `tree` made."""
    source = etree.tostring(root, method="html", encoding="unicode", with_tail=False)
    return str(source)[len("<div>") : -len("</div>")]


# --- style sheets ---

# Comments are skipped, so that code for Outlook alone (<!--[if mso]>) is ignored.
_HEAD = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<style\b(?P<style>[^>]*)(?:>|\Z)(?P<sheet>.*?)(?:</style|\Z)"
    r"|<body\b(?P<body>[^>]*)(?:>|\Z)",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(
    r"""(?<![\w-])([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE
)


def _style(source: str, page: RewrittenPage) -> str:
    """Return all style sheets of the message, filtered, with rules for the attributes of
    ``<body>``.
    """
    body, sheets = "", []
    for match in _HEAD.finditer(source):
        if match["style"] is not None:
            attributes = _attributes(match["style"])
            media, sheet = attributes.get("media", ""), match["sheet"]
            if attributes.get("type", "text/css").strip().lower() == "text/css":
                sheets.append(f"@media {media} {{{sheet}}}" if media not in ("", "all") else sheet)
        elif match["body"] and not body:
            body = _body_rules(_attributes(match["body"]), page)
    size, out = 0, [body]
    for sheet in sheets:
        size += len(sheet)
        if size <= css.MOST_CHARACTERS:
            out.append(css.sheet(sheet, page.in_style))
    return "\n".join(filter(None, out))


# A comment first, so that code for Outlook alone is ignored.
_ROOT = re.compile(r"<!--.*?(?:-->|\Z)|<(?:html|body)\b([^>]*)", re.IGNORECASE | re.DOTALL)
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")


def _language(source: str) -> str:
    """Return the language of the document, which its root names, or else its body."""
    for match in _ROOT.finditer(source):
        named = _attributes(match[1] or "").get("lang", "")
        if _LANGUAGE.fullmatch(named):
            return named
    return ""


def _attributes(tag: str) -> dict[str, str]:
    attributes: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(tag[:5000]):
        attributes.setdefault(name.lower(), _unescaped("".join(values)))
    return attributes


# Python refuses numbers of more than 4,300 digits; no character needs more than seven.
_LONG_REFERENCE = re.compile(r"&#[0-9]{100,};?")


def _unescaped(source: str) -> str:
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", source))


def _body_rules(attributes: dict[str, str], page: RewrittenPage) -> str:
    """Return the colours, background and style of ``<body>`` as rules, since the frame has a body
    of its own.
    """
    own = [
        f"background-color:{_colour(attributes.get('bgcolor', ''))}",
        f"color:{_colour(attributes.get('text', ''))}",
    ]
    if image := page.image(attributes.get("background", "")):
        own.append(f"background-image:url({image})")
    declarations = ";".join(
        filter(
            None,
            (
                css.declarations(";".join(own[:2])),
                *own[2:],
                css.declarations(attributes.get("style", ""), page.in_style),
            ),
        )
    )
    link = css.declarations(f"color:{_colour(attributes.get('link', ''))}")
    rules = [f"body{{{declarations}}}" if declarations else "", f"a:link{{{link}}}" if link else ""]
    return "\n".join(filter(None, rules))


def _colour(value: str) -> str:
    """Return a colour attribute as CSS: ``ffffff`` may come without its ``#``."""
    value = value.strip()
    return f"#{value}" if re.fullmatch(r"[0-9a-f]{6}", value, re.IGNORECASE) else value


# --- HTML and text ---

_META_CHARSET = re.compile(
    rb"""<meta\b[^>]{0,500}?charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE
)
_BREAKING = frozenset(
    """
    address article aside blockquote center dd details dir div dl dt figcaption figure footer h1
    h2 h3 h4 h5 h6 header hr li main menu nav ol p pre section summary table tr ul
    """.split()
)
_SPACED = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "ul", "ol", "table", "pre"}
)
# nh3's output: every attribute is in double quotes, every element closed.
_TAG = re.compile(r'<(/?)([a-z][a-z0-9]*)((?:\s+[^\s=>"]+="[^"]*")*)\s*>')
_TEXT_TAGS = _BREAKING | frozenset({"br", "td", "th", "img"})


def decode(data: bytes, encoding: str, charset: str) -> str:
    """Return the source of an HTML part, as ``text.decode`` does; without a charset, the one of its
    ``<meta>`` is used.
    """
    data = plain_text.decode_transfer(data, encoding)
    if not charset and (meta := _META_CHARSET.search(data, 0, 4096)):
        charset = meta[1].decode("ascii")
    return plain_text.decode(data, "8bit", charset)


def to_text(source: str) -> str:
    """Return the text of an HTML message: paragraphs as lines, quotes with ``"> "``, images as
    their ``alt``. Never raises.
    """
    source = clean_characters(source)[:MOST_CHARACTERS]
    try:
        bounds.check_source(source)
    except TooComplex:
        return rough_text(source)
    cleaned = nh3.clean(
        source,
        tags=set(_TEXT_TAGS),
        clean_content_tags=set(DROPPED_WITH_CONTENT),
        attributes={"img": {"alt"}},
        link_rel=None,
    )
    return _Lines().read(cleaned)


def rough_text(source: str) -> str:
    """Return the text of HTML that is too complex for a parser, by removing its tags alone."""
    unseen = r"<!--.*?(?:-->|\Z)|<(style|script|title)\b.*?(?:</\1[^>]*>?|\Z)"
    source = re.sub(unseen, "", source, flags=re.IGNORECASE | re.DOTALL)
    source = re.sub(
        r"<(?:br|/?p|/?div|/tr|/li|/h[1-6])\b[^<>]*>", "\n", source, flags=re.IGNORECASE
    )
    source = _unescaped(re.sub(r"</?[a-z!][^<>]*>?", "", source, flags=re.IGNORECASE))
    return re.sub(
        r"\n\s*\n\s*", "\n\n", re.sub(r"[ \t]+", " ", plain_text.without_surrogates(source))
    ).strip()


@dataclass
class _Lines:
    """Collects text line by line from nh3's output."""

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
    """Return one HTML source of ``Shown.html`` and the decoded text of each part. It is not
    sanitised yet.
    """
    return "\n".join(
        text if part.media_type == "text/html" else plain_text.to_html(text)
        for part, text in pieces
    )


def join_text(pieces: Sequence[tuple[Part, str]]) -> str:
    """Return one plain text of ``Shown.text`` (or ``Shown.html``) and the decoded text of each
    part.
    """
    texts = (
        to_text(text) if part.media_type == "text/html" else text.strip("\n")
        for part, text in pieces
    )
    return "\n\n".join(filter(None, texts))
