"""vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350) <-> `ContactData`.

Reading is lenient and bounded: every card that has anything in it gives a contact, what is beyond
the limits is left out, nothing is fetched, and nothing recurses.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from addressbook import charsets
from addressbook.contact_data import ContactData, Email, Phone, Photo, PostalAddress

MOST_PROPERTIES = 1_000
MOST_PARAMETERS = 100
LONGEST_VALUE = 200_000
LARGEST_PHOTO = 5_000_000
MOST_OTHERS = 200
LONGEST_OTHER = 20_000

_SCHOOL = "X-WEBMAIL-SCHOOL"


@dataclass(frozen=True, slots=True)
class Property:
    """One line of a card. ``name`` and the names of ``parameters`` in capitals, types in small
    letters; ``value`` is text with its backslashes, quoted-printable already undone."""

    name: str
    value: str
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: str = ""

    @property
    def types(self) -> frozenset[str]:
        return frozenset([value.lower() for value in self.parameters.get("TYPE", ())])

    @property
    def is_base64(self) -> bool:
        encodings = {value.upper() for value in self.parameters.get("ENCODING", ())}
        return bool(encodings & {"B", "BASE64"})

    @property
    def was_quoted(self) -> bool:
        encodings = {value.upper() for value in self.parameters.get("ENCODING", ())}
        return "QUOTED-PRINTABLE" in encodings


@dataclass(frozen=True, slots=True)
class Card:
    """One card of a file, not interpreted. ``line`` is where it begins, from 1; ``ended`` is false
    where its END is missing, ``cut`` true where it was beyond the limits."""

    line: int
    properties: tuple[Property, ...]
    ended: bool = True
    cut: bool = False
    version: str = ""
    by_name: Mapping[str, Sequence[Property]] = field(default_factory=dict, repr=False)

    def all(self, *names: str) -> Sequence[Property]:
        """The lines of these names, one name after the other."""
        if len(names) == 1:
            return self.by_name.get(names[0], ())
        return [line for name in names for line in self.by_name.get(name, ())]

    def first(self, *names: str) -> str:
        """The first value of these names that is not empty, as text."""
        return next((text for line in self.all(*names) if (text := self.text(line))), "")

    def text(self, line: Property) -> str:
        if "\\" not in line.value:
            return line.value.strip()
        return unescape(line.value, old=self.version == "2.1", quoted=line.was_quoted)

    def parts(self, line: Property) -> list[str]:
        """The fields of a value of several, as ADR and N have them."""
        if "\\" not in line.value:
            return [part.strip() for part in line.value.split(";", 499)]
        old, quoted = self.version == "2.1", line.was_quoted
        return [unescape(part, old=old, quoted=quoted) for part in split(line.value, ";")]

    @property
    def is_group(self) -> bool:
        kinds = ("KIND", "X-ADDRESSBOOKSERVER-KIND")
        return any(line.value.strip().lower() == "group" for line in self.all(*kinds))

    @property
    def members(self) -> tuple[str, ...]:
        names = ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER")
        return tuple(value for line in self.all(*names) if (value := self.text(line)))


@dataclass(frozen=True, slots=True)
class RowError:
    """A card that gives no contact: the line where it begins, and a code of `importers.codes`."""

    line: int
    reason: str


# Bytes -> cards


def cards(content: bytes) -> Iterator[Card]:
    """Every card of a file, nested ones (AGENT) left out; a BEGIN or the end of the file also ends
    the card before it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or charsets.wide_codec(content):
        content = charsets.decode(content).text.encode()
    properties: list[bytes] = []
    begins, inside, nested, cut = 0, False, False, False
    for number, line in _logical_lines(content):
        mark = line[:40].strip().upper()
        if mark.startswith(b"BEGIN:VCARD"):
            if inside and not nested and _is_open_agent(properties):
                nested = True
                continue
            if inside:
                yield _card(begins, properties, ended=False, cut=cut)
            begins, inside, nested, cut, properties = number, True, False, False, []
        elif mark == b"END:VCARD":
            if nested:
                nested = False
            elif inside:
                yield _card(begins, properties, ended=True, cut=cut)
                inside, properties = False, []
        elif inside and not nested:
            if len(properties) < MOST_PROPERTIES:
                properties.append(line)
            else:
                cut = True
    if inside:
        yield _card(begins, properties, ended=False, cut=cut)


def _is_open_agent(properties: Sequence[bytes]) -> bool:
    head, colon, value = properties[-1].partition(b":") if properties else (b"", b"", b"")
    return bool(colon) and not value.strip() and head.upper().startswith(b"AGENT")


