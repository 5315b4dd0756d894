"""Join two cards of one person. Pure functions."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from addressbook import vcard
from addressbook.contact_data import FORMER, ContactData, Email
from addressbook.contacts import duplicates, keeping
from addressbook.folding import words

_NAMES = ("display_name", "prefix", "first_name", "middle_name", "last_name", "suffix")


def card(data: ContactData) -> str:
    """Return the card as it is staged: complete, without picture and owner."""
    return vcard.write(replace(keeping.complete(data), photo=None, owner=""))


def canonical(data: ContactData) -> str:
    """Return the text of a card, which is equal for two cards with the same data."""
    return vcard.write(replace(data, uid="", photo=None, owner=""))


def join(base: ContactData, new: ContactData, *, is_list: bool = False) -> ContactData:
    """Return ``base`` completed by ``new``: with its other addresses, telephones and so on, the
    texts that ``base`` lacks, the fuller of two names, and both notes. Joining the same data again
    adds nothing. The UID stays. Addresses that a school's list (``is_list``) brings come first,
    since they are the ones to write to, and the address that was written to becomes a former
    one unless the list has it too."""
    joined = replace(duplicates.combine((base, new), {}, {}), uid=base.uid)
    if is_list:
        joined = replace(joined, emails=_renewed(base.emails, new.emails))
    if _is_fuller(new, base):
        joined = replace(joined, **{name: getattr(new, name) for name in _NAMES})
    return replace(joined, notes=_notes(base.notes, new.notes))


def _renewed(emails: Sequence[Email], listed: Sequence[Email]) -> tuple[Email, ...]:
    there = {email.address.lower() for email in emails}
    in_list = {email.address.lower() for email in listed}
    new = [email for email in listed if email.address.lower() not in there]
    if not new or not emails or emails[0].address.lower() in in_list:
        return (*new, *emails)
    return (*new, *emails[1:], replace(emails[0], type=FORMER))


def _is_fuller(new: ContactData, base: ContactData) -> bool:
    """Return whether ``new`` has the fuller name: "Claire Martin" compared with "C. Martin" or with
    an address, but never an address compared with a name."""
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
    """Return a digest of 32 bytes of a stored card and its picture's digest."""
    return hashlib.sha256(f"{picture}\n{text}".encode()).digest()
