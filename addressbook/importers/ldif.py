"""LDIF (RFC 2849): the records of any directory, read into contacts and groups.

Values are decoded one by one, damage stays within its record, and a URL (``:<``) is never read.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO

from addressbook import charsets
from addressbook.contact_data import ContactData, GroupData
from addressbook.folding import fold
from addressbook.importers import dates, headers, horde, sun
from addressbook.importers.assemble import Pair, Style, contact_from
from addressbook.importers.reading import FileRejected, Gathered, MemberIndex, Reading, refused
from addressbook.vcard import has_something, photo_of

MOST_ATTRIBUTES = 5_000
_LONGEST_LINE = 10_000_000
_CHANGES = {"delete", "modify", "modrdn", "moddn"}


@dataclass(slots=True)
class Record:
    """One entry. ``values`` are pairs of attribute, in lower case without options, and value.
    ``line`` is the first line, from 1."""

    line: int
    dn: str = ""
    values: list[tuple[str, str]] = field(default_factory=list)
    photo: bytes = b""
    change: str = ""
    damaged: int = 0
    cut: bool = False

    def all(self, *names: str) -> list[str]:
        return [value.strip() for name, value in self.values if name in names and value.strip()]

    def first(self, *names: str) -> str:
        return next(iter(self.all(*names)), "")

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(value.lower() for value in self.all("objectclass"))


def records(content: bytes) -> Iterator[Record]:
    """Yield a record for every block of lines that has an attribute."""
    record: Record | None = None
    names: dict[str, str] = {}
    for number, line in _logical_lines(content):
        if not line.strip():
            if record is not None:
                yield record
            record = None
            continue
        record = record or Record(number)
        if len(record.values) >= MOST_ATTRIBUTES:
            record.cut = True
        else:
            _take(record, line, names)
    if record is not None:
        yield record


def _logical_lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the unfolded lines with their numbers, without comments and their continuation
    lines."""
    parts: list[bytes] = []
    begins = size = 0
    for number, raw in enumerate(_lines(content), start=1):
        # A line with only a blank is an empty line that an editor changed.
        if raw[:1] in (b" ", b"\t") and parts and raw.strip():
            size += len(raw)
            if size < _LONGEST_LINE:
                parts.append(raw[1:])
            continue
        if parts and not parts[0].startswith(b"#"):
            yield begins, b"".join(parts)
        elif not parts and begins:
            yield begins, b""
        begins, size = number, 0
        parts = [raw] if raw.strip() else []
    if parts and not parts[0].startswith(b"#"):
        yield begins, b"".join(parts)


def _lines(content: bytes) -> Iterator[bytes]:
    """Yield the lines of ``content.splitlines()`` one by one, since a list of them takes several
    times the memory of the file."""
    for piece in BytesIO(content):
        yield from piece.splitlines()


_ATTRIBUTE = re.compile(rb"([A-Za-z][A-Za-z0-9.-]*)((?:;[A-Za-z0-9_-]+)*)\s*:(:|<)?[ \t]*")


def _take(record: Record, line: bytes, names: dict[str, str]) -> None:
    """Add a line to the record. ``names`` holds each attribute of earlier records once, to save
    memory."""
    match = _ATTRIBUTE.match(line)
    if not match:
        record.damaged += line.strip() != b"-"
        return
    name, kind, raw = match[1].decode("ascii").lower(), match[3], line[match.end() :]
    if kind == b"<":
        return
    if kind == b":":
        try:
            raw = binascii.a2b_base64(raw)
        except binascii.Error:
            record.damaged += 1
            return
    if name == "jpegphoto":
        record.photo = record.photo or raw
        return
    text = charsets.clean(charsets.guess(raw))
    if name == "dn":
        record.dn = record.dn or text.strip()
    elif name == "changetype":
        record.change = text.strip().lower()
    elif name not in ("control", "version"):
        record.values.append((names.setdefault(name, name), text))


# Names of entries


def rdns(dn: str) -> list[tuple[str, str]]:
    """Return the parts of a DN as pairs of attribute, in lower case, and value; the entry's own
    first."""
    parts = []
    for part in re.split(r"(?<!\\)[,;+]", dn):
        name, equals, value = part.partition("=")
        if equals:
            plain = re.sub(r"\\(.)", r"\1", value.strip())
            parts.append((name.strip().lower(), plain))
    return parts


def normal_dn(dn: str) -> str:
    """Return a DN in the form that is compared: without case, and without blanks around commas."""
    return ",".join(f"{name}={fold(value)}" for name, value in rdns(dn))


# Records to contacts

