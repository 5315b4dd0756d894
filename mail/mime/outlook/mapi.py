"""Values of messages in Exchange and Outlook: numbered properties (MS-OXPROPS) of the types of
MS-OXCDATA. Files of the kinds winmail.dat and .msg contain the same properties.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# A multipart would need parts below it in the tree of a message; here there are none.
MEDIA_TYPE = re.compile(r"(?!multipart/)[a-z0-9][\w.+-]{0,60}/[\w.+-]{1,80}", re.ASCII)
# Within one Exchange server an address may be an X.500 name, which is useless to users.
_ADDRESS = re.compile(r"[^\s<>\"]{1,200}@[^\s<>\"]{1,200}")
# Windows' numbers of charsets without a codepage of their own.
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
    """Return the charset of a Windows codepage; ``""`` for 0, which means none."""
    return _CHARSETS.get(codepage, f"cp{codepage}") if codepage else ""


def moment(ticks: int) -> datetime | None:
    """Return the time of ``ticks``, tenths of a microsecond since 1601; None outside 1970 to 2200,
    the range accepted in mail.
    """
    if not 116_444_736_000_000_000 <= ticks < 189_026_784_000_000_000:
        return None
    return datetime(1601, 1, 1, tzinfo=UTC) + timedelta(microseconds=ticks // 10)


def is_address(value: str) -> bool:
    """Return whether a property is a mail address, not a name within one Exchange server."""
    return _ADDRESS.fullmatch(value) is not None
