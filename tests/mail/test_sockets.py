"""What an answer of a server may take."""

import socket
import time
from collections.abc import Iterator

import pytest

from mail.errors import BadServerAnswer, ServerUnavailable
from mail.sockets import BoundedSocket


class _Connection(BoundedSocket):
    peer = "The test's server"

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self.sock = connected
        self._pause = 0.2

    def answer(self, size: int) -> bytes:
        """Return so many bytes of an answer."""
        self._spend(size)
        while len(self._buffer) < size:
            self._buffer += self._received()
        return self._take(size)


@pytest.fixture
def pair() -> Iterator[tuple[_Connection, socket.socket]]:
    ours, server = socket.socketpair()
    with ours, server:
        yield _Connection(ours), server


def test_the_bytes_of_an_answer_are_counted(pair) -> None:
    connection, server = pair
    server.sendall(b"12345")
    connection.allow(4)
    assert connection.answer(3) == b"123"
    with pytest.raises(BadServerAnswer, match="The test's server"):
        connection.answer(2)
    connection.allow(4)
    assert connection.answer(2) == b"45"


def test_the_whole_answer_has_one_deadline(pair) -> None:
    connection, server = pair
    connection.allow(9, time.monotonic() - 1)
    server.sendall(b"1")
    with pytest.raises(ServerUnavailable):
        connection.answer(1)
    assert connection.timed_out


@pytest.mark.parametrize("hangs_up", [True, False])
def test_a_server_that_hangs_up_was_not_silent(pair, hangs_up: bool) -> None:
    connection, server = pair
    connection.allow(9)
    if hangs_up:
        server.close()
    with pytest.raises(ServerUnavailable):
        connection.answer(1)
    assert connection.timed_out is not hangs_up


def test_nothing_may_follow_the_answer_to_starttls(pair) -> None:
    connection, server = pair
    connection.allow(9)
    connection.refuse_early_answers()
    server.sendall(b"1forged")
    assert connection.answer(1) == b"1"
    with pytest.raises(BadServerAnswer):
        connection.refuse_early_answers()
