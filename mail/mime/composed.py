"""The HTML of a message that the user writes: made of the editor's HTML, in a form that other mail
programs show well; and its plain-text alternative.

Its allow-list is narrower than that for reading: no style sheet, no id, no position, nothing loaded
from elsewhere. HTML pasted from Word, a browser or another message is reduced to it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import nh3
from lxml import etree

from mail.mime.hypertext import allowlist, bounds, css
from mail.mime.hypertext import html as html_mail
from mail.mime.hypertext.bounds import TooComplex

SIGNATURE = "signature"
ATTRIBUTION = "moz-cite-prefix"
"""Classes that other programs know, and the webmail's own: quote_folding.py finds a signature by
its class.
"""
_LAST_SIGNATURE = f"{SIGNATURE} last"
DEEPEST_QUOTE = 20
"""The greatest number of quote marks before a line of plain text; deeper quotes get no more."""
_TOO_DEEP = "deep"

_TAGS = frozenset(
    """
    a b blockquote br caption code col colgroup div em font h1 h2 h3 hr i img li ol p pre s span
    strong sub sup table tbody td tfoot th thead tr u ul
    """.split()
)
# Replacements for elements of the list above that few programs know.
_RENAMED = {
    "center": "div",
    "del": "s",
    "h4": "h3",
    "h5": "h3",
    "h6": "h3",
    "ins": "u",
    "strike": "s",
    "tt": "code",
}
# Elements that are parsed only to be unwrapped, or dropped with their contents.
_FOR_A_MOMENT = frozenset("details summary small".split())
_DROPPED_WITH_CONTENT = html_mail.DROPPED_WITH_CONTENT | {"xml", "head", "button", "option"}
_EVERYWHERE = frozenset("style dir lang class".split())
_CELL = frozenset("align bgcolor colspan rowspan valign width height".split())
_OF_TAG = {
    "a": frozenset("href title".split()),
    "blockquote": frozenset({"type"}),
    "center": frozenset({"align"}),
    "col": frozenset("span width".split()),
    "div": frozenset({"align"}),
    "font": frozenset("color face size".split()),
    "img": frozenset("alt height src width".split()),
    "li": frozenset({"value"}),
    "ol": frozenset("start type".split()),
    "p": frozenset({"align"}),
    "table": frozenset("align bgcolor border cellpadding cellspacing width".split()),
    "td": _CELL,
    "th": _CELL,
    "tr": frozenset("align bgcolor valign".split()),
}
_CLEANER = nh3.Cleaner(
    tags=set(_TAGS | _RENAMED.keys() | _FOR_A_MOMENT),
    clean_content_tags=set(_DROPPED_WITH_CONTENT),
    attributes={"*": set(_EVERYWHERE), **{tag: set(of) for tag, of in _OF_TAG.items()}},
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    link_rel=None,
    strip_comments=True,
)
_LETTERS = frozenset(
    """
    background-color color font-family font-size font-style font-weight text-align text-decoration
    text-decoration-line
    """.split()
)
_BOX = frozenset(
    """
    border border-bottom border-collapse border-color border-left border-right border-spacing
    border-style border-top border-width height padding padding-bottom padding-left padding-right
    padding-top vertical-align width
    """.split()
)
_TABLE = frozenset("caption col colgroup table tbody td tfoot th thead tr".split())
_QUOTE = frozenset("border-left margin margin-left padding-left".split())
_IMAGE = frozenset("height max-width width".split())
# Values that Word writes everywhere although they are the default.
_SAYS_NOTHING = frozenset("windowtext initial inherit unset auto normal none transparent".split())
_BLOCKS = frozenset(
    """
    blockquote caption div h1 h2 h3 hr li ol p pre table tbody td tfoot th thead tr ul
    """.split()
)
_HOLLOW = frozenset("a b code em font i s span strong sub sup u".split())
_CLASSES = frozenset({SIGNATURE, ATTRIBUTION})
_LIST_ITEM = re.compile(r"mso-list:\s*l\d+\s+level(\d)", re.IGNORECASE)
_MARK_OF_LIST = re.compile(r"mso-list:\s*ignore", re.IGNORECASE)
_ORDERED = re.compile(r"\s*\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,6})[.)]")

Images = dict[str, str]
"""The addresses of images in the sent message, by their addresses in the editor. An image that is
not there is replaced by its ``alt``.
"""
_NO_IMAGES: Images = {}


@dataclass(frozen=True)
class ComposedText:
    """A text that the user writes, sanitised, and its plain-text alternative."""

    html: str
    text: str


@dataclass(frozen=True)
class ImageWords:
    """The words for an image in plain text: ``named`` has ``%(words)s`` for its ``alt``, ``bare``
    stands for an image without one."""

    named: str = "%(words)s"
    bare: str = ""


_ALT_ALONE = ImageWords()


def write(source: str, images: Images, words: ImageWords = _ALT_ALONE) -> ComposedText:
    """Return the source sanitised by `clean`, and its `to_text`."""
    try:
        html = html_mail.written(_tree(source, images))
    except TooComplex:
        return from_words(html_mail.rough_text(source))
    return ComposedText(html, to_text(html, words))


def write_quote(
    body: str, images: Images, is_signed: bool, words: ImageWords = _ALT_ALONE
) -> ComposedText:
    """Turn sanitised HTML of a message (see `html.sanitise`) into a quote: without the reader's own
    elements and anything loaded from elsewhere. ``images`` maps ``inline/<n>``. Unless
    ``is_signed``, the signature is removed.
    """
    try:
        return write(body if is_signed else _unsigned(body), images, words)
    except TooComplex:
        return from_words(html_mail.to_text(body))


def from_words(words: str) -> ComposedText:
    """Return plain text in both forms."""
    return ComposedText(from_text(words), words)


def _unsigned(body: str) -> str:
    root = html_mail.tree(_CLEANER.clean(body))
    for element in list(root.iter()):
        if "m-signature" in element.get("class", "").split():
            _drop(element)
    return html_mail.written(root)


def image_addresses(source: str) -> dict[str, str]:
    """Return the addresses of a text's images, as `clean` looks them up, each with its ``alt``."""
    try:
        root = _parsed(source)
    except TooComplex:
        return {}
    return {_address(image): image.get("alt", "") for image in root.iter("img")}


