"""The values that administrators enforce for all mail from a mail domain: the name beside the
address, Reply-To, a text below each message, and whether many people from outside may see one
another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from redis.exceptions import RedisError

from webmail.models import Identity, SendingPolicy
from webmail.writing import templates

NAME, REPLY_TO, OUTSIDE = "name", "reply_to", "outside"


@dataclass(frozen=True, slots=True)
class EnforcedValues:
    """The values of `SendingPolicy`, "" for those that are left to users."""

    name: str = ""
    reply_to: str = ""
    footer: str = ""
    hides_outside: bool = False


def of(mail_domain_id: int | None) -> EnforcedValues:
    """Return the policy of a mail domain, else the one for all. It is cached, so that a page needs
    no query; a change takes effect within a minute. An unreachable cache stops no message."""
    policies: dict[str, list[Any]] | None = None
    with suppress(RedisError, OSError):
        policies = cache.get(SendingPolicy.CACHE_KEY)
    if policies is None:
        rows = SendingPolicy.objects.values_list(
            "mail_domain", NAME, REPLY_TO, "footer", "hides_outside"
        )
        policies = {str(domain): values for domain, *values in rows}  # the cache stores JSON
        with suppress(RedisError, OSError):
            cache.set(SendingPolicy.CACHE_KEY, policies, SendingPolicy.CACHE_SECONDS)
    return EnforcedValues(*(policies.get(str(mail_domain_id)) or policies.get("None") or ()))


def enforce(
    policy: EnforcedValues,
    identities: Iterable[Identity],
    own: Iterable[str],
    values: Mapping[str, str],
) -> None:
    """Put the values of the policy on identities. Its name is only for the user's ``own``
    addresses, which are in lower case: an address from an administrator keeps its name."""
    name = " ".join(templates.filled(policy.name, values).split())[:200]
    footer = templates.filled(policy.footer, values)
    mine = set(own)
    for identity in identities:
        has_name = bool(name) and identity.address.casefold() in mine
        if has_name:
            identity.name = name
        if policy.reply_to:
            identity.reply_to = policy.reply_to
        identity.footer = footer
        enforced = {
            NAME: has_name,
            REPLY_TO: bool(policy.reply_to),
            OUTSIDE: policy.hides_outside,
        }
        identity.enforced = frozenset(field for field, is_said in enforced.items() if is_said)
