"""The lists of the admin say in words what the tables keep as codes."""

from __future__ import annotations

import re
import uuid
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone, translation

from accounts.audit_words import in_words
from accounts.models import User
from accounts.passwords.change import DONE
from accounts.providers.failures import ProviderFailure
from mail.previews.failures import Reason
from webmail.models import MailJob, OfficePreview, OutboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(settings) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client = Client()
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


def shown(admin: Client, name: str, pk: object = "") -> str:
    """The text of a list or of a row's page."""
    at = f"{pk}/change/" if pk else ""
    answer = admin.get(f"/admin/webmail/{name}/{at}")
    assert answer.status_code == 200
    content = answer.content.decode().partition('id="content"')[2]
    return " ".join(unescape(re.sub("<[^>]*>", " ", content)).split())


def test_the_outbox_says_why_and_how_much(admin: Client) -> None:
    row = OutboxMessage.objects.create(
        user=User.objects.get(),
        key=uuid.uuid4(),
        state="failed",
        due=timezone.now(),
        failure="RecipientsRefused",
        size=2_400_000,
    )
    for text in (shown(admin, "outboxmessage"), shown(admin, "outboxmessage", row.pk)):
        assert "destinataires refusés" in text and "2,4 Mo" in text
        assert "RecipientsRefused" not in text and "failed" not in text


def test_jobs_say_what_they_do_and_why_they_stopped(admin: Client) -> None:
    row = MailJob.objects.create(
        user=User.objects.get(),
        verb="archive",
        folder="INBOX",
        total=300,
        state="failed",
        failure="FolderNotFound",
    )
    for text in (shown(admin, "mailjob"), shown(admin, "mailjob", row.pk)):
        assert "Archivage de 300 messages" in text and "Le dossier n’existe plus" in text
        assert "archive " not in text and "FolderNotFound" not in text


def test_previews_of_office_files_say_why_not(admin: Client) -> None:
    for reason in Reason:
        OfficePreview.objects.create(
            user=User.objects.get(),
            name=reason,
            extension="odt",
            spool=reason,
            state="failed",
            reason=reason,
        )
    text = shown(admin, "officepreview")
    assert "protégé par un mot de passe" in text
    assert [reason for reason in Reason if re.search(rf"\b{reason.value}\b", text)] == []


@pytest.mark.parametrize(
    "detail",
    [
        *({"outcome": outcome.value} for outcome in DONE),
        *({"reason": failure.name.lower()} for failure in ProviderFailure),
        *({"second_factor": kind} for kind in ("totp", "webauthn", "recovery_codes", "code")),
    ],
)
def test_details_of_the_log_are_no_codes(detail: dict[str, str]) -> None:
    (value,) = detail.values()
    with translation.override("en"):
        assert not in_words(detail).endswith(f": {value}") or value == "code"
