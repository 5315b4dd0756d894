"""The memory of a session: its own alone, and lost with its cookie."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest

from accounts import credentials
from accounts.sealed import cache as session_cache
from accounts.session_stores.cached import SessionStore

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]


@pytest.fixture
def request_of() -> Callable[..., HttpRequest]:
    """`request_of(pk)`: a request of a session that sealed a password for this user."""

    def made(pk: int = 7, **session: Any) -> HttpRequest:
        request = HttpRequest()
        request.user = SimpleNamespace(pk=pk, is_authenticated=True)  # type: ignore[assignment]
        request.session = SessionStore()
        request.session.update(session)
        credentials.seal(request, pk, "Craie-Bleue 7!")
        return request

    return made


def test_a_session_finds_what_it_kept(request_of: Callable[..., HttpRequest]) -> None:
    request = request_of()
    value = {"body": "Été €" * 1000, "list": [1, None, "a"]}
    session_cache.put(request, "html", "name", value)
    assert session_cache.get(request, "html", "name") == value
    assert session_cache.get(request, "html", "other") is None
    assert session_cache.get(request, "other", "name") is None


def test_another_session_finds_nothing(request_of: Callable[..., HttpRequest]) -> None:
    session_cache.put(request_of(), "html", "name", "secret")
    assert session_cache.get(request_of(), "html", "name") is None
    assert session_cache.get(request_of(8), "html", "name") is None


def test_nothing_of_it_can_be_read_in_the_cache(
    request_of: Callable[..., HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[tuple[str, str, float]] = []
    monkeypatch.setattr(cache, "set", lambda *arguments: kept.append(arguments))
    session_cache.put(request_of(), "html", "INBOX", "confidentiel " * 50)
    session_cache.put(request_of(shared_computer=True), "html", "INBOX", "confidentiel " * 50)
    (key, value, seconds), (_key, _value, shared_seconds) = kept
    assert "confidentiel" not in value and "INBOX" not in key
    assert seconds == 24 * 60 * 60
    assert shared_seconds == 10 * 60


def test_what_was_changed_in_the_cache_is_not_believed(
    request_of: Callable[..., HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = request_of()
    kept: dict[str, str] = {}
    monkeypatch.setattr(cache, "set", lambda key, value, _seconds: kept.update({key: value}))
    session_cache.put(request, "html", "a", "one")
    session_cache.put(request, "html", "b", "two")
    first, second = kept
    monkeypatch.undo()
    for value in (kept[second], "", "AAAA", "é", 5, kept[first][:-8] + "AAAAAAAA"):
        cache.set(first, value)
        assert session_cache.get(request, "html", "a") is None
    cache.set(first, kept[first])
    assert session_cache.get(request, "html", "a") == "one"


def test_without_the_cookie_nothing_is_kept_or_found(
    request_of: Callable[..., HttpRequest],
) -> None:
    request = request_of()
    session_cache.put(request, "html", "name", "x")
    request.mail_key = None  # type: ignore[attr-defined]
    assert session_cache.get(request, "html", "name") is None
    session_cache.put(request, "html", "name", "y")


def test_code_that_knows_no_request_is_given_one_sessions_cache(
    request_of: Callable[..., HttpRequest],
) -> None:
    seen = session_cache.SessionCache(request_of())
    seen.put("row", "a", 1)
    assert seen.get("row", "a") == 1
    assert session_cache.SessionCache(request_of()).get("row", "a") is None


def test_a_number_is_kept_for_the_users_other_sessions_alone(
    request_of: Callable[..., HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[str] = []
    put = cache.set

    def noted(key: str, *rest: Any) -> None:
        kept.append(key)
        put(key, *rest)

    monkeypatch.setattr(cache, "set", noted)
    session_cache.SessionCache(request_of()).put("lasting", "Élèves", 42)
    other = session_cache.SessionCache(request_of())
    assert other.get("lasting", "Élèves") == 42
    assert other.get("lasting", "INBOX") is None
    assert session_cache.SessionCache(request_of(8)).get("lasting", "Élèves") is None
    assert "lèves" not in kept[0]
    other.put("lasting", "Élèves", None)
    assert other.get("lasting", "Élèves") is None
