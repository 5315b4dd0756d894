"""The real web server: downloads that browsers cut, uploads that break off."""

from __future__ import annotations

import asyncio
import http.client
import select
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, cast

import pytest
import uvicorn
from django.template.engine import Engine
from django.test import Client
from django.urls import clear_url_caches, get_resolver
from django.utils import timezone

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.tended import due
from tests.waiting import LONGEST_S, run_apart, soon, wait_for
from webmail import asgi, outbox
from webmail.asgi import Bridge, Message, application
from webmail.models import OutboxMessage
from webmail.serving import bodies, shares
from webmail.serving.templating import Loader

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def site() -> Iterator[int]:
    """The port of a uvicorn with our application, in a thread."""
    config = uvicorn.Config(application, port=0, log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        wait_for(lambda: server.started)
        yield listener.getsockname()[1]
        server.should_exit = True
        thread.join(10)
    session.pool().close_all()


@pytest.fixture
def cookies(signed_in: Callable[..., Client], alice: MailAccount) -> str:
    client = signed_in(alice)
    client.get("/compose/")
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


def lent() -> int:
    return sum(connections.lent for connections in session.pool()._by_key.values())


def big_mail(mailbox: Mailbox, megabytes: int) -> str:
    """A message with one large attachment; the attachment's address."""
    line = b"A" * 76 + b"\r\n"
    uid = mailbox.append(
        b"Subject: gros\r\nMIME-Version: 1.0\r\nContent-Type: application/zip\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + line * (megabytes * 1_000_000 // 78)
    )
    return f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/part/1/"


def memory() -> int:
    """Bytes of this process that lie in memory, the highest so far."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def test_a_page_comes_through(site: int, cookies: str, mailbox: Mailbox) -> None:
    browser = http.client.HTTPConnection("127.0.0.1", site, timeout=LONGEST_S)
    browser.request("GET", "/mail/INBOX/", headers={"Cookie": cookies})
    answer = browser.getresponse()
    assert answer.status == 200
    assert b'id="message-list"' in answer.read()
    browser.close()


def test_a_download_that_the_browser_cuts_stops_and_gives_its_connection_back(
    site: int, cookies: str, mailbox: Mailbox, settings
) -> None:
    url = big_mail(mailbox, 40)
    for _time in range(settings.IMAP_CONNECTIONS + 1):
        browser = http.client.HTTPConnection("127.0.0.1", site, timeout=LONGEST_S)
        browser.request("GET", url, headers={"Cookie": cookies})
        answer = browser.getresponse()
        assert answer.status == 200
        assert len(answer.read(100_000)) == 100_000
        answer.close()
        browser.close()
        wait_for(lambda: lent() == 0)
    (connections,) = session.pool()._by_key.values()
    # Read to the end it would be 150 pieces each time.
    assert sum(connection.commands for connection, _since in connections.idle) < 200


def test_a_big_download_takes_little_memory(site: int, cookies: str, mailbox: Mailbox) -> None:
    url = big_mail(mailbox, 45)
    Path("/proc/self/clear_refs").write_text("5")  # forget the highest so far
    before = memory()
    browser = http.client.HTTPConnection("127.0.0.1", site, timeout=LONGEST_S)
    browser.request("GET", url, headers={"Cookie": cookies})
    answer = browser.getresponse()
    size = 0
    while piece := answer.read(100_000):
        size += len(piece)
    browser.close()
    assert size > 30_000_000
    assert memory() - before < 25_000_000
    wait_for(lambda: lent() == 0)


def test_an_answer_that_cannot_be_sent_holds_no_thread() -> None:
    """Whatever breaks on the way to the browser: who produces the answer is told."""
    pieces: list[int] = []

    def endless(environ: Any, start_response: Any) -> Iterator[bytes]:
        start_response("200 OK", [])
        for number in range(100_000):
            pieces.append(number)
            yield b"a"

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            raise OSError("broken")

    async def answered() -> None:
        scope = {"type": "http", "method": "GET", "path": "/", "query_string": b""}
        scope |= {"http_version": "1.1", "headers": []}
        await asyncio.wait_for(Bridge(endless)(scope, receive, send), 10)

    with pytest.raises(OSError, match="broken"):
        run_apart(answered())
    assert len(pieces) < 10


def posted(cookies: str) -> tuple[bytes, bytes]:
    """Head and body of a request that sends Bob a message with a file."""
    token = dict(pair.split("=", 1) for pair in cookies.split("; "))["csrf"]
    fields = {
        "csrfmiddlewaretoken": token,
        "to": "bob@ac-exemple.fr",
        "subject": "pièce jointe",
        "body": "voici",
        "kind": "new",
    }
    start = "".join(
        f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ) + (
        '--b\r\nContent-Disposition: form-data; name="attachments"; filename="a.txt"\r\n'
        "Content-Type: text/plain\r\n\r\n"
    )
    body = start.encode() + b"a" * 100_000 + b"\r\n--b--\r\n"
    head = (
        f"POST /compose/ HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n"
        f"X-CSRFToken: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode(), body


@pytest.mark.parametrize("whole", [True, False])
def test_an_upload_that_breaks_off_sends_nothing(
    site: int,
    cookies: str,
    whole: bool,
    mail_domain: MailDomain,
    submission: SubmissionServer,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
) -> None:
    """All fields had come and half of the file: half a file is not what was written."""
    head, body = posted(cookies)
    if not whole:
        body = body[:-50_000]
    with socket.create_connection(("127.0.0.1", site), timeout=LONGEST_S) as browser:
        browser.sendall(head + body)
        if whole:
            assert browser.recv(12) == b"HTTP/1.1 302"
        else:
            time.sleep(0.2)
    time.sleep(0.5)
    wait_for(lambda: lent() == 0)
    OutboxMessage.objects.update(due=timezone.now())
    for pk in due(OutboxMessage):
        outbox.deliver(pk)
    assert len(bobs_mailbox.uids()) == len(mailbox.uids("Sent")) == (1 if whole else 0)


def test_an_honest_upload_on_a_slow_line_is_taken(
    site: int, cookies: str, mail_domain: MailDomain, submission: SubmissionServer, mailbox: Mailbox
) -> None:
    head, body = posted(cookies)
    with socket.create_connection(("127.0.0.1", site), timeout=LONGEST_S) as browser:
        browser.sendall(head)
        for start in range(0, len(body), 20_000):
            browser.sendall(body[start : start + 20_000])
            time.sleep(0.4)
        assert browser.recv(12) == b"HTTP/1.1 302"
    assert OutboxMessage.objects.count() == 1


def anonymous_page(site: int) -> tuple[float, str]:
    """Seconds until the page of sign-in is there, and the cookie that comes with it."""
    begun = time.monotonic()
    browser = http.client.HTTPConnection("127.0.0.1", site, timeout=30)
    browser.request("GET", "/accounts/login/")
    answer = browser.getresponse()
    assert answer.status == 200
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    browser.close()
    return time.monotonic() - begun, cookie


def answered(asked: list[socket.socket]) -> list[socket.socket]:
    """Those that may read something by now."""
    return select.select(asked, [], [], 0)[0]


def test_slow_bodies_hold_nobody_else_up(site: int, mail_domain: MailDomain) -> None:
    """More than there are threads, each with more than a form has, of which no more comes."""
    _first, cookie = anonymous_page(site)
    usual = min(anonymous_page(site)[0] for _ in range(3))
    # With the cookie Django reads the body, to look for the token that goes with it.
    head = (
        f"POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 200000\r\n\r\n"
    )
    with ExitStack() as stack:
        slow = [
            stack.enter_context(socket.create_connection(("127.0.0.1", site), timeout=30))
            for _ in range(60)
        ]
        for one in slow:
            one.sendall(head.encode() + b"a" * 100_000)
        time.sleep(2 * bodies.MOMENT)
        assert min(anonymous_page(site)[0] for _ in range(3)) < max(1.0, 10 * usual)
        wait_for(lambda: len(answered(slow)) >= 60 - bodies.MOST_OF_CLIENT)
        assert len(answered(slow)) == 60 - bodies.MOST_OF_CLIENT
        refusal = answered(slow)[0].makefile("rb").read().decode()
        assert refusal.startswith("HTTP/1.1 503") and "retry-after: 60" in refusal
        assert "Trop d’envois à la fois" in refusal


def test_downloads_that_nobody_reads_hold_up_nobody(
    site: int, cookies: str, mailbox: Mailbox, mail_domain: MailDomain
) -> None:
    """Neither a stranger nor who asked for them: the others wait without a thread."""
    head = f"GET {big_mail(mailbox, 20)} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n\r\n"
    usual = min(anonymous_page(site)[0] for _ in range(3))
    with ExitStack() as stack:
        for _ in range(30):
            one = stack.enter_context(socket.create_connection(("127.0.0.1", site), timeout=30))
            one.sendall(head.encode())
        time.sleep(1)
        browser = http.client.HTTPConnection("127.0.0.1", site, timeout=60)
        stack.callback(browser.close)
        with soon():
            browser.request("GET", "/mail/INBOX/", headers={"Cookie": cookies})
            assert browser.getresponse().status == 200
        assert min(anonymous_page(site)[0] for _ in range(3)) < max(1.0, 10 * usual)
    wait_for(lambda: lent() == 0)


def test_a_download_that_waited_too_long_is_answered_in_words(
    site: int, cookies: str, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shares, "DOWNLOAD_WAIT", 0.5)
    browser = http.client.HTTPConnection("127.0.0.1", site, timeout=60)
    # The process learns whose session it is.
    browser.request("GET", "/mail/INBOX/", headers={"Cookie": cookies})
    assert browser.getresponse().status == 200
    browser.close()
    head = f"GET {big_mail(mailbox, 20)} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookies}\r\n"
    with ExitStack() as stack:
        waiting = [
            stack.enter_context(socket.create_connection(("127.0.0.1", site), timeout=30))
            for _ in range(session.pool().most_streams + 1)
        ]
        for one in waiting:
            one.sendall(f"{head}Connection: close\r\n\r\n".encode())
            time.sleep(0.3)
        refusal = waiting[-1].makefile("rb").read().decode()
    assert refusal.startswith("HTTP/1.1 503") and "retry-after: 60" in refusal
    assert "Trop de téléchargements à la fois" in refusal
    wait_for(lambda: lent() == 0)


def test_a_body_that_stops_is_answered_in_words(
    site: int, mail_domain: MailDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "SILENCE", 0.5)
    with socket.create_connection(("127.0.0.1", site), timeout=30) as browser:
        head = "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99\r\n\r\n"
        browser.sendall(f"{head}login=a".encode())
        refusal = browser.makefile("rb").read().decode()
    assert refusal.startswith("HTTP/1.1 408")
    assert "Votre connexion est trop lente" in refusal


async def start(look: Callable[[], object] = lambda: None) -> None:
    """Start and end the process, and look when it has started."""
    events = iter(["lifespan.startup", "lifespan.shutdown"])
    usual = sys.getswitchinterval()

    async def receive() -> Message:
        return {"type": next(events)}

    async def send(message: Message) -> None:
        if message["type"] == "lifespan.startup.complete":
            look()

    try:
        await application({"type": "lifespan"}, receive, send)
    finally:
        sys.setswitchinterval(usual)


def test_a_page_waits_a_millisecond_for_each_thread_that_computes() -> None:
    seen: list[float] = []
    run_apart(start(lambda: seen.append(sys.getswitchinterval())))
    assert seen == [pytest.approx(0.001)]


def test_the_first_person_waits_for_no_template(
    signed_in: Callable[..., Client],
    alice: MailAccount,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asgi, "WARM_UP", 300)  # a start waits no longer, however slow the machine
    uid = mailbox.append(b"Subject: lettre\r\n\r\nBonjour\r\n")
    alices, nobody = signed_in(alice), Client()
    (loader,) = cast(list[Loader], Engine.get_default().template_loaders)
    loader.reset()
    clear_url_caches()

    run_apart(start())
    assert "url_patterns" in vars(get_resolver()), "the views are still to be imported"
    read = set(loader.get_template_cache)
    assert nobody.get("/accounts/login/").headers["Content-Language"] == "fr"
    for where in ("", f"{mailbox.uidvalidity()}-{uid}/"):
        assert alices.get(f"/mail/INBOX/{where}").status_code == 200
    assert alices.get("/compose/").status_code == 200
    assert set(loader.get_template_cache) == read
