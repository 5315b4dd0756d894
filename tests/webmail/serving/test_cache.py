"""The values in Redis are JSON."""

from __future__ import annotations

import pickle
from contextvars import Context

import pytest
from django.core.cache import cache, caches

from webmail.serving.cache import JSONSerializer, RedisCache


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
