"""A test that failed where everything ran is run again, and named where it passes then."""

from __future__ import annotations

from pathlib import Path

from tests.retries import MOST, again, told


def test_a_test_that_needs_a_second_run_is_named_each_time(tmp_path: Path) -> None:
    notes = tmp_path / "var" / "retries.tsv"
    assert [*told(notes)] == []
    assert again(["a.py::test_a"], notes, lambda test: True)
    assert again(["a.py::test_a", "b.py::test_b[x]"], notes, lambda test: True)
    often, once = told(notes)
    assert often.startswith("2 x, last on ") and often.endswith(": a.py::test_a: to be mended")
    assert once.startswith("1 x, ") and once.endswith(": b.py::test_b[x]")


def test_a_test_that_fails_again_has_failed_and_is_not_noted(tmp_path: Path) -> None:
    notes = tmp_path / "retries.tsv"
    assert not again(["a.py::test_a", "b.py::test_b"], notes, lambda test: "a.py" in test)
    assert [line.rpartition(" ")[2] for line in told(notes)] == ["a.py::test_a"]


def test_many_failures_are_not_tried_again(tmp_path: Path) -> None:
    tests = [f"a.py::test_{number}" for number in range(MOST + 1)]
    assert not again(tests, tmp_path / "retries.tsv", lambda test: True)
    assert [*told(tmp_path / "retries.tsv")] == []


def test_a_run_that_failed_without_a_test_has_failed(tmp_path: Path) -> None:
    assert not again([], tmp_path / "retries.tsv", lambda test: True)
