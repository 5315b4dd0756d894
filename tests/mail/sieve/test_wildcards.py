"""The comparison ``:matches``: what it means, and that no pattern makes it slow."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.sieve import wildcards
from tests.cases import each
from tests.examples import up_to

MEANT = {
    "nothing": ("", "", True),
    "nothing and something": ("", "a", False),
    "a text": ("Sortie", "Sortie", True),
    "a part of it": ("Sortie", "Sorties", False),
    "capitals": ("sortie", "Sortie", False),
    "a beginning": ("Sortie*", "Sortie 4e", True),
    "an asterisk for nothing": ("Sortie*", "Sortie", True),
    "another beginning": ("Sortie*", "La sortie", False),
    "an end": ("*4e", "Sortie 4e, 4e", True),
    "a middle": ("*or*4*", "Sortie 4e", True),
    "the other order": ("*4*or*", "Sortie 4e", False),
    "one character": ("?e", "4e", True),
    "one and no character": ("?e", "e", False),
    "a line's end": ("a?b*", "a\nb\n", True),
    "an asterisk as it is": ("a\\*", "a*", True),
    "no other character": ("a\\*", "ab", False),
    "a question mark as it is": ("\\?", "a", False),
    "a backslash as it is": ("\\\\*", "\\a", True),
    "a letter with a backslash": ("\\a", "a", True),
    "a backslash at the end": ("a\\", "a\\", True),
    "beyond the first plane": ("?é*", "😀é", True),
}


@each(("pattern", "text", "expected"), MEANT.values(), ids=MEANT)
def test_a_pattern_means_what_sieve_says(pattern: str, text: str, expected: bool) -> None:
    assert wildcards.matches(pattern, text) is expected


def by_expression(pattern: str, text: str) -> bool:
    """The same by a regular expression, which is slow for some."""
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    known = {"*": ".*", "?": "."}
    written = "".join(known.get(piece) or re.escape(piece[-1]) for piece in pieces)
    return re.fullmatch(written, text, re.DOTALL) is not None


@up_to(1_000)
@given(st.text("ab*?\\", max_size=8), st.text("ab*\\", max_size=8))
def test_it_is_what_an_expression_finds(pattern: str, text: str) -> None:
    assert wildcards.matches(pattern, text) == by_expression(pattern, text)


HOSTILE = {
    "asterisks among letters": "*a" * 40 + "*b",
    "asterisks and question marks": "*a?" * 300 + "*b",
    "one long piece": "*" + "a?" * 400 + "b*",
    "asterisks alone": "*" * 1_000 + "b",
}


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE)
def test_no_pattern_makes_it_slow(pattern: str) -> None:
    begun = time.process_time()
    assert not wildcards.matches(pattern, "a" * 100_000)
    assert time.process_time() - begun < 3
