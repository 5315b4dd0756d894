"""People as staff files and sheets know them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from django.test import Client

from accounts import numen, session
from accounts.lookup import MailSettings, ServerSetting
from accounts.models import MailDomain, StaffRecord
from accounts.numen import NumenKey

NUMEN, BORN = "20E0500001AAA", date(1980, 5, 12)


@pytest.fixture
def celery_now(settings: Any) -> None:
    """Jobs run at once."""
    settings.CELERY_TASK_ALWAYS_EAGER = True


@pytest.fixture
def pool_closed() -> Iterator[None]:
    yield
    session.pool().close_all()


@pytest.fixture
def francoise() -> MailSettings:
    """Her login does not show in her address; sending is by STARTTLS."""
    return MailSettings(
        name="Françoise Durand",
        address="francoise.durand@ac-exemple.fr",
        login="fdurand",
        servers=(
            ServerSetting("imap", "imap.ac-exemple.fr", 993, "tls"),
            ServerSetting("smtp", "smtp.ac-exemple.fr", 587, "starttls"),
            ServerSetting("pop", "pop.ac-exemple.fr", 995, "tls"),
        ),
        webmail_url="https://webmail.ac-exemple.fr",
        domain="ac-exemple.fr",
        authority="Académie d’Exemple",
    )


@pytest.fixture
def record(mail_domain: MailDomain, numen_key: NumenKey) -> StaffRecord:
    """Alice, known to the staff file; her login does not show in her address."""
    mail_domain.pop_host = "pop.ac-exemple.fr"
    mail_domain.save()
    return StaffRecord.objects.create(
        numen_digest=numen.digest_of_numen(numen_key, NUMEN),
        lookup_digest=numen.digest_of_person(numen_key, NUMEN, BORN),
        key_id=numen_key.id,
        first_name="Alice",
        last_name="Martin",
        mail_domain=mail_domain,
        login="alice",
        address="alice.martin@ac-exemple.fr",
    )


@pytest.fixture
def computer(record: StaffRecord) -> Client:
    """A browser that has just looked her settings up."""
    browser = Client()
    answer = browser.post("/lookup/", {"numen": NUMEN, "birth": "12/05/1980"}, follow=True)
    assert answer.status_code == 200
    return browser
