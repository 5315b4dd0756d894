"""The changing parts of messages, asked for alone: positions and flags."""

from __future__ import annotations

import pytest

from mail.errors import BadServerAnswer
from mail.imap import connection, fetch, response, search
from mail.imap.values import ImapServer, MessageMarks
from tests.servers.scripted import ScriptedServer, imap_script, ok, selected


@pytest.fixture
def five(mailbox):
    return [mailbox.append(b"Subject: %d\r\n\r\nx\r\n" % n) for n in (3, 1, 5, 2, 4)]


def test_positions_and_flags_come_by_sequence_number_in_one_command(imap, mailbox, five):
    mailbox.set_flags(five[2], ["\\Seen", "$Forwarded"])
    imap.select("INBOX")
    before = imap.commands
    marks = fetch.marks_by_sequence(imap, 2, 4)
    assert imap.commands == before + 1
    assert [(mark.sequence, mark.uid) for mark in marks] == [
        (2, five[1]),
        (3, five[2]),
        (4, five[3]),
    ]
    assert marks[1].flags - {"\\Recent"} == {"\\Seen", "$Forwarded"}


def test_flags_by_uid_come_in_the_order_asked_for_without_those_that_are_gone(imap, five):
    imap.select("INBOX")
    marks = fetch.marks(imap, [five[4], 4_000_000, five[0]])
    assert [mark.uid for mark in marks] == [five[4], five[0]]


def test_only_what_changed_since_is_told(imap, mailbox, five):
    modseq = imap.select("INBOX").highestmodseq
    assert modseq
    assert fetch.changed_since(imap, modseq) == ()
    mailbox.set_flags(five[1], ["\\Seen"])
    new = mailbox.append(b"Subject: 6\r\n\r\nx\r\n")
    imap.select("INBOX")  # hears of it
    told = {mark.uid: mark for mark in fetch.changed_since(imap, modseq)}
    assert told.keys() == {five[1], new}
    assert "\\Seen" in told[five[1]].flags
    assert max(mark.modseq for mark in told.values()) > modseq


def test_sorting_keeps_the_servers_order(imap, five):
    imap.select("INBOX")
    expected = (five[1], five[3], five[0], five[4], five[2])
    assert search.in_order(imap, "SUBJECT") == expected
    assert search.in_order(imap, "REVERSE SUBJECT") == expected[::-1]


def test_sorting_without_esort_gives_the_same(imap_server, alice, five):
    opened = connection.open(imap_server, alice.login, alice.password)
    opened._capabilities -= {"ESORT", "ESEARCH"}
    opened.select("INBOX")
    assert search.in_order(opened, "SUBJECT") == (five[1], five[3], five[0], five[4], five[2])
    assert search.count(opened, "SUBJECT 5") == 1
    opened.close()


def test_how_many_match(imap, five):
    imap.select("INBOX")
    assert search.count(imap, "ALL") == 5
    assert search.count(imap, "SUBJECT 77") == 0


def test_conversations_are_told_a_message_before_its_answers(imap, mailbox):
    first = mailbox.append(b"Message-ID: <a@x>\r\nSubject: un\r\n\r\nx\r\n")
    other = mailbox.append(b"Message-ID: <b@x>\r\nSubject: deux\r\n\r\nx\r\n")
    answer = mailbox.append(
        b"Message-ID: <c@x>\r\nIn-Reply-To: <a@x>\r\nSubject: Re: un\r\n\r\nx\r\n"
    )
    imap.select("INBOX")
    assert set(search.threads(imap)) == {(first, answer), (other,)}


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        (b"2 (UID 7 FLAGS (\\Seen))", MessageMarks(2, 7, frozenset({"\\Seen"}))),
        (b"2 (FLAGS () UID 7)", MessageMarks(2, 7, frozenset())),
        (b"2 (FLAGS (\\SEEN) MODSEQ (12) UID 7)", MessageMarks(2, 7, frozenset({"\\Seen"}), 12)),
        (b"2 (FLAGS (\\Seen))", None),  # news that nobody asked for
        (b"2 (UID 7)", None),
    ],
)
def test_flags_are_read_whatever_the_order_of_the_answer(line, mark):
    assert response.marks([line]) == ((mark,) if mark else ())


def test_a_subject_that_looks_like_a_flag_is_none():
    line = b'2 (ENVELOPE (NIL "UID 9 FLAGS (x)") UID 7 FLAGS ())'
    assert response.marks([line]) == (MessageMarks(2, 7, frozenset()),)


def test_a_sort_that_names_more_than_there_is_is_not_believed(imap_server):
    script = imap_script(
        ("SELECT", selected(exists=3)),
        ("UID SORT", ok(b"* ESEARCH (TAG x) UID ALL 1:4000000000\r\n")),
        capabilities="IMAP4rev1 SORT ESORT ESEARCH",
    )
    with ScriptedServer(script) as server:
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b")
        opened.select("INBOX")
        with pytest.raises(BadServerAnswer):
            search.in_order(opened, "DATE")
        opened.close()
