"""The spellings that are asked for of a word with or without its accents."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.folding import fold, with_either_apostrophe
from mail.mailbox import accents
from mail.mailbox.accents import MOST, other_number, spellings
from tests.waiting import cheap


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("reunion", "réunion"),
        ("reunions", "réunions"),
        ("eleve", "élève"),
        ("éleve", "élève"),
        ("FRANCAIS", "français"),
        ("Noel", "noël"),
        ("cote", "côté"),
        ("prepa", "prépa"),
        ("helene", "hélène"),
        ("réunion", "reunion"),
        ("Éric", "eric"),
        ("conseil d'ecole", "conseil d'école"),
        ("college preparation", "collège préparation"),
        ("l'ordre", "l’ordre"),
        ("l’ordre", "l'ordre"),
        ("d'eleve", "d’élève"),
        ("d’élève", "d'élève"),
        ("coeur", "cœur"),
        ("soeurs", "sœurs"),
        ("cœur", "coeur"),
        ("Oeuvre", "œuvre"),
        ("desoeuvre", "désœuvré"),
    ],
)
def test_the_meant_spelling_is_among_few_and_the_typed_one_is_first(typed: str, meant: str) -> None:
    found = spellings(typed)
    assert found[0] == typed
    assert meant in found
    assert len(found) <= accents.MOST * len(with_either_apostrophe(typed))


@pytest.mark.parametrize("text", ["ou", "4e", "a@x.example", "", "  ", "2026-11", "木"])
def test_what_is_no_word_is_searched_for_as_it_is(text: str) -> None:
    assert spellings(text) == (text,)


@given(st.text(max_size=200))
def test_any_text_has_spellings_that_fold_to_the_same(text: str) -> None:
    found = spellings(text)
    assert found[0] == text
    assert len(found) <= accents.MOST * len(with_either_apostrophe(text))
    assert len({fold(fold(spelling)).replace("œ", "oe") for spelling in found}) == 1


def test_a_long_word_is_looked_up_in_no_time() -> None:
    with cheap(1):
        spellings("e" * 100_000)
        spellings("a " * 50_000)


def test_the_dictionary_holds_each_word_once_in_its_order() -> None:
    lines = accents.FILE.read_text().splitlines()
    words = [line for line in lines if not line.startswith("#")]
    assert len(words) > 30_000
    keys = [(fold(word), word) for word in words]
    assert keys == sorted(set(keys))
    assert not any(word.isascii() for word in words)


@pytest.mark.parametrize(
    ("typed", "others"),
    [
        ("réunions", ("réunion",)),
        ("journaux", ("journal", "journau")),
        ("local", ("locaux",)),
        ("tableaux", ("tableal", "tableau")),
        ("cours", ()),
        ("classe", ()),
        ("temps", ()),
        ("cas", ()),
        ("conseils de", ()),
        ("4es", ()),
    ],
)
def test_a_word_has_another_number_where_its_end_says_so(
    typed: str, others: tuple[str, ...]
) -> None:
    assert other_number(typed) == others


def test_the_other_number_is_searched_for_within_the_bound() -> None:
    assert spellings("réunions", in_both_numbers=True)[:2] == ("réunions", "réunion")
    assert "élève" in spellings("eleves", in_both_numbers=True)
    assert len(spellings("eleves", in_both_numbers=True)) <= MOST
    assert spellings("réunions") == ("réunions", "reunions")
