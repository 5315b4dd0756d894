"""Limits against guessing, at sign-in and at the account lookup: attempts are counted.

Every limit has the same form: a number of attempts within a period, which begins with the first
attempt and ends by itself. A caller over the limit is told how long to wait; no worker sleeps
meanwhile. A school, sometimes the whole authority, has one address: so limits and exempt networks
are settings. Counters and refused passwords are stored under keyed digests, so that the cache
reveals no login.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache

from accounts.network import is_inside, network_of, networks_of
from core import clock

REFUSED_SECONDS = 120
# How many times as many attempts the next wider network has (`accounts.network.networks_of`).
WIDER = 5


def _key(kind: str, *words: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), digestmod=hashlib.sha256)
    for word in (kind, *words):
        digest.update(len(word).to_bytes(4, "big") + word.encode("utf-8", "surrogatepass"))
    return f"limit:{kind}:{digest.hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` attempts (0: no limit) of a ``kind`` by one ``subject`` within ``seconds``.

    Kinds: ``login`` and ``network`` count wrong passwords; ``numen`` counts lookups, ``lookups``
    those without result from one network, ``all-lookups`` those from everywhere, which refuses
    nobody whose address is known; ``strength``
    counts checks of new passwords while the user types, ``service`` the failed requests of
    services' servers, and ``other-accounts`` sign-ins to accounts elsewhere.
    """

    kind: str
    subject: str = field(repr=False)
    most: int
    seconds: int

    @property
    def key(self) -> str:
        return _key(self.kind, self.subject)

    @property
    def ends_key(self) -> str:
        return f"{self.key}:ends"


@dataclass(frozen=True, slots=True)
class LimitState:
    """The number of attempts counted for a limit, and the seconds until the count ends."""

    limit: Limit
    count: int
    seconds_left: int

    @property
    def is_reached(self) -> bool:
        return 0 < self.limit.most <= self.count


def mailbox(domain_id: int, login: str) -> str:
    """Return the name of a mailbox in the limits."""
    return f"{login}@{domain_id}"


def of_sign_in(login: str, network: str, browser: str = "") -> tuple[Limit, ...]:
    """Return the limits of a sign-in. ``login`` comes from `mailbox`, or is as typed where no
    domain is known. ``browser`` is the digest of a browser that the user has signed in with before.
    Its failures are counted apart, so that strangers who guess cannot lock the user out of it."""
    most, seconds = settings.LOGIN_FAILURES_PER_LOGIN, settings.LOGIN_FAILURES_MINUTES * 60
    subject = f"{login} {browser}" if browser else login
    return (Limit("login", subject, most, seconds), *_of_network("network", network))


def of_numen(digests: Iterable[bytes]) -> tuple[Limit, ...]:
    """Return the limits on lookups of one NUMEN, from all networks together; without them the date
    of birth could be guessed.

    There is one limit for each key of NUMEN_KEYS, since a staff record has a digest by one of them
    only, and support lifts the limit by that digest. Successes count too, since each sends the user
    a notice.
    """
    most, seconds = settings.LOOKUPS_PER_NUMEN, settings.LOOKUPS_PER_NUMEN_HOURS * 60 * 60
    return tuple(Limit("numen", digest.hex(), most, seconds) for digest in digests)


def of_lookups(network: str) -> tuple[Limit, ...]:
    """Return the limits on failed lookups from one network and from the wider ones around it. There
    is none for everybody, since strangers who guess could then lock everybody out; a NUMEN has its
    own (`of_numen`), wherever the guesses come from. Without an address all count together."""
    return _of_network("lookups", network) if network else (of_all_lookups(),)


def of_all_lookups() -> Limit:
    """Return the count of failed lookups from everywhere in a minute, which tells of an attack."""
    return Limit("all-lookups", "", settings.LOOKUP_FAILURES_PER_MINUTE, 60)


def of_other_accounts(user: str) -> tuple[Limit, ...]:
    """Return the limit on a user's sign-ins to accounts elsewhere, so that nobody can guess
    passwords of others from here."""
    return (Limit("other-accounts", user, 10, 60 * 60),)


