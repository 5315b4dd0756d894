"""A mail server that hangs keeps nobody of another domain waiting."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from django.db import connection
from django.http import HttpRequest
from django.test import Client

from accounts import session, stalled
from accounts.models import MailDomain, User
from demo.servers.dovecot import MailAccount
from mail.errors import ServerUnavailable
from tests.waiting import SOON_S, join
from tests.webmail.outbox.killed import signed_in as request_of
from webmail.asgi import THREADS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def hung() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        yield listener


def test_threads_are_left_for_everybody_else() -> None:
    assert stalled.MOST < THREADS


def test_those_beyond_are_refused_at_once_and_later_let_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "PATIENCE", 0.05)
    with ExitStack() as stack:
        for _ in range(stalled.MOST):
            stack.enter_context(stalled.bounded("imap.hung.fr"))
        time.sleep(0.1)
        with pytest.raises(ServerUnavailable), stalled.bounded("imap.hung.fr"):
            pass
        with stalled.bounded("imap.well.fr"):
            pass
    with stalled.bounded("imap.hung.fr"):
        pass


def test_many_quick_requests_are_all_let_in() -> None:
    with ExitStack() as stack:
        for _ in range(10 * stalled.MOST):
            stack.enter_context(stalled.bounded("imap.busy.fr"))


def test_a_failure_gives_the_place_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stalled, "PATIENCE", 0.0)
    for _ in range(3 * stalled.MOST):
        with pytest.raises(RuntimeError), stalled.bounded("imap.broken.fr"):
            raise RuntimeError


def test_pages_of_a_hung_domain_end_and_those_of_another_do_not_wait(
    hung: socket.socket,
    mail_domain: MailDomain,
    alice: MailAccount,
    signed_in: Callable[..., Client],
    settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings.IMAP_TIMEOUT = 60
    monkeypatch.setattr(stalled, "PATIENCE", 0.3)
    well = signed_in(alice)
    other = MailDomain.objects.create(
        name="hung.fr",
        imap_host="localhost",
        imap_port=hung.getsockname()[1],
        imap_security=MailDomain.Security.NONE,
        smtp_host="127.0.0.1",
        smtp_port=1,
        smtp_security=MailDomain.Security.NONE,
    )
    requests = [
        request_of(User.objects.create(mail_domain=other, login=f"u{number}"), "Mot-2026")
        for number in range(stalled.MOST + 1)
    ]
    taken: list[float] = []

    def ask(request: HttpRequest) -> None:
        began = time.monotonic()
        with pytest.raises(ServerUnavailable), session.imap(request):
            pass
        taken.append(time.monotonic() - began)
        connection.close()

    waiting = [threading.Thread(target=ask, args=[request]) for request in requests[1:]]
    for thread in waiting:
        thread.start()
    time.sleep(1)
    ask(requests[0])
    assert len(taken) == 1 and taken[0] < SOON_S
    assert well.get("/mail/INBOX/").status_code == 200
    hung.close()  # which ends the connections that it never took
    join(*waiting)
    assert len(taken) == stalled.MOST + 1


def test_a_sign_in_does_not_wait_either(
    mail_domain: MailDomain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalled, "PATIENCE", 0.0)
    with ExitStack() as stack:
        for _ in range(stalled.MOST):
            stack.enter_context(stalled.bounded(mail_domain.imap_host))
        time.sleep(0.01)
        with pytest.raises(ServerUnavailable, match="waiting"):
            session.check_login(mail_domain, "alice", "Mot-2026", "")
