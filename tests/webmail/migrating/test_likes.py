"""Preferences of others and those of ours that are like them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from core.preferences import BY_NAME
from webmail.migrating import likes

_TRIED: list[Any] = [
    None, True, False, 0, 1, 2, 3, 4, 5, 6, 9, 161, -1, 40, 200, 10**30, 0.5, "", "0", "1", "40",
    "fr_FR", "en-GB", "xx", "Europe/Paris", "Mars/Olympus", "auto", "widescreen", "desktop", "list",
    "threads", "year", "month", "top", "bottom", "sig", {}, {0: "date", 1: "size"}, {0: {}},
    "x" * 999,
]  # fmt: skip


@pytest.mark.parametrize("table", [likes.ROUNDCUBE, likes.HORDE], ids=["Roundcube", "Horde"])
def test_whatever_the_value_what_comes_of_it_is_allowed(
    table: Mapping[str, likes.Converter],
) -> None:
    for name in table:
        for value in _TRIED:
            for ours, chosen in likes.converted({name: value}, table, Counter()).items():
                assert BY_NAME[ours].allows(chosen), (name, value)


def test_values_that_are_alike() -> None:
    theirs: dict[str, Any] = {
        "mail_pagesize": 200,
        "layout": "desktop",
        "reply_mode": 0,
        "sig_below": True,
        "prettydate": False,
        "list_cols": {0: "subject", 1: "fromto", 2: "date", 3: "size"},
        "mdn_requests": 2,
        "show_images": 1,
        "collected_recipients": "",
    }
    left_out: Counter[str] = Counter()
    assert likes.converted(theirs, likes.ROUNDCUBE, left_out) == {
        "page_size": "100",
        "panes": "below",
        "reply_place": "below",
        "reply_quote": "quoted",
        "signature_place": "end",
        "dates": "full",
        "columns": "date size tags",
        "receipts": "never",
        "images": "contacts",
        "collect": "off",
    }
    assert not left_out


def test_names_beyond_a_bound_are_counted_together() -> None:
    left_out: Counter[str] = Counter()
    likes.converted({f"plugin{n}": 1 for n in range(10_000)}, likes.ROUNDCUBE, left_out)
    assert len(left_out) <= 201
    assert left_out.total() == 10_000


def test_what_has_no_like_is_counted_by_its_name() -> None:
    left_out: Counter[str] = Counter()
    assert (
        likes.converted({"skin": "elastic", "timezone": "Asia/Tokyo"}, likes.ROUNDCUBE, left_out)
        == {}
    )
    assert left_out == {"preference skin: no like here": 1, "preference timezone: no like here": 1}


@pytest.mark.parametrize(
    ("seconds", "ours"), [(-1, "never"), (0, "0"), ("5", "5"), (10, "5"), (20, "20"), (30, "20")]
)
def test_the_pause_before_a_message_becomes_read_is_kept(seconds: int | str, ours: str) -> None:
    assert likes.ROUNDCUBE["mail_read_time"](seconds) == {"mark_read": ours}
