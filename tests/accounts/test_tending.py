"""The rows that no worker has, found for each queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.utils import timezone

from accounts import tasks, tending
from accounts.claims import ClaimedRow
from accounts.models import MailDomain, User
from core import queues
from tests.tended import due
from webmail.models import MailJob, OfficePreview, Unsubscription
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
