"""/healthz tells a load balancer the truth, whatever is down."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from webmail.jobs.queues import WORKERS
from webmail.models import OfficePreview
from webmail.serving import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers(clean_cache: None) -> None:
    """All workers have shown just now that they live."""
    cache.set_many({f"jobs-worker-{name}": 1 for name in WORKERS})


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_all_is_well(path: str) -> None:
    answer = Client().get(path, headers={"host": "10.0.0.7"})
    assert answer.status_code == 200
    assert answer.json() == {"database": True, "cache": True, "office": True, "jobs": True}


def test_a_cache_that_is_down_is_503_and_named(settings) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    answer = Client().get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {"database": True, "cache": False, "office": True, "jobs": False}


def test_a_queue_without_a_worker_is_told_and_keeps_the_pages_up() -> None:
    cache.delete("jobs-worker-imports")
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()["jobs"]) == (200, False)


def test_office_files_that_nobody_converts_are_told_and_keep_the_pages_up(mail_domain) -> None:
    user = User.objects.create(mail_domain=mail_domain, login="alice")
    job = OfficePreview.objects.create(user=user, name="a", extension="odt", spool="a")
    assert Client().get("/healthz").json()["office"] is True
    OfficePreview.objects.update(changed=timezone.now() - OfficePreview.PATIENCE)
    answer = Client().get("/healthz")
    assert (answer.status_code, answer.json()["office"]) == (200, False)
    job.fail("too_slow")
    assert Client().get("/healthz").json()["office"] is True


def test_a_process_that_lacks_something_is_not_ready(
    settings, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SPOOL = tmp_path / "spool"
    well = {"database": True, "cache": True, "spool": True, "migrations": True}
    answer = Client().get("/readyz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.json()) == (200, well)
    (tmp_path / "file").write_text("")
    settings.SPOOL = tmp_path / "file" / "spool"
    answer = Client().get("/readyz/")
    assert (answer.status_code, answer.json()) == (503, {**well, "spool": False})


def test_a_database_without_its_last_migration_is_not_ready(
    settings, tmp_path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SPOOL = tmp_path
    monkeypatch.setattr(health, "_has_migrations", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'addressbook'")
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["migrations"]) == (503, False)
    assert not health._has_migrations
