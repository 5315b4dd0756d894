"""Local administrators and the admin's door."""

from __future__ import annotations

import io
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django.contrib.auth.hashers import MD5PasswordHasher, ScryptPasswordHasher
from django.contrib.auth.models import Group
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.models import MailDomain, User
from demo.servers.dovecot import MailAccount
from tests.servers.scripted import GREETING, ScriptedServer, no, ok
from webmail import settings as installed

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
PASSWORD = "Une-Craie-Verte-2026"


@pytest.fixture
def administrator() -> User:
    return User.objects.create_administrator("patronne", PASSWORD)


def sign_in(client: Client, login: str, password: str, following: str = "/admin/"):
    return client.post(f"/accounts/login/?next={following}", {"login": login, "password": password})


def code_of(secret: str) -> str:
    return format_hotp_value(hotp_value(secret, next(iter(yield_hotp_counters_from_time()))))


def test_the_command_makes_one_who_gets_in(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    call_command("create_administrator", "Patronne", "--password-stdin", stderr=io.StringIO())
    client = Client()
    assert sign_in(client, "patronne", PASSWORD).status_code == 302
    assert client.get("/admin/").status_code == 200


@pytest.mark.parametrize("password", ["court", "123456789012"])
def test_the_command_refuses_a_weak_password(
    password: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(password + "\n"))
    with pytest.raises(CommandError):
        call_command("create_administrator", "patronne", "--password-stdin")
    assert not User.objects.exists()


def test_an_administrator_gets_in_though_every_mail_server_is_set_wrong(
    administrator: User, settings
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    MailDomain.objects.create(name="x.example", is_default=True, imap_host="127.0.0.1", imap_port=1)
    client = Client()
    assert sign_in(client, "patronne", PASSWORD).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_wrong_password_of_an_administrator_is_not_tried_on_the_mail_server(
    administrator: User,
) -> None:
    MailDomain.objects.create(name="x.example", is_default=True, imap_host="127.0.0.1", imap_port=1)
    # The server is down: had it been asked, the answer would be 503.
    assert sign_in(Client(), "patronne", "mauvais mot de passe").status_code == 422


def test_without_a_code_set_up_the_admin_leads_to_setting_it_up(administrator: User) -> None:
    client = Client()
    sign_in(client, "patronne", PASSWORD)
    answer = client.get("/admin/", follow=False)
    assert answer.status_code == 302
    answer = client.get("/admin/accounts/user/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/")
    assert "/admin/" not in answer.request["PATH_INFO"]


def test_the_code_is_asked_for_and_opens_the_admin(administrator: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    secret = generate_totp_secret()
    TOTP.activate(administrator, secret)
    assert secret not in str(Authenticator.objects.get().data)
    client = Client()
    answer = sign_in(client, "patronne", PASSWORD)
    assert answer["Location"].startswith(reverse("mfa_authenticate"))
    assert client.get("/admin/").status_code == 302
    answer = client.post(answer["Location"], {"code": code_of(secret)})
    assert answer.status_code == 302
    assert client.get("/admin/").status_code == 200


def test_codes_cannot_be_guessed_one_after_the_other(administrator: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    secret = generate_totp_secret()
    TOTP.activate(administrator, secret)
    client = Client()
    step = sign_in(client, "patronne", PASSWORD)["Location"]
    for _guess in range(5):
        client.post(step, {"code": "no"})
    assert client.post(step, {"code": code_of(secret)}).status_code == 200
    assert client.get("/admin/").status_code == 302


def test_a_session_from_before_the_code_cannot_take_the_code_away(administrator: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    client = Client()
    sign_in(client, "patronne", PASSWORD)
    TOTP.activate(administrator, generate_totp_secret())
    take_away = reverse("mfa_deactivate_totp")
    assert client.get(take_away)["Location"].startswith(reverse("mfa_reauthenticate"))
    answer = client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert answer["Location"].startswith(reverse("mfa_reauthenticate"))
    client.post(take_away)
    assert Authenticator.objects.filter(type=Authenticator.Type.TOTP).exists()


def test_the_admin_shows_no_secret_of_a_second_factor(administrator: User, settings) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    sign_in(client, "patronne", PASSWORD)
    kept = TOTP.activate(administrator, generate_totp_secret()).instance
    page = client.get(f"/admin/mfa/authenticator/{kept.pk}/change/").content.decode()
    assert "patronne" in page
    assert kept.data["secret"] not in page
    assert client.get("/admin/mfa/authenticator/add/").status_code == 403
    listed = client.get("/admin/mfa/authenticator/").content.decode()
    assert "Dernière utilisation" in listed and "Created at" not in listed + page


def test_signing_out_in_the_admin_is_signing_out(administrator: User, settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    client.post(
        "/accounts/login/",
        {"login": "patronne", "password": PASSWORD, "shared_computer": "on"},
    )
    answer = client.post("/admin/logout/")
    assert answer["Location"] == "/accounts/login/"
    assert '"storage"' in answer["Clear-Site-Data"]


def test_a_session_from_before_the_code_does_not_open_the_admin(administrator: User) -> None:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    client = Client()
    sign_in(client, "patronne", PASSWORD)
    TOTP.activate(administrator, generate_totp_secret())
    assert client.get("/admin/").status_code == 302


def test_a_teacher_is_no_administrator_until_in_the_group(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    sign_in(client, "alice", alice.password, "/mail/INBOX/")
    assert client.get("/admin/", follow=True).status_code == 403
    User.objects.get().groups.add(Group.objects.get(name="administrator"))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/accounts/maildomain/").status_code == 200


def test_a_local_administrator_has_no_mailbox_and_is_led_to_the_admin(
    administrator: User, settings
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    sign_in(client, "patronne", PASSWORD)
    assert client.get("/mail/INBOX/")["Location"] == "/admin/"


def test_a_mail_user_with_a_role_has_no_password_to_change_here(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    sign_in(client, "alice", alice.password, "/mail/INBOX/")
    User.objects.get().groups.add(Group.objects.get(name="administrator"))
    assert client.get("/admin/password_change/").status_code == 403


def test_a_password_is_hashed_by_scrypt_where_the_webmail_is_installed() -> None:
    """docs/security.md says so; the tests themselves hash quickly."""
    (name,) = installed.PASSWORD_HASHERS
    assert issubclass(import_string(name), ScryptPasswordHasher)


class CountingHasher(MD5PasswordHasher):
    """Counts what it does: time tells little on a busy machine."""

    runs = 0

    def encode(self, *args: Any, **more: Any) -> str:
        CountingHasher.runs += 1
        encoded: str = super().encode(*args, **more)
        return encoded


def test_a_failed_sign_in_costs_the_same_whoever_it_names(
    mail_domain: MailDomain, administrator: User, settings
) -> None:
    settings.PASSWORD_HASHERS = [f"{__name__}.CountingHasher"]
    User.objects.create(mail_domain=mail_domain, login="alice")
    able = ok(b"* CAPABILITY IMAP4rev1\r\n")
    refusal = [("", GREETING), ("CAPABILITY", able), ("LOGIN", no(b"wrong"))]
    for login in ("patronne", "alice", "personne"):
        with ScriptedServer(refusal) as server:
            MailDomain.objects.update(imap_port=server.port)
            CountingHasher.runs = 0
            statuses = [sign_in(Client(), login, f"faux {n // 2}").status_code for n in range(4)]
            assert statuses == [422] * 4
            assert CountingHasher.runs == 4, login
            asked = [line for lines in server.received for line in lines if b"LOGIN" in line]
            assert len(asked) == 2, login  # the same password again is not asked for
            assert all(login.encode() in line for line in asked)
            assert any(b"faux" in line for line in asked) == (login != "patronne")


def test_an_administrator_enters_though_the_mail_server_is_down(
    mail_domain: MailDomain, administrator: User
) -> None:
    MailDomain.objects.update(imap_port=1)
    assert sign_in(Client(), "patronne", "mauvais").status_code == 422
    assert sign_in(Client(), "patronne", PASSWORD).status_code == 302
