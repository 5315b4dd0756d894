"""A request's body is whole, or an error."""

from __future__ import annotations

import io

import pytest

from webmail.wsgi import WholeBody


def test_a_whole_body_is_read_as_it_is() -> None:
    body = WholeBody(io.BytesIO(b"one\ntwo"), 7)
    assert body.readline() == b"one\n"
    assert body.read(2) + body.read(-1) == b"two"
    assert body.read(10) == b""


@pytest.mark.parametrize("length", [8, 1000])
def test_a_body_that_ends_too_soon_is_an_error(length: int) -> None:
    body = WholeBody(io.BytesIO(b"one\ntwo"), length)
    assert body.read(100) == b"one\ntwo"
    with pytest.raises(OSError, match="hung up"):
        body.read(100)


def test_asking_for_nothing_is_no_end() -> None:
    assert WholeBody(io.BytesIO(b"one"), 3).read(0) == b""


def test_no_body_is_whole() -> None:
    assert WholeBody(io.BytesIO(b""), 0).read() == b""