_GROUPS = {"groupofnames", "groupofuniquenames", "pabgroup", "pitypegroup", "mailgroup"}
_CONTAINERS = {
    "organizationalunit", "organization", "domain", "dcobject", "pab", "pistoreroot", "pitypebook",
    "pilocalbook", "piremotebook", "piaddressbook", "ldapsubentry", "nscontainer", "country",
    "piresource", "pityperesource", "locality",
}  # fmt: skip
_PERSONS = {"person", "pabperson", "pitypeperson", "inetorgperson", "mozillaabpersonalpha"}
_SYSTEM_ATTRIBUTES = {"search", "result", "ref", "numresponses", "numentries"}


def is_ldif(text: str) -> bool:
    """Return whether a text has a line that begins an LDIF."""
    head = text[:200_000]
    return bool(re.search(r"^(?:dn::?[ \t]*\S|version:[ \t]*1[ \t]*$)", head, re.MULTILINE | re.I))


_OLD_ENTRY = re.compile(
    r"\A\s*(?:\w+=[^\n=,]+,\s*)*(?:un|ou|piEntryID|piPStoreOwner)=[^\n]*,"
    r"\s*o=(?:pab|PiServerDb)[ \t]*\n\w+=",
    re.IGNORECASE,
)
_OLD_ATTRIBUTE = re.compile(rb"^([A-Za-z][\w;.-]*)=")


def is_old_output(text: str) -> bool:
    """Return whether a text is the output of ldapsearch before it had LDIF: a DN, then lines
    ``name=value``."""
    return bool(_OLD_ENTRY.match(text))


def from_old_output(content: bytes) -> bytes:
    """Return old output of ldapsearch as LDIF."""
    lines: list[bytes] = []
    begins = True
    for line in content.splitlines():
        if begins and line.strip():
            lines.append(b"dn: " + line)
        else:
            lines.append(_OLD_ATTRIBUTE.sub(rb"\1: ", line))
        begins = not line.strip()
    return b"\n".join(lines) + b"\n"


def read_ldif(content: bytes, known: Reading) -> Reading:
    """Return the contacts and groups of an LDIF. ``known`` has the facts about the file so far."""
    gathered = Gathered()
    reading = replace(known, format="ldif")
    try:
        numbered = list(_entries(content, gathered))
        dialects = {sun.dialect_of(record.dn) for _number, record in numbered} - {""}
        source = "sun" if dialects else _source(numbered, known.source)
        _gather(numbered, source, gathered)
        owners = {contact.owner for contact in gathered.contacts} - {""}
        reading = replace(
            reading, source=source, dialect="+".join(sorted(dialects)), bulk=len(owners) > 1
        )
        return gathered.finished(reading)
    except FileRejected as error:
        return refused(str(error.args[0]), reading)


_Numbered = tuple[int, Record]


def _entries(content: bytes, gathered: Gathered) -> Iterator[_Numbered]:
    """Yield the number and the record of each entry. Changes other than additions are skipped."""
    number = 0
    for record in records(content):
        names = {name for name, _value in record.values}
        if not record.dn and (not names or names <= _SYSTEM_ATTRIBUTES) and not record.damaged:
            continue
        if number > 2 * 100_000:
            raise FileRejected("too_many_records")
        if record.change in _CHANGES:
            gathered.skip(number, record.line, "change_record", record.change)
        elif not record.dn and not names:
            gathered.skip(number, record.line, "bad_record")
        else:
            yield number, record
        number += 1


def _source(numbered: Sequence[_Numbered], asked_source: str) -> str:
    """Return the program that wrote the records, ``sun``, ``horde`` or ``thunderbird``; else the
    one that the user named, or ``other``."""
    for _number, record in numbered[:200]:
        if "pabperson" in record.classes or "pitypeperson" in record.classes:
            return "sun"
        stamp = record.first("modifytimestamp")
        if "mozillaabpersonalpha" in record.classes:
            names = {name for name, _value in record.values}
            is_horde = stamp == "0Z" and "mozillausehtmlmail" not in names
            return "horde" if is_horde else "thunderbird"
    classes = {word for _number, record in numbered[:200] for word in record.classes}
    if "groupofnames" in classes and numbered and "mail" in dict(rdns(numbered[0][1].dn)):
        return "thunderbird"
    return asked_source if asked_source not in ("", "auto") else "other"


def _gather(numbered: Sequence[_Numbered], source: str, gathered: Gathered) -> None:
    style = Style(day_first=dates.day_first(_birthdays(numbered), assumed=True))
    groups: list[_Numbered] = []
    belongs: list[_Numbered] = []
    bare_lists: list[tuple[int, GroupData]] = []
    for number, record in numbered:
        classes = record.classes
        if record.damaged:
            gathered.warn("bad_value", number)
        if record.cut:
            gathered.warn("record_cut", number)
        if classes & _GROUPS:
            groups.append((number, record))
            continue
        if classes & _CONTAINERS and not classes & _PERSONS:
            continue
        contact = _contact(number, record, style, gathered)
        if not sun.dialect_of(record.dn):
            record.values = []  # the contact has them, and those of a large file take 200 MB
        if source == "horde" and horde.is_list(contact):
            bare_lists.append((number, GroupData(contact.last_name or contact.display_name)))
        elif has_something(contact):
            belongs.append((gathered.add(contact, number, record.line), record))
        else:
            gathered.skip(number, record.line, "nothing_to_keep")
    _add_groups(groups, belongs, gathered)
    for number, group in bare_lists:
        gathered.groups.append(group)
        gathered.warn("group_without_members", number)