def clean(source: str, images: Images = _NO_IMAGES) -> str:
    """Return a written, pasted or quoted text with only the elements and attributes of the list
    above. Clean HTML is returned unchanged.

    HTML that is too complex for the sanitiser becomes its text.
    """
    try:
        return html_mail.written(_tree(source, images))
    except TooComplex:
        return from_text(html_mail.rough_text(source))


def own(source: str) -> str:
    """Return the writer's own clean HTML: without the signature, quotes, the lines that introduce
    them, and images, which belong to their message.
    """
    return _own(clean(source))


def own_text(source: str, images: Images, words: ImageWords) -> str:
    """Return the same as plain text, with ``words`` for the writer's own ``images``."""
    return to_text(_own(clean(source, images), images), words)


def _own(cleaned: str, images: Images = _NO_IMAGES) -> str:
    root = html_mail.tree(cleaned)
    for element in list(root.iter("blockquote", "div")):
        classes = element.get("class", "").split()
        is_others = element.tag == "blockquote" and element.get("type") == "cite"
        if is_others or {SIGNATURE, ATTRIBUTION} & set(classes):
            # Text after an element is its tail: move it out before the element is removed.
            after = element.tail
            element.clear()
            element.tag, element.tail = "span", after
    return clean(html_mail.written(root), images).strip()


def _tree(source: str, images: Images) -> etree._Element:
    root = _parsed(source)
    _make_lists(root)
    for element in list(root.iter())[1:]:
        _settle(element, images)
    _unwrap_hollow(root)
    return root


def _parsed(source: str) -> etree._Element:
    source = html_mail.clean_characters(source)
    bounds.check_source(source)
    cleaned = _CLEANER.clean(source).replace("\u202d", "").replace("\u202e", "")
    bounds.check_parsed(cleaned)
    root = html_mail.tree(cleaned)
    bounds.check_tree(root)
    return root


def _settle(element: etree._Element, images: Images) -> None:
    """Drop, unwrap, rename or keep one element."""
    tag = str(element.tag)
    if tag == "summary" or (tag == "small" and "m-host" in element.get("class", "")):
        _drop(element)  # of the reader's page, not of the message
    elif tag in _FOR_A_MOMENT:
        _unwrap(element)
    elif tag == "img":
        _settle_image(element, images)
    else:
        if tag in _RENAMED:
            element.tag = _RENAMED[tag]
            if tag == "center":
                element.set("align", "center")
        _set(element, {name: _value(element, name, value) for name, value in element.items()})


