"""The content lines of iCalendar (RFC 5545 section 3.1).

Invalid lines are left out, and so is everything beyond the limits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_LINES = 20_000
LONGEST_VALUE = 20_000


@dataclass(frozen=True, slots=True)
class ContentLine:
    """One line. ``name`` is in capitals. ``parameters`` are by name in capitals; several values of
    one parameter stay as written, joined by commas. ``value`` is raw."""

    name: str
    value: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The value without its escapes."""
        return unescape(self.value)


_FOLD = re.compile(r"\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}(?=[;:])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,60})(?:=((?:"[^"\n]{0,2000}"|[^";:\n]{1,2000})*))?')


def lines(text: str) -> Iterator[ContentLine]:
    """Yield the unfolded lines of a text whose line ends are ``\\n``."""
    for number, raw in enumerate(_FOLD.sub("", text).split("\n")):
        if number == MOST_LINES:
            return
        if line := _line(raw):
            yield line


def _line(raw: str) -> ContentLine | None:
    name = _NAME.match(raw)
    if not name:
        return None
    position = name.end()
    parameters: dict[str, str] = {}
    for _ in range(30):
        if not (parameter := _PARAMETER.match(raw, position)):
            break
        key, value = parameter[1].upper(), parameter[2]
        # vCalendar 1.0 writes a value without its parameter's name: DESCRIPTION;QUOTED-PRINTABLE.
        key, value = (key, value.replace('"', "")) if value is not None else ("TYPE", parameter[1])
        former = parameters.get(key)
        parameters[key] = f"{former},{value}" if former else value
        position = parameter.end()
    if raw[position : position + 1] != ":":
        return None
    return ContentLine(
        name[0].upper(), raw[position + 1 : position + 1 + LONGEST_VALUE], parameters
    )


_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def unescape(value: str) -> str:
    """Return a text value without its backslash escapes."""
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()
