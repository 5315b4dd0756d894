"""A spool of the test's own, and no worker: tests run the jobs themselves."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import session
from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers.mailboxes import Mailbox
from webmail import tasks


@pytest.fixture
def no_connections_left() -> Iterator[None]:
    yield
    session.pool().close_all()


@pytest.fixture
def spool(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.SPOOL = tmp_path
    monkeypatch.setattr(tasks.do_transfer, "delay", lambda pk: None)
    return tmp_path / "transfers"


@pytest.fixture
def reader(signed_in: Callable[..., Client], alice: MailAccount) -> Client:
    return signed_in(alice)


@pytest.fixture
def opened(settings: Any) -> None:
    settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)


@pytest.fixture
def elsewhere(dovecot: Dovecot, bob: MailAccount, opened: None) -> Iterator[Mailbox]:
    """Bob's mailbox, which Alice fetches the mail from."""
    box = Mailbox(dovecot, bob)
    box.empty()
    yield box
    box.close()
