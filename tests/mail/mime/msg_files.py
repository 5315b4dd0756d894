"""Files of Outlook (.msg) that are nested or broken in many ways."""

from __future__ import annotations

import struct

from demo.outlook_files import SECTOR, attached_message, attachment, compound, message


def nested(depth: int) -> bytes:
    """A message in a message, so many of them."""
    tree = message(subject="0", head=24)
    for number in range(1, depth):
        head = 32 if number == depth - 1 else 24
        tree = message(subject=str(number), head=head, attachments=[attached_message("m", tree)])
    return compound(tree)


# --- hostile ones ---


def changed(content: bytes, place: int, value: int) -> bytes:
    return content[:place] + struct.pack("<I", value) + content[place + 4 :]


def entry_place(content: bytes, name: str) -> int:
    """The byte at which the entry of a stream begins."""
    return content.index(name.encode("utf-16-le") + b"\0\0")


def with_size(content: bytes, name: str, size: int) -> bytes:
    """A stream that declares another size."""
    return changed(content, entry_place(content, name) + 120, size)


def cyclic(content: bytes) -> bytes:
    """Each sector follows itself."""
    count = struct.unpack_from("<I", content, 44)[0]
    for number in range(count):
        sector = struct.unpack_from("<I", content, 76 + 4 * number)[0]
        start = (sector + 1) * SECTOR
        for at in range(SECTOR // 4):
            content = changed(content, start + 4 * at, number * SECTOR // 4 + at)
    return content


def in_circles(content: bytes) -> bytes:
    """The entries of the directory lead to each other."""
    directory = (struct.unpack_from("<I", content, 48)[0] + 1) * SECTOR
    for number in range(4):
        at = directory + 128 * number
        content = changed(content, at + 68, (number + 1) % 4)
        content = changed(content, at + 72, (number + 2) % 4)
        content = changed(content, at + 76, 0)
    return content


def sharing(copies: int, size: int) -> bytes:
    """Attachments whose streams all lie in the same place, each as long as the file."""
    tree = message(attachments=[attachment(f"{n}.bin", b"x" * size) for n in range(1)])
    tree |= {
        f"__attach_version1.0_#{n:08X}": attachment(f"{n}.bin", b"y" * 5000)
        for n in range(1, copies)
    }
    content = compound(tree)
    name = "__substg1.0_37010102".encode("utf-16-le") + b"\0\0"
    places = [at for at in range(0, len(content), 128) if content.startswith(name, at)]
    large = max(places, key=lambda at: struct.unpack_from("<I", content, at + 120)[0])
    start, long = struct.unpack_from("<II", content, large + 116)
    for at in places:
        content = changed(changed(content, at + 116, start), at + 120, long)
    return content
