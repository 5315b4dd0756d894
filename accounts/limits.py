"""Limits on guessing: attempts are counted, at sign-in and at the account lookup.

One shape for all: so many of a thing within a time, counted from the first on, then it ends by
itself. Who is over is told how long to wait; no worker sleeps for it. A school, sometimes the whole
authority, is one address: limits and exempt networks are settings. Counters and what was refused
are kept under keyed digests: the cache tells nobody's login.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.core.cache import cache

from accounts.network import inside, network_of
from webmail import clock

REFUSED_SECONDS = 120


def _key(kind: str, *words: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), digestmod=hashlib.sha256)
    for word in (kind, *words):
        digest.update(len(word).to_bytes(4, "big") + word.encode("utf-8", "surrogatepass"))
    return f"limit:{kind}:{digest.hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``most`` (0: no limit) of ``kind`` by one ``subject`` within ``seconds``.

    Kinds: ``login`` and ``network`` count wrong passwords; ``numen`` counts lookups, ``lookups``
    those without result from one network, ``all-lookups`` those from everywhere; ``strength``
    counts new passwords that are judged while they are typed, ``service`` what services' servers
    ask for in vain; ``other-accounts`` sign-ins to accounts elsewhere.
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
class State:
    """The part of a limit that is used up, and how many seconds until it begins anew."""

    limit: Limit
    count: int
    seconds_left: int

    @property
    def is_reached(self) -> bool:
        return 0 < self.limit.most <= self.count


def mailbox(domain_id: int, login: str) -> str:
    """Under which name the limits know a mailbox."""
    return f"{login}@{domain_id}"


def of_sign_in(login: str, network: str, browser: str = "") -> tuple[Limit, ...]:
    """Return the limits that a sign-in is held to; ``login`` as `mailbox` gives it, or as typed
    where no domain is known. ``browser``: the digest of one that this person is known to use, whose
    failures are counted apart: strangers who guess must not keep him out of it."""
    most, seconds = settings.LOGIN_FAILURES_PER_LOGIN, settings.LOGIN_FAILURES_MINUTES * 60
    subject = f"{login} {browser}" if browser else login
    return (Limit("login", subject, most, seconds), *_of_network("network", network))


def of_numen(digests: Iterable[bytes]) -> tuple[Limit, ...]:
    """Return the limits on how often one NUMEN may be looked up, from wherever: who knows it could
    try all dates.

    By its digests, one by each key: a staff record has only one of them, by which support lifts it.
    Successes count too, since each is told to the person by a notice.
    """
    most, seconds = settings.LOOKUPS_PER_NUMEN, settings.LOOKUPS_PER_NUMEN_HOURS * 60 * 60
    return tuple(Limit("numen", digest.hex(), most, seconds) for digest in digests)


def of_lookups(network: str) -> tuple[Limit, ...]:
    """Return the limits on how many lookups may fail from one network, and from all together in a
    minute. Networks without a limit of their own are not held by the one for all: a crowd of
    strangers who guess must not keep the authority's schools out."""
    if inside(network, settings.LOGIN_EXEMPT_NETWORKS):
        return ()
    return (
        *_of_network("lookups", network),
        Limit("all-lookups", "", settings.LOOKUP_FAILURES_PER_MINUTE, 60),
    )


def of_other_accounts(user: str) -> tuple[Limit, ...]:
    """Return the limit on how often a user may try the password of an account elsewhere: nobody is
    to guess passwords of others from here."""
    return (Limit("other-accounts", user, 10, 60 * 60),)


def of_network(network: str) -> tuple[Limit, ...]:
    """All that is counted of one network."""
    return (*_of_network("network", network), *_of_network("lookups", network))


def _of_network(kind: str, network: str) -> tuple[Limit, ...]:
    """One limit; none where the address is not known, or exempt."""
    if not network or inside(network, settings.LOGIN_EXEMPT_NETWORKS):
        return ()
    if kind == "network":
        most, minutes = settings.LOGIN_FAILURES_PER_NETWORK, settings.LOGIN_FAILURES_MINUTES
    else:
        most, minutes = settings.LOOKUP_FAILURES_PER_NETWORK, settings.LOOKUP_FAILURES_MINUTES
    return (Limit(kind, network_of(network), most, minutes * 60),)


def state(limits: Sequence[Limit]) -> list[State]:
    """Return what is counted now, in the order of the limits."""
    now = clock.timestamp()
    counters = cache.get_many([key for limit in limits for key in (limit.key, limit.ends_key)])
    return [
        State(
            limit,
            count=counters.get(limit.key, 0),
            seconds_left=max(1, counters.get(limit.ends_key, now + limit.seconds) - now),
        )
        for limit in limits
    ]


def wait(limits: Sequence[Limit]) -> int:
    """Seconds until a further try may be made; 0: now."""
    return max((state.seconds_left for state in state(limits) if state.is_reached), default=0)


def count(limits: Iterable[Limit]) -> None:
    """One more of each."""
    for limit in limits:
        _one_more(limit)


def _one_more(limit: Limit) -> int:
    """The count with this one. A counter lives from its first on, so it ends by itself.

    By the same commands whether it is the first or not: otherwise the time would tell that somebody
    looked this NUMEN up today, hence that it is one.
    """
    cache.add(limit.ends_key, clock.timestamp() + limit.seconds, limit.seconds)
    cache.add(limit.key, 0, limit.seconds)
    try:
        return cache.incr(limit.key)
    except ValueError:  # it ended between the two lines
        cache.set(limit.key, 1, limit.seconds)
        return 1


def reserve(limits: Sequence[Limit]) -> int:
    """Count a try before it is made, so that a thousand at once do not pass together.

    Seconds to wait instead, when a limit is reached; 0: it may be made. `take_back` what turns out
    not to count.
    """
    if seconds := wait(limits):
        return seconds
    over = [limit for limit in limits if _one_more(limit) > limit.most > 0]
    if not over:
        return 0
    seconds = wait(over)
    take_back(limits)  # it is not made; those under way may yet succeed and give theirs back
    return max(1, seconds)


def take_back(limits: Iterable[Limit]) -> None:
    """One less of each: a try that succeeded."""
    for limit in limits:
        try:
            cache.decr(limit.key)
        except ValueError:  # it ended meanwhile
            continue


def lift(limits: Iterable[Limit]) -> None:
    """Begin anew at once: whoever was over may try again."""
    cache.delete_many([key for limit in limits for key in (limit.key, limit.ends_key)])


def is_first(limit: Limit) -> bool:
    """Whether nobody asked this of the limit in the last minute: a storm of refused tries is one
    line of the audit log, not its end."""
    return bool(cache.add(f"{limit.key}:noted", 1, 60))


def note_refused(login: str, password: str) -> None:
    """The mail server refused this pair: it is not asked again for two minutes."""
    cache.set(_key("refused", login, password), 1, REFUSED_SECONDS)


def was_refused(login: str, password: str) -> bool:
    return bool(cache.get(_key("refused", login, password)))


def forget_refused(login: str, password: str) -> None:
    """The mail server takes this pair now, after a change of the password."""
    cache.delete(_key("refused", login, password))
