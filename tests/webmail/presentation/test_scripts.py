"""Copies of the script of rules in words."""

from __future__ import annotations

import pytest
from django.utils import translation

from webmail.presentation.scripts import kept_on


def test_a_copy_is_named_by_its_day_and_time() -> None:
    with translation.override("fr"):
        assert kept_on("webmail-backup-2026-03-01-140500") == "Copie du 1 mars 2026 à 14:05"


@pytest.mark.parametrize("name", ["relais", "webmail-backup-2026-13-01-000000", "webmail-backup-"])
def test_any_other_name_stays_as_it_is(name: str) -> None:
    assert kept_on(name) == name
