"""Whether background jobs are done, as the administration says it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from redis import Redis

from accounts import tasks
from accounts.health import jobs
from accounts.models import StaffImport, User
from demo.servers.broker import Broker
from webmail.models import OfficePreview
from webmail.serving import checks

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]


@pytest.fixture
def queued(settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    settings.CELERY_BROKER_URL = "redis://127.0.0.1:1/0"


def test_without_a_queue_all_is_well(settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True
    assert jobs.health().is_well


def test_a_broker_that_is_down_is_said_within_seconds(queued: None) -> None:
    tasks.show_life()
    health = jobs.health()
    assert health.waiting is None
    assert not health.is_well


@pytest.fixture
def broker(
    queued: None, settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], object]]:
    """A Redis of the test's own; puts a job into a queue that nobody takes from."""
    server = Broker(tmp_path_factory.mktemp("jobs"))
    server.start()
    settings.CELERY_BROKER_URL = server.url.replace("unix://", "redis+socket://", 1)
    client = Redis(unix_socket_path=server.url.removeprefix("unix://"))
    yield lambda queue: client.lpush(queue, "{}")
    client.close()
    server.stop()


def live(*queues: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of these queues shows that it is there."""
    monkeypatch.setattr(jobs, "_told", -jobs._TOLD_EVERY)
    monkeypatch.setattr(jobs.current_app.amqp.queues, "_consume_from", dict.fromkeys(queues))
    tasks.begin_life()


def test_a_queue_without_a_sign_of_life_is_not_well(
    broker: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert jobs.health().without_worker == ["sending", "imports", "transfers", "upkeep"]
    assert not jobs.are_done()
    live("sending", "imports", "upkeep", "celery", monkeypatch=monkeypatch)
    assert jobs.health().without_worker == ["transfers"]
    assert not jobs.health().is_well
    assert not jobs.are_done()
    live("transfers", monkeypatch=monkeypatch)
    assert jobs.health().is_well
    assert jobs.are_done()


def test_a_worker_is_no_sign_that_beat_runs(
    broker: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    live("sending", "imports", monkeypatch=monkeypatch)
    assert not jobs.health().has_beat
    tasks.show_life()
    assert jobs.health().has_beat


def test_office_files_need_a_worker_when_some_wait(
    broker: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    live("sending", "imports", "transfers", "upkeep", monkeypatch=monkeypatch)
    broker("office")
    assert jobs.health().without_worker == ["office"]


def test_what_waits_in_the_former_queue_counts(broker: Callable[[str], object]) -> None:
    for queue in ("celery", "upkeep", "imports"):
        broker(queue)
    health = jobs.health()
    assert health.waiting == 3
    assert [queue.waiting for queue in health.queues] == [0, 1, 0, 0, 2]


def test_the_page_and_the_check_name_the_queue_that_has_no_worker(
    broker: Callable[[str], object], settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    live("sending", "transfers", "upkeep", monkeypatch=monkeypatch)
    client, user = Client(), User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    page = client.get("/admin/jobs/").content.decode()
    assert "Aucun processus ne traite la file imports" in page
    (warning,) = checks.workers()
    assert warning.id == "webmail.W003" and warning.msg.endswith("processus\u00a0: imports.")
    live("imports", monkeypatch=monkeypatch)
    assert checks.workers() == []


def test_the_pages_say_so_and_show_imports(queued: None, settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    client, user = Client(), User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    for state in OfficePreview.State.values:
        OfficePreview.objects.create(user=user, name=state, spool=state, state=state)
    job = StaffImport.objects.create(file_name="agents.csv")
    answer = client.get("/admin/jobs/")
    page = answer.content.decode()
    assert answer.context["previews"] == {"waiting": 2, "failed": 1}
    assert "Redis" in page
    assert f"/admin/accounts/staffimport/{job.pk}/change/" in page
    assert 'class="ill"' in client.get("/admin/").content.decode()
