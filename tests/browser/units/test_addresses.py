"""js/addresses.js: what is typed or pasted, read as recipients."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.cases import each
from tests.mail.mime.test_addresses import NAMES

pytestmark = pytest.mark.browser

WRITTEN = """async ([text, isCopied]) => {
  const { read, written } = await import("/static/webmail/js/addresses.js");
  return read(text, { isCopied }).map(written).join(", ");
}"""
PASTED = {
    "MARTIN, Paul <paul@x.example>; DURAND, Anne <anne@x.example>": (
        '"MARTIN, Paul" <paul@x.example>, "DURAND, Anne" <anne@x.example>'
    ),
    "MARTIN, Paul <paul@x.example>": '"MARTIN, Paul" <paul@x.example>',
    "a@x.example, b@x.example": "a@x.example, b@x.example",
    "a@x.example b@x.example": "a@x.example, b@x.example",
    "Roux\tLou\tlou@x.example": "Roux Lou <lou@x.example>",
    "lou@x.example\nzoe@x.example": "lou@x.example, zoe@x.example",
    '"Roux, Lou" <lou@x.example>; "Alix" <alix@x.example>': (
        '"Roux, Lou" <lou@x.example>, Alix <alix@x.example>'
    ),
    "Parents 4e B: a@x.example, b@x.example;": "Parents 4e B: a@x.example, b@x.example;",
}


def test_names_are_read_as_the_server_does(units: Page) -> None:
    read = """async (texts) => {
      const { read } = await import("/static/webmail/js/addresses.js");
      const named = ({ name, address }) => (name ? `${name} <${address}>` : address);
      const said = (one) => (one.address ? named(one) : `${one.text}!`);
      return texts.map((text) => read(text).flatMap((one) => one.members ?? [one]).map(said));
    }"""
    texts = [typed for typed, _expected in NAMES.values()]
    assert units.evaluate(read, texts) == [expected for _typed, expected in NAMES.values()]


@each(("pasted", "expected"), PASTED.items())
def test_pasted_recipients_are_written_one_by_one(units: Page, pasted: str, expected: str) -> None:
    assert units.evaluate(WRITTEN, [pasted, True]) == expected


def test_a_name_before_a_comma_is_a_person_of_its_own_when_it_is_typed(units: Page) -> None:
    typed = ["bob, Anne <anne@x.example>", False]
    assert units.evaluate(WRITTEN, typed) == "bob, Anne <anne@x.example>"


@each(
    ("text", "is_one"),
    {
        "lou@x.example": True,
        "lou@localhost": True,
        "é@x.example": True,
        "lou@x": False,
        "@x.example": False,
        "lou.@x.example": False,
        "lou@-x.example": False,
        f"{'l' * 250}@x.example": False,
    }.items(),
)
def test_an_address_is_told_from_other_words(units: Page, text: str, is_one: bool) -> None:
    script = """async (text) => (await import("/static/webmail/js/addresses.js")).isAddress(text)"""
    assert units.evaluate(script, text) is is_one
