"""Contacts handed out: vCard 3.0 and 4.0, and CSV for spreadsheets and other programs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from django.db.models import Prefetch, QuerySet

from addressbook import vcard
from addressbook.contact_data import ContactData, Photo, PostalAddress
from addressbook.models import Contact, Group
from webmail import spreadsheets

_CHUNK = 200


def vcards(contacts: QuerySet[Contact], groups: Sequence[Group], version: str) -> Iterator[bytes]:
    """A card for each contact with its picture, then one for each group with its members' UIDs."""
    for data in _datas(contacts):
        yield vcard.write(data, version).encode()
    for group in groups:
        members = group.contacts.filter(deleted=None).order_by("sort_key", "pk")
        uids = list(members.values_list("uid", flat=True))
        card = vcard.write_group(group.name, f"group-{group.pk}", uids, group.external, version)
        yield card.encode()


def table(chosen: QuerySet[Contact]) -> Iterator[bytes]:
    """CSV, with headers among those that our own import knows."""
    memberships = Group.objects.filter(deleted=None)
    contacts = _contacts(chosen.prefetch_related(Prefetch("groups", queryset=memberships)))
    rows = (_cells(contact, _data(contact)) for contact in contacts)
    return (line.encode() for line in spreadsheets.lines(chain([_HEADERS], rows)))


def _contacts(chosen: QuerySet[Contact]) -> Iterator[Contact]:
    yield from chosen.select_related("photo").iterator(chunk_size=_CHUNK)


def _datas(chosen: QuerySet[Contact]) -> Iterator[ContactData]:
    for contact in _contacts(chosen):
        data = _data(contact)
        if hasattr(contact, "photo"):
            data = replace(data, photo=Photo("image/webp", bytes(contact.photo.content)))
        yield data


def _data(contact: Contact) -> ContactData:
    return vcard.read_one(contact.vcard)


_PHONES = (
    ("Mobile Phone", "mobile"),
    ("Home Phone", "home"),
    ("Business Phone", "work"),
    ("Other Phone", "other"),
    ("Fax", "fax"),
    ("Business Fax", "work_fax"),
    ("Home Fax", "home_fax"),
    ("Pager", "pager"),
)
_PLACES = (("Home", "home"), ("Business", "work"), ("Other", "other"))
_PARTS = ("Street", "City", "State", "Postal Code", "Country")
_HEADERS = [
    "Display Name", "Title", "First Name", "Middle Name", "Last Name", "Suffix", "Nickname",
    "E-mail Address", "E-mail 2 Address", "E-mail 3 Address",
    *(header for header, _type in _PHONES),
    *(f"{place} {part}" for place, _type in _PLACES for part in _PARTS),
    "Company", "Department", "Job Title", "Birthday", "Anniversary", "Web Page", "Notes",
    "Categories", "Groups",
]  # fmt: skip


def _cells(contact: Contact, data: ContactData) -> list[str]:
    emails = [email.address for email in data.emails]
    phones = {kind: "" for _header, kind in _PHONES}
    for phone in data.phones:
        phones[phone.type] = ", ".join(filter(None, (phones.get(phone.type, ""), phone.number)))
    return [
        data.display_name, data.prefix, data.first_name, data.middle_name, data.last_name,
        data.suffix, data.nickname,
        *[*emails, "", ""][:2], ", ".join(emails[2:]),
        *(phones[kind] for _header, kind in _PHONES),
        *(cell for _place, kind in _PLACES for cell in _address_cells(data.addresses, kind)),
        data.organization or data.school, data.department, data.job_title,
        data.birthday, data.anniversary, ", ".join(data.urls), data.notes,
        "; ".join(data.categories), "; ".join(group.name for group in contact.groups.all()),
    ]  # fmt: skip


def _address_cells(addresses: Sequence[PostalAddress], kind: str) -> list[str]:
    """The first address of its kind, in its parts."""
    address = next((address for address in addresses if address.type == kind), PostalAddress())
    street = address.street or address.formatted
    lines = ", ".join(filter(None, (address.po_box, *street.splitlines())))
    return [lines, address.city, address.region, address.postal_code, address.country]
