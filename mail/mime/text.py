"""The text of a part: transfer encodings, charsets, format=flowed, and plain text as safe HTML."""

from __future__ import annotations

import binascii
import codecs
import html
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pybase64

from mail.mime import links

# --- transfer encodings (RFC 2045 section 6) ---

_NOT_BASE64 = bytes(
    sorted(
        set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
    )
)
_BASE64_AND_BLANKS = bytes(set(range(256)) - set(_NOT_BASE64) | set(b" \t\r\n"))
_OPEN_ESCAPE = re.compile(rb"=(?:[0-9A-Fa-f]?|[ \t]{0,200}\r?)")
_STRAY_ESCAPE = re.compile(rb"=(?=[^0-9A-Fa-f\s])")
_LOOSE_SOFT_BREAK = re.compile(rb"=(?:[ \t]+\r?\n|\r(?!\n))")
_UU_NAMES = frozenset({"x-uuencode", "x-uue", "uuencode", "uue"})


class TransferDecoder:
    """Decodes a Content-Transfer-Encoding piece by piece, in constant memory.

    Decoding is lenient: invalid characters are skipped (base64) or kept (quoted-printable); an
    unknown encoding leaves the bytes unchanged.
    """

    def __init__(self, encoding: str) -> None:
        encoding = encoding.strip().lower()
        self.is_damaged = False
        """Whether there were bytes that the encoding does not allow, or its end is missing."""
        self._rest = b""
        self._decode = self._as_is
        if encoding == "base64":
            self._decode = self._base64
        elif encoding == "quoted-printable":
            self._decode = self._quoted_printable
        elif encoding in _UU_NAMES:
            self._decode = self._uuencoded

    def feed(self, data: bytes) -> bytes:
        """Return the decoded bytes of ``data``; an incomplete group waits for the next call."""
        return self._decode(data, False)

    def close(self) -> bytes:
        """Return the bytes that were still waiting."""
        return self._decode(b"", True)

    def _as_is(self, data: bytes, final: bool) -> bytes:
        return data

    def _base64(self, data: bytes, final: bool) -> bytes:
        if not self._rest and (decoded := _whole_lines(data)) is not None:
            return decoded
        characters = data.translate(None, _NOT_BASE64)
        # Nearly always, only line ends stand between the characters, which is cheap to check.
        if len(characters) + data.count(b"\n") + data.count(b"\r") != len(data):
            # A few strange characters in a thousand are a list's advert after the end, not damage.
            strange = len(data.translate(None, _BASE64_AND_BLANKS))
            self.is_damaged = self.is_damaged or strange * 20 > len(characters)
        characters = self._rest + characters
        # Padding ends a run: some programs encode pieces separately and join them. The pattern
        # checks each character, whereas `partition` finds the first mark.
        run, mark, behind = characters.partition(b"=")
        *ended, rest = (run, *re.split(rb"=+", behind.lstrip(b"="))) if mark else (run,)
        whole = len(rest) if final else len(rest) - len(rest) % 4
        self.is_damaged = self.is_damaged or (final and len(rest) % 4 == 1)
        self._rest = rest[whole:]
        return b"".join(_base64_run(run) for run in (*ended, rest[:whole]))

    def _quoted_printable(self, data: bytes, final: bool) -> bytes:
        data = _STRAY_ESCAPE.sub(b"=3D", self._rest + data)
        self._rest = b""
        last = data.rfind(b"=")
        if not final and last >= 0 and _OPEN_ESCAPE.fullmatch(data, last):
            data, self._rest = data[:last], data[last:]
        return binascii.a2b_qp(_LOOSE_SOFT_BREAK.sub(b"=\n", data))

    def _uuencoded(self, data: bytes, final: bool) -> bytes:
        lines = (self._rest + data).split(b"\n")
        # No real line has more than 62 characters, so a longer rest need not wait for its end.
        self._rest = b"" if final or len(lines[-1]) > 200 else lines.pop()
        return b"".join(_uu_line(line.rstrip(b"\r")) for line in lines)


_BLANK = re.compile(rb"\s")


