"""Mail servers that are down, slow, hang up or talk rubbish: what a person is told."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Callable
from typing import Any, Never

import pytest
import redis
from django.db import Error as DatabaseError
from django.db import InternalError, OperationalError
from django.db import connection as database
from django.test import Client
from psycopg.errors import ReadOnlySqlTransaction

from accounts import session
from accounts.looks import themes
from accounts.models import DomainTheme
from core import logs
from demo.servers.dovecot import MailAccount
from mail.mailbox import listing
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import (
    CLOSE,
    GREETING,
    STALL,
    ScriptedServer,
    Step,
    imap_script,
    no,
    ok,
    selected,
    wait,
)
from tests.waiting import soon
from tests.webmail.views.mail import letter, page, path, words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
# Not the composer, which opens without the mail server: test_drafts.py.
URLS = ["/mail/INBOX/", "/mail/INBOX/7-1/", "/mail/INBOX/7-1/part/1/"]
TOLD = b"* CAPABILITY IMAP4rev1\r\n"
SCRIPTS: dict[str, tuple[list[Step], int]] = {
    "hangs up at once": ([("", CLOSE)], 503),
    "says goodbye": ([("", b"* BYE [UNAVAILABLE] maintenance\r\n", CLOSE)], 503),
    "another protocol": ([("", b"HTTP/1.1 400 Bad Request\r\n\r\n", CLOSE)], 502),
    "closes in the middle of a line": ([("", GREETING), ("CAPABILITY", b"* CAPAB", CLOSE)], 503),
    "closes at the sign-in": (
        [("", GREETING), ("CAPABILITY", ok(TOLD)), ("LOGIN", CLOSE)],
        503,
    ),
    "cannot sign in just now": (
        [("", GREETING), ("CAPABILITY", ok(TOLD)), ("LOGIN", no(b"[UNAVAILABLE] plus tard"))],
        503,
    ),
    "closes in the middle of an answer": (
        imap_script(("SELECT", b"* 3 EXISTS\r\n* OK [UIDV", CLOSE)),
        503,
    ),
    "silent": ([("", STALL)], 503),
}


@pytest.fixture
def impatient(settings) -> None:
    settings.IMAP_TIMEOUT = 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_broken_mail_server_is_said_in_words(
    reader: Client, imap_moved: Callable[[int], None], caplog, name: str, settings
) -> None:
    settings.SUPPORT_PHONE, settings.SUPPORT_EMAIL = "03 53 01 00 00", "assistance@ac-exemple.fr"
    caplog.handler.addFilter(logs.RequestId())
    script, status = SCRIPTS[name]
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        with soon():
            answer = reader.get("/mail/INBOX/")
            notice = reader.get("/mail/INBOX/", headers=HTMX)
    assert answer.status_code == notice.status_code == status
    assert '<a class="btn primary big" href="/mail/INBOX/">' in page(answer)
    assert "03 53 01 00 00" in page(answer) and "assistance@ac-exemple.fr" in page(answer)
    assert notice["HX-Retarget"] == "#notices"
    assert "<html" not in page(notice) and 'class="banner bad notice"' in page(notice)
    for shown in (answer, notice):
        (reference,) = set(re.findall(r"\b[0-9a-f]{8}\b", words(shown)))
        assert reference == shown[logs.HEADER]
        assert reference in {record.request_id for record in caplog.records}


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    "rubbish",
    [
        b"<html>\r\n",
        b"* 3 EXISTS\r\n{tag} OK done\r\n",  # no UIDVALIDITY
        b"* 3 EXISTS\r\n* OK [UIDVALIDITY abc] x\r\n{tag} OK\r\n",
        b"{tag} BAD what?\r\n",
        b"{tag} MAYBE\r\n",
        b"* 1 FETCH ({99999999999999}\r\n",
        b"\x00\xff\xfe\r\n",
    ],
)
def test_a_server_that_breaks_its_protocol_is_502(
    reader: Client, imap_moved: Callable[[int], None], rubbish: bytes
) -> None:
    with ScriptedServer(imap_script(("SELECT", rubbish, CLOSE))) as server:
        imap_moved(server.port)
        answer = reader.get("/mail/INBOX/")
    assert answer.status_code in {502, 503}
    assert '<a class="btn primary big" href="/mail/INBOX/">' in page(answer)


@pytest.mark.parametrize("url", URLS)
def test_a_server_that_is_down_is_said_on_every_page(
    reader: Client, imap_moved: Callable[[int], None], url: str
) -> None:
    imap_moved(1)
    answer = reader.get(url)
    assert answer.status_code == 503
    assert f'href="{url}"' in page(answer)  # try again
    assert reader.get(url, headers=HTMX).status_code == 503


def test_a_slow_server_is_waited_for(
    reader: Client, imap_moved: Callable[[int], None], settings
) -> None:
    """A quarter of the time-out at each answer: with the real one of 20 s that is 5 s."""
    settings.IMAP_TIMEOUT = 2

    listed = ok(b'* LIST () "/" INBOX\r\n* STATUS INBOX (MESSAGES 0 UNSEEN 0)\r\n')
    script = imap_script(
        ("SELECT", wait(0.5), selected(exists=0)),
        ("LIST", wait(0.5), listed),
        capabilities="IMAP4rev1 LIST-EXTENDED LIST-STATUS",
    )
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        answer = reader.get("/mail/INBOX/")

        session.pool().close_all()
    assert answer.status_code == 200


def test_the_servers_own_words_are_shown_as_text(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    script = [
        ("", GREETING),
        ("CAPABILITY", ok(TOLD)),
        ("LOGIN", no(b"[UNAVAILABLE] <b>pause</b>")),
    ]
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        answer = reader.get("/mail/INBOX/")
    assert "<b>pause</b>" in words(answer) and "<b>pause" not in page(answer)


@pytest.mark.usefixtures("impatient")
def test_a_mailbox_that_is_full_says_so(reader: Client, imap_moved: Callable[[int], None]) -> None:
    told = ok(b"* STATUS Zoo (UIDVALIDITY 7 UIDNEXT 1)\r\n")
    script = imap_script(
        ("SELECT", selected(uidvalidity=7)), ("STATUS", told), ("UID COPY", no(b"[OVERQUOTA] x"))
    )
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        form = {"verb": "copy", "to": "Zoo", "refs": ["7-1"]}
        answer = reader.post("/mail/INBOX/act/", form)

        session.pool().close_all()
    assert answer.status_code == 507
    assert "Try again" not in page(answer)


def test_a_dropped_connection_is_opened_again_unnoticed(reader: Client, mailbox: Mailbox) -> None:

    mailbox.append(letter("encore là"))
    reader.get("/mail/INBOX/")
    for connections in session.pool()._by_key.values():
        for connection, _since in connections.idle:
            connection._client.sock.shutdown(2)
    answer = reader.get("/mail/INBOX/")
    assert answer.status_code == 200
    assert "encore là" in page(answer)


def test_a_password_that_the_server_no_longer_takes_is_asked_for_and_not_tried_again(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    script = [
        ("", GREETING),
        ("CAPABILITY", ok(TOLD)),
        ("LOGIN", no(b"[AUTHENTICATIONFAILED] non")),
    ]
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        for _time in range(3):
            answer = reader.get("/mail/INBOX/")
            assert answer.status_code == 302
            assert answer["Location"].startswith("/accounts/reenter/?next=")
        notice = reader.get("/mail/INBOX/", headers=HTMX)
        assert (notice.status_code, notice["X-Session-Over"]) == (401, "1")
        assert len(server.received) == 1


def test_nothing_secret_is_in_an_error(
    reader: Client,
    alice: MailAccount,
    imap_moved: Callable[[int], None],
    caplog,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not even in the page and the log of an error that nobody foresaw."""

    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("unforeseen")

    monkeypatch.setattr(listing, "page", broken)
    reader.raise_request_exception = False
    with caplog.at_level(logging.DEBUG, logger="django.request"):
        answer = reader.get("/mail/INBOX/")
    assert answer.status_code == 500
    shown = page(answer) + caplog.text
    assert alice.password not in shown
    assert reader.cookies["mail_key"].value not in shown
    assert 'class="' in page(answer) and "unforeseen" not in page(answer)


