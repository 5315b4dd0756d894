"""``bin/manage write_accents``: write the dictionary of accents from a spelling dictionary."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.core.management.base import BaseCommand

from mail.folding import fold
from mail.mailbox.accents import FILE, SHORTEST_BEGINNING

_HEAD = """\
# French words with accents, from the dictionary of Dicollecte 7.0 (https://grammalecte.net).
# Copyright 2007-2018 Dicollecte contributors.
# Mozilla Public License 2.0: https://mozilla.org/MPL/2.0/
"""
# Endings of tenses that do not occur in messages.
_LITERARY = (
    *("âmes", "âtes", "ât", "èrent", "îmes", "îtes", "ît", "ûmes", "ûtes", "ût", "înmes", "întes"),
    *("înt", "eâ", "éâ", "eâs", "éâs", "iions", "iiez"),
)


class Command(BaseCommand):
    """Writes the dictionary of `mail.mailbox.accents`."""

    help = (
        "Write mail/mailbox/accents.txt from words on standard input, one on each line, as"
        " `unmunch fr.dic fr.aff` prints them."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        words = accented(line.split("/")[0].strip() for line in sys.stdin)
        roots = without_derived(words)
        FILE.write_text(_HEAD + "".join(f"{word}\n" for word in roots))
        self.stdout.write(f"{FILE}: {len(roots)} words")


def accented(lines: Iterable[str]) -> set[str]:
    """Return the words with accents, in lower case."""
    words = set()
    for line in lines:
        word = unicodedata.normalize("NFC", line.casefold())
        folded = fold(word)
        if not word.isalpha() or not 3 <= len(word) <= 22 or len(folded) != len(word):
            continue
        if folded != word and (len(word) <= 5 or not word.endswith(_LITERARY)):
            words.add(word)
    return words


def without_derived(words: Iterable[str]) -> list[str]:
    """Return the words that do not consist of another word and an ending, sorted by folded form."""
    roots: dict[str, list[str]] = {}
    for word in sorted(words, key=lambda word: (len(word), word)):
        folded = fold(word)
        beginnings = (folded[:n] for n in range(len(folded) - 1, SHORTEST_BEGINNING - 1, -1))
        nearest = next((beginning for beginning in beginnings if beginning in roots), "")
        if word not in (root + folded[len(nearest) :] for root in roots.get(nearest, ())):
            roots.setdefault(folded, []).append(word)
    return [word for folded in sorted(roots) for word in sorted(roots[folded])]