def base64_size(size: int, head: bytes, tail: bytes) -> int | None:
    """Return the number of bytes in ``size`` bytes of base64 with this ``head`` and ``tail``; None
    unless all lines but the last are as long as the first.
    """
    characters = tail.rstrip(b" \t\r\n")
    end = size - (len(tail) - len(characters))
    padding = len(characters) - len(characters.rstrip(b"="))
    *lines, _begun = head.split(b"\n")
    if not lines:
        is_regular, count = not _BLANK.search(head + characters), end
    else:
        step, line = len(lines[0]) + 1, len(lines[0].rstrip(b"\r"))
        full, last = divmod(end, step)
        count = full * line + last
        is_regular = (
            0 < last <= line
            and not _BLANK.search(characters[-last:])
            and (full == 0 or characters[-last - 1 : -last] == b"\n")
            and all(len(full_line) + 1 == step for full_line in lines[:full])
        )
    if not is_regular or count % 4 or padding > 2:
        return None
    return count // 4 * 3 - padding


LINE = 78
"""Bytes of a line of base64 in nearly all programs: 76 characters and CRLF."""


def _whole_lines(data: bytes) -> bytes | None:
    """Decode base64 that consists only of such lines; None for any other. It takes half the time of
    searching for invalid characters, and nearly all of a large file is like this.
    """
    lines, more = divmod(len(data), LINE)
    if more or data[76::LINE] != b"\r" * lines or data[77::LINE] != b"\n" * lines:
        return None
    try:
        decoded = pybase64.b64decode(data)
    except binascii.Error:
        return None
    # There are fewer bytes if padding or invalid characters are in the lines.
    return decoded if len(decoded) == 57 * lines else None


def _base64_run(run: bytes) -> bytes:
    if len(run) % 4 == 1:
        run = run[:-1]
    return pybase64.b64decode(run + b"=" * (-len(run) % 4))


def _uu_line(line: bytes) -> bytes:
    if not line or line.startswith(b"begin ") or line == b"end":
        return b""
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        # Programs count the length in two ways; Python's old uu module repaired it like this.
        try:
            return binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])
        except binascii.Error:
            return b""


def decode_transfer(data: bytes, encoding: str) -> bytes:
    """Return ``data`` decoded from its Content-Transfer-Encoding, leniently like
    :class:`TransferDecoder`.
    """
    decoder = TransferDecoder(encoding)
    return decoder.feed(data) + decoder.close()


# --- charsets ---

