"""bleach's rules asked element by element: the same answers as ``bleach.clean`` gives."""

from __future__ import annotations

import html
from collections.abc import Collection
from importlib.metadata import version

import bleach
import pytest
from bleach.css_sanitizer import CSSSanitizer
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.hypertext import allowlist, css
from tests.cases import each
from tests.examples import up_to
from tests.mail.mime.elements import elements


def by_bleach(source: str, more_protocols: Collection[str] = ()) -> str:
    return bleach.clean(
        source,
        tags=allowlist.TAGS,
        attributes=allowlist.is_allowed,
        protocols=allowlist.PROTOCOLS.union(more_protocols),
        strip=True,
        css_sanitizer=CSSSanitizer(allowlist.OWN_PROPERTIES, ()),
    )


def test_bleach_is_the_version_whose_inside_was_read() -> None:
    assert version("bleach").startswith("6.4.")


ATTRIBUTES = [
    ("a", "href", "https://x.fr/"),
    ("a", "href", "HTTP://x.fr/?a=1&b=2"),
    ("a", "href", "java\nscript:x"),
    ("a", "href", " \x01javascript:x"),
    ("a", "href", "javascript&colon;x"),
    ("a", "href", "vbscript:x"),
    ("a", "href", "data:text/html,x"),
    ("a", "href", "mailto:a@x.fr"),
    ("a", "href", "#m-a"),
    ("a", "href", "/compose/?to=a"),
    ("a", "href", "http://[x"),
    ("a", "target", "_top"),
    ("a", "target", "_blank"),
    ("a", "rel", "opener"),
    ("a", "onclick", "x"),
    ("p", "href", "https://x.fr/"),
    ("img", "src", "remote/1"),
    ("img", "src", "cid:x"),
    ("img", "src", "ftp://x/"),
    ("img", "onerror", "x"),
    ("table", "background", "javascript:x"),
    ("table", "background", "inline/1"),
    ("p", "style", "color:red;position:fixed;width:1px"),
    ("p", "style", "font-family:'a;b', Arial;color:red"),
    ("p", "style", "all:initial !important"),
    ("p", "style", "x"),
    ("p", "class", "m-a"),
    ("table", "role", "alert"),
    ("table", "role", "none"),
]


@each(("tag", "name", "value"), ATTRIBUTES)
def test_an_attribute_is_kept_or_dropped_as_bleach_does(tag: str, name: str, value: str) -> None:
    cleaned = elements(by_bleach(f'<{tag} {name}="{html.escape(value, quote=False)}">'))
    (theirs,) = [element for element in cleaned if element[0] == tag]
    kept = {key: kept_value.removesuffix(";") for key, kept_value in theirs[1].items()}
    assert allowlist.kept_attributes(tag, {name: value}) == kept


@pytest.mark.parametrize("tag", ["script", "svg", "math", "form", "iframe", "style", "x-y", "use"])
def test_an_element_that_bleach_would_drop_may_not_stay(tag: str) -> None:
    assert allowlist.kept_attributes(tag, {}) is None


NAMES = st.sampled_from(
    ["href", "src", "style", "class", "onload", "background", "role", "rel", "id", "srcset"]
)
VALUES = st.text(
    st.sampled_from("abjvscript:/#?&;=.()\"' \t\n\x01\xa0é%-0url`\u200b"), max_size=25
) | st.sampled_from(["https:", "javascript:", "color:red;", "mailto:a", "_blank", "inline/0"])


@up_to(300)
@given(
    st.sampled_from(["a", "img", "table", "p"]),
    NAMES,
    st.lists(VALUES, min_size=1, max_size=3).map("".join),
)
def test_any_attribute_that_bleach_drops_is_dropped(tag: str, name: str, value: str) -> None:
    cleaned = elements(by_bleach(f'<{tag} {name}="{html.escape(value)}">'))
    theirs = next((element[1] for element in cleaned if element[0] == tag), {})
    ours = allowlist.kept_attributes(tag, {name: value}) or {}
    assert set(ours) <= set(theirs)
    if name == "style" and ours:
        # Of a string that never ends nothing is kept here: bleach keeps what follows its quote.
        assert declarations(ours["style"]) <= declarations(theirs["style"])


def declarations(style: str) -> set[str]:
    return {declaration for declaration in style.replace(" ", "").split(";") if declaration}


def test_all_that_css_keeps_bleach_keeps() -> None:
    style = ";".join(f"{name}:initial" for name in sorted(css.PROPERTIES))
    kept = allowlist.kept_attributes("p", {"style": style}) or {}
    assert kept["style"].count(":") == len(css.PROPERTIES)


DECLARATIONS = st.sampled_from(
    [
        *"color: COLOR: position: margin: red Arial 1px 1e 1E5 .5em -1px 50% #fff # ,".split(),
        *"! !important / * ( ) ' \\ u+a -- é all:".split(),
        *(" ", ", ", "\n"),
    ]
)


@up_to(1500)
@given(st.lists(DECLARATIONS, max_size=8).map("".join))
def test_a_plain_declaration_is_what_bleach_makes_of_it(source: str) -> None:
    theirs = CSSSanitizer(allowlist.OWN_PROPERTIES, ()).sanitize_css(source)
    assert not allowlist._is_plain(source) or theirs.removesuffix(";") == source


@up_to(500)
@given(
    st.sampled_from(["http://x.fr", "https://x.fr/", "HTTP://a-b.c?", "https://1.2.3.4#", "http:"]),
    st.lists(VALUES | st.sampled_from(["[", "]", "&lbrack;", "@", ":80"]), max_size=4).map("".join),
)
def test_bleach_says_of_an_address_what_it_says_of_its_host(host: str, rest: str) -> None:
    assert allowlist._judged("a", "href", host + rest) == allowlist._ask("a", "href", host + rest)


@given(VALUES, st.sampled_from(["title", "alt"]))
def test_bleach_does_not_read_words(value: str, name: str) -> None:
    assert allowlist._judged("img", name, value) == allowlist._ask("img", name, value) == value
