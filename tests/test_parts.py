"""The tests marked ``whole`` all run within a week, those marked ``alone`` by name, and none is
left out without a word."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import parts
from tests.waiting import LONGEST_S

ROOT = Path(__file__).parent.parent
TESTS = """
import pytest

@pytest.mark.whole
@pytest.mark.parametrize("number", range(20))
def test_costly(number):
    pass

def test_usual():
    assert not "wrong"
"""
ALONE = """
import pytest

@pytest.mark.alone
def test_it():
    pass
"""


def test_each_of_them_runs_on_one_day_of_seven() -> None:
    names = [f"tests/a/test_b.py::test_{number}" for number in range(700)]
    week = [[name for name in names if parts.runs(name, day)] for day in range(20_424, 20_431)]
    assert sorted(name for day in week for name in day) == sorted(names)
    assert min(map(len, week)) > 50


def test_all_run_where_there_are_no_days_and_none_on_none() -> None:
    names = [f"tests/a/test_b.py::test_{number}" for number in range(50)]
    assert all(parts.runs(name, None) for name in names)
    assert not any(parts.runs(name, parts.day("none")) for name in names)


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., str]:
    """``run("--day=1")``: what pytest says of 20 such tests and one that is usual and fails."""
    (tmp_path / "test_it.py").write_text(TESTS, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nmarkers =\n  whole: costly\n  alone: crowded\n", encoding="utf-8"
    )

    def said(*options: str) -> str:
        command = [sys.executable, "-m", "pytest", "-p", "tests.parts", "-p", "no:cacheprovider"]
        return subprocess.run(  # noqa: S603
            [*command, *options],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        ).stdout

    return said


@pytest.mark.parametrize("processes", [(), ("-p", "xdist", "-n", "2")], ids=["one", "two"])
def test_what_is_left_out_is_told(
    run: Callable[..., str], processes: tuple[str, ...], tmp_path: Path
) -> None:
    failures = tmp_path / "failures"
    said = run("--day=none", f"--failures-to={failures}", *processes)
    assert "left out: 20 tests: those marked `whole`" in said
    assert "1 failed" in said and "passed" not in said
    assert failures.read_text(encoding="utf-8") == "test_it.py::test_usual\n"


@pytest.mark.parametrize("options", [(), ("--whole",), ("--whole", "--day=2")])
def test_without_a_day_all_run(run: Callable[..., str], options: tuple[str, ...]) -> None:
    said = run(*options)
    assert "20 passed" in said and "left out" not in said


def test_a_week_has_all_of_them(run: Callable[..., str]) -> None:
    days = [run(f"--day={day}", "-v") for day in range(8, 8 + parts.DAYS)]
    passed = [line.split()[0] for said in days for line in said.splitlines() if "PASSED" in line]
    assert sorted(passed) == sorted(f"test_it.py::test_costly[{number}]" for number in range(20))
    assert "of day 2 of 7: --day=8" in days[0]


@pytest.mark.parametrize(
    ("options", "told"),
    [((), "1 passed"), (("--day=none",), "1 deselected"), (("--whole",), "1 deselected")],
)
def test_what_needs_the_machine_to_itself_runs_by_name(
    run: Callable[..., str], options: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    (tmp_path / "test_alone.py").write_text(ALONE, encoding="utf-8")
    assert told in run("test_alone.py", *options)