# Only these codecs: Python has others that are no charset, some of them slow on malicious input
# (idna, punycode) or with another meaning (unicode_escape).
_SINGLE_BYTE = re.compile(
    r"iso8859-(?:[1-9]|1[013-6])|koi8-[rut]|kz1048|ptcp154|hp-roman8"
    r"|cp(?:437|720|737|775|85[025678]|86[0-69]|874|1006|1125|125[0-8])"
    r"|mac-(?:roman|latin2|cyrillic|greek|turkish|iceland|croatian|romanian)"
)
_STATEFUL = re.compile(r"utf-7|hz|iso2022_(?:jp|jp_ext|kr)|utf-(?:16|32)(?:-[lb]e)?")
_MULTI_BYTE = re.compile(
    r"cp932|shift_jis_2004|euc_jp|euc_jis_2004|cp949|johab|big5hkscs|gb18030|" + _STATEFUL.pattern
)
# Names that programs write, and the superset that they mean (WHATWG Encoding Standard).
_ALIASES = {
    name: codec
    for codec, names in {
        "iso8859-1": "latin1 latin-1 l1",
        "iso8859-15": "latin9 latin-9",
        "iso8859-8": "iso8859-8-i iso8859-8-e",
        "cp874": "iso8859-11 tis-620",
        "mac-roman": "macintosh x-mac-roman mac",
        "mac-cyrillic": "x-mac-cyrillic",
        "koi8-r": "koi8r koi",
        "koi8-u": "koi8u",
        "gb18030": "gb2312 gbk cp936 x-gbk euc-cn gb-2312-80 gb2312-80",
        "hz": "hz-gb-2312",
        "big5hkscs": "big5 big5-hkscs x-x-big5 cp950",
        "cp932": "shift-jis sjis x-sjis ms-kanji cp943",
        "euc_jp": "euc-jp x-euc-jp",
        "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 cp50220 cp50221 csiso2022jp",
        "iso2022_kr": "iso-2022-kr",
        "cp949": "euc-kr ks-c-5601-1987 ks-c-5601 ksc5601 uhc",
        "utf-8": "utf8 utf-8-sig utf-8-mac unicode-1-1-utf-8 cp65001",
        "utf-7": "unicode-1-1-utf-7 utf7 csunicode11utf7",
        "utf-16": "utf16 unicode ucs-2 iso-10646-ucs-2",
        "utf-16-le": "utf-16le",
        "utf-16-be": "utf-16be",
        "utf-32": "utf32",
        "utf-32-le": "utf-32le",
        "utf-32-be": "utf-32be",
    }.items()
    for name in names.split()
}
# Windows programs declare ISO 8859 but use windows-1252's characters in the range of C1; undefined
# bytes stay controls.
_C1_OF_WINDOWS = {
    byte: bytes([byte]).decode("cp1252")
    for byte in range(0x80, 0xA0)
    if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_C1 = re.compile("[\x80-\x9f]")


def _codec(charset: str) -> str:
    """Return the Python codec for a declared charset, ``""`` for an unknown one and for us-ascii,
    which tells little.
    """
    name = charset.strip(" \t\r\n\"';").lower().replace("_", "-").replace(" ", "-")[:40]
    name = re.sub(r"^(?:x-|cs)?iso-?8859-?(\d{1,2})(?=$|-[ie]$|:)", r"iso8859-\1", name).partition(
        ":"
    )[0]
    name = re.sub(r"^(?:x-)?(?:windows|win|cp|ibm|dos)-?(\d{3,5})$", r"cp\1", name)
    name = _ALIASES.get(name, name)
    if name == "utf-8" or _SINGLE_BYTE.fullmatch(name) or _MULTI_BYTE.fullmatch(name):
        return name
    return ""


def is_known(charset: str) -> bool:
    """Return whether a part in this charset can be decoded as declared; ``""`` is us-ascii."""
    name = charset.strip(" \t\r\n\"';").lower()
    return bool(_codec(name)) or name in ("", "us-ascii", "ascii", "ansi_x3.4-1968", "binary")


def decode_charset(data: bytes, charset: str) -> str:
    """Return ``data`` as text. The declared ``charset`` is used as far as the bytes allow. Never
    raises.

    - UTF-8 declared as ISO 8859 or windows-125x is read as UTF-8: other text is hardly ever valid
      UTF-8;
    - windows-1252 declared as ISO 8859-1 or -15 is read as windows-1252;
    - a missing or unknown charset, or one that contradicts the bytes: UTF-8 if valid, else
      windows-1252;
    - UTF-8 with some invalid bytes stays UTF-8, with U+FFFD for these bytes.

    UTF-7 is used if declared, never guessed. The result may have C0 control characters; those of C1
    become the characters of windows-1252.
    """
    unicode = _decode_charset(data, charset)
    return unicode.translate(_C1_OF_WINDOWS) if _C1.search(unicode) else unicode


def _decode_charset(data: bytes, charset: str) -> str:
    codec = _codec(charset)
    if data.isascii() and not _STATEFUL.fullmatch(codec):
        if codec or not re.search(rb"\x1b\$[@B]|\x1b\(J", data):
            return data.decode("ascii")
        codec = "iso2022_jp_ext"
    if data.startswith(codecs.BOM_UTF8):
        data, codec = data[3:], "utf-8"
    elif not codec and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        codec = "utf-16"
    if _MULTI_BYTE.fullmatch(codec):
        return _decode_multi_byte(data, codec)
    unicode = _decode_utf8(data, is_declared=codec == "utf-8")
    return unicode or _decode_single_byte(data, "" if codec == "utf-8" else codec)


_HIGH_BYTES = bytes(range(0x80, 0x100))


def _decode_utf8(data: bytes, *, is_declared: bool = False) -> str:
    """Return ``data`` decoded as UTF-8, ``""`` when it is something else.

    A character cut off at the end is dropped. But if UTF-8 was not declared, a lone byte at the end
    is an é of windows-1252.
    """
    try:
        unicode = codecs.getincrementaldecoder("utf-8")().decode(data)
        return unicode if is_declared or not unicode.isascii() else ""
    except UnicodeDecodeError:
        damaged = data.decode("utf-8", "replace")
    # Characters of windows-1252 rarely form the bytes of a UTF-8 character.
    bad = damaged.count("\ufffd")
    good = len(damaged) - bad - len(data.translate(None, _HIGH_BYTES))
    return damaged if good > bad or (is_declared and good == bad) else ""


def _decode_single_byte(data: bytes, codec: str) -> str:
    if codec in ("", "cp1252") or codec.startswith("iso8859-"):
        codec = codec if codec.startswith("iso8859-") else "iso8859-1"
    return data.decode(codec, "replace")


def _decode_multi_byte(data: bytes, codec: str) -> str:
    if codec == "utf-16" and not data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # Without a byte order mark, RFC 2781 demands big-endian, but Windows writes little-endian:
        # the zeros tell.
        codec = "utf-16-le" if data[1::2].count(0) >= data[::2].count(0) else "utf-16-be"
    try:
        return without_surrogates(data.decode(codec))
    except UnicodeError:
        if codec == "iso2022_jp_ext":
            return _decode_iso2022_jp(data)
    return _decode_utf8(data) or without_surrogates(data.decode(codec, "replace"))


def _decode_iso2022_jp(data: bytes) -> str:
    """Decode ISO-2022-JP with the characters that Windows programs add to it (№, ①, ㈱), which
    Python refuses.
    """
    first, *rest = re.split(rb"\x1b(\$[@B]|\([BJI])", data)
    out = [_decode_single_byte(first, "")]
    for escape, run in zip(rest[::2], rest[1::2], strict=True):
        if escape.startswith(b"$"):
            out.append(bytes(byte | 0x80 for byte in run).decode("euc_jis_2004", "replace"))
        elif escape == b"(I":
            out.append(bytes(byte | 0x80 for byte in run).decode("cp932", "replace"))
        else:
            out.append(_decode_single_byte(run, ""))
    return "".join(out)


def without_surrogates(unicode: str) -> str:
    """Return ``unicode`` with lone surrogates replaced by question marks, so that it can be
    encoded.
    """
    return unicode if unicode.isascii() else unicode.encode("utf-8", "replace").decode("utf-8")


_LINE_ENDS = re.compile("\r\n?|\u2028|\u2029")
# Also the two marks that reverse text, so that a host reads as another one.
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202d\u202e]")


