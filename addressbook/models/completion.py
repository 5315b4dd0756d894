"""The beginnings of words by which completion finds an address.

A row is the beginning of a word with two letters, with three, or the whole word where it is
longer: what is typed is then either equal to a row, whose index runs in the order that is shown,
or it is the beginning of few enough rows to be sorted. Two letters of a common name begin the
names of tens of thousands of people; ten of them are read.
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
"""Letters up to which what was typed is equal to its rows."""


def beginnings(words: Iterable[str]) -> set[str]:
    """Return the rows that a text of these words has: ``martin`` -> ``ma``, ``mar``, ``martin``."""
    cut = [word[:LONGEST_WORD] for word in words if len(word) > 1]
    return {word[:length] for word in cut for length in (*_SHORT, LONGEST_WORD)}


def is_whole(text: str) -> bool:
    """Whether what begins with the text has a row that is equal to it."""
    return len(text) in _SHORT


class Word(models.Model):
    """``sort_key`` repeats its address's, so that the index alone puts them in order."""

    word = models.CharField(_("beginning of a word"), max_length=LONGEST_WORD)
    sort_key = models.CharField(_("sorted as"), max_length=LONGEST_SORT_KEY)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.word


class ContactWord(Word):
    """A word of a contact's address: of its name, of the part before the @ and, as ``by_domain``,
    of the part behind it. Contacts in the bin have none."""

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
    """A word of a person of the directory: of his name and of the part before the @ of his
    address."""

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
