"""The elements of HTML as an HTML5 parser reads them that has no part in the sanitising: html5lib,
as bleach brings it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bleach._vendor import html5lib  # type: ignore[import-not-found]

Element = tuple[str, dict[str, str]]


def elements(source: str) -> list[Element]:
    """Name and attributes of each element of a fragment, in their order."""
    return [
        (token["name"], {name: value for (_, name), value in token["data"].items()})
        for token in walk(source)
        if token["type"] in ("StartTag", "EmptyTag")
    ]


def walk(source: str) -> Iterator[dict[str, Any]]:
    """html5lib's tokens of the tree of a fragment."""
    # "namespaceHTMLElements" off: names as they are written.
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    walker: Any = html5lib.getTreeWalker("etree")
    return iter(walker(parser.parseFragment(source)))


def shape(source: str) -> list[str]:
    """The tree as a list of starts, ends and words: equal for equal trees."""
    out: list[str] = []
    for token in walk(source):
        if token["type"] in ("Characters", "SpaceCharacters"):
            if out and out[-1].startswith("'"):
                out[-1] += token["data"]
            else:
                out.append("'" + token["data"])
        elif token["type"] == "EndTag":
            out.append(f"/{token['name']}")
        else:
            attributes = sorted((name, value) for (_, name), value in token["data"].items())
            out.append(f"{token['name']} {attributes}")
    return out
