"""One mailbox is one user, with one second factor, whatever the login was spelled like."""

from __future__ import annotations

from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from accounts import session
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.oidc.adapter import claims
from demo.servers.dovecot import Dovecot, MailAccount
from mail.imap import connection
from mail.imap.values import ImapServer
from tests.servers.scripted import ScriptedServer, Step, imap_script, ok

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache", "pool_closed")]
LOGIN, STEP = "/accounts/login/", "/accounts/2fa/authenticate/"
ALIAS = "alice.martin@ac-exemple.fr"


@pytest.fixture(autouse=True)
def domain(mail_domain: MailDomain) -> MailDomain:
    """Its server takes the login, two aliases of it, and does not look at capitals."""
    mail_domain.login_form = MailDomain.LoginForm.TYPED
    mail_domain.save()
    return mail_domain


def sign_in(login: str, password: str):
    return Client().post(LOGIN, {"login": login, "password": password})


def make(domain: MailDomain, login: str, **more: object) -> User:
    return User.objects.create(mail_domain=domain, login=login, **more)


def secure(user: User) -> User:
    TOTP.activate(user, generate_totp_secret())
    return user


def test_another_spelling_asks_for_the_same_second_factor(
    domain: MailDomain, alice: MailAccount
) -> None:
    assert sign_in("alice", alice.password).status_code == 302
    secure(User.objects.get())
    for spelling in ("alice", "alice@ac-exemple.fr", ALIAS, ALIAS.upper()):
        assert sign_in(spelling, alice.password)["Location"] == STEP, spelling
    assert User.objects.get().login == "alice"


def test_the_server_gives_every_spelling_one_number(
    dovecot: Dovecot, alice: MailAccount, bob: MailAccount
) -> None:
    server = ImapServer("127.0.0.1", dovecot.imap_port, "none", timeout=10)
    numbers = []
    spellings = ("alice", *alice.aliases[:2])
    for login, password in (
        *((spelling, alice.password) for spelling in spellings),
        ("bob", bob.password),
    ):
        imap = connection.open(server, login, password)
        numbers.append(imap.mailbox_id())
        assert imap.commands == 1
        assert imap.select("INBOX").folder == "INBOX"
        imap.close()
    assert len(numbers[0]) == 32
    assert numbers[0] == numbers[1] == numbers[2] != numbers[3]


def test_two_people_stay_two(alice: MailAccount, bob: MailAccount) -> None:
    for account in (alice, bob):
        assert sign_in(account.login, account.password).status_code == 302
    assert User.objects.count() == 2
    assert User.objects.values("mailbox_id").distinct().count() == 2


def test_another_domain_of_the_same_server_is_no_way_around(
    domain: MailDomain, alice: MailAccount
) -> None:
    sign_in("alice", alice.password)
    user = secure(User.objects.get())
    other = MailDomain.objects.get(pk=domain.pk)
    other.pk, other.name, other.is_default = None, "lycee-exemple.fr", False
    other.login_form = MailDomain.LoginForm.LOCAL
    other.save()
    assert sign_in("alice@lycee-exemple.fr", alice.password)["Location"] == STEP
    assert User.objects.get() == user


def test_of_two_users_from_before_the_one_with_a_second_factor_signs_in(
    domain: MailDomain, alice: MailAccount
) -> None:
    old = make(domain, ALIAS, address=ALIAS, preferences={"theme": "dark"})
    user = secure(make(domain, "alice", address="alice@ac-exemple.fr"))
    assert sign_in("alice", alice.password)["Location"] == STEP  # from now on its number is known
    assert sign_in(ALIAS, alice.password)["Location"] == STEP
    assert set(User.objects.all()) == {old, user}
    old.refresh_from_db()
    assert old.preferences == {"theme": "dark"}


def test_two_users_from_before_without_one_stay_what_they_were(
    domain: MailDomain, alice: MailAccount
) -> None:
    make(domain, ALIAS, address=ALIAS)
    make(domain, "alice", address="alice@ac-exemple.fr")
    for login in ("alice", ALIAS, "alice"):
        assert sign_in(login, alice.password)["Location"] == "/mail/INBOX/"
    latest = AuditEvent.objects.filter(kind=AuditEvent.Kind.SIGNED_IN).order_by("pk")
    assert [event.actor.login for event in latest if event.actor] == ["alice", ALIAS, "alice"]


def test_who_was_shut_out_stays_out_by_every_spelling(
    domain: MailDomain, alice: MailAccount
) -> None:
    sign_in("alice", alice.password)
    User.objects.update(is_active=False)
    for spelling in ("alice", "alice@ac-exemple.fr", ALIAS):
        assert sign_in(spelling, alice.password).status_code == 422
    assert User.objects.count() == 1


def test_a_mailbox_that_was_made_anew_goes_on_under_its_login(
    domain: MailDomain, alice: MailAccount
) -> None:
    user = secure(make(domain, "alice", mailbox_id="0123456789abcdef0123456789abcdef"))
    assert sign_in("alice", alice.password)["Location"] == STEP
    user.refresh_from_db()
    assert user.mailbox_id != "0123456789abcdef0123456789abcdef"
    assert len(user.mailbox_id) == 32


def test_nobody_gets_the_row_of_a_login_that_his_password_does_not_open(
    domain: MailDomain, alice: MailAccount, bob: MailAccount
) -> None:
    """Whatever number a server gives."""
    sign_in("bob", bob.password)
    number = User.objects.get().mailbox_id
    User.objects.all().delete()
    hers = make(domain, "alice", mailbox_id=number, address="alice@ac-exemple.fr")
    answer = sign_in("bob", bob.password)
    assert answer.status_code == 422
    assert "sous un autre identifiant" in answer.content.decode()
    assert User.objects.get() == hers
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGN_IN_FAILED)
    assert event.detail["cause"] == "mailbox"