def _address(image: etree._Element) -> str:
    return str(image.get("src", "")).strip()


def _settle_image(element: etree._Element, images: Images) -> None:
    address = images.get(_address(element))
    if address is None:
        _replace(element, element.get("alt", ""))
        return
    attributes = {
        name: _value(element, name, value) for name, value in element.items() if name != "src"
    }
    attributes.setdefault("alt", "")
    _set(element, attributes)
    element.set("src", address)


def _set(element: etree._Element, values: dict[str, str]) -> None:
    """Give an element its attributes, as far as bleach allows them."""
    attributes = allowlist.kept_attributes(
        str(element.tag), {name: value for name, value in values.items() if value}
    )
    element.attrib.clear()
    element.attrib.update(attributes or {})
    if "alt" in values and "alt" not in element.attrib:
        element.set("alt", "")


def _value(element: etree._Element, name: str, value: str) -> str:
    """Return an attribute's value for sending, "" if it is dropped."""
    if name == "style":
        return _style(str(element.tag), value)
    if name == "class":
        return " ".join(class_name for class_name in value.split() if class_name in _CLASSES)
    if name == "href":
        address = re.sub("[\t\r\n]", "", value).strip()
        return address if re.match(r"(?:https?://|mailto:|tel:)", address, re.IGNORECASE) else ""
    return value


def _style(tag: str, source: str) -> str:
    allowed = set(_LETTERS)
    if tag in _TABLE:
        allowed |= _BOX
    elif tag == "blockquote":
        allowed |= _QUOTE
    elif tag == "img":
        allowed |= _IMAGE
    kept = []
    for declaration in css.declarations(source).split(";"):
        name, _colon, value = declaration.partition(":")
        plain = value.replace("!important", "").strip()
        if name == "background" and re.fullmatch(r"#?[\w]+|rgba?\([\d.,% ]+\)", plain):
            name = "background-color"
        if name in allowed and plain.lower() not in _SAYS_NOTHING:
            kept.append(f"{name}:{plain}")
    return ";".join(kept)


# --- the tree ---


def _append_text(element: etree._Element, text: str) -> None:
    """Put text in the place of an element, before its tail."""
    before, parent = element.getprevious(), element.getparent()
    if before is not None:
        before.tail = (before.tail or "") + text
    elif parent is not None:
        parent.text = (parent.text or "") + text


def _replace(element: etree._Element, text: str) -> None:
    parent = element.getparent()
    if parent is not None:
        _append_text(element, text + (element.tail or ""))
        parent.remove(element)


def _drop(element: etree._Element) -> None:
    _replace(element, "")


