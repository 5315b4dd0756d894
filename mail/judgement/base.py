"""The base model: what the training texts of this package teach, as `train_adverts` wrote it."""

from __future__ import annotations

import json
from functools import lru_cache
from importlib import resources

from mail.judgement.words import Counts, Row

FILE = "base.json"


@lru_cache(maxsize=1)
def counts() -> Counts:
    """Part of the code, as a table in a module would be; read once."""
    return loads(resources.files("mail.judgement.data").joinpath(FILE).read_text("ascii"))


def loads(text: str) -> Counts:
    """The inverse of ``dumps``."""
    packed = json.loads(text)
    words = {word: _row(row) for row, having in packed["words"].items() for word in having.split()}
    return Counts(_row(packed["messages"]), words)


def _row(written: str) -> Row:
    wanted, adverts, junk = map(int, written.split())
    return wanted, adverts, junk


def dumps(learnt: Counts) -> str:
    """Words with the same counts stand together, all in order: the same counts give the same
    bytes."""
    having: dict[Row, list[str]] = {}
    for word, row in sorted(learnt.words.items()):
        having.setdefault(row, []).append(word)
    written = {_written(row): " ".join(words) for row, words in sorted(having.items())}
    packed = {"messages": _written(learnt.messages), "words": written}
    return json.dumps(packed, indent=0) + "\n"


def _written(row: Row) -> str:
    return " ".join(map(str, row))
