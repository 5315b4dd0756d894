"""No message costs the others of its list their rows, whatever the server says of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mail.errors import BadServerAnswer, ServerUnavailable
from mail.imap import connection, fetch
from mail.imap.connection import Connection
from mail.imap.pool import Pool
from mail.imap.response import FIELD, UNREADABLE
from mail.imap.values import FLAGGED, FetchedMessage, ImapServer, MessageRef
from tests.mail.imap.lists_hostile import (
    deep_parts,
    enclosed_commas,
    many_commas,
    many_parts,
    many_recipients,
)
from tests.servers.scripted import (
    CLOSE,
    STALL,
    ScriptedServer,
    Step,
    imap_script,
    no,
    ok,
    selected,
)

MEGABYTE = 1024 * 1024
WHOLE = (
    b"* %d FETCH (UID %d FLAGS () RFC822.SIZE 9 ENVELOPE (NIL {1}\r\n%d NIL NIL NIL NIL NIL NIL"
    b' NIL NIL) BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 9 1))\r\n'
)
TOLD = b"* %d FETCH (UID %d FLAGS () RFC822.SIZE 9"
FIELDS = (
    TOLD + b" BODY[HEADER.FIELDS (SUBJECT)]<0> {10}\r\nSubject: %d"
    b" BODY[HEADER.FIELDS (TO CC)]<0> NIL)\r\n"
)
ASK_ROW = "UID FETCH %s (UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE"
ASK_STRUCTURE = "UID FETCH %s (UID FLAGS INTERNALDATE RFC822.SIZE BODYSTRUCTURE BODY"
ASK_FIELDS = "UID FETCH %s (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK"
ASK_NUMBERS = "UID FETCH %s (UID FLAGS INTERNALDATE RFC822.SIZE)"
SELECT: Step = ("SELECT", selected(2))


@contextmanager
def leased(server: ImapServer, password: str = "secret") -> Iterator[Connection]:  # noqa: S107
    """INBOX, on a connection that can be opened anew."""
    pool = Pool()
    try:
        with pool.lease("alice", lambda: connection.open(server, "alice", password)) as imap:
            imap.select("INBOX")
            yield imap
    finally:
        pool.close_all()


@contextmanager
def scripted(*scripts: tuple[Step, ...], timeout: float = 2) -> Iterator[Connection]:
    """Each connection gets the next script."""
    with ScriptedServer(*(imap_script(*steps) for steps in scripts)) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=timeout)
        with leased(where) as imap:
            yield imap


def subjects(rows: tuple[FetchedMessage, ...]) -> list[str]:
    return [row.envelope.subject for row in rows]


# --- a real server ---


def test_ordinary_messages_are_one_command(imap, mailbox):
    uids = [mailbox.append(b"Subject: %d\r\n\r\nx\r\n" % number) for number in range(5)]
    imap.select("INBOX")
    before = imap.commands
    assert subjects(fetch.rows(imap, uids)) == ["0", "1", "2", "3", "4"]
    assert imap.commands == before + 1


@pytest.mark.parametrize(
    ("message", "subject", "has_structure"),
    [
        (many_commas(0), "virgules 0", True),
        (many_recipients(), "A tous", True),
        (many_parts(), "morceaux", False),
        (enclosed_commas(0), "transmis 0", False),
        (deep_parts(), "profond", True),
    ],
)
def test_a_message_too_long_to_be_told_has_a_row(
    imap_server, alice, mailbox, message, subject, has_structure
):
    other = mailbox.append(b"Subject: devoirs\r\n\r\nx\r\n")
    uid = mailbox.append(message, flags=[FLAGGED])
    last = mailbox.append(b"Subject: sortie\r\n\r\nx\r\n")
    with leased(imap_server, alice.password) as imap:
        before = imap.commands
        rows = fetch.rows(imap, [other, uid, last])
        # Each answer that is left costs a SELECT.
        assert imap.commands - before <= 7
    assert [row.ref.uid for row in rows] == [other, uid, last]
    assert subjects(rows) == ["devoirs", subject, "sortie"]
    assert all(row.is_readable and row.size and row.received for row in rows)
    assert [row.structure is not UNREADABLE for row in rows] == [True, has_structure, True]
    assert FLAGGED in rows[1].flags


def test_a_page_of_such_messages_fits_into_little_memory(imap_server, alice, mailbox):
    uids = [mailbox.append(many_commas(number)) for number in range(20)]
    with leased(imap_server, alice.password) as imap:
        before = imap.commands
        tracemalloc.start()
        try:
            rows = fetch.rows(imap, uids)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        # The answer that is left, SELECT, and what is asked for in its place.
        assert imap.commands - before <= 4
    assert subjects(rows) == [f"virgules {number}" for number in range(20)]
    assert peak < 30 * MEGABYTE


def test_half_an_address_is_none(imap_server, alice, mailbox):
    uid = mailbox.append(many_recipients())
    with leased(imap_server, alice.password) as imap:
        (row,) = fetch.rows(imap, [uid])
    people = [person.address for person in row.envelope.to]
    assert people == [f"p{number}@ac-exemple.fr" for number in range(len(people))]
    assert FIELD // 40 < len(people) < FIELD


def test_such_a_message_can_be_opened(imap_server, alice, mailbox, ref):
    named = ref(mailbox.append(many_recipients()))
    with leased(imap_server, alice.password) as imap:
        fetched, raw = fetch.opened(imap, named)
    assert fetched.envelope.subject == "A tous"
    assert fetched.envelope.from_[0].address == "recteur@ac-exemple.fr"
    assert fetched.structure.media_type == "text/plain"
    assert len(raw) == fetch.HEADER_LIMIT


# --- servers that break the protocol ---


def test_a_literal_of_two_gigabytes_costs_no_other_row():
    huge = TOLD % (2, 2) + b" ENVELOPE (NIL {2147483648}\r\n"
    with scripted(
        (SELECT, (ASK_ROW % "1:2", WHOLE % (1, 1, 1), huge, STALL)),
        (SELECT, (ASK_STRUCTURE % "2", ok(FIELDS % (2, 2, 2)))),
    ) as imap:
        assert subjects(fetch.rows(imap, [1, 2])) == ["1", "2"]


@pytest.mark.parametrize(
    "rubbish",
    [
        TOLD % (2, 2) + b" ENVELOPE (\x80\xff" + b"(" * 20_000 + b")\r\n",
        TOLD % (2, 2) + b' ENVELOPE (NIL "unclosed)\r\n',
        TOLD % (2, 2) + b" ENVELOPE NIL BODYSTRUCTURE " + b"(" * 10_000 + b")" * 10_000 + b")\r\n",
        TOLD % (2, 2) + b" ENVELOPE (" + b'((NIL NIL "a" "b")) ' * 20_000 + b"))\r\n",
        TOLD % (2, 2) + b" ENVELOPE (" + b"{3}\r\nabc " * 20_000 + b"))\r\n",
    ],
)
def test_rubbish_costs_no_other_row(rubbish):
    with scripted(
        (
            SELECT,
            (ASK_ROW % "1:3", ok(WHOLE % (1, 1, 1) + rubbish + WHOLE % (3, 3, 3))),
            (ASK_STRUCTURE % "2", ok(FIELDS % (2, 2, 2))),
        ),
    ) as imap:
        assert subjects(fetch.rows(imap, [1, 2, 3])) == ["1", "2", "3"]


def test_a_message_at_which_the_server_hangs_up_is_a_row_without_words():
    numbers = TOLD % (2, 2) + b' INTERNALDATE "06-Mar-2025 09:31:00 +0100")\r\n'
    with scripted(
        (SELECT, (ASK_ROW % "1:2", CLOSE)),
        (SELECT, (ASK_ROW % "1:2", (WHOLE % (1, 1, 1))[:40], CLOSE)),
        (SELECT, (ASK_STRUCTURE % "1:2", CLOSE)),
        (SELECT, (ASK_STRUCTURE % "2", CLOSE)),
        (SELECT, (ASK_FIELDS % "1:2", CLOSE)),
        (
            SELECT,
            (ASK_FIELDS % "1", ok(FIELDS % (1, 1, 1))),
            (ASK_FIELDS % "2", CLOSE),
        ),
        (SELECT, (ASK_NUMBERS % "2", ok(numbers))),
    ) as imap:
        first, second = fetch.rows(imap, [1, 2])
    assert (first.envelope.subject, first.is_readable) == ("1", True)
    assert (second.ref.uid, second.size, second.is_readable) == (2, 9, False)
    assert second.received is not None


def test_a_server_that_refuses_everything_is_not_asked_without_end():
    refusal = no(b"[SERVERBUG] Internal error")
    numbers = b"".join(TOLD % (n, n) + b")\r\n" for n in range(1, 51))
    refused: list[Step] = [("UID FETCH", refusal)] * 11
    with scripted((SELECT, *refused, (ASK_NUMBERS % "1:50", ok(numbers)))) as imap:
        rows = fetch.rows(imap, range(1, 51))
    assert len(rows) == 50
    assert not any(row.is_readable for row in rows)


def test_a_refusal_costs_no_row():
    with scripted(
        (
            SELECT,
            (ASK_ROW % "1:2", WHOLE % (1, 1, 1), no(b"[SERVERBUG] Internal error")),
            (ASK_STRUCTURE % "2", ok(FIELDS % (2, 2, 2))),
        ),
    ) as imap:
        assert subjects(fetch.rows(imap, [1, 2])) == ["1", "2"]


def test_a_server_that_falls_silent_is_not_asked_for_ever():
    with (
        scripted((SELECT, (ASK_ROW % "1:2", WHOLE % (1, 1, 1), STALL)), timeout=0.3) as imap,
        pytest.raises(ServerUnavailable),
    ):
        fetch.rows(imap, [1, 2])


def test_a_server_that_understands_nothing_is_said():
    bad = b"{tag} BAD What?\r\n"
    with (
        scripted(
            (SELECT, (ASK_ROW % "1", bad)),
            (SELECT, (ASK_STRUCTURE % "1", bad)),
            (SELECT, (ASK_FIELDS % "1", bad)),
            (SELECT, (ASK_NUMBERS % "1", bad)),
        ) as imap,
        pytest.raises(BadServerAnswer),
    ):
        fetch.rows(imap, [1])


def test_a_cut_answer_is_never_taken_for_a_whole_one():
    """The sender's words may look like the end of an answer."""
    words = b'"x)) UID 7 RFC822.SIZE 1 ' + b"y" * fetch.ROW_LIMIT + b' ) UID 7 FLAGS (x))"'
    row = TOLD % (2, 2) + b" ENVELOPE (NIL " + words + b"))\r\n"
    with scripted(
        (
            SELECT,
            (ASK_ROW % "2", ok(row)),
            (ASK_STRUCTURE % "2", ok(FIELDS % (2, 2, 2))),
        ),
    ) as imap:
        (fetched_row,) = fetch.rows(imap, [2])
    assert (fetched_row.ref, fetched_row.envelope.subject) == (MessageRef("INBOX", 7, 2), "2")
