"""The queries of completion: eleven of them run for every character that is typed.

``held`` is `sql.holds` for all typed words, ``begins`` is `sql.begins` for one of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from accounts.models import StaffRecord, User
from accounts.models.prepared import Prepared
from addressbook.completion import sql
from addressbook.models import (
    CollectedRecipient,
    ContactAddress,
    ContactWord,
    DirectoryDomain,
    DirectoryEntry,
    DirectoryList,
    DirectoryWord,
    Group,
    GroupShare,
    SharedUse,
)

MOST = 10
"""The largest number of rows of each kind; twice as many are read where one person may have
several."""

Row = tuple[Any, ...]

# The columns from which `search` makes suggestions.
_OF_CONTACT = (
    *("folded", "contact__display_name", "address"),
    *("contact__job_title", "contact__organization", "words"),
)
_OF_COLLECTED = ("folded", "name", "address", "words")
_OF_ENTRY = ("folded", "name", "address", "function", "discipline", "school_name", "words")


def _through(key: str, columns: Iterable[str]) -> Iterator[str]:
    return (f"{key}__{column}" for column in columns)


domains: Prepared[tuple[str]] = Prepared(
    lambda: DirectoryDomain.objects.order_by("name").values_list("name")
)
school_of: Prepared[tuple[str]] = Prepared(
    lambda domain, login: (
        StaffRecord.objects.filter(mail_domain=domain, login=login)
        .order_by()
        .values_list("school_uai")[:1]
    ),
    int,
    str,
)
words_of_collected: Prepared[tuple[str]] = Prepared(
    lambda user: CollectedRecipient.objects.filter(user=user).order_by().values_list("words"), int
)
groups_of: Prepared[tuple[int, str, str, bool]] = Prepared(
    lambda user: (
        Group.objects.filter(user=user, deleted=None)
        .annotate(is_archived=Q(archived__isnull=False))
        .order_by("folded", "pk")
        .values_list("pk", "name", "kind", "is_archived")
    ),
    int,
)


def _shared(user: Any, address: Any, school: Any) -> QuerySet:
    has_left = SharedUse.objects.filter(group=OuterRef("group"), user=user, left__isnull=False)
    rows = GroupShare.objects.filter(
        Q(address=address) | Q(school_uai=school), group__deleted=None, group__user__is_active=True
    )
    rows = rows.filter(~Exists(has_left)).exclude(group__user=user)
    return rows.order_by("group__folded", "group", "pk").values_list(
        *("group_id", "group__name", "group__kind", "with_pupils"),
        *("group__user__name", "group__user__address"),
    )


NOBODY = " "
"""Stands for a missing address or school: "" would match the empty column of other shares."""
shared_with: Prepared[tuple[int, str, str, bool, str, str]] = Prepared(_shared, int, str, str)
lists: Prepared[tuple[int, str, str, int, str]] = Prepared(
    lambda held: (
        DirectoryList.objects.filter(held)
        .order_by("sort_key", "pk")
        .values_list("pk", "name", "address", "size", "words")[:MOST]
    ),
    RawSQL,
)


def _contacts_by_weight(user: Any, held: Any) -> QuerySet:
    rows = ContactAddress.objects.filter(held, user=user, weight__isnull=False)
    return rows.order_by("-weight").values_list("weight", *_OF_CONTACT)


weighed: Prepared[Row] = Prepared(
    lambda user, held: _contacts_by_weight(user, held)[:MOST], int, RawSQL
)
weighed_of_few: Prepared[Row] = Prepared(
    lambda user, held, begins: _contacts_by_weight(user, held).filter(
        pk__in=ContactWord.objects.filter(begins, user=user).values("address")
    )[:MOST],
    *(int, RawSQL, RawSQL),
)
collected: Prepared[Row] = Prepared(
    lambda user, held: (
        CollectedRecipient.objects.filter(held, user=user)
        .order_by("-weight")
        .values_list("weight", *_OF_COLLECTED)[:MOST]
    ),
    *(int, RawSQL),
)


def _entries(*conditions: Any, **more: Any) -> QuerySet:
    rows = DirectoryEntry.objects.filter(*conditions, **more).order_by("sort_key", "pk")
    return rows.values_list(*_OF_ENTRY)[:MOST]


of_school: Prepared[Row] = Prepared(
    lambda school, held: _entries(held, school_uai=school), str, RawSQL
)
of_domain: Prepared[Row] = Prepared(lambda domain, held: _entries(held, domain=domain), str, RawSQL)


own_words: Prepared[Row] = Prepared(
    lambda user, begins: ContactWord.objects.filter(begins, user=user).values_list("address"),
    *(int, RawSQL),
)
by_own_words: Prepared[Row] = Prepared(
    lambda user, begins, held: (
        ContactWord.objects.filter(begins, held, user=user)
        .order_by("by_domain", "sort_key", "address_id")
        .values_list(*_through("address", _OF_CONTACT))[: 2 * MOST]
    ),
    *(int, RawSQL, RawSQL),
)


their_words: Prepared[Row] = Prepared(
    lambda begins: DirectoryWord.objects.filter(begins).values_list("entry"), RawSQL
)
by_their_words: Prepared[Row] = Prepared(
    lambda begins, held: (
        DirectoryWord.objects.filter(begins, held)
        .order_by("sort_key", "entry_id")
        .values_list(*_through("entry", _OF_ENTRY))[: 2 * MOST]
    ),
    *(RawSQL, RawSQL),
)


contacts_of: Prepared[Row] = Prepared(
    lambda user, addresses: (
        ContactAddress.objects.filter(user=user, folded__in=addresses, contact__deleted=None)
        .order_by("position")
        .values_list(*_OF_CONTACT)
    ),
    *(int, list),
)
entries_of: Prepared[Row] = Prepared(
    lambda addresses: (
        DirectoryEntry.objects.filter(folded__in=addresses).order_by().values_list(*_OF_ENTRY)
    ),
    list,
)


def in_index(user: User, texts: Sequence[str]) -> list[str]:
    """Return the texts that begin a word of the user's contacts or of the directory."""
    at_least, below = sql.bounds()
    near = ", ".join(["(%s, %s)"] * len(texts))
    own, theirs = ContactWord._meta.db_table, DirectoryWord._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            # Only names of this project are in the text; values are passed beside it.
            f"""
            WITH near (low, high) AS (VALUES {near}) SELECT low FROM near WHERE
            EXISTS (SELECT 1 FROM {own} AS own WHERE own.user_id = %s
                    AND own.word {at_least} near.low AND own.word {below} near.high)
            OR EXISTS (SELECT 1 FROM {theirs} AS theirs
                       WHERE theirs.word {at_least} near.low AND theirs.word {below} near.high)
            """,  # noqa: S608
            [*(end for text in texts for end in sql.between(text)), user.pk],
        )
        return [text for (text,) in cursor.fetchall()]
