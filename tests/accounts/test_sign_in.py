"""The people who get in, under which name, and what is said to those who don't."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts import credentials, limits, session
from accounts.models import MailDomain, User
from demo.servers.dovecot import Dovecot, MailAccount
from tests.waiting import LONGEST_S, join, wait_for

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
LOGIN = "/accounts/login/"


def post(client: Client, login: str, password: str, **more: str):
    return client.post(LOGIN, {"login": login, "password": password, **more})


@pytest.mark.parametrize(
    "typed", ["alice", "ALICE", " alice ", "alice@ac-exemple.fr", "Alice@AC-Exemple.fr"]
)
def test_every_spelling_of_a_login_is_one_user(
    mail_domain: MailDomain, alice: MailAccount, typed: str
) -> None:
    answer = post(Client(), typed, alice.password)
    assert answer.status_code == 302
    user = User.objects.get()
    assert (user.login, user.mail_domain, user.address) == (
        "alice",
        mail_domain,
        "alice@ac-exemple.fr",
    )


def test_signing_in_leads_straight_to_the_inbox(
    mail_domain: MailDomain, alice: MailAccount
) -> None:
    assert post(Client(), "alice", alice.password)["Location"] == "/mail/INBOX/"
    asked = Client().post(
        f"{LOGIN}?next=/preferences/", {"login": "alice", "password": alice.password}
    )
    assert asked["Location"] == "/preferences/"


def test_the_first_page_has_the_connection_that_tried_the_password(
    mail_domain: MailDomain, alice: MailAccount
) -> None:
    session.pool().close_all()  # an earlier test's people had the same keys
    client = Client()
    post(client, "alice", alice.password)
    key = (User.objects.get().pk, credentials.digest(alice.password), None)
    assert session.pool().count(key) == 1
    assert client.get("/mail/INBOX/").status_code == 200
    assert session.pool().count(key) == 1
    client.post("/accounts/logout/")
    assert session.pool().count(key) == 0


def test_a_known_address_leads_to_the_login_beside_it(
    mail_domain: MailDomain, alice: MailAccount
) -> None:
    known = User.objects.create(
        mail_domain=mail_domain, login="alice", address="alice.martin@ac-exemple.fr"
    )
    assert post(Client(), "alice.martin@ac-exemple.fr", alice.password).status_code == 302
    assert User.objects.get() == known


def test_a_wrong_password_is_refused_in_french(mail_domain: MailDomain, alice: MailAccount) -> None:
    answer = post(Client(), "alice", "pas le bon")
    assert answer.status_code == 422
    assert "Identifiant ou mot de passe incorrect" in answer.content.decode()
    assert "pas le bon" not in answer.content.decode()
    assert not User.objects.exists()


def test_an_unknown_login_gets_the_same_answer_as_a_wrong_password(
    mail_domain: MailDomain, alice: MailAccount
) -> None:
    def words(login: str) -> str:
        content = post(Client(), login, "pas le bon").content.decode()
        return re.sub(r"\b\w{64}\b", "", content.replace(login, ""))

    assert words("alice") == words("nobod")


def test_the_domains_help_is_shown_to_who_could_not_sign_in(
    mail_domain: MailDomain, alice: MailAccount
) -> None:
    MailDomain.objects.update(help_text="Mot de passe oublié : <b>poste 12</b>.")
    assert "poste 12" not in Client().get(LOGIN).content.decode()
    assert "&lt;b&gt;poste 12" in post(Client(), "alice", "faux").content.decode()


def test_an_unknown_domain_is_named(mail_domain: MailDomain) -> None:
    answer = post(Client(), "alice@ailleurs.example", "x")
    assert answer.status_code == 422
    assert "ailleurs.example" in answer.content.decode()


@pytest.mark.parametrize("login", ["al\r\nice", "al\x00ice", "a\x7fb", "x" * 300])
def test_a_login_that_nobody_types_reaches_no_server(mail_domain: MailDomain, login: str) -> None:
    answer = post(Client(), login, "x")
    assert answer.status_code == 422


def test_a_server_that_is_down_is_said_and_counts_as_no_failure(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    port = mail_domain.imap_port
    MailDomain.objects.update(imap_port=1)
    for _time in range(3):
        answer = post(Client(), "alice", alice.password)
        assert answer.status_code == 503
        assert "ne répond pas" in answer.content.decode()
    MailDomain.objects.update(imap_port=port)
    assert post(Client(), "alice", alice.password).status_code == 302


def test_a_sign_in_that_no_server_answers_has_a_reference_and_names_the_server_in_the_log(
    mail_domain: MailDomain, alice: MailAccount, caplog: pytest.LogCaptureFixture
) -> None:
    MailDomain.objects.update(imap_port=1)
    answer = post(Client(), "alice", alice.password)
    page = answer.content.decode()
    reference = re.search(r'Référence\s*: <span class="code">([0-9a-f]+)</span>', page)
    assert reference
    (line,) = [line for line in caplog.records if line.name == "accounts.forms"]
    assert line.getMessage() == "sign-in: ServerUnavailable: 127.0.0.1:1 cannot be reached."
    assert alice.password not in caplog.text
    assert "Référence" not in post(Client(), "nobody@ailleurs.example", "x").content.decode()


def test_only_failures_are_counted(mail_domain: MailDomain, alice: MailAccount, settings) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    for _time in range(4):
        assert post(Client(), "alice", alice.password).status_code == 302
    for n in range(2):
        assert post(Client(), "alice", f"faux {n}").status_code == 422
    answer = post(Client(), "alice", alice.password)
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0


def test_every_spelling_of_a_login_counts_as_one(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    User.objects.create(
        mail_domain=mail_domain, login="alice", address="alice.martin@ac-exemple.fr"
    )
    for typed in ("alice", "Alice.Martin@ac-exemple.fr"):
        assert post(Client(), typed, "faux").status_code == 422
    assert post(Client(), "alice@ac-exemple.fr", alice.password).status_code == 429


def test_no_invented_domain_makes_another_login(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    MailDomain.objects.update(login_form=MailDomain.LoginForm.TYPED)
    for n in range(2):
        assert post(Client(), f"alice@invente-{n}.example", "faux").status_code == 422
    assert post(Client(), "alice", alice.password).status_code == 429


def test_the_addresses_of_one_subscriber_are_one_network(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_NETWORK = 2
    for n in range(2):
        post(Client(REMOTE_ADDR=f"2001:db8:0:7::{n}"), f"quelqu-un-{n}", "faux")
    assert post(Client(REMOTE_ADDR="2001:db8:0:7:ffff::"), "alice", "faux").status_code == 429
    assert post(Client(REMOTE_ADDR="2001:db8:0:8::1"), "alice", alice.password).status_code == 302


def test_a_proxy_that_tells_no_address_is_limited_itself(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    import ipaddress

    settings.TRUSTED_PROXIES = [ipaddress.ip_network("192.0.2.1")]
    settings.LOGIN_FAILURES_PER_NETWORK = 2
    client = Client(REMOTE_ADDR="::ffff:192.0.2.1", HTTP_X_FORWARDED_FOR="198.51.100.7:4711")
    for n in range(2):
        post(client, f"quelqu-un-{n}", "faux")
    assert post(client, "alice", alice.password).status_code == 429


def test_a_network_has_a_limit_of_its_own(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_NETWORK = 3
    for n in range(3):
        post(Client(REMOTE_ADDR="198.51.100.7"), f"quelqu-un-{n}", "faux")
    assert post(Client(REMOTE_ADDR="198.51.100.7"), "alice", alice.password).status_code == 429
    assert post(Client(REMOTE_ADDR="198.51.100.8"), "alice", alice.password).status_code == 302


def test_an_exempt_network_has_none(mail_domain: MailDomain, alice: MailAccount, settings) -> None:
    import ipaddress

    settings.LOGIN_FAILURES_PER_NETWORK = 1
    settings.LOGIN_EXEMPT_NETWORKS = [ipaddress.ip_network("198.51.100.0/24")]
    for n in range(3):
        post(Client(REMOTE_ADDR="198.51.100.7"), f"quelqu-un-{n}", "faux")
    assert post(Client(REMOTE_ADDR="198.51.100.7"), "alice", alice.password).status_code == 302


def test_a_forged_forwarding_header_does_not_change_the_network(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_NETWORK = 2
    for n in range(2):
        client = Client(REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR=f"203.0.113.{n}")
        post(client, f"quelqu-un-{n}", "faux")
    client = Client(REMOTE_ADDR="198.51.100.7", HTTP_X_FORWARDED_FOR="203.0.113.99")
    assert post(client, "alice", alice.password).status_code == 429


def test_the_mail_password_is_in_neither_half(
    mail_domain: MailDomain, alice: MailAccount, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice)
    session = dict(client.session)
    cookies = {name: morsel.value for name, morsel in client.cookies.items()}
    assert alice.password not in f"{session} {cookies}"
    key = client.cookies["mail_key"]
    assert key["httponly"] and key["samesite"] == "Lax"
    assert client.get("/mail/INBOX/").status_code == 200
    del client.cookies["mail_key"]
    assert client.get("/mail/INBOX/").status_code == 302


def test_another_sessions_key_does_not_open_mine(
    alice: MailAccount, bob: MailAccount, signed_in: Callable[..., Client]
) -> None:
    hers, his = signed_in(alice), signed_in(bob)
    hers.cookies["mail_key"] = his.cookies["mail_key"].value
    answer = hers.get("/mail/INBOX/")
    assert answer.status_code == 302
    assert "/accounts/reenter/" in answer["Location"]


def test_signing_out_ends_the_session_and_its_key(
    alice: MailAccount, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice)
    answer = client.post(reverse("account_logout"))
    assert answer.status_code == 302
    assert client.cookies["mail_key"].value == ""
    assert client.get("/mail/INBOX/")["Location"].startswith("/accounts/login/")


def test_a_link_from_elsewhere_cannot_sign_out(
    alice: MailAccount, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice)
    client.get(reverse("account_logout"))
    assert client.get("/mail/INBOX/").status_code == 200


def test_a_shared_computer_keeps_nothing(
    alice: MailAccount, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice, shared_computer="on")
    assert client.cookies["session"]["max-age"] == ""
    assert client.cookies["mail_key"]["max-age"] == ""
    assert "no-store" in client.get("/mail/INBOX/")["Cache-Control"]
    answer = client.post(reverse("account_logout"))
    assert '"storage"' in answer["Clear-Site-Data"]


def test_a_shared_computer_is_signed_out_when_idle_and_polls_are_no_activity(
    alice: MailAccount, signed_in: Callable[..., Client]
) -> None:
    client = signed_in(alice, shared_computer="on")
    client.get("/mail/INBOX/")
    session = client.session
    session["last_active"] -= 9 * 60
    session.save()
    client.get("/mail/INBOX/", headers={"X-Background": "1"})
    session = client.session
    session["last_active"] -= 2 * 60
    session.save()
    assert client.get("/mail/INBOX/")["Location"].startswith("/accounts/login/")


def test_there_is_no_sign_up_and_no_password_page() -> None:
    for path in ("signup/", "password/change/", "password/set/", "password/reset/", "email/"):
        assert Client().get(f"/accounts/{path}").status_code == 404


@pytest.mark.parametrize("typed", ["a@\0", "\0", "@", "x" * 10_000, "%s@%s", "a@b@c", "\u202e"])
def test_whatever_is_typed_gets_an_answer(mail_domain: MailDomain, typed: str) -> None:
    answer = Client().post("/accounts/login/", {"login": typed, "password": typed})
    assert answer.status_code == 422


def at_once(tries: Sequence[Callable[[], Any]]) -> list[Any]:
    """Return what each got, all begun together."""
    together, answers = threading.Barrier(len(tries)), []

    def run(attempt: Callable[[], object]) -> None:
        together.wait(LONGEST_S)
        try:
            answers.append(attempt())
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(attempt,)) for attempt in tries]
    for thread in threads:
        thread.start()
    join(*threads)
    return answers


@pytest.mark.django_db(transaction=True)
def test_tries_at_once_do_not_pass_the_limit_together(
    mail_domain: MailDomain, dovecot: Dovecot, settings
) -> None:
    """Counted where they arrive: in the mail server's log."""
    settings.LOGIN_FAILURES_PER_LOGIN = 10
    settings.LOGIN_FAILURES_PER_NETWORK = 0
    tries = [lambda n=n: post(Client(), "somebody-guessed", f"faux {n}") for n in range(60)]
    statuses = [answer.status_code for answer in at_once(tries)]
    assert set(statuses) == {422, 429}
    assert statuses.count(422) <= 10
    # Dovecot writes when the connection has ended.
    wait_for(lambda: "user=<somebody-guessed>" in dovecot.log.read_text())
    time.sleep(1)
    assert dovecot.log.read_text().count("user=<somebody-guessed>") <= 10


def test_successes_and_silent_servers_give_their_try_back(
    mail_domain: MailDomain, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    for _time in range(3):
        assert post(Client(), "alice", alice.password).status_code == 302
    held = limits.of_sign_in(limits.mailbox(mail_domain.pk, "alice"), "127.0.0.1")
    assert [state.count for state in limits.state(held)] == [0, 0, 0, 0]


def test_a_try_that_is_not_made_counts_for_nothing() -> None:
    limit = limits.Limit("login", "x", 2, 60)
    assert [limits.reserve([limit]) > 0 for _time in range(4)] == [False, False, True, True]
    limits.take_back([limit, limit])
    assert limits.state([limit])[0].count == 0
