"""Search the directory, page by page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import User
from addressbook.completion import search
from addressbook.models import ContactAddress, DirectoryEntry

PAGE_SIZE = 50
MOST_PAGES = 40
"""The last page. A user who does not find a person among two thousand types more words."""


@dataclass(frozen=True)
class EntryPage:
    """One page, numbered from 1. The total is not counted, since that would read all entries."""

    rows: tuple[DirectoryEntry, ...]
    number: int
    has_next: bool


def contacts_of(user: User, rows: Iterable[DirectoryEntry]) -> dict[str, int]:
    """Return the keys of the user's contacts that have the address of one of these people, by
    address."""
    mine = ContactAddress.objects.filter(
        user=user, folded__in=[row.folded for row in rows], contact__deleted=None
    )
    return dict(mine.values_list("folded", "contact"))


def page(user: User, query: str, school: str, number: int) -> EntryPage:
    """Return a page of the people who have every word of ``query`` in name or address, by last
    name. With ``school`` (UAI) they are of that school. A number beyond the last page gives the
    last page."""
    number = max(1, min(number, MOST_PAGES))
    entries = search.entries(user, query)
    if school:
        entries = entries.filter(school_uai=school)
    start = (number - 1) * PAGE_SIZE
    rows = tuple(entries[start : start + PAGE_SIZE + 1])
    more = len(rows) > PAGE_SIZE and number < MOST_PAGES
    return EntryPage(rows[:PAGE_SIZE], number, more)
