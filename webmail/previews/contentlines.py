"""The lines that iCalendar is made of (RFC 5545 section 3.1).

Lenient: a line that is none is left out. Bounded: what is beyond the limits is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

MOST_LINES = 20_000
LONGEST_VALUE = 20_000


@dataclass(frozen=True, slots=True)
class ContentLine:
    """``name`` in capitals; ``parameters`` by names in capitals, of several values those as they
    stand, joined by commas; ``value`` raw."""

    name: str
    value: str
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The value as text."""
        return unescape(self.value)


_FOLD = re.compile(r"\n[ \t]")
_NAME = re.compile(r"[A-Za-z0-9-]{1,60}(?=[;:])")
_PARAMETER = re.compile(r';([A-Za-z0-9-]{1,60})(?:=((?:"[^"\n]{0,2000}"|[^";:\n]{1,2000})*))?')


def lines(text: str) -> Iterator[ContentLine]:
    """The lines of a file with ``\\n`` line ends, unfolded."""
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
        # vCalendar 1.0 writes the value alone: DESCRIPTION;QUOTED-PRINTABLE.
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
    """A text value without its backslashes."""
    return _ESCAPE.sub(lambda match: "\n" if match[1] in "nN" else match[1], value).strip()
