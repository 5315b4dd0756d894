"""The accessibility audit claims nothing without a proof, and its statement says what it is."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

from core.accessibility.audit import NOTE, Audit, Criterion, Result, audit
from tests.cases import each

ROOT = Path(__file__).resolve().parents[3]
CLAIMS = [one for one in audit().criteria if one.is_claim]
# How many criteria each of the thirteen themes of the RGAA 4.1 has.
THEMES = (9, 2, 3, 13, 8, 2, 5, 10, 4, 14, 13, 11, 12)


def is_proof(proof: str) -> bool:
    """A note that says something, or tests that are there."""
    if proof.startswith(NOTE):
        return len(proof) > len(NOTE) + 20
    return all(_is_test(one) for one in proof.split(", "))


def _is_test(node: str) -> bool:
    path, colons, name = node.partition("::")
    file = ROOT / path
    return bool(colons) and file.is_file() and bool(_defines(file, name))


def _defines(file: Path, name: str) -> re.Match[str] | None:
    return re.search(rf"^def {re.escape(name)}\(", file.read_text(encoding="utf-8"), re.MULTILINE)


@each("criterion", CLAIMS, ids=lambda one: one.number)
def test_a_criterion_claims_nothing_without_a_proof(criterion: Criterion) -> None:
    assert is_proof(criterion.proof)


WALKS = "tests/browser/test_walks.py::test_a_deleted_message_comes_back_by_undo"


@pytest.mark.parametrize(
    "proof",
    [
        "",
        "note: seen",
        "tests/browser/test_walks.py::test_nothing",
        f"{WALKS}, tests/browser/test_walks.py::test_nothing",
    ],
)
def test_a_claim_without_a_proof_is_found(proof: str) -> None:
    assert not is_proof(proof)


def test_all_criteria_of_the_rgaa_are_there_once() -> None:
    numbers = [one.number for one in audit().criteria]
    assert len(set(numbers)) == 106
    counted = Counter(int(number.partition(".")[0]) for number in numbers)
    assert tuple(counted[theme] for theme in range(1, 14)) == THEMES


def criteria(**counts: int) -> Audit:
    return Audit(
        tuple(
            Criterion("1.1", Result(result), "", "", "")
            for result, count in counts.items()
            for _ in range(count)
        )
    )


@pytest.mark.parametrize(
    ("done", "rate", "state"),
    [
        (criteria(conforms=3), 100, "full"),
        (criteria(conforms=3, untested=1), 100, "partial"),
        (criteria(conforms=3, untested=4), 100, "none"),
        (criteria(conforms=2, fails=1, absent=9), 66, "partial"),
        (criteria(conforms=1, fails=2), 33, "none"),
        (criteria(untested=4), 0, "none"),
    ],
)
def test_the_rate_is_that_of_what_was_checked(done: Audit, rate: int, state: str) -> None:
    assert (done.rate, done.state) == (rate, state)


@pytest.mark.django_db
@pytest.mark.usefixtures("clean_cache")
def test_the_statement_names_the_rate_and_what_fails(client: Client) -> None:
    page = client.get("/accessibilite/").content.decode()
    assert "Déclaration d’accessibilité" in page
    assert f"{audit().rate}\u00a0%" in page
    for one in audit().of(Result.FAILS):
        assert f'<th scope="row">{one.number}</th>' in page


@pytest.mark.django_db
@pytest.mark.usefixtures("clean_cache")
def test_the_foot_of_every_page_says_the_state(client: Client) -> None:
    states = {"full": "totalement conforme", "partial": "partiellement conforme"}
    said = f"Accessibilité\u00a0: {states[audit().state]}"
    assert said in client.get("/help/").content.decode()