_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*")


def _logical_lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """(line number, line) with quoted-printable's soft breaks joined, then folds undone. Base64 may
    go on in lines that are not folded at all (old Outlook, Lotus Notes)."""
    parts: list[bytes] = []
    begins = size = 0
    quoted = binary = old = False
    for number, raw in enumerate(content.splitlines(), start=1):
        if parts:
            soft = quoted and parts[-1].endswith(b"=")
            if soft and not raw[:10].upper().startswith((b"END:VCARD", b"BEGIN:VCAR")):
                parts[-1] = parts[-1][:-1]
                piece: bytes | None = raw
            elif raw[:1] in (b" ", b"\t"):
                # 2.1 folds before a blank and keeps it; later versions put one in.
                piece = raw.strip() if binary else (b" " + raw.lstrip() if old else raw[1:])
            elif binary and raw and _BASE64_LINE.fullmatch(raw):
                piece = raw
            else:
                piece = None
            if piece is not None:
                size += len(piece)
                if size <= LARGEST_PHOTO * 2:
                    parts.append(piece)
                continue
            yield begins, b"".join(parts)
        raw = raw.removeprefix(b"\xef\xbb\xbf")
        head = raw[:300].partition(b":")[0].upper()
        quoted = b"QUOTED-PRINTABLE" in head
        binary = b"BASE64" in head or b"ENCODING=B" in head
        if head == b"VERSION":
            old = raw[8:].strip() == b"2.1"
        elif head == b"BEGIN":
            old = False
        parts, begins, size = [raw], number, len(raw)
    if parts:
        yield begins, b"".join(parts)


def _card(begins: int, lines: Sequence[bytes], *, ended: bool, cut: bool) -> Card:
    whole = b"\n".join(lines)
    text = charsets.utf_8(whole)
    texts = _decoded(lines, whole) if text is None else charsets.clean(text).split("\n")
    properties = tuple(line for text in texts if text and (line := _property(text)))
    by_name: dict[str, list[Property]] = {}
    for line in properties:
        by_name.setdefault(line.name, []).append(line)
    version = by_name["VERSION"][0].value.strip() if "VERSION" in by_name else ""
    return Card(begins, properties, ended=ended, cut=cut, version=version, by_name=by_name)


_DECLARED = re.compile(rb";CHARSET=\"?([A-Za-z0-9_.:-]{2,32})", re.IGNORECASE)


def _decoded(lines: Sequence[bytes], whole: bytes) -> list[str]:
    """The lines of a card that is not UTF-8: each as it declares itself, else as the card looks."""
    codec = charsets.single_byte_codec(whole)
    texts = []
    for line in lines:
        declared = _DECLARED.search(line.partition(b":")[0])
        name = declared[1].decode("ascii") if declared else codec
        texts.append(charsets.clean(charsets.guess(line, name)).replace("\n", " "))
    return texts


_NAME = re.compile(r"(?:([A-Za-z0-9_-]{1,60})\.)?([A-Za-z0-9_-]{1,60})(?=[;:])")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9_-]{1,60})(?:=((?:"[^"]{0,2000}"|[^";:]{1,2000}+)*+))?')
_ENCODINGS = {"BASE64", "QUOTED-PRINTABLE", "8BIT", "7BIT"}
_NONE: Mapping[str, tuple[str, ...]] = {}


def _property(text: str) -> Property | None:
    name = _NAME.match(text)
    if not name:
        return None
    position = name.end()
    if text[position] == ":":
        return _bounded(Property(name[2].upper(), text[position + 1 :], _NONE, name[1] or ""))
    parameters: dict[str, tuple[str, ...]] = {}
    for _ in range(MOST_PARAMETERS):
        if text[position : position + 1] != ";":
            break
        match = _PARAMETER.match(text, position)
        if not match:
            # ";;" and other slips: go on at the next sign.
            position += 1
            continue
        key, value = match[1].upper(), match[2]
        if value is None:
            # vCard 2.1 writes the value alone: TEL;HOME;VOICE.
            key, value = ("ENCODING" if key in _ENCODINGS else "TYPE"), match[1]
        parameters[key] = (*parameters.get(key, ()), *_parameter_values(value))
        position = match.end()
    colon = text.find(":", position)
    if colon < 0:
        return None
    line = Property(name[2].upper(), text[colon + 1 :], parameters, name[1] or "")
    return _bounded(_unquoted(line) if "ENCODING" in parameters and line.was_quoted else line)


