"""Rich Text Format of Outlook in winmail.dat: decompressed, and converted to text or HTML."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, replace

from mail.mime import text as plain_text

MOST_BYTES = 4 * 1024 * 1024
_MOST_TOKENS = 1_000_000
_DEEPEST = 500

# --- compressed RTF (MS-OXRTFCP) ---

_COMPRESSED, _STORED = b"LZFu", b"MELA"
# The initial content of every dictionary (MS-OXRTFCP section 2.1.3.1.4).
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript "
    rb"\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\colortbl\red0\green0\blue0"
    b"\r\n"
    rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)
_WINDOW = 4096


def decompress(data: bytes, limit: int = MOST_BYTES) -> bytes:
    """Return the RTF in a PidTagRtfCompressed property; ``b""`` when it is none.

    The result has at most ``limit`` bytes, whatever size the head claims: sixty bytes can expand to
    five hundred. Broken data gives the part before the break.
    """
    kind = data[8:12]
    if kind == _STORED:
        return data[16 : 16 + limit]
    if kind != _COMPRESSED:
        return b""
    out = bytearray(_DICTIONARY)
    most = len(out) + limit
    position = 16
    while position < len(data) and len(out) < most:
        flags = data[position]
        position += 1
        for bit in range(8):
            if not flags >> bit & 1:
                out += data[position : position + 1]
                position += 1
                continue
            token = int.from_bytes(data[position : position + 2], "big")
            distance = (len(out) - (token >> 4)) % _WINDOW
            # A reference to the next position to be written ends the text.
            if position + 2 > len(data) or distance == 0 or distance > len(out):
                return bytes(out[len(_DICTIONARY) : most])
            position += 2
            _repeat(out, distance, (token & 15) + 2)
    return bytes(out[len(_DICTIONARY) : most])


def _repeat(out: bytearray, distance: int, length: int) -> None:
    """Append ``length`` bytes from ``distance`` back; they may overlap the bytes being written."""
    run = out[len(out) - distance :][:length]
    out += (run * (length // len(run) + 1))[:length]


# --- RTF -> text, or the HTML in it (MS-OXRTFEX) ---


@dataclass(frozen=True)
class Rtf:
    """``html`` if the RTF only wraps HTML, as Exchange's usually does, else ``text``."""

    text: str = ""
    html: str = ""


_TOKEN = re.compile(
    rb"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,9})? ?"
    rb"|\\'(?P<hex>[0-9A-Fa-f]{2})"
    rb"|\\(?P<symbol>[^A-Za-z0-9])"
    rb"|(?P<brace>[{}])"
    rb"|(?P<text>[^\\{}\r\n]{1,1000})"
    rb"|[\r\n]+|.",
    re.DOTALL,
)
_CHARACTERS = {
    b"par": "\n",
    b"line": "\n",
    b"sect": "\n",
    b"page": "\n",
    b"row": "\n",
    b"tab": "\t",
    b"cell": "\t",
    b"emdash": "—",
    b"endash": "–",
    b"emspace": "\u2003",
    b"enspace": "\u2002",
    b"lquote": "\u2018",
    b"rquote": "’",
    b"ldblquote": "“",
    b"rdblquote": "”",
    b"bullet": "•",
}
_SYMBOLS = {
    b"\\": "\\",
    b"{": "{",
    b"}": "}",
    b"~": "\u00a0",
    b"_": "\u2011",
    b"\n": "\n",
    b"\r": "\n",
}
# Groups without text of the document.
_DESTINATIONS = frozenset(
    {
        b"fonttbl",
        b"colortbl",
        b"stylesheet",
        b"info",
        b"pict",
        b"object",
        b"header",
        b"headerl",
        b"headerr",
        b"headerf",
        b"footer",
        b"footerl",
        b"footerr",
        b"footerf",
        b"fldinst",
        b"filetbl",
        b"revtbl",
    }
)


