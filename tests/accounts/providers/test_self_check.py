"""The self-check asks the providers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.accounts.providers.conftest import Academy, Forged
from webmail.doctor import mail

pytestmark = pytest.mark.django_db


def levels() -> list[str]:
    return [finding.level for finding in mail.provider_findings()]


def test_a_provider_that_answers(academy: Academy) -> None:
    assert levels() == ["ok"]
    academy.provider.is_on = False
    academy.provider.save()
    assert levels() == []


def test_a_provider_that_does_not(forged: Forged) -> None:
    forged.forger.answers["/keys"] = 200, b"{}"
    assert levels() == ["bad"]
    forged.forger.configuration = {"issuer": "https://autre.example"}
    assert levels() == ["bad"]


def test_a_master_user_that_is_not_set(forged: Forged, settings: Any) -> None:
    settings.MASTER_PASSWORD = {}
    assert levels() == ["ok", "bad"]
