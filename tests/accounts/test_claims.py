"""Rows that one worker at a time works on, whichever app keeps them."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.claims import ClaimedRow, Lost
from accounts.models import MailDomain, StaffImport, User
from addressbook.models import ImportJob
from tests.killing import before_an_update
from webmail.models import MailJob, OfficePreview, OutboxMessage, Unsubscription

pytestmark = pytest.mark.django_db

MODELS = (ImportJob, MailJob, OfficePreview, OutboxMessage, StaffImport, Unsubscription)
TAKEN_UP = (ImportJob, MailJob, OutboxMessage, StaffImport)


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Any:
    """A row of the model that waits for a worker."""
    domain = MailDomain.objects.create(name="ac-exemple.fr", imap_host="imap.example")
    columns: dict[str, Any] = {"user": User.objects.create(mail_domain=domain, login="claire")}
    if request.param is StaffImport:
        columns = {}
    if request.param is OutboxMessage:
        columns |= {"key": uuid.uuid4(), "due": timezone.now()}
    return request.param.objects.create(**columns)


def of(*models: type[ClaimedRow]) -> pytest.MarkDecorator:
    names = [model.__name__ for model in models]
    return pytest.mark.parametrize("row", models, ids=names, indirect=True)


def claimed(row: Any) -> Any:
    taken = type(row).objects.claim(row.pk)
    assert taken is not None
    return taken


@of(*MODELS)
def test_of_two_workers_that_ask_at_once_one_has_the_row(row: Any) -> None:
    first: list[Any] = []
    rows = type(row).objects
    with before_an_update(lambda: first.append(rows.claim(row.pk))):
        assert rows.claim(row.pk) is None
    (owner,) = first
    owner.beat()
    assert rows.get(pk=row.pk).attempts == 1
    assert rows.claim(row.pk) is None


@of(*MODELS)
def test_nobody_else_writes_on_a_row(row: Any) -> None:
    owner = claimed(row)
    with pytest.raises(Lost):
        row.beat()
    assert not row.end("failed")
    assert owner.end("failed") and owner.state == "failed"


@of(*MODELS)
def test_a_row_is_left_from_its_state_alone(row: Any) -> None:
    owner = claimed(row)
    assert not owner.leave([row.state], "failed")
    assert owner.leave([owner.state], "failed")
    assert type(row).objects.get(pk=row.pk).state == "failed"
    with pytest.raises(Lost):
        owner.beat()


@of(*TAKEN_UP)
def test_a_row_is_taken_from_a_worker_that_gives_no_sign_of_life(row: Any) -> None:
    owner, long = claimed(row), timedelta(hours=1)
    rows = type(row).objects
    assert list(rows.take_up()) == []
    rows.update(changed=timezone.now() - long)
    (taken,) = rows.take_up()
    with pytest.raises(Lost):
        owner.beat()
    taken.beat()


@of(*TAKEN_UP)
def test_a_worker_that_shows_it_is_alive_just_then_keeps_its_row(row: Any) -> None:
    owner, long = claimed(row), timedelta(hours=1)
    rows = type(row).objects
    rows.update(changed=timezone.now() - long)
    with before_an_update(owner.beat):
        assert list(rows.take_up()) == []
    owner.beat()
