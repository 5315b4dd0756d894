"""What became of the messages of a transfer, counted for each folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum

DELETED, TEXT_BEFORE = "deleted", "text_before"
"""The reasons for a message that was marked as deleted, and for text that may be no message."""


class TransferOutcome(IntEnum):
    """What became of a message. KNOWN is one that was in its folder before the transfer, IDENTICAL
    one that the transfer has stored in the same folder already, LEFT one that was marked as deleted
    where it came from."""

    FILED = 0
    KNOWN = 1
    IDENTICAL = 2
    REFUSED = 3
    LEFT = 4


_MISSING = len(TransferOutcome)


class Tallies:
    """The numbers of messages by folder and outcome. The folder ``""`` has what was refused before
    its folder was known. ``packed`` are JSON values of an earlier worker."""

    def __init__(self, packed: Mapping[str, Sequence[int]]) -> None:
        self._counts = {name: list(counts) for name, counts in packed.items()}

    def packed(self) -> dict[str, list[int]]:
        """Return the numbers as JSON values: a list for each folder, with the number of filed
        messages that are missing at the end."""
        return {name: list(counts) for name, counts in self._counts.items()}

    def count(self, folder: str, outcome: TransferOutcome) -> None:
        self._of(folder)[outcome] += 1

    def miss(self, folder: str, number: int) -> None:
        """Note how many filed messages are not in a folder."""
        self._of(folder)[_MISSING] = number

    def sum(self, outcome: TransferOutcome) -> int:
        return sum(counts[outcome] for counts in self._counts.values())

    @property
    def folders(self) -> tuple[str, ...]:
        return tuple(self._counts)

    @property
    def missing(self) -> int:
        return sum(counts[_MISSING] for counts in self._counts.values())

    def of(self, folder: str) -> tuple[int, ...]:
        """Return the numbers of a folder by outcome."""
        return tuple(self._of(folder)[:_MISSING])

    def _of(self, folder: str) -> list[int]:
        return self._counts.setdefault(folder, [0] * (_MISSING + 1))
