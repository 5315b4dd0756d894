"""A server may send the items of a message in several FETCH lines (RFC 9051 section 7.5.2)."""

from __future__ import annotations

import time

import pytest

from mail.imap import fetch, response
from mail.imap.values import FLAGGED, SEEN, MessageRef, Selected
from tests.mail.imap.test_rows import SELECT, scripted
from tests.servers.scripted import ok

INBOX = Selected(folder="INBOX", uidvalidity=7, uidnext=9, exists=2)
FLAGS = b"1 (UID 5 FLAGS (\\Seen))"
REST = (
    b'1 (UID 5 INTERNALDATE "06-Mar-2025 09:31:00 +0100" RFC822.SIZE 312 '
    b'ENVELOPE (NIL "Bonjour" NIL NIL NIL NIL NIL NIL NIL "<a@b>") '
    b'BODYSTRUCTURE ("text" "plain" NIL NIL NIL "7bit" 18 1))'
)
NEWER = b"1 (FLAGS (\\Flagged))"
OTHER = REST.replace(b"1 (UID 5", b"2 (UID 6")
BROKEN = b'1 (UID 5 RFC822.SIZE 312 ENVELOPE ("unclosed)'


@pytest.mark.parametrize(
    ("lines", "flags"),
    [
        ([FLAGS, REST], {SEEN}),
        ([REST, FLAGS], {SEEN}),
        ([FLAGS, OTHER, REST], {SEEN}),
        ([FLAGS, REST, NEWER], {FLAGGED}),
        ([NEWER, FLAGS, REST], {SEEN}),
        ([REST.replace(b"UID 5 ", b""), FLAGS], {SEEN}),
    ],
)
def test_a_row_has_the_flags_of_a_line_of_their_own(lines, flags):
    rows = {row.ref.uid: row for row in response.messages(lines, INBOX)}
    assert rows.keys() == ({5, 6} if OTHER in lines else {5})
    row = rows[5]
    assert (row.flags, row.size, row.envelope.subject) == (flags, 312, "Bonjour")
    assert row.is_readable


def test_a_line_without_uid_is_nobodys_where_two_messages_had_its_number():
    lines = [FLAGS, REST, OTHER.replace(b"2 (", b"1 ("), NEWER]
    rows = response.messages(lines, INBOX)
    assert [(row.ref.uid, row.flags) for row in rows] == [(5, {SEEN}), (6, set())]


@pytest.mark.parametrize(
    "lines",
    [
        [FLAGS, BROKEN],
        [b"1 (UID 5 RFC822.SIZE 312 FLAGS ())", BROKEN.replace(b"UID 5 ", b"")],
        [b"1 (UID 5 FLAGS ())", BROKEN.replace(b"UID 5 ", b"")],
        [BROKEN, REST],
    ],
)
def test_a_message_of_which_one_line_cannot_be_read_is_asked_for_again(lines):
    rows = {row.ref.uid: row for row in response.messages([*lines, OTHER], INBOX)}
    assert rows.keys() == {5, 6}
    assert (rows[5].is_readable, rows[6].is_readable) == (False, True)


def test_marks_are_put_together():
    lines = [
        b"1 (UID 5 MODSEQ (17))",
        b"1 (FLAGS (\\Seen))",
        b"2 (UID 6 FLAGS ())",
        b"3 (FLAGS ())",
    ]
    marks = [(mark.sequence, mark.uid, mark.flags, mark.modseq) for mark in response.marks(lines)]
    assert marks == [(1, 5, {SEEN}, 17), (2, 6, set(), 0)]


@pytest.mark.parametrize("newer", [NEWER, b"1 (UID 5 FLAGS (\\Flagged))"])
def test_the_newer_flags_count_in_marks(newer):
    (mark,) = response.marks([FLAGS, newer])
    assert (mark.uid, mark.flags) == (5, {FLAGGED})


def test_many_lines_of_one_message_are_read_in_linear_time():
    begun = time.process_time()
    (row,) = response.messages([REST, *[FLAGS] * 50_000, NEWER], INBOX)
    assert row.flags == {FLAGGED}
    assert time.process_time() - begun < 10


def answered(*lines: bytes) -> tuple[str, bytes]:
    return "UID FETCH 5", ok(
        b"".join(b"* %b\r\n" % line.replace(b" (", b" FETCH (", 1) for line in lines)
    )


FIELD = b"BODY[HEADER.FIELDS (SUBJECT)]<0> {10}\r\nSubject: 5"
TOLD = b'1 (UID 5 INTERNALDATE "06-Mar-2025 09:31:00 +0100")'


def test_an_export_has_all_of_a_message():
    step = answered(FLAGS, TOLD, b"1 (UID 5 RFC822.SIZE 9)", b"1 (UID 5 %b)" % FIELD)
    with scripted((SELECT, step)) as imap:
        (stored,) = fetch.stored(imap, "5", ["SUBJECT"])
    assert (stored.uid, stored.flags, stored.size) == (5, {SEEN}, 9)
    assert stored.received is not None
    assert stored.fields == b"Subject: 5"


def test_an_identity_has_all_of_a_message():
    apart = answered(TOLD, b"1 (UID 5 RFC822.SIZE 9)", b"1 (UID 5 %b)" % FIELD)
    whole = answered(TOLD[:-1] + b" RFC822.SIZE 9 %b)" % FIELD)
    with scripted((SELECT, apart, whole)) as imap:
        assert fetch.identities(imap, "5") == fetch.identities(imap, "5") != []


def test_a_sample_has_its_flags():
    with scripted((SELECT, answered(FLAGS, b"1 (UID 5 BODY[]<0> {3}\r\nabc)"))) as imap:
        (sample,) = fetch.samples(imap, [5], 9)
    assert (sample.flags, sample.uid) == ({SEEN}, 5)


def test_parts_come_in_lines_of_their_own():
    step = answered(b"1 (UID 5 BODY[1]<0> {3}\r\nabc)", b"1 (UID 5 BODY[2]<0> {3}\r\ndef)")
    with scripted((SELECT, step)) as imap:
        parts = fetch.parts(imap, MessageRef("INBOX", imap.known().uidvalidity, 5), ["1", "2"], 9)
    assert parts == {"1": b"abc", "2": b"def"}
