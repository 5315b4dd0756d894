"""Streams give their connection back, whatever becomes of the answer."""

from __future__ import annotations

import gc
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO

import pytest

from mail.errors import MessageNotFound
from mail.imap import connection, fetch
from mail.imap.connection import Connection
from mail.imap.pool import Pool
from mail.imap.values import ImapServer, MessageRef
from tests.servers.mailboxes import Mailbox
from tools.bench.cost.letters import multipart, part
from webmail.reader import streaming


@pytest.fixture
def pool() -> Iterator[Pool]:
    made = Pool(wait_seconds=0.3)
    yield made
    made.close_all()


@pytest.fixture
def begun(
    pool: Pool, mailbox: Mailbox, imap_server: ImapServer, alice
) -> Callable[[int], streaming.LeasedStream]:
    """`begun(uid)`: the download of a message."""

    def opener() -> Connection:
        return connection.open(imap_server, alice.login, alice.password)

    def begin(uid: int) -> streaming.LeasedStream:
        ref = MessageRef("INBOX", mailbox.uidvalidity(), uid)
        return streaming.begin(
            pool.lease_open("alice", opener), lambda imap: fetch.chunks(imap, ref, "")
        )

    return begin


def lent(pool: Pool) -> int:
    return sum(connections.lent for connections in pool._by_key.values())


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


def test_a_zip_takes_a_command_for_a_hundred_small_parts(
    imap: Connection, mailbox: Mailbox
) -> None:
    large = b"0123456789abcdef" * 10_000
    contents = [b"texte %d\r\n" % n if n % 50 else large for n in range(1, 251)]
    contents[3] = b""
    uid = mailbox.append(multipart([part(content, "text/plain") for content in contents]))
    ref = MessageRef("INBOX", mailbox.uidvalidity(), uid)
    parts = fetch.structure(imap, ref).children
    before = imap.commands
    files = [(f"{number}.txt", leaf) for number, leaf in enumerate(parts)]
    content = b"".join(streaming.zipped(imap, ref, files, datetime(2026, 1, 1, tzinfo=UTC)))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert [archive.read(name).strip() for name, _part in files] == [
            content_.strip() for content_ in contents
        ]
    # Three for what is small, one for the empty part, one for each of the five large ones.
    assert imap.commands - before <= 9