@dataclass(frozen=True)
class _Group:
    """The state inside one pair of braces."""

    is_skipped: bool = False
    is_tag: bool = False
    is_double: bool = False
    unicode_width: int = 1


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._is_html = b"\\fromhtml1" in data[:400]
        self._codepage = "cp1252"
        self._group = _Group()
        self._outer: list[_Group] = []
        self._out: list[str] = []
        self._bytes = bytearray()
        self._pending = 0
        self._is_starred = False

    def read(self) -> Rtf:
        position = 0
        for _ in range(_MOST_TOKENS):
            token = _TOKEN.match(self._data, position)
            if token is None:
                break
            position = token.end()
            if token["word"] == b"bin":
                position += max(0, int(token["number"] or 0))
            elif not self._take(token):
                break
        self._flush()
        written = "".join(self._out)
        written = written.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        return Rtf(html=written) if self._is_html else Rtf(text=written.strip("\n"))

    def _take(self, token: re.Match[bytes]) -> bool:
        """Process one token. Return False at the end of the document, or if it is nested too
        deep.
        """
        if token["text"] is not None:
            self._raw(token["text"])
        elif token["hex"] is not None:
            self._raw(bytes([int(token["hex"], 16)]))
        elif token["brace"] is not None:
            return self._brace(token["brace"])
        elif token["symbol"] is not None:
            self._symbol(token["symbol"])
        elif token["word"] is not None:
            self._word(token["word"], int(token["number"]) if token["number"] else None)
        return True

    def _brace(self, brace: bytes) -> bool:
        self._flush()
        self._pending = 0
        self._is_starred = False
        if brace == b"{":
            self._outer.append(self._group)
            return len(self._outer) <= _DEEPEST
        self._group = self._outer.pop() if self._outer else self._group
        return bool(self._outer)

    def _symbol(self, symbol: bytes) -> None:
        if symbol == b"*":
            self._is_starred = True
        elif symbol in _SYMBOLS:
            self._put(_SYMBOLS[symbol])

    def _word(self, word: bytes, number: int | None) -> None:
        is_starred, self._is_starred = self._is_starred, False
        if word == b"htmltag" and self._is_html:
            self._flush()
            self._group = replace(self._group, is_tag=True)
        elif is_starred or word in _DESTINATIONS:
            self._flush()
            self._group = replace(self._group, is_skipped=True)
        elif word == b"htmlrtf" and self._is_html:
            self._flush()
            self._group = replace(self._group, is_double=number != 0)
        elif word == b"ansicpg" and number:
            self._codepage = f"cp{number}"
        elif word == b"uc":
            self._group = replace(self._group, unicode_width=min(max(number or 0, 0), 8))
        elif word == b"u" and number is not None:
            self._put(chr(number & 0xFFFF))
            self._pending = self._group.unicode_width
        elif word in _CHARACTERS:
            self._put(_CHARACTERS[word])

    def _raw(self, data: bytes) -> None:
        r"""Add characters in the document's codepage, except those that replace a ``\u`` in old
        programs.
        """
        skipped = min(self._pending, len(data))
        self._pending -= skipped
        self._bytes += data[skipped:]

    def _flush(self) -> None:
        if self._bytes:
            written = plain_text.decode_charset(bytes(self._bytes), self._codepage)
            self._bytes.clear()
            self._put(written)

    def _put(self, written: str) -> None:
        self._flush()
        if self._group.is_skipped or self._group.is_double:
            return
        self._out.append(
            html.escape(written, quote=False)
            if self._is_html and not self._group.is_tag
            else written
        )


def read_rtf(data: bytes) -> Rtf:
    """Return the text of an RTF document, or the HTML that it wraps. Fonts, colours and pictures
    are dropped. Never raises; only the first 4 MB and a million words are read.
    """
    data = data[:MOST_BYTES]
    return _Reader(data).read() if data.lstrip()[:5] == b"{\\rtf" else Rtf()
