"""A blocked account: who reads why and until when, and the block that ends by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation
from django.utils.formats import date_format

from accounts import blocks, diagnosis, tasks
from accounts.models import AuditEvent, MailDomain, User
from demo.servers.dovecot import MailAccount

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
LOGIN = "/accounts/login/"
REASON = "Votre poste envoyait des pourriels."
BLOCKED, WRONG = "Votre compte est bloqué.", "Identifiant ou mot de passe incorrect."


def sign_in(login: str, password: str):
    return Client().post(LOGIN, {"login": login, "password": password})


@pytest.fixture
def blocked(mail_domain: MailDomain, alice: MailAccount) -> User:
    until = timezone.localdate() + timedelta(days=3)
    return User.objects.create(
        mail_domain=mail_domain,
        login="alice",
        address="alice@ac-exemple.fr",
        is_active=False,
        blocked_reason=REASON,
        blocked_until=until,
    )


def test_the_right_password_reads_the_reason_and_the_end(blocked: User, alice: MailAccount) -> None:
    answer = sign_in("alice", alice.password)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert BLOCKED in page and REASON in page
    assert blocked.blocked_until
    assert date_format(blocked.blocked_until, "DATE_FORMAT") in page
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGN_IN_FAILED)
    assert (event.target, event.detail) == ("alice@ac-exemple.fr", {"cause": "blocked"})


def test_a_wrong_password_reads_what_everybody_reads(blocked: User, alice: MailAccount) -> None:
    page = sign_in("alice", "wrong").content.decode()
    assert REASON not in page and BLOCKED not in page
    assert WRONG.split(".")[0][:12] in page
    assert AuditEvent.objects.get().detail == {"cause": "password"}


def test_a_blocked_local_administrator_reads_it_too(mail_domain: MailDomain) -> None:
    user = User.objects.create_administrator("chef", "Tableau-Noir 9!")
    User.objects.filter(pk=user.pk).update(is_active=False, blocked_reason=REASON)
    assert REASON in sign_in("chef", "Tableau-Noir 9!").content.decode()
    assert REASON not in sign_in("chef", "wrong").content.decode()


def test_a_reason_is_text_and_no_markup(blocked: User, alice: MailAccount) -> None:
    User.objects.update(blocked_reason="<script>alert(1)</script>")
    page = sign_in("alice", alice.password).content.decode()
    assert "<script>alert(1)" not in page and "&lt;script&gt;alert(1)" in page


def test_a_block_ends_at_the_first_sign_in_of_its_last_day(
    blocked: User, alice: MailAccount
) -> None:
    User.objects.update(blocked_until=timezone.localdate())
    assert sign_in("alice", alice.password).status_code == 302
    blocked.refresh_from_db()
    assert (blocked.is_active, blocked.blocked_reason, blocked.blocked_until) == (True, "", None)


def test_the_job_ends_blocks_that_are_over_and_no_others(blocked: User) -> None:
    User.objects.create(mail_domain=blocked.mail_domain, login="bob", is_active=False)
    tasks.end_blocks()
    assert User.objects.filter(is_active=False).count() == 2
    User.objects.filter(pk=blocked.pk).update(blocked_until=timezone.localdate())
    assert (blocks.end_overdue(), blocks.end_overdue()) == (1, 0)
    line = AuditEvent.objects.get(kind="block.ended")
    assert (line.actor, line.target, line.detail) == (None, str(blocked), {})
    assert User.objects.get(is_active=False).login == "bob"


def test_the_support_desk_reads_the_block_alone(blocked: User, alice: MailAccount) -> None:
    sign_in("alice", "wrong")
    person = diagnosis.DiagnosedUser("alice", domain=blocked.mail_domain, user=blocked)
    with translation.override("fr"):
        findings = diagnosis.diagnose(person, is_administrator=True).findings
    bad = [finding for finding in findings if finding.level == "bad"]
    assert len(bad) == 1
    assert "bloqué" in bad[0].text and REASON in bad[0].advice
