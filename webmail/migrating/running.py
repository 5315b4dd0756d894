"""Move all users of another webmail, each in a transaction of its own.

A run that ends early is continued by running it again. The failure of one user does not stop the
run; many failures in a row are a fault of the database, and end it.
"""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

from django.db import transaction

from accounts.models import MovedUser, User
from addressbook.imports import owners
from webmail.migrating import writing
from webmail.migrating.source import Source
from webmail.migrating.values import Account, FormerUser
from webmail.migrating.writing import MovingOptions

MOST_FAILURES = 25
"""The number of failures in a row after which the run ends."""
MOVED, UNCHANGED, REFUSED, FAILED = "moved", "unchanged", "refused", "failed"

_BATCH = 200


class Reader(Protocol):
    """Reads the database of one webmail."""

    NAME: str

    def need(self, source: Source) -> None: ...
    def count(self, source: Source) -> int: ...
    def accounts(self, source: Source) -> Iterator[Account]: ...
    def person(self, source: Source, account: Account) -> FormerUser: ...


class TooManyFailures(Exception):
    """So many users failed in a row that the cause is not theirs."""


@dataclass(frozen=True)
class UserChoice:
    """The users to move, and their logins here. In ``template``, ``{username}`` stands for the
    login there, ``{local}`` for its part before the @ and ``{host}`` for the mail server. ``only``
    contains logins in lower case, there or here; empty for all users."""

    template: str = "{username}"
    only: frozenset[str] = frozenset()
    is_trial: bool = False

    def login_of(self, account: Account) -> str:
        values = {
            "{username}": account.login,
            "{local}": account.login.partition("@")[0],
            "{host}": account.host,
        }
        text = self.template
        for mark, words in values.items():
            text = text.replace(mark, words)
        return text.strip()

    def takes(self, account: Account) -> bool:
        names = {account.login.lower(), account.origin, self.login_of(account).lower()}
        return not self.only or bool(names & self.only)


@dataclass(frozen=True, slots=True)
class MovingOutcome:
    """The outcome for one user. ``reason`` says why nothing was moved; ``address`` is "" where the
    user was not recognised."""

    login: str
    address: str
    state: str
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def run(
    reader: Reader, source: Source, choice: UserChoice, options: MovingOptions
) -> Iterator[MovingOutcome]:
    """Yield one outcome for each chosen user. Raises TooManyFailures."""
    failures = 0
    chosen = (account for account in reader.accounts(source) if choice.takes(account))
    for batch in _batches(chosen):
        shares = {choice.login_of(account) for account in batch if account.is_share}
        owner_of = owners.resolve({choice.login_of(account) for account in batch}, shares)
        for account in batch:
            owner = owner_of[choice.login_of(account)]
            if owner.problem:
                yield MovingOutcome(account.login, "", REFUSED, owner.problem)
                continue
            outcome = _one(reader, source, account, owner, choice, options)
            failures = failures + 1 if outcome.state == FAILED else 0
            yield outcome
            if failures >= MOST_FAILURES:
                raise TooManyFailures(outcome.reason)


def _batches(accounts: Iterable[Account]) -> Iterator[Sequence[Account]]:
    waiting = iter(accounts)
    while batch := list(islice(waiting, _BATCH)):
        yield batch


def _one(
    reader: Reader,
    source: Source,
    account: Account,
    owner: owners.ContactsOwner,
    choice: UserChoice,
    options: MovingOptions,
) -> MovingOutcome:
    try:
        with transaction.atomic():
            outcome = _moved(reader, source, account, owner, options)
            if choice.is_trial:
                transaction.set_rollback(True)
        return outcome
    except Exception as error:  # noqa: BLE001  the failure of one user stops nobody
        return MovingOutcome(account.login, owner.address, FAILED, _cause(error))


def _moved(
    reader: Reader,
    source: Source,
    account: Account,
    owner: owners.ContactsOwner,
    options: MovingOptions,
) -> MovingOutcome:
    pk = owners.ensure(owner).pk
    # Read again with a lock: the user may be signed in and change it.
    users = User.objects.select_related("mail_domain").select_for_update(of=("self",))
    user = users.get(pk=pk)
    person = reader.person(source, account)
    row = writing.write(person, user, account.origin, options)
    counts = {name: getattr(row, name) for name in MovedUser.COUNTS}
    state = MOVED if any(counts.values()) else UNCHANGED
    left_out = Counter({reason: count for reason, count in person.left_out.items() if count})
    return MovingOutcome(account.login, str(user), state, "", counts, left_out)


def _cause(error: Exception) -> str:
    """Return the class of the error and its place, but not its message: databases repeat values in
    it."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    place = f" ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else ""
    return f"{type(error).__name__}{place}"