def _parameter_values(value: str) -> tuple[str, ...]:
    """``a,b`` and ``"a,b"`` are two values; labels keep their commas, as their quotes say."""
    if '"' not in value and "," not in value:
        return (value,)
    if '"' in value and not re.fullmatch(r'"[\w,;-]*"', value):
        return (_from_caret(value.replace('"', "")),)
    return tuple(word.strip() for word in value.replace('"', "").split(",") if word.strip())


def _bounded(line: Property) -> Property:
    limit = LARGEST_PHOTO * 2 if line.name in ("PHOTO", "KEY", "LOGO") else LONGEST_VALUE
    return replace(line, value=line.value[:limit]) if len(line.value) > limit else line


def _unquoted(line: Property) -> Property:
    try:
        raw = binascii.a2b_qp(line.value.encode("utf-8"))
    except binascii.Error:
        raw = line.value.encode("utf-8")
    declared = "".join(line.parameters.get("CHARSET", ())[:1])
    return replace(line, value=charsets.clean(charsets.guess(raw, declared)))


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_OLD_ESCAPE = re.compile(r"\\([;,:nN])")
_OLD_QUOTED_ESCAPE = re.compile(r"\\([;,:])")


def unescape(value: str, *, old: bool = False, quoted: bool = False) -> str:
    """A text value without its backslashes, trimmed. vCard 2.1 (``old``) escapes no backslash, and
    writes line feeds as quoted-printable."""
    if "\\" in value:
        pattern = (_OLD_QUOTED_ESCAPE if quoted else _OLD_ESCAPE) if old else _ESCAPE
        value = pattern.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return value.strip()


def split(value: str, separator: str) -> list[str]:
    """The fields between separators that no backslash precedes, still escaped; at most 500."""
    if "\\" not in value:
        return value.split(separator, 499)
    found: list[str] = []
    start = position = 0
    while position < len(value) and len(found) < 499:
        if value[position] == "\\":
            position += 1
        elif value[position] == separator:
            found.append(value[start:position])
            start = position + 1
        position += 1
    return [*found, value[start:]]


# Cards -> contacts


def parse(content: bytes) -> Iterator[ContactData | RowError]:
    """The contacts of a file, in its order; group cards are left out."""
    for card in cards(content):
        if card.is_group:
            continue
        contact = contact_of(card)
        yield contact if has_something(contact) else RowError(card.line, "nothing_to_keep")


def read_one(text: str) -> ContactData:
    """The first contact of a text; an empty one where there is none."""
    found = (item for item in parse(text.encode("utf-8")) if isinstance(item, ContactData))
    return next(found, ContactData())


def has_something(contact: ContactData) -> bool:
    """Whether it is worth a row: a name, or a way to reach somebody."""
    return bool(
        contact.display_name
        or contact.nickname
        or contact.emails
        or contact.phones
        or contact.addresses
        or contact.urls
    )


def full_name(contact: ContactData) -> str:
    """What a contact without a full name of its own is called: its parts, else its organisation,
    else its first address."""
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
    """All that a card says."""
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
        school=_one_line(card.first(_SCHOOL)),
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
    """How preferred: 1 the most; 101 where nothing is said (RFC 6350 section 5.3)."""
    if "pref" in line.types:
        return 1
    number = "".join(line.parameters.get("PREF", ())[:1])
    return int(number) if number.isascii() and number.isdigit() and len(number) < 4 else 101


def _ranked(lines: Sequence[Property]) -> Sequence[Property]:
    """The preferred one first."""
    return sorted(lines, key=_rank) if len(lines) > 1 else lines


def _words(line: Property, labels: Mapping[str, str]) -> frozenset[str]:
    """The types of a line, its label among them (``_$!<HomeFax>!$_`` -> home, fax)."""
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
    """``home``, ``work`` or ``other``."""
    known = frozenset(words)
    return "work" if known & _WORK else "home" if known & _HOME else "other"


def phone_type(words: Iterable[str]) -> str:
    """The type of a telephone that these words describe."""
    known = frozenset(words)
    place = place_of(known)
    if known & _FAX:
        return "fax" if place == "other" else f"{place}_fax"
    if known & _MOBILE:
        return "mobile"
    return "pager" if known & {"pager", "beeper"} else place


