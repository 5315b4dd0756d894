"""Whether background jobs are done, as the administration says it."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts import jobs, tasks
from accounts.models import StaffImport, User
from demo.servers.broker import Broker
from webmail.models import OfficePreview

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


def test_a_queue_without_a_sign_of_life_is_not_well(
    queued: None, settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    broker = Broker(tmp_path_factory.mktemp("jobs"))
    broker.start()
    try:
        settings.CELERY_BROKER_URL = broker.url.replace("unix://", "redis+socket://", 1)
        assert jobs.health() == jobs.Health(is_eager=False, waiting=0, seconds=None)
        assert not jobs.health().is_well
        tasks.show_life()
        assert jobs.health().is_well
    finally:
        broker.stop()


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
