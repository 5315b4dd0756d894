"""Contacts handed out: vCard 3.0 and 4.0, and CSV for spreadsheets and other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from django.db.models import Count, Prefetch, Q, QuerySet

from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import photos
from addressbook.importers import own
from addressbook.models import Contact, Group
from webmail import spreadsheets

_CHUNK = 200


def vcards(contacts: QuerySet[Contact], groups: Sequence[Group], version: str) -> Iterator[bytes]:
    """A card for each contact with its picture, then one for each group with its members' UIDs."""
    for data in _datas(contacts):
        yield vcard.write(data, version, own=True).encode()
    for group in groups:
        members = group.contacts.filter(deleted=None).order_by("sort_key", "pk")
        uids = list(members.values_list("uid", flat=True))
        uid = f"group-{group.pk}"
        card = vcard.write_group(group.name, uid, uids, group.external, version, own=True)
        yield card.encode()


def table(
    contacts: QuerySet[Contact],
    named: Sequence[Group],
    language: str,
    *,
    whole: Sequence[Group] = (),
) -> Iterator[bytes]:
    """CSV with headers in this language: contacts with the names of those groups ``named`` that
    they are in. Of groups that are handed out ``whole``, also what stands at no contact."""
    rows = _rows(contacts, named, whole)
    return (line.encode() for line in spreadsheets.lines(own.table(rows, language)))


def _rows(
    chosen: QuerySet[Contact], named: Sequence[Group], whole: Sequence[Group]
) -> Iterator[own.Row]:
    memberships = Group.objects.filter(pk__in=[group.pk for group in named])
    for contact in _contacts(chosen.prefetch_related(Prefetch("groups", queryset=memberships))):
        names = tuple(group.name for group in contact.groups.all())
        yield own.Row(_data(contact), names)
    there = Count("contacts", filter=Q(contacts__deleted=None))
    sizes = Group.objects.filter(pk__in=[group.pk for group in whole]).annotate(size=there)
    for group in sizes:
        if group.external or not group.size:
            yield own.Row(None, (group.name,), tuple(group.external))


def _contacts(chosen: QuerySet[Contact]) -> Iterator[Contact]:
    yield from chosen.select_related("photo").iterator(chunk_size=_CHUNK)


def _datas(chosen: QuerySet[Contact]) -> Iterator[ContactData]:
    for contact in _contacts(chosen):
        data = _data(contact)
        if hasattr(contact, "photo"):
            data = replace(data, photo=photos.sealed(bytes(contact.photo.content)))
        yield data


def _data(contact: Contact) -> ContactData:
    return vcard.read_one(contact.vcard)
