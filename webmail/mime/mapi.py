"""Values of messages as Exchange and Outlook keep them: properties by number (MS-OXPROPS), of the
types of MS-OXCDATA. winmail.dat and .msg files are two containers of the same properties."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# A multipart has its parts below it in the tree of a message, and here there are none.
MEDIA_TYPE = re.compile(r"(?!multipart/)[a-z0-9][\w.+-]{0,60}/[\w.+-]{1,80}", re.ASCII)
# Within one Exchange server an address is an X.500 name, which says nothing to people.
_ADDRESS = re.compile(r"[^\s<>\"]{1,200}@[^\s<>\"]{1,200}")
# The numbers that Windows gives to charsets without a codepage of their own.
_CHARSETS = {
    20127: "us-ascii",
    20866: "koi8-r",
    21866: "koi8-u",
    20932: "euc-jp",
    51932: "euc-jp",
    50220: "iso-2022-jp",
    50221: "iso-2022-jp",
    50222: "iso-2022-jp",
    51949: "euc-kr",
    54936: "gb18030",
    65000: "utf-7",
    65001: "utf-8",
    1200: "utf-16-le",
} | {28590 + n: f"iso-8859-{n}" for n in range(1, 16)}


def charset(codepage: int) -> str:
    """The charset of a number of Windows; ``""`` for 0, which says nothing."""
    return _CHARSETS.get(codepage, f"cp{codepage}") if codepage else ""


def moment(ticks: int) -> datetime | None:
    """A time in tenths of a microsecond from 1601 on; None outside 1970 to 2200, which is what a
    mail may say."""
    if not 116_444_736_000_000_000 <= ticks < 189_026_784_000_000_000:
        return None
    return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)


def is_address(value: str) -> bool:
    """Whether a property holds an address of mail, and no name within one Exchange server."""
    return _ADDRESS.fullmatch(value) is not None
