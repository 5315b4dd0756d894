"""vCard 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), read into `ContactData` and written from it.

Reading is lenient and bounded. Every card with any content gives a contact, content beyond the
limits is dropped, nothing is fetched, and nothing recurses.
"""

from addressbook.vcard.cards import MOST_PARAMETERS, Card, Property, cards
from addressbook.vcard.escaping import escape
from addressbook.vcard.reading import (
    PRODUCT,
    RowError,
    addresses_in,
    contact_of,
    day_of,
    full_name,
    has_something,
    is_x500,
    iso_date,
    parse,
    phone_number,
    phone_type,
    photo_of,
    place_of,
    read_one,
    recipients_in,
)
from addressbook.vcard.writing import write, write_group

__all__ = [
    "MOST_PARAMETERS",
    "PRODUCT",
    "Card",
    "Property",
    "RowError",
    "addresses_in",
    "cards",
    "contact_of",
    "day_of",
    "escape",
    "full_name",
    "has_something",
    "is_x500",
    "iso_date",
    "parse",
    "phone_number",
    "phone_type",
    "photo_of",
    "place_of",
    "read_one",
    "recipients_in",
    "write",
    "write_group",
]
