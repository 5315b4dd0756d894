"""The French catalogue is complete, and written as French is."""

from __future__ import annotations

import re

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po
from django.conf import settings

from webmail.management.commands.update_catalogue import extracted

NBSP = "\N{NO-BREAK SPACE}"
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|%[sd]|\{(\w+)\}")


@pytest.fixture(scope="module")
def french() -> Catalog:
    with (settings.BASE_DIR / "locale/fr/LC_MESSAGES/django.po").open("rb") as file:
        return read_po(file)


def strings(message: Message) -> list[str]:
    string = message.string or ""
    return [string] if isinstance(string, str) else list(string)


def sources(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[-1]


def entries(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id]


def test_every_message_of_the_sources_is_translated(french: Catalog) -> None:
    missing = [
        sources(message)
        for message in entries(extracted())
        if not (found := french.get(message.id, message.context)) or not all(strings(found))
    ]
    assert not missing


def test_nothing_is_fuzzy_or_left_over(french: Catalog) -> None:
    known = {(str(message.id), message.context) for message in entries(extracted())}
    wrong = [
        sources(message)
        for message in entries(french)
        if message.fuzzy or (str(message.id), message.context) not in known
    ]
    assert not wrong


def test_placeholders_survive_translation(french: Catalog) -> None:
    def names(text: str) -> set[str]:
        return {match.group() for match in PLACEHOLDER.finditer(text)}

    wrong = [
        (sources(message), text)
        for message in entries(french)
        for text in strings(message)[-1:]
        if names(text) != names(sources(message))
    ]
    assert not wrong


def test_french_typography(french: Catalog) -> None:
    def faults(text: str) -> list[str]:
        bare = PLACEHOLDER.sub("x", text)
        found = []
        if "'" in bare:
            found.append("straight apostrophe")
        if '"' in bare:
            found.append("straight quotation mark")
        if re.search(rf"[^{NBSP}/\d:]:(?!//)(\s|$)|[^{NBSP}];", bare) or re.search(
            rf"[^{NBSP}?!][?!]", bare
        ):
            found.append("no no-break space before : ; ! ?")
        if re.search(rf"«(?!{NBSP})|(?<!{NBSP})»", bare):
            found.append("no no-break space inside « »")
        if "..." in bare:
            found.append("three dots for …")
        return found

    wrong = [
        (text, faults(text))
        for message in entries(french)
        for text in strings(message)
        if faults(text)
    ]
    assert not wrong
