"""Hits in what is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import text
from tests.waiting import cheap
from webmail.presentation.marks import Marks


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ("musee", "Visite du <mark>Musée</mark>"),
        ("MUSÉE", "Visite du <mark>Musée</mark>"),
        ("visite du", "<mark>Visite du</mark> Musée"),
        ("nulle part", "Visite du Musée"),
        (".*", "Visite du Musée"),
        ("", "Visite du Musée"),
    ],
)
def test_hits_are_marked_whatever_their_accents_and_capitals(wanted: str, shown: str) -> None:
    assert Marks([wanted]).in_text("Visite du Musée") == shown


def test_an_accent_that_stands_by_itself_is_within_the_mark() -> None:
    assert Marks(["musée"]).in_text("muse\u0301e") == "<mark>muse\u0301e</mark>"


@pytest.mark.parametrize("wanted", ["l'été", "l’ete"])
def test_either_apostrophe_is_marked(wanted: str) -> None:
    assert Marks([wanted]).in_text("l’été, l'été") == "<mark>l’été</mark>, <mark>l&#x27;été</mark>"


def test_the_longest_of_several_is_marked() -> None:
    assert Marks(["mus", "musée"]).in_text("le musée") == "le <mark>musée</mark>"


def test_what_is_marked_is_escaped() -> None:
    marks = Marks(["<b>", "&"])
    assert marks.in_text("a <b> & c") == ("a <mark>&lt;b&gt;</mark> <mark>&amp;</mark> c")


def test_tags_and_addresses_in_html_are_left_alone() -> None:
    shown = text.to_html("Voir https://exemple.fr/musee?a=1&b=2 pour l'amp du musée.")
    marked = Marks(["musee", "href", "amp"]).in_html(shown)
    assert 'href="https://exemple.fr/musee?a=1&amp;b=2"' in marked
    assert marked.count("<mark>") == 3  # in the link's words, "amp", and "musée"
    assert marked.replace("<mark>", "").replace("</mark>", "") == shown


PIECES = ["<", ">", '"', "'", "&", "&amp;", "&lt;", "\n", "> ", "https://a.b/c", "x@y.fr", "é", "m"]


@given(st.lists(st.sampled_from(PIECES)).map("".join), st.sampled_from(PIECES))
def test_marking_adds_marks_to_safe_html_and_nothing_else(words: str, wanted: str) -> None:
    shown = text.to_html(words)
    marked = Marks([wanted]).in_html(shown)
    assert marked.replace("<mark>", "").replace("</mark>", "") == shown


def test_half_a_megabyte_is_marked_in_no_time() -> None:
    shown = text.to_html("Une longue lettre à propos du musée, écrite « à la main ».\n" * 8_000)
    with cheap(2):
        assert Marks(["musee", "a" * 200, "e e"]).in_html(shown).count("<mark>") >= 8_000