def test_a_login_that_the_staff_records_changed_keeps_its_user(
    domain: MailDomain, alice: MailAccount
) -> None:
    sign_in("alice", alice.password)
    user = secure(User.objects.get())
    StaffRecord.objects.create(
        numen_digest=b"n" * 32, lookup_digest=b"l" * 32, key_id="2026", last_name="Moreau",
        mail_domain=domain, login="alice.moreau", address="alice.moreau@ac-exemple.fr",
    )  # fmt: skip
    User.objects.filter(pk=user.pk).update(login="amartin")  # the server knows it no more
    assert sign_in("alice.moreau", alice.password)["Location"] == STEP
    user.refresh_from_db()
    assert (user.login, user.address) == ("alice.moreau", "alice.moreau@ac-exemple.fr")


# --- a server that does not say ---


def mute(*logins: str) -> list[list[Step]]:
    return [imap_script(("STATUS", b"{tag} BAD no such item\r\n")) for _login in logins]


def test_a_number_that_cannot_be_unique_is_none() -> None:
    for status_line, number in (
        (b"* STATUS INBOX (MAILBOXID (F2212ea87-6097-4256-9d51))\r\n", "F2212ea87-6097-4256-9d51"),
        (b"* STATUS {5}\r\nINBOX (MAILBOXID (F2212ea87-6097-4256-9d51))\r\n",
         "F2212ea87-6097-4256-9d51"),
        (b"* STATUS INBOX (MAILBOXID (1))\r\n", ""),
        (b"* STATUS INBOX (MAILBOXID (%b))\r\n" % (b"x" * 256), ""),
        (b"* STATUS INBOX (MESSAGES 3)\r\n", ""),
        (b"", ""),
    ):  # fmt: skip
        script = imap_script(
            ('STATUS "INBOX" (MAILBOXID)', ok(status_line)),
            ("LOGOUT", ok()),
            capabilities="IMAP4rev1 OBJECTID",
        )
        with ScriptedServer(script) as server:
            imap = connection.open(
                ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b"
            )
            assert imap.mailbox_id() == number
            imap.close()


def of_mute_server(domain: MailDomain, login: str) -> Any:
    with ScriptedServer(*mute(login)) as server:
        MailDomain.objects.filter(pk=domain.pk).update(imap_port=server.port)
        answer = sign_in(login, "secret")
        session.pool().close_all()
    return answer


def test_where_the_server_does_not_say_a_new_login_is_not_taken_for_a_new_person(
    domain: MailDomain,
) -> None:
    assert of_mute_server(domain, "first").status_code == 302
    secure(User.objects.get(login="first"))
    assert of_mute_server(domain, "first")["Location"] == STEP
    answer = of_mute_server(domain, "other-spelling")
    assert answer.status_code == 422
    assert "jamais servi ici" in answer.content.decode()
    assert not User.objects.filter(login="other-spelling").exists()


def test_a_staff_record_vouches_for_a_new_login(domain: MailDomain) -> None:
    secure(make(domain, "first"))
    StaffRecord.objects.create(
        numen_digest=b"n" * 32, lookup_digest=b"l" * 32, key_id="2026", last_name="Petit",
        mail_domain=domain, login="second", address="second@ac-exemple.fr",
    )  # fmt: skip
    assert of_mute_server(domain, "second").status_code == 302


def test_the_administrator_may_vouch_for_all_logins(domain: MailDomain, settings) -> None:
    secure(make(domain, "first"))
    settings.ONE_LOGIN_PER_MAILBOX = True
    assert of_mute_server(domain, "second").status_code == 302


def test_a_domain_that_demands_the_second_factor_takes_no_strange_login(
    domain: MailDomain, settings
) -> None:
    settings.SECOND_FACTOR_ROLES = frozenset({"ac-exemple.fr"})
    assert of_mute_server(domain, "first").status_code == 422


# --- addresses ---


def test_nobody_gets_an_address_in_another_domain_by_typing_it(
    domain: MailDomain, alice: MailAccount
) -> None:
    assert sign_in("alice@invente.example", alice.password).status_code == 302
    user = User.objects.get()
    assert (user.mail_domain, user.address) == (domain, "")
    assert "email" not in claims(user, ["email"])
    sign_in("alice", alice.password)
    assert User.objects.get().address == "alice@ac-exemple.fr"


def test_nor_in_another_mail_domain_of_the_same_server(
    domain: MailDomain, alice: MailAccount
) -> None:
    other = MailDomain.objects.get(pk=domain.pk)
    other.pk, other.name, other.is_default = None, "invente.example", False
    other.save()
    assert sign_in("alice@invente.example", alice.password).status_code == 302
    assert User.objects.get().address == ""
    User.objects.all().delete()
    assert sign_in("alice", alice.password).status_code == 302
    assert sign_in("alice@invente.example", alice.password).status_code == 302
    user = User.objects.get()
    assert (user.mail_domain, user.address) == (domain, "alice@ac-exemple.fr")


def test_an_address_is_verified_by_a_staff_record_alone(
    domain: MailDomain, alice: MailAccount
) -> None:
    sign_in("alice", alice.password)
    user = User.objects.get()
    assert claims(user, ["email"])["email_verified"] is False
    record = StaffRecord.objects.create(
        numen_digest=b"n" * 32, lookup_digest=b"l" * 32, key_id="2026", last_name="Martin",
        mail_domain=domain, login="alice", address=ALIAS,
    )  # fmt: skip
    assert claims(user, ["email"])["email_verified"] is False
    sign_in("alice", alice.password)
    user.refresh_from_db()
    assert user.address == record.address
    assert claims(user, ["email"])["email_verified"] is True
