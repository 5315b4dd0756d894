"""Cards made of contacts and groups."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Sequence

from addressbook.contact_data import ContactData, Email, Phone, Photo, PostalAddress
from addressbook.vcard.escaping import escape, to_caret
from addressbook.vcard.families import AUDIENCE, CLASS
from addressbook.vcard.reading import FORMATTED, PRODUCT, SCHOOL, SEAL, full_name


def write(contact: ContactData, version: str = "4.0", *, own: bool = False) -> str:
    """Return one card with CRLF, folded at 75 octets. ``version`` is 4.0 or 3.0. With ``own``, the
    card names this product."""
    lines = ["BEGIN:VCARD", f"VERSION:{version}", *_product_line(own=own)]
    lines += _text_line("UID", contact.uid)
    lines.append(f"FN:{escape(contact.display_name or full_name(contact))}")
    lines += _name_line(contact)
    lines += _text_line("NICKNAME", contact.nickname)
    lines += _email_lines(contact.emails, version)
    lines += _phone_lines(contact.phones, version)
    for address in contact.addresses:
        lines += _address_lines(address, version)
    units = (contact.organization, contact.department)
    if any(units):
        lines.append("ORG:" + ";".join(escape(unit) for unit in units if unit or units[0] == ""))
    lines += _text_line("TITLE", contact.job_title)
    lines += _text_line(SCHOOL, contact.school)
    lines += _date_line("BDAY", contact.birthday, version)
    name = "ANNIVERSARY" if version == "4.0" else "X-ANNIVERSARY"
    lines += _date_line(name, contact.anniversary, version)
    lines += _text_line("NOTE", contact.notes)
    for url in contact.urls:
        lines += _text_line("URL", url)
    if contact.categories:
        lines.append("CATEGORIES:" + ",".join(escape(word) for word in contact.categories))
    if contact.photo:
        lines.append(_photo_line(contact.photo, version))
    lines += contact.others
    return _folded([*lines, "END:VCARD"])


def write_group(
    name: str,
    uid: str,
    members: Sequence[str],
    external: Sequence[str],
    version: str = "4.0",
    *,
    own: bool = False,
    school_year: int | None = None,
    inner: Sequence[tuple[str, str]] = (),
) -> str:
    """Return the card of a group. ``members`` are UIDs of contacts, ``external`` addresses of no
    contact, and ``school_year`` is that of a class. ``inner`` are UIDs of inner groups, each with
    its audience if it is a class, else ""."""
    prefix = "" if version == "4.0" else "X-ADDRESSBOOKSERVER-"
    lines = ["BEGIN:VCARD", f"VERSION:{version}", *_product_line(own=own)]
    lines.append(f"{prefix}KIND:group")
    lines += [f"{CLASS}:{school_year}"] if school_year else []
    lines += _text_line("UID", uid)
    lines += [f"FN:{escape(name)}", f"N:{escape(name)};;;;"]
    lines += [f"{prefix}MEMBER:{escape(_member(member))}" for member in members]
    lines += [f"{prefix}MEMBER:{escape(f'mailto:{address}')}" for address in external]
    for group_uid, audience in inner:
        part = f";{AUDIENCE}={audience}" if audience else ""
        lines.append(f"{prefix}MEMBER{part}:{escape(_member(group_uid))}")
    return _folded([*lines, "END:VCARD"])


def _member(uid: str) -> str:
    return uid if uid.startswith("urn:") else f"urn:uuid:{uid}"


def _product_line(*, own: bool) -> list[str]:
    return [f"PRODID:{PRODUCT}"] if own else []


def _text_line(name: str, text: str) -> list[str]:
    return [f"{name}:{escape(text)}"] if text else []


def _name_line(contact: ContactData) -> list[str]:
    parts = (
        contact.last_name,
        contact.first_name,
        contact.middle_name,
        contact.prefix,
        contact.suffix,
    )
    return ["N:" + ";".join(escape(part) for part in parts)]


def _preferred(index: int, number: int, version: str) -> str:
    """Return the parameter that marks the first of several values as preferred."""
    if index or number < 2:
        return ""
    return ";PREF=1" if version == "4.0" else ";TYPE=PREF"


def _email_lines(emails: Sequence[Email], version: str) -> list[str]:
    lines = []
    for index, email in enumerate(emails):
        kind = "X-FORMER" if email.is_former else email.type.upper()
        types = "" if email.type == "other" else f";TYPE={kind}"
        internet = ";TYPE=INTERNET" if version == "3.0" else ""
        preferred = _preferred(index, len(emails), version)
        lines.append(f"EMAIL{internet}{types}{preferred}:{escape(email.address)}")
    return lines


_PHONE_TYPES = {
    "home": "HOME,VOICE",
    "work": "WORK,VOICE",
    "mobile": "CELL",
    "fax": "FAX",
    "work_fax": "WORK,FAX",
    "home_fax": "HOME,FAX",
    "pager": "PAGER",
    "other": "VOICE",
}


def _phone_lines(phones: Sequence[Phone], version: str) -> list[str]:
    lines = []
    for index, phone in enumerate(phones):
        words = _PHONE_TYPES.get(phone.type, "VOICE")
        types = f'"{words}"' if "," in words and version == "4.0" else words
        preferred = _preferred(index, len(phones), version)
        lines.append(f"TEL;TYPE={types}{preferred}:{escape(phone.number)}")
    return lines


def _address_lines(address: PostalAddress, version: str) -> list[str]:
    types = "" if address.type == "other" else f";TYPE={address.type.upper()}"
    if address.formatted:
        if version == "3.0":
            # Telephones ignore LABEL, but show the street.
            return [f"ADR{types};{FORMATTED}=1:;;{escape(address.formatted)};;;;"]
        label = to_caret(address.formatted.replace("\\", "\\\\"))
        return [f'ADR{types};LABEL="{label}":;;;;;;']
    parts = (
        address.po_box,
        "",
        address.street,
        address.city,
        address.region,
        address.postal_code,
        address.country,
    )
    return [f"ADR{types}:" + ";".join(escape(part) for part in parts)]


def _date_line(name: str, date: str, version: str) -> list[str]:
    if not date.startswith("--"):
        return [f"{name}:{date.replace('-', '') if version == '4.0' else date}"] if date else []
    if version == "4.0":
        return [f"{name}:--{date[2:].replace('-', '')}"]
    # vCard 3.0 has no day without a year. Apple's form is the one that other programs read.
    return [f"{name};X-APPLE-OMIT-YEAR=1604:1604-{date[2:]}"]


def _photo_line(photo: Photo, version: str) -> str:
    content = base64.b64encode(photo.content).decode("ascii")
    seal = f";{SEAL}={photo.seal}" if photo.seal else ""
    if version == "4.0":
        return f"PHOTO{seal}:data:{photo.mime};base64,{content}"
    return f"PHOTO;ENCODING=b;TYPE={photo.mime.partition('/')[2].upper()}{seal}:{content}"


def _folded(lines: Iterable[str]) -> str:
    """Fold lines at 75 octets, never inside a character."""
    return "".join(f"{piece}\r\n" for line in lines for piece in _pieces(line))


def _pieces(line: str) -> Iterator[str]:
    raw = line.encode("utf-8")
    start, limit = 0, 75
    while len(raw) - start > limit:
        end = start + limit
        while raw[end] & 0xC0 == 0x80:
            end -= 1
        yield (" " if start else "") + raw[start:end].decode("utf-8")
        start, limit = end, 74
    yield (" " if start else "") + raw[start:].decode("utf-8")
