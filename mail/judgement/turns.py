"""Many lists of turns of phrase, looked for at once; and those of ``data/turns.txt``, by what is
done with them: to introduce oneself, to ask for a minute, to threaten."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import zip_longest

from mail.judgement import phrases

_LIST = re.compile(r"(?m)^\[(\w{1,40})\]$")
# Letters by which turns are found whose first word has any ending.
_START = 3
_Turn = tuple[str, tuple[str, ...]]
_NONE: list[_Turn] = []


class Turns:
    """Lists by code, made for looking up."""

    def __init__(self, lists: Mapping[str, str]) -> None:
        self._by_word: dict[str, list[_Turn]] = {}
        self._by_pair: dict[tuple[str, str], list[_Turn]] = {}
        self._by_start: dict[str, list[_Turn]] = {}
        for code, written in lists.items():
            for turn in phrases.read_phrases(written):
                self._keep(code, turn)
        self._lengths = sorted({len(key) for key in self._by_start})

    def _keep(self, code: str, turn: tuple[str, ...]) -> None:
        first = turn[0]
        if first.endswith("*"):
            self._by_start.setdefault(first[:-1][:_START], []).append((code, turn))
        elif len(turn) > 1 and not turn[1].endswith("*"):
            self._by_pair.setdefault((first, turn[1]), []).append((code, turn))
        else:
            self._by_word.setdefault(first, []).append((code, turn))

    def counted(self, words: Sequence[str]) -> Mapping[str, int]:
        """The number of different turns of each list in ``words``. Of two turns of one list that
        begin at a word the longer counts, and no other one inside it. Lists without any are left
        out."""
        by_list: dict[str, set[tuple[str, ...]]] = {}
        free: dict[str, int] = {}
        for index, (word, after) in enumerate(zip_longest(words, words[1:], fillvalue="")):
            beginning = self._beginning_with(word, after)
            if not beginning:
                continue
            longest: dict[str, tuple[str, ...]] = {}
            for code, turn in beginning:
                is_longer = len(turn) > len(longest.get(code, ())) and index >= free.get(code, 0)
                if is_longer and phrases.stands(turn, words, index):
                    longest[code] = turn
            for code, turn in longest.items():
                by_list.setdefault(code, set()).add(turn)
                free[code] = index + len(turn)
        return {code: len(turns) for code, turns in by_list.items()}

    def _beginning_with(self, word: str, after: str) -> list[_Turn]:
        beginning = self._by_word.get(word, _NONE)
        if paired := self._by_pair.get((word, after)):
            beginning = [*beginning, *paired]
        for length in self._lengths:
            if starred := self._by_start.get(word[:length]):
                beginning = [*beginning, *starred]
        return beginning


@cache
def turns() -> Turns:
    """Return the turns of phrase in ``data/turns.txt``."""
    file = resources.files("mail.judgement.data").joinpath("turns.txt")
    lines = file.read_text("utf-8").splitlines()
    pieces = _LIST.split("\n".join(line for line in lines if not line.startswith("#")))
    return Turns(dict(zip(pieces[1::2], pieces[2::2], strict=True)))
