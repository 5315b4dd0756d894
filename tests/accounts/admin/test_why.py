"""“Pourquoi ça ne marche pas ?”: what support finds out of one address, and what it can do."""

from __future__ import annotations

import html
import re
import uuid
from collections.abc import Callable
from datetime import date

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext

from accounts import audit, diagnosis, limits, numen
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.numen import NumenKey
from demo.servers.dovecot import Dovecot, MailAccount
from tests.accounts.admin.conftest import browser
from webmail.models import OutboxMessage

pytestmark = [pytest.mark.django_db]
WHY = "/admin/support/why/"
NUMEN, BORN = "20E0500001AAA", date(1980, 5, 12)
Kind = AuditEvent.Kind


@pytest.fixture
def record(domain: MailDomain, numen_key: NumenKey) -> StaffRecord:
    return StaffRecord.objects.create(
        numen_digest=numen.digest_of_numen(numen_key, NUMEN),
        lookup_digest=numen.digest_of_person(numen_key, NUMEN, BORN),
        key_id=numen_key.id,
        first_name="Alice",
        last_name="Martin",
        mail_domain=domain,
        login="alice",
        address="alice.martin@ac-exemple.fr",
    )


def shown(client: Client, typed: str) -> str:
    answer = client.get(WHY, {"q": typed})
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return html.unescape(answer.content.decode())


def levels(client: Client, typed: str) -> list[str]:
    return re.findall(r'<li class="(ok|warn|bad)">', shown(client, typed))


def in_french(sentence: str) -> str:
    with translation.override("fr"):
        return gettext(sentence)


@pytest.mark.parametrize("typed", ["alice", "ALICE ", "alice.martin@ac-exemple.fr"])
def test_a_person_is_found_by_login_and_by_address(
    typed: str, support: Client, record: StaffRecord
) -> None:
    page = shown(support, typed)
    assert "Alice Martin" in page
    assert in_french("The staff record is there, and active.") in page
    assert in_french("This person has never signed in here.") in page


def test_an_unknown_address_and_a_foreign_domain_are_said_to_be_so(
    support: Client, record: StaffRecord
) -> None:
    assert in_french("Nobody here has this login or address.") in shown(support, "alicia")
    foreign = shown(support, "alice@ailleurs.example")
    assert in_french("The domain of this address is none of ours.") in foreign


def test_nothing_of_a_numen_or_a_birth_date_is_shown(support: Client, record: StaffRecord) -> None:
    page = shown(support, "alice")
    for secret in (NUMEN, "1980", record.numen_digest.hex(), record.lookup_digest.hex()):
        assert secret not in page


def test_a_record_that_is_not_active_and_a_user_shut_out_stand_out(
    support: Client, record: StaffRecord, person: Callable[..., User]
) -> None:
    StaffRecord.objects.update(is_active=False)
    user = person("alice")
    User.objects.filter(pk=user.pk).update(is_active=False)
    page = shown(support, "alice")
    assert in_french("The staff record is not active: the account lookup does not answer.") in page
    assert in_french("The account is blocked: no sign-in succeeds.") in page


def test_an_imap_server_that_is_down_is_found_at_once(support: Client, record: StaffRecord) -> None:
    sentence = in_french("The IMAP server %(host)s (port %(port)s) does not answer as it must.")
    assert sentence % {"host": "127.0.0.1", "port": 1} in shown(support, "alice")


@pytest.fixture
def served(domain: MailDomain, dovecot: Dovecot) -> MailDomain:
    """The domain with a server that answers."""
    domain.imap_port = dovecot.imap_port
    domain.save()
    return domain


def test_the_imap_server_is_measured(served: MailDomain) -> None:
    findings = diagnosis.diagnose(
        diagnosis.find_diagnosed("alice"), is_administrator=False
    ).findings
    assert any(
        finding.level == "ok" and re.search(r"127\.0\.0\.1 .*\d+ ms", finding.text)
        for finding in findings
    )


def test_failed_sign_ins_are_counted_since_the_last_good_one(
    support: Client, person: Callable[..., User]
) -> None:
    user = person("alice")
    audit.record(Kind.SIGN_IN_FAILED, target=str(user), cause="password")
    audit.record(Kind.SIGNED_IN, actor=user)
    for _again in range(3):
        audit.record(Kind.SIGN_IN_FAILED, target=str(user), cause="server")
    diagnosed = diagnosis.diagnose(diagnosis.find_diagnosed("alice"), is_administrator=False)
    bad = [
        finding for finding in diagnosed.findings if "3" in finding.text and finding.level == "bad"
    ]
    assert len(bad) == 1
    assert bad[0].advice


def guess(client: Client, times: int) -> None:
    for n in range(times):
        client.post("/accounts/login/", {"login": "alice", "password": f"faux-{n}"})


def fill_limits(domain: MailDomain, record: StaffRecord, settings) -> tuple[limits.Limit, ...]:
    """As many failures as are allowed, of login, network and NUMEN."""
    audit.record(Kind.SIGN_IN_FAILED, target=record.address)
    AuditEvent.objects.update(network="192.0.2.7")
    held = (
        *limits.of_sign_in(limits.mailbox(domain.pk, "alice"), "192.0.2.7"),
        *limits.of_numen([bytes(record.numen_digest)]),
    )
    for limit in held:
        for _one in range(limit.most):
            limits.count([limit])
    return held


