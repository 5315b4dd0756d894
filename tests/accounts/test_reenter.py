"""The password again, in place: the session is over and the page goes on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain, User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
URL = "/accounts/reenter/"
FETCH = {"X-Requested-With": "fetch"}
INBOX = "/mail/INBOX/"


@pytest.fixture
def client(signed_in: Callable[..., Client], alice: MailAccount) -> Iterator[Client]:
    """Alice's browser, which shows a page; forms of other pages are refused."""
    client = signed_in(alice)
    client.handler.enforce_csrf_checks = True
    yield client
    session.pool().close_all()


class Answer(Protocol):
    """The answer that the test client gives, as far as it is read here."""

    status_code: int
    content: bytes

    def json(self) -> Any: ...


def token(answer: Answer) -> str:
    return re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', answer.content.decode())[0]


def again(client: Client, shown: Answer, password: str, **more: str) -> Answer:
    """Post what the dialog of the page ``shown`` posts."""
    data = {"csrfmiddlewaretoken": token(shown), "password": password}
    return client.post(URL, data | {"login": "alice@ac-exemple.fr"} | more, headers=FETCH)


def test_without_any_cookie_the_page_is_told_to_sign_in_and_does(
    client: Client, alice: MailAccount, mailbox: Mailbox
) -> None:
    """The cookie that goes with the token is gone, too: the script asks for another pair."""
    shown = client.get(INBOX)
    uid = mailbox.append(b"Subject: x\n\nx\n")
    data = {"verb": "flag", "refs": f"{mailbox.uidvalidity()}-{uid}"}
    client.cookies.clear()
    headers = {"X-CSRFToken": token(shown)}
    for script in ({"HX-Request": "true"}, FETCH):
        answer = client.post(f"{INBOX}act/", data, headers=headers | script)
        assert (answer.status_code, answer["X-Session-Over"]) == (401, "1")
    page = client.post(f"{INBOX}act/", data, headers=headers)
    assert page.status_code == 401
    assert 'href="/login/' in page.content.decode() or "Se connecter" in page.content.decode()
    assert "parmi les brouillons" in page.content.decode()
    assert again(client, shown, alice.password).status_code == 403
    asked = client.get(URL, headers=FETCH)
    assert asked.status_code == 403
    renewed = {"password": alice.password, "login": "alice@ac-exemple.fr"}
    renewed["csrfmiddlewaretoken"] = asked.json()["csrf"]
    answer = client.post(URL, renewed, headers=FETCH)
    assert answer.status_code == 200
    headers = {"X-CSRFToken": answer.json()["csrf"]}
    assert client.post(f"{INBOX}act/", data, headers=headers).status_code == 302


@pytest.mark.parametrize("lost", [["session"], ["mail_key"], ["session", "mail_key"]])
def test_the_page_goes_on_with_a_new_token(
    client: Client, alice: MailAccount, mailbox: Mailbox, lost: list[str]
) -> None:
    shown = client.get(INBOX)
    for name in lost:
        del client.cookies[name]
    assert client.get(INBOX, headers={"HX-Request": "true"}).status_code == 401
    answer = again(client, shown, alice.password)
    assert answer.status_code == 200
    assert list(answer.json()) == ["csrf"]
    assert client.get(INBOX).status_code == 200
    uid = mailbox.append(b"Subject: x\n\nx\n")
    data = {"verb": "flag", "refs": f"{mailbox.uidvalidity()}-{uid}"}
    assert client.post(f"{INBOX}act/", data).status_code == 403
    headers = {"X-CSRFToken": answer.json()["csrf"]}
    assert client.post(f"{INBOX}act/", data, headers=headers).status_code == 302
    assert mailbox.flags(uid) == {"\\Flagged"}


def test_a_wrong_password_is_said_in_place(client: Client) -> None:
    shown = client.get(INBOX)
    del client.cookies["session"]
    answer = again(client, shown, "faux")
    assert answer.status_code == 422
    (sentence,) = answer.json()["errors"]
    assert "mot de passe" in sentence and "faux" not in sentence.split()
    assert client.get(INBOX).status_code == 302


@pytest.mark.parametrize("password", ["", "a\r\nb", "x" * 600])
def test_what_is_no_password_reaches_no_server(client: Client, password: str) -> None:
    shown = client.get(INBOX)
    del client.cookies["session"]
    answer = again(client, shown, password)
    assert answer.status_code == 422
    assert answer.json()["errors"]


