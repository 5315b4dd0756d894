"""Dates as a reader of each language writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from webmail import dates


@pytest.mark.parametrize(
    ("language", "moment", "pattern", "words"),
    [
        ("fr", date(2026, 12, 1), "EEEE d MMMM y", "mardi 1er décembre 2026"),
        ("fr", date(2026, 11, 1), "EEE d MMM", "dim. 1er nov."),
        ("fr", date(2026, 12, 11), "EEEE d MMMM y", "vendredi 11 décembre 2026"),
        ("fr", datetime(2026, 1, 1, 9, 1, tzinfo=UTC), "EEE d MMM, HH:mm", "jeu. 1er janv., 09:01"),
        ("fr", datetime(2026, 1, 21, 1, 1, tzinfo=UTC), "d MMM y, HH:mm", "21 janv. 2026, 01:01"),
        ("en", date(2026, 12, 1), "EEEE d MMMM y", "Tuesday 1 December 2026"),
    ],
)  # fmt: skip
def test_a_date_in_words(language: str, moment: date, pattern: str, words: str) -> None:
    with translation.override(language):
        assert dates.written(moment, pattern) == words
