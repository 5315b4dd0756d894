"""Every regular expression of the code is linear: four times the text takes four times as long,
whatever the text is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import patterns
from tests.patterns import Found, Pattern
from webmail.presentation.marks import Marks

# Where a pattern is made of what a person typed: one of those, for each module that does so.
MADE = {"webmail.presentation.marks": Marks(["École de  musique", "¨a", "a"])._wanted}


@pytest.fixture(scope="module")
def found() -> Found:
    return patterns.find()


def test_every_pattern_of_the_code_is_known(found: Found) -> None:
    assert len(found.used) > 450
    assert [str(place) for place in found.unknown if place.module not in MADE] == []


def test_every_pattern_of_the_code_is_linear(found: Found) -> None:
    used: dict[Pattern, set[str]] = {made: {"finditer"} for made in MADE.values() if made}
    slow = []
    for pattern, ways in (used | found.used).items():
        worst = patterns.slow_input(pattern, sorted(ways))
        if worst:
            slow.append(f"{found.places.get(pattern, 'made')}: {pattern.pattern!r}: {worst}")
    assert slow == []


def test_no_group_is_repeated_possessively(found: Found) -> None:
    """In Python 3.11, ``((x)|y|z)*+`` raises SystemError for "xyz". An atomic group around the
    repeat, ``(?>((x)|y|z)*)``, is right in all versions that we run on."""
    wrong = [
        f"{found.places[pattern]}: {pattern.pattern!r}"
        for pattern in found.used
        if patterns.repeats_a_group_possessively(pattern)
    ]
    assert wrong == []


SLOW = {
    "a repeat in a repeat": (r"(a+)+b", "match"),
    "numbers in a list": (r"(\d+,)*\d+$", "search"),
    "an optional comma": (r"(?:\w+,?)+;", "match"),
    "comments that end anywhere": (r"(?:<!--.*?-->\s*)*<html", "match"),
    "blanks around a comma": (r"\s*,\s*", "finditer"),
    "blanks at the end": (r"\s+$", "finditer"),
    "the next one": (r"x.*?y", "finditer"),
    "blanks before and behind": (r"\s*[^{}@;]*\{", "match"),
    "a name with blanks": (r'\s*(?:"[^"]*"|[^":<>@]{1,200})\s*:', "fullmatch"),
    "one way or another": (r"(?:a|ab|b)*c", "match"),
    "a number with a point": (r"\d*\.?\d+", "fullmatch"),
    "strings that never end": (r'"(?:[^"\\]|\\.)*"', "finditer"),
    "brackets that never end": (r"\[[^\]]*\]", "finditer"),
    "a lookahead": (r"a(?=.*b)", "finditer"),
    "bytes": (rb"[ \t]*\r\n", "finditer"),
    "words far apart": (r"FROM.*WHERE.*;", "match"),
    "what stands twice": (r"(a+)\1b", "match"),
}


@pytest.mark.parametrize(("pattern", "way"), SLOW.values(), ids=SLOW)
def test_a_slow_pattern_is_caught(pattern: str | bytes, way: str) -> None:
    # Times are uneven on a busy machine: one of three looks has to find it.
    assert any(patterns.slow_input(re.compile(pattern), [way]) for _look in range(3))


LINEAR = {
    "a possessive repeat": (r"[a-z]++x", "match"),
    "blanks at the start": (r"^\s+", "finditer"),
    "blanks at the end, from the front": (r"\s*+$", "fullmatch"),
    "blanks before a comma, from the first": (r"(?<!\s)\s*+,\s*+", "finditer"),
    "a bounded repeat": (r"[a-z]{1,64}@", "finditer"),
    "an atomic group": (r"(?>(?:<!--.*?-->\s*+)*)<html", "match"),
    "a string": (r'"(?:[^"\\]|\\.)*"', "match"),
    "numbers in a list": (r"\d+(?:,\d+)*", "fullmatch"),
    "a sign": (r"[,;]", "finditer"),
}


@pytest.mark.parametrize(("pattern", "way"), LINEAR.values(), ids=LINEAR)
def test_a_linear_pattern_passes(pattern: str, way: str) -> None:
    assert patterns.slow_input(re.compile(pattern), [way]) is None


MODULE = r"""
import re
from typing import Final
_WORD = r"\w+"
_A = re.compile(rf"{_WORD}!")
_B: Final = re.compile(b"b")
_C = [re.compile(one) for one in ("c", "cc")]
_BY_KIND = {"x": "d", "y": "dd"}

class Kind:
    regex = "e"
    own = re.compile("f")

    def is_own(self, text):
        return re.fullmatch(self.regex, text) or self.own.search(text)

def use(text, kind, word):
    local = re.compile(_WORD)
    list(map(_B.match, text))
    print(_A.pattern, _A.split(text), _A.match(text), local.sub("", text))
    re.search(_BY_KIND[kind], text), re.search(rf"g{re.escape(word)}", text)
    take("h"), take(word=word)
    return re.sub("i", "", text, flags=re.I)

def take(pattern):
    return re.match(pattern, "")

def hand_on():
    return [re.compile("j")]
"""


def test_patterns_are_found_wherever_they_stand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "written_patterns.py").write_text(MODULE.replace(", take(word=word)", ""), "utf-8")
    monkeypatch.setattr(patterns, "ROOT", tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = patterns.find([tmp_path / "written_patterns.py"])
    assert found.unknown == []
    assert {pattern.pattern: ways for pattern, ways in found.used.items()} == {
        r"\w+!": {"finditer", "match"},
        b"b": {"match"},
        "c": patterns.EVERY_WAY,
        "cc": patterns.EVERY_WAY,
        "d": {"search"},
        "dd": {"search"},
        "e": {"fullmatch"},
        "f": {"search"},
        r"\w+": {"finditer"},
        r"ga\-b": {"search"},
        "h": {"match"},
        "i": {"finditer"},
        "j": patterns.EVERY_WAY,
    }


def test_a_pattern_that_nobody_can_know_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "import re\ndef of(text):\n    return re.search(text.lower(), '')\n"
    (tmp_path / "unknown_patterns.py").write_text(text, "utf-8")
    monkeypatch.setattr(patterns, "ROOT", tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = patterns.find([tmp_path / "unknown_patterns.py"])
    assert [str(place) for place in found.unknown] == ["unknown_patterns:3"]


POSSESSIVE = {
    r"(?:ab?)*+c": True,
    r"(?>(?:ab?)*)c": False,
    r"[ab]*+c": False,
    r"((?:ab|c)++)": True,
}


@pytest.mark.parametrize(("pattern", "is_wrong"), POSSESSIVE.items())
def test_a_group_that_is_repeated_possessively_is_seen(pattern: str, is_wrong: bool) -> None:
    assert patterns.repeats_a_group_possessively(re.compile(pattern)) is is_wrong
