"""Files in the format in which Outlook saves messages (.msg): a compound file of streams and
storages (MS-CFB) with the properties of a message (MS-OXMSG)."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

Tree = dict[str, "bytes | Tree"]
"""Streams and storages by name."""

SECTOR, _MINI, _CUTOFF = 512, 64, 4096
_END, _FREE, _FAT, _NONE = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0xFFFFFFFF
_MAGIC = bytes.fromhex("d0cf11e0a1b11ae1")
SENT = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


# --- compound files ---


@dataclass
class _Entry:
    name: str
    kind: int
    content: bytes = b""
    left: int = _NONE
    right: int = _NONE
    child: int = _NONE
    start: int = _END
    size: int = 0

    def packed(self) -> bytes:
        name = self.name.encode("utf-16-le")[:62]
        fields = (self.kind, 1, self.left, self.right, self.child)
        return (
            name.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(name) + 2, *fields)
            + bytes(36)
            + struct.pack("<III", self.start, self.size, 0)
        )


@dataclass
class _Writer:
    entries: list[_Entry] = field(default_factory=list)
    sectors: list[bytes] = field(default_factory=list)
    fat: list[int] = field(default_factory=list)
    minifat: list[int] = field(default_factory=list)
    mini: bytes = b""

    def place(self, tree: Tree) -> int:
        """Add the entries of a storage. Return the number of the middle one, which is the root of
        their tree."""
        placed: list[int] = []
        for name in sorted(tree, key=lambda stream_name: (len(stream_name), stream_name.upper())):
            value = tree[name]
            number = len(self.entries)
            placed.append(number)
            if isinstance(value, bytes):
                self.entries.append(_Entry(name, 2, value))
            else:
                self.entries.append(_Entry(name, 1))
                self.entries[number].child = self.place(value)
        return self._balanced(placed)

    def _balanced(self, numbers: Sequence[int]) -> int:
        if not numbers:
            return _NONE
        middle = len(numbers) // 2
        entry = self.entries[numbers[middle]]
        entry.left = self._balanced(numbers[:middle])
        entry.right = self._balanced(numbers[middle + 1 :])
        return numbers[middle]

    def add(self, data: bytes) -> int:
        """Add data as consecutive sectors. Return the number of the first."""
        if not data:
            return _END
        first = len(self.sectors)
        for at in range(0, len(data), SECTOR):
            self.sectors.append(data[at : at + SECTOR].ljust(SECTOR, b"\0"))
            self.fat.append(len(self.sectors))
        self.fat[-1] = _END
        return first

    def add_mini(self, data: bytes) -> int:
        first = len(self.minifat)
        for at in range(0, len(data), _MINI):
            self.mini += data[at : at + _MINI].ljust(_MINI, b"\0")
            self.minifat.append(len(self.minifat) + 1)
        self.minifat[-1] = _END
        return first


def compound(tree: Tree) -> bytes:
    """Return a file with these streams and storages."""
    made = _Writer([_Entry("Root Entry", 5)])
    made.entries[0].child = made.place(tree)
    for entry in made.entries[1:]:
        if entry.kind == 2 and entry.content:
            entry.size = len(entry.content)
            small = entry.size < _CUTOFF
            entry.start = (made.add_mini if small else made.add)(entry.content)
    root = made.entries[0]
    root.size, root.start = len(made.mini), made.add(made.mini)
    raw_minifat = b"".join(struct.pack("<I", sector) for sector in made.minifat)
    padded = raw_minifat.ljust(-(-len(raw_minifat) // SECTOR) * SECTOR, b"\xff")
    minifat, minifat_count = made.add(padded), len(padded) // SECTOR
    raw = b"".join(entry.packed() for entry in made.entries)
    empty = _Entry("", 0).packed()
    while len(raw) % SECTOR:
        raw += empty
    directory = made.add(raw)
    count = 1
    while len(made.sectors) + count > count * SECTOR // 4:
        count += 1
    first_fat = len(made.sectors)
    made.fat += [_FAT] * count
    whole = b"".join(struct.pack("<I", sector) for sector in made.fat)
    fat = whole.ljust(count * SECTOR, b"\xff")
    if count > 109:
        raise ValueError("too large for this writer")
    places = [first_fat + number for number in range(count)]
    head = _MAGIC + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIII", 0, count, directory, 0, _CUTOFF)
    head += struct.pack("<IIII", minifat, minifat_count, _END, 0)
    head += b"".join(struct.pack("<I", sector) for sector in (places + [_FREE] * 109)[:109])
    return head + b"".join(made.sectors) + fat


# --- messages ---


def ticks(when: datetime) -> int:
    return int((when - datetime(1601, 1, 1, tzinfo=UTC)).total_seconds()) * 10_000_000


def storage(head: int, strings: dict[str, str | bytes], fixed: dict[str, int]) -> Tree:
    """Return the storage of properties. ``strings`` with a number as name (``0037``) are Unicode,
    those with number and type (``0037001E``) are bytes. Names of ``fixed`` are number and type."""
    tree: Tree = {}
    rows = b""
    for name, value in strings.items():
        tag = name if len(name) == 8 else f"{name}001F"
        raw = value.encode("utf-16-le") if isinstance(value, str) else value
        tree[f"__substg1.0_{tag}"] = raw
        rows += struct.pack("<IIII", int(tag, 16), 6, len(raw), 0)
    for tag, number in fixed.items():
        rows += struct.pack("<IIQ", int(tag, 16), 6, number)
    tree["__properties_version1.0"] = bytes(head) + rows
    return tree


def recipient(kind: int, name: str, address: str = "") -> Tree:
    strings: dict[str, str | bytes] = {"3001": name}
    if address:
        strings |= {"39FE": address, "3003": address}
    else:
        strings["3003"] = "/o=Rectorat/ou=Paris/cn=Recipients/cn=0f3a"
    return storage(8, strings, {"0C150003": kind})


def attachment(name: str, content: bytes, media_type: str = "", cid: str = "") -> Tree:
    strings: dict[str, str | bytes] = {"3707": name, "37010102": content}
    strings |= {"370E": media_type} if media_type else {}
    strings |= {"3712": cid} if cid else {}
    return storage(8, strings, {"37050003": 1})


def attached_message(name: str, inner: Tree) -> Tree:
    """Return an attachment that is a message. ``inner`` is made by `message` with ``head`` 24."""
    tree = storage(8, {"3001": name}, {"37050003": 5})
    tree["__substg1.0_3701000D"] = inner
    return tree


def message(
    *,
    subject: str = "Conseil de classe",
    text: str = "Bonjour,\r\nà mardi.\r\n",
    recipients: Sequence[Tree] = (),
    attachments: Sequence[Tree] = (),
    head: int = 32,
    more: dict[str, str | bytes] | None = None,
    fixed: dict[str, int] | None = None,
) -> Tree:
    """Return a message from Hawa Diallo. The strings ``more`` and the properties ``fixed`` override
    its values."""
    strings: dict[str, str | bytes] = {
        "001A": "IPM.Note",
        "0037": subject,
        "1000": text,
        "0C1A": "Hawa Diallo",
        "5D01": "hawa.diallo@ac-exemple.fr",
    }
    numbers = {"00390040": ticks(SENT), "0E060040": ticks(SENT), "0E070003": 1}
    strings |= more or {}
    tree = storage(head, {k: v for k, v in strings.items() if v}, numbers | (fixed or {}))
    for number, file in enumerate(recipients):
        tree[f"__recip_version1.0_#{number:08X}"] = file
    for number, file in enumerate(attachments):
        tree[f"__attach_version1.0_#{number:08X}"] = file
    return tree
