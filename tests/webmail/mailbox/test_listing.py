"""Pages of a list."""

from __future__ import annotations

import pytest

from webmail.errors import FolderNotFound
from webmail.mailbox import listing


@pytest.fixture
def seven(mailbox):
    return [mailbox.append(b"Subject: %d\r\n\r\nx\r\n" % number) for number in range(7)]


def uids(page):
    return [row.ref.uid for row in page.rows]


def test_the_first_page_is_two_commands(imap, seven):
    before = imap.commands
    page = listing.page(imap, "INBOX", size=3)
    assert imap.commands == before + 2
    assert uids(page) == seven[:3:-1]
    assert (page.exists, page.number, page.has_next) == (7, 1, True)


def test_pages_follow_one_another(imap, seven):
    assert uids(listing.page(imap, "INBOX", 2, 3)) == seven[3:0:-1]
    last = listing.page(imap, "INBOX", 3, 3)
    assert uids(last) == [seven[0]]
    assert not last.has_next


def test_after_a_row_the_page_begins_right_below_whatever_has_come(imap, seven, mailbox):
    first = listing.page(imap, "INBOX", size=3)
    mailbox.append(b"Subject: neuf\r\n\r\nx\r\n")
    before = imap.commands
    second = listing.page(imap, "INBOX", 2, 3, after=first.rows[-1].ref.uid)
    assert imap.commands == before + 3
    assert uids(second) == seven[3:0:-1]


def test_after_a_row_that_vanished_the_number_decides(imap, seven):
    assert uids(listing.page(imap, "INBOX", 2, 3, after=4_000_000)) == seven[3:0:-1]


def test_below_the_oldest_row_there_is_nothing(imap, seven):
    page = listing.page(imap, "INBOX", 2, 7, after=seven[0])
    assert page.rows == ()
    assert not page.has_next


def test_an_empty_folder_is_an_empty_page_of_one_command(imap):
    before = imap.commands
    page = listing.page(imap, "INBOX", after=3)
    assert (page.rows, page.exists, page.has_next) == ((), 0, False)
    assert imap.commands == before + 1


@pytest.mark.parametrize(
    ("number", "size"), [(0, 50), (-3, 50), (1, 0), (1, -1), (99, 50), (1, 10**9)]
)
def test_numbers_out_of_range_are_no_error(imap, seven, number, size):
    assert listing.page(imap, "INBOX", number, size).number >= 1


def test_a_missing_folder_is_not_found(imap):
    with pytest.raises(FolderNotFound):
        listing.page(imap, "Nulle part")
