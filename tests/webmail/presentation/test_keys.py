"""The keys as a user chose them."""

from __future__ import annotations

import pytest
from django.utils import translation

from tests.cases import each
from webmail.presentation import keys

ACTIONS = [key.name for key in keys.CHANGEABLE]


@pytest.mark.parametrize("kind", ["gmail", "roundcube"])
def test_no_stroke_of_a_given_scheme_stands_for_two_actions(kind: str) -> None:
    assert keys.conflicts(keys.scheme(kind).strokes) == []


@pytest.mark.parametrize(
    ("kind", "own", "name", "strokes"),
    [
        ("gmail", "archive=Y", "archive", "E"),
        ("gmail", "", "trash", "# Delete"),
        ("roundcube", "", "trash", "D Delete"),
        ("roundcube", "", "reply_all", "Shift+R"),
        ("roundcube", "", "archive", "E"),
        ("none", "", "archive", ""),
        ("none", "", "trash", "Delete"),
        ("none", "", "next", "ArrowDown"),
        ("none", "", "keys", ""),
        ("none", "", "all", "Control+A"),
        ("none", "", "several", "Shift+ArrowDown Shift+ArrowUp"),
        ("own", "archive=Y", "archive", "Y"),
        ("own", "archive=", "archive", ""),
        ("own", "archive==", "archive", "="),
        ("own", "select=V", "several", "Shift+ArrowDown Shift+ArrowUp Shift+V"),
        ("own", "select=7", "several", "Shift+ArrowDown Shift+ArrowUp"),
    ],
)
def test_the_strokes_of_an_action(kind: str, own: str, name: str, strokes: str) -> None:
    assert keys.scheme(kind, own).all_of(name) == strokes


@pytest.mark.parametrize(
    "own",
    ["archive=Ctrl+W", "archive=EE", "nothing=Z", "archive", "=", " ", "archive=\x00", "x" * 400],
)
def test_nonsense_counts_as_not_chosen(own: str) -> None:
    assert keys.scheme("own", own) == keys.scheme("gmail")


def test_what_was_written_is_read_again() -> None:
    strokes = {**keys.scheme("roundcube").strokes, "junk": "", "archive": '"'}
    assert keys.scheme("own", keys.write(strokes)).strokes == strokes
    assert keys.write(keys.scheme("gmail").strokes) == ""


@pytest.mark.parametrize(
    ("text", "stroke"),
    [
        ("y", "Y"),
        (" Y ", "Y"),
        ("Maj+i", "Shift+I"),
        ("shift + I", "Shift+I"),
        ("", ""),
        ("+", "+"),
        ("é", "É"),
        ("9", "9"),
        ("²", "²"),
        ("maj++", None),
    ],
)
def test_a_typed_key_is_read(text: str, stroke: str | None) -> None:
    with translation.override("fr"):
        if stroke is None:
            with pytest.raises(keys.Refused):
                keys.parse(text)
        else:
            assert keys.parse(text) == stroke


@pytest.mark.parametrize(
    "text", ["Ctrl+W", "alt + f", "F5", "Tab", "Entrée", "Suppr", "↓", "ab", "œœ"]
)
def test_keys_of_the_browser_and_the_page_are_refused_in_words(text: str) -> None:
    with pytest.raises(keys.Refused) as refused:
        keys.parse(text)
    assert str(refused.value)


@each("name", ACTIONS)
def test_what_the_settings_show_of_a_key_is_read_as_that_key(name: str) -> None:
    stroke = keys.scheme().strokes[name]
    with translation.override("fr"):
        assert keys.parse(keys.typed(stroke)) == stroke


def test_a_stroke_for_two_actions_is_a_conflict_where_both_can_be_pressed() -> None:
    usual = dict(keys.scheme().strokes)
    assert not keys.conflicts(usual | {"back": "X"}), "one in the list, one in the message"
    (found,) = keys.conflicts(usual | {"archive": "R"})
    assert (found.first.name, found.second.name, found.stroke) == ("reply", "archive", "R")
    assert keys.conflicts(usual | {"archive": "?"}), "the key that shows the keys"


def test_scripts_are_told_only_what_is_not_usual() -> None:
    assert keys.scheme().for_scripts == ""
    assert keys.scheme("roundcube").for_scripts == "next=K previous=J search=S"
    assert keys.scheme("own", "select= archive=Y").for_scripts == "select="
