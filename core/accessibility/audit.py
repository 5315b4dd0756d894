"""The audit by the RGAA 4.1: its criteria, their results and what proves them.

The rate is that of the criteria that were checked and apply. Criteria that nobody checked are said
to be so; for what the law calls the state of conformity they count as not met.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, cached_property
from pathlib import Path
from typing import Final

VERSION: Final = "4.1"
_FILE: Final = Path(__file__).resolve().parent / "audit.txt"
NOTE: Final = "note: "


class Result(StrEnum):
    CONFORMS = "conforms"
    FAILS = "fails"
    ABSENT = "absent"
    UNTESTED = "untested"


@dataclass(frozen=True, slots=True)
class Criterion:
    """``proof``: node ids of tests, with commas between them, or a note on what was looked at; ""
    where untested."""

    number: str
    result: Result
    pages: str
    proof: str
    title: str

    @property
    def note(self) -> str:
        """ "" where a test is the proof."""
        return self.proof.removeprefix(NOTE) if self.proof.startswith(NOTE) else ""

    @property
    def tests(self) -> tuple[str, ...]:
        """Node ids of the tests that prove it; none where a note does."""
        return () if self.note else tuple(filter(None, self.proof.split(", ")))

    @property
    def is_claim(self) -> bool:
        """Whether it says more than that nobody checked it."""
        return self.result is not Result.UNTESTED


@dataclass(frozen=True)
class Audit:
    criteria: tuple[Criterion, ...]

    def of(self, result: Result) -> tuple[Criterion, ...]:
        return tuple(criterion for criterion in self.criteria if criterion.result is result)

    @property
    def checked(self) -> int:
        """Criteria that apply and were checked."""
        return len(self.of(Result.CONFORMS)) + len(self.of(Result.FAILS))

    @property
    def rate(self) -> int:
        """Per cent of ``checked``, rounded down; 0 where nothing was checked."""
        return len(self.of(Result.CONFORMS)) * 100 // self.checked if self.checked else 0

    @cached_property
    def state(self) -> str:
        """``full``, ``partial`` (from half on) or ``none``, of all criteria that apply: what nobody
        checked conforms to nothing."""
        apply = self.checked + len(self.of(Result.UNTESTED))
        conforms = len(self.of(Result.CONFORMS))
        if apply and conforms == apply:
            return "full"
        return "partial" if apply and conforms * 2 >= apply else "none"


@cache
def audit() -> Audit:
    return Audit(tuple(_read(_FILE.read_text(encoding="utf-8"))))


def _read(text: str) -> Iterator[Criterion]:
    for line in text.splitlines():
        if line and not line.startswith("#"):
            number, result, pages, proof, title = (cell.strip() for cell in line.split("|"))
            yield Criterion(number, Result(result), pages, proof, title)