def _contact(number: int, record: Record, style: Style, gathered: Gathered) -> ContactData:
    photo = photo_of(record.photo)
    if record.photo and photo is None:
        gathered.warn("invalid_photo", number)
    assembled = contact_from(_pairs(record), style, photo)
    for problem in assembled.problems:
        gathered.warn(problem, number)
    owner = sun.owner_of(rdns(record.dn), sun.dialect_of(record.dn))
    return replace(assembled.contact, uid=sun.uid_of(record), owner=owner)


def _birthdays(numbered: Sequence[_Numbered]) -> Iterator[str]:
    return (text for _number, record in numbered for text in record.all("dateofbirth"))


def _pairs(record: Record) -> list[Pair]:
    """Return the canonical fields of an entry. In SUN's later store, a title is a civility, and the
    postal address is the street besides its city."""
    dialect = sun.dialect_of(record.dn)
    pairs: list[Pair] = []
    for name, text in record.values:
        field_name = headers.ATTRIBUTES.get(name, "")
        if not field_name and name.startswith(("pi", "mozilla")):
            field_name = headers.fields_of([name])[0]
        if dialect == "piserverdb":
            field_name = sun.PISERVERDB.get(name, field_name)
            field_name = "" if name == "cn" and record.first("displayname") else field_name
        if not field_name:
            continue
        if field_name.endswith((".lines", ".street")) and "$" in text:
            text = sun.postal_lines(text)
        pairs.append((field_name, text))
    if not dialect and not record.first("mail"):
        pairs += [("email", value) for name, value in rdns(record.dn) if name == "mail" and value]
    return pairs


def _add_groups(
    groups: Sequence[_Numbered], belongs: Sequence[_Numbered], gathered: Gathered
) -> None:
    """Add the groups. ``belongs`` are pairs of a contact's index and its record."""
    for dialect in ("pab", "piserverdb"):
        ours = [item for item in groups if sun.dialect_of(item[1].dn) == dialect]
        entries = [item for item in belongs if sun.dialect_of(item[1].dn) == dialect]
        sun.add_groups(ours, entries, dialect, gathered)
    others = [item for item in groups if not sun.dialect_of(item[1].dn)]
    if not others:
        return
    members = MemberIndex(gathered.contacts, fold)
    lists = {normal_dn(record.dn): _member_dns(record) for _number, record in others}
    dns: dict[str, int] = {}
    for index, record in belongs:
        dns.setdefault(normal_dn(record.dn), index)
    for number, record in others:
        gathered.groups.append(_group(number, record, lists, members, dns, gathered))


def _group(
    number: int,
    record: Record,
    lists: dict[str, list[str]],
    members: MemberIndex,
    dns: dict[str, int],
    gathered: Gathered,
) -> GroupData:
    """Return a list that names its members by DN. They are found by DN, then by address, then by
    name. Each inner list is followed once."""
    indexes: dict[int, None] = {}
    external: dict[str, None] = {}
    missing: dict[str, None] = {}
    own = normal_dn(record.dn)
    seen, waiting = {own}, [*reversed(_member_dns(record))]
    while waiting:
        dn = waiting.pop()
        parts = dict(rdns(dn))
        key = normal_dn(dn)
        index = dns.get(key)
        if index is None and (inner := lists.get(key)) is not None:
            if key == own:
                gathered.warn("group_cycle", number)
            elif key not in seen and gathered.may_follow(inner):
                seen.add(key)
                waiting += reversed(inner)
            elif key not in seen:
                missing.setdefault(dn)
            continue
        if index is None:
            index = members.find("", parts.get("mail", ""))
        if index is None:
            index = members.find("", parts.get("cn", ""))
        if index is not None:
            indexes.setdefault(index)
        elif parts.get("mail"):
            external.setdefault(parts["mail"])
        else:
            missing.setdefault(dn)
    if not (indexes or external or missing):
        gathered.warn("group_without_members", number)
    for value in (*external, *missing):
        gathered.warn("member_not_found", number, value)
    name = record.first("cn", "displayname") or dict(rdns(record.dn)).get("cn", "")
    return GroupData(name, tuple(indexes), tuple(external), tuple(missing))


def _member_dns(record: Record) -> list[str]:
    plain = [f"mail={value}" for value in record.all("rfc822member", "mgrprfc822mailmember")]
    return [*record.all("member", "uniquemember"), *plain][:20_000]
