"""A query written back as text, and with less asked."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mailbox import query, rephrasing
from mail.mailbox.query import Query

TODAY = date(2026, 11, 25)


def parse(text: str) -> Query:
    return query.parse(text, TODAY)


@pytest.mark.parametrize(
    "text",
    [
        "sortie musée",
        '"conseil de classe" -urgent',
        "musée OU théâtre sortie",
        "(sortie musée) OU théâtre",
        "-(sortie musée) de:martin cc:bob à:claire",
        'objet:"voyage à Rome" corps:bus',
        "depuis:01/09/2026 avant:2027 le:hier",
        "le:03/2026",
        "taille>5M taille<1500k plus:17 taille>4g",
        "a:pièce nonlu est:suivi est:répondu -est:lu",
        '"nonlu" "OU" "a<b" étiquette:important',
        'dossier:archives -dossier:"ma corbeille" bus',
        "«non» “lu”",
        '«"» bus',
        '«il dit "oui"» “dit « "oui" »”',
    ],
)
def test_a_query_written_back_asks_for_the_same(text: str) -> None:
    asked = parse(text)
    again = parse(rephrasing.line(asked))
    assert rephrasing.parts(again.term) == rephrasing.parts(asked.term)
    assert (again.folders, again.not_folders) == (asked.folders, asked.not_folders)
    assert again.odd == ()


@given(st.text(alphabet='ab éOUR"«»“()-:<>/019 de', max_size=24))
def test_whatever_was_typed_is_written_back_as_something_that_is_understood(text: str) -> None:
    asked = parse(text)
    again = parse(rephrasing.line(asked))
    assert again.is_empty == asked.is_empty
    assert again.marks == asked.marks or not asked.marks or '"' in text


def test_less_is_asked() -> None:
    asked = parse('"conseil de classe" objet:date dossier:archives')
    assert rephrasing.unquoted(asked) == "conseil de classe objet:date dossier:archives"
    assert rephrasing.wider(asked) == '"conseil de classe" date dossier:archives'
    assert [line for _term, line in rephrasing.fewer(asked)] == [
        "objet:date dossier:archives",
        '"conseil de classe" dossier:archives',
    ]


def test_a_single_word_has_nothing_to_leave_out() -> None:
    asked = parse("bus")
    assert rephrasing.fewer(asked) == []
    assert (rephrasing.unquoted(asked), rephrasing.wider(asked)) == ("", "")
