"""The language of the search field."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.imap import search
from mail.imap.connection import Literals
from mail.mailbox import query
from mail.mailbox.query import (
    And,
    Form,
    HasSize,
    HasState,
    Not,
    Or,
    OwnAddress,
    Query,
    Received,
    Text,
)
from tests.cases import each

TODAY = date(2026, 11, 25)


def parse(text: str) -> Query:
    return query.parse(text, TODAY)


def keys(text: str) -> str:
    """The criteria as a line, texts in quotes."""
    written = search.argument(query.criteria(parse(text).term))
    assert isinstance(written, bytes)
    return written.decode()


def anywhere(word: str) -> Text:
    return Text("TEXT", word)


def test_words_must_all_be_there():
    assert parse("sortie musée").term == And((anywhere("sortie"), anywhere("musée")))


def test_quotes_hold_words_together_in_any_typography():
    for text in ('"conseil de classe"', "« conseil de classe »", "“conseil de classe”"):
        assert parse(text).term == anywhere("conseil de classe")


def test_a_quote_that_is_not_closed_goes_to_the_end():
    assert parse('"conseil de').term == anywhere("conseil de")


def test_minus_means_none_of_it():
    assert parse("-urgent").term == Not(anywhere("urgent"))
    assert parse("rendez-vous").term == anywhere("rendez-vous")


@pytest.mark.parametrize("word", ["OR", "OU"])
def test_or_stands_between_two_and_binds_closer_than_the_blank(word):
    term = parse(f"a1 {word} b1 c1").term
    assert term == And((Or((anywhere("a1"), anywhere("b1"))), anywhere("c1")))


def test_or_in_small_letters_is_a_word():
    assert parse("oui ou non").term == And((anywhere("oui"), anywhere("ou"), anywhere("non")))


def test_parentheses_hold_together():
    assert parse("(x1 y1) OU z1").term == Or(
        (And((anywhere("x1"), anywhere("y1"))), anywhere("z1"))
    )
    assert parse("-(x1 y1)").term == Not(And((anywhere("x1"), anywhere("y1"))))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("de:martin", "FROM"),
        ("from:martin", "FROM"),
        ("De : martin", "FROM"),
        ("à:martin", "TO"),
        ("a:martin", "TO"),
        ("to:martin", "TO"),
        ("pour:martin", "TO"),
        ("cc:martin", "CC"),
        ("objet:martin", "SUBJECT"),
        ("subject:martin", "SUBJECT"),
        ("corps:martin", "BODY"),
        ("body:martin", "BODY"),
        ("texte:martin", "BODY"),
    ],
)
def test_operators_in_both_languages(text, where):
    assert parse(text).term == Text(where, "martin")


def test_a_value_in_quotes():
    assert parse('objet:"conseil de classe"').term == Text("SUBJECT", "conseil de classe")


@pytest.mark.parametrize("text", ["re:", "TR:", "14:30", "http://a.fr/b", "x>y", "1:2"])
def test_what_only_looks_like_an_operator_is_a_word(text):
    assert parse(text).term == anywhere(text)
    assert parse(text).odd == ()


@each(
    ("text", "line"),
    [
        ("avant:2024", "BEFORE 1-Jan-2024"),
        ("before:2024-05-12", "BEFORE 12-May-2024"),
        ("après:12/05/2024", "SINCE 12-May-2024"),
        ("apres:12.05.24", "SINCE 12-May-2024"),
        ("depuis:03/2024", "SINCE 1-Mar-2024"),
        ("le:12/05/2024", "ON 12-May-2024"),
        ("le:12/05", "ON 12-May-2026"),
        ("le:2024", "SINCE 1-Jan-2024 BEFORE 1-Jan-2025"),
        ("le:12/2024", "SINCE 1-Dec-2024 BEFORE 1-Jan-2025"),
        ("le:hier", "ON 24-Nov-2026"),
        ("depuis:lundi", "SINCE 23-Nov-2026"),
        ("le:mercredi", "ON 25-Nov-2026"),
        ("avant:Thursday", "BEFORE 19-Nov-2026"),
        ("on:today", "ON 25-Nov-2026"),
        ("le:aujourd’hui", "ON 25-Nov-2026"),
        ("depuis:7j", "SINCE 18-Nov-2026"),
        ('le:"12 mai 2024"', "ON 12-May-2024"),
        ('le:"1er mai"', "ON 1-May-2026"),
        ("depuis:décembre", "SINCE 1-Dec-2025"),
        ("depuis:août-2024", "SINCE 1-Aug-2024"),
        ("taille>5M", "LARGER 5000000"),
        ("taille > 1,5 Mo", "LARGER 1"),  # a blank ends the value: the rest is a word
        ("taille:>500k", "LARGER 500000"),
        ("size<2G", "SMALLER 2000000000"),
        ("taille:10000", "LARGER 10000"),
        ("taille>9999999G", "LARGER 4294967295"),
        ("nonlu", "UNSEEN"),
        ("unread", "UNSEEN"),
        ("est:lu", "SEEN"),
        ("est:suivi", "FLAGGED"),
        ("is:flagged", "FLAGGED"),
        ("étiquette:$label1", "KEYWORD $label1"),
        ("tag:nulle(part", "KEYWORD $NoSuchTag"),
        ("-de:x", 'NOT FROM "x"'),
        ("x1 OU y1 OU z1", 'OR TEXT "x1" OR TEXT "y1" TEXT "z1"'),
        ("-(x1 y1)", 'NOT (TEXT "x1" TEXT "y1")'),
        ('-(corps:x "")', 'NOT BODY "x"'),
        (r"objet:a\"b", r'SUBJECT "a\\\"b"'),
    ],
)
def test_what_the_server_is_asked(text, line):
    assert keys(text).startswith(line)


@pytest.mark.parametrize("text", ["a:pièce", "a:pj", "has:attachment", "avec:piece"])
def test_attachments(text):
    mixed = 'HEADER Content-Type "multipart/mixed"'
    assert keys(text) == f"OR KEYWORD $HasAttachment (UNKEYWORD $HasNoAttachment {mixed})"


@pytest.mark.parametrize(
    "text",
    [
        "avant:xyz",
        "avant:",
        "le:31/02/2024",
        "le:99/99/9999",
        "depuis:1850",
        "depuis:0000-00-00",
        "depuis:9999999j",
        "taille:beaucoup",
        "est:bizarre",
        "has:chien",
    ],
)
def test_what_makes_no_sense_is_left_out_and_said(text):
    parsed = parse(f"{text} martin" if not text.endswith(":") else f"martin {text}")
    assert parsed.odd == (text,)
    assert parsed.term == anywhere("martin")


def test_a_query_of_nothing_but_nonsense_asks_for_nothing():
    assert parse("avant:xyz").is_empty
    assert parse("  ").is_empty
    assert parse("- -- ( )").is_empty


def test_words_that_letters_are_full_of_are_no_state():
    assert parse("suivi des élèves").term == And(
        (anywhere("suivi"), anywhere("des"), anywhere("élèves"))
    )
    assert parse('"nonlu"').term == anywhere("nonlu")


def test_folders_are_chosen_for_the_whole_search():
    parsed = parse('dossier:"4e B" in:Archives -dossier:corbeille sortie')
    assert parsed.folders == ("4e B", "Archives")
    assert parsed.not_folders == ("corbeille",)
    assert parsed.term == anywhere("sortie")


def test_a_folder_as_half_of_an_alternative_is_left_out_and_said():
    parsed = parse("sortie OU dossier:x (dossier:y)")
    assert parsed.folders == ()
    assert parsed.odd == ("dossier:x", "dossier:y")


def test_what_is_marked_is_what_is_wanted():
    parsed = parse('de:martin "conseil de classe" -urgent nonlu (musée OU sortie)')
    assert parsed.marks == ("martin", "conseil de classe", "musée", "sortie")
    assert parsed.words == "conseil de classe musée sortie"


def test_which_queries_open_every_message():
    assert parse("sortie").reads_messages
    assert parse("de:x OU corps:y").reads_messages
    assert not parse("de:x nonlu avant:2024").reads_messages


def test_no_more_terms_than_are_searched_for():
    parsed = parse(" ".join(f"mot{n}" for n in range(60)))
    assert parsed.was_cut
    assert isinstance(parsed.term, And) and len(parsed.term.terms) == query.MOST_TERMS


def test_deep_parentheses_do_not_harm():
    assert parse("(" * 900 + "x").term == anywhere("x")
    assert parse("-" * 900 + "x").marks == ()


def test_control_characters_never_reach_a_criterion():
    parsed = parse('sortie\r\nA1 DELETE INBOX\0 "a\rb" \ud800')
    assert parsed.marks == ("sortie", "A1", "DELETE", "INBOX", "a b")


def test_what_is_not_ascii_is_sent_by_its_length_in_bytes():
    written = search.argument(query.criteria(parse("où -çà").term))
    assert written == Literals(
        (b"OR TEXT ", b' TEXT "ou" NOT OR TEXT ', b' TEXT "ca"'), ("où".encode(), "çà".encode())
    )
    assert written.pieces(at_once=False) == [
        b"OR TEXT {3}",
        "où".encode() + b' TEXT "ou" NOT OR TEXT {4}',
        "çà".encode() + b' TEXT "ca"',
    ]
    assert written.pieces(at_once=True) == [
        b"OR TEXT {3+}\r\n"
        + "où".encode()
        + b' TEXT "ou" NOT OR TEXT {4+}\r\n'
        + "çà".encode()
        + b' TEXT "ca"'
    ]


def test_the_more_words_the_fewer_spellings_of_each() -> None:
    words = " ".join(["eleve"] * query.MOST_TERMS)
    assert query.criteria(parse("eleve").term).count(b"TEXT") > 2
    assert query.criteria(parse(words).term).count(b"TEXT") == query.MOST_TERMS


# Pieces of the language, in an order that nobody would write.
PIECES = (
    *('"', "«", "»", "(", ")", "-", ":", "OR", "OU", "de:", "taille>", "avant:", "dossier:", "a:"),
    *("est:lu", "2024", "x", "é", "\\", "{3}", "{3+}", "*", "%", " ", "\r\n", "\0", "\ud800"),
)
ODD = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(st.one_of(st.text(max_size=200), ODD, st.text(alphabet='()"-: \r\n\0OURé', max_size=80)))
def test_any_text_gives_a_query_that_holds_to_the_protocol(text):
    parsed = parse(text)
    written = search.argument(query.criteria(parsed.term))
    pieces = [written] if isinstance(written, bytes) else written.pieces(at_once=False)
    line = pieces[0]
    assert not set(b"\r\n\0") & set(b"".join(pieces))
    assert line.isascii() and line
    assert text.count("\ud800") >= 0 and all(odd.strip() for odd in parsed.odd)


@given(
    st.builds(
        Form,
        words=st.sampled_from(["", "sortie musée"]),
        without=st.text(alphabet="ab é-:", max_size=8),
        sender=st.text(alphabet='ab "é():OR', max_size=8),
        subject=st.text(alphabet="ab é", max_size=8),
        since=st.dates(date(1970, 1, 1), date(2100, 1, 1)) | st.none(),
        larger=st.integers(1, 999) | st.none(),
        attachment=st.booleans(),
        unread=st.booleans(),
    )
)
def test_what_the_form_writes_is_understood(form):
    parsed = parse(query.written(form))
    assert parsed.odd == ()
    terms = parsed.term.terms if isinstance(parsed.term, And) else (parsed.term,)
    assert (HasState("UNSEEN") in terms) == form.unread
    if form.since:
        assert Received("SINCE", form.since) in terms
    if form.larger:
        assert HasSize("LARGER", form.larger * 1_000_000) in terms
    sender = " ".join(form.sender.replace('"', " ").split())
    if sender:
        assert Text("FROM", sender) in terms


def test_ones_own_addresses_are_asked_for_by_a_word() -> None:
    asked = parse('à:moi -de:me à:"moi"')
    assert asked.term == And((OwnAddress("TO"), Not(OwnAddress("FROM")), Text("TO", "moi")))
    assert query.is_own(asked) and asked.marks == ("moi",)
    named = query.of_person(parse("to:me"), ["a@x.fr", "b@x.fr", "a@x.fr"])
    assert query.criteria(named.term) == (
        *(b"OR", b"TO", "a@x.fr", b"OR", b"CC", "a@x.fr"),
        *(b"OR", b"TO", "b@x.fr", b"CC", "b@x.fr"),
    )
    many = query.of_person(parse("de:moi"), [f"a{n}@x.fr" for n in range(50)])
    assert sum(isinstance(piece, str) for piece in query.criteria(many.term)) == query.MOST_OWN
    assert query.criteria(query.of_person(parse("de:moi"), []).term) == (b"FROM", "moi")


def test_what_is_quoted_keeps_its_number() -> None:
    assert "réunion" in query.criteria(parse("réunions").term)
    assert "réunion" not in query.criteria(parse('"réunions"').term)
    assert "réunion" not in query.criteria(parse('objet:"réunions"').term)
