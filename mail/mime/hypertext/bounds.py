"""Limits on the work that the HTML of a message may cause.

They are checked before parsing, not by a clock, since the parser runs in one call that cannot be
stopped.
"""

from __future__ import annotations

import re
from collections import Counter

import nh3
from lxml import etree

MOST_CHARACTERS = 1_000_000
DEEPEST = 200
# Tags and entities. The largest newsletters have some 30,000.
_MOST_TOKENS = 120_000
# html5ever compares each attribute of a tag with all previous ones: 20,000 cost 0.1 s.
_MOST_ATTRIBUTES = 20_000
# Work in units of 3 ns, the time that html5ever needs to check one open element. Each tag checks
# all open elements, and may reopen each formatting element that was left open (250 units).
_UNCHECKED_WORK = 50_000_000
_REOPENING = 250
_MOST_PROBES = 20
# The largest newsletters have some hundreds; 20,000 cost 0.3 s, 100,000 cost 9 s.
_MOST_TABLES = 20_000
_DEEPEST_BEFORE = 1500

VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


class TooComplex(ValueError):
    """The HTML is larger than 1 MB, deeper than 200 elements, or made to be slow. The caller shows
    the text instead.
    """


def check_source(source: str) -> None:
    """Refuse a source that would take nh3 seconds. Raises TooComplex."""
    if len(source) > MOST_CHARACTERS:
        raise TooComplex("larger than 1 MB")
    # A megabyte of ampersands takes html5ever 7 seconds.
    if source.count("&") > _MOST_TOKENS or source.count("<") > _MOST_TOKENS:
        raise TooComplex("too many elements or entities")
    # Text inside a table but outside its cells is moved before the table, and html5ever searches
    # for that place each time.
    if source.lower().count("<table") > _MOST_TABLES:
        raise TooComplex("too many tables")
    _check_attributes(source)
    _check_nesting(source)


# A quoted value with a ">" in it. Elsewhere a ">" ends the tag.
_END_IN_VALUE = re.compile(r"""=\s*(?:"[^">]*>|'[^'>]*>)""")
# Such a value has slashes but no attributes. (After a letter: elsewhere, "=" begins a name.)
_DATA = re.compile(
    r"""(?<=[a-z])=["']data:image/[a-z+.-]{1,20};base64,[a-z0-9+/=]*""", re.IGNORECASE
)
_BETWEEN_ATTRIBUTES = re.compile(r"""[\s/"']+""")


def _check_attributes(source: str) -> None:
    """Refuse tags with too many attributes.

    A tag has at most as many attributes as fit between two ``>``, times one more than the number of
    values that contain a ``>``.
    """
    # An attribute has at least two characters.
    if len(source) <= 2 * _MOST_ATTRIBUTES:
        return
    pieces = 1 + len(_END_IN_VALUE.findall(source))
    most = _MOST_ATTRIBUTES // pieces
    for piece in source.split(">"):
        if pieces == 1:
            # No value contains a ">" here, so text before the tag may be cut off, however long.
            piece = piece[piece.find("<") :] if "<" in piece else ""
        if len(piece) > 2 * most and len(_BETWEEN_ATTRIBUTES.findall(_DATA.sub("=", piece))) > most:
            raise TooComplex("too many attributes in one tag")


_TAG = re.compile(r"<(/?)([a-z][^\s/>]*)", re.IGNORECASE)
# The HTML Standard's formatting elements. One that is left open is reopened in every following
# paragraph, at most three times for the same attributes. "a" closes the previous one.
_FORMATTING = re.compile(
    r"<((?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)(?=[\s/>])[^>]*)", re.IGNORECASE
)


def _check_nesting(source: str) -> None:
    """Refuse HTML that is too deep or repeats too much.

    An upper bound is computed that no trick with end tags can lower. If it grows too high, the
    beginning is parsed by html5ever to see the real depth.
    """
    tags = source.count("<")
    starts = tags - source.count("</")
    if tags * starts * (_REOPENING + 1) <= _UNCHECKED_WORK:
        return
    formatting = Counter(_FORMATTING.findall(source))
    reopened = sum(min(times, 3) for times in formatting.values()) * _REOPENING
    if tags * (starts // 2 + reopened) <= _UNCHECKED_WORK:
        return
    names = {name.lower() for _, name in _TAG.findall(source)}
    work = depth = probes = 0
    for tag in _TAG.finditer(source):
        depth += not tag[1]
        work += depth + reopened
        if work > _UNCHECKED_WORK:
            probes += 1
            if probes > _MOST_PROBES:
                raise TooComplex("too many formatting elements")
            _probe(source[: tag.start()], names)
            depth, work = _DEEPEST_BEFORE, 0


def _probe(source: str, names: set[str]) -> None:
    """Parse the beginning of a message, keeping every element, and measure its depth and length."""
    parsed = nh3.clean(source, tags=names, clean_content_tags=set(), attributes={}, link_rel=None)
    if len(parsed) > 4 * len(source) + 100_000:
        raise TooComplex("elements are repeated too often")
    if depth(parsed) > _DEEPEST_BEFORE:
        raise TooComplex("too many elements are open at once")


def check_parsed(cleaned: str) -> None:
    """Refuse nh3's output if it is too long for the next steps. Raises TooComplex."""
    if len(cleaned) > 2 * MOST_CHARACTERS or cleaned.count("<") + cleaned.count("&") > _MOST_TOKENS:
        raise TooComplex("too many elements or entities")


# Searching for one too deep element from the root takes libxml2 a tenth of the time of counting
# tags. libxml2 itself refuses to parse what is deeper than 256.
_TOO_DEEP = etree.XPath(f"boolean({'/*' * (DEEPEST + 2)})")


def check_tree(root: etree._Element) -> None:
    """Refuse a tree that is too deep to be walked. Raises TooComplex."""
    if _TOO_DEEP(root):
        raise TooComplex("deeper than 200 elements")


_TAG_NAME = re.compile(r"<(/?)([a-z][^\s/>]*)")


def depth(cleaned: str) -> int:
    """Return the depth of nh3's output, in which every element is closed and no attribute contains
    ``<``.
    """
    deepest = now = 0
    for closing, name in _TAG_NAME.findall(cleaned):
        if closing:
            now -= 1
        elif name not in VOID:
            now += 1
            if now > deepest:
                deepest = now
    return deepest
