"""The groups of an LDAP directory, as the last filling stored them."""

from __future__ import annotations

from addressbook.directory import filters
from addressbook.folding import words
from addressbook.models import DirectoryList
from mail.errors import NotFound

MOST_SHOWN = 200
_MOST_WORDS = 5


def page(query: str) -> list[DirectoryList]:
    """Return the lists that have every word of ``query``, by name; one more than is shown. One
    query."""
    rows = DirectoryList.objects.order_by("sort_key", "pk").defer("members")
    if not filters.most():
        return []
    for word in words(query)[:_MOST_WORDS]:
        rows = rows.filter(words__contains=f" {word}")
    return list(rows[: MOST_SHOWN + 1])


def find_list(pk: int) -> DirectoryList:
    """Return a list of the directory to which the user may write. Raises NotFound."""
    directory_list = DirectoryList.objects.filter(pk=pk).first()
    if directory_list is None or not 0 < directory_list.size <= filters.most():
        raise NotFound
    return directory_list


def recipients(pk: int) -> tuple[str, ...]:
    """Return ``Nom <adresse>`` of each member. Raises NotFound."""
    return tuple(find_list(pk).members)
