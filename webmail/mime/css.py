"""Style sheets and style attributes of mail: parsed by a real tokenizer, and only what is known let
through.

Nothing that comes out can load, run, cover, or end the ``<style>`` element it stands in: no address
in any spelling, no escape, no position, no function but those that compute a colour, a length or a
gradient.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any

import tinycss2  # type: ignore[import-untyped]
from tinycss2.ast import IdentToken, URLToken  # type: ignore[import-untyped]


def words(text: str) -> frozenset[str]:
    """A set of names, written as they read."""
    return frozenset(text.split())


PROPERTIES = words(
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
    max-width min-height min-width object-fit object-position opacity order orphans outline
    outline-color outline-style outline-width overflow overflow-wrap overflow-x overflow-y
    padding padding-bottom padding-left padding-right padding-top page-break-after
    page-break-before page-break-inside row-gap tab-size table-layout text-align text-align-last
    text-decoration text-decoration-color text-decoration-line text-decoration-style text-indent
    text-overflow text-shadow text-transform text-underline-offset unicode-bidi vertical-align
    visibility white-space widows width word-break word-spacing word-wrap
    -webkit-text-size-adjust -ms-text-size-adjust text-size-adjust -webkit-box-sizing
    -moz-box-sizing -webkit-border-radius -moz-border-radius -webkit-font-smoothing
    mso-table-lspace mso-table-rspace mso-line-height-rule
    """
)
_FUNCTIONS = words(
    """
    rgb rgba hsl hsla hwb lab lch oklab oklch calc min max clamp linear-gradient radial-gradient
    conic-gradient repeating-linear-gradient repeating-radial-gradient minmax repeat fit-content
    """
)
_WITH_IMAGES = frozenset({"background", "background-image"})
_HAS_ADDRESS = re.compile(r"url\(", re.IGNORECASE)
_OURS = re.compile(r"(?:inline|remote)/\d{1,6}")
# Backslashes become this mark before parsing, and what holds it afterwards is dropped: an escape in
# mail hides something, or addresses a browser of the nineties.
_ESCAPED = "\ufffd"
_UNSAFE_VALUE = re.compile(
    r"""[<>{};:@&\\`"\ufffd\x00-\x08\x0e-\x1f\x7f]|/\*|expression|javascript""", re.IGNORECASE
)
_SELECTOR = re.compile(r"""[\w\s.#*,>+~:()|\[\]=^$'-]{1,2000}""")
# Generated content is not let through, so these would only cost the browser time.
_PSEUDO = re.compile(
    r":{1,2}(?!(?:hover|link|visited|active|focus|first-child|last-child|only-child|root|not"
    r"|first-of-type|last-of-type|nth-child|nth-of-type|first-line|first-letter|checked)\b)"
)
_MEDIA = re.compile(r"[\w\s(),:.>=/-]{1,500}")
_DEEPEST = 20
MOST_CHARACTERS = 300_000
# What is longer is hardly repeated, and would keep much memory.
_LONGEST_REMEMBERED = 500
_MOST_RULES = 5000
PREFIX = "m-"


# Gives an address as it may be loaded (``inline/0``, ``remote/0``), None when it may not.
Image = Callable[[str], str | None]


