"""Letters on their way: what was accepted, and what arrived."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from django.test import Client
from django.utils import timezone

from accounts import session
from accounts.http import SignedInRequest
from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.webmail.outbox.letters import draft_of, letter
from webmail import outbox
from webmail.models import Draft, OutboxMessage
from webmail.outbox import Submission


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return tmp_path / "spool"


@pytest.fixture(autouse=True)
def no_connections_left() -> Iterator[None]:
    yield
    session.pool().close_all()


@pytest.fixture
def reader(
    signed_in: Callable[..., Client], alice: MailAccount, submission: SubmissionServer
) -> Client:
    return signed_in(alice)


@pytest.fixture
def request_of_alice(reader: Client) -> SignedInRequest:
    return cast(SignedInRequest, reader.get("/preferences/").wsgi_request)


@pytest.fixture
def draft(request_of_alice: SignedInRequest) -> Draft:
    assert isinstance(request_of_alice.user, User)
    return draft_of(request_of_alice.user)


@pytest.fixture
def accepted(
    request_of_alice: SignedInRequest, draft: Draft, bob: MailAccount
) -> Callable[..., OutboxMessage]:
    """`accepted(due=None, undo_seconds=0, letter=...)`: a message to Bob in the outbox."""

    def accept(one: Submission | None = None, **more: object) -> OutboxMessage:
        options = {"key": uuid.uuid4(), **more}
        rows = outbox.accept(request_of_alice, draft, [one or letter()], **options)  # type: ignore[arg-type]
        return rows[0]

    return accept


@pytest.fixture
def later() -> Callable[[], None]:
    """`later()`: what waits is due, and whoever had taken up a message is long dead."""

    def pass_by() -> None:
        then = timezone.now() - timedelta(hours=1)
        for state in ("held", "scheduled"):
            OutboxMessage.objects.filter(state=state).update(due=then, told=None)
        OutboxMessage.objects.filter(state="sending").update(changed=then)

    return pass_by