def _emails(card: Card, labels: Mapping[str, str]) -> tuple[Email, ...]:
    found: dict[str, Email] = {}
    for line in _ranked(card.all("EMAIL")):
        if line.types & {"x400", "x.400", "ex"}:
            continue
        place = place_of(_words(line, labels))
        for address in addresses_in(card.text(line)):
            found.setdefault(address.casefold(), Email(address, place))
    return tuple(found.values())


_NO_ATOM = r"\s\x00-\x1f\x7f-\x9f@<>(),;:\"\[\]\\"
_ADDRESS = re.compile(rf"[^{_NO_ATOM}]{{1,64}}@[^{_NO_ATOM}/]{{1,255}}")
_LONGEST_ADDRESS = 254
# Marks of direction and width that come along when somebody copies from a page.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u00ad]")
_IN_ANGLES = re.compile(r"<([^<>]{1,400})>")


def addresses_in(text: str) -> tuple[str, ...]:
    """The e-mail addresses of a value: ``Nom <a@b>``, ``mailto:a@b``, several between commas,
    semicolons, ``:::`` or line ends. None where a line end stands beside anything that is no
    address: that is somebody's header, not a list."""
    text = _INVISIBLE.sub("", text).strip()
    if len(text) <= _LONGEST_ADDRESS and _ADDRESS.fullmatch(text) and not text.endswith("."):
        return (text,)
    if "<" in text and "@" in text and "\n" not in text:
        text = ",".join(_IN_ANGLES.findall(text)) or text.replace("<", "")
    pieces = [_bare(piece) for piece in re.split(r"\s*(?:,|;|:::|\n|\s/\s)\s*", text)]
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


def _bare(piece: str) -> str:
    piece = re.sub(r"^mailto:", "", piece.strip(), flags=re.IGNORECASE)
    piece = re.sub(r"\s*\([^()]*\)$", "", piece).partition("?")[0]
    return piece.strip("'\"<> .")


def _phones(card: Card, labels: Mapping[str, str]) -> tuple[Phone, ...]:
    found = (
        Phone(number, phone_type(_words(line, labels)))
        for line in _ranked(card.all("TEL"))
        if (number := phone_number(card.text(line)))
    )
    return tuple(dict.fromkeys(found))


def phone_number(text: str) -> str:
    """A number as written, without ``tel:`` and the apostrophe of spreadsheets."""
    text = _INVISIBLE.sub("", _one_line(text)).strip()
    text = re.sub(r"^tel:", "", text, flags=re.IGNORECASE)
    return re.sub(r"^'(?=[+0])", "", text).strip()[:100]


def _addresses(card: Card, labels: Mapping[str, str]) -> tuple[PostalAddress, ...]:
    found = [
        address
        for line in _ranked(card.all("ADR"))
        if (address := _address(card, line, place_of(_words(line, labels))))
    ]
    known = {address.type for address in found}
    for line in _ranked(card.all("LABEL")):
        # A label repeats the address of its kind, and is all there is where that one is missing.
        place, text = place_of(_words(line, labels)), card.text(line)
        if text and place not in known:
            found.append(PostalAddress(place, formatted=_lines_trimmed(text)))
    return tuple(dict.fromkeys(found))


def _lines_trimmed(text: str) -> str:
    return "\n".join(line.strip() for line in text.split("\n")).strip()


def _address(card: Card, line: Property, place: str) -> PostalAddress | None:
    parts = [_lines_trimmed(part) for part in card.parts(line)[:7]]
    box, extended, street, city, region, code, country = [*parts, *[""] * (7 - len(parts))]
    street = "\n".join(filter(None, (street, extended)))
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
        # Apple writes 1604 for "no year", and does not always say so.
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
    """``YYYY-MM-DD`` or ``--MM-DD`` of a date that begins with its year or omits it; else ""."""
    text = text.strip()
    if match := _YEARLESS.fullmatch(text):
        return day_of(0, int(match[1]), int(match[2]))
    if not (match := _DATE.fullmatch(text)):
        return ""
    return day_of(int(match[1]), int(match[2]), int(match[3]))


_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def day_of(year: int, month: int, day: int) -> str:
    """A day of the calendar as text, without its year where that is 0; "" for no such day."""
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
    """A picture by its own first bytes; None for what is none, and for one beyond the limit."""
    if len(content) > LARGEST_PHOTO:
        return None
    for start, mime in _PICTURES:
        if content.startswith(start):
            return Photo(mime, content)
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return Photo("image/webp", content)
    return None