def decode(data: bytes, encoding: str, charset: str) -> str:
    r"""Return the text of a part: transfer encoding and charset decoded, ``\n`` line ends, no
    control characters and no mark that reverses text.

    See :func:`decode_charset` for the treatment of charsets. Never raises; Unicode is not
    normalised.
    """
    unicode = decode_charset(decode_transfer(data, encoding), charset)
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", unicode)).removeprefix("\ufeff")


# --- format=flowed (RFC 3676) ---


def unflow(text: str, delsp: bool = False) -> str:
    """Return ``format=flowed`` text with its paragraphs joined; ``delsp`` is the parameter of that
    name.

    Quote marks are normalised to ``"> "``; lines of different quote depth are never joined (section
    4.5).
    """
    # Lines are collected in lists: a paragraph of a megabyte must not be copied for each line.
    out: list[list[str]] = []
    open_depth = -1
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")
        flows = content.endswith(" ") and content != "-- "
        joined = depth == open_depth and content != "-- "
        body = content[:-1] if flows and delsp else content
        if joined:
            out[-1].append(body)
        else:
            out.append([">" * depth + (" " if depth else "") + body])
        open_depth = depth if flows else -1
    return "\n".join("".join(pieces) for pieces in out)


_FLOWED_WIDTH = 72
_MARKS = re.compile(r"(?:> ?)+(?=\S|\Z)|(?:>)+")


def flow(text: str) -> str:
    """Return text with its long lines wrapped by ``format=flowed``: a line that ends in a space
    continues in the next. `unflow` restores the text, except for spaces at the ends of lines and
    between quote marks.

    Lines that a mail program or a server would misinterpret are stuffed (section 4.4).
    """
    return "\n".join(line for whole in text.split("\n") for line in _flowed(whole))


def _flowed(whole: str) -> Iterator[str]:
    marks = _MARKS.match(whole)
    depth = marks[0].count(">") if marks else 0
    content = whole[marks.end() :] if marks else whole
    prefix = ">" * depth + (" " if depth else "")
    if content == "-- ":
        yield prefix + content
        return
    pieces = _wrapped(content.rstrip(" "), _FLOWED_WIDTH - len(prefix))
    for piece in pieces:
        is_stuffed = not depth and piece.startswith((" ", ">", "From "))
        yield (prefix + (" " if is_stuffed else "") + piece) if piece else prefix.rstrip(" ")


def _wrapped(line: str, width: int) -> list[str]:
    """Return a line in pieces that end in a space, except the last; words stay whole."""
    pieces: list[str] = []
    start, end = 0, len(line.rstrip(" "))
    while len(line) - start > width:
        cut = line.rfind(" ", start + 1, start + width) + 1 or line.find(" ", start + width) + 1
        if not cut or cut >= end:
            break
        pieces.append(line[start:cut])
        start = cut
    return [*pieces, line[start:]]


