"""The visibility of an element by its style and its size."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lxml import etree

LOOK = re.compile(
    r"(?:^|;)(display|visibility|opacity|overflow(?:-[xy])?|(?:max-)?(?:width|height)):"
    r"([^;!]*?)( !important)?(?=;|$)",
)
_SIZE = re.compile(r"\s*+(\d{1,5})(?:\.\d*+)?\s*+(?:(px|pt)\s*+)?", re.IGNORECASE)
_NOTHING = re.compile(r"\s*0+(?:\.0+)?(?:%|[a-z]{1,3})?\s*", re.IGNORECASE)
_UNKNOWN = 10_000
SIZES = frozenset({"width", "height", "max-width", "max-height"})
# Pixels in both directions. A line of one pixel may be there to be seen, or to hold a place.
_TINY = 3
_OPAQUE = 0.05


def pixels(value: str) -> int:
    """A size as mail writes it; ``100%`` may be anything but nothing."""
    match = _SIZE.fullmatch(value)
    if match:
        return int(match[1])
    return 0 if _NOTHING.fullmatch(value) else _UNKNOWN


# Property, value and whether it is important.
Declared = tuple[tuple[str, str, bool], ...]


def declared(style: str) -> Declared:
    """Return what filtered declarations say of being seen."""
    return tuple(
        (name, value.strip().lower(), bool(important))
        for name, value, important in LOOK.findall(style)
    )


def given(element: etree._Element) -> dict[str, str]:
    """Return what an element's attributes say of it, as declarations."""
    declarations = {axis: str(element.get(axis, "")) for axis in ("width", "height")}
    declarations = {axis: size for axis, size in declarations.items() if size.strip()}
    return declarations if element.get("hidden") is None else declarations | {"display": "none"}


@dataclass
class Values:
    """The declarations that hold of an element: for each property the value that wins, and any
    other that it may have on another screen or under the pointer."""

    values: dict[str, str] = field(default_factory=dict)
    others: dict[str, set[str]] = field(default_factory=dict)

    def all(self, name: str) -> set[str]:
        return {self.values[name], *self.others.get(name, ())} if name in self.values else set()

    def size(self, axis: str) -> int | None:
        """Width or height in pixels, the largest that it may have; None when none is given."""
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

    def look(self) -> Look:
        sizes = [size for size in (self.size("width"), self.size("height")) if size is not None]
        is_hidden = self.is_hidden()
        is_tiny = bool(sizes) and (
            min(sizes) == 0 or max(sizes) <= (_TINY if len(sizes) == 2 else 1)
        )
        return Look(
            is_hidden=is_hidden,
            is_closed=is_hidden or (bool(sizes) and min(sizes) <= 1 and self.cuts()),
            is_tiny=is_tiny,
            is_dot=len(sizes) == 2 and max(sizes) <= _TINY,
            is_sized=bool(sizes),
        )


@dataclass(frozen=True, slots=True)
class Look:
    """The way an element is seen: not at all (``is_hidden``), with nothing of what is in it
    (``is_closed``), as a dot (``is_dot``), as a dot at most (``is_tiny``: also nothing in one
    direction, or one pixel where only that is given). ``is_sized``: a size is given at all."""

    is_hidden: bool
    is_closed: bool
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
    """Whether what has these declarations (``css.declarations``) shows no background."""
    look = Values({name: value for name, value, _ in declared(declarations)}).look()
    # Nothing in one direction may be a box that its padding opens.
    return look.is_hidden or look.is_dot
