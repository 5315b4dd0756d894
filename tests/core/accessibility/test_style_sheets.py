"""What style sheets and scripts ask of people: no flashes, no motion, no gestures (RGAA 13)."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cases import each

STATIC = Path(__file__).resolve().parents[3] / "webmail" / "static" / "webmail"
STYLES = sorted((STATIC / "css").glob("*.css"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
# The longest time, in seconds, in which three flashes would be one too many.
SHORTEST = 0.5


def names(path: Path) -> str:
    return path.name


def durations(text: str) -> list[float]:
    """Of the animations that are repeated for ever."""
    repeated = re.findall(r"animation: ([^;]*infinite[^;]*)", text)
    return [
        float(number) / (1000 if unit == "ms" else 1)
        for animation in repeated
        for number, unit in re.findall(r"(\d*\.?\d+)(ms|s)\b", animation)[:1]
    ]


@each("path", STYLES, ids=names)
def test_nothing_flashes(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert all(duration >= SHORTEST for duration in durations(text))
    assert "blink" not in text


def test_an_animation_that_flashes_is_found() -> None:
    assert durations("animation: flash 200ms infinite;") == [0.2]


def test_what_moves_stands_still_where_that_is_wished() -> None:
    base = (STATIC / "css" / "base.css").read_text(encoding="utf-8")
    still = base.partition("@media (prefers-reduced-motion: reduce) {")[2].partition("\n}")[0]
    assert "*, *::before, *::after {" in " ".join(still.split())
    assert "animation: none !important" in still
    assert "transition: none !important" in still


@each("path", STYLES, ids=names)
def test_no_page_wants_one_orientation(path: Path) -> None:
    assert "orientation" not in re.sub(
        r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.S
    )


@each("path", SCRIPTS, ids=names)
def test_no_script_wants_a_gesture(path: Path) -> None:
    """Neither two fingers nor a stroke, nor that the device is moved."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(
        r"\b(touchstart|touchmove|gesturestart|devicemotion|deviceorientation)", text
    )
