"""Turns of phrase by what is done with them (``data/turns.txt``): to introduce oneself, to ask for
a minute, to threaten. All lists are looked for at once."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from webmail.adverts.classify import phrases

_LIST = re.compile(r"(?m)^\[(\w{1,40})\]$")


class Turns:
    """Lists by code, made for looking up."""

    def __init__(self, written: str) -> None:
        self._by_start: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
        self.codes: list[str] = []
        pieces = _LIST.split(written)
        for code, text in zip(pieces[1::2], pieces[2::2], strict=True):
            self.codes.append(code)
            for turn in phrases.read(text):
                self._by_start.setdefault(turn[0].rstrip("*")[:3], []).append((code, turn))

    def counted(self, words: Sequence[str]) -> Mapping[str, int]:
        """How many different turns of each list ``words`` hold; of two of one list that begin at a
        word the longer counts, and no other one inside it."""
        found: dict[str, set[tuple[str, ...]]] = {}
        free: Counter[str] = Counter()
        for index, word in enumerate(words):
            longest: dict[str, tuple[str, ...]] = {}
            for code, turn in self._by_start.get(word[:3], ()):
                is_longer = len(turn) > len(longest.get(code, ())) and index >= free[code]
                if is_longer and phrases.stands(turn, words, index):
                    longest[code] = turn
            for code, turn in longest.items():
                found.setdefault(code, set()).add(turn)
                free[code] = index + len(turn)
        return {code: len(turns) for code, turns in found.items()}


@cache
def turns() -> Turns:
    """Those of ``data/turns.txt``."""
    file = resources.files("webmail.adverts.classify.data").joinpath("turns.txt")
    lines = file.read_text("utf-8").splitlines()
    return Turns("\n".join(line for line in lines if not line.startswith("#")))