def test_limits_are_named_and_lifted_with_a_line_in_the_log(
    support: Client, domain: MailDomain, record: StaffRecord, settings
) -> None:
    held = fill_limits(domain, record, settings)
    assert limits.wait(held)
    assert in_french("Too many wrong passwords for this login.") in shown(support, "alice")
    answer = support.post("/admin/support/lift/", {"q": "alice"})
    assert answer["Location"] == f"{WHY}?q=alice"
    assert [state.count for state in limits.state(held)] == [0, 0, 0, 0, 0]
    line = AuditEvent.objects.get(kind=Kind.LIMITS_LIFTED)
    assert (str(line.actor), line.target) == ("aide.martin@ac-exemple.fr", record.address)
    assert line.detail == {"limits": "login, numen, network"}


@pytest.mark.parametrize("typed", ["patronne", "patronne@ac-exemple.fr"])
@pytest.mark.parametrize("is_local", [True, False])
def test_the_limits_of_an_administrator_are_for_administrators_to_lift(
    support: Client,
    person: Callable[..., User],
    domain: MailDomain,
    settings,
    typed: str,
    is_local: bool,
) -> None:
    """A mail user's failures are counted together with those of a local administrator of his
    name."""
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    if is_local:
        User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    else:
        person("patronne", "administrator")
    held = limits.of_sign_in(limits.mailbox(domain.pk, "patronne"), "192.0.2.7")
    limits.count([held[0]] * 2)
    told = shown(support, typed)
    assert in_french("Only an administrator may lift the limits of an administrator.") in told
    assert "/admin/support/lift/" not in told
    assert support.post("/admin/support/lift/", {"q": typed}).status_code == 403
    assert limits.wait(held)
    other = browser(person("chef", "administrator"))
    assert other.post("/admin/support/lift/", {"q": typed}).status_code == 302
    assert not limits.wait(held)


def test_what_is_counted_at_a_known_browser_is_lifted_too(
    support: Client, served: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    right = {"login": "alice", "password": alice.password}
    browser = Client()
    assert browser.post("/accounts/login/", right).status_code == 302
    browser.post("/accounts/logout/")
    guess(browser, 2)
    assert browser.post("/accounts/login/", right).status_code == 429
    support.post("/admin/support/lift/", {"q": "alice"})
    assert browser.post("/accounts/login/", right).status_code == 302


def test_a_limit_that_sign_in_reached_is_the_one_that_is_lifted(
    support: Client, served: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    guess(Client(), 2)
    right = {"login": "alice", "password": alice.password}
    assert Client().post("/accounts/login/", right).status_code == 429
    support.post("/admin/support/lift/", {"q": "alice"})
    assert Client().post("/accounts/login/", right).status_code == 302


def test_lifting_nothing_is_no_line(support: Client, record: StaffRecord) -> None:
    support.post("/admin/support/lift/", {"q": "alice"})
    assert not AuditEvent.objects.filter(kind=Kind.LIMITS_LIFTED).exists()


@pytest.fixture
def letters(settings, celery_now: None) -> None:
    """Letters are configured, and jobs done at once."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    settings.EMAIL_HOST, settings.NOTICES_FROM = "localhost", "avis@ac-exemple.fr"


def test_a_reset_is_confirmed_logged_and_told(
    support: Client, person: Callable[..., User], letters: None
) -> None:
    user = person("alice")
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=user, type=kind, data={})
    support.post("/admin/support/reset/", {"q": "alice"})
    assert Authenticator.objects.filter(user=user).count() == 2  # not ticked
    support.post("/admin/support/reset/", {"q": "alice", "sure": "on"})
    assert not Authenticator.objects.filter(user=user).exists()
    line = AuditEvent.objects.get(kind=Kind.SECOND_FACTOR)
    assert (line.target, line.detail) == (user.address, {"change": "reset"})
    assert [letter.to for letter in mail.outbox] == [[user.address]]


def test_a_login_that_is_odd_breaks_nothing(support: Client, record: StaffRecord) -> None:
    for typed in ("@", "a@", "@ac-exemple.fr", "x" * 2000, "é@ac-exemple.fr", "'\"<b>"):
        assert support.get(WHY, {"q": typed}).status_code == 200
    for typed in ("x" * 5000, "a\0b"):
        assert support.get(WHY, {"q": typed}).status_code == 400
    assert "'\"<b>" not in support.get(WHY, {"q": "'\"<b>"}).content.decode()


def test_a_teacher_is_led_away(person: Callable[..., User]) -> None:
    teacher = browser(person("prof"))
    assert teacher.get(WHY, {"q": "alice"}).status_code == 302
    assert teacher.post("/admin/support/lift/", {"q": "alice"}).status_code == 302


def test_the_last_sends_are_told_without_what_was_written(
    support: Client, domain: MailDomain
) -> None:
    alice = User.objects.create(mail_domain=domain, login="alice")
    bob = User.objects.create(mail_domain=domain, login="bob")
    for user, words in ((alice, "queued as 4F2A"), (bob, "of somebody else")):
        OutboxMessage.objects.create(
            user=user,
            key=uuid.uuid4(),
            due=timezone.now(),
            state=OutboxMessage.State.FAILED,
            failure="TooLarge",
            server_words=words,
            message_id=f"<{user.login}@ac-exemple.fr>",
            sealed=b"sealed words",
            size=2048,
            recipients=17,
        )
    page = shown(support, "alice")
    for told in ("queued as 4F2A", "<alice@ac-exemple.fr>", "TooLarge", "<td>17</td>"):
        assert told in page
    assert "somebody else" not in page and "sealed words" not in page