def _photo(line: Property) -> Photo | None:
    value = line.value.replace("\\,", ",")
    if value[:5].lower() == "data:":
        value = value.partition(",")[2]
    elif re.match(r"\s*[a-z]{2,8}:", value, re.IGNORECASE):
        return None
    try:
        return photo_of(binascii.a2b_base64(value.encode("ascii", "ignore")))
    except binascii.Error:
        return None


# What has its place in `ContactData`, and what says nothing about a person.
_NAMES = (
    "ADR AGENT BDAY BEGIN CATEGORIES EMAIL END FN KIND LABEL N NICKNAME NOTE ORG PHOTO PRODID"
    " PROFILE REV ROLE TEL TITLE UID URL VERSION X-ABDATE X-ABLABEL X-ABADR X-ABSHOWAS X-ABUID"
    " X-ADDRESSBOOKSERVER-KIND X-EPOCSECONDNAME"
)
_KNOWN = {*_NAMES.split(), *_ANNIVERSARIES, _SCHOOL}


def _others(card: Card, *, role: str) -> tuple[str, ...]:
    lines = [f"ROLE:{escape(role)}"] if role else []
    for line in card.properties:
        if line.name in _KNOWN or len(lines) >= MOST_OTHERS:
            continue
        if (text := _other(card, line)) and len(text) <= LONGEST_OTHER:
            lines.append(text)
    return tuple(dict.fromkeys(lines))


def _other(card: Card, line: Property) -> str:
    """A property as one line of vCard 3.0."""
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
    return f'"{_to_caret(word)}"' if re.search(r"[^\w./+-]", word) else word


# Contacts -> cards


def write(contact: ContactData, version: str = "4.0") -> str:
    """One card, with CRLF and folded at 75 octets. ``version`` is 4.0 or 3.0."""
    lines = ["BEGIN:VCARD", f"VERSION:{version}"]
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
    lines += _text_line(_SCHOOL, contact.school)
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
    name: str, uid: str, members: Sequence[str], external: Sequence[str], version: str = "4.0"
) -> str:
    """A group card: ``members`` are UIDs of contacts, ``external`` addresses of nobody in them."""
    prefix = "" if version == "4.0" else "X-ADDRESSBOOKSERVER-"
    lines = ["BEGIN:VCARD", f"VERSION:{version}", f"{prefix}KIND:group"]
    lines += _text_line("UID", uid)
    lines += [f"FN:{escape(name)}", f"N:{escape(name)};;;;"]
    lines += [f"{prefix}MEMBER:{escape(_member(member))}" for member in members]
    lines += [f"{prefix}MEMBER:{escape(f'mailto:{address}')}" for address in external]
    return _folded([*lines, "END:VCARD"])


def _member(uid: str) -> str:
    return uid if uid.startswith("urn:") else f"urn:uuid:{uid}"


def escape(text: str) -> str:
    """Text as a value."""
    text = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")


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
    """Said of the first of several."""
    if index or number < 2:
        return ""
    return ";PREF=1" if version == "4.0" else ";TYPE=PREF"


def _email_lines(emails: Sequence[Email], version: str) -> list[str]:
    lines = []
    for index, email in enumerate(emails):
        types = "" if email.type == "other" else f";TYPE={email.type.upper()}"
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
            return [f"LABEL{types}:{escape(address.formatted)}"]
        return [f'ADR{types};LABEL="{_to_caret(address.formatted)}":;;;;;;']
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


def _to_caret(text: str) -> str:
    """A parameter's value (RFC 6868)."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("^", "^^").replace("\n", "^n").replace('"', "^'")


def _from_caret(text: str) -> str:
    signs = {"^": "^", "n": "\n", "'": '"'}
    return re.sub(r"\^([\^n'])", lambda match: signs[match[1]], text)


def _date_line(name: str, date: str, version: str) -> list[str]:
    if not date.startswith("--"):
        return [f"{name}:{date.replace('-', '') if version == '4.0' else date}"] if date else []
    if version == "4.0":
        return [f"{name}:--{date[2:].replace('-', '')}"]
    # 3.0 knows no day without a year; Apple's way is the one that others read.
    return [f"{name};X-APPLE-OMIT-YEAR=1604:1604-{date[2:]}"]


def _photo_line(photo: Photo, version: str) -> str:
    content = base64.b64encode(photo.content).decode("ascii")
    if version == "4.0":
        return f"PHOTO:data:{photo.mime};base64,{content}"
    return f"PHOTO;ENCODING=b;TYPE={photo.mime.partition('/')[2].upper()}:{content}"


def _folded(lines: Iterable[str]) -> str:
    """Lines of 75 octets at most, never cut inside a letter."""
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
