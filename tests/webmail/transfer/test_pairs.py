"""Pairs of UIDs of two servers, as runs."""

from __future__ import annotations

import random

import pytest

from webmail.transfer import pairs
from webmail.transfer.pairs import FolderPairs, FolderPlace

PLACE = FolderPlace(7, "Ancienne/INBOX", 9)


def noted(found: dict[int, int]) -> FolderPairs:
    folder = FolderPairs(PLACE)
    for uid, target in found.items():
        folder.add(uid, target)
    return folder


def test_each_uid_finds_its_own_and_no_other() -> None:
    draw = random.Random(1)  # noqa: S311
    uids = sorted(draw.sample(range(1, 2_000), 700))
    found = dict(zip(uids, draw.sample(range(1, 2_000), 700), strict=True))
    folder = noted(found)
    assert all(folder.get(uid) == found.get(uid, 0) for uid in range(2_001))
    again = pairs.unpacked(pairs.packed(PLACE, folder.runs), PLACE)
    assert all(again.get(uid) == found.get(uid, 0) for uid in range(2_001))


def test_what_follows_on_both_sides_is_one_run() -> None:
    folder = noted({number: 100 + number for number in range(1, 50_001)})
    assert folder.runs == [[1, 101, 50_000]]


@pytest.mark.parametrize("last", [0, 1, 4, 5, 7, 100])
def test_runs_are_cut_at_a_uid(last: int) -> None:
    found = {1: 11, 2: 12, 3: 13, 5: 20, 6: 21, 7: 22}
    folder = noted(found)
    low, high = folder.upto(last), FolderPairs(PLACE, folder.beyond(last))
    for uid, target in found.items():
        assert (low.get(uid), high.get(uid)) == ((target, 0) if uid <= last else (0, target))


@pytest.mark.parametrize("other", [(8, "Ancienne/INBOX", 9), (7, "B", 9), (7, "Ancienne/INBOX", 1)])
def test_pairs_of_another_place_are_none(other: tuple[int, str, int]) -> None:
    kept = pairs.packed(PLACE, noted({1: 1}).runs)
    assert pairs.unpacked(kept, FolderPlace(*other)).runs == []


def test_a_mailbox_full_of_holes_fills_no_row() -> None:
    folder = noted({2 * number: number for number in range(1, pairs.MOST_RUNS + 100)})
    assert len(folder.runs) == pairs.MOST_RUNS
    assert folder.get(2 * pairs.MOST_RUNS + 10) == 0
