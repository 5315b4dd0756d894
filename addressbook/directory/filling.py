"""Fill the directory from its sources: the staff records, and an LDAP directory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from datetime import datetime
from itertools import islice

from django.conf import settings
from django.db import transaction

from accounts.models import StaffRecord
from addressbook.completion import index
from addressbook.directory import filters
from addressbook.directory.person import DirectoryPerson
from addressbook.folding import fold
from addressbook.models import DirectoryDomain, DirectoryEntry, DirectoryList
from core import clock
from mail.errors import ServerRefused

STAFF, LDAP, LISTS = "staff", "ldap", "lists"
BATCH = 2_000


@dataclass(frozen=True, slots=True)
class FillingCounts:
    """The changes of one filling: the number of people who are new or changed, gone, and
    unchanged."""

    written: int
    gone: int
    unchanged: int


def fill() -> dict[str, FillingCounts]:
    """Fill the directory from each configured source, and return the changes by the name of the
    source."""
    filled = {STAFF: fill_from_staff()}
    if settings.DIRECTORY_LDAP_URL:
        filled[LDAP] = fill_from_ldap()
        if settings.DIRECTORY_LDAP_GROUPS:
            filled[LISTS] = fill_lists()
    filters.forget_terms()
    return filled


def fill_from_staff() -> FillingCounts:
    """Fill the directory from the active staff records."""
    return _fill(STAFF, _staff)


def _staff() -> Iterator[DirectoryPerson]:
    fields = (
        "pk", "first_name", "last_name", "address", "school_uai", "school_name", "discipline",
        "function",
    )  # fmt: skip
    rows = StaffRecord.objects.active().order_by("pk").values_list(*fields)
    for pk, first, last, address, uai, school, discipline, function in rows.iterator(BATCH):
        yield DirectoryPerson(
            key=str(pk),
            name=f"{first} {last}".strip() or address,
            sort_name=f"{last} {first}".strip() or address,
            address=address,
            school_uai=uai,
            school_name=school,
            discipline=discipline,
            function=function,
        )


def fill_from_ldap() -> FillingCounts:
    """Fill the directory from LDAP. Raises ServerUnavailable and ServerRefused; the directory then
    stays unchanged. A server without any people counts as an error, since its filter is probably
    wrong."""
    # The library is an extra that only installations with such a directory have.
    from addressbook.directory import ldap

    people = list(ldap.people(ldap.from_settings()))
    if not people:
        raise ServerRefused("The directory has nobody with an address.")
    return _fill(LDAP, lambda: people)


def fill_lists() -> FillingCounts:
    """Write the groups of LDAP with their present members. Raises ServerUnavailable and
    ServerRefused; the groups then stay unchanged."""
    from addressbook.directory import ldap, ldap_groups

    groups = {group.key: group for group in ldap_groups.groups(ldap.from_settings())}
    there = DirectoryList.objects.in_bulk(field_name="source_id")
    now, written = clock.now(), 0
    with transaction.atomic():
        gone = DirectoryList.objects.exclude(source_id__in=list(groups)).delete()[0]
        for key, group in groups.items():
            values = {
                "name": group.name,
                "sort_key": fold(group.name)[:200],
                "description": group.description,
                "address": group.address,
                "words": index.words_of(group.name, group.address).text,
                "members": list(group.members),
                "size": len(group.members),
                "unknown": group.unknown,
                "is_cut": group.is_cut,
            }
            old = there.get(key)
            if old is None or any(getattr(old, name) != value for name, value in values.items()):
                written += 1
                DirectoryList.objects.update_or_create(
                    source_id=key, defaults={**values, "filled": now}
                )
        DirectoryList.objects.exclude(filled=now).update(filled=now)
    return FillingCounts(written=written, gone=gone, unchanged=len(groups) - written)


def _fill(source: str, people: Callable[[], Iterable[DirectoryPerson]]) -> FillingCounts:
    """Replace the rows of a source by ``people``, which is read twice: first to delete the rows
    that are gone or changed, then to write. So two people can exchange their addresses, and memory
    never holds all people of the authority."""
    rows = _known(source)
    same, before = set(), len(rows)
    for person in people():
        if (row := rows.get(person.key)) and row[1] == _digest(person):
            same.add(person.key)
    stale = [pk for key, (pk, _digest_of) in rows.items() if key not in same]
    for start in range(0, len(stale), BATCH):
        DirectoryEntry.objects.filter(pk__in=stale[start : start + BATCH]).delete()
    written = _write(source, people, same)
    _write_domains()
    changed = sum(key in rows and key not in same for key in written)
    return FillingCounts(
        written=len(written), gone=before - len(same) - changed, unchanged=len(same)
    )


def _known(source: str) -> dict[str, tuple[int, int]]:
    """Return the rows of a source by their keys: the primary key, and a digest that differs if the
    person, or the words by which the person is found, have changed."""
    fields = (
        *("source_id", "name", "sort_key", "address"),
        *("school_uai", "school_name", "discipline", "function"),
    )
    rows = DirectoryEntry.objects.filter(source=source).order_by()
    row_of: dict[str, tuple[int, int]] = {}
    for row in rows.only("pk", *fields, "words").iterator(BATCH):
        values = tuple(getattr(row, name) for name in fields)
        is_right = row.words == index.entry_text(row)
        row_of[row.source_id] = (row.pk, hash(values) if is_right else 0)
    return row_of


def _digest(person: DirectoryPerson) -> int:
    return hash(astuple(_cut(person)))


def _cut(person: DirectoryPerson) -> DirectoryPerson:
    """Return the person with values as long as the columns allow, and ``sort_name`` folded."""
    return DirectoryPerson(
        key=person.key[:254],
        name=person.name[:300],
        sort_name=fold(person.sort_name)[:300],
        address=person.address,
        school_uai=person.school_uai[:8],
        school_name=person.school_name[:200],
        discipline=person.discipline[:100],
        function=person.function[:100],
    )


def _write(
    source: str, people: Callable[[], Iterable[DirectoryPerson]], same: set[str]
) -> set[str]:
    """Write the people, and return their keys. An address is written once; the staff records go
    before other sources."""
    others = DirectoryEntry.objects.all()
    if source == STAFF:
        others = others.filter(source=STAFF)
    taken = set(others.order_by().values_list("folded", flat=True).iterator(BATCH))
    now = clock.now()
    written: set[str] = set()
    wanted = (person for person in people() if person.key not in same)
    while batch := list(islice(wanted, BATCH)):
        entries = []
        for person in map(_cut, batch):
            folded = person.address.lower()
            if "@" not in folded or len(folded) > 254 or folded in taken or person.key in written:
                continue
            taken.add(folded)
            written.add(person.key)
            entries.append(_entry(source, person, folded, now))
        # One transaction for all people would block every other writer for half a minute.
        with transaction.atomic():
            if source == STAFF:
                theirs = [entry.folded for entry in entries]
                DirectoryEntry.objects.filter(folded__in=theirs).delete()
            index.save_entries(entries)
    return written


def _entry(source: str, person: DirectoryPerson, folded: str, now: datetime) -> DirectoryEntry:
    return DirectoryEntry(
        source=source,
        source_id=person.key,
        name=person.name,
        sort_key=person.sort_name,
        address=person.address,
        folded=folded,
        domain=folded.rpartition("@")[2],
        school_uai=person.school_uai,
        school_name=person.school_name,
        discipline=person.discipline,
        function=person.function,
        filled=now,
    )


def _write_domains() -> None:
    names = set(DirectoryEntry.objects.order_by().values_list("domain", flat=True).distinct())
    with transaction.atomic():
        DirectoryDomain.objects.exclude(name__in=names).delete()
        DirectoryDomain.objects.bulk_create(
            [DirectoryDomain(name=name) for name in sorted(names)], ignore_conflicts=True
        )
