"""The cards of a file, parsed into properties but not interpreted."""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from addressbook import charsets
from addressbook.vcard.escaping import from_caret, split, unescape

MOST_PROPERTIES = 1_000
MOST_PARAMETERS = 100
LONGEST_VALUE = 200_000
LARGEST_PHOTO = 5_000_000


@dataclass(frozen=True, slots=True)
class Property:
    """One property of a card. ``name`` and the names of ``parameters`` are in upper case. ``value``
    is text with its backslashes; quoted-printable is already decoded."""

    name: str
    value: str
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    group: str = ""

    @property
    def types(self) -> frozenset[str]:
        return frozenset([value.lower() for value in self.parameters.get("TYPE", ())])

    @property
    def is_base64(self) -> bool:
        encodings = {value.upper() for value in self.parameters.get("ENCODING", ())}
        return bool(encodings & {"B", "BASE64"})

    @property
    def was_quoted(self) -> bool:
        encodings = {value.upper() for value in self.parameters.get("ENCODING", ())}
        return "QUOTED-PRINTABLE" in encodings


@dataclass(frozen=True, slots=True)
class Card:
    """One card of a file, not interpreted. ``line`` is its first line, counted from 1. ``ended`` is
    False if its END is missing, ``cut`` is True if it was beyond the limits."""

    line: int
    properties: tuple[Property, ...]
    ended: bool = True
    cut: bool = False
    version: str = ""
    by_name: Mapping[str, Sequence[Property]] = field(default_factory=dict, repr=False)

    def all(self, *names: str) -> Sequence[Property]:
        """Return the properties with these names, one name after the other."""
        if len(names) == 1:
            return self.by_name.get(names[0], ())
        return [line for name in names for line in self.by_name.get(name, ())]

    def first(self, *names: str) -> str:
        """Return the first value of these names that is not empty, as text."""
        return next((text for line in self.all(*names) if (text := self.text(line))), "")

    def text(self, line: Property) -> str:
        if "\\" not in line.value:
            return line.value.strip()
        return unescape(line.value, old=self.version == "2.1", quoted=line.was_quoted)

    def parts(self, line: Property) -> list[str]:
        """Return the components of a structured value, such as ADR and N have."""
        if "\\" not in line.value:
            return [part.strip() for part in line.value.split(";", 499)]
        old, quoted = self.version == "2.1", line.was_quoted
        return [unescape(part, old=old, quoted=quoted) for part in split(line.value, ";")]

    @property
    def is_group(self) -> bool:
        kinds = ("KIND", "X-ADDRESSBOOKSERVER-KIND")
        return any(line.value.strip().lower() == "group" for line in self.all(*kinds))

    @property
    def members(self) -> tuple[str, ...]:
        names = ("MEMBER", "X-ADDRESSBOOKSERVER-MEMBER")
        return tuple(value for line in self.all(*names) if (value := self.text(line)))


def cards(content: bytes) -> Iterator[Card]:
    """Yield every card of a file, without nested ones (AGENT). A BEGIN, or the end of the file,
    also ends the card before it."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or charsets.wide_codec(content):
        content = charsets.decode(content).text.encode()
    properties: list[bytes] = []
    begins, inside, nested, cut = 0, False, False, False
    for number, line in _logical_lines(content):
        mark = line[:40].strip().upper()
        if mark.startswith(b"BEGIN:VCARD"):
            if inside and not nested and _is_open_agent(properties):
                nested = True
                continue
            if inside:
                yield _card(begins, properties, ended=False, cut=cut)
            begins, inside, nested, cut, properties = number, True, False, False, []
        elif mark == b"END:VCARD":
            if nested:
                nested = False
            elif inside:
                yield _card(begins, properties, ended=True, cut=cut)
                inside, properties = False, []
        elif inside and not nested:
            if len(properties) < MOST_PROPERTIES:
                properties.append(line)
            else:
                cut = True
    if inside:
        yield _card(begins, properties, ended=False, cut=cut)


def _is_open_agent(properties: Sequence[bytes]) -> bool:
    head, colon, value = properties[-1].partition(b":") if properties else (b"", b"", b"")
    return bool(colon) and not value.strip() and head.upper().startswith(b"AGENT")


_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}\s*")


def _logical_lines(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield logical lines, each with its line number: soft line breaks of quoted-printable are
    joined, then folds. Base64 may continue in lines without any fold (old Outlook, Lotus Notes)."""
    parts: list[bytes] = []
    begins = size = 0
    quoted = binary = old = False
    for number, raw in enumerate(content.splitlines(), start=1):
        if parts:
            soft = quoted and parts[-1].endswith(b"=")
            if soft and not raw[:10].upper().startswith((b"END:VCARD", b"BEGIN:VCAR")):
                parts[-1] = parts[-1][:-1]
                piece: bytes | None = raw
            elif raw[:1] in (b" ", b"\t"):
                # vCard 2.1 folds before a blank and keeps it; later versions insert one.
                piece = raw.strip() if binary else (b" " + raw.lstrip() if old else raw[1:])
            elif binary and raw and _BASE64_LINE.fullmatch(raw):
                piece = raw
            else:
                piece = None
            if piece is not None:
                size += len(piece)
                if size <= LARGEST_PHOTO * 2:
                    parts.append(piece)
                continue
            yield begins, b"".join(parts)
        raw = raw.removeprefix(b"\xef\xbb\xbf")
        head = raw[:300].partition(b":")[0].upper()
        quoted = b"QUOTED-PRINTABLE" in head
        binary = b"BASE64" in head or b"ENCODING=B" in head
        if head == b"VERSION":
            old = raw[8:].strip() == b"2.1"
        elif head == b"BEGIN":
            old = False
        parts, begins, size = [raw], number, len(raw)
    if parts:
        yield begins, b"".join(parts)


