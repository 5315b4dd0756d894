"""The elements and attributes that are allowed in the HTML of a message, and what bleach keeps of
each element.

Nine tenths of the time of ``bleach.clean`` go into a parser and a serializer that other libraries
do faster. Here only its rules are used, through a class that bleach does not document: its version
is pinned, and ``tests/mail/mime/hypertext/test_allowlist.py`` compares the results with
``bleach.clean``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bleach.css_sanitizer import CSSSanitizer
from bleach.sanitizer import BleachSanitizerFilter

from mail.mime import links
from mail.mime.hypertext import css

# No element whose content is parsed by other rules (style, title, textarea, xmp, noscript, iframe,
# svg, math): HTML written with this list is parsed back as the same tree.
TAGS = frozenset(
    """
    a abbr acronym address area article aside b bdi big blockquote br caption center cite
    code col colgroup dd del details dfn dir div dl dt em figcaption figure font footer h1 h2 h3
    h4 h5 h6 header hr i img ins kbd li main map mark menu nav ol p pre q rp rt ruby s samp
    section small span strike strong sub summary sup table tbody td tfoot th thead time tr tt u
    ul var wbr
    """.split()
)
EVERYWHERE = frozenset(
    "align bgcolor class dir height hidden id lang style title valign width".split()
)
_CELL = frozenset(
    "abbr axis background bordercolor char charoff colspan nowrap rowspan scope".split()
)
OF_TAG = {
    "a": frozenset({"href", "name"}),
    "area": frozenset({"alt", "coords", "href", "shape"}),
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
    "table": frozenset(
        "background border bordercolor cellpadding cellspacing frame role rules summary".split()
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
# "role" lets a message mark a layout table as such, and nothing else.
_VALUES = {
    "role": frozenset({"presentation", "none"}),
    "target": frozenset({"_blank"}),
    "rel": frozenset({links.REL}),
}
PROTOCOLS = frozenset({"http", "https", "mailto", "tel"})
# With these properties, the message cannot restyle the webmail's own note after a link.
OWN_PROPERTIES = css.PROPERTIES | {"all", "unicode-bidi"}


def is_allowed(tag: str, name: str, value: str) -> bool:
    """Answer bleach's question for each attribute. ``target`` and ``rel`` are the webmail's: nh3
    removes those of the message.
    """
    if name in _VALUES and value not in _VALUES[name]:
        return False
    if name in ("target", "rel"):
        return tag in ("a", "area")
    return name in EVERYWHERE or name in OF_TAG.get(tag, ())


# A longer value is rarely repeated and would take much memory.
_LONGEST_REMEMBERED = 500
# Without these characters, a ";" always ends a declaration.
_NESTS = re.compile(r"""["'(\[{\\/]""")


def _is_plain(declaration: str) -> bool:
    """Return whether bleach is known to leave a declaration unchanged, by its form and its
    property.
    """
    match = css.NORMAL.fullmatch(declaration)
    return match is not None and match[1] in OWN_PROPERTIES


class MemoisedCSS(CSSSanitizer):
    """bleach's CSS sanitiser, called once for each declaration: newsletters repeat the same few
    thousands of times.
    """

    def sanitize_css(self, style: str) -> str:
        # Most styles come back unchanged except for the last semicolon.
        if _NESTS.search(style):
            return self._sanitize(style).removesuffix(";")
        declarations = [
            declaration if _is_plain(declaration) else self._sanitize(declaration).removesuffix(";")
            for declaration in style.split(";")
        ]
        return ";".join(filter(None, declarations))

    def _sanitize(self, style: str) -> str:
        if len(style) > _LONGEST_REMEMBERED:
            return str(super().sanitize_css(style))
        return self._sanitize_short(style)

    @lru_cache(maxsize=4096)  # noqa: B019  # one instance, for ever
    def _sanitize_short(self, style: str) -> str:
        return str(super().sanitize_css(style))


_NO_SOURCE: Any = ()
# Typed as Any: its own types are those of html5lib's walkers, which are not used here.
_FILTER: Any = BleachSanitizerFilter(
    source=_NO_SOURCE,
    allowed_tags=TAGS,
    attributes=is_allowed,
    allowed_protocols=PROTOCOLS,
    strip_disallowed_tags=True,
    strip_html_comments=True,
    css_sanitizer=MemoisedCSS(OWN_PROPERTIES, ()),
)


# bleach does not check their values, and they rarely repeat.
_WORDS = frozenset({"title", "alt"})
# bleach checks the scheme of an address and whether it has a host; the rest after such a host
# changes neither.
_HOST = re.compile(r"https?://[a-z0-9.-]{1,100}(?=[/?#]|\Z)", re.IGNORECASE)
_WITH_HOST = frozenset({"href", "src", "background"})


def kept_attributes(tag: str, attributes: Mapping[str, str]) -> dict[str, str] | None:
    """Return the attributes that bleach leaves on an element, None when the element must be
    removed.

    bleach judges each attribute separately, so it is asked for each, and only once for those that
    repeat or that it reads the same way.
    """
    if not _may_stay(tag):
        return None
    allowed = {}
    for name, value in attributes.items():
        left = _judged(tag, name, value)
        if left is not None:
            allowed[name] = left
    return allowed


def _judged(tag: str, name: str, value: str) -> str | None:
    read = value
    if name in _WORDS:
        read = ""
    elif name in _WITH_HOST and (host := _HOST.match(value)):
        read = host[0]
    if len(read) > _LONGEST_REMEMBERED or name == "srcset":
        return _ask(tag, name, value)
    left = _ask_once(tag, name, read)
    return value if left == read else left


def _ask(tag: str, name: str, value: str) -> str | None:
    token = _FILTER.sanitize_token({"type": "StartTag", "name": tag, "data": {(None, name): value}})
    left: str | None = token["data"].get((None, name)) if token else None
    return left


_ask_once = lru_cache(maxsize=4096)(_ask)


@lru_cache(maxsize=256)
def _may_stay(tag: str) -> bool:
    return bool(_FILTER.sanitize_token({"type": "StartTag", "name": tag, "data": {}}))
