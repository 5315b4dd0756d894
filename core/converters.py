"""Folder names and message references <-> URL segments.

Identifiers are checked here, where they enter, since imaplib lets CR and LF through.
"""

from __future__ import annotations

import re

CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
UINT32 = 2**32 - 1
# The greatest length of a folder name in characters. Dovecot allows 4,096 bytes, levels included.
LONGEST_NAME = 4000


class FolderConverter:
    """``Classes/4e B`` <-> ``Classes~2F4e B``: a slash would separate path segments, and ``..``
    would go up.
    """

    regex = rf"[^/\x00-\x1f\x7f]{{1,{LONGEST_NAME}}}"

    def to_python(self, value: str) -> str:
        name = re.sub(r"~([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), value)
        if CONTROLS.search(name) or self.to_url(name) != value:
            raise ValueError(value)
        # RFC 9051 section 5.1. Only for ASCII: Python's capital of a Turkish dotless i is an I.
        return "INBOX" if name.isascii() and name.upper() == "INBOX" else name

    def to_url(self, name: str) -> str:
        if CONTROLS.search(name):
            raise ValueError(name)
        escaped = name.replace("~", "~7E").replace("/", "~2F")
        return escaped.replace(".", "~2E") if escaped in {".", ".."} else escaped


class MessageConverter:
    """``1700000000-42`` <-> (UIDVALIDITY, UID), 32-bit numbers above zero (RFC 9051 2.3.1.1)."""

    regex = r"[1-9][0-9]{0,9}-[1-9][0-9]{0,9}"

    def to_python(self, value: str) -> tuple[int, int]:
        """Return the reference. Forms call this too, without the pattern above."""
        if not re.fullmatch(self.regex, value):
            raise ValueError(value)
        uidvalidity, _hyphen, uid = value.partition("-")
        numbers = int(uidvalidity), int(uid)
        if max(numbers) > UINT32:
            raise ValueError(value)
        return numbers

    def to_url(self, value: tuple[int, int] | str) -> str:
        return value if isinstance(value, str) else f"{value[0]}-{value[1]}"


class PartConverter:
    """A part specifier, ``2.1``; ``2~1.3`` for a part inside the container that is part 2."""

    # Dovecot parses messages a hundred levels deep, and each part is a file that can be saved.
    regex = r"[1-9][0-9]{0,4}([.~][1-9][0-9]{0,4}){0,200}"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


class MemberConverter:
    """``3.0`` <-> (3, 0): a file in an attachment, and a file in that one."""

    regex = r"[0-9]{1,5}(\.[0-9]{1,5}){0,2}"

    def to_python(self, value: str) -> tuple[int, ...]:
        return tuple(int(step) for step in value.split("."))

    def to_url(self, value: tuple[int, ...]) -> str:
        return ".".join(str(step) for step in value)
