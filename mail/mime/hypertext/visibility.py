"""The visibility of an element, judged by its style and its size alone.

`cascade` adds the style sheets of the message.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

PROPERTIES = re.compile(
    r"(?:^|;)(display|visibility|opacity|overflow(?:-[xy])?|(?:max-)?(?:width|height)):"
    r"([^;!]*?)( !important)?(?=;|$)",
)
_SIZE = re.compile(r"\s*+(\d{1,5})(?:\.\d*+)?\s*+(?:(px|pt)\s*+)?", re.IGNORECASE)
_NOTHING = re.compile(r"\s*0+(?:\.0+)?(?:%|[a-z]{1,3})?\s*", re.IGNORECASE)
_UNKNOWN_SIZE = 10_000
SIZES = frozenset({"width", "height", "max-width", "max-height"})
# Pixels in both directions. A line of one pixel may be visible on purpose, or hold a place.
_TINY = 3
_OPAQUE = 0.05


def pixels(value: str) -> int:
    """Return a size of mail in pixels; of ``100%`` only that it is not zero is known."""
    match = _SIZE.fullmatch(value)
    if match:
        return int(match[1])
    return 0 if _NOTHING.fullmatch(value) else _UNKNOWN_SIZE


# Declarations: property, value, and whether it is marked as important.
Declared = tuple[tuple[str, str, bool], ...]


def declared(style: str) -> Declared:
    """Return the filtered declarations that concern visibility."""
    return tuple(
        (name, value.strip().lower(), bool(important))
        for name, value, important in PROPERTIES.findall(style)
    )


def declared_by_attributes(element: etree._Element) -> dict[str, str]:
    """Return an element's attributes for size and hiding, as declarations."""
    declarations = {axis: str(element.get(axis, "")) for axis in ("width", "height")}
    declarations = {axis: size for axis, size in declarations.items() if size.strip()}
    return declarations if element.get("hidden") is None else declarations | {"display": "none"}


@dataclass
class EffectiveStyle:
    """The declarations that apply to an element.

    ``values`` has for each property the value that wins, ``others`` the values that it may have on
    another screen or under the pointer.
    """

    values: dict[str, str] = field(default_factory=dict)
    others: dict[str, set[str]] = field(default_factory=dict)

    def all(self, name: str) -> set[str]:
        return {self.values[name], *self.others.get(name, ())} if name in self.values else set()

    def size(self, axis: str) -> int | None:
        """Return the greatest possible width or height in pixels, or None if there is none."""
        declared = (self.all(axis), self.all(f"max-{axis}"))
        return min((max(map(pixels, values)) for values in declared if values), default=None)

    def is_hidden(self) -> bool:
        return any(all(_hides(name, value) for value in self.all(name)) for name in self.values)

    def cuts(self) -> bool:
        return any(
            self.all(name) <= {"hidden", "clip"}
            for name in self.values
            if name.startswith("overflow")
        )

    def visibility(self) -> Visibility:
        sizes = [size for size in (self.size("width"), self.size("height")) if size is not None]
        is_hidden = self.is_hidden()
        is_tiny = bool(sizes) and (
            min(sizes) == 0 or max(sizes) <= (_TINY if len(sizes) == 2 else 1)
        )
        return Visibility(
            is_hidden=is_hidden,
            hides_contents=is_hidden or (bool(sizes) and min(sizes) <= 1 and self.cuts()),
            is_tiny=is_tiny,
            is_dot=len(sizes) == 2 and max(sizes) <= _TINY,
            is_sized=bool(sizes),
        )


@dataclass(frozen=True, slots=True)
class Visibility:
    """How much of an element is visible.

    ``is_hidden``: nothing. ``hides_contents``: nothing of its contents. ``is_dot``: at most a dot.
    ``is_tiny``: a dot, or zero in one direction, or one pixel if only one direction has a size.
    ``is_sized`` says that it has a size at all.
    """

    is_hidden: bool
    hides_contents: bool
    is_tiny: bool
    is_dot: bool
    is_sized: bool


def _hides(name: str, value: str) -> bool:
    if name == "display":
        return value == "none"
    if name == "visibility":
        return value in ("hidden", "collapse")
    if name == "opacity":
        number = re.fullmatch(r"\d+(?:\.\d+)?|\.\d+", value)
        return bool(number) and float(value) <= _OPAQUE
    return False


def are_unseen(declarations: str) -> bool:
    """Return whether an element with these ``css.declarations`` shows no background."""
    style = EffectiveStyle({name: value for name, value, _ in declared(declarations)})
    visibility = style.visibility()
    # A size of zero in one direction may be enlarged by padding.
    return visibility.is_hidden or visibility.is_dot
