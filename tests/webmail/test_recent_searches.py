"""What a person looked for lately."""

from __future__ import annotations

import pytest

from accounts.models import User
from webmail.models import RecentSearch

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]


@pytest.fixture
def claire() -> User:
    return User.objects.create(login="claire")


def texts(user: User) -> list[str]:
    return list(RecentSearch.objects.of(user).values_list("text", flat=True))


def test_the_latest_comes_first_and_each_once(claire: User) -> None:
    for text in ("musée", "de:martin", "musée"):
        RecentSearch.objects.note(claire, text)
    assert texts(claire) == ["musée", "de:martin"]


def test_ten_are_kept_and_nobody_elses_are_touched(claire: User) -> None:
    other = User.objects.create(login="autre")
    RecentSearch.objects.note(other, "à moi")
    for n in range(12):
        RecentSearch.objects.note(claire, f"mot {n}")
    assert texts(claire) == [f"mot {n}" for n in range(11, 1, -1)]
    assert texts(other) == ["à moi"]


def test_one_that_is_too_long_is_not_kept(claire: User) -> None:
    RecentSearch.objects.note(claire, "x" * 201)
    assert texts(claire) == []
