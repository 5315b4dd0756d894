"""The families of a reading as text, to be compared with what a school's file must give."""

from __future__ import annotations

from collections.abc import Iterator

from addressbook.contact_data import ContactData, PostalAddress
from addressbook.importers.reading import Reading


def families_text(reading: Reading) -> str:
    """Return a line for each class and pupil, an indented one for each guardian, and one for each
    line that was left out."""
    return "".join(f"{line}\n" for line in _lines(reading))


def _lines(reading: Reading) -> Iterator[str]:
    if reading.reject_code:
        yield f"refused: {reading.reject_code}"
    for group in reading.groups:
        kind = "class" if group.is_class else "group"
        year = f" {group.school_year}" if group.school_year else ""
        yield f"{kind} {group.name}{year}: {len(group.members)}"
    for index, role in enumerate(reading.roles or ("",) * len(reading.contacts)):
        if role != "guardian":
            yield from _family(reading, index, role)
    yield from (f"left out: line {one.line}, {one.reason}" for one in reading.skipped)


def _family(reading: Reading, index: int, role: str) -> Iterator[str]:
    pupil = reading.contacts[index]
    classes = [group.name for group in reading.groups if group.is_class and index in group.members]
    record = reading.records[index]
    doubts = sorted({one.code for one in reading.warnings if one.record == record})
    parts = [
        *(role or "contact", _person(pupil)),
        *(pupil.birthday, ", ".join(f"[{name}]" for name in classes)),
        " ".join(f"?{code}" for code in doubts),
    ]
    yield " ".join(filter(None, parts))
    for link in reading.links:
        if link.pupil == index:
            mail = {None: "", True: " mail", False: " no-mail"}[link.receives_mail]
            legal = {None: "", True: " legal", False: " not-legal"}[link.is_legal]
            guardian = _person(reading.contacts[link.guardian])
            yield f"  {link.relation or '-'}{mail}{legal}: {guardian}"


def _person(contact: ContactData) -> str:
    ways = [email.address for email in contact.emails]
    ways += [phone.number for phone in contact.phones]
    ways += [_place(address) for address in contact.addresses]
    notes = contact.notes.replace("\n", " | ")
    name = f"{contact.prefix} " if contact.prefix else ""
    name += f"{contact.first_name} / {contact.last_name}" if contact.last_name else ""
    name = name if contact.last_name else contact.display_name
    return "; ".join(filter(None, [name, *ways])) + (f" # {notes}" if notes else "")


def _place(address: PostalAddress) -> str:
    street = address.street.replace("\n", ", ")
    return " ".join(filter(None, (street, address.postal_code, address.city)))