# --- plain text as HTML ---

MOST_CHARACTERS = 1_000_000
"""Longer than any text that a user reads on a screen, and still scrolled smoothly by browsers."""

_GAP = "[ .\u00a0\u2009\u202f-]"
# All patterns work on escaped text: "<", ">" and quotes are entities, and end an address.
_LINK = re.compile(
    r"(?P<web>(?:\bhttps?://|\bwww\.)(?:[^\s<>&\"“”«»]|&amp;|&#x27;)+)"
    r"|(?P<mail>(?:\bmailto:)?(?<![\w.+-])[\w.+-]{1,64}@[^\W_](?:[\w-]{0,62}\.){1,8}"
    r"[^\W\d_]{2,24})(?![\w@-])"
    # Telephone numbers as written in France, or with the code of any country.
    rf"|(?<![\w+.,:/=@#-])(?P<phone>0[1-9](?:{_GAP}?[0-9]{{2}}){{4}}"
    rf"|\+[1-9][0-9]{{0,2}}(?:{_GAP}?\(0\))?(?:{_GAP}?[0-9]{{1,4}}){{2,7}})(?!{_GAP}?[0-9]|\w)",
    re.IGNORECASE,
)
_MAY_LINK = re.compile(r"@|://|www\.|[+0][1-9]", re.IGNORECASE)
_BRACKETS = {")": "(", "]": "[", "}": "{"}
_QUOTE = re.compile(r"(?:> ?)+")
_DEEPEST_QUOTE = 12
_FOLDED_FROM_LINES = 12
# The line that Outlook and similar programs write above an answered message instead of quoting it.
_ORIGINAL = re.compile(
    r"\s*-{2,20}\s?(?:original message|message d['’]origine|message original|mensaje original"
    r"|messaggio originale|ursprüngliche nachricht|mensagem original|oorspronkelijk bericht)"
    r"\s?-{2,20}\s*",
    re.IGNORECASE,
)
_RULE = re.compile(r"\s*_{20,100}\s*")
_SENDER = re.compile(r"\s*\*?(?:de|from|von|da)\s?:", re.IGNORECASE)


