"""Filters style sheets and style attributes of mail with a real tokenizer: only known properties
and values pass.

The result cannot load, run, cover, or end the ``<style>`` element around it: it has no address in
any spelling, no escape, no position, and no function except those that compute a colour, a length
or a gradient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import tinycss2  # type: ignore[import-untyped]
from tinycss2.ast import IdentToken, URLToken  # type: ignore[import-untyped]

PROPERTIES = frozenset(
    """
    align-content align-items align-self background background-color background-clip
    background-origin background-position background-repeat background-size background-image
    border border-bottom border-bottom-color border-bottom-left-radius
    border-bottom-right-radius border-bottom-style border-bottom-width border-collapse
    border-color border-left border-left-color border-left-style border-left-width border-radius
    border-right border-right-color border-right-style border-right-width border-spacing
    border-style border-top border-top-color border-top-left-radius border-top-right-radius
    border-top-style border-top-width border-width box-shadow box-sizing caption-side clear
    color column-count column-gap column-rule column-width columns direction display empty-cells
    flex flex-basis flex-direction flex-flow flex-grow flex-shrink flex-wrap float font
    font-family font-feature-settings font-kerning font-size font-size-adjust font-stretch
    font-style font-variant font-weight gap grid-area grid-column grid-gap grid-row
    grid-template-columns grid-template-rows height hyphens justify-content justify-items
    justify-self letter-spacing line-break line-height list-style list-style-position
    list-style-type margin margin-bottom margin-left margin-right margin-top max-height
    max-width min-height min-width object-fit object-position opacity order orphans overflow
    overflow-wrap overflow-x overflow-y padding padding-bottom padding-left padding-right
    padding-top page-break-after
    page-break-before page-break-inside row-gap tab-size table-layout text-align text-align-last
    text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent
    text-overflow text-shadow text-transform text-underline-offset vertical-align visibility
    white-space widows width word-break word-spacing word-wrap
    -webkit-text-size-adjust -ms-text-size-adjust text-size-adjust -webkit-box-sizing
    -moz-box-sizing -webkit-border-radius -moz-border-radius -webkit-font-smoothing
    mso-table-lspace mso-table-rspace mso-line-height-rule
    """.split()
)
_FUNCTIONS = frozenset(
    """
    rgb rgba hsl hsla hwb lab lch oklab oklch calc min max clamp linear-gradient radial-gradient
    conic-gradient repeating-linear-gradient repeating-radial-gradient minmax repeat fit-content
    """.split()
)
_WITH_IMAGES = frozenset({"background", "background-image"})
_HAS_ADDRESS = re.compile(r"url\(", re.IGNORECASE)
_OURS = re.compile(r"(?:inline|remote)/\d{1,6}")
# Backslashes become this mark before parsing, and values with the mark are dropped: an escape in
# mail hides something, or is a hack for browsers of the nineties.
_ESCAPED = "\ufffd"
_UNSAFE_VALUE = re.compile(
    r"""[<>{};:@&\\`"\ufffd\x00-\x08\x0e-\x1f\x7f]|/\*|expression|javascript""", re.IGNORECASE
)
_SELECTOR = re.compile(r"""[\w\s.#*,>+~:()|\[\]=^$'-]{1,2000}""")
# Generated content is not allowed, so these would only cost the browser time.
_PSEUDO = re.compile(
    r":{1,2}(?!(?:hover|link|visited|active|focus|first-child|last-child|only-child|root|not"
    r"|first-of-type|last-of-type|nth-child|nth-of-type|first-line|first-letter|checked)\b)"
)
_MEDIA = re.compile(r"[\w\s(),:.>=/-]{1,500}")
_DEEPEST = 20
MOST_CHARACTERS = 300_000
# A longer source is rarely repeated and would take much memory.
_LONGEST_REMEMBERED = 500
_MOST_RULES = 5000
PREFIX = "m-"
LOST = "lost"
# White and black text are equally readable on it.
BACKDROP = "#757575"


# Returns the address for loading an image (``inline/0``, ``remote/0``), None if it may not be
# loaded, or LOST if a replacement must be shown; the second argument is the declarations beside it.
Image = Callable[[str, str], str | None]


def declarations(source: str, image: Image | None = None) -> str:
    """Return a style attribute with only its allowed declarations, ``""`` when none is allowed.

    ``image`` rewrites the addresses of background images; without it, they are removed. The result
    has only single quotes and no ampersand, so that it needs no escaping in an attribute.
    """
    if len(source) > _LONGEST_REMEMBERED or (image and _HAS_ADDRESS.search(source)):
        return _declared(source, image)
    return _declared_before(source)


@lru_cache(maxsize=4096)
def _declared_before(source: str) -> str:
    return _declared(source, None)


def _declared(source: str, image: Image | None) -> str:
    plain = _plain_declarations(source) if source.isascii() else None
    if plain is not None:
        return ";".join(plain)
    if len(source) > MOST_CHARACTERS or _is_too_deep(source):
        return ""
    parsed = tinycss2.parse_blocks_contents(
        _marked(source), skip_comments=True, skip_whitespace=True
    )
    return ";".join(_declarations(parsed, image))


def sheet(source: str, image: Image | None = None) -> str:
    """Return a style sheet with only its allowed rules: style rules, and ``@media`` around them.

    Ids in selectors get the prefix of ids in the HTML, and so do classes that begin with that
    prefix. Text beyond 300,000 characters or 5,000 rules is dropped.
    """
    source = source[:MOST_CHARACTERS]
    if _is_too_deep(source):
        return ""
    return "\n".join(_quick_rules(source, image))


# Words, numbers and colours, separated by spaces and commas, without nesting, quotes or escapes.
# Most styles are like this, and tinycss2 takes ten times as long for them.
_WORD = (
    r"(?:-?[a-z][a-z0-9-]*|#[a-z0-9]+|-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:%|(?!e\b)[a-z]{1,4})?)"
)
_PLAIN = re.compile(
    rf" ?([a-z-]+) ?: ?({_WORD}(?:(?: ?, ?| ){_WORD})*)( ?! ?important)? ?", re.IGNORECASE
)
# The normal form of such a value: tinycss2 would write it back unchanged.
NORMAL = re.compile(
    rf"([a-z-]+):{_WORD}(?:(?: ?, ?| ){_WORD})*(?: !important)?", re.ASCII | re.IGNORECASE
)
_NEGATIVE = re.compile(r"(?:^|[ ,])-[0-9.]")


def _plain_declarations(source: str) -> list[str] | None:
    """Return the result that tinycss2 and ``_declarations`` would give; None for a source that is
    not simple.
    """
    allowed = []
    for declaration in " ".join(source.split()).split(";"):
        plain = _PLAIN.fullmatch(declaration)
        if plain:
            name, value = plain[1].lower(), plain[2]
            is_negative = name.startswith("margin") and _NEGATIVE.search(value)
            if name in PROPERTIES and len(value) <= 2000 and not is_negative:
                allowed.append(f"{name}:{value}{' !important' if plain[3] else ''}")
        elif declaration.strip():
            return None
    return allowed


_BLANK = r"[ \t\r\n\f]"
# Comments that only separate: between declarations and between rules. An unclosed one reaches to
# the end.
_COMMENTS = re.compile(rf"(\A|[{{}};]|<!--)(?:{_BLANK}*+/\*.*?(?:\*/|\Z))+", re.DOTALL)
_SIMPLE_STRING = re.compile(r"""'[\w .,-]*'|"[\w .,-]*\"""", re.ASCII)
_SIMPLE_BRACKETS = re.compile(r"""\([^()\[\]{};<"']*\)|\[[^()\[\]{};<"']*\]""")
# With one of these, or a quote or bracket that is not simple, only a tokenizer finds the end of a
# rule.
_OBSCURE = re.compile(r"/\*|[\\\x00-\x08\x0b\x0e-\x1f\x7f\ufffd]")
_UNPAIRED = re.compile(r"""["'()\[\]]""")
_STATEMENT = re.compile(
    rf"""{_BLANK}*+(?:
    <!--|-->|(?P<end>\Z)
    |(?P<rule>(?P<selector>[^{{}}@;]*+)\{{(?P<body>[^{{}}@]*+)\}})
    |(?P<group>@media(?P<query>{_BLANK}[^{{}}@;]*+)\{{
        (?P<rules>(?>(?:[^{{}}@;]*+\{{[^{{}}@]*+\}})*){_BLANK}*+)\}})
    |@(?:import|charset|namespace|font-face){_BLANK}*+(?:[^{{}}@;]*+;|\{{[^{{}}@]*+\}})
    )""",
    re.VERBOSE,
)
_NAMED = r"""(?:[.#][a-z_][\w-]*|\[[a-z-]+(?:[~^$*|]?=(?:[a-z][\w-]*|"[\w-]*"|'[\w-]*'))?\])"""
_COMPOUND = (
    rf"(?:(?:[a-z][a-z0-9-]*|\*){_NAMED}*|{_NAMED}+)"
    r"(?::(?:hover|link|visited|active|focus|first-child|last-child))?"
)
_PLAIN_SELECTOR = re.compile(
    rf"{_COMPOUND}(?:(?: ?[>~] ?| \+ ?| ){_COMPOUND})*", re.ASCII | re.IGNORECASE
)
_CONDITION = r"(?:[a-z]+|\( ?[a-z-]+ ?: ?[0-9]+[a-z]{0,3} ?\))"
_PLAIN_QUERY = re.compile(rf"{_CONDITION}(?:(?: ?, ?| ){_CONDITION})*", re.ASCII | re.IGNORECASE)


def _quick_rules(source: str, image: Image | None) -> Iterator[str]:
    """Yield the rules of ``_all_rules``, without its tokenizer for every rule so simple that the
    result is known: newsletters have hundreds of such rules.
    """
    plain = _COMMENTS.sub(r"\1 ", source)
    bare, count = _SIMPLE_STRING.sub("", plain), 1
    while count:  # ends soon, since nothing is nested deeper than _DEEPEST
        bare, count = _SIMPLE_BRACKETS.subn("", bare)
    if _OBSCURE.search(plain) or _UNPAIRED.search(bare):
        yield from _all_rules(source, image)
        return
    end = 0
    for number in range(_MOST_RULES):
        statement = _STATEMENT.match(plain, end)
        if not statement:
            yield from _all_rules(plain[end:], image, _MOST_RULES - number)
            return
        if statement["end"] is not None:
            return
        end = statement.end()
        quick = _quick_statement(statement)
        if quick is None:
            yield from _all_rules(statement[0], image)
        elif quick:
            yield quick


def _quick_statement(statement: re.Match[str]) -> str | None:
    if statement["rule"]:
        return _quick_rule(statement["selector"], statement["body"])
    if statement["group"]:
        return _quick_group(statement["query"], statement["rules"])
    return ""


_STYLE_RULE = re.compile(r"(?<![^{}])([^{}]*+)\{([^{}]*+)\}")


def _quick_group(query: str, rules: str) -> str | None:
    """Return the result for ``@media``, as `_quick_statement` does."""
    query = " ".join(query.split())
    if not _PLAIN_QUERY.fullmatch(query) or len(query) > 500:
        return None
    quick = [_quick_rule(*rule) for rule in _STYLE_RULE.findall(rules)]
    if any(rule is None for rule in quick):
        return None
    body = "".join(filter(None, quick))
    return f"@media {query}{{{body}}}" if body else ""


def _quick_rule(selector: str, body: str) -> str | None:
    """Return the result for a style rule: ``""`` if it is dropped, None if it is not simple."""
    selectors = " ".join(selector.split()).replace(" ,", ",").replace(", ", ",").split(",")
    if not all(
        len(candidate) <= 1000 and _PLAIN_SELECTOR.fullmatch(candidate) for candidate in selectors
    ):
        return None
    declared = _plain_declarations(body) if body.isascii() else None
    if not declared:
        return None if declared is None else ""
    own = ",".join(selectors).replace("#", f"#{PREFIX}").replace(f".{PREFIX}", f".{PREFIX * 2}")
    return f"{own}{{{';'.join(declared)}}}".replace('"', "'")


def _all_rules(source: str, image: Image | None, most: int = _MOST_RULES) -> Iterator[str]:
    rules = tinycss2.parse_stylesheet(_marked(source), skip_comments=True, skip_whitespace=True)
    return _rules(rules[:most], 0, image)


# Python refuses numbers of more than 4,300 digits, and tinycss2 passes them on. Such a number would
# be dropped anyway.
_LONG_NUMBER = re.compile(r"\d{2000,}")


def _marked(source: str) -> str:
    source = _LONG_NUMBER.sub(_ESCAPED, source) if len(source) > 2000 else source
    return source.replace("\\", _ESCAPED).replace("\x00", _ESCAPED)


def _is_too_deep(source: str) -> bool:
    """Return whether brackets are nested deeper than in any real style: the parser's trees are
    walked recursively.
    """
    depth = 0
    for bracket in re.findall(r"[\[({\])}]", source):
        depth = depth + 1 if bracket in "[({" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return False


def _declarations(parsed: list[Any], image: Image | None) -> Iterator[str]:
    beside = ";".join(_declarations(parsed, None)) if image and _have_address(parsed) else ""
    for node in parsed:
        if node.type == "declaration" and node.lower_name in PROPERTIES:
            tokens = node.value
            if node.lower_name in _WITH_IMAGES:
                tokens = [_rewritten(token, image, beside) for token in tokens]
            value = _value(node.lower_name, tokens)
            if value and (value != "none" or tokens == node.value):
                yield f"{node.lower_name}:{value}{' !important' if node.important else ''}"


class _OurAddress(URLToken):  # type: ignore[misc]  # tinycss2 has no types
    """An address that the webmail wrote: a message may contain ``url(remote/0)`` too."""


def _have_address(parsed: list[Any]) -> bool:
    return any(
        _address(token) is not None
        for node in parsed
        if node.type == "declaration" and node.lower_name in _WITH_IMAGES
        for token in node.value
    )


def _rewritten(token: Any, image: Image | None, beside: str) -> Any:
    """Return a token of a background: its address becomes the webmail's, or ``none``."""
    address = _address(token)
    if address is None:
        return token
    ours = image(address, beside) if image and _ESCAPED not in address else None
    if ours == LOST:
        gradient = f"linear-gradient({BACKDROP},{BACKDROP})"
        return tinycss2.parse_one_component_value(gradient)
    if ours and _OURS.fullmatch(ours):
        return _OurAddress(token.source_line, token.source_column, ours, f"url({ours})")
    return IdentToken(token.source_line, token.source_column, "none")


def _address(token: Any) -> str | None:
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name == "url":
        return "".join(argument.value for argument in token.arguments if argument.type == "string")
    return None


def _value(name: str, tokens: list[Any]) -> str:
    """Return the value as text, ``""`` when any part of it is not known to be harmless."""
    if not all(map(_is_harmless, tokens)):
        return ""
    # Negative margins pull the following content over the preceding.
    if name.startswith("margin") and any(_is_negative(token) for token in tokens):
        return ""
    value = " ".join(tinycss2.serialize(tokens).replace('"', "'").split())
    return "" if _UNSAFE_VALUE.search(value) or len(value) > 2000 else value


def _is_negative(token: Any) -> bool:
    """Return whether a length is, or may be, below zero; it is not computed here."""
    if token.type == "literal":
        return bool(token.value == "-")
    if token.type == "function":
        return any(map(_is_negative, token.arguments))
    if token.type == "() block":
        return any(map(_is_negative, token.content))
    return token.type in ("number", "dimension", "percentage") and token.value < 0


def _is_harmless(token: Any) -> bool:
    if token.type == "function":
        return token.lower_name in _FUNCTIONS and all(map(_is_harmless, token.arguments))
    if token.type == "() block":
        return all(map(_is_harmless, token.content))
    if token.type == "url":
        return isinstance(token, _OurAddress)
    if token.type == "string":
        # Quotes inside a string would be written as escapes.
        return not re.search(r"['\"\n\r]", token.value)
    return token.type in (
        "whitespace",
        "ident",
        "number",
        "percentage",
        "dimension",
        "hash",
        "literal",
        "comment",
    )


def _rules(rules: Iterable[Any], depth: int, image: Image | None) -> Iterator[str]:
    for rule in rules:
        if rule.type == "qualified-rule":
            selector = _selector(rule.prelude)
            inside = tinycss2.parse_blocks_contents(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            body = ";".join(_declarations(inside, image)) if selector else ""
            if body:
                yield f"{selector}{{{body}}}"
        elif (
            rule.type == "at-rule"
            and rule.lower_at_keyword == "media"
            and rule.content
            and depth < 3
        ):
            query = " ".join(tinycss2.serialize(rule.prelude).split())
            inside = tinycss2.parse_rule_list(
                rule.content, skip_comments=True, skip_whitespace=True
            )
            body = "".join(_rules(inside, depth + 1, image))
            if body and _MEDIA.fullmatch(query):
                yield f"@media {query}{{{body}}}"


def _selector(prelude: list[Any]) -> str:
    """Return the selectors of the list that are allowed, ids prefixed; ``""`` when none is."""
    _prefix(prelude)
    selectors: list[list[Any]] = [[]]
    for node in prelude:
        if node == ",":
            selectors.append([])
        else:
            selectors[-1].append(node)
    texts = (" ".join(tinycss2.serialize(nodes).replace('"', "'").split()) for nodes in selectors)
    return ",".join(
        text for text in texts if _SELECTOR.fullmatch(text) and not _PSEUDO.search(text)
    )


def _prefix(nodes: list[Any]) -> None:
    """Give ids and classes the names that they have in the HTML, also inside ``:not()``."""
    before: Any = None
    for node in nodes:
        if node.type == "hash":
            node.value = PREFIX + node.value
        elif node.type == "ident" and before == ".":
            node.value = own_class(node.value)
        elif node.type == "function":
            _prefix(node.arguments)
        before = node


def own_class(name: str) -> str:
    """Return a class name of the message that differs from all of the webmail's, which begin with a
    single prefix.
    """
    return PREFIX + name if name.startswith(PREFIX) else name
