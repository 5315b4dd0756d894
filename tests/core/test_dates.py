"""Dates as a reader of each language writes them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation

from core import dates


@pytest.fixture(autouse=True)
def french() -> Iterator[None]:
    with translation.override("fr"), timezone.override(ZoneInfo("Europe/Paris")):
        yield


@pytest.fixture
def wednesday(monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Today is Wednesday, 25 November 2026."""
    now = datetime(2026, 11, 25, 12, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    return now


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


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (datetime(2026, 11, 25, 8, 5, tzinfo=UTC), "09:05"),
        (datetime(2026, 11, 24, 23, 30, tzinfo=UTC), "00:30"),  # today in Paris
        (datetime(2026, 11, 24, 16, 20, tzinfo=UTC), "mar. 17:20"),
        (datetime(2026, 11, 19, 8, 0, tzinfo=UTC), "jeu. 09:00"),
        (datetime(2026, 11, 18, 8, 0, tzinfo=UTC), "mer. 18 nov."),
        (datetime(2026, 11, 26, 8, 0, tzinfo=UTC), "jeu. 26 nov."),  # a clock that is fast
        (datetime(2024, 5, 12, 8, 0, tzinfo=UTC), "12/05/2024"),
        (None, ""),
    ],
)
def test_when(wednesday: datetime, moment: datetime | None, shown: str) -> None:
    assert dates.when(moment) == shown


def test_when_in_full(wednesday: datetime) -> None:
    moment = datetime(2026, 11, 25, 8, 5, tzinfo=UTC)
    assert dates.when(moment, full=True) == "25/11/2026 09:05"
    assert dates.when_long(moment) == "mer. 25 nov. 2026, 09:05"


@pytest.mark.parametrize(
    ("day", "heading"),
    [
        (date(2026, 11, 26), "Aujourd’hui"),
        (date(2026, 11, 25), "Aujourd’hui"),
        (date(2026, 11, 24), "Hier"),
        (date(2026, 11, 23), "Lundi 23 novembre"),
        (date(2026, 11, 22), "La semaine dernière"),
        (date(2026, 11, 16), "La semaine dernière"),
        (date(2026, 11, 15), "Novembre 2026"),
        (date(2025, 1, 1), "Janvier 2025"),
    ],
)
def test_days_have_headings(wednesday: datetime, day: date, heading: str) -> None:
    assert dates.day_label(day) == heading


def test_old_mail_of_every_age_has_a_date(wednesday: datetime) -> None:
    for days in range(0, 3000, 7):
        moment = wednesday - timedelta(days=days)
        assert dates.when(moment) and dates.day_label(moment.date())
