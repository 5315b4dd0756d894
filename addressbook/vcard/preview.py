"""Show a vCard attachment as cards: names, positions, telephones, addresses.

The address book's own parser reads them, so that an import takes the same values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from addressbook import vcard
from addressbook.contact_data import ContactData, PostalAddress
from mail.previews.failures import NoPreview, Reason

LARGEST = 1_000_000
MOST_CARDS = 50
_MOST_ENTRIES = 10
_LONGEST = 300
_LONGEST_NOTE = 2_000


@dataclass(frozen=True, slots=True)
class Card:
    """One person or organisation. Every string is plain text and must be escaped."""

    name: str = ""
    organisation: str = ""
    title: str = ""
    telephones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    websites: tuple[str, ...] = ()
    note: str = ""


def cards(content: bytes) -> tuple[Card, ...]:
    """Return the cards of a file in vCard 2.1 to 4.0, at most ``MOST_CARDS``. Raises NoPreview if
    there are none."""
    contacts = (
        contact for contact in vcard.parse(content[:LARGEST]) if isinstance(contact, ContactData)
    )
    if not (shown_cards := tuple(map(_card, islice(contacts, MOST_CARDS)))):
        raise NoPreview(Reason.DAMAGED, "no card in it")
    return shown_cards


def _card(contact: ContactData) -> Card:
    organisation = _joined((contact.organization or contact.school, contact.department))
    name = _joined((contact.display_name,))
    return Card(
        name=name,
        organisation="" if organisation == name else organisation,
        title=_joined((contact.job_title,)),
        telephones=_several(phone.number for phone in contact.phones),
        emails=_several(email.address for email in contact.emails),
        addresses=_several(map(_address, contact.addresses)),
        websites=_several(
            url for url in contact.urls if re.match(r"https?://[^\s]+$", url, re.IGNORECASE)
        ),
        note=contact.notes[:_LONGEST_NOTE],
    )


def _address(address: PostalAddress) -> str:
    lines = (address.po_box, *address.street.split("\n"), *address.formatted.split("\n"))
    return _joined((*lines, address.city, address.region, address.postal_code, address.country))


def _several(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_joined((text,)) for text in texts))[:_MOST_ENTRIES]


def _joined(texts: Iterable[str]) -> str:
    """Join texts on one line of limited length."""
    return " ".join(", ".join(filter(None, texts)).split())[:_LONGEST]
