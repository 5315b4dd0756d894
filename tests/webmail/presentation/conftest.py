"""Words are tried in French, hours in Paris."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone, translation


@pytest.fixture(autouse=True)
def french() -> Iterator[None]:
    with translation.override("fr"), timezone.override(ZoneInfo("Europe/Paris")):
        yield
