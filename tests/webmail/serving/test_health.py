"""/healthz and /readyz tell the truth, whatever is down, and strangers nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from core.queues import WORKERS
from webmail.models import OfficePreview
from webmail.serving import health

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def workers(clean_cache: None) -> None:
    """All workers have shown just now that they live."""
    cache.set_many({f"jobs-worker-{name}": 1 for name in WORKERS})


WELL = {"database": True, "cache": True, "spool": True, "migrations": True}
DOING = {"office": True, "jobs": True}


@pytest.fixture(autouse=True)
def spool(workers: None, settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return tmp_path / "spool"


def told(path: str = "/readyz", **said: Any) -> tuple[int, dict[str, object]]:
    """The answer to a browser that has not asked before."""
    answer = Client().get(path, **said)
    return answer.status_code, answer.json()


@pytest.mark.parametrize("path", ["/readyz", "/readyz/"])
def test_all_is_well(path: str) -> None:
    well = {"ready": True, **WELL, **DOING}
    assert told(path, headers={"host": "10.0.0.7"}) == (200, well)


def test_a_cache_that_is_down_is_503_and_named(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    status, body = told()
    assert (status, body["cache"], body["database"], body["ready"]) == (503, False, True, False)


def test_a_queue_without_a_worker_is_told_and_keeps_the_pages_up() -> None:
    cache.delete("jobs-worker-imports")
    status, body = told()
    assert (status, body["jobs"]) == (200, False)


def test_office_files_that_nobody_converts_are_told_and_keep_the_pages_up(mail_domain) -> None:
    user = User.objects.create(mail_domain=mail_domain, login="alice")
    job = OfficePreview.objects.create(user=user, name="a", extension="odt", spool="a")
    assert told()[1]["office"] is True
    OfficePreview.objects.update(changed=timezone.now() - OfficePreview.PATIENCE)
    status, body = told()
    assert (status, body["office"]) == (200, False)
    job.fail("too_slow")
    assert told()[1]["office"] is True


def test_a_process_that_lacks_something_is_not_ready(settings: Any, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings.SPOOL = tmp_path / "file" / "spool"
    lacking = {"ready": False, **WELL, "spool": False, **DOING}
    assert told("/readyz/") == (503, lacking)


def test_a_spool_that_nobody_may_write_to_is_not_ready(
    spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool.mkdir()
    # Root may write everywhere.
    monkeypatch.setattr(os, "access", lambda path, mode: path != spool)
    assert told()[0] == 503


def test_a_database_without_its_last_migration_is_not_ready(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "_has_migrations", False)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'addressbook'")
    status, body = told()
    assert (status, body["migrations"]) == (503, False)
    assert not health._has_migrations


# --- anybody may ask ---


@contextmanager
def nothing_is_written(redis_server: str, spool: Path) -> Iterator[None]:
    with redis.Redis.from_url(redis_server) as client, CaptureQueriesContext(connection) as asked:
        before = {key: client.dump(key) for key in client.scan_iter()}
        calls = client.info("commandstats")
        yield
        after = client.info("commandstats")
        assert {key: client.dump(key) for key in client.scan_iter()} == before
        for name in ("cmdstat_set", "cmdstat_setex", "cmdstat_expire", "cmdstat_del"):
            assert calls.get(name) == after.get(name)
    assert not spool.exists()
    verbs = {query["sql"].split()[0] for query in asked.captured_queries}
    assert verbs <= {"SELECT"}


@pytest.fixture
def redis_cache(redis_server: str, settings: Any) -> str:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_server
        }
    }  # fmt: skip
    return redis_server


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/readyz?doctor=" + "a" * 32])
def test_an_answer_writes_nothing_anywhere(path: str, redis_cache: str, spool: Path) -> None:
    for host in ("ac-exemple.fr", "evil.example", "10.0.0.7:8000"):
        with nothing_is_written(redis_cache, spool):
            Client().get(path, headers={"host": host}, REMOTE_ADDR="192.0.2.1")


def test_the_sign_of_life_looks_at_nothing(settings: Any) -> None:
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://127.0.0.1:1",
        }
    }
    with CaptureQueriesContext(connection) as asked:
        assert told("/healthz") == (200, {"alive": True})
    assert not asked.captured_queries


def test_many_who_ask_cost_one_look() -> None:
    browser = Client()
    with CaptureQueriesContext(connection) as asked:
        for _ in range(20):
            assert browser.get("/readyz", REMOTE_ADDR="192.0.2.1").status_code == 200
    assert len(asked.captured_queries) <= 1


@pytest.mark.parametrize(
    "said",
    [
        {"REMOTE_ADDR": "192.0.2.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "headers": {"X-Forwarded-For": "192.0.2.1"}},
        {"REMOTE_ADDR": "127.0.0.1", "headers": {"X-Forwarded-For": "127.0.0.1"}},
        {"REMOTE_ADDR": "192.0.2.1", "headers": {"Authorization": "Bearer "}},
        {"REMOTE_ADDR": "192.0.2.1", "headers": {"Authorization": "Bearer other"}},
    ],
)
def test_a_stranger_is_told_no_more_than_whether(said: Any, settings: Any) -> None:
    assert told(**said) == (200, {"ready": True})
    settings.METRICS_TOKEN = "jeton"
    assert told(**said) == (200, {"ready": True})


def test_who_has_the_token_is_told_what_is_wrong(settings: Any) -> None:
    settings.METRICS_TOKEN = "jeton"
    token = {"Authorization": "Bearer jeton"}
    assert told(headers=token, REMOTE_ADDR="192.0.2.1") == (200, {"ready": True, **WELL, **DOING})


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_nothing_but_a_question_is_answered(path: str) -> None:
    assert Client().post(path).status_code in {403, 404}