def _unwrap(element: etree._Element) -> None:
    """Remove an element but keep its contents."""
    parent = element.getparent()
    if parent is None:
        return
    _append_text(element, element.text or "")
    children, tail = list(element), element.tail or ""
    index = parent.index(element)
    parent[index : index + 1] = children
    if children:
        children[-1].tail = (children[-1].tail or "") + tail
    elif index:
        parent[index - 1].tail = (parent[index - 1].tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail


def _unwrap_hollow(root: etree._Element) -> None:
    """Unwrap elements without effect: Word and browsers leave hundreds of them."""
    for element in reversed(list(root.iter())[1:]):
        tag = element.tag
        says = len(element.attrib) > 0 or tag not in ("span", "font", "a")
        is_empty = tag in _HOLLOW and len(element) == 0 and not element.text
        if not says or is_empty:
            _unwrap(element)


# --- lists of Word ---


def _make_lists(root: etree._Element) -> None:
    """Turn Word's list items into lists, nested by their levels: Word pastes items as paragraphs
    that begin with a bullet in a symbol font.
    """
    lists: list[tuple[int, etree._Element]] = []
    last: etree._Element | None = None
    for element in list(root.iter("p")):
        match = _LIST_ITEM.search(element.get("style", ""))
        if match is None:
            continue
        if last is None or element.getprevious() is not last or (last.tail or "").strip():
            lists = []
        level, is_ordered = int(match[1]), _take_mark(element)
        while lists and lists[-1][0] > level:
            lists.pop()
        if not lists or lists[-1][0] < level:
            new_list = etree.Element("ol" if is_ordered else "ul")
            if lists:
                lists[-1][1][-1].append(new_list)
            else:
                element.addprevious(new_list)
            lists.append((level, new_list))
        made_in = lists[0][1]
        made_in.tail, element.tail = element.tail, None
        lists[-1][1].append(element)
        element.tag = "li"
        element.attrib.pop("style", None)
        last = made_in


def _take_mark(element: etree._Element) -> bool:
    """Remove the bullet or number of an item. Return whether it was a number."""
    for span in element.iter("span"):
        if _MARK_OF_LIST.search(span.get("style", "")):
            is_ordered = bool(_ORDERED.match("".join(map(str, span.itertext()))))
            _drop(span)
            return is_ordered
    return False


# --- plain text ---


def from_text(text: str) -> str:
    """Return plain text as HTML for the editor: a ``<div>`` for each line, quotes as
    ``<blockquote>``.
    """
    out: list[str] = []
    depth = 0
    for line in text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n"):
        mark = re.match(r"(?:> ?)*", line)
        marks = mark[0] if mark else ""
        now = min(marks.count(">"), DEEPEST_QUOTE)
        out.append('<blockquote type="cite">' * (now - depth) + "</blockquote>" * (depth - now))
        depth = now
        out.append(f"<div>{_written_line(line[len(marks) :])}</div>")
    return "".join(out) + "</blockquote>" * depth


def _written_line(line: str) -> str:
    """Return a line in which runs of spaces survive in HTML."""
    escaped = html.escape(line.rstrip().replace("\t", "    "), quote=False)
    return re.sub(r"^ +| {2,}", lambda blanks: "\xa0" * len(blanks[0]), escaped) or "<br>"


def to_text(cleaned: str, words: ImageWords = _ALT_ALONE) -> str:
    """Return the plain-text alternative of clean HTML: quotes with ``>``, lists with their marks,
    links followed by their address, tables row by row, ``words`` in the place of images.
    """
    try:
        root = html_mail.tree(cleaned)
    except TooComplex:
        return html_mail.to_text(cleaned)
    _name_images(root, words)
    _prepare(root)
    return "\n".join(_joined(_inside(root))).strip("\n")


Block = tuple[list[str], bool]
"""Lines, and whether an empty line separates them from their surroundings."""


def _joined(blocks: Iterable[Block]) -> list[str]:
    out: list[str] = []
    spaced = False
    for lines, is_spaced in blocks:
        if out and (spaced or is_spaced) and out[-1] and lines and lines[0]:
            out.append("")
        out += lines
        spaced = is_spaced if lines else spaced
    return out


def _inside(element: etree._Element) -> Iterator[Block]:
    """Yield the blocks in an element; text between them becomes blocks too."""
    words = [_collapsed(element.text)]
    for child in element:
        if child.tag in _BLOCKS or any(below.tag in _BLOCKS for below in child.iter()):
            yield _lines("".join(words)), False
            yield from _block(child)
            words = []
        else:
            words.append(_words(child))
        words.append(_collapsed(child.tail))
    yield _lines("".join(words)), False


def _block(element: etree._Element) -> Iterator[Block]:
    tag = str(element.tag)
    if tag == "blockquote" and element.get(_TOO_DEEP) is None:
        lines = _trimmed(_joined(_inside(element)))
        yield (
            [f">{line}" if line.startswith(">") else f"> {line}".rstrip() for line in lines],
            False,
        )
    elif tag in ("ul", "ol"):
        is_inner = element.getparent() is not None and element.getparent().tag == "li"
        yield list(_items(element)), not is_inner
    elif tag == "table":
        yield _rows(element), True
    elif tag == "pre":
        yield _trimmed("".join(map(str, element.itertext())).split("\n")), True
    elif tag == "hr":
        yield ["-" * 30], True
    elif element.get("class") in (SIGNATURE, _LAST_SIGNATURE):
        lines = _trimmed(_joined(_inside(element)))
        mark = ["-- "] if element.get("class") == _LAST_SIGNATURE else []
        yield ([*mark, *lines] if lines else []), True
    elif tag in ("p", "h1", "h2", "h3"):
        yield _joined(_inside(element)), True
    else:
        yield from _inside(element)


def _name_images(root: etree._Element, words: ImageWords) -> None:
    """Write the words for each image into its ``alt``. An image without an ``alt`` in a signature
    or a quote is a decoration, such as a line or a spacer, and gets none."""
    for image in root.iter("img"):
        alt = " ".join(image.get("alt", "").split())
        if alt:
            image.set("alt", words.named % {"words": alt})
        elif not any(_is_apart(element) for element in image.iterancestors()):
            image.set("alt", words.bare)


def _is_apart(element: etree._Element) -> bool:
    return bool(element.tag == "blockquote" or element.get("class") == SIGNATURE)


def _prepare(root: etree._Element) -> None:
    """Unquote quotes that are too deep, and distinguish the signature that ends the message from
    one with text after it: programs take everything below a signature's mark for part of it (RFC
    3676 section 4.3).
    """
    last: etree._Element | None = None
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        if element.tag == "blockquote":
            depth += 1 if event == "start" else -1
            if event == "start" and depth > DEEPEST_QUOTE:
                element.set(_TOO_DEEP, "")
        if event == "start" and ((element.text or "").strip() or element.get("alt")):
            last = element
        elif event == "end" and (element.tail or "").strip():
            last = element.getparent()
    while last is not None:
        if last.get("class") == SIGNATURE:
            last.set("class", _LAST_SIGNATURE)
        last = last.getparent()


def _trimmed(lines: list[str]) -> list[str]:
    """Return the lines without empty ones at both ends."""
    return "\n".join(lines).strip("\n").split("\n") if any(lines) else []


def _items(element: etree._Element) -> Iterator[str]:
    start = element.get("start", "1")
    number = int(start) if re.fullmatch(r"\d{1,6}", start) else 1
    for item in element:
        if item.tag != "li":
            yield from (line for lines, _ in _block(item) for line in lines)
            continue
        mark = f"{number}. " if element.tag == "ol" else "- "
        number += 1
        for index, line in enumerate(_trimmed(_joined(_inside(item))) or [""]):
            yield (mark + line if index == 0 else " " * len(mark) + line).rstrip()


_WIDEST_TABLE = 72


def _rows(table: etree._Element) -> list[str]:
    """Return a table of short cells in columns, as wide as a line may be; another table cell by
    cell.
    """
    rows = [
        [_trimmed(_joined(_inside(cell))) for cell in row if cell.tag in ("td", "th")]
        for row in table.iter("tr")
        if next(row.iterancestors("table"), None) is table
    ]
    is_plain = all(len(cell) <= 1 for row in rows for cell in row)
    if not is_plain or max(map(len, rows), default=0) < 2:
        return _joined((cell, True) for row in rows for cell in row)
    cells = [["".join(cell) for cell in row] for row in rows]
    widths = [0] * max(map(len, cells))
    for row in cells:
        for place, cell in enumerate(row):
            widths[place] = max(widths[place], len(cell))
    if sum(widths) + 3 * len(widths) > _WIDEST_TABLE:
        return [" | ".join(row) for row in cells]
    return [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)).rstrip()
        for row in cells
    ]