def to_html(
    text: str, *, quote_label: str = "…", cut_label: str = "…", mailto: str = "mailto:"
) -> str:
    """Return plain text as safe HTML. It is escaped first and links are made afterwards, so that no
    link can undo the escaping.

    Lines end in ``<br>``; quotes are nested ``<blockquote>``. A quote that is long, ends the
    message, or is quoted three times over, and the message below Outlook's line, are folded in a
    ``<details class="quote">`` with the summary ``quote_label``. Text after a line ``"-- "`` is a
    ``<div class="signature">``. Web and mail addresses and telephone numbers are links; a mail
    address is percent-encoded and put after ``mailto``, the address of the composer or ``mailto:``.
    Beyond a million characters the text is cut, and ends in a ``<div class="cut">`` with
    ``cut_label``. The container should have ``white-space: pre-wrap``.
    """
    is_cut = len(text) > MOST_CHARACTERS
    text = _CONTROLS.sub("", _LINE_ENDS.sub("\n", without_surrogates(text[:MOST_CHARACTERS])))
    out = _Writer(html.escape(quote_label), html.escape(mailto)).write(text)
    return out + f'<div class="cut">{html.escape(cut_label)}</div>' if is_cut else out


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield neighbouring lines of one quote depth, without their marks."""
    depth = 0
    lines: list[str] = []
    for line in text.split("\n"):
        mark = _QUOTE.match(line)
        line_depth = min(mark[0].count(">"), _DEEPEST_QUOTE) if mark else 0
        if line_depth != depth and lines:
            yield depth, lines
            lines = []
        depth = line_depth
        lines.append(line[mark.end() :] if mark else line)
    yield depth, lines


@dataclass(frozen=True)
class _Writer:
    """Writes the HTML of one text; its two labels are already escaped."""

    quote_label: str
    mailto: str

    def write(self, text: str) -> str:
        blocks = list(_blocks(text))
        last = max(
            (i for i, (_, lines) in enumerate(blocks) if any(map(str.strip, lines))), default=-1
        )
        out: list[str] = []
        position = 0
        while position < len(blocks):
            end = position + 1
            if blocks[position][0]:
                while end < len(blocks) and blocks[end][0]:
                    end += 1
                out.append(self._quotes(blocks[position:end], end > last))
            else:
                out.append(self._unquoted(blocks[position][1], bool(out)))
            position = end
        return "".join(out)

    def _quotes(self, blocks: list[tuple[int, list[str]]], is_last: bool) -> str:
        out: list[str] = []
        depth = 0
        for block_depth, lines in blocks:
            out.append("<blockquote>" * (block_depth - depth))
            out.append("</blockquote>" * (depth - block_depth))
            out.append(self._lines(lines))
            depth = block_depth
        quoted = "".join(out) + "</blockquote>" * depth
        count = sum(len(lines) for _, lines in blocks)
        is_folded = count > _FOLDED_FROM_LINES or (is_last and count > 2)
        return self._folded(quoted) if is_folded or max(d for d, _ in blocks) > 2 else quoted

    def _folded(self, quoted: str) -> str:
        return f'<details class="quote"><summary>{self.quote_label}</summary>{quoted}</details>'

    def _unquoted(self, lines: list[str], is_after: bool) -> str:
        """Return lines as HTML. ``is_after`` says that content precedes them."""
        ruled = (i for i, line in enumerate(lines) if line.lstrip()[:2] in {"--", "__"})
        cut = next((i for i in ruled if _is_original(lines, i)), len(lines))
        if not is_after and not any(map(str.strip, lines[:cut])):
            cut = len(lines)
        original = self._folded(f"<div>{self._lines(lines[cut:])}</div>") if lines[cut:] else ""
        return self._signed(lines[:cut]) + original

    def _signed(self, lines: list[str]) -> str:
        if not lines:
            return ""
        if "-- " not in lines:
            return f"<div>{self._lines(lines)}</div>"
        cut = lines.index("-- ")
        before = f"<div>{self._lines(lines[:cut])}</div>" if cut else ""
        return f'{before}<div class="signature">{self._lines(lines[cut:])}</div>'

    def _lines(self, lines: list[str]) -> str:
        escaped = html.escape("\n".join(lines)).split("\n")
        return "<br>".join(map(self._linked, escaped))

    def _linked(self, escaped: str) -> str:
        return _LINK.sub(self._link, escaped) if _MAY_LINK.search(escaped) else escaped

    def _link(self, match: re.Match[str]) -> str:
        if match["mail"]:
            address = re.sub(r"^mailto:", "", match["mail"], flags=re.IGNORECASE)
            if self.mailto == "mailto:":
                return _anchor(f"mailto:{address}", match["mail"])
            # A page of the webmail opens in the same window.
            return f'<a href="{self.mailto}{quote(address)}">{match["mail"]}</a>'
        if match["phone"]:
            return _phone(match["phone"])
        shown, after = _trimmed(match["web"])
        bare = re.sub(r"^(?:https?://|www\.)", "", shown, flags=re.IGNORECASE)
        if not re.search(r"[^\W_]", bare):
            return match[0]
        # An address that begins with www may contain "://" later, which is no scheme.
        target = f"http://{shown}" if shown[:4].lower() == "www." else shown
        return _anchor(target, shown) + after


def _is_original(lines: list[str], index: int) -> bool:
    """Return whether an answered message begins at this line: Outlook's words, or its line above
    From.
    """
    line = lines[index]
    if line.lstrip().startswith("--"):
        return _ORIGINAL.fullmatch(line) is not None
    if not line.lstrip().startswith("____") or not _RULE.fullmatch(line):
        return False
    return any(_SENDER.match(below) for below in lines[index + 1 : index + 3])


def _phone(shown: str) -> str:
    digits = re.sub(r"\(0\)|[^0-9+]", "", shown)
    # The longest number has fifteen digits (E.164); a much shorter one is a date or a sum.
    if not 8 <= len(digits.lstrip("+")) <= 15:
        return shown
    return _anchor(f"tel:{digits}", shown)


def _anchor(target: str, shown: str) -> str:
    return f'<a href="{target}" target="_blank" rel="{links.REL}">{shown}</a>'


def _trimmed(address: str) -> tuple[str, str]:
    """Return an address without the punctuation of the sentence around it, and that punctuation."""
    surplus = {end: address.count(end) - address.count(start) for end, start in _BRACKETS.items()}
    end = len(address)
    while end:
        last = address[end - 1]
        if address.endswith("&#x27;", 0, end):
            end -= 6
        elif last in ".,:!?…’" or (last == ";" and not address.endswith("&amp;", 0, end)):
            end -= 1
        elif surplus.get(last, 0) > 0:
            surplus[last] -= 1
            end -= 1
        else:
            break
    return address[:end], address[end:]
