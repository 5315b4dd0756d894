"""The facts known of a person's correspondence, and how the installation wants mail judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mail.judgement.words import Counts


@dataclass(frozen=True)
class KnownCorrespondents:
    """Addresses, domains and Message-IDs in small letters.

    ``addresses``: contacts, directory, earlier recipients, and senders always allowed;
    ``domains``: allowed as a whole; ``message_ids``: of the person's own messages, without angle
    brackets; ``lists``: List-Ids that the person wrote to, without angle brackets; ``names``: names
    of people of the directory (``Claire Dumont``), for telling who is imitated.
    """

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    message_ids: frozenset[str] = frozenset()
    lists: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()
    """Addresses and domains whose mail the person wants no more."""


@dataclass(frozen=True)
class Rules:
    """``servers``: hosts that take in our mail, or domains above them; empty: the host that wrote
    the topmost Received. ``domains``: the authority's mail domains; empty: that of the mailbox,
    where our servers bear it too. ``authserv``: the name under which our server signs
    Authentication-Results, where it is none of ``servers``."""

    servers: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    authserv: str = ""


@dataclass(frozen=True)
class Learnt:
    """The lessons of the installation and of the person, besides the base model. ``agreed`` holds
    the marks of senders and lists on which many people agree, and whether they want their mail;
    ``languages`` the languages of the person's mail (`languages.NAMED`), empty as long as too
    little is known of them."""

    installation: Counts = field(default_factory=Counts)
    person: Counts = field(default_factory=Counts)
    agreed: Mapping[str, bool] = field(default_factory=dict)
    languages: frozenset[str] = frozenset()

    def weighted(self, base: Counts) -> Sequence[tuple[Counts, float]]:
        """The counts with the weight of one message of each: a person's own word counts most."""
        return ((base, 1.0), (self.installation, 1.0), (self.person, 4.0))
