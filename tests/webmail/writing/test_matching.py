"""Documents and the recipients whom their names name."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.waiting import cheap
from webmail.writing.matching import Decisions, DocumentOwner, Matching, match

LEA = DocumentOwner("lea@x.example", "Dupont", "Léa")
PAUL = DocumentOwner("paul@x.example", "Le Goff", "Jean-Paul")
ZOE = DocumentOwner("zoe@x.example", "N’Diaye", "Zoé")
EVERYBODY = (LEA, PAUL, ZOE)


def found(*names: str, people: tuple[DocumentOwner, ...] = EVERYBODY) -> Matching:
    return match(dict(zip(names, names, strict=True)), people)


@pytest.mark.parametrize(
    ("name", "person"),
    [
        ("DUPONT_Lea_bulletin.pdf", LEA),
        ("bulletin-léa-dupont.pdf", LEA),
        ("6eB Dupont Léa 1er trimestre.pdf", LEA),
        ("Bulletin T1 (LÉA.DUPONT).pdf", LEA),
        ("Le\u0301a DUPONT.pdf".replace("Le\u0301a", "Le\u0301a"), LEA),
        ("DupontLea.pdf", LEA),
        ("LE GOFF Jean-Paul.pdf", PAUL),
        ("LEGOFF_JeanPaul.pdf", PAUL),
        ("le-goff_jean_paul_T2.pdf", PAUL),
        ("LE_GOFF_Jean.pdf", PAUL),
        ("NDIAYE Zoe.pdf", ZOE),
        ("N'Diaye_Zoé.pdf", ZOE),
    ],
)
def test_a_document_is_the_one_persons_whose_name_it_has(name: str, person: DocumentOwner) -> None:
    assert found(name).given == {person.key: (name,)}


@pytest.mark.parametrize(
    "name",
    ["bulletin.pdf", "Dupont.pdf", "Lea.pdf", "Dupontel_Lea.pdf", ".pdf", "", "GOFF Paul.pdf"],
)
def test_a_part_of_a_name_is_not_enough(name: str) -> None:
    result = found(name)
    assert result.given == {} and result.unmatched == (name,)
    assert set(result.lacking) == {person.key for person in EVERYBODY}


def test_who_may_be_meant_is_named() -> None:
    assert found("Dupont.pdf").candidates["Dupont.pdf"] == (LEA.key,)
    assert found("conseil.pdf").candidates["conseil.pdf"] == ()


def test_namesakes_are_never_guessed() -> None:
    other = DocumentOwner("other@x.example", "DUPONT", "Lea")
    result = found("Dupont_Lea.pdf", people=(LEA, other))
    assert result.given == {} and result.shared == {"Dupont_Lea.pdf": (LEA.key, other.key)}
    assert not result.lacking and not result.is_settled


def test_a_longer_name_is_meant_where_both_fit() -> None:
    longer = DocumentOwner("marie@x.example", "Dupont", "Léa-Marie")
    result = found("Dupont_Lea_Marie.pdf", "Dupont_Lea.pdf", people=(LEA, longer))
    assert result.given == {longer.key: ("Dupont_Lea_Marie.pdf",), LEA.key: ("Dupont_Lea.pdf",)}


def test_a_document_with_two_names_is_nobodys_by_itself() -> None:
    result = found("Dupont Lea et N'Diaye Zoe.pdf")
    assert result.given == {} and set(result.shared) == {"Dupont Lea et N'Diaye Zoe.pdf"}


def test_two_documents_of_one_person_are_asked_about() -> None:
    result = found("Dupont Lea.pdf", "Lea Dupont.pdf")
    assert result.given == {} and set(result.doubled) == {"Dupont Lea.pdf", "Lea Dupont.pdf"}
    assert LEA.key not in result.lacking


def test_both_parents_of_one_line_get_the_document() -> None:
    parents = tuple(
        DocumentOwner(key, "Dupont", "Léa", line=4) for key in ("a@x.example", "b@x.example")
    )
    assert found("dupont lea.pdf", people=parents).given == {
        "a@x.example": ("dupont lea.pdf",),
        "b@x.example": ("dupont lea.pdf",),
    }


def test_the_roster_names_a_document_exactly_and_nothing_else_is_taken() -> None:
    named = DocumentOwner("lea@x.example", "Dupont", "Léa", file="0417.pdf")
    result = found("0417.pdf", "Dupont_Lea.pdf", people=(named, ZOE))
    assert result.given == {named.key: ("0417.pdf",)} and result.unmatched == ("Dupont_Lea.pdf",)
    result = found("Dupont_Lea.pdf", people=(named,))
    assert result.absent == {named.key} and result.unmatched == ("Dupont_Lea.pdf",)
    # Two people of whom the list says the same get the same.
    both = (named, DocumentOwner("b@x.example", "X", "Y", file="0417.pdf"))
    assert set(found("0417.pdf", people=both).given) == {"lea@x.example", "b@x.example"}


def test_what_is_decided_by_hand_counts_before_any_name() -> None:
    names = {"1": "Dupont Lea.pdf", "2": "Lea Dupont.pdf", "3": "conseil.pdf"}
    decided = Decisions({"1": (LEA.key,), "2": (), "3": (ZOE.key,)}, without=frozenset({PAUL.key}))
    result = match(names, EVERYBODY, decided)
    assert result.is_settled and result.given == {LEA.key: ("1",), ZOE.key: ("3",)}
    assert (result.left_out, result.without) == (("2",), (PAUL.key,))
    # Whoever is no recipient any more was decided about in vain.
    result = match(names, (LEA, PAUL), decided)
    assert result.unmatched == ("3",)
    # A document that is taken into hand again is nobody's until then.
    result = match(names, EVERYBODY, Decisions(opened=frozenset({"1"})))
    assert result.unmatched == ("1", "3") and result.candidates["1"] == (LEA.key,)
    assert result.given == {LEA.key: ("2",)}


@given(st.dictionaries(st.text(max_size=6), st.text(max_size=20), max_size=6))
def test_nothing_is_lost_or_given_twice(names: dict[str, str]) -> None:
    result = match(names, EVERYBODY)
    places = [*result.unmatched, *result.shared, *result.doubled, *result.left_out]
    given = [key for keys in result.given.values() for key in keys]
    assert sorted(places + given) == sorted(names)


def test_a_school_of_one_name_takes_no_longer_than_a_moment() -> None:
    people = tuple(DocumentOwner(f"p{n}@x.example", "Martin", f"Zoé{n}") for n in range(1_900))
    names = {str(n): f"MARTIN_Zoe{n}.pdf" for n in range(2_000)}
    begun = time.process_time()
    match(names, people)
    assert time.process_time() - begun < 10


def test_a_parent_of_two_gets_the_document_of_each_child() -> None:
    parents = ("a@x.example", "b@x.example")
    people = tuple(
        DocumentOwner(key, "Dupont", first, line=line)
        for key in parents
        for line, first in ((7, "Léa"), (8, "Tom"))
    )
    result = found("Dupont Lea.pdf", "Dupont Tom.pdf", people=people)
    assert result.is_settled
    assert result.given == dict.fromkeys(parents, ("Dupont Lea.pdf", "Dupont Tom.pdf"))
    again = found("Dupont Lea.pdf", "Lea Dupont.pdf", "Dupont Tom.pdf", people=people)
    assert set(again.doubled) == {"Dupont Lea.pdf", "Lea Dupont.pdf"}


def test_of_what_was_given_by_hand_a_second_document_is_asked_about() -> None:
    people = (DocumentOwner("a@x.example", "Dupont", "Léa", line=7),)
    files = {"x.pdf": "x.pdf", "Dupont Lea.pdf": "Dupont Lea.pdf"}
    result = match(files, people, Decisions({"x.pdf": ("a@x.example",)}))
    assert set(result.doubled) == {"Dupont Lea.pdf"}


def _namesakes(count: int) -> tuple[DocumentOwner, ...]:
    return tuple(DocumentOwner(f"p{n}@x.example", "Martin", "Léa") for n in range(count))


def test_namesakes_without_number_cost_little() -> None:
    names = [f"Martin Lea {n}.pdf" for n in range(2_000)]
    with cheap(1):
        result = found(*names, people=_namesakes(1_900))
    assert len(result.shared) == 2_000 and not result.uncompared
    assert len(result.shared[names[-1]]) == 1_900


def test_names_of_the_same_words_cost_little_and_are_told() -> None:
    words = [f"mot{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(44)]
    people = tuple(
        DocumentOwner(f"{last}.{first}@x.example", f"Abc {last}", f"Xyz {first}")
        for last in words
        for first in words
        if last != first
    )
    names = [f"abc xyz {' '.join(words[n % 20 : n % 20 + 20])} {n}.pdf" for n in range(2_000)]
    with cheap(1.5):
        result = found(*names, people=people)
    assert result.uncompared and not result.given


def test_many_documents_named_for_many_people_cost_little() -> None:
    people = tuple(DocumentOwner(f"p{n}@x.example", file="bulletin.pdf") for n in range(1_900))
    documents = {str(number): "bulletin.pdf" for number in range(2_000)}
    with cheap(1):
        result = match(documents, people)
    assert len(result.doubled) == 2_000


def test_a_document_of_many_nested_names_costs_little() -> None:
    words = [f"w{chr(97 + n)}" for n in range(20)]
    names = [words[: 2 + n % 18] + words[n % 7 :: 3] for n in range(1_900)]
    people = tuple(
        DocumentOwner(f"p{n}@x.example", " ".join(name[:-1]), name[-1])
        for n, name in enumerate(names)
    )
    with cheap(1):
        found(*[f"{' '.join(words)} {n}.pdf" for n in range(2_000)], people=people)
