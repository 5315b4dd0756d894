"""A spool of the test's own, and no worker: tests run the jobs themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import session
from demo.servers.dovecot import MailAccount
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
