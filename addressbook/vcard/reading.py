"""Contacts made of cards."""

from __future__ import annotations

import binascii
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from addressbook.contact_data import FORMER, ContactData, Email, Phone, Photo, PostalAddress
from addressbook.vcard.cards import LARGEST_PHOTO, Card, Property, cards
from addressbook.vcard.escaping import escape, split, to_caret, unescape

MOST_OTHERS = 200
LONGEST_OTHER = 20_000
SCHOOL = "X-WEBMAIL-SCHOOL"
PRODUCT = "-//Webmail//Contacts//EN"
"""The PRODID of cards that this product exports."""
FORMATTED = "X-WEBMAIL-FORMATTED"
"""The parameter of an ADR whose street is a whole address without parts."""
SEAL = "X-WEBMAIL-SEAL"
"""The parameter of a PHOTO for `Photo.seal`."""


@dataclass(frozen=True, slots=True)
class RowError:
    """A card without a contact: its first line, and a code of `importers.codes`."""

    line: int
    reason: str


def parse(content: bytes) -> Iterator[ContactData | RowError]:
    """Yield the contacts of a file in its order. The cards of groups are left out."""
    for card in cards(content):
        if card.is_group:
            continue
        contact = contact_of(card)
        yield contact if has_something(contact) else RowError(card.line, "nothing_to_keep")


def read_one(text: str) -> ContactData:
    """Return the first contact of a text, or an empty one."""
    contacts = (item for item in parse(text.encode("utf-8")) if isinstance(item, ContactData))
    return next(contacts, ContactData())


def has_something(contact: ContactData) -> bool:
    """Return whether the contact has a name or a way to reach the person."""
    return bool(
        contact.display_name
        or contact.nickname
        or contact.emails
        or contact.phones
        or contact.addresses
        or contact.urls
    )


def full_name(contact: ContactData) -> str:
    """Return the name of a contact without a full name of its own: its parts, else its
    organisation, else its first address."""
    parts = (
        contact.prefix,
        contact.first_name,
        contact.middle_name,
        contact.last_name,
        contact.suffix,
    )
    address = contact.emails[0].address if contact.emails else ""
    return " ".join(filter(None, parts)) or contact.organization or address


def contact_of(card: Card) -> ContactData:
    """Return the contact that a card describes."""
    labels = {
        line.group.lower(): line.value.strip() for line in card.all("X-ABLABEL") if line.group
    }
    names = [*(card.parts(line) for line in card.all("N")), []][0][:5]
    last, first, middle, prefix, suffix = [*names, *[""] * (5 - len(names))]
    organization, *units = [*(card.parts(line) for line in card.all("ORG")), [""]][0]
    role, title = card.first("ROLE"), card.first("TITLE")
    display_name = _one_line(card.first("FN"))
    contact = ContactData(
        display_name=display_name,
        prefix=_one_line(prefix),
        first_name=_one_line(first),
        middle_name=_one_line(middle),
        last_name=_one_line(last),
        suffix=_one_line(suffix),
        nickname=_one_line(card.first("NICKNAME")),
        emails=_emails(card, labels),
        phones=_phones(card, labels),
        addresses=_addresses(card, labels),
        organization=_one_line(organization),
        department=_one_line(", ".join(filter(None, units))),
        job_title=_one_line(title or role),
        school=_one_line(card.first(SCHOOL)),
        birthday=_date_of(card, "BDAY"),
        anniversary=_date_of(card, *_ANNIVERSARIES) or _labelled_anniversary(card, labels),
        notes="\n".join(filter(None, (card.text(line) for line in card.all("NOTE")))),
        urls=_unique(card.text(line) for line in card.all("URL")),
        categories=_categories(card),
        photo=next((photo for line in card.all("PHOTO") if (photo := _photo(line))), None),
        uid=card.first("UID"),
        others=_others(card, role=role if title else ""),
    )
    return contact if display_name else replace(contact, display_name=full_name(contact))


def _one_line(text: str) -> str:
    return " ".join(text.split()) if "\n" in text else text


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, texts)))


