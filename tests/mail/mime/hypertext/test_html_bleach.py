"""The sanitiser beside ``bleach.clean``: whatever bleach would drop, ours drops."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import nh3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import structure
from mail.mime.hypertext import allowlist, html
from tests.examples import up_to
from tests.mail.mime.elements import elements, shape
from tests.mail.mime.hypertext.test_allowlist import by_bleach
from tests.mail.mime.hypertext.test_html import HOSTILE
from tests.mail.mime.newsletters import newsletter


def facts(source: str) -> set[tuple[str, ...]]:
    """Return what HTML consists of: tags, attributes of tags, addresses."""
    facts_: set[tuple[str, ...]] = set()
    for tag, attributes in elements(source):
        facts_.add((tag,))
        for name, value in attributes.items():
            if name in ("target", "rel"):
                continue
            facts_.add((tag, name))
            if name == "href":
                facts_.add(("address", re.sub(r"\s", "", value)))
    return facts_


def ours_are_among_theirs(source: str) -> None:
    """Compare what is left of ``source`` by us and by bleach, which is allowed ``cid:`` here."""
    safe = html.sanitise(source)
    theirs = facts(by_bleach(source, {"cid"}))
    # Ours: folds, signatures, notes at links.
    theirs |= {("details",), ("summary",), ("span",)}
    ours = facts(re.sub(r'<small class="m-host[^>]*>[^<]*</small>', "", safe.body))
    for fact in ours:
        if fact[0] == "address":
            assert any(same_address(fact[1], other[1]) for other in theirs if other[0] == "address")
        elif fact[1:] not in (("class",), ("title",)):
            assert fact in theirs


def same_address(ours: str, theirs: str) -> bool:
    """Whether a link is as it was, but for what a browser does not read and our prefix."""
    ours, theirs = unquote(ours), unquote(theirs).replace("\xa0", "")
    return ours in (theirs, f"https:{theirs}") or (ours[:3] == "#m-" and theirs[:1] == "#")


def bleach_drops_nothing_more(safe: html.SafeHtml) -> None:
    """bleach's own run over the result, with its own parser, leaves all of it."""
    again = by_bleach(safe.body)
    assert shape(again.replace(";", "")) == shape(safe.body.replace(";", ""))


def sources(corpus: Path) -> list[str]:
    sources_ = []
    for path in sorted(corpus.glob("*/*.eml")):
        parsed = structure.parse(path.read_bytes())
        sources_ += [
            html.decode(parsed.bodies[part.number], part.encoding, part.charset)
            for part in parsed.root.walk()
            if part.media_type == "text/html" and part.number in parsed.bodies
        ]
    return sources_


def test_bleach_would_drop_nothing_more_from_the_corpus(corpus: Path) -> None:
    for source in sources(corpus):
        for remote in (False, True):
            bleach_drops_nothing_more(html.sanitise(source, remote=remote))


def test_nothing_of_the_corpus_is_kept_that_bleach_drops(corpus: Path) -> None:
    for source in sources(corpus):
        ours_are_among_theirs(tree(source))


def test_a_newsletter_is_the_same_through_both() -> None:
    source = newsletter(30_000)
    safe = html.sanitise(source)
    bleach_drops_nothing_more(safe)
    theirs = by_bleach(source[source.index("<div") :])
    assert words(safe.body) == words(theirs)
    assert len(elements(safe.body)) == len(elements(theirs))


def words(source: str) -> str:
    return re.sub(r"<[^>]*>|\s", "", source)


def tree(source: str) -> str:
    """A source as nh3 reads it, with attributes and elements that ours and bleach drop.

    Both begin with it: html5lib loses text that stands wrongly in a table, and bleach's tokenizer
    reads elements in a ``<style>`` that no browser sees there.
    """
    return nh3.clean(
        source.encode("utf-8", "replace").decode(),
        tags=set(allowlist.TAGS) | {"form", "input", "button", "x-y"},
        clean_content_tags=set(html.DROPPED_WITH_CONTENT),
        attributes={"*": {"style", "id", "action", "poster", "xmlns", "ping"}},
        generic_attribute_prefixes=set("abcdefghijklmnopqrstuvwyz"),
        url_schemes={"javascript", "data", "vbscript", "http", "https", "mailto", "cid", "ftp"},
        link_rel=None,
    )


@up_to(300)
@given(st.lists(HOSTILE | st.text(max_size=4), max_size=30), st.sampled_from(["", " "]))
def test_bleach_would_drop_nothing_more_from_anything(parts: list[str], between: str) -> None:
    bleach_drops_nothing_more(html.sanitise(between.join(parts), remote=True))


@up_to(300)
@given(st.lists(HOSTILE | st.text(max_size=4), max_size=30), st.sampled_from(["", " "]))
def test_nothing_of_anything_is_kept_that_bleach_drops(parts: list[str], between: str) -> None:
    ours_are_among_theirs(tree(between.join(parts)))


@pytest.mark.parametrize("remote", [False, True])
def test_an_html5_parser_reads_back_the_tree_that_was_written(remote: bool) -> None:
    source = "<p><b>a<div><a href=http://x.fr><table><tr><td>b<p>c</table>d<ul><li>e<li>f</ul>"
    safe = html.sanitise(source, remote=remote)
    assert '<a href="http://x.fr"' in safe.body.split("<table")[0]
    assert shape(safe.body) == shape(
        nh3.clean(
            safe.body,
            tags=set(allowlist.TAGS),
            link_rel=None,
            attributes={"a": {"href", "target", "rel"}},
        )
    )
