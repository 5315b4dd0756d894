"""A zip of address books, read or refused as a whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from stat import S_ISLNK

from addressbook.contact_data import GroupData
from addressbook.importers import detect, siecle
from addressbook.importers.reading import (
    LARGEST_FILE,
    FileRejected,
    Gathered,
    Reading,
    Skipped,
    Warned,
    refused,
)
from mail import zips

MOST_FILES = 2_000
LARGEST_WHOLE = 4 * LARGEST_FILE
_HIGHEST_RATIO = 200
# A small file may be packed very tightly without being a zip bomb.
_SMALL = 1_000_000
_ADDRESS = re.compile(r"[^\s@/]+@[^\s@/]+\.[^\s@/.]{2,}")


def read_archive(content: bytes, read_file: Callable[[bytes], Reading]) -> Reading:
    """Return all files of a zip as one reading. A file that is named after an address belongs to
    that person: ``prenom.nom@ac-exemple.fr.vcf``."""
    try:
        return _read_members(content, _members(content), read_file)
    except FileRejected as error:
        return refused(str(error.args[0]), Reading(format="zip"))
    except zips.BadZip as error:
        return refused(_CODES[error.fault], Reading(format="zip"))


def exports_of(content: bytes) -> list[bytes]:
    """Return the exports of SIECLE in a zip, or the file if it is one; nothing for a damaged
    zip."""
    if not detect.is_zip(content):
        return [content] if siecle.is_export(content) else []
    try:
        members = [member for member in _members(content) if _is_export(content, member)]
        return _contents(content, members)
    except (FileRejected, zips.BadZip):
        return []


def _contents(content: bytes, members: Sequence[zips.ZipMember]) -> list[bytes]:
    return [zips.read_member(content, member, limit=LARGEST_FILE) for member in members]


def _is_export(content: bytes, member: zips.ZipMember) -> bool:
    return siecle.is_export(zips.beginning(content, member, 1_000))


def _read_members(
    content: bytes, members: Sequence[zips.ZipMember], read_file: Callable[[bytes], Reading]
) -> Reading:
    """Read the exports of SIECLE in a zip together, and every other file by itself."""
    parts: dict[bool, list[zips.ZipMember]] = {True: [], False: []}
    for member in members:
        parts[_is_export(content, member)].append(member)
    exports, others = parts[True], parts[False]
    if not exports:
        return joined(_read_all(content, others, read_file))
    whole = siecle.read_exports(_contents(content, exports))
    if not others:
        return whole
    return joined(chain([("SIECLE", whole)], _read_all(content, others, read_file)))


_CODES = {
    zips.ZipFault.DAMAGED: "bad_zip",
    zips.ZipFault.BOMB: "zip_bomb",
    zips.ZipFault.TOO_LARGE: "zip_bomb",
    zips.ZipFault.TOO_MANY: "zip_too_many_files",
    zips.ZipFault.ENCRYPTED: "zip_encrypted",
    zips.ZipFault.METHOD: "zip_method",
}


def _members(content: bytes) -> list[zips.ZipMember]:
    """Return the files of a zip, checked before any is unpacked. Raises Refused and BadZip."""
    members = zips.members(content, most=MOST_FILES)
    names = {member.name for member in members}
    if "[Content_Types].xml" in names or {"mimetype", "content.xml"} <= names:
        raise FileRejected("document")
    for member in members:
        _check(content, member)
    if sum(member.size for member in members) > LARGEST_WHOLE:
        raise FileRejected("zip_bomb")
    return [member for member in members if not member.is_folder and not _is_noise(member.name)]


def _check(content: bytes, member: zips.ZipMember) -> None:
    name = member.name.replace("\\", "/")
    if name.startswith("/") or re.match(r"[A-Za-z]:", name) or ".." in name.split("/"):
        raise FileRejected("zip_path")
    if "\0" in name or S_ISLNK(member.mode):
        raise FileRejected("zip_path")
    zips.packed(content, member)
    ratio = member.size / max(member.packed_size, 1)
    if member.size > LARGEST_FILE or (member.size > _SMALL and ratio > _HIGHEST_RATIO):
        raise FileRejected("zip_bomb")


def _is_noise(name: str) -> bool:
    """Return whether macOS or Windows added the file by itself."""
    parts = name.split("/")
    return parts[0] == "__MACOSX" or parts[-1].startswith(".") or parts[-1] == "Thumbs.db"


def _read_all(
    content: bytes,
    members: Sequence[zips.ZipMember],
    read_file: Callable[[bytes], Reading],
) -> Iterator[tuple[str, Reading]]:
    # An archive inside the zip refuses the whole, so all files are checked before one is read.
    for member in members:
        if detect.is_zip(zips.beginning(content, member, 4)):
            raise FileRejected("zip_nested")
    for member in members:
        yield member.name, read_file(zips.read_member(content, member, limit=LARGEST_FILE))


def joined(readings: Iterator[tuple[str, Reading]]) -> Reading:
    """Join several readings into one, each with the name of its file."""
    gathered = Gathered()
    first = ""
    sources: dict[str, None] = {}
    owned = False
    files = 0
    for name, reading in readings:
        files += 1
        if reading.outcome == "reject":
            first = first or reading.reject_code
            gathered.skip(files - 1, 0, reading.reject_code, name)
            continue
        sources.setdefault(reading.source)
        owner = _owner(name)
        owned = owned or bool(owner) or reading.bulk
        _append(gathered, reading, owner)
    source = next(iter(sources), "") if len(sources) < 2 else "mixed"
    whole = Reading(format="zip", source=source, bulk=owned)
    return gathered.finished(whole, empty=first or "no_contacts")


def _owner(name: str) -> str:
    """Return the address after which a file, or its folder, is named."""
    for part in reversed(name.split("/")):
        stem = re.sub(r"\.(?:vcf|csv|tsv|ldif|ldi|txt|sql)$", "", part, flags=re.IGNORECASE)
        if _ADDRESS.fullmatch(stem):
            return stem
    return ""


def _append(gathered: Gathered, reading: Reading, owner: str) -> None:
    shift = len(gathered.contacts)
    # Records are counted on from file to file, so that each has its own number.
    ahead = max(gathered.records, default=-1) + 1
    for contact, record, line in zip(reading.contacts, reading.records, reading.lines, strict=True):
        gathered.add(replace(contact, owner=owner or contact.owner), record + ahead, line)
    for group in reading.groups:
        members = tuple(member + shift for member in group.members)
        moved: GroupData = replace(group, members=members, owner=owner or group.owner)
        gathered.groups.append(moved)
    gathered.roles |= {shift + n: role for n, role in enumerate(reading.roles)}
    gathered.links += [
        replace(link, pupil=link.pupil + shift, guardian=link.guardian + shift)
        for link in reading.links
    ]
    gathered.warnings += [
        Warned(warned.code, warned.record + ahead, warned.value) for warned in reading.warnings
    ]
    gathered.skipped += [
        Skipped(skipped.record + ahead, skipped.line, skipped.reason, skipped.value)
        for skipped in reading.skipped
    ]