def _rank(line: Property) -> int:
    """Return how preferred the property is: 1 is the most, and 101 stands for no statement (RFC
    6350 section 5.3)."""
    if "pref" in line.types:
        return 1
    number = "".join(line.parameters.get("PREF", ())[:1])
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 101


def _ranked(lines: Sequence[Property]) -> Sequence[Property]:
    """Return the properties with the preferred ones first."""
    return sorted(lines, key=_rank) if len(lines) > 1 else lines


def _words(line: Property, labels: Mapping[str, str]) -> frozenset[str]:
    """Return the types of a property and the words of its label (``_$!<HomeFax>!$_`` gives home,
    fax)."""
    label = labels.get(line.group.lower(), "") if line.group else ""
    if not label:
        return line.types
    plain = label.removeprefix("_$!<").removesuffix(">!$_")
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).lower()
    return line.types | frozenset(spaced.split())


_WORK = frozenset({"work", "business", "bureau", "professionnel", "travail", "dom-work"})
_HOME = frozenset({"home", "domicile", "personnel", "maison", "privé"})
_MOBILE = frozenset({"cell", "mobile", "iphone", "portable", "gsm"})
_FAX = frozenset({"fax", "télécopie", "facsimile"})


def place_of(words: Iterable[str]) -> str:
    """Return ``home``, ``work`` or ``other``."""
    types = frozenset(words)
    return "work" if types & _WORK else "home" if types & _HOME else "other"


def phone_type(words: Iterable[str]) -> str:
    """Return the type of the telephone that these words describe."""
    types = frozenset(words)
    place = place_of(types)
    if types & _FAX:
        return "fax" if place == "other" else f"{place}_fax"
    if types & _MOBILE:
        return "mobile"
    return "pager" if types & {"pager", "beeper"} else place


def _emails(card: Card, labels: Mapping[str, str]) -> tuple[Email, ...]:
    emails: dict[str, Email] = {}
    for line in _ranked(card.all("EMAIL")):
        if line.types & {"x400", "x.400", "ex"}:
            continue
        types = _words(line, labels)
        place = FORMER if "x-former" in types else place_of(types)
        for address in addresses_in(card.text(line)):
            emails.setdefault(address.casefold(), Email(address, place))
    return tuple(emails.values())


_NO_ATOM = r"\s\x00-\x1f\x7f-\x9f@<>(),;:\"\[\]\\"
_ADDRESS = re.compile(rf"[^{_NO_ATOM}]{{1,64}}@[^{_NO_ATOM}/]{{1,255}}")
_LONGEST_ADDRESS = 254
# Marks of direction and width that come along with text copied from a page.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u00ad]")
_IN_ANGLES = re.compile(r"<([^<>]{1,400})>")


def addresses_in(text: str) -> tuple[str, ...]:
    """Return the e-mail addresses of a value: ``Nom <a@b>``, ``mailto:a@b``, or several between
    commas, semicolons, ``:::`` or line ends. Return none if a text of several lines contains
    anything but addresses, since that is a mail header and no list."""
    text = _INVISIBLE.sub("", text).strip()
    if len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) and not text.endswith("."):
        return (text,)
    if "<" in text and "@" in text and "\n" not in text:
        text = ",".join(_IN_ANGLES.findall(text)) or text.replace("<", "")
    pieces = [_bare(piece) for piece in re.split(r",|;|:::|\n|\s/\s", text)]
    if any("@" not in piece for piece in pieces) or any(" " in piece for piece in pieces):
        words = [_bare(word) for word in text.split()]
        if "\n" not in text and all("@" in word for word in words):
            pieces = words
    valid = [
        piece for piece in pieces if len(piece) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(piece)
    ]
    if "\n" in text and len(valid) != len([piece for piece in pieces if piece]):
        return ()
    return tuple(dict.fromkeys(valid))