def declarations(source: str, image: Image | None = None) -> str:
    """A style attribute with its allowed declarations alone, ``""`` when none is.

    ``image`` rewrites the addresses of background images; without it there are none. Quotes in the
    result are single ones, and it has no ampersand: it stands in an attribute without being
    escaped.
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
    """A style sheet with its allowed rules alone: style rules and ``@media`` around them.

    Ids in selectors get the prefix that ids in the HTML have, and so do classes that begin with it.
    What is beyond 300,000 characters or 5,000 rules is left out.
    """
    source = source[:MOST_CHARACTERS]
    if _is_too_deep(source):
        return ""
    rules = tinycss2.parse_stylesheet(_marked(source), skip_comments=True, skip_whitespace=True)
    return "\n".join(_rules(rules[:_MOST_RULES], 0, image))


# Words, numbers and colours with blanks and commas between: nothing nests, quotes or escapes. Most
# styles are so, and tinycss2 takes ten times as long for them.
_WORD = r"(?:-?[a-z][a-z0-9-]*|#[a-z0-9]+|-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:%|[a-z]{1,4})?)"
_PLAIN = re.compile(
    rf" ?([a-z-]+) ?: ?({_WORD}(?:(?: ?, ?| ){_WORD})*)( ?! ?important)? ?", re.IGNORECASE
)
_NEGATIVE = re.compile(r"(?:^|[ ,])-[0-9.]")


def _plain_declarations(source: str) -> list[str] | None:
    """The same as tinycss2 and ``_declarations`` make of it; None when it is not so simple."""
    kept = []
    for declaration in " ".join(source.split()).split(";"):
        plain = _PLAIN.fullmatch(declaration)
        if plain:
            name, value = plain[1].lower(), plain[2]
            is_negative = name.startswith("margin") and _NEGATIVE.search(value)
            if name in PROPERTIES and len(value) <= 2000 and not is_negative:
                kept.append(f"{name}:{value}{' !important' if plain[3] else ''}")
        elif declaration.strip():
            return None
    return kept


def _marked(source: str) -> str:
    return source.replace("\\", _ESCAPED).replace("\x00", _ESCAPED)


def _is_too_deep(source: str) -> bool:
    """Whether brackets are nested deeper than any real style has them: the parser's trees are
    walked recursively."""
    depth = 0
    for bracket in re.findall(r"[\[({\])}]", source):
        depth = depth + 1 if bracket in "[({" else max(depth - 1, 0)
        if depth > _DEEPEST:
            return True
    return False


def _declarations(parsed: Iterable[Any], image: Image | None) -> Iterator[str]:
    for node in parsed:
        if node.type == "declaration" and node.lower_name in PROPERTIES:
            tokens = node.value
            if node.lower_name in _WITH_IMAGES:
                tokens = [_rewritten(token, image) for token in tokens]
            value = _value(node.lower_name, tokens)
            if value and (value != "none" or tokens == node.value):
                yield f"{node.lower_name}:{value}{' !important' if node.important else ''}"


class _OurAddress(URLToken):  # type: ignore[misc]  # tinycss2 has no types
    """An address that we wrote; a message may write ``url(remote/0)`` as well."""


def _rewritten(token: Any, image: Image | None) -> Any:
    """A token of a background: an address becomes ours, or ``none``."""
    address = _address(token)
    if address is None:
        return token
    ours = image(address) if image and _ESCAPED not in address else None
    if ours and _OURS.fullmatch(ours):
        return _OurAddress(token.source_line, token.source_column, ours, f"url({ours})")
    return IdentToken(token.source_line, token.source_column, "none")


def _address(token: Any) -> str | None:
    if token.type == "url":
        return str(token.value)
    if token.type == "function" and token.lower_name == "url":
        return "".join(one.value for one in token.arguments if one.type == "string")
    return None


def _value(name: str, tokens: list[Any]) -> str:
    """The value as text, ``""`` when anything in it is not known to be harmless."""
    if not all(map(_is_harmless, tokens)):
        return ""
    # Negative margins pull what follows over what stands before.
    if name.startswith("margin") and any(_is_negative(token) for token in tokens):
        return ""
    value = " ".join(tinycss2.serialize(tokens).replace('"', "'").split())
    return "" if _UNSAFE_VALUE.search(value) or len(value) > 2000 else value


def _is_negative(token: Any) -> bool:
    if token.type == "function":
        return any(map(_is_negative, token.arguments))
    return token.type in ("number", "dimension", "percentage") and token.value < 0


def _is_harmless(token: Any) -> bool:
    if token.type == "function":
        return token.lower_name in _FUNCTIONS and all(map(_is_harmless, token.arguments))
    if token.type == "() block":
        return all(map(_is_harmless, token.content))
    if token.type == "url":
        return isinstance(token, _OurAddress)
    if token.type == "string":
        # Quotes inside a string would come out as escapes.
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
    """The selectors of the list that can be kept, ids prefixed; ``""`` when none can."""
    _prefix(prelude)
    selectors: list[list[Any]] = [[]]
    for node in prelude:
        if node == ",":
            selectors.append([])
        else:
            selectors[-1].append(node)
    texts = (" ".join(tinycss2.serialize(one).replace('"', "'").split()) for one in selectors)
    return ",".join(one for one in texts if _SELECTOR.fullmatch(one) and not _PSEUDO.search(one))


def _prefix(nodes: list[Any]) -> None:
    """Give ids and classes the names they have in the HTML, also inside ``:not()``."""
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
    """A class of the message that can't be one of ours, which begin with the prefix once."""
    return PREFIX + name if name.startswith(PREFIX) else name
