"""The actions of a person on contacts: the only writer of their rows.

Here: make, change, put into the bin, take out again. `finding` searches and pages, `groups`
gathers, `families` reads classes, `ties` ties pupils to guardians, `duplicates` finds and merges,
`export` hands out, `photos` encodes pictures anew.
"""

from addressbook.contacts.keeping import (
    BIN_DAYS,
    FillableField,
    create,
    create_many,
    data_of,
    delete,
    erase,
    expire,
    fill,
    recipient,
    restore,
    unfill,
    update,
)

__all__ = [
    "BIN_DAYS",
    "FillableField",
    "create",
    "create_many",
    "data_of",
    "delete",
    "erase",
    "expire",
    "fill",
    "recipient",
    "restore",
    "unfill",
    "update",
]
