"""Contacts: created, changed, put into the bin and taken out again.

The vCard is the source of truth. The columns, the rows of addresses and the picture are derived
from it here and nowhere else.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter
from typing import Literal

from django.db import connection, transaction

from accounts.models import User
from addressbook import vcard
from addressbook.completion import index
from addressbook.contact_data import ContactData, Photo
from addressbook.contacts import photos
from addressbook.folding import fold, words
from addressbook.models import Contact, ContactAddress, ContactPhoto, Group
from core import clock
from mail.errors import AddressBookFull

MOST_CONTACTS = 100_000
"""The largest number of contacts of one user, those in the bin included."""
BIN_DAYS = 30
BATCH = 500

_LONGEST = 300
_LONGEST_SEARCH = 20_000
_MOST_ADDRESSES = 100
# The columns that `_filled` derives from the card; a contact's UID stays.
_COLUMNS = (
    "vcard", "display_name", "sort_key", "initial", "organization", "job_title", "search",
)  # fmt: skip


def room(user: User) -> int:
    """Return how many more contacts the user may create."""
    return max(0, MOST_CONTACTS - Contact.objects.filter(user=user).count())


def create(user: User, data: ContactData) -> Contact:
    """Create one contact. A UID that the user already has, in the bin too, is replaced by a new
    one. Raises AddressBookFull."""
    return create_many(user, [data])[0]


def create_many(user: User, datas: Sequence[ContactData]) -> list[Contact]:
    """Create all contacts or none, in their order, in batches of 500 rows; see `create`."""
    if len(datas) > room(user):
        raise AddressBookFull
    with transaction.atomic():
        contacts: list[Contact] = []
        for start in range(0, len(datas), BATCH):
            contacts += _create_batch(user, datas[start : start + BATCH])
    return contacts


def _create_batch(user: User, datas: Sequence[ContactData]) -> list[Contact]:
    wanted = [data.uid[:255] for data in datas if data.uid]
    taken = set(Contact.objects.filter(user=user, uid__in=wanted).values_list("uid", flat=True))
    whole = []
    for data in datas:
        uid = data.uid[:255]
        if not uid or uid in taken:
            uid = str(uuid.uuid4())
        taken.add(uid)
        whole.append(complete(replace(data, uid=uid)))
    rows = Contact.objects.bulk_create(_filled(Contact(user=user), data) for data in whole)
    _write_addresses(rows, whole)
    _write_photos(rows, whole)
    return rows


def update(contact: Contact, data: ContactData) -> None:
    """Replace the data of a contact; its UID stays."""
    update_many([(contact, data)])


def update_many(pairs: Sequence[tuple[Contact, ContactData]]) -> None:
    """Run `update` for several different contacts, all or none."""
    rows = [contact for contact, _data in pairs]
    datas = [complete(replace(data, uid=contact.uid)) for contact, data in pairs]
    now = clock.now()
    for contact, data in zip(rows, datas, strict=True):
        _filled(contact, data).updated = now
    with transaction.atomic():
        _write_columns(rows)
        ContactAddress.objects.filter(contact__in=rows).delete()
        _write_addresses(rows, datas)
        photo_rows = ContactPhoto.objects.filter(contact__in=rows)
        pictures = {pk: bytes(content) for pk, content in photo_rows.values_list("pk", "content")}
        changed = [
            (contact, data)
            for contact, data in zip(rows, datas, strict=True)
            if pictures.get(contact.pk) != (data.photo.content if data.photo else None)
        ]
        photo_rows.filter(pk__in=[contact.pk for contact, _data in changed]).delete()
        _write_photos([contact for contact, _ in changed], [data for _, data in changed])


def _write_columns(rows: Sequence[Contact]) -> None:
    """Run one statement for each row: `bulk_update` takes five times as long to build its own."""
    names = (*_COLUMNS, "updated")
    fields = [field for field in Contact._meta.concrete_fields if field.name in names]
    columns = ", ".join(f"{field.column} = %s" for field in fields)
    sql = f"UPDATE {Contact._meta.db_table} SET {columns} WHERE id = %s"  # noqa: S608  our names
    values = [
        [field.get_db_prep_save(getattr(row, field.name), connection) for field in fields]
        for row in rows
    ]
    with connection.cursor() as cursor:
        cursor.executemany(
            sql, [[*columns, row.pk] for columns, row in zip(values, rows, strict=True)]
        )


def data_of(contact: Contact) -> ContactData:
    """Return the data of a contact, with its picture."""
    data = vcard.read_one(contact.vcard)
    photo = ContactPhoto.objects.filter(contact=contact).first()
    return replace(data, photo=Photo("image/webp", bytes(photo.content))) if photo else data


def complete(data: ContactData) -> ContactData:
    """Give the contact a name to show, put former addresses behind the others, and drop the values
    that no column can hold."""
    emails = tuple(email for email in data.emails if len(email.address) <= 254)
    emails = tuple(sorted(emails, key=attrgetter("is_former")))
    data = replace(data, emails=emails[:_MOST_ADDRESSES])
    return replace(data, display_name=data.display_name or vcard.full_name(data) or data.nickname)


def _filled(contact: Contact, data: ContactData) -> Contact:
    contact.uid = data.uid
    contact.vcard = vcard.write(replace(data, photo=None, owner=""))
    contact.display_name = data.display_name[:_LONGEST]
    by_last = f"{data.last_name} {data.first_name}" if data.last_name else data.display_name
    contact.sort_key = fold(by_last)[:_LONGEST]
    contact.initial = initial(contact.sort_key)
    contact.organization = (data.organization or data.school)[:_LONGEST]
    contact.job_title = data.job_title[:_LONGEST]
    contact.search = _search_text(data)
    return contact


def initial(sort_key: str) -> str:
    """Return the letter of the index: A to Z, or # for any other first character."""
    letter = sort_key[:1].upper()
    return letter if "A" <= letter <= "Z" else "#"


