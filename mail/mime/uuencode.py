"""Files that old programs write into a text: uuencode, and its base64 variant (POSIX uuencode)."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mail.mime import encoded_words, headers
from mail.mime.structure import Piece
from mail.mime.text import decode_transfer

MOST_FILES = 100

_BEGIN = re.compile(
    rb"^begin(-base64)?[ \t]+[0-7]{3,4}[ \t]+([^ \t\r\n][^\r\n]{0,399})\r?\n", re.MULTILINE
)
_LINE = re.compile(rb"([ -`]*)\r?(?:\n|\Z)")
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]{1,400}={0,2}[ \t]*\r?(?:\n|\Z)")
_END = re.compile(rb"(?:[` ]?[ \t]*\r?\n)?end[ \t]*\r?(?:\n|\Z)")
_BASE64_END = re.compile(rb"====[ \t]*\r?(?:\n|\Z)")


@dataclass(frozen=True)
class Uudecoded:
    """A text without its uuencoded files, and these files. ``is_whole`` is False when one has no
    end.
    """

    text: bytes
    files: tuple[Piece, ...]
    is_whole: bool = True


@dataclass(frozen=True)
class _Block:
    start: int
    end: int
    file: Piece
    is_whole: bool


def is_in(data: bytes) -> bool:
    """Return whether the text contains a uuencoded file, or its beginning."""
    return next(_blocks(data), None) is not None


def take_out(data: bytes) -> Uudecoded:
    """Separate the files from the text of a part, whose transfer encoding is already decoded.

    A line ``begin 644 name`` counts only if a line of uuencode follows it, because users write such
    lines too. A block without its end is a file as far as it goes. At most 100 files are taken out.
    """
    kept: list[bytes] = []
    files: list[Piece] = []
    position = 0
    is_whole = True
    for block in _blocks(data):
        kept.append(data[position : block.start])
        files.append(block.file)
        is_whole = is_whole and block.is_whole
        position = block.end
    return Uudecoded(b"".join([*kept, data[position:]]), tuple(files), is_whole)


def _blocks(data: bytes) -> Iterator[_Block]:
    position = 0
    for _ in range(MOST_FILES):
        block = None
        while block is None:
            begin = _BEGIN.search(data, position)
            if begin is None:
                return
            position = begin.end()
            block = _block(data, begin)
        position = block.end
        yield block


def _block(data: bytes, begin: re.Match[bytes]) -> _Block | None:
    if begin[1]:
        content, end = _base64_lines(data, begin.end())
        closing = _BASE64_END.match(data, end)
    else:
        content, end, is_sure = _lines(data, begin.end())
        closing = _END.match(data, end)
        content = content if is_sure or closing else b""
    if not content and not closing:
        return None
    name = headers.safe_name(encoded_words.decode(begin[2]))
    file = Piece("application/octet-stream", content, name)
    return _Block(begin.start(), closing.end() if closing else end, file, closing is not None)


def _lines(data: bytes, position: int) -> tuple[bytes, int, bool]:
    """Return the bytes of the uuencoded lines from ``position`` on, their end, and whether the
    first line is certainly no typed text, because it has the length that it declares.
    """
    pieces: list[bytes] = []
    is_sure = False
    has_backticks = False
    while line := _LINE.match(data, position):
        code = line[1]
        length = (code[0] - 32) & 63 if code else 0
        missing = (length + 2) // 3 * 4 + 1 - len(code)
        # If spaces stand for zeros, mail programs may have cut them off at the line's end.
        if length == 0 or missing < -2 or (missing > 0 and has_backticks):
            break
        is_sure = is_sure or (not pieces and missing <= 0)
        has_backticks = has_backticks or b"`" in code
        # The filling of the last group, and the checksum of some programs, may be anything.
        pieces.append(binascii.a2b_uu(code[: 1 + (length * 4 + 2) // 3]))
        position = line.end()
    return b"".join(pieces), position, is_sure


def _base64_lines(data: bytes, position: int) -> tuple[bytes, int]:
    start = position
    while not _BASE64_END.match(data, position) and (line := _BASE64_LINE.match(data, position)):
        position = line.end()
    return decode_transfer(data[start:position], "base64"), position
