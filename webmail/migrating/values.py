"""The data of a user of another webmail as values, in our terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from addressbook.contact_data import ContactData

MOST_OF_A_KIND = 5_000
"""The most recipients, trusted senders or folders of one user that are moved."""


@dataclass(frozen=True, slots=True)
class Account:
    """A user in the list of all users. ``login`` is the one typed there, ``host`` the mail server,
    "" where it is unknown; ``key`` identifies the user's rows. ``is_share`` means an address book
    of several users whose owner is unknown."""

    key: int | str
    login: str
    host: str = ""
    language: str = ""
    is_share: bool = False

    @property
    def origin(self) -> str:
        """A unique name of the user in the other installation."""
        return f"{self.login}@@{self.host}".lower() if self.host else self.login.lower()


@dataclass(frozen=True, slots=True)
class FormerIdentity:
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
    """A canned answer. ``text`` is HTML where ``is_html``."""

    key: str
    name: str
    text: str
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class Order:
    """The order of a folder's list. ``sort`` is one of `mailbox.ordering.SORTS`."""

    folder: str
    sort: str
    up: bool
    threads: bool


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address to which messages were sent. ``last`` is None where the time is unknown."""

    name: str
    address: str
    last: datetime | None = None
    times: int = 1


@dataclass(frozen=True, slots=True)
class FormerGroup:
    """A group, with the keys of its contacts."""

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
"""A function that yields the contacts page by page, without those whose keys are given, which were
moved already."""


def no_contacts(_known: Container[str]) -> Iterable[Page]:
    """Return no contacts, for a user who has none."""
    return ()


@dataclass(slots=True)
class FormerUser:
    """All data of one user. ``contacts`` must be read before ``groups``. ``shared`` are addresses
    of identities that other users there also have, in lower case. ``left_out`` counts, by reason,
    data that have no equivalent here or cannot be read."""

    identities: Sequence[FormerIdentity] = ()
    shared: frozenset[str] = frozenset()
    canned: Sequence[Canned] = ()
    orders: Sequence[Order] = ()
    preferences: Mapping[str, str] = field(default_factory=dict)
    recipients: Sequence[Recipient] = ()
    trusted: Sequence[str] = ()
    searches: Sequence[Search] = ()
    contacts: Contacts = no_contacts
    groups: Iterable[FormerGroup] = ()
    left_out: Counter[str] = field(default_factory=Counter)
