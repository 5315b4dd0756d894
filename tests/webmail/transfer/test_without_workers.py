"""Without a broker there is no worker, and yet no request waits for a server that a user named."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client

from accounts import apart, session, tending
from core import queues
from demo.servers.dovecot import Dovecot, MailAccount
from tests.conftest import BEGIN_APART
from tests.servers.mailboxes import Mailbox
from tests.waiting import SOON_S, join, wait_for
from tests.webmail.transfer.test_collecting import asked
from tests.webmail.views.mail import letter
from webmail import tasks
from webmail.models import DataExport, Pull, Transfer, Unsubscription

pytestmark = pytest.mark.django_db(transaction=True)
State = Transfer.State


@pytest.fixture
def site(
    signed_in: Callable[..., Client],
    alice: MailAccount,
    tmp_path: Path,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Client]:
    """Alice on a site without a broker, whose processes have the database and spool of the test."""
    settings.CELERY_TASK_ALWAYS_EAGER = True
    settings.SPOOL = tmp_path
    settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    name = connection.settings_dict["NAME"]
    own = {
        "DATABASE_URL": re.sub(r"/[^/?]*(\?|$)", f"/{name}\\1", os.environ["DATABASE_URL"]),
        "REDIS_URL": "",
        "WEBMAIL_SECRET_KEY": settings.SECRET_KEY,
        "WEBMAIL_SPOOL": str(tmp_path),
        "WEBMAIL_TRANSFER_OPEN_NETWORKS": "127.0.0.0/8",
    }
    for variable, value in own.items():
        monkeypatch.setenv(variable, value)
    monkeypatch.setattr(apart, "begin", BEGIN_APART)
    yield signed_in(alice)
    session.pool().close_all()
    for thread in threading.enumerate():
        if thread.name == apart.THREAD:
            join(thread)


def test_a_server_that_says_nothing_keeps_a_process_and_no_request(site: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        account = {
            "server": f"127.0.0.1:{silent.getsockname()[1]}",
            "login": "bob",
            "password": "geheim",
            "new": "Ancienne",
        }
        began = time.monotonic()
        answer = site.post("/transfers/account/", account)
        assert answer.status_code == 302 and time.monotonic() - began < SOON_S
        wait_for(lambda: Transfer.objects.get().state == State.RUNNING)
        assert "Tentative de connexion" in site.get(answer["Location"]).content.decode()
    wait_for(lambda: Transfer.objects.get().state == State.FAILED)
    assert Transfer.objects.get().failure == "OtherUnavailable"


def test_the_process_does_what_waited_behind_its_job(
    reader: Client,
    spool: Path,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere.append(letter("Un"))
    monkeypatch.setattr(tending, "_LOOKS_SECONDS", 0)
    monkeypatch.setattr(Transfer, "AGAIN", Transfer.AGAIN * 0)
    for target in ("Une", "Deux"):
        asked(reader, dovecot, bob, new=target)
    first, _second = Transfer.objects.all()
    call_command("run_job", tasks.do_transfer.name, str(first.pk))
    assert {job.state for job in Transfer.objects.all()} == {State.DONE}
    assert len(mailbox.uids("Deux/INBOX")) == 1
    session.pool().close_all()


@pytest.fixture
def two_waiting(
    reader: Client,
    spool: Path,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> list[Transfer]:
    """Two transfers, which are due at once and always."""
    monkeypatch.setattr(tending, "_LOOKS_SECONDS", 0)
    monkeypatch.setattr(Transfer, "AGAIN", Transfer.AGAIN * 0)
    for target in ("Une", "Deux"):
        asked(reader, dovecot, bob, new=target)
    return list(Transfer.objects.all())


def test_the_process_ends_though_its_rows_fail_and_wait_again(
    two_waiting: list[Transfer], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[int] = []

    def fail(pk: int) -> None:
        begun.append(pk)
        raise RuntimeError

    monkeypatch.setattr(tasks.do_transfer, "run", fail)
    call_command("run_job", tasks.do_transfer.name, str(two_waiting[0].pk))
    assert {begun.count(job.pk) for job in two_waiting} == {tending.MOST_TRIES}


def test_of_two_processes_one_does_the_rows_that_wait(two_waiting: list[Transfer]) -> None:
    first, second = two_waiting
    with tending._alone(tasks.do_transfer.name):
        call_command("run_job", tasks.do_transfer.name, str(first.pk))
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.is_finished and second.state == State.WAITING
    session.pool().close_all()


def test_every_job_that_waits_for_strangers_or_for_whole_mailboxes_is_done_apart(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    begun: list[str] = []
    monkeypatch.setattr(apart, "begin", lambda name, _pk: begun.append(name))
    for model in (Transfer, Unsubscription, DataExport, Pull):
        tending._JOBS[model].task.delay(1)
    assert len(begun) == 4 and set(begun) <= set(queues.ROUTES)
