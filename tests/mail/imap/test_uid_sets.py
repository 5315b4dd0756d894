"""Sets of UIDs: written short, read with care, cut where a line ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.imap import uid_sets

uids = st.lists(st.integers(1, 2**32 - 1), min_size=1, max_size=60, unique=True).map(sorted)


def test_neighbours_are_a_range() -> None:
    assert uid_sets.compressed([9, 4, 3, 5, 4]) == "3:5,9"
    assert uid_sets.expanded("3:5,9", 10) == (3, 4, 5, 9)


@given(uids)
def test_what_is_written_is_read_again(given_uids: list[int]) -> None:
    assert list(uid_sets.expanded(uid_sets.compressed(given_uids), 60)) == given_uids


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "1:*",
        "*",
        "5:3",
        "1,,2",
        "1 2",
        "4294967296",
        "1:4294967295",
        "1\r\n2",
        "-1",
        "\u0661",
    ],
)
def test_what_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="set of UIDs"):
        uid_sets.expanded(text, 1000)


def test_a_set_of_too_many_is_refused_before_it_fills_the_memory() -> None:
    assert len(uid_sets.expanded("1:1000", 1000)) == 1000
    with pytest.raises(ValueError, match="not too far"):
        uid_sets.expanded("1:1001", 1000)


@given(uids, st.integers(1, 100))
def test_a_head_and_its_rest_are_the_whole(given_uids: list[int], most: int) -> None:
    first, rest = uid_sets.head(given_uids, most)
    assert [*first, *rest] == given_uids
    assert 1 <= len(first) <= most


def test_a_head_fits_into_a_line_and_neighbours_into_one_command() -> None:
    together, none = uid_sets.head(range(1, 5001), 5000)
    assert len(together) == 5000 and none == ()
    scattered, rest = uid_sets.head(range(4_000_000_001, 4_000_020_001, 2), 5000)
    assert 300 < len(scattered) < 5000 and rest
    assert len(uid_sets.compressed(scattered)) <= uid_sets.LINE
