"""The rows that no worker has, found for each queue."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone
from redis.exceptions import TimeoutError as NoAnswer

from accounts import tasks, tending
from accounts.claims import ClaimedRow
from accounts.models import MailDomain, User
from core import queues
from tests.tended import due
from webmail.celery import app
from webmail.models import MailJob, OfficePreview, OutboxMessage, Unsubscription
from webmail.serving.cache import RedisCache
from webmail.tasks import do_mail_job, unsubscribe

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    domain = MailDomain.objects.create(name="ac-exemple.fr", imap_host="imap.example")
    return User.objects.create(mail_domain=domain, login="claire")


def test_every_row_that_a_worker_claims_is_tended_by_beat() -> None:
    """A preview of an office file is asked for again by the page that waits for it."""
    rows = {model for model in apps.get_models() if issubclass(model, ClaimedRow)}
    assert set(tending._JOBS) == rows - {OfficePreview}
    schedule: list[dict[str, Any]] = list(settings.CELERY_BEAT_SCHEDULE.values())
    tended = {queue for entry in schedule for queue in entry.get("args", ())}
    assert {queues.ROUTES[job.task.name]["queue"] for job in tending._JOBS.values()} == tended


def test_every_row_whose_dead_worker_is_followed_by_another_has_a_last_attempt() -> None:
    """Other jobs end such a row in a way of their own."""
    waiting = {model for model, job in tending._JOBS.items() if job.revive is ClaimedRow.wait_again}
    assert {model for model in waiting if not hasattr(model, "MOST_ATTEMPTS")} == set()
    assert not {Unsubscription, OutboxMessage} & waiting


def test_a_queue_starts_the_jobs_of_its_own_tasks(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Any] = []
    monkeypatch.setattr(do_mail_job, "delay", started.append)
    job = MailJob.objects.create(user=user, changed=timezone.now() - timedelta(minutes=2))
    tasks.tend(queues.SENDING.queue)
    assert started == []
    tasks.tend(queues.UPKEEP.queue)
    assert started == [job.pk]


def test_a_url_that_a_dead_worker_may_have_called_is_not_called_again(user: User) -> None:
    row = Unsubscription.objects.create(user=user, sender="a@list.example", url="https://x.example")
    assert Unsubscription.objects.claim(row.pk)
    Unsubscription.objects.update(changed=timezone.now() - timedelta(minutes=2))
    assert due(Unsubscription) == []
    row.refresh_from_db()
    assert (row.state, row.url) == (Unsubscription.State.FAILED, "")
    unsubscribe(row.pk)


# --- a Redis whose machine says nothing ---


@pytest.fixture
def mute() -> Iterator[str]:
    """The URL of a server that accepts no connection and refuses none: its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _number in range(3)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"
        for filler in fillers:
            filler.close()


def test_a_job_is_handed_over_within_a_second_or_waits_for_beat(
    user: User, mute: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(settings, "CELERY_TASK_ALWAYS_EAGER", False)
    monkeypatch.setitem(app.conf, "broker_write_url", mute)
    monkeypatch.setattr(app, "_pool", None)
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    job = MailJob.objects.create(user=user, changed=timezone.now() - timedelta(minutes=2))
    began = time.monotonic()
    tending.hand_over(do_mail_job, job.pk)
    assert time.monotonic() - began < 3
    assert "do_mail_job could not be handed over" in caplog.text
    assert due(MailJob) == [job.pk]


def test_a_page_waits_a_second_for_the_cache(mute: str) -> None:
    began = time.monotonic()
    with pytest.raises(NoAnswer):
        RedisCache(mute, {}).get("x")
    assert time.monotonic() - began < 3
