"""A user of another webmail as a value: what its reader found, in our terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from addressbook.contact_data import ContactData

MOST_OF_A_KIND = 5_000
"""Recipients, trusted senders, folders: of one user, those beyond stay where they are."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user as the list of all names one. ``login`` is as it is typed there; ``host`` the mail
    server, "" where none is known; ``key`` finds the rest. ``is_share``: a book of several
    people's, which nobody explains."""

    key: int | str
    login: str
    host: str = ""
    language: str = ""
    is_share: bool = False

    @property
    def origin(self) -> str:
        """One name for each user of an installation."""
        return f"{self.login}@@{self.host}".lower() if self.host else self.login.lower()


@dataclass(frozen=True, slots=True)
class Signed:
    """An identity. ``signature`` is HTML where ``is_html``."""

    key: str
    address: str
    name: str = ""
    reply_to: str = ""
    signature: str = ""
    is_html: bool = False
    is_default: bool = False


@dataclass(frozen=True, slots=True)
class Canned:
    """A canned answer; ``text`` is HTML where ``is_html``."""

    key: str
    name: str
    text: str
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The order in which a folder is shown; ``sort`` is one of `mailbox.ordering.SORTS`."""

    folder: str
    sort: str
    up: bool
    threads: bool


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address that was written to. ``last`` is None where nobody knows when."""

    name: str
    address: str
    last: datetime | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class Members:
    """A group, by the keys of its contacts."""

    key: str
    name: str
    contacts: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Search:
    """A saved search. ``reach`` and ``folder`` are those of `models.SavedSearch`."""

    name: str
    text: str
    reach: str
    folder: str = ""


Page = Sequence[tuple[str, ContactData]]
"""Contacts with their keys."""
Contacts = Callable[[Container[str]], Iterable[Page]]
"""The contacts page by page, without those of these keys, which are there already."""


def no_contacts(_known: Container[str]) -> Iterable[Page]:
    """The contacts of a user who has none."""
    return ()


@dataclass(slots=True)
class Person:
    """All that one user has there. ``contacts`` are read when they are asked for, and ``groups``
    after them. ``shared`` are addresses of identities that others there have too, in lower case.
    ``left_out`` counts, by reasons in words, what has no like here or cannot be read."""

    identities: Sequence[Signed] = ()
    shared: frozenset[str] = frozenset()
    canned: Sequence[Canned] = ()
    orders: Sequence[Order] = ()
    preferences: Mapping[str, str] = field(default_factory=dict)
    recipients: Sequence[Recipient] = ()
    trusted: Sequence[str] = ()
    searches: Sequence[Search] = ()
    contacts: Contacts = no_contacts
    groups: Iterable[Members] = ()
    left_out: Counter[str] = field(default_factory=Counter)
