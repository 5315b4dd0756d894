"""Two cards of one person -> one card. Pure functions."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from addressbook import vcard
from addressbook.contact_data import ContactData
from addressbook.contacts import duplicates, keeping
from addressbook.folding import words

_NAMES = ("display_name", "prefix", "first_name", "middle_name", "last_name", "suffix")


def card(data: ContactData) -> str:
    """The card as it is staged: complete, without picture and owner."""
    return vcard.write(replace(keeping.complete(data), photo=None, owner=""))


def canonical(data: ContactData) -> str:
    """The text of a card, which is the same for two cards that say the same."""
    return vcard.write(replace(data, uid="", photo=None, owner=""))


def join(base: ContactData, new: ContactData) -> ContactData:
    """``base`` with what ``new`` knows besides: its other addresses, telephones and so on, and the
    texts that ``base`` lacks. Of two names the fuller one, of two notes both; to join the same
    again adds nothing. The UID and the picture stay, if there is one."""
    joined = replace(duplicates.combine((base, new), {}, {}), uid=base.uid)
    if _is_fuller(new, base):
        joined = replace(joined, **{name: getattr(new, name) for name in _NAMES})
    return replace(joined, notes=_notes(base.notes, new.notes))


def _is_fuller(new: ContactData, base: ContactData) -> bool:
    """ "Claire Martin" beside "C. Martin", or beside a mere address; never an address beside a
    name."""
    is_address, was_address = "@" in new.display_name, "@" in base.display_name
    if is_address or was_address:
        return was_address and not is_address and bool(new.display_name)
    return _characters(new) > _characters(base)


def _characters(data: ContactData) -> int:
    return sum(map(len, words(data.display_name)))


def _notes(base: str, new: str) -> str:
    if not new or new in base:
        return base
    return f"{base}\n\n{new}" if base else new


def mark(text: str, picture: str) -> bytes:
    """A digest of a card as it is kept, and of its picture's digest: 32 bytes."""
    return hashlib.sha256(f"{picture}\n{text}".encode()).digest()