def _card(begins: int, lines: Sequence[bytes], *, ended: bool, cut: bool) -> Card:
    whole = b"\n".join(lines)
    text = charsets.utf_8(whole)
    texts = _decoded(lines, whole) if text is None else charsets.clean(text).split("\n")
    properties = tuple(line for text in texts if text and (line := _property(text)))
    by_name: dict[str, list[Property]] = {}
    for line in properties:
        by_name.setdefault(line.name, []).append(line)
    version = by_name["VERSION"][0].value.strip() if "VERSION" in by_name else ""
    return Card(begins, properties, ended=ended, cut=cut, version=version, by_name=by_name)


_DECLARED = re.compile(rb";CHARSET=\"?([A-Za-z0-9_.:-]{2,32})", re.IGNORECASE)


def _decoded(lines: Sequence[bytes], whole: bytes) -> list[str]:
    """Return the lines of a card that is not UTF-8, each in the charset that it declares, else in
    the likeliest one of the card."""
    codec = charsets.single_byte_codec(whole)
    texts = []
    for line in lines:
        declared = _DECLARED.search(line.partition(b":")[0])
        name = declared[1].decode("ascii") if declared else codec
        texts.append(charsets.clean(charsets.guess(line, name)).replace("\n", " "))
    return texts


_NAME = re.compile(r"(?:([A-Za-z0-9_-]{1,60})\.)?([A-Za-z0-9_-]{1,60})(?=[;:])")
_PARAMETER = re.compile(r';\s*([A-Za-z0-9_-]{1,60})(?:=((?>(?:"[^"]{0,2000}"|[^";:]{1,2000}+)*)))?')
_ENCODINGS = {"BASE64", "QUOTED-PRINTABLE", "8BIT", "7BIT"}
_NONE: Mapping[str, tuple[str, ...]] = {}


def _property(text: str) -> Property | None:
    name = _NAME.match(text)
    if not name:
        return None
    position = name.end()
    if text[position] == ":":
        return _bounded(Property(name[2].upper(), text[position + 1 :], _NONE, name[1] or ""))
    parameters: dict[str, tuple[str, ...]] = {}
    for _ in range(MOST_PARAMETERS):
        if text[position : position + 1] != ";":
            break
        match = _PARAMETER.match(text, position)
        if not match:
            # Go on at the next character after ";;" and other slips.
            position += 1
            continue
        key, value = match[1].upper(), match[2]
        if value is None:
            # vCard 2.1 writes the value alone: TEL;HOME;VOICE.
            key, value = ("ENCODING" if key in _ENCODINGS else "TYPE"), match[1]
        parameters[key] = (*parameters.get(key, ()), *_parameter_values(key, value))
        position = match.end()
    colon = text.find(":", position)
    if colon < 0:
        return None
    line = Property(name[2].upper(), text[colon + 1 :], parameters, name[1] or "")
    return _bounded(_unquoted(line) if "ENCODING" in parameters and line.was_quoted else line)


_QUOTED_LIST = re.compile(r'(?:"[^"]*"|[^",]+)(?:,(?:"[^"]*"|[^",]+))+')
_WORD = re.compile(r'"[^"]*"|[^",]+')


def _parameter_values(key: str, value: str) -> tuple[str, ...]:
    """Return the values of a parameter: ``a,b`` and ``"a,b"`` are two. A quoted LABEL keeps its
    commas."""
    if '"' not in value and "," not in value:
        return (value,)
    if '"' in value and key != "LABEL" and _QUOTED_LIST.fullmatch(value):
        return tuple(from_caret(word.strip('"')) for word in _WORD.findall(value))
    if '"' in value and (key == "LABEL" or not re.fullmatch(r'"[\w,;-]*"', value)):
        return (from_caret(value.replace('"', "")),)
    return tuple(word.strip() for word in value.replace('"', "").split(",") if word.strip())


def _bounded(line: Property) -> Property:
    limit = LARGEST_PHOTO * 2 if line.name in ("PHOTO", "KEY", "LOGO") else LONGEST_VALUE
    return replace(line, value=line.value[:limit]) if len(line.value) > limit else line


def _unquoted(line: Property) -> Property:
    try:
        raw = binascii.a2b_qp(line.value.encode("utf-8"))
    except binascii.Error:
        raw = line.value.encode("utf-8")
    declared = "".join(line.parameters.get("CHARSET", ())[:1])
    return replace(line, value=charsets.clean(charsets.guess(raw, declared)))
