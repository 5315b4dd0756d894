"""Write the report of a run: a line for each user with counts and reasons, as CSV or JSON."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TextIO

from accounts.models import MovedUser
from mail import spreadsheets
from webmail.migrating.running import FAILED, REFUSED, MovingOutcome

_MOST_REASONS = 5_000
_HEADINGS = ("login", "address", "outcome", "reason", *MovedUser.COUNTS, "left out")


class Report(Protocol):
    def add(self, outcome: MovingOutcome) -> None: ...


class Totals:
    """The sums of all users."""

    def __init__(self) -> None:
        self.states: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()
        self.left_out: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def add(self, outcome: MovingOutcome) -> None:
        self.states[outcome.state] += 1
        self.counts.update(outcome.counts)
        for reason, count in outcome.left_out.items():
            is_listed = reason in self.left_out or len(self.left_out) < _MOST_REASONS
            self.left_out[reason if is_listed else "for other reasons"] += count
        if outcome.reason:
            self.reasons[outcome.reason] += 1

    @property
    def users(self) -> int:
        return sum(self.states.values())

    @property
    def is_partial(self) -> bool:
        return bool(self.states[FAILED] or self.states[REFUSED])

    def lines(self) -> Iterator[str]:
        states = ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        yield f"{self.users} users: {states or 'none'}"
        yield ", ".join(f"{name} {self.counts[name]}" for name in MovedUser.COUNTS)
        for title, counted in (("users", self.reasons), ("left out", self.left_out)):
            for reason, count in counted.most_common(40):
                yield f"{title}: {count} × {reason}"


class _Csv:
    def __init__(self, file: TextIO) -> None:
        self._file = file
        file.write("".join(spreadsheets.lines([_HEADINGS])))

    def add(self, outcome: MovingOutcome) -> None:
        left_out = "; ".join(f"{count} × {reason}" for reason, count in outcome.left_out.items())
        counts = [str(outcome.counts.get(name, 0)) for name in MovedUser.COUNTS]
        cells = [outcome.login, outcome.address, outcome.state, outcome.reason]
        _mark, line = spreadsheets.lines([[*cells, *counts, left_out]])
        self._file.write(line)


class _Json:
    """Writes one JSON object for each line, so that a report of any length can be written and read
    piece by piece."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def add(self, outcome: MovingOutcome) -> None:
        row = {
            "login": outcome.login,
            "address": outcome.address,
            "outcome": outcome.state,
            "reason": outcome.reason,
            "counts": outcome.counts,
            "left_out": outcome.left_out,
        }
        self._file.write(json.dumps(row, ensure_ascii=False) + "\n")


class _Nothing:
    def add(self, outcome: MovingOutcome) -> None:
        """Do nothing: no report was requested."""


@contextmanager
def opened(path: Path | None) -> Iterator[Report]:
    """Open the report at ``path``, readable for its owner alone: JSON where its name ends in
    ``.json``, else CSV. Raises OSError."""
    if path is None:
        yield _Nothing()
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        yield _Json(file) if path.suffix.lower() in (".json", ".jsonl") else _Csv(file)
