"""Small images: kept for one session, each once, and not without end."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import partial

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client

from accounts import session
from demo.servers.dovecot import MailAccount
from mail.previews.images import Picture
from webmail.reader import thumbnails

pytestmark = pytest.mark.django_db


def picture(content: bytes = b"pixels") -> Picture:
    return Picture(content, "image/webp", 320, 160, 2000, 1000)


def refuse() -> Picture:
    raise AssertionError("drawn again")


@pytest.fixture
def asked(signed_in: Callable[..., Client], alice: MailAccount):
    """`asked()`: a request of a new session of Alice's."""
    yield lambda: signed_in(alice).get("/preferences/").wsgi_request
    session.pool().close_all()


def test_what_was_drawn_is_found_again_whole(asked: Callable[[], HttpRequest]) -> None:
    request = asked()
    assert thumbnails.drawn(request, "a", picture) == picture()
    assert thumbnails.drawn(request, "a", refuse) == picture()


def test_another_session_draws_its_own(asked: Callable[[], HttpRequest]) -> None:
    thumbnails.drawn(asked(), "a", picture)
    own = thumbnails.drawn(asked(), "a", lambda: picture(b"own"))
    assert own.content == b"own"


def test_no_more_than_so_many_are_kept_and_each_is_its_own(
    asked: Callable[[], HttpRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    request = asked()
    kept: set[str] = set()
    put = cache.set

    def noted(key: str, value: str, seconds: int) -> None:
        kept.add(key)
        put(key, value, seconds)

    monkeypatch.setattr(cache, "set", noted)
    for number in range(1000):
        own = picture(str(number).encode())
        assert thumbnails.drawn(request, f"file {number}", partial(copy, own)) == own
    assert len(kept) <= thumbnails.PLACES


def test_one_that_did_not_get_small_is_not_kept(asked: Callable[[], HttpRequest]) -> None:
    request = asked()
    thumbnails.drawn(request, "a", lambda: picture(bytes(thumbnails.LARGEST + 1)))
    assert thumbnails.drawn(request, "a", picture).content == b"pixels"
