"""People who write."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import MailDomain, User


@pytest.fixture
def spool(settings: Settings, tmp_path: Path) -> Path:
    """Where files wait; its own for each test."""
    settings.SPOOL = tmp_path
    return tmp_path / "drafts"


@pytest.fixture
def claire(mail_domain: MailDomain, spool: Path) -> User:
    """Somebody who writes."""
    return User.objects.create(
        mail_domain=mail_domain, login="claire", address="claire@ac-exemple.fr"
    )


@pytest.fixture
def paul(mail_domain: MailDomain) -> User:
    """Somebody else."""
    return User.objects.create(mail_domain=mail_domain, login="paul", address="paul@ac-exemple.fr")
