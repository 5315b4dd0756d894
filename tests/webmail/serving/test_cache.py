"""The values in Redis are JSON."""

from __future__ import annotations

import pickle
import time
from contextvars import Context

import pytest
from django.conf import settings
from django.core.cache import cache, caches

from webmail.serving.cache import JSONSerializer, RedisCache, _Client


@pytest.mark.parametrize("value", [0, 5, -1, True, None, "é", [1, "a", None], {"a": [1.5]}])
def test_values_come_back_as_they_were(value: object) -> None:
    serializer = JSONSerializer()
    data = serializer.dumps(value)
    back = serializer.loads(str(data).encode() if isinstance(data, int) else data)
    assert back == value and type(back) is type(value)


def test_a_pickle_in_the_cache_runs_nothing() -> None:
    with pytest.raises(ValueError, match=r"."):
        JSONSerializer().loads(pickle.dumps({"a": 1}))


@pytest.mark.usefixtures("clean_cache")
def test_counters_count_in_redis_itself() -> None:
    cache.add("counter", 0, 10)
    assert cache.incr("counter") == 1
    assert cache.get("counter") == 1


@pytest.mark.usefixtures("clean_cache")
def test_a_request_finds_the_connections_of_the_one_before() -> None:
    def client() -> object:
        backend = caches["default"]
        assert isinstance(backend, RedisCache)
        return backend._cache.get_client()

    # As the web server does: each request in a context of its own.
    assert Context().run(client) is Context().run(client)


@pytest.fixture
def elsewhere() -> RedisCache:
    """The cache of another process."""
    made = RedisCache(settings.REDIS_URL, caches.settings["default"])
    made._kept = _Client([settings.REDIS_URL], serializer=JSONSerializer)
    return made


@pytest.mark.usefixtures("clean_cache")
def test_what_an_administrator_sets_is_read_from_redis_every_few_seconds(
    elsewhere: RedisCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.set("near:a", ["old"], 60)
    assert cache.get("near:a") == ["old"]
    elsewhere.set("near:a", ["new"], 60)
    assert elsewhere.get("near:a") == ["new"]
    assert cache.get("near:a") == ["old"]
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + 6)
    assert cache.get("near:a") == ["new"]


@pytest.mark.usefixtures("clean_cache")
def test_what_this_process_writes_it_reads_at_once(elsewhere: RedisCache) -> None:
    assert cache.get("near:a", "none") == "none"
    elsewhere.set("near:a", 1, 60)
    assert cache.get("near:a") == 1, "what is missing is asked for again"
    cache.set("near:a", 2, 60)
    assert cache.get("near:a") == 2
    cache.delete_many(["near:a"])
    assert cache.get("near:a") is None
    cache.set("near:a", 3, 60)
    cache.delete("near:a")
    assert cache.get("near:a") is None


@pytest.mark.usefixtures("clean_cache")
def test_what_is_a_persons_own_is_read_from_redis_each_time(elsewhere: RedisCache) -> None:
    cache.set("tags:1", ["old"], 60)
    elsewhere.set("tags:1", ["new"], 60)
    assert cache.get("tags:1") == ["new"]
