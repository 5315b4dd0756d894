"""Signing in by a provider, to a mail server that takes its tokens."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from html import unescape
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core.cache import cache
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import lending, session, sessions
from accounts.models import (
    AuditEvent,
    LentCredential,
    MailDomain,
    SignInProvider,
    TokenGrant,
    User,
    UserSession,
)
from accounts.providers import grants
from accounts.providers.asking import Tokens
from demo.servers.dovecot import Dovecot, TokenCheck
from mail import bearer
from mail.bearer import AccessToken
from mail.errors import ServerUnavailable, SignInNeeded
from mail.imap import watch
from tests.accounts.logged import begin_log, lines_of, shows
from tests.accounts.providers.conftest import MASTER, Academy, Forged, onward, running
from tests.conftest import put_first_steps_away
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.waiting import run_apart
from webmail import outbox
from webmail.models import OutboxMessage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path


def test_a_token_opens_the_mailbox_and_the_list_shows(academy: Academy, alices: Mailbox) -> None:
    alices.append(b"From: parent@exemple.fr\nSubject: Sortie au mus\xc3\xa9e\n\nBonjour\n")
    browser = academy.sign_in("alice")
    page = browser.get("/mail/INBOX/")
    assert page.status_code == 200
    assert "Sortie au musée" in page.content.decode()
    user = User.objects.get()
    assert (user.mail_domain, user.login) == (academy.domain, "alice")
    assert TokenGrant.objects.get().user == user
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.SIGNED_IN)
    assert event.actor == user


def test_a_message_is_sent_by_the_token(academy: Academy, alices: Mailbox, bobs: Mailbox) -> None:
    row = compose(academy.sign_in("alice"), "Conseil de classe")
    assert LentCredential.objects.get().grant == TokenGrant.objects.get()
    outbox.deliver(row.pk)
    assert b"Conseil de classe" in b"".join(bobs.messages())
    assert b"Conseil de classe" in b"".join(alices.messages("Sent"))
    assert not LentCredential.objects.exists()
    assert TokenGrant.objects.count() == 1


def test_a_message_leaves_after_the_token_that_it_was_sent_with(
    academy: Academy, alices: Mailbox, bobs: Mailbox
) -> None:
    browser = academy.sign_in("alice")
    row = compose(browser, "Pour demain")
    browser.post("/accounts/logout/")
    TokenGrant.objects.update(expires=timezone.now() - timedelta(hours=5))
    outbox.deliver(row.pk)
    assert b"Pour demain" in b"".join(bobs.messages())


def test_a_message_that_outlives_its_sign_in_says_why_it_waits(
    academy: Academy, alices: Mailbox, bobs: Mailbox
) -> None:
    browser = academy.sign_in("alice")
    row = compose(browser, "Trop tard")
    academy.issuer.revoke("alice")
    TokenGrant.objects.update(expires=timezone.now() - timedelta(hours=5))
    session.pool().close_all()
    outbox.deliver(row.pk)
    row.refresh_from_db()
    assert row.state == OutboxMessage.State.PASSWORD
    assert not bobs.uids()
    academy.sign_in("alice", browser)
    page = unescape(browser.get("/outbox/").content.decode())
    assert "Le message attend une nouvelle connexion" in page
    browser.post(f"/outbox/{row.pk}/again/")
    OutboxMessage.objects.update(due=timezone.now())
    outbox.deliver(row.pk)
    assert b"Trop tard" in b"".join(bobs.messages())


def test_rules_are_read_by_the_token(academy: Academy) -> None:
    if not academy.domain.sieve_host:
        pytest.skip("Pigeonhole is not installed.")
    page = academy.sign_in("alice").get("/rules/")
    assert page.status_code == 200
    assert "ne répond pas" not in page.content.decode()


def test_no_token_lies_open_anywhere(academy: Academy) -> None:
    """Neither in the database, nor in the session, nor in the cache."""
    browser = academy.sign_in("alice")
    user = User.objects.get()
    credential = sealed(browser, user)
    _login, token = grants.way_in(user, credential)
    grant = TokenGrant.objects.get()
    assert isinstance(token, AccessToken)
    assert token.encode() not in bytes(grant.sealed)
    assert str(token) not in str(dict(browser.session.items()))
    assert str(token) not in repr(token)


def test_the_session_of_another_user_opens_nothing(academy: Academy) -> None:
    alice, bob = academy.sign_in("alice"), academy.sign_in("bob")
    users = {user.login: user for user in User.objects.all()}
    credential = sealed(alice, users["alice"])
    with pytest.raises(SignInNeeded):
        grants.way_in(users["bob"], credential)
    assert bob.get("/mail/INBOX/").status_code == 200


def test_a_token_that_is_about_to_end_is_refreshed(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    user = User.objects.get()
    before = grants.way_in(user, sealed(browser, user))
    TokenGrant.objects.update(expires=timezone.now() + timedelta(seconds=5))
    after = grants.way_in(user, sealed(browser, user))
    assert before != after
    assert TokenGrant.objects.get().expires > timezone.now() + timedelta(minutes=50)
    session.pool().close_all()
    assert browser.get("/mail/INBOX/").status_code == 200


def test_an_open_connection_outlives_its_token(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    asked = academy.issuer.requests("/oauth2/token")
    TokenGrant.objects.update(expires=timezone.now() - timedelta(seconds=5))
    assert browser.get("/mail/INBOX/").status_code == 200
    assert academy.issuer.requests("/oauth2/token") == asked


@pytest.mark.django_db(transaction=True)
def test_many_at_once_refresh_once(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    user = User.objects.select_related("mail_domain").get()
    credential = sealed(browser, user)
    TokenGrant.objects.update(expires=timezone.now() - timedelta(seconds=5))
    asked = academy.issuer.requests("/oauth2/token")
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(grants.way_in(user, credential))
        finally:
            database.close()

    threads = [Thread(target=ask) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 6
    assert len(set(found)) == 1
    assert academy.issuer.requests("/oauth2/token") == asked + 1


def test_a_token_lives_on_while_the_provider_is_down(forged: Forged) -> None:
    """It is used to its end; then pages say that the server does not answer."""
    SignInProvider.objects.update(way=SignInProvider.Way.TOKEN)
    user = User.objects.create(mail_domain=forged.domain, login="alice")
    provider = SignInProvider.objects.get()
    tokens = Tokens("opaque", 300, "again")
    credential = grants.make(user, provider, tokens, {"sub": "1"})
    forged.forger.answers["/token"] = 503, b""
    TokenGrant.objects.update(expires=timezone.now() + timedelta(seconds=30))
    for _time in range(4):
        assert grants.way_in(user, credential) == ("alice", "opaque")
    assert forged.forger.paths.count("/token") == 1
    TokenGrant.objects.update(expires=timezone.now() - timedelta(seconds=1), refreshing=None)
    with pytest.raises(ServerUnavailable):
        grants.way_in(user, credential)
    del forged.forger.answers["/token"]
    assert grants.way_in(user, credential) == ("alice", "opaque")


def test_a_worker_that_died_while_it_refreshed_is_not_waited_for(forged: Forged) -> None:
    SignInProvider.objects.update(way=SignInProvider.Way.TOKEN)
    user = User.objects.create(mail_domain=forged.domain, login="alice")
    provider = SignInProvider.objects.get()
    credential = grants.make(user, provider, Tokens("old", 300, "again"), {"sub": "1"})
    now = timezone.now()
    TokenGrant.objects.update(
        expires=now - timedelta(seconds=1), refresher="dead", refreshing=now + timedelta(seconds=1)
    )
    assert grants.way_in(user, credential) == ("alice", "opaque")


def test_a_revoked_token_asks_for_another_sign_in(academy: Academy) -> None:
    browser = academy.sign_in("bob")
    academy.issuer.revoke("bob")
    TokenGrant.objects.update(expires=timezone.now() - timedelta(seconds=5))
    session.pool().close_all()
    answer = browser.get("/mail/INBOX/")
    assert answer.status_code == 302
    assert not TokenGrant.objects.exists()
    again = browser.get(answer["Location"])
    assert f'href="/accounts/provider/{academy.provider.pk}/?' in again.content.decode()
    assert "mot de passe" not in main(again)


def test_signing_out_forgets_the_tokens_and_leaves_the_provider(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    answer = browser.post("/accounts/logout/")
    leads = onward(answer)
    assert leads.startswith(f"{academy.issuer.url}/oauth2/end_session?")
    assert "id_token_hint=ey" in leads
    assert not TokenGrant.objects.exists()
    assert browser.get("/mail/INBOX/").status_code == 302


def test_a_job_goes_on_after_the_sign_out(academy: Academy) -> None:
    """As with a password: what was lent is worth its time."""
    browser = academy.sign_in("alice")
    user = User.objects.get()
    lent = lend(browser, user)
    browser.post("/accounts/logout/")
    lent = LentCredential.objects.get(pk=lent.pk)
    with session.imap_for(Job(user, lent)) as imap:
        assert imap.mailbox_id()
    grants.forget_unneeded()
    assert TokenGrant.objects.exists()
    lending.give_back(lent)
    TokenGrant.objects.update(made=timezone.now() - timedelta(days=2))
    assert grants.forget_unneeded() == 1


def test_the_button_alone_where_no_password_is_taken(academy: Academy) -> None:
    page = Client().get("/accounts/login/").content.decode()
    assert 'name="password"' in page
    assert "Se connecter avec mon compte académique" in page
    MailDomain.objects.update(password_sign_in=False)
    cache.clear()
    page = Client().get("/accounts/login/").content.decode()
    assert 'name="password"' not in page
    assert "Se connecter avec mon compte académique" in page
    page = Client().get("/accounts/login/?next=/admin/").content.decode()
    assert 'name="password"' in page


def test_the_password_is_refused_where_it_is_off(academy: Academy) -> None:
    MailDomain.objects.update(password_sign_in=False)
    answer = Client().post("/accounts/login/", {"login": "alice", "password": "Craie-Bleue 7!"})
    assert answer.status_code == 422
    assert not User.objects.exists()


def test_the_master_user_opens_where_no_token_is_taken(academy: Academy, settings: Any) -> None:
    settings.MASTER_USER = {"": MASTER.login}
    settings.MASTER_PASSWORD = {"": MASTER.password}
    academy.provider.way = academy.provider.Way.MASTER
    academy.provider.save()
    browser = academy.sign_in("alice")
    session.pool().close_all()
    assert browser.get("/mail/INBOX/").status_code == 200
    assert grants.way_in(User.objects.get(), sealed(browser, User.objects.get())) == (
        "alice*webmail",
        MASTER.password,
    )


def test_the_master_user_is_off_by_default(academy: Academy) -> None:
    academy.provider.way = academy.provider.Way.MASTER
    academy.provider.save()
    browser = Client()
    answer = academy.come_back(browser, academy.leave_for(browser))
    assert answer.status_code == 503
    assert not User.objects.exists()


def test_a_shared_computer_stays_shared(academy: Academy) -> None:
    browser = academy.sign_in("alice", shared_computer="on")
    assert UserSession.objects.get().is_shared
    assert browser.session["shared_computer"] is True


class Job:
    def __init__(self, user: User, credential: LentCredential | None) -> None:
        self.user = user
        self.credential = credential


def lend(browser: Client, user: User) -> LentCredential:
    return lending.lend(request_of(browser, user))


def sealed(browser: Client, user: User) -> str:
    """Return what the session of a browser seals."""
    from accounts import credentials

    opened = credentials.open_sealed(request_of(browser, user))
    assert opened is not None
    return opened


def request_of(browser: Client, user: User) -> Any:
    from django.test import RequestFactory

    request: Any = RequestFactory().get("/")
    request.user, request.session = user, browser.session
    request.COOKIES.update({name: morsel.value for name, morsel in browser.cookies.items()})
    return request


def main(answer: Any) -> str:
    found = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)
    assert found
    return found[0]


def compose(browser: Client, subject: str) -> OutboxMessage:
    written = {
        "kind": "new",
        "to": "bob@ac-exemple.fr",
        "subject": subject,
        "body": "Bonjour",
        "draft": str(uuid.uuid4()),
        "writer": "w",
        "key": str(uuid.uuid4()),
    }
    answer = browser.post("/compose/", written, headers={"HX-Request": "true"})
    assert answer.status_code == 204, answer.content.decode()
    OutboxMessage.objects.update(due=timezone.now())
    return OutboxMessage.objects.get()


def test_somebody_proves_who_he_is_by_the_provider(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    authenticated = browser.session
    authenticated["account_authentication_methods"] = []
    authenticated.save()
    answer = browser.get("/accounts/2fa/totp/activate/")
    assert answer.status_code == 302, answer.content.decode()
    page = browser.get(answer["Location"]).content.decode()
    found = re.search(r'href="(/accounts/provider/\d+/\?reauthenticate&amp;next=[^"]+)"', page)
    assert found, page
    leads = onward(browser.get(unescape(found[1])))
    assert "prompt=login" in leads
    back = academy.come_back(browser, leads)
    assert (back.status_code, back["Location"]) == (302, "/accounts/2fa/totp/activate/")
    assert browser.get(back["Location"]).status_code == 200


def test_a_tab_that_waited_goes_on(academy: Academy) -> None:
    """The dialog asks whether its person has signed in again elsewhere."""
    browser = Client()
    fetch = {"X-Requested-With": "fetch"}
    assert browser.get("/accounts/reenter/", headers=fetch).status_code == 403
    academy.sign_in("alice", browser)
    answer = browser.get("/accounts/reenter/", headers=fetch)
    assert answer.status_code == 200
    assert answer.json()["csrf"]
    assert browser.get("/accounts/reenter/?done").status_code == 200
    page = browser.get("/mail/INBOX/").content.decode()
    assert (
        f'href="/accounts/provider/{academy.provider.pk}/?next=/accounts/reenter/%3Fdone"' in page
    )


def test_a_second_factor_of_ours_is_asked_for_too(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    user = User.objects.get()
    TOTP.activate(user, generate_totp_secret())
    browser.post("/accounts/logout/")
    browser = Client()
    answer = academy.come_back(browser, academy.leave_for(browser))
    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert browser.get("/mail/INBOX/").status_code == 302
    assert not UserSession.objects.exists()


def test_news_of_mail_come_by_the_token(academy: Academy, alices: Mailbox) -> None:
    browser = academy.sign_in("alice")
    user = User.objects.get()
    request = request_of(browser, user)
    request.session[sessions.ROW] = browser.session[sessions.ROW]
    login, token = session.watched(request).access.way_in()

    async def look() -> int:
        opened = await watch.open(session.imap_server(academy.domain), login, token)
        opened.close()
        return opened.inbox.exists

    alices.append(b"Subject: Un\n\nUn\n")
    assert run_apart(look()) == 1


def test_a_server_that_knows_the_older_mechanism_alone(academy: Academy) -> None:
    tokens = TokenCheck(f"{academy.issuer.url}/userinfo", mechanisms="xoauth2")
    with running([ALICE], tokens=tokens) as server:
        MailDomain.objects.update(imap_port=server.imap_port, sieve_port=server.sieve_port or 1)
        academy.domain.refresh_from_db()
        browser = academy.sign_in("alice")
        assert browser.get("/mail/INBOX/").status_code == 200
        if server.sieve_port:
            assert browser.get("/rules/").status_code == 200
        page = academy.come_back(Client(), academy.leave_for(Client()), "alice")
        assert page.status_code == 400


def test_a_server_that_takes_no_token(academy: Academy, dovecot: Dovecot) -> None:
    MailDomain.objects.update(imap_port=dovecot.imap_port)
    browser = Client()
    answer = academy.come_back(browser, academy.leave_for(browser))
    assert answer.status_code == 503
    assert not User.objects.exists()


def test_a_sign_in_by_password_asks_nothing_of_providers(academy: Academy) -> None:
    browser = Client()
    browser.get("/accounts/login/")
    with CaptureQueriesContext(database) as asked:
        answer = browser.post(
            "/accounts/login/", {"login": ALICE.login, "password": ALICE.password}
        )
        assert answer.status_code == 302
        assert browser.get("/mail/INBOX/").status_code == 200
    put_first_steps_away()
    tables = ("signinprovider", "tokengrant", "servicevisit")
    statements = [query["sql"] for query in asked if "INSERT INTO" not in query["sql"]]
    assert not [sql for sql in statements if any(table in sql for table in tables)]


def test_a_session_that_stays(academy: Academy, settings: Any) -> None:
    settings.STAY_DAYS = 30
    academy.sign_in("alice", stay_signed_in="on")
    assert UserSession.objects.get().stays


def test_a_password_takes_the_place_of_the_tokens(academy: Academy) -> None:
    browser = academy.sign_in("alice")
    answer = browser.post(
        "/accounts/reenter/", {"password": ALICE.password}, headers={"X-Requested-With": "fetch"}
    )
    assert answer.status_code == 200
    assert not TokenGrant.objects.exists()
    assert browser.get("/mail/INBOX/").status_code == 200
    assert browser.post("/accounts/logout/").status_code == 302


@pytest.mark.parametrize("is_over", [False, True])
def test_no_token_stands_in_a_log_of_connections(
    academy: Academy, alices: Mailbox, bobs: Mailbox, is_over: bool
) -> None:
    browser = academy.sign_in("alice")
    user = User.objects.get()
    begin_log(user)
    row = compose(browser, "Conseil de classe")
    _login, token = grants.way_in(user, lending.opened(LentCredential.objects.get()))
    if is_over:
        academy.issuer.revoke("alice")
        session.pool().close_all()
    browser.get("/mail/INBOX/")
    outbox.deliver(row.pk)
    text = lines_of(user)
    assert re.search(r"IMAP \d+ C: [A-P]{4}\d+ AUTHENTICATE (OAUTHBEARER|XOAUTH2)\b", text)
    assert is_over or re.search(r"SMTP \d+ C: AUTH (OAUTHBEARER|XOAUTH2)\n.*334", text)
    assert shows(bearer.first("XOAUTH2", "alice", token, "", 0).decode(), str(token))
    assert not shows(text, str(token))
    assert not shows(text, "alice@ac-exemple.fr")


def test_the_master_password_stands_in_no_log_of_connections(forged: Forged) -> None:
    browser = Client()
    assert forged.arrive(browser).status_code == 302
    put_first_steps_away()
    user = User.objects.get()
    begin_log(user)
    assert browser.get("/mail/INBOX/").status_code == 200
    text = lines_of(user)
    assert re.search(r"IMAP \d+ C: [A-P]{4}\d+ (LOGIN|AUTHENTICATE)", text)
    for secret in (MASTER.password, MASTER.login, ALICE.password):
        assert not shows(text, secret)
