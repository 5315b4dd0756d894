"""The extensions of a domain's IMAP server, as it told them to the last person who signed in.

Before a sign-in a server names only what matters then (RFC 9051 section 6.1.1); Dovecot keeps back
SORT, THREAD and most others.
"""

from __future__ import annotations

from typing import Final

from django.core.cache import cache

from accounts.models import MailDomain
from webmail.imap.connection import Connection

_A_MONTH: Final = 30 * 24 * 60 * 60
_MOST: Final = 200


def note(domain: MailDomain, connection: Connection) -> None:
    """Keep what the server said after somebody signed in."""
    cache.set(_key(domain), sorted(connection.capabilities)[:_MOST], _A_MONTH)


def of(domain: MailDomain) -> frozenset[str]:
    """The extensions, in capitals; none when nobody has signed in for a month."""
    return frozenset(cache.get(_key(domain), ()))


def _key(domain: MailDomain) -> str:
    return f"imap-capabilities-{domain.pk}"
