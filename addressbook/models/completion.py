"""The beginnings of words by which completion finds an address.

A row is the beginning of a word with two letters, with three, or the whole word where it is
longer: what is typed is then either equal to a row, whose index runs in the order that is shown,
or it is the beginning of few enough rows to be sorted. Two letters of a common name begin the
names of tens of thousands of people; ten of them are read.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.lookups import Lookup
from django.utils.translation import gettext_lazy as _

from addressbook.models.contacts import ContactAddress
from addressbook.models.directory import DirectoryEntry

LONGEST_WORD = 32
LONGEST_SORT_KEY = 100
_SHORT = (2, 3)
IN_ORDER = max(_SHORT)
"""Letters up to which what was typed is equal to its rows."""


def beginnings(words: Iterable[str]) -> set[str]:
    """What rows a text of these words has: ``martin`` -> ``ma``, ``mar``, ``martin``."""
    cut = [word[:LONGEST_WORD] for word in words if len(word) > 1]
    return {word[:length] for word in cut for length in (*_SHORT, LONGEST_WORD)}


def is_whole(text: str) -> bool:
    """Whether what begins with the text has a row that is equal to it."""
    return len(text) in _SHORT


@models.CharField.register_lookup
class Begins(Lookup):
    """``word__begins="mart"``: by the index, which `startswith` does not use on SQLite. For words
    of letters and digits alone."""

    lookup_name = "begins"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return self._between(compiler, connection, ">=", "<")

    def as_postgresql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        # Code point by code point, as the index is, whatever the language of the database.
        return self._between(compiler, connection, "~>=~", "~<~")

    def _between(
        self, compiler: Any, connection: Any, from_: str, to: str
    ) -> tuple[str, tuple[Any, ...]]:
        column, params = self.process_lhs(compiler, connection)
        start = str(self.rhs)
        end = start[:-1] + chr(ord(start[-1]) + 1)
        return f"({column} {from_} %s AND {column} {to} %s)", (*params, start, *params, end)


def typed(*texts: str) -> models.Q:
    """Rows of words that begin with one of these texts, of two letters or more."""
    condition = models.Q()
    for text in texts:
        key = "word" if is_whole(text) else "word__begins"
        condition |= models.Q((key, text[:LONGEST_WORD]))
    return condition


class Word(models.Model):
    """``sort_key`` repeats its address's, so that the index alone puts them in order."""

    word = models.CharField(_("beginning of a word"), max_length=LONGEST_WORD)
    sort_key = models.CharField(_("sorted as"), max_length=LONGEST_SORT_KEY)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.word


class ContactWord(Word):
    """Of a contact's address: of its name, of what stands before the @ and, as ``by_domain``, of
    what stands behind it. Contacts in the bin have none."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False
    )
    by_domain = models.BooleanField(_("of the domain"))
    address = models.ForeignKey(ContactAddress, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("word of a contact")
        verbose_name_plural = _("words of contacts")
        indexes = (
            models.Index(
                fields=["user", "word", "by_domain", "sort_key", "address"],
                opclasses=["int8_ops", "varchar_pattern_ops", "bool_ops", "text_ops", "int8_ops"],
                name="contact_by_word",
            ),
        )


class DirectoryWord(Word):
    """Of a person of the directory: of his name and of what stands before the @ of his address."""

    entry = models.ForeignKey(DirectoryEntry, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("word of a directory entry")
        verbose_name_plural = _("words of directory entries")
        indexes = (
            models.Index(
                fields=["word", "sort_key", "entry"],
                opclasses=["varchar_pattern_ops", "text_ops", "int8_ops"],
                name="entry_by_word",
            ),
        )
