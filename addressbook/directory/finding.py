"""Look through the directory, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from addressbook.completion import search
from addressbook.models import ContactAddress, DirectoryEntry

PAGE_SIZE = 50
MOST_PAGES = 40
"""The last page: a person who finds nobody among two thousand people types more words."""


@dataclass(frozen=True)
class EntryPage:
    """One page, numbered from 1. Nobody counts how many there are: that would read all of them."""

    rows: tuple[DirectoryEntry, ...]
    number: int
    has_next: bool


def contacts_of(user: User, rows: Iterable[DirectoryEntry]) -> dict[str, int]:
    """The keys of the contacts who are among these people of the directory, by their address."""
    mine = ContactAddress.objects.filter(
        user=user, folded__in=[row.folded for row in rows], contact__deleted=None
    )
    return dict(mine.values_list("folded", "contact"))


def page(user: User, query: str, school: str, number: int) -> EntryPage:
    """A page of the people with every word of ``query`` in name or address and, unless "", of the
    school with this number (UAI), by last name. A page beyond the last one that is shown is that
    page."""
    number = max(1, min(number, MOST_PAGES))
    entries = search.entries(user, query)
    if school:
        entries = entries.filter(school_uai=school)
    start = (number - 1) * PAGE_SIZE
    rows = tuple(entries[start : start + PAGE_SIZE + 1])
    more = len(rows) > PAGE_SIZE and number < MOST_PAGES
    return EntryPage(rows[:PAGE_SIZE], number, more)
