"""Header fields as mail carries them (RFC 5322, 2047, 2231): bytes in, readable text out, never an
exception."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from urllib.parse import unquote_to_bytes

from webmail.mime import addresses, text
from webmail.mime.encoded_words import FOLD, as_text, decode, is_escaped

# Some programs do not escape the quotes of a name: one that ends the value has a parameter behind
# it, or nothing.
_PARAMETER = re.compile(
    r""";\s*(?P<name>[^\s=;"]{1,80})\s*=\s*
    (?: "(?P<quoted> (?: [^"\\] | \\. | "(?!\s*(?: ; | \Z | [\w*-]{1,80}\s*= )) )* ) (?:"|$)
    | (?P<bare>[^;]*) )""",
    re.DOTALL | re.VERBOSE,
)
_UNSAFE_IN_NAMES = re.compile(r'[/\\:*?"<>|\u200b-\u200f\u2060-\u2064]')
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Headers:
    """The header fields of one message or part, in their order; values are kept raw and decoded
    when read."""

    fields: tuple[tuple[str, bytes], ...]

    def get(self, name: str) -> str:
        """The decoded value of the first field of this name, ``""`` when there is none."""
        raw = self.raw(name)
        return decode(raw) if raw else ""

    def get_all(self, name: str) -> tuple[str, ...]:
        name = name.lower()
        return tuple(decode(value) for key, value in self.fields if key.lower() == name)

    def items(self) -> tuple[tuple[str, str], ...]:
        return tuple((name, decode(value)) for name, value in self.fields)

    def raw(self, name: str) -> bytes:
        """The first field of this name as it came, folds included."""
        name = name.lower()
        return next((value for key, value in self.fields if key.lower() == name), b"")

    def addresses(self, name: str, most: int | None = None) -> tuple[addresses.Address, ...]:
        """The addresses of all fields of this name, or the first ``most`` of them. Read before
        decoding: an encoded name may hold commas."""
        name = name.lower()
        parsed = (
            address
            for key, value in self.fields
            if key.lower() == name
            for address in addresses.parse(as_text(value), most)
        )
        return tuple(islice(parsed, most))


_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL)


def parse(raw: bytes) -> Headers:
    """The fields before the first empty line. Lines that are no field (an mbox ``From ``, rubbish)
    are skipped."""
    head = re.split(rb"\r?\n\r?\n|\r\r", raw.lstrip(b"\r\n"), maxsplit=1)[0]
    fields = []
    for line in re.split(rb"\r?\n(?![ \t])", head):
        if field := _FIELD.match(line):
            fields.append((field[1].decode("ascii"), field[2].rstrip()))
    return Headers(tuple(fields))


def parse_value(value: bytes | str) -> tuple[str, dict[str, str]]:
    """A Content-Type or Content-Disposition value: its first word in lower case, and its raw
    parameters.

    ``'text/plain; charset="utf-8"'`` gives ``("text/plain", {"charset": "utf-8"})``. Names are in
    lower case; of two parameters with one name the first counts. Lenient with missing quotes and
    stray semicolons.
    """
    unfolded = FOLD.sub("", as_text(value))
    first, _, _ = unfolded.partition(";")
    parameters: dict[str, str] = {}
    for match in _PARAMETER.finditer(unfolded, len(first)):
        if match["quoted"] is not None:
            content = re.sub(r"\\(.)", r"\1", match["quoted"], flags=re.DOTALL)
        else:
            content = match["bare"].strip().strip('"')
        parameters.setdefault(match["name"].lower(), content)
    return first.strip().lower(), parameters


def parameter(parameters: Mapping[str, str], name: str) -> str:
    """One parameter's decoded value: plain, RFC 2047, or RFC 2231 with or without continuations;
    ``""`` if none."""
    lower = {key.lower(): value for key, value in parameters.items()}
    extended = _extended(lower, name)
    return extended or _without_percents(decode(lower.get(name, "")))


# Characters beyond ASCII as UTF-8 in an address has them.
_PERCENTS = re.compile(r"%[CDEFcdef][0-9A-Fa-f]%[89ABab][0-9A-Fa-f]")


def _without_percents(value: str) -> str:
    """``value`` decoded where it is coded as an address: web programs write names so, and Dovecot
    tells those of RFC 2231 so that come without a charset."""
    if not _PERCENTS.search(value):
        return value
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        return value


def _extended(parameters: Mapping[str, str], name: str) -> str:
    """RFC 2231: ``name*``, or ``name*0``, ``name*1*``... joined as bytes before they are
    decoded."""
    pieces = [(f"{name}*", parameters[f"{name}*"])] if f"{name}*" in parameters else []
    for index in range(0 if pieces else 500):
        key = next((k for k in (f"{name}*{index}*", f"{name}*{index}") if k in parameters), "")
        if not key:
            break
        pieces.append((key, parameters[key]))
    charset, data, is_encoded = "", b"", False
    for position, (key, value) in enumerate(pieces):
        if not key.endswith("*"):
            data += value.encode("utf-8", "surrogateescape" if is_escaped(value) else "replace")
            continue
        is_encoded = True
        if position == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        data += unquote_to_bytes(value.encode("utf-8", "replace"))
    decoded = text.decode_charset(data, charset)
    # Some programs put RFC 2047 words into RFC 2231 continuations.
    return decoded if is_encoded else decode(decoded)


def file_name(parameters: Mapping[str, str]) -> str:
    """The safe name of an attachment: of ``filename``, else of ``name``; ``""`` when neither says
    anything. Of a ``filename`` that the mail server cut at a blank, since nothing quotes it, the
    rest is taken from ``name``.

    ``parameters`` are those of Content-Disposition and Content-Type together, raw. The result names
    no path, has no control character, nothing that file systems refuse, does not begin with a dot,
    and keeps its extension when it is cut to 200 characters.
    """
    name, typed = parameter(parameters, "filename"), parameter(parameters, "name")
    is_cut = "." not in name and typed.startswith(f"{name} ")
    return safe_name(typed if is_cut or not name else name)


def safe_name(name: str) -> str:
    """``name`` made safe to show and to save, see :func:`file_name`."""
    # Macs write an é as two characters, which others take for another name.
    name = unicodedata.normalize("NFC", decode(name))
    # Old programs sent the whole path of the file: only what follows it is a name.
    if re.match(r"[A-Za-z]:\\|\\\\|/", name):
        name = re.split(r"[/\\]", name)[-1]
    name = re.sub(r"^(?:\.{1,2}[/\\])+", "", name)
    name = re.sub(r"\s+", " ", _UNSAFE_IN_NAMES.sub("_", name)).strip(" .")
    if len(name) <= _LONGEST_NAME:
        return name
    stem, dot, extension = name.rpartition(".")
    if not dot or len(extension) > 20:
        return name[:_LONGEST_NAME].strip(" .")
    return stem[: _LONGEST_NAME - len(extension) - 1].strip(" .") + dot + extension
