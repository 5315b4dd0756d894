"""rspamd beside the embedded verdict: asked, taught, and done without when it is not there."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from django.test import Client

from demo.servers import process
from mail.errors import ServerUnavailable
from tests.servers.mailboxes import Mailbox
from tests.servers.rspamd import GTUBE, PASSWORD, Rspamd, installed
from tests.waiting import soon
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter, ref
from webmail.adverts import rspamd

pytestmark = pytest.mark.django_db


class Redis(process.Server):
    """A port of loopback for rspamd, which knows no socket in a folder of ours."""

    name = "redis"

    def __init__(self, folder: Path, program: str) -> None:
        self.log, self.port = folder / "redis.log", process.free_port()
        self._program = program

    def start(self) -> None:
        bound = ("--bind", process.LOOPBACK, "--port", str(self.port), "--save", "")
        self.child = process.spawn([self._program, *bound], self.log)
        process.wait_for_port(self.port, self.child, self.log)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[rspamd.RspamdServer]:
    """Debian's rspamd; a test without it says that it is not there."""
    program = shutil.which("redis-server")
    if not installed() or program is None:
        pytest.skip("rspamd is not installed: apt-get install rspamd redis-server")
    folder = tmp_path_factory.mktemp("rspamd")
    redis = Redis(folder, program)
    running = Rspamd(folder, f"{process.LOOPBACK}:{redis.port}")
    try:
        redis.start()
        running.start()
        yield rspamd.RspamdServer(running.url, PASSWORD)
    finally:
        running.stop()
        redis.stop()


@pytest.fixture
def configured(server: rspamd.RspamdServer, settings, reader: Client) -> Client:
    settings.RSPAMD_URL, settings.RSPAMD_PASSWORD = server.url, server.password
    reader.get("/mail/INBOX/")
    return reader


@pytest.mark.slow
def test_it_tells_spam_from_other_mail(server: rspamd.RspamdServer) -> None:
    bad = rspamd.check(server, letter(body=GTUBE), "alice@ac-exemple.fr")
    good = rspamd.check(server, letter(), "alice@ac-exemple.fr")
    assert (bad.is_spam, good.is_spam) == (True, False)
    assert bad.score >= bad.required


@pytest.mark.slow
def test_what_it_rejects_goes_to_the_junk(configured: Client, mailbox: Mailbox) -> None:
    sender = "Zoé <zoe@voisine.example>"
    mailbox.append(letter("Bonjour", GTUBE, sender=sender, message_id="<g@voisine.example>"))
    mailbox.append(letter("Bonjour encore", sender=sender, message_id="<h@voisine.example>"))
    configured.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids("Junk"))) == (1, 1)


@pytest.mark.slow
def test_an_advert_that_it_lets_pass_is_an_advert(configured: Client, mailbox: Mailbox) -> None:
    mailbox.append(unwanted.advert())
    configured.get("/mail/INBOX/")
    assert len(mailbox.uids("Publicités")) == 1


@pytest.mark.slow
def test_what_is_said_to_be_junk_is_taught_to_it(
    configured: Client, mailbox: Mailbox, caplog: pytest.LogCaptureFixture
) -> None:
    body = "Gagnez au casino tout de suite : roulette, machines, bonus gratuit, jackpot, million."
    uid = mailbox.append(letter("Casino", body, message_id="<casino@x.example>"))
    configured.post("/mail/INBOX/act/", {"verb": "junk", "refs": ref(mailbox, uid)})
    assert "rspamd not taught" not in caplog.text


@pytest.mark.slow
def test_a_second_time_it_knows_that_already(server: rspamd.RspamdServer) -> None:
    for _time in range(2):
        rspamd.learn(server, letter("Jeu", "jeu casino roulette bonus gratuit"), "a", is_spam=True)


def test_a_wrong_password_is_no_answer_from_elsewhere(reader: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=_answer, args=(listening, b"HTTP/1.1 403 No\r\n\r\n"))
        thread.start()
        port = listening.getsockname()[1]
        with pytest.raises(ServerUnavailable):
            rspamd.check(rspamd.RspamdServer(f"http://127.0.0.1:{port}"), b"x", "a")
        thread.join(5)


@pytest.mark.parametrize(
    "answer",
    [b"HTTP/1.1 200 OK\r\n\r\nno json", b'HTTP/1.1 200 OK\r\n\r\n["x"]', b"220 mail\r\n", b""],
)
def test_an_answer_that_is_none_leaves_the_embedded_verdict(
    reader: Client, mailbox: Mailbox, settings, answer: bytes
) -> None:
    reader.get("/mail/INBOX/")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.RSPAMD_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=_answer, args=(listening, answer))
        thread.start()
        mailbox.append(unwanted.advert())
        mailbox.append(letter("Réunion", message_id="<r@x.example>", sender="z@x.example"))
        reader.get("/mail/INBOX/")
        thread.join(5)
    assert (len(mailbox.uids()), len(mailbox.uids("Publicités"))) == (1, 1)


def test_one_that_is_silent_is_waited_for_once(reader: Client, mailbox: Mailbox, settings) -> None:
    reader.get("/mail/INBOX/")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.RSPAMD_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        for number in range(8):  # each might be waited for two seconds
            mailbox.append(unwanted.advert(number))
        with soon():
            reader.get("/mail/INBOX/")
    assert len(mailbox.uids("Publicités")) == 8


def _answer(listening: socket.socket, answer: bytes) -> None:
    listening.settimeout(5)
    with suppress(OSError):
        client, _address = listening.accept()
        with client:
            client.settimeout(2)
            client.recv(65536)
            client.sendall(answer)


def test_about_what_is_set_aside_it_is_asked_once(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    reader.get("/mail/INBOX/")
    asked: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.RSPAMD_URL = f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread = threading.Thread(target=_answer_all, args=(listening, asked))
        thread.start()
        mailbox.append(unwanted.advert())
        reader.get("/mail/INBOX/")
    thread.join(10)
    assert len(mailbox.uids("Publicités")) == 1
    assert len(asked) == 1


def _answer_all(listening: socket.socket, asked: list[int]) -> None:
    """Answer that the message is none of junk, until the server is closed."""
    body = b'{"action": "no action", "score": 0.1, "required_score": 15}'
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)
    listening.settimeout(3)
    with suppress(OSError):
        while True:
            client, _address = listening.accept()
            asked.append(1)
            with client:
                client.settimeout(2)
                client.recv(65536)
                client.sendall(head + body)
