"""Images from hosts that accept and say nothing: who waits, and who does not."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from email.message import EmailMessage
from typing import Any, cast

import pytest
import uvicorn
from django.test import Client

from accounts import session
from demo.servers.dovecot import MailAccount
from mail import remote
from tests.servers.mailboxes import Mailbox
from tests.servers.web import Web
from tests.servers.web import http as http_answer
from tests.waiting import LONGEST_S, SOON_S, wait_for
from webmail.asgi import Bridge
from webmail.reader import image_proxy
from webmail.serving import errands, measures
from webmail.wsgi import application as wsgi_application

pytestmark = pytest.mark.django_db(transaction=True)

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
THREADS = 8
SLOW = 30
QUICK = "http://93.184.216.200/a.png"


@pytest.fixture
def bridge() -> Bridge:
    """One with fewer threads than two users may have."""
    return Bridge(cast(Any, wsgi_application), threads=THREADS)


@pytest.fixture
def site(bridge: Bridge) -> Iterator[int]:
    config = uvicorn.Config(bridge, port=0, log_level="warning", lifespan="off")
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
def over() -> Iterator[threading.Event]:
    """Set: the slow hosts hang up."""
    event = threading.Event()
    yield event
    event.set()


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch, over: threading.Event) -> Iterator[Web]:
    """Public addresses that lead to this machine: thirty of a host that accepts and says nothing,
    and a quick one."""
    internet = Web()

    def silence(_socket: socket.socket) -> None:
        over.wait(60)

    silent = internet.serve("slow.example", silence)
    for n in range(SLOW):
        internet.servers[f"93.184.216.{n + 1}", 80] = silent
    internet.serve("quick.example", http_answer(PNG), address="93.184.216.200")
    monkeypatch.setattr(remote, "open_socket", internet.connect)
    yield internet
    over.set()
    silent.close()
    internet.servers["93.184.216.200", 80].close()


def letter(*urls: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "Lettre"
    message["From"] = "Revue <lettre@revue.example>"
    images = "".join(f'<img src="{url}" width="200" height="90">' for url in urls)
    message.set_content(f"<p>Bonjour</p>{images}", subtype="html")
    return message.as_bytes()


class Reader:
    """A signed-in user with a letter of images that are shown."""

    def __init__(self, site: int, client: Client, mailbox: Mailbox, *urls: str) -> None:
        self._site = site
        self._path = f"/mail/INBOX/{mailbox.uidvalidity()}-{mailbox.append(letter(*urls))}/"
        client.post(f"{self._path}images/", {"show": "once"})
        client.get(f"{self._path}frame/")
        cookies = client.cookies.items()
        self._cookies = "; ".join(f"{name}={morsel.value}" for name, morsel in cookies)

    def get(self, path: str) -> tuple[int, bytes, float]:
        begun = time.monotonic()
        browser = http.client.HTTPConnection("127.0.0.1", self._site, timeout=LONGEST_S)
        browser.request("GET", path, headers={"Cookie": self._cookies})
        answer = browser.getresponse()
        content = answer.read()
        browser.close()
        return answer.status, content, time.monotonic() - begun

    def image(self, n: int) -> tuple[int, bytes, float]:
        return self.get(f"{self._path}frame/remote/{n}")


@pytest.fixture
def readers(
    site: int,
    signed_in: Callable[..., Client],
    alice: MailAccount,
    bob: MailAccount,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
) -> tuple[Reader, Reader]:
    slow = [f"http://93.184.216.{n + 1}/a.png" for n in range(SLOW)]
    return (
        Reader(site, signed_in(alice), mailbox, *slow),
        Reader(site, signed_in(bob), bobs_mailbox, *slow, QUICK),
    )


def test_images_that_never_come_take_no_thread_that_makes_pages(
    web: Web, over: threading.Event, readers: tuple[Reader, Reader], bridge: Bridge
) -> None:
    for reader in readers:
        assert reader.get("/mail/INBOX/")[0] == 200  # the process learns whose session it is
    with ThreadPoolExecutor(2 * SLOW) as browsers:
        waiting = [browsers.submit(reader.image, n) for reader in readers for n in range(SLOW)]
        wait_for(lambda: len(web.connected) == 2 * errands.OF_USER)
        for reader in readers:
            times = [reader.get("/mail/INBOX/") for _again in range(3)]
            assert [status for status, _content, _seconds in times] == [200] * 3
            assert min(seconds for _status, _content, seconds in times) < errands.WAIT / 4
        assert not any(one.done() for one in waiting), "they were waited for"
        over.set()
        statuses = {status_of(one) for one in waiting}
    # A broken image, as any whose host gives none.
    assert statuses <= {429, 502, 504}
    wait_for(lambda: not bridge._errands._places)


def test_a_quick_image_comes_while_those_of_others_are_waited_for(
    web: Web, over: threading.Event, readers: tuple[Reader, Reader]
) -> None:
    alice, bob = readers
    with ThreadPoolExecutor(SLOW) as browsers:
        waiting = [browsers.submit(alice.image, n) for n in range(SLOW)]
        wait_for(lambda: len(web.connected) == errands.OF_USER)
        status, content, seconds = bob.image(SLOW)
        assert (status, content) == (200, PNG)
        assert seconds < errands.WAIT / 2
        assert not any(one.done() for one in waiting)
        over.set()
        for one in waiting:
            status_of(one)


def counted() -> dict[str, float]:
    """How many images from elsewhere `/metrics` tells of, by their status."""
    return {
        sample.labels["status"]: sample.value
        for metric in measures.REGISTRY.collect()
        for sample in metric.samples
        if sample.name == "webmail_request_seconds_count" and "remote" in sample.labels["route"]
    }


def test_an_image_counts_once(web: Web, readers: tuple[Reader, Reader]) -> None:
    _alice, bob = readers
    before = counted()
    assert bob.image(SLOW)[:2] == (200, PNG)
    after = counted()
    assert {status: n - before.get(status, 0) for status, n in after.items()} == (
        dict.fromkeys(after, 0) | {"2xx": 1}
    )


def test_who_waits_too_long_for_a_place_gets_a_broken_image(
    web: Web, readers: tuple[Reader, Reader], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(errands, "WAIT", 0.3)
    alice, _bob = readers
    with ThreadPoolExecutor(SLOW) as browsers:
        begun = time.monotonic()
        answers = [browsers.submit(alice.image, n) for n in range(SLOW)]
        statuses = sorted(status_of(one) for one in answers)
    assert statuses == [429] * (SLOW - errands.OF_USER) + [504] * errands.OF_USER
    assert time.monotonic() - begun < image_proxy.SECONDS + SOON_S


def test_few_images_of_one_host_are_fetched_at_once(
    web: Web,
    over: threading.Event,
    site: int,
    signed_in: Callable[..., Client],
    alice: MailAccount,
    mailbox: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(errands, "OF_USER", SLOW)
    reader = Reader(
        site, signed_in(alice), mailbox, *(f"http://93.184.216.1/{n}.png" for n in range(SLOW))
    )
    with ThreadPoolExecutor(SLOW) as browsers:
        waiting = [browsers.submit(reader.image, n) for n in range(SLOW)]
        wait_for(lambda: len(web.connected) >= errands.OF_HOST)
        time.sleep(0.5)
        assert len(web.connected) == errands.OF_HOST
        over.set()
        for one in waiting:
            status_of(one)


def test_a_slow_name_of_a_sender_holds_up_no_name_of_an_administrator() -> None:
    over, asked = threading.Event(), threading.Semaphore(0)

    def never(_host: str) -> list[str]:
        asked.release()
        over.wait(LONGEST_S)
        return []

    def fetch(n: int) -> None:
        limits = remote.RequestLimits(1000, 2 * SOON_S, 0)
        with pytest.raises(remote.RemoteUnavailable):
            remote.fetch(f"http://slow{n}.example/", resolve=never, limits=limits)

    most = remote._lookups._max_workers
    with ThreadPoolExecutor(most) as senders:
        waiting = [senders.submit(fetch, n) for n in range(most)]
        for _each in waiting:
            assert asked.acquire(timeout=SOON_S)
        begun = time.monotonic()
        with pytest.raises(remote.RemoteRefused):
            limits = remote.RequestLimits(1000, SOON_S, 0)
            remote.ask("https://login.example/", resolve=lambda _host: ["127.0.0.1"], limits=limits)
        assert time.monotonic() - begun < SOON_S / 2
        over.set()
        for one in waiting:
            one.result()


def status_of(answer: Future[tuple[int, bytes, float]]) -> int:
    return answer.result(LONGEST_S)[0]
