"""Old address books, read into contacts. A file is recognised by its content, and nothing in it is
trusted.

Pure functions: no Django, no files, no network, no clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from addressbook import charsets
from addressbook.importers import (
    archives,
    detect,
    ldif,
    own,
    siecle,
    table,
    turba,
    vcards,
    workbooks,
)
from addressbook.importers.duplicates import duplicate_sets
from addressbook.importers.reading import (
    LARGEST_FILE,
    MOST_RECORDS,
    Reading,
    TableColumn,
    refused,
)

__all__ = [
    "LARGEST_FILE",
    "MOST_RECORDS",
    "TOO_COSTLY",
    "Reading",
    "TableColumn",
    "duplicate_sets",
    "read_address_book",
    "read_together",
]

TOO_COSTLY = "too_costly"
"""The code of a file whose reading was stopped by a limit of time or memory."""


def read_address_book(
    content: bytes, *, source: str = "auto", columns: Mapping[int, str] | None = None
) -> Reading:
    """Return the contacts of a file. ``source`` (``auto sun horde other``) is the program that the
    user named; it counts only if the content does not tell. ``columns`` replaces the canonical
    fields of a table's columns, by index. Never raises: an unreadable file gives a refused
    reading."""
    if len(content) > LARGEST_FILE:
        return refused("too_large")
    if detect.is_zip(content):
        if kind := workbooks.kind_of(content):
            return workbooks.read_workbook(content, kind, source=source, columns=columns)
        return archives.read_archive(content, lambda file: _read(file, source, None))
    return _read(content, source, columns)


def read_together(contents: list[bytes]) -> Reading:
    """Return the families of several exports of SIECLE, alone or in zips: pupils are in one file,
    their guardians in another. Never raises."""
    return siecle.read_exports(
        [export for content in contents for export in archives.exports_of(content)]
    )


def _read(content: bytes, source: str, columns: Mapping[int, str] | None) -> Reading:
    if code := detect.reject_code(content):
        return refused(code)
    if siecle.is_export(content):
        return siecle.read_exports([content])
    decoded = charsets.decode(content)
    begun = Reading(
        source=source,
        charset=decoded.charset,
        line_ending=detect.line_ending(content),
    )
    if own.is_table(decoded.text):
        return table.read_table(
            decoded, source=source, columns=columns, known=replace(begun, source="")
        )
    if vcards.is_vcard(decoded.text):
        del decoded  # as large as the file
        return vcards.read_vcards(content, begun)
    if turba.is_sql(decoded.text):
        return turba.read_sql(decoded, begun)
    is_ldif, is_old = ldif.is_ldif(decoded.text), ldif.is_old_output(decoded.text)
    if not (is_ldif or is_old):
        return table.read_table(
            decoded, source=source, columns=columns, known=replace(begun, source="")
        )
    wide = decoded.charset.startswith("utf-16")
    plain = decoded.text.encode("utf-8") if wide else content.removeprefix(b"\xef\xbb\xbf")
    del decoded
    return ldif.read_ldif(plain if is_ldif else ldif.from_old_output(plain), begun)