def recipients_in(line: str) -> list[str]:
    """Return the recipients of a line as mail programs show them, ``Zoé <zoe@x.fr>`` between commas
    or semicolons. Return none if one of them is not a single address."""
    for marks in (",;", ";"):
        row = csv.reader([line.replace(";", marks[0])], delimiter=marks[0], skipinitialspace=True)
        try:
            people = [cell.strip() for cell in next(row, []) if cell.strip()]
        except csv.Error:
            return []
        if people and all(len(addresses_in(person)) == 1 for person in people):
            return people
    return []


def is_x500(text: str) -> bool:
    """Return whether the text is an address of Exchange or X.400 (``/o=Rectorat/cn=…``), which is
    of no use elsewhere."""
    return bool(re.match(r"\s*/[A-Za-z]{1,4}=", text))


def _bare(piece: str) -> str:
    piece = re.sub(r"^mailto:", "", piece.strip(), flags=re.IGNORECASE)
    before, bracket, comment = piece.rpartition("(")
    if bracket and comment.find(")") == len(comment) - 1:
        piece = before.rstrip()
    return piece.partition("?")[0].strip("'\"<> .")


def _phones(card: Card, labels: Mapping[str, str]) -> tuple[Phone, ...]:
    phones = (
        Phone(number, phone_type(_words(line, labels)))
        for line in _ranked(card.all("TEL"))
        if (number := phone_number(card.text(line)))
    )
    return tuple(dict.fromkeys(phones))


def phone_number(text: str) -> str:
    """Return a number as written, without ``tel:`` and the apostrophe of spreadsheets."""
    text = _INVISIBLE.sub("", _one_line(text))
    return _NO_NUMBER.sub("", text, count=1)[:100].strip()


_NO_NUMBER = re.compile(r"(?>(?:\s|tel:|'(?=[+0]))*)", re.IGNORECASE)


def _addresses(card: Card, labels: Mapping[str, str]) -> tuple[PostalAddress, ...]:
    addresses = [
        address
        for line in _ranked(card.all("ADR"))
        if (address := _address(card, line, place_of(_words(line, labels))))
    ]
    places = {address.type for address in addresses}
    for line in _ranked(card.all("LABEL")):
        # A label repeats the address of its type. It counts only if that address is missing.
        place, text = place_of(_words(line, labels)), card.text(line)
        if text and place not in places:
            addresses.append(PostalAddress(place, formatted=_lines_trimmed(text)))
    return tuple(dict.fromkeys(addresses))


def _lines_trimmed(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _address(card: Card, line: Property, place: str) -> PostalAddress | None:
    parts = [_lines_trimmed(part) for part in card.parts(line)[:7]]
    box, extended, street, city, region, code, country = [*parts, *[""] * (7 - len(parts))]
    street = "\n".join(filter(None, (street, extended)))
    if street and FORMATTED in line.parameters:
        return PostalAddress(place, formatted=street)
    if any((box, street, city, region, code, country)):
        return PostalAddress(place, street, box, city, region, code, country)
    label = unescape("".join(line.parameters.get("LABEL", ())))
    return PostalAddress(place, formatted=_lines_trimmed(label)) if label else None


def _categories(card: Card) -> tuple[str, ...]:
    old = card.version == "2.1"
    return _unique(
        _one_line(unescape(word, old=old, quoted=line.was_quoted))
        for line in card.all("CATEGORIES")
        for word in split(line.value, ",")
    )


_ANNIVERSARIES = (
    "ANNIVERSARY",
    "X-ANNIVERSARY",
    "X-MS-ANNIVERSARY",
    "X-EVOLUTION-ANNIVERSARY",
    "X-KADDRESSBOOK-X-ANNIVERSARY",
)


def _date_of(card: Card, *names: str) -> str:
    for line in card.all(*names):
        value = card.text(line)
        omitted = "".join(line.parameters.get("X-APPLE-OMIT-YEAR", ())[:1])
        date = iso_date(value)
        # Apple writes 1604 for "no year", and does not always declare it.
        year = omitted or "1604"
        if date.startswith(f"{year}-"):
            return f"--{date[len(year) + 1 :]}"
        if date:
            return date
    return ""


def _labelled_anniversary(card: Card, labels: Mapping[str, str]) -> str:
    for line in card.all("X-ABDATE"):
        if labels.get(line.group.lower()) == "_$!<Anniversary>!$_":
            return iso_date(card.text(line))
    return ""


_DATE = re.compile(r"(\d{4})[-/.]?(\d\d?)[-/.]?(\d\d?)(?:[T\s].*)?", re.DOTALL)
_YEARLESS = re.compile(r"--(\d\d)-?(\d\d)(?:T.*)?")


def iso_date(text: str) -> str:
    """Return ``YYYY-MM-DD`` or ``--MM-DD`` for a date that begins with its year or omits it; else
    ""."""
    text = text.strip()
    if match := _YEARLESS.fullmatch(text):
        return day_of(0, int(match[1]), int(match[2]))
    if not (match := _DATE.fullmatch(text)):
        return ""
    return day_of(int(match[1]), int(match[2]), int(match[3]))


_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_of(year: int, month: int, day: int) -> str:
    """Return a day of the calendar as text, without its year if that is 0; "" for an invalid
    day."""
    if not (1 <= month <= 12 and 1 <= day <= _DAYS[month - 1]):
        return ""
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if year and (month, day) == (2, 29) and not leap:
        return ""
    return f"{year:04d}-{month:02d}-{day:02d}" if year else f"--{month:02d}-{day:02d}"


_PICTURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
)


