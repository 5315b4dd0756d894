"""The institutions that frauds imitate (banks, carriers, shops, offices), and their own domains.

The list is ``data/institutions.txt``, written for this project from what these institutions say of
their own mail.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from functools import cache, lru_cache
from importlib import resources

_LONGEST_NAME = 9
"""Words of the longest name of the list."""
_LEAST_LETTERS = 5
"""Letters of a name that is looked for in domains."""


@dataclass(frozen=True)
class Institutions:
    """``by_name``: names as lists write them, ``exact``: those that are words or surnames as well,
    both with the institution's own domains; ``labels``: names as they stand in domains, without
    blanks."""

    by_name: Mapping[str, tuple[str, ...]]
    exact: Mapping[str, tuple[str, ...]]
    labels: Mapping[str, tuple[str, ...]]


@cache
def known() -> Institutions:
    by_name: dict[str, tuple[str, ...]] = {}
    exact: dict[str, tuple[str, ...]] = {}
    for line in _lines():
        names, _, written = line.partition(":")
        for name in (name.strip() for name in names.split(",")):
            (exact if name.startswith("=") else by_name)[name.lstrip("=")] = tuple(written.split())
    labels = {name.replace(" ", ""): domains for name, domains in by_name.items()}
    labels = {label: domains for label, domains in labels.items() if len(label) >= _LEAST_LETTERS}
    return Institutions(by_name, exact, labels)


def _lines() -> list[str]:
    source = resources.files("mail.judgement.data").joinpath("institutions.txt")
    lines = source.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def named(words: list[str]) -> tuple[str, ...]:
    """The domains of the institution whose name stands in these folded words of a sender's name;
    empty where none does."""
    institutions = known()
    if domains := institutions.exact.get(" ".join(words)):
        return domains
    for start in range(len(words)):
        for length in range(min(_LONGEST_NAME, len(words) - start), 0, -1):
            name = " ".join(words[start : start + length])
            if domains := institutions.by_name.get(name):
                return domains
    return ()


@cache
def _schools() -> tuple[str, ...]:
    source = resources.files("mail.judgement.data").joinpath("schools.txt")
    lines = source.read_text("utf-8").splitlines()
    return tuple(word for line in lines if not line.startswith("#") for word in line.split())


@lru_cache(maxsize=2048)
def is_of_schools(domain: str) -> bool:
    """Whether a domain is one whose mail a teacher expects (``data/schools.txt``)."""
    return owns(_schools(), domain)


@cache
def _signing() -> tuple[date, frozenset[str], tuple[str, ...]]:
    """The day of the list of ``data/signing.txt``, its domains, and those with a star."""
    source = resources.files("mail.judgement.data").joinpath("signing.txt")
    lines = [line for line in source.read_text("utf-8").splitlines() if not line.startswith("#")]
    renewed = date.fromisoformat(lines[0].removeprefix("renewed: "))
    listed = {word for line in lines[1:] for word in line.split()}
    with_star = tuple(sorted(domain for domain in listed if "*" in domain))
    return renewed, frozenset(listed.difference(with_star)), with_star


def signing_renewed() -> date:
    """Return the day on which the list of those that sign their mail was gone through."""
    return _signing()[0]


@lru_cache(maxsize=2048)
def signs_all_mail(domain: str) -> bool:
    """Whether a domain is one whose owner signs all of its mail or sends it itself."""
    _renewed, written_out, with_star = _signing()
    labels = domain.lower().strip(".").split(".")
    ends = (".".join(labels[start:]) for start in range(max(0, len(labels) - 6), len(labels)))
    return any(end in written_out for end in ends) or owns(with_star, domain)


@lru_cache(maxsize=2048)
def is_institutions(domain: str) -> bool:
    """Whether a domain is that of an institution itself, at which nobody else has a mailbox and
    which sends nobody else's files or bills."""
    return not owns(_OPEN_TO_ALL, domain) and is_listed(domain)


@lru_cache(maxsize=2048)
def is_listed(domain: str) -> bool:
    """Whether a domain belongs to an institution of the list. Others may write from it too."""
    written_out, with_star = _all_domains()
    labels = domain.lower().strip(".").split(".")
    ends = (".".join(labels[start:]) for start in range(max(0, len(labels) - 6), len(labels)))
    return any(end in written_out for end in ends) or owns(with_star, domain)


@cache
def _all_domains() -> tuple[frozenset[str], tuple[str, ...]]:
    """The domains of all institutions: those written out, and those with a star."""
    institutions = known()
    lists = (*institutions.by_name.values(), *institutions.exact.values())
    domains = {domain for listed in lists for domain in listed}
    with_star = tuple(sorted(domain for domain in domains if "*" in domain))
    return frozenset(domains.difference(with_star)), with_star


# Anybody can have a mailbox there, or send files, signatures and bills through them.
_OPEN_TO_ALL = (
    *("laposte.net", "orange.fr", "wanadoo.fr", "sfr.fr", "free.fr", "outlook.com", "live.com"),
    *("icloud.com", "google.com", "dropbox.com", "wetransfer.com", "docusign.net", "docusign.com"),
    *("adobesign.com", "sharepoint.com", "sharepointonline.com", "onedrive.com", "office.com"),
    *("paypal.com", "paypal.fr", "leboncoin.fr", "zoom.us", "leetchi.com", "amazonses.com"),
    *("amazonaws.com", "microsoftonline.com", "facebookmail.com", "linkedin.com", "gandi.net"),
)


def owns(domains: tuple[str, ...], domain: str) -> bool:
    """Whether ``domain`` is one of ``domains`` or below one; a star stands for part of a label."""
    labels = domain.lower().strip(".").split(".")
    ends = [".".join(labels[start:]) for start in range(len(labels))][-6:]
    return any(fnmatchcase(end, own) for end in ends for own in domains)
