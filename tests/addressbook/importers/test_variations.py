"""Small files in the ways of many programs and their versions: each result was checked by eye."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from addressbook import importers
from addressbook.importers.describe import describe
from tests.cases import each

DATA = Path(__file__).parents[2] / "data" / "addressbook" / "variations.json"
CASES: list[dict[str, Any]] = json.loads(DATA.read_text(encoding="utf-8"))


@each("case", CASES, ids=[case["shows"].replace(" ", "-") for case in CASES])
def test_a_variation_is_read_as_its_program_meant_it(case: dict[str, Any]) -> None:
    content = "\n".join(case["content"]).encode(case["charset"])
    described = describe(importers.read_address_book(content, source=case.get("told", "auto")))
    expected = case["expected"]
    assert {name: described.get(name) for name in expected} == expected
    empty = ("contacts", "groups", "duplicate_sets", "warnings", "skipped")
    assert not [name for name in empty if name not in expected and described[name]]


def test_each_variation_has_a_name_of_its_own() -> None:
    names = [case["shows"] for case in CASES]
    assert len(names) >= 90
    assert len(set(names)) == len(names)