def photo_of(content: bytes) -> Photo | None:
    """Return the picture with the type of its first bytes; None for content that is no picture or
    too large."""
    if len(content) > LARGEST_PHOTO:
        return None
    for start, mime in _PICTURES:
        if content.startswith(start):
            return Photo(mime, content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Photo("image/webp", content)
    return None


def _photo(line: Property) -> Photo | None:
    photo = _bare_photo(line)
    seal = "".join(line.parameters.get(SEAL, ())[:1])
    return replace(photo, seal=seal) if photo and seal else photo


def _bare_photo(line: Property) -> Photo | None:
    value = line.value.replace("\\,", ",")
    if value[:5].lower() == "data:":
        value = value.partition(",")[2]
    elif re.match(r"\s*[a-z]{2,8}:", value, re.IGNORECASE):
        return None
    try:
        return photo_of(binascii.a2b_base64(value.encode("ascii", "ignore")))
    except binascii.Error:
        return None


# The properties that `ContactData` has fields for, and those that say nothing about a person.
_NAMES = (
    "ADR AGENT BDAY BEGIN CATEGORIES EMAIL END FN KIND LABEL N NICKNAME NOTE ORG PHOTO PRODID"
    " PROFILE REV ROLE TEL TITLE UID URL VERSION X-ABDATE X-ABLABEL X-ABADR X-ABSHOWAS X-ABUID"
    " X-ADDRESSBOOKSERVER-KIND X-EPOCSECONDNAME"
)
_KNOWN = {*_NAMES.split(), *_ANNIVERSARIES, SCHOOL}


def _others(card: Card, *, role: str) -> tuple[str, ...]:
    lines = [f"ROLE:{escape(role)}"] if role else []
    for line in card.properties:
        if line.name in _KNOWN or len(lines) >= MOST_OTHERS:
            continue
        if (text := _other(card, line)) and len(text) <= LONGEST_OTHER:
            lines.append(text)
    return tuple(dict.fromkeys(lines))


def _other(card: Card, line: Property) -> str:
    """Return a property as one line of vCard 3.0."""
    value = line.value.strip()
    if line.is_base64:
        value = "".join(value.split())
    elif card.version == "2.1" or line.was_quoted:
        fields = split(value, ";")
        value = ";".join(escape(unescape(part, old=True, quoted=True)) for part in fields)
    if not value.strip(";"):
        return ""
    parameters = "".join(
        f";{name}={','.join(_parameter_text(word) for word in words)}"
        for name, words in line.parameters.items()
        if words and name != "CHARSET" and not (name == "ENCODING" and not line.is_base64)
    )
    return f"{line.name}{parameters}:{value}"


def _parameter_text(word: str) -> str:
    return f'"{to_caret(word)}"' if re.search(r"[^\w./+-]", word) else word
