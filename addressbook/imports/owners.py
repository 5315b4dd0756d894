"""The users who own the contacts of a file with several owners, found by name.

A name gives the same login as at sign-in (`accounts.backends.whom`), so that the first sign-in
finds a user who was created here.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from django.contrib.auth.hashers import make_password

from accounts.models import MailDomain, StaffRecord, User
from addressbook.models import ImportPart

Problem = ImportPart.Problem

_BATCH = 300
_NAME = re.compile(r"[^\s@,;=<>\"\x00-\x1f]{1,64}(?:@[^\s@,;=<>\"\x00-\x1f]{1,189})?")


@dataclass(frozen=True, slots=True)
class ContactsOwner:
    """The owner of a name. ``user`` is None for an owner without a row, and if there is a
    ``problem``."""

    name: str
    domain: MailDomain | None = None
    login: str = ""
    address: str = ""
    user: User | None = None
    problem: str = ""

    @property
    def key(self) -> str:
        """The key, equal for two names of one owner."""
        return f"{self.domain.pk}:{self.login}" if self.domain else f"?{self.name}"

    @property
    def is_newcomer(self) -> bool:
        """Whether the owner has never signed in, with or without a row from an earlier import."""
        return not self.problem and (self.user is None or self.user.last_login is None)


def resolve(names: Iterable[str], shares: Collection[str] = ()) -> dict[str, ContactsOwner]:
    """Return the owner of each name, which is a login of the default domain or an address.
    ``shares`` are names of shared books without an owner."""
    domains: dict[str, MailDomain | None] = {}
    by_name: dict[str, ContactsOwner] = {}
    fit: dict[MailDomain, list[tuple[str, str]]] = {}
    for name in names:
        typed = name.strip().lower()
        if problem := _problem(typed, name in shares):
            by_name[name] = ContactsOwner(name, problem=problem)
            continue
        host = typed.partition("@")[2]
        if host not in domains:
            domains[host] = MailDomain.objects.of_typed_login(typed)
        if domain := domains[host]:
            fit.setdefault(domain, []).append((name, typed))
        else:
            by_name[name] = ContactsOwner(name, problem=Problem.DOMAIN)
    for domain, pairs in fit.items():
        for batch in _batches(pairs):
            by_name |= {owner.name: owner for owner in _of_domain(domain, batch)}
    return by_name


def find_owner(name: str) -> ContactsOwner:
    """Return the owner of the name that an administrator typed."""
    return resolve([name])[name]


def ensure(owner: ContactsOwner) -> User:
    """Return the user. An owner who has never signed in gets a user without a usable password."""
    if owner.user:
        return owner.user
    defaults = {"address": owner.address, "password": make_password(None)}
    return User.objects.get_or_create(
        mail_domain=owner.domain, login=owner.login, defaults=defaults
    )[0]


def _problem(typed: str, is_share: bool) -> str:
    if not typed:
        return Problem.NO_OWNER
    if is_share:
        return Problem.SHARE
    return "" if _NAME.fullmatch(typed) else Problem.UNCLEAR


def _batches(pairs: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    waiting = iter(pairs)
    while batch := list(islice(waiting, _BATCH)):
        yield batch


def _of_domain(domain: MailDomain, pairs: list[tuple[str, str]]) -> Iterator[ContactsOwner]:
    logins = [domain.server_login(typed) for _name, typed in pairs]
    addresses = [domain.address_of(typed) for _name, typed in pairs]
    people = User.objects.filter(mail_domain=domain)
    by_login = {user.login: user for user in people.filter(login__in=logins)}
    by_address = {user.address: user for user in people.filter(address__in=addresses)}
    records = StaffRecord.objects.filter(mail_domain=domain, address__in=addresses)
    login_of = dict(records.values_list("address", "login"))
    # A login may differ from the address. The user who has the login is the same person.
    by_login |= {user.login: user for user in people.filter(login__in=login_of.values())}
    for (name, _typed), login, address in zip(pairs, logins, addresses, strict=True):
        user = by_login.get(login) or by_address.get(address)
        login = user.login if user else login_of.get(address, login)
        yield ContactsOwner(name, domain, login, address, user or by_login.get(login))