def _collapsed(text: str | None) -> str:
    return re.sub(r"[ \t\r\n\f]+", " ", text or "")


def _words(element: etree._Element) -> str:
    """Return an element's text for a line, with its line breaks."""
    if element.tag == "br":
        return "\n"
    if element.tag == "img":
        return str(element.get("alt", ""))
    inside = _collapsed(element.text) + "".join(
        _words(child) + _collapsed(child.tail) for child in element
    )
    return _with_address(inside, str(element.get("href", ""))) if element.tag == "a" else inside


def _with_address(words: str, address: str) -> str:
    """Return a link's text, followed by its address unless the text contains it."""
    bare = re.sub(r"^(?:https?://|mailto:|tel:)", "", address, flags=re.IGNORECASE).rstrip("/")
    shown_address = re.sub(r"^https?://", "", words.strip(), flags=re.IGNORECASE).rstrip("/")
    if not address or shown_address.casefold() == bare.casefold():
        return words
    if address[:4].lower() == "tel:":
        return words
    shown = bare if address[:7].lower() == "mailto:" else address
    return f"{words} <{shown}>" if words.strip() else f"<{shown}>"


def _lines(words: str) -> list[str]:
    """Return the lines of a text; none if it is only spaces. The last break ends the last line:
    browsers need one in an empty line.
    """
    if not words.strip(" "):
        return []
    lines = [_line(re.sub(" {2,}", " ", line).strip(" ")) for line in words.split("\n")]
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def _line(line: str) -> str:
    """Return a line without spaces at its end; those at its beginning were typed on purpose."""
    line = line.rstrip(" \xa0")
    begin = len(line) - len(line.lstrip(" \xa0"))
    return " " * begin + line[begin:]
