"""The colours that pages derive from the accent of a mail domain, with the contrast that WCAG 2.2
requires.

The backgrounds and text colours are those of ``css/tokens.css``; a test compares them. A colour
that an administrator chooses is checked and may be refused; derived colours are mixed until they
are readable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

LEAST: Final = 4.5
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_WHITE, _BLACK = "#ffffff", "#000000"
_STEPS: Final = 100


@dataclass(frozen=True, slots=True)
class Palette:
    """The background colours of pages that an accent is drawn on, and the text colours that are
    drawn on soft tints of the accent."""

    page: str
    papers: tuple[str, ...]
    inks: tuple[str, ...]


LIGHT: Final = Palette(
    "#ffffff",
    ("#ffffff", "#ebeff6", "#f5f7fb", "#f0f4fb"),
    ("#1a2233", "#455067", "#58637a", "#b3261e", "#7d4a00", "#17653f"),
)
DARK: Final = Palette(
    "#191d27",
    ("#191d27", "#11141b", "#141821", "#212735", "#232937"),
    ("#e9ecf3", "#bcc4d3", "#a3adc0", "#ff9d94", "#f3c273", "#82d3a4"),
)
# Marks are not text, so WCAG requires less contrast.
_MARKS: Final = {LIGHT: ("#79849a", "#c2500a"), DARK: ("#77829a", "#ff9c57")}
_LEAST_OF_MARKS: Final = 3.0


def is_colour(text: str) -> bool:
    """Return whether the text is ``#rrggbb`` in lower case."""
    return bool(_COLOUR.fullmatch(text))


def contrast(ink: str, paper: str) -> float:
    """Return WCAG's contrast ratio of two colours, from 1 to 21."""
    high, low = sorted((_luminance(ink), _luminance(paper)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def of_buttons(accent: str) -> float:
    """Return the contrast of the white text on buttons, for light and dark pages."""
    return contrast(_WHITE, accent)


def of_dark_words(accent: str) -> float:
    """Return the lowest contrast of text in this colour on the backgrounds of dark pages."""
    return min(contrast(accent, paper) for paper in DARK.papers)


def light(accent: str) -> dict[str, str]:
    """Return the custom properties of light pages, by name."""
    selected, soft = _tint(accent, LIGHT, 0.16), _tint(accent, LIGHT, 0.13)
    papers = (*LIGHT.papers, selected, soft)
    text = _first(accent, _BLACK, lambda mixed: _least(mixed, papers) >= LEAST)
    return {
        "accent": accent,
        "accent-hover": _mixed(accent, _BLACK, 0.18),
        "accent-text": text,
        "accent-soft": soft,
        "focus": text,
        "selected": selected,
    }


def dark(accent: str, words: str = "") -> dict[str, str]:
    """Return the custom properties of dark pages, by name. ``words`` is the colour of links and
    marks; it defaults to a light tint of the accent."""
    selected, soft = _tint(accent, DARK, 0.4), _tint(accent, DARK, 0.34)
    papers = (*DARK.papers, selected, soft)
    text = _first(words or accent, _WHITE, lambda mixed: _least(mixed, papers) >= LEAST)
    return {
        "accent": _lightest(accent),
        "accent-hover": _mixed(_lightest(accent), _BLACK, 0.12),
        "accent-text": text,
        "accent-soft": soft,
        "focus": text,
        "selected": selected,
    }


def sheet(accent: str, words: str = "") -> str:
    """Return a style sheet that replaces the default blue by the accent."""
    in_dark = _rule(dark(accent, words))
    return "\n".join(
        (
            f":root, .island {{ {_rule(light(accent))} }}",
            f'@media (prefers-color-scheme: dark) {{ :root:not([data-theme="light"])'
            f" {{ {in_dark} }} }}",
            f':root[data-theme="dark"] {{ {in_dark} }}',
            "",
        )
    )


def _rule(properties: Mapping[str, str]) -> str:
    return " ".join(f"--{name}: {colour};" for name, colour in properties.items())


def _tint(accent: str, ground: Palette, most: float) -> str:
    """Mix into the page's background as much of the accent, ``most`` at most, as leaves everything
    on it readable."""

    def is_read(mixed: str) -> bool:
        marks = min(contrast(mark, mixed) for mark in _MARKS[ground])
        return marks >= _LEAST_OF_MARKS and _least(mixed, ground.inks) >= LEAST

    shares = (most * (1 - step / _STEPS) for step in range(_STEPS))
    tints = (_mixed(ground.page, accent, share) for share in shares)
    return next(filter(is_read, tints), ground.page)


def _lightest(accent: str) -> str:
    """Return the colour of buttons on dark pages: the accent lightened as far as the white text
    allows, to stand out from the background."""
    shares = (0.25 * (1 - step / _STEPS) for step in range(_STEPS))
    tints = (_mixed(accent, _WHITE, share) for share in shares)
    return next((tint for tint in tints if of_buttons(tint) >= LEAST), accent)


def _first(colour: str, towards: str, is_enough: Callable[[str], bool]) -> str:
    mixtures = (_mixed(colour, towards, step / _STEPS) for step in range(_STEPS + 1))
    return next(filter(is_enough, mixtures), towards)


def _least(colour: str, others: tuple[str, ...]) -> float:
    return min(contrast(colour, other) for other in others)


def _mixed(colour: str, other: str, share: float) -> str:
    """Mix ``share`` (0 to 1) of the other colour into the first."""
    pairs = zip(_channels(colour), _channels(other), strict=True)
    return "#" + "".join(
        f"{round(first + (second - first) * share):02x}" for first, second in pairs
    )


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5))


def _luminance(colour: str) -> float:
    """Return WCAG 2.2's relative luminance of ``#rrggbb``."""
    parts = [channel / 255 for channel in _channels(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