def lost() -> DatabaseError:
    return OperationalError("the connection is closed")


def read_only() -> DatabaseError:
    """As PostgreSQL says it on a standby."""
    error = InternalError("cannot execute UPDATE in a read-only transaction")
    error.__cause__ = ReadOnlySqlTransaction()
    return error


@pytest.mark.parametrize(
    ("error", "words"), [(lost, "n’est pas disponible"), (read_only, "Rien ne peut être modifié")]
)
def test_a_database_that_is_down_is_no_fault_to_report(
    reader: Client, error: Callable[[], DatabaseError], words: str
) -> None:
    def fail(*_statement: object) -> Never:
        raise error()

    reader.raise_request_exception = False
    with database.execute_wrapper(fail):
        answer = reader.get("/mail/INBOX/")
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert words in page(answer) and "assistance" not in page(answer)


@pytest.mark.parametrize(("is_down", "status"), [(True, 503), (False, 500)])
def test_a_failure_has_the_looks_of_the_domain(
    reader: Client, alice: MailAccount, monkeypatch: pytest.MonkeyPatch, is_down: bool, status: int
) -> None:
    DomainTheme.objects.create(
        name="Courriel du Petit Bois", accent="#7a1fa2", accent_dark="#e0b0ff"
    )
    themes.forget()
    assert "Courriel du Petit Bois" in page(reader.get("/mail/INBOX/"))

    def fail(*_args: object, **_more: object) -> Never:
        raise lost() if is_down else RuntimeError

    reader.raise_request_exception = False
    if is_down:
        with database.execute_wrapper(fail):
            answer = reader.get("/mail/INBOX/")
    else:
        monkeypatch.setattr(listing, "page", fail)
        answer = reader.get("/mail/INBOX/")
    assert answer.status_code == status
    shown = page(answer)
    assert "Courriel du Petit Bois" in shown and 'href="/theme/' in shown


