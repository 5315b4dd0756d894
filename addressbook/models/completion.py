"""The beginnings of words by which completion finds an address.

A word has rows for its first two letters, for its first three, and for the whole word if it is
longer. A typed text of two or three letters equals rows, which the index has in the order that is
shown. A longer text begins so few rows that they can be sorted. Two letters of a common name begin
the names of tens of thousands of people; only ten of them are read.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from addressbook.models.contacts import ContactAddress
from addressbook.models.directory import DirectoryEntry

LONGEST_WORD = 32
LONGEST_SORT_KEY = 100
_SHORT = (2, 3)
IN_ORDER = max(_SHORT)
"""The largest length of a typed text that equals its rows."""


def beginnings(words: Iterable[str]) -> set[str]:
    """Return the rows for a text of these words: ``ma``, ``mar`` and ``martin`` for ``martin``."""
    cut = [word[:LONGEST_WORD] for word in words if len(word) > 1]
    return {word[:length] for word in cut for length in (*_SHORT, LONGEST_WORD)}


def is_whole(text: str) -> bool:
    """Return whether a typed text equals the rows of all words that it begins."""
    return len(text) in _SHORT


class Word(models.Model):
    """A beginning of a word. ``sort_key`` repeats that of the address, so that the index alone
    gives the order."""

    word = models.CharField(_("beginning of a word"), max_length=LONGEST_WORD)
    sort_key = models.CharField(_("sorted as"), max_length=LONGEST_SORT_KEY)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.word


class ContactWord(Word):
    """A word of a contact's address: of the name, of the part before the @, or with ``by_domain``
    of the part after it. Contacts in the bin have none."""

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
    """A word of a person of the directory: of the name, or of the part of the address before the
    @."""

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
