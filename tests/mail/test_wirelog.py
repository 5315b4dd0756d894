"""The bytes of a connection on their way to a journal."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest

from mail import masking, wirelog
from mail.wirelog import Journal, Tap

BODY = b"Bonjour soleil,\r\nmessage accepted\r\n"


@pytest.fixture
def journal() -> Journal:
    return Journal(time.monotonic() + 60, lambda: "12:00:00.000")


def said(journal: Journal) -> list[str]:
    return [line.split(" ", 3)[3] for line in journal.taken()]


def test_literals_of_both_sides_are_left_out_wherever_they_are_torn(journal: Journal) -> None:
    sent = b"ABCD1 APPEND Sent (\\Seen) {%d}\r\n" % len(BODY) + BODY + b"\r\nABCD2 NOOP\r\n"
    answer = b"* 1 FETCH (BODY[1] {%d}\r\n" % len(BODY) + BODY + b" UID 4)\r\nABCD1 OK done\r\n"
    for at in range(0, len(sent), 5):
        tap = Tap(journal, masking.IMAP)
        for begin, end in pairwise((0, at, len(sent))):
            tap.sent(sent[begin:end])
        for begin, end in pairwise((0, at, len(answer))):
            tap.received(answer[begin:end])
        assert said(journal) == [
            f"C: ABCD1 APPEND Sent (\\Seen) {{{len(BODY)}}}",
            "C: ABCD2 NOOP",
            f"S: * 1 FETCH (BODY[1] {{{len(BODY)}}} UID 4)",
            "S: ABCD1 OK done",
        ]


def test_answers_to_challenges_are_left_out_until_the_server_has_decided(journal: Journal) -> None:
    tap = Tap(journal, masking.IMAP)
    tap.sent(b"ABCD1 AUTHENTICATE PLAIN\r\n")
    tap.received(b"+ \r\n")
    tap.sent(b"NOOP\r\n")
    tap.received(b"ABCD1 NO [AUTHENTICATIONFAILED] failed\r\n")
    tap.sent(b"ABCD2 NOOP\r\n")
    assert said(journal) == [
        "C: ABCD1 AUTHENTICATE PLAIN",
        "S: + …1",
        "C: …4",
        "S: ABCD1 NO [AUTHENTICATIONFAILED] failed",
        "C: ABCD2 NOOP",
    ]


def test_a_message_to_the_submission_server_is_its_size(journal: Journal) -> None:
    tap = Tap(journal, masking.SMTP)
    tap.sent(b"DATA\r\n")
    tap.received(b"354 go ahead\r\n")
    tap.sent(b"Subject: message accepted\r\n\r\nquit")
    tap.sent(b"\r\n.\r\n")
    tap.received(b"250 2.0.0 Ok: queued as 4BcD\r\n")
    tap.sent(b"QUIT\r\n")
    assert said(journal) == [
        "C: DATA",
        "S: 354 go ahead",
        "C: …38",
        "S: 250 2.0.0 Ok: queued as …4",
        "C: QUIT",
    ]


def test_a_literal_that_the_server_refused_swallows_no_commands(journal: Journal) -> None:
    tap = Tap(journal, masking.IMAP)
    tap.sent(b"ABCD1 APPEND Sent {99}\r\n")
    tap.received(b"ABCD1 NO [OVERQUOTA] full\r\n")
    tap.sent(b"ABCD2 NOOP\r\n")
    assert said(journal)[-1] == "C: ABCD2 NOOP"


def test_a_journal_is_bounded_and_tells_how_much_it_left_out(journal: Journal) -> None:
    tap = Tap(journal, masking.IMAP)
    tap.received(b"* 1 EXISTS\r\n" * (wirelog.MOST_WAITING + 7))
    lines = journal.taken()
    assert len(lines) == wirelog.MOST_WAITING + 1 and lines[-1] == "… 7"
    assert journal.taken() == []


def test_a_line_without_end_is_bounded(journal: Journal) -> None:
    tap = Tap(journal, masking.IMAP)
    for _turn in range(50):
        tap.received(b"x" * 65536)
    assert len(tap._server._line) <= wirelog.LONGEST


def test_a_journal_that_is_over_takes_nothing() -> None:
    journal = Journal(time.monotonic() - 1, lambda: "")
    Tap(journal, masking.IMAP).received(b"* 1 EXISTS\r\n")
    assert journal.taken() == []


def test_without_a_journal_there_is_no_tap(journal: Journal) -> None:
    assert wirelog.tap(masking.IMAP) is None
    with wirelog.logged(journal):
        assert wirelog.tap(masking.IMAP) is not None
        assert wirelog.tap("") is None