def test_a_fault_is_told_without_static_files(reader: Client, nothing_collected: None) -> None:
    reader.raise_request_exception = False
    answer = reader.get("/mail/INBOX/")  # which asks for its style sheets
    assert answer.status_code == 500
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    shown = words(answer)
    assert "Une panne s’est produite de notre côté" in shown
    assert "Vos messages sont en sécurité." in shown
    assert "staticfiles" not in page(answer)


def test_mail_is_read_without_redis_and_no_attempt_goes_uncounted(
    reader: Client, mailbox: Mailbox, settings: Any
) -> None:
    url = path(mailbox, mailbox.append(letter("Sans Redis")))
    backend = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": backend}
    for shown in ("/mail/INBOX/", url):
        answer = reader.get(shown)
        assert answer.status_code == 200 and "Sans Redis" in page(answer)
    stranger = Client(raise_request_exception=False)
    answer = stranger.post("/accounts/login/", {"login": "alice", "password": "faux"})
    assert (answer.status_code, answer.get("Retry-After")) == (503, "10")


def test_a_redis_that_says_nothing_is_waited_for_once(
    reader: Client, mailbox: Mailbox, settings: Any
) -> None:
    url = path(mailbox, mailbox.append(letter("Sans Redis")))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        backend = {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{port}"}
        settings.CACHES = {"default": backend}
        for shown in ("/mail/INBOX/", url, "/mail/INBOX/"):
            answer = reader.get(shown)
            assert answer.status_code == 200 and "Sans Redis" in page(answer)
        silent.settimeout(0)
        silent.accept()[0].close()
        with pytest.raises(BlockingIOError):
            silent.accept()


def test_a_redis_that_is_full_is_no_fault_to_report(reader: Client, redis_server: str) -> None:
    with redis.Redis.from_url(redis_server) as client:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", 1)
        try:
            reader.raise_request_exception = False
            answer = reader.post("/accounts/login/", {"login": "alice", "password": "faux"})
            answers = [answer, reader.get("/mail/INBOX/")]
        finally:
            client.config_set("maxmemory", 0)
    assert {answer.status_code for answer in answers} <= {200, 302, 503}
    assert 503 in {answer.status_code for answer in answers}


def test_an_address_that_is_none_gets_our_page(reader: Client) -> None:
    for url in ("/nulle-part/", "/mail/", "/mail/INBOX/7-1/part/", "/mail/INBOX"):
        answer = reader.get(url, follow=True)
        assert answer.status_code in {200, 404}
    assert reader.get("/nulle-part/").status_code == 404


def test_a_message_that_vanishes_between_list_and_click(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    url = path(mailbox, uid)
    reader.get("/mail/INBOX/")
    mailbox.empty()
    assert reader.get(url).status_code == 404
    assert reader.get(url, headers=HTMX).status_code == 404


def test_a_folder_made_anew_between_list_and_click(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Projet")
    uid = mailbox.append(letter("ancien"), "Projet")
    url = path(mailbox, uid, folder="Projet")
    assert reader.get(url).status_code == 200
    mailbox.delete_folder("Projet")
    mailbox.create_folder("Projet")
    mailbox.append(letter("nouveau"), "Projet")
    assert reader.get(url).status_code == 409
    assert "nouveau" in page(reader.get("/mail/Projet/"))


def test_an_address_that_failed_is_not_taken_over(reader: Client, mailbox: Mailbox) -> None:
    """htmx would put it into the address bar, over a list of another folder."""
    answer = reader.get("/mail/Disparu/", headers=HTMX)
    assert (answer.status_code, answer["HX-Push-Url"]) == (404, "false")
