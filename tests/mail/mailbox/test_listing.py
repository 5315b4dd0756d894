"""Pages of a list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from mail.errors import FolderChanged, FolderNotFound
from mail.mailbox import listing, summaries
from mail.mailbox.listing import ListPlace
from mail.mailbox.ordering import View
from tests.mail.mailbox.remembering import Remembering


@pytest.fixture
def seven(mailbox):
    return [mailbox.append(b"Subject: %d\r\n\r\nx\r\n" % number) for number in range(7)]


def uids(page):
    return [row.ref.uid for row in page.rows]


def test_the_first_page_is_five_commands_and_two_once_its_rows_were_seen(imap, seven):
    memory = Remembering()
    # In the first two more: SORT and FETCH, whether the dates rise.
    for commands in (5, 2):
        before = imap.commands
        page = listing.page(imap, "INBOX", size=3, memory=memory)
        assert imap.commands == before + commands
        assert uids(page) == seven[:3:-1]
        assert [row.subject for row in page.rows] == ["6", "5", "4"]
        assert (page.exists, page.total, page.number, page.has_next) == (7, 7, 1, True)


def test_pages_follow_one_another(imap, seven):
    assert uids(listing.page(imap, "INBOX", ListPlace(2), 3)) == seven[3:0:-1]
    last = listing.page(imap, "INBOX", ListPlace(3), 3)
    assert uids(last) == [seven[0]]
    assert not last.has_next


def test_after_a_row_the_page_begins_right_below_whatever_has_come(imap, seven, mailbox):
    memory = Remembering()
    first = listing.page(imap, "INBOX", size=3, memory=memory)
    mailbox.append(b"Subject: neuf\r\n\r\nx\r\n")
    before = imap.commands
    second = listing.page(
        imap, "INBOX", ListPlace(2, after=first.rows[-1].ref.uid), 3, memory=memory
    )
    assert imap.commands == before + 5  # one of them for the date of what has come
    assert uids(second) == seven[3:0:-1]
    assert second.start == 4


def test_after_a_row_that_vanished_the_number_decides(imap, seven):
    assert uids(listing.page(imap, "INBOX", ListPlace(2, after=4_000_000), 3)) == seven[3:0:-1]


def test_below_the_oldest_row_there_is_nothing(imap, seven):
    page = listing.page(imap, "INBOX", ListPlace(2, after=seven[0]), 7)
    assert page.rows == ()
    assert not page.has_next


def test_an_empty_folder_is_an_empty_page_of_one_command(imap):
    before = imap.commands
    page = listing.page(imap, "INBOX", ListPlace(after=3, row=5))
    assert (page.rows, page.exists, page.has_next) == ((), 0, False)
    assert imap.commands == before + 1


@pytest.mark.parametrize(
    ("number", "size"), [(0, 50), (-3, 50), (1, 0), (1, -1), (99, 50), (1, 10**9)]
)
def test_numbers_out_of_range_are_no_error(imap, seven, number, size):
    assert listing.page(imap, "INBOX", ListPlace(number), size).number >= 1


def test_a_missing_folder_is_not_found(imap):
    with pytest.raises(FolderNotFound):
        listing.page(imap, "Nulle part")


def test_a_list_of_a_folder_that_was_made_anew_does_not_go_on(imap, seven):
    with pytest.raises(FolderChanged):
        listing.page(imap, "INBOX", ListPlace(2, uidvalidity=1))


def test_a_row_that_was_seen_shows_the_flags_of_now(imap, seven, mailbox):
    assert "\\Seen" not in listing.page(imap, "INBOX", size=1).rows[0].flags
    mailbox.set_flags(seven[-1], ["\\Seen"])
    assert "\\Seen" in listing.page(imap, "INBOX", size=1).rows[0].flags


def test_a_row_that_was_read_before_is_what_was_fetched(imap, mailbox):
    mailbox.append(
        b"Subject: =?utf-8?q?=C3=89t=C3=A9?=\r\nFrom: Bob Petit <bob@x.fr>\r\n"
        b"To: a@x.fr, B <b@x.fr>\r\nCc: c@x.fr\r\n"
        b"Date: Tue, 03 Mar 2026 09:00:00 +0100\r\n\r\nx\r\n"
    )
    first, second = (listing.page(imap, "INBOX").rows for _ in range(2))
    assert first == second
    assert first[0] is second[0]


def test_the_oldest_arrival_first_goes_by_number_too(imap, seven):
    page = listing.page(imap, "INBOX", ListPlace(2), 3, View(down=False))
    assert uids(page) == seven[3:6]


def test_the_page_of_a_row(imap, seven):
    page = listing.page(imap, "INBOX", ListPlace(row=seven[2]), 3)
    assert uids(page) == seven[3:0:-1]
    assert (page.number, page.start) == (2, 3)
    by_subject = View("subject", down=False)
    assert uids(listing.page(imap, "INBOX", ListPlace(row=seven[4]), 3, by_subject)) == seven[3:6]


@pytest.fixture
def four_months(mailbox):
    return [
        mailbox.append(b"Subject: x\r\n\r\nx\r\n", date=datetime(2026, month, 15, tzinfo=UTC))
        for month in (1, 2, 2, 3, 4)
    ]


@pytest.mark.parametrize(
    ("month", "down", "first"),
    [
        (date(2026, 2, 1), True, 2),
        (date(2026, 2, 1), False, 1),
        (date(2026, 12, 1), True, 4),
        (date(2026, 12, 1), False, 3),  # nothing so new: the end of the list
        (date(2020, 1, 1), True, 1),  # nothing so old: the end of the list
    ],
)
def test_a_list_goes_to_a_month(imap, four_months, month, down, first):
    page = listing.page(imap, "INBOX", ListPlace(month=month), 2, View(down=down))
    assert uids(page)[0] == four_months[first]


def test_what_came_since_a_row(imap, seven, mailbox):
    uidvalidity = mailbox.uidvalidity()
    assert [row.ref.uid for row in listing.newer(imap, "INBOX", seven[4], uidvalidity).rows] == [
        seven[6],
        seven[5],
    ]
    assert listing.newer(imap, "INBOX", seven[6], uidvalidity).rows == ()
    with pytest.raises(FolderChanged):
        listing.newer(imap, "INBOX", seven[4], 1)


def test_a_connection_keeps_so_many_rows_and_none_when_it_ends(imap, seven, monkeypatch):
    monkeypatch.setattr(summaries, "MOST_KEPT", 4)
    page = listing.page(imap, "INBOX")
    assert uids(page) == seven[::-1]
    place = page.folder, page.uidvalidity
    assert set(imap.kept["rows"]) == {(*place, uid) for uid in seven[-4:]}
    assert listing.page(imap, "INBOX") == replace(page, modseq=0)
    imap.close()
    assert not imap.kept
