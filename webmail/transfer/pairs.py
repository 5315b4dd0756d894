"""Which message of another account became which message here, so that the next fetch of the same
account asks only for what is new.

For each folder elsewhere the job's row has runs of UIDs that count up on both sides. Where a
UIDVALIDITY has changed, on either side, the folder is fetched anew: its UIDs are those of other
messages.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MOST_RUNS = 20_000
"""The most runs of one folder. Messages beyond them are fetched and compared each time."""


class FolderPlace(NamedTuple):
    """A folder elsewhere by its UIDVALIDITY, and the folder here that its messages go into."""

    uidvalidity: int
    target: str
    target_uidvalidity: int


@dataclass
class FolderPairs:
    """The pairs of one folder. Each run has the first UID elsewhere, the first UID here, and its
    length; runs are in the order of the UIDs elsewhere."""

    place: FolderPlace
    runs: list[list[int]] = field(default_factory=list)

    def get(self, uid: int) -> int:
        """Return the UID here of a message elsewhere; 0 where it is not known."""
        at = bisect_right(self.runs, uid, key=lambda run: run[0]) - 1
        first, target, length = self.runs[at] if at >= 0 else (0, 0, 0)
        return target + uid - first if uid < first + length else 0

    def add(self, uid: int, target: int) -> None:
        """Note a pair. UIDs elsewhere come in ascending order."""
        if self.runs:
            first, first_target, length = self.runs[-1]
            if (uid - first, target - first_target) == (length, length):
                self.runs[-1][2] += 1
                return
        if len(self.runs) < MOST_RUNS:
            self.runs.append([uid, target, 1])

    def upto(self, last: int) -> FolderPairs:
        """Return the pairs of the UIDs elsewhere up to ``last``."""
        runs = [[first, target, min(length, last - first + 1)]
                for first, target, length in self.runs if first <= last]  # fmt: skip
        return FolderPairs(self.place, runs)

    def beyond(self, last: int) -> list[list[int]]:
        """Return the runs of the UIDs elsewhere beyond ``last``."""
        cut = ((run, max(0, last + 1 - run[0])) for run in self.runs)
        return [
            [first + gone, target + gone, length - gone]
            for (first, target, length), gone in cut
            if gone < length
        ]


def packed(place: FolderPlace, runs: Sequence[Sequence[int]]) -> list[Any]:
    """Return the pairs of a folder as JSON values."""
    return [*place, [number for run in runs[:MOST_RUNS] for number in run]]


def unpacked(values: Sequence[Any], place: FolderPlace) -> FolderPairs:
    """Return the pairs of JSON values; none where they are of another place."""
    if not values or tuple(values[:3]) != place:
        return FolderPairs(place)
    flat = values[3]
    runs = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return FolderPairs(place, [list(run) for run in runs])
