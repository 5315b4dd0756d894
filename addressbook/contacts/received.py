"""vCards that came as attachments."""

from __future__ import annotations

from accounts.models import User
from addressbook.contact_data import ContactData
from addressbook.contacts import finding, keeping
from addressbook.importers import vcards
from addressbook.models import Contact
from mail import sandbox

MOST_CARDS = 500
"""The largest number of cards that are read from one file; the others are left out."""


def add(user: User, content: bytes) -> tuple[list[Contact], list[Contact]]:
    """Create contacts from the cards of a file. Return the new contacts, and the existing ones that
    have an address of a card. Raises AddressBookFull, and ContentTooCostly if reading the cards
    takes too long."""
    cards = sandbox.call(vcards.first, sandbox.FILE, content, MOST_CARDS)
    theirs = finding.owners(user, (email.address for data in cards for email in data.emails))
    new: list[ContactData] = []
    existing: list[Contact] = []
    for data in cards:
        folded = (email.address.lower() for email in data.emails)
        there = next((theirs[address] for address in folded if address in theirs), None)
        if there:
            existing.append(there)
        else:
            new.append(data)
    return keeping.create_many(user, new), existing
