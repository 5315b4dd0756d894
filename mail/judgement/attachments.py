"""Kinds of attachments that frauds use: pages that ask for a password, programs, and archives that
hold one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST = 64_000
"""Bytes of a file that are looked at."""
_MOST_MEMBERS = 50
_PROGRAMS = frozenset(
    """
    apk appx bat chm cmd com cpl dll exe hta img iso jar js jse lnk mjs msc msi msix one pif ps1
    reg scf scr sct url vb vbe vbs vhd vhdx wsf wsh xll
    """.split()
)
_WITH_MACROS = frozenset("docm dotm xlsm xltm xlam pptm ppsm xlsb".split())
_ARCHIVES = frozenset("zip rar 7z gz tgz tar cab ace arj uue".split())
_PAGES = frozenset("htm html xhtml shtml svg mht mhtml".split())
_FORM = re.compile(
    r"<form\b|type\s*=\s*[\"']?password|\batob\s*\(|unescape\s*\(|eval\s*\(|fromcharcode"
    r"|location(?:\.href|\.replace|\.assign)?\s*[=(]|http-equiv\s*=\s*[\"']?refresh",
    re.IGNORECASE,
)
_LOCAL_HEADER = b"PK\x03\x04"


@dataclass(frozen=True)
class Attachment:
    """A file: its name, media type in small letters, and its first bytes, decoded."""

    name: str
    media_type: str
    beginning: bytes

    @property
    def ending(self) -> str:
        """The ending of the name, behind its last point, in lower case."""
        return _ending(self.name)


def _ending(name: str) -> str:
    return name.rpartition(".")[2].strip().lower() if "." in name else ""


def signs(attachments: tuple[Attachment, ...]) -> Iterator[str]:
    """Yield stable codes, each once."""
    yield from dict.fromkeys(code for attachment in attachments for code in _signs_of(attachment))


def _signs_of(attachment: Attachment) -> Iterator[str]:
    ending = attachment.ending
    if ending in _PROGRAMS:
        yield "program_attached"
    elif ending in _WITH_MACROS:
        yield "macros_attached"
    elif ending in _PAGES or attachment.media_type in ("text/html", "image/svg+xml"):
        page = attachment.beginning.decode("latin-1")
        yield "form_attached" if _FORM.search(page) else "page_attached"
    elif attachment.beginning.startswith(_LOCAL_HEADER) and ending in ("zip", ""):
        yield from _of_zip(attachment.beginning)
    elif ending in _ARCHIVES:
        yield "archive_attached"


def _of_zip(data: bytes) -> Iterator[str]:
    yield "archive_attached"
    position, is_locked = 0, False
    for _member in range(_MOST_MEMBERS):
        position = data.find(_LOCAL_HEADER, position)
        if position < 0 or position + 30 > len(data):
            break
        is_locked = is_locked or bool(data[position + 6] & 1)
        length = int.from_bytes(data[position + 26 : position + 28], "little")
        name = data[position + 30 : position + 30 + min(length, 300)].decode("utf-8", "replace")
        if _ending(name) in _PROGRAMS | _WITH_MACROS | _PAGES:
            yield "program_attached"
        position += 30
    if is_locked:
        yield "archive_locked"