def _search_text(data: ContactData) -> str:
    """Return every word of every field, and telephone numbers without their blanks."""
    fields = [
        data.display_name, data.prefix, data.first_name, data.middle_name, data.last_name,
        data.suffix, data.nickname, data.organization, data.department, data.job_title,
        data.school, *(email.address for email in data.emails), *data.categories, *data.urls,
    ]  # fmt: skip
    for phone in data.phones:
        fields += [phone.number, *digits(phone.number)]
    for address in data.addresses:
        fields += [address.street, address.po_box, address.city, address.region]
        fields += [address.postal_code, address.country, address.formatted]
    return " ".join(words(" ".join([*fields, data.notes])))[:_LONGEST_SEARCH]


def digits(number: str) -> tuple[str, ...]:
    """Return a telephone number as digits, and a French number in international form also in
    national form: ``+33 6 12`` gives ``33612`` and ``0612``."""
    figures = re.sub(r"\D", "", number)
    if number.strip().startswith("+33") or figures.startswith("0033"):
        home = figures.removeprefix("0033").removeprefix("33").removeprefix("0")
        return (figures, f"0{home}")
    return (figures,) if figures else ()


def _write_addresses(rows: Sequence[Contact], datas: Sequence[ContactData]) -> None:
    if rows:
        index.save_addresses(
            rows[0].user,
            [
                ContactAddress(
                    user_id=contact.user_id,
                    contact=contact,
                    position=position,
                    address=email.address,
                    folded=email.address.lower(),
                    type=email.type,
                )
                for contact, data in zip(rows, datas, strict=True)
                # No former address is the preferred one, which has position 0.
                for position, email in enumerate(data.emails, _first_position(data))
            ],
        )


def _first_position(data: ContactData) -> int:
    return int(bool(data.emails) and data.emails[0].is_former)


def _write_photos(rows: Sequence[Contact], datas: Sequence[ContactData]) -> None:
    photo_rows = []
    for contact, data in zip(rows, datas, strict=True):
        if data.photo and (picture := photos.picture(data.photo)):
            digest = photos.digest(picture.content)
            photo_rows.append(ContactPhoto(contact=contact, content=picture.content, digest=digest))
    ContactPhoto.objects.bulk_create(photo_rows, batch_size=50)