def of_network(network: str) -> tuple[Limit, ...]:
    """Return all limits that are counted by network."""
    return (*_of_network("network", network), *_of_network("lookups", network))


def _of_network(kind: str, network: str) -> tuple[Limit, ...]:
    """Return a limit for each network around the address, each wider one with `WIDER` times as many
    attempts: who has many networks of one provider does not have as many attempts. There is none if
    the address is unknown or exempt."""
    if not network or is_inside(network, settings.LOGIN_EXEMPT_NETWORKS):
        return ()
    if kind == "network":
        most, minutes = settings.LOGIN_FAILURES_PER_NETWORK, settings.LOGIN_FAILURES_MINUTES
    else:
        most, minutes = settings.LOOKUP_FAILURES_PER_NETWORK, settings.LOOKUP_FAILURES_MINUTES
    names = (network_of(network), *networks_of(network)[1:])
    return tuple(
        Limit(kind, name, most * WIDER**width, minutes * 60) for width, name in enumerate(names)
    )


def state(limits: Sequence[Limit]) -> list[LimitState]:
    """Return the state of each limit, in the same order."""
    now = clock.timestamp()
    counters = cache.get_many([key for limit in limits for key in (limit.key, limit.ends_key)])
    return [
        LimitState(
            limit,
            count=counters.get(limit.key, 0),
            seconds_left=max(1, counters.get(limit.ends_key, now + limit.seconds) - now),
        )
        for limit in limits
    ]


def wait(limits: Sequence[Limit]) -> int:
    """Return the seconds until the next attempt is allowed; 0 means now."""
    return max((state.seconds_left for state in state(limits) if state.is_reached), default=0)


def count(limits: Iterable[Limit]) -> None:
    """Count one attempt for each limit."""
    for limit in limits:
        _one_more(limit)


def _one_more(limit: Limit) -> int:
    """Count an attempt and return the new count. A counter ends by itself, a fixed time after its
    first attempt.

    The commands are the same for the first attempt and all others. Otherwise the response time
    would reveal that a NUMEN has been looked up today, hence that it exists.
    """
    cache.add(limit.ends_key, clock.timestamp() + limit.seconds, limit.seconds)
    cache.add(limit.key, 0, limit.seconds)
    try:
        return cache.incr(limit.key)
    except ValueError:  # the counter ended between the two commands
        cache.set(limit.key, 1, limit.seconds)
        return 1


def reserve(limits: Sequence[Limit]) -> int:
    """Count an attempt before it is made, so that a thousand simultaneous attempts do not all pass.

    Return 0 if the attempt is allowed, else the seconds to wait. Afterwards `take_back` an attempt
    that does not count.
    """
    if seconds := wait(limits):
        return seconds
    over = [limit for limit in limits if _one_more(limit) > limit.most > 0]
    if not over:
        return 0
    seconds = wait(over)
    # this attempt is not made; pending attempts may still succeed and take theirs back
    take_back(limits)
    return max(1, seconds)


def take_back(limits: Iterable[Limit]) -> None:
    """Take back one attempt of each limit, after a success."""
    for limit in limits:
        try:
            cache.decr(limit.key)
        except ValueError:  # the counter has ended meanwhile
            continue


def lift(limits: Iterable[Limit]) -> None:
    """Reset the counters, so that attempts are allowed again at once."""
    cache.delete_many([key for limit in limits for key in (limit.key, limit.ends_key)])


def is_first(limit: Limit) -> bool:
    """Return whether this is the first call for the limit within a minute. So a flood of refused
    attempts writes one line to the audit log, instead of filling it."""
    return bool(cache.add(f"{limit.key}:noted", 1, 60))


def note_refused(login: str, password: str) -> None:
    """Note that the mail server refused this pair, so that the server is not asked again for two
    minutes."""
    cache.set(_key("refused", login, password), 1, REFUSED_SECONDS)


def was_refused(login: str, password: str) -> bool:
    return bool(cache.get(_key("refused", login, password)))


def forget_refused(login: str, password: str) -> None:
    """Forget a refusal after a change of the password: the mail server accepts this pair now."""
    cache.delete(_key("refused", login, password))
