"""Streams give their connection back, whatever becomes of the answer."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator

import pytest

from tests.servers.mailboxes import Mailbox
from webmail.errors import MessageNotFound
from webmail.imap import connection, fetch
from webmail.imap.connection import Connection
from webmail.imap.pool import Pool
from webmail.imap.values import ImapServer, MessageRef
from webmail.reader import streaming


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(wait_seconds=0.3)
    yield made
    made.close_all()


@pytest.fixture
def begun(
    pool: Pool, mailbox: Mailbox, imap_server: ImapServer, alice
) -> Callable[[int], streaming.Stream]:
    """`begun(uid)`: the download of a message."""

    def opener() -> Connection:
        return connection.open(imap_server, alice.login, alice.password)

    def begin(uid: int) -> streaming.Stream:
        ref = MessageRef("INBOX", mailbox.uidvalidity(), uid)
        return streaming.begin(
            pool.lease_open("alice", opener), lambda imap: fetch.chunks(imap, ref, "")
        )

    return begin


def lent(pool: Pool) -> int:
    return sum(room.lent for room in pool._rooms.values())


def test_a_stream_read_to_its_end_gives_back(begun, pool: Pool, mailbox: Mailbox) -> None:
    stream = begun(mailbox.append(b"Subject: a\r\n\r\nbonjour\r\n"))
    assert lent(pool) == 1
    assert b"bonjour" in b"".join(stream)
    assert lent(pool) == 0


def test_a_stream_that_is_closed_gives_back(begun, pool: Pool, mailbox: Mailbox) -> None:
    stream = begun(mailbox.append(b"Subject: a\r\n\r\nbonjour\r\n"))
    stream.close()
    stream.close()
    assert lent(pool) == 0


def test_streams_that_are_forgotten_take_no_place(begun, pool: Pool, mailbox: Mailbox) -> None:
    uid = mailbox.append(b"Subject: a\r\n\r\nbonjour\r\n")
    for _time in range(5):
        begun(uid)
        gc.collect()
    assert lent(pool) == 1


def test_what_cannot_begin_gives_back(begun, pool: Pool, mailbox: Mailbox) -> None:
    with pytest.raises(MessageNotFound):
        begun(4711)
    assert lent(pool) == 0