def delete(user: User, pks: Iterable[int]) -> list[int]:
    """Put contacts of the user into the bin, and return the keys of those that were moved."""
    with transaction.atomic():
        rows = Contact.objects.of(user).filter(pk__in=list(pks))
        binned = list(rows.select_for_update().values_list("pk", flat=True))
        Contact.objects.filter(pk__in=binned).update(deleted=clock.now())
        index.forget(binned)
    return binned


def restore(user: User, pks: Iterable[int]) -> int:
    """Take contacts out of the bin, back into their groups, and return how many."""
    with transaction.atomic():
        rows = Contact.objects.in_bin(user).filter(pk__in=list(pks))
        restored = list(rows.select_for_update().values_list("pk", flat=True))
        Contact.objects.filter(pk__in=restored).update(deleted=None)
        index.remember(user, restored)
    return len(restored)


def erase(user: User, pks: Iterable[int]) -> int:
    """Delete contacts in the bin for good, and return how many."""
    rows = Contact.objects.in_bin(user).filter(pk__in=list(pks))
    return rows.delete()[1].get("addressbook.Contact", 0)


def expire() -> int:
    """Delete for good everything that any user put into the bin more than `BIN_DAYS` days ago, and
    return the number of rows."""
    before = clock.now() - timedelta(days=BIN_DAYS)
    count = Group.objects.filter(deleted__lt=before).delete()[0]
    while pks := list(
        Contact.objects.filter(deleted__lt=before).values_list("pk", flat=True)[:BATCH]
    ):
        count += Contact.objects.filter(pk__in=pks).delete()[0]
    return count


FillableField = Literal["category", "organization", "school"]
"""The fields that several contacts can be given at once. A category is added to the others."""


def fill(user: User, pks: Iterable[int], field: FillableField, value: str) -> dict[int, str]:
    """Give contacts a category, an organisation or a school. Return the keys of the contacts that
    were changed, each with the former value ("" for a category)."""
    before: dict[int, str] = {}
    changed: list[tuple[Contact, ContactData]] = []
    for contact in Contact.objects.of(user).filter(pk__in=list(pks)):
        data = vcard.read_one(contact.vcard)
        if not _has_value(data, field, value):
            before[contact.pk] = "" if field == "category" else getattr(data, field)
            changed.append((contact, _with_value(data, field, value)))
    _write_values(changed)
    return before


def unfill(user: User, field: FillableField, value: str, before: Mapping[int, str]) -> int:
    """Undo `fill` for the contacts that still have the value, and return how many."""
    changed: list[tuple[Contact, ContactData]] = []
    for contact in Contact.objects.of(user).filter(pk__in=list(before)):
        data = vcard.read_one(contact.vcard)
        if not _has_value(data, field, value):
            continue
        if field == "category":
            left = tuple(category for category in data.categories if fold(category) != fold(value))
            changed.append((contact, replace(data, categories=left)))
        else:
            changed.append((contact, _with_value(data, field, before[contact.pk])))
    _write_values(changed)
    return len(changed)


def _has_value(data: ContactData, field: FillableField, value: str) -> bool:
    if field == "category":
        return fold(value) in map(fold, data.categories)
    return bool(getattr(data, field) == value)


def _with_value(data: ContactData, field: FillableField, value: str) -> ContactData:
    match field:
        case "category":
            return replace(data, categories=(*data.categories, value))
        case "organization":
            return replace(data, organization=value)
        case "school":
            return replace(data, school=value)


def _write_values(changed: Iterable[tuple[Contact, ContactData]]) -> None:
    """Write the columns that do not derive from name, address or picture, and touch no others."""
    rows = [_filled(contact, data) for contact, data in changed]
    for contact in rows:
        contact.updated = clock.now()
    columns = ("vcard", "organization", "search", "updated")
    Contact.objects.bulk_update(rows, columns, batch_size=BATCH)


def recipient(name: str, address: str) -> str:
    """Return ``Nom <adresse>`` as it is typed into a line of recipients."""
    name = " ".join(name.split())
    if not name or name == address:
        return address
    if re.search(r'[()<>\[\]:;@\\,."]', name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>"
