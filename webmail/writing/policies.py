"""What administrators enforce for all that the users of a mail domain send: the name beside the
address, Reply-To, and a text below each message."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.core.cache import cache

from webmail.models import Identity, SendingPolicy
from webmail.writing import templates

NAME, REPLY_TO = "name", "reply_to"


@dataclass(frozen=True, slots=True)
class Policy:
    """As `SendingPolicy` has it, "" for what is left to users."""

    name: str = ""
    reply_to: str = ""
    footer: str = ""


def of(mail_domain_id: int | None) -> Policy:
    """That of a mail domain, else of all. From the cache: a page costs no query. News within a
    minute."""
    found: dict[str, list[str]] | None = cache.get(SendingPolicy.CACHE_KEY)
    if found is None:
        rows = SendingPolicy.objects.values_list("mail_domain", NAME, REPLY_TO, "footer")
        found = {str(domain): said for domain, *said in rows}  # the cache keeps JSON
        cache.set(SendingPolicy.CACHE_KEY, found, SendingPolicy.CACHE_SECONDS)
    return Policy(*(found.get(str(mail_domain_id)) or found.get("None") or ()))


def enforce(
    policy: Policy, identities: Iterable[Identity], own: Iterable[str], values: Mapping[str, str]
) -> None:
    """Put on identities what the policy says. The name goes beside the user's ``own`` addresses, in
    lower case, alone: an address that an administrator gave him has the name that it was given."""
    name = " ".join(templates.filled(policy.name, values).split())[:200]
    footer = templates.filled(policy.footer, values)
    mine = set(own)
    for one in identities:
        has_name = bool(name) and one.address.casefold() in mine
        if has_name:
            one.name = name
        if policy.reply_to:
            one.reply_to = policy.reply_to
        one.footer = footer
        said = {NAME: has_name, REPLY_TO: bool(policy.reply_to)}
        one.enforced = frozenset(field for field, is_said in said.items() if is_said)
