"""Sign-in is not to be guessed: failures are counted per login and per network, successes never.

A school, sometimes the whole authority, is one address: limits and exempt networks are settings.
Counters and what was refused are kept under keyed digests: the cache tells nobody's login.
"""

from __future__ import annotations

import hashlib
import hmac

from django.conf import settings
from django.core.cache import cache

from accounts.network import inside, network_of

REFUSED_SECONDS = 120


def _key(kind: str, *words: str) -> str:
    digest = hmac.new(settings.SECRET_KEY.encode(), digestmod=hashlib.sha256)
    for word in (kind, *words):
        digest.update(len(word).to_bytes(4, "big") + word.encode("utf-8", "surrogatepass"))
    return f"limit:{kind}:{digest.hexdigest()[:40]}"


def mailbox(domain_id: int, login: str) -> str:
    """Under which name the limits know a mailbox."""
    return f"{login}@{domain_id}"


def _counters(login: str, network: str) -> list[tuple[str, int]]:
    counters = [(_key("login", login), settings.LOGIN_FAILURES_PER_LOGIN)]
    if network and not inside(network, settings.LOGIN_EXEMPT_NETWORKS):
        counted = _key("network", network_of(network))
        counters.append((counted, settings.LOGIN_FAILURES_PER_NETWORK))
    return counters


def over_limit(login: str, network: str) -> bool:
    """Whether so many tries failed lately that no further one is made."""
    return any((cache.get(key) or 0) >= limit for key, limit in _counters(login, network) if limit)


def count_failure(login: str, network: str) -> None:
    """One wrong password. A counter lives from its first failure on, so it ends by itself."""
    for key, _limit in _counters(login, network):
        cache.add(key, 0, settings.LOGIN_FAILURES_MINUTES * 60)
        try:
            cache.incr(key)
        except ValueError:  # it ended between the two lines
            cache.add(key, 1, settings.LOGIN_FAILURES_MINUTES * 60)


def note_refused(login: str, password: str) -> None:
    """The mail server refused this pair: it is not asked again for two minutes."""
    cache.set(_key("refused", login, password), 1, REFUSED_SECONDS)


def was_refused(login: str, password: str) -> bool:
    return bool(cache.get(_key("refused", login, password)))
