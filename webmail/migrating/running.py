"""All users of another webmail, one after the other, each in a transaction of its own.

What was done is done: a run that ends early is taken up by running it again. The failure of one
user stops nobody; that of many in a row is the database's, and ends the run.
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
from webmail.migrating.values import Account, Person
from webmail.migrating.writing import Options

MOST_FAILURES = 25
"""In a row."""
MOVED, UNCHANGED, REFUSED, FAILED = "moved", "unchanged", "refused", "failed"

_BATCH = 200


class Reader(Protocol):
    """A module that reads one webmail's database."""

    NAME: str

    def need(self, source: Source) -> None: ...
    def count(self, source: Source) -> int: ...
    def accounts(self, source: Source) -> Iterator[Account]: ...
    def person(self, source: Source, account: Account) -> Person: ...


class TooManyFailures(Exception):
    """So many users failed one after the other that the cause is not theirs."""


@dataclass(frozen=True)
class Choice:
    """The users to bring, and their logins here. In ``template``, ``{username}`` stands for a login
    there, ``{local}`` for its part before the @ and ``{host}`` for the mail server. ``only`` has
    logins in lower case, there or here; empty for all."""

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
class Outcome:
    """The outcome of one user. ``reason`` says why nothing was brought; ``address`` is "" where the
    user was not recognised."""

    login: str
    address: str
    state: str
    reason: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)


def run(reader: Reader, source: Source, choice: Choice, options: Options) -> Iterator[Outcome]:
    """One outcome for each user that is taken. Raises TooManyFailures."""
    failures = 0
    chosen = (account for account in reader.accounts(source) if choice.takes(account))
    for batch in _batches(chosen):
        shares = {choice.login_of(account) for account in batch if account.is_share}
        owner_of = owners.resolve({choice.login_of(account) for account in batch}, shares)
        for account in batch:
            owner = owner_of[choice.login_of(account)]
            if owner.problem:
                yield Outcome(account.login, "", REFUSED, owner.problem)
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
    choice: Choice,
    options: Options,
) -> Outcome:
    try:
        with transaction.atomic():
            outcome = _moved(reader, source, account, owner, options)
            if choice.is_trial:
                transaction.set_rollback(True)
        return outcome
    except Exception as error:  # noqa: BLE001  the failure of one user stops nobody
        return Outcome(account.login, owner.address, FAILED, _cause(error))


def _moved(
    reader: Reader, source: Source, account: Account, owner: owners.ContactsOwner, options: Options
) -> Outcome:
    pk = owners.ensure(owner).pk
    # As it is now: its owner may be signed in.
    users = User.objects.select_related("mail_domain").select_for_update(of=("self",))
    user = users.get(pk=pk)
    person = reader.person(source, account)
    row = writing.write(person, user, account.origin, options)
    counts = {name: getattr(row, name) for name in MovedUser.COUNTS}
    state = MOVED if any(counts.values()) else UNCHANGED
    left_out = Counter({reason: count for reason, count in person.left_out.items() if count})
    return Outcome(account.login, str(user), state, "", counts, left_out)


def _cause(error: Exception) -> str:
    """The kind of the error and its place, without its words: databases repeat values in them."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "site-packages" not in frame.filename]
    place = f" ({Path(ours[-1].filename).name}:{ours[-1].lineno})" if ours else ""
    return f"{type(error).__name__}{place}"
