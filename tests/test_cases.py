"""A family of cases fails where one of them does, and says which."""

from __future__ import annotations

import inspect

import pytest

from tests.cases import MOST_TOLD, each


def test_each_failure_is_told_with_its_case() -> None:
    tried = []

    @each(("word", "length"), [("un", 2), ("deux", 5), ("trois", 6)], ids=["a", "b", "c"])
    def family(word: str, length: int, tmp_path: object) -> None:
        tried.append(word)
        assert len(word) == length

    assert list(inspect.signature(family).parameters) == ["tmp_path"]
    with pytest.raises(ExceptionGroup, match="2 of 3 cases failed") as caught:
        family(tmp_path=None)
    assert tried == ["un", "deux", "trois"]
    notes = [error.__notes__ for error in caught.value.exceptions]
    assert notes == [["The case: b"], ["The case: c"]]


def test_a_family_without_failures_passes_and_one_without_cases_is_refused() -> None:
    each("number", range(3))(lambda number: None)()
    with pytest.raises(AssertionError):
        each("number", [])


def test_a_family_that_is_all_wrong_is_not_told_at_length() -> None:
    @each("number", range(100))
    def family(number: int) -> None:
        raise ValueError(number)

    with pytest.raises(ExceptionGroup) as caught:
        family()
    assert len(caught.value.exceptions) == MOST_TOLD
