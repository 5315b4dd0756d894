"""Another webmail's database, and the domain that its users come to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from accounts.models import MailDomain
from tests.webmail.migrating.installations import Installation, installed

BOTH = ("sqlite", "postgresql")


@pytest.fixture
def academy(db: None) -> MailDomain:
    return MailDomain.objects.create(
        name="ac-exemple.fr", is_default=True, login_form=MailDomain.LoginForm.LOCAL
    )


@pytest.fixture(params=BOTH)
def roundcube(
    request: pytest.FixtureRequest, academy: MailDomain, tmp_path: Path
) -> Iterator[Installation]:
    with installed(request.param, "roundcube", tmp_path) as made:
        yield made


@pytest.fixture(params=BOTH)
def horde(
    request: pytest.FixtureRequest, academy: MailDomain, tmp_path: Path
) -> Iterator[Installation]:
    with installed(request.param, "horde", tmp_path) as made:
        yield made