def test_anothers_password_does_not_open_her_page(
    client: Client, bob: MailAccount, mailbox: Mailbox
) -> None:
    shown = client.get(INBOX)
    assert again(client, shown, bob.password).status_code == 422
    assert again(client, shown, bob.password, login="bob").status_code == 422
    del client.cookies["session"], client.cookies["mail_key"]
    assert again(client, shown, bob.password).status_code == 422
    assert not User.objects.filter(login="bob").exists()


def test_a_form_without_token_signs_nobody_in(client: Client, alice: MailAccount) -> None:
    client.get(INBOX)
    del client.cookies["session"]
    data = {"login": "alice", "password": alice.password}
    assert client.post(URL, data, headers=FETCH).status_code == 403
    assert client.get(INBOX).status_code == 302


def test_a_server_that_is_down_is_no_wrong_password(
    client: Client, alice: MailAccount, mail_domain: MailDomain
) -> None:
    shown = client.get(INBOX)
    del client.cookies["session"]
    MailDomain.objects.update(imap_port=1)
    answer = again(client, shown, alice.password)
    assert answer.status_code == 503
    assert answer.json()["errors"]


def test_failures_here_count_as_everywhere(client: Client, alice: MailAccount, settings) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    shown = client.get(INBOX)
    del client.cookies["session"]
    for n in range(2):
        assert again(client, shown, f"faux {n}").status_code == 422
    assert again(client, shown, alice.password).status_code == 429


def test_a_shared_computer_stays_one(signed_in: Callable[..., Client], alice: MailAccount) -> None:
    client = signed_in(alice, shared_computer="on")
    shown = client.get(INBOX)
    more = dict(re.findall(r'name="(shared_computer)" value="(on)"', shown.content.decode()))
    del client.cookies["session"], client.cookies["mail_key"]
    assert again(client, shown, alice.password, **more).status_code == 200
    assert client.session["shared_computer"] is True
    assert client.cookies["session"]["max-age"] == ""
    session.pool().close_all()


def test_a_shared_computer_stays_one_when_only_the_key_is_missing(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    client = signed_in(alice, shared_computer="on")
    shown = client.get(INBOX)
    del client.cookies["mail_key"]
    assert again(client, shown, alice.password).status_code == 200
    assert client.session["shared_computer"] is True
    session.pool().close_all()


def test_without_script_it_is_a_page_that_leads_on(client: Client, alice: MailAccount) -> None:
    del client.cookies["mail_key"]
    answer = client.get("/mail/Sent/?page=1")
    shown = client.get(answer["Location"])
    assert 'name="next" value="/mail/Sent/?page=1"' in shown.content.decode()
    data = {"csrfmiddlewaretoken": token(shown), "next": "/mail/Sent/?page=1"}
    wrong = client.post(URL, data | {"password": "faux"})
    assert wrong.status_code == 422
    assert 'name="next" value="/mail/Sent/?page=1"' in wrong.content.decode()
    data["csrfmiddlewaretoken"] = token(wrong)
    right = client.post(URL, data | {"password": alice.password})
    assert (right.status_code, right["Location"]) == (302, "/mail/Sent/?page=1")
    assert client.get("/mail/Sent/").status_code == 200


@pytest.mark.parametrize("following", ["https://mal.example/", "//mal.example", "javascript:1"])
def test_it_leads_nowhere_else(client: Client, alice: MailAccount, following: str) -> None:
    shown = client.get(INBOX)
    data = {"csrfmiddlewaretoken": token(shown), "password": alice.password, "next": following}
    assert client.post(URL, data)["Location"] == "/mail/INBOX/"
    assert "mal.example" not in client.get(f"{URL}?next={following}").content.decode()


def test_a_person_whose_address_was_changed_still_gets_in(
    client: Client, alice: MailAccount
) -> None:
    User.objects.update(address="alice.martin@autre-domaine.example")
    shown = client.get(INBOX)
    (login,) = re.findall(r'name="login" value="([^"]*)"', shown.content.decode())
    del client.cookies["mail_key"]
    assert again(client, shown, alice.password, login=login).status_code == 200
    shown = client.get(INBOX)
    del client.cookies["session"], client.cookies["mail_key"]
    assert again(client, shown, alice.password, login=login).status_code == 200
    assert User.objects.count() == 1
