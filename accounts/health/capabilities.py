"""The extensions of a domain's IMAP server, as announced after the last sign-in.

Before a sign-in, a server announces only what matters then (RFC 9051, section 6.1.1); Dovecot
leaves out SORT, THREAD and most others.
"""

from __future__ import annotations

from typing import Final

from django.core.cache import cache

from accounts.models import MailDomain
from mail.imap.connection import Connection

_A_MONTH: Final = 30 * 24 * 60 * 60
_MOST: Final = 200


def note(domain: MailDomain, connection: Connection) -> None:
    """Store what the server announced after a sign-in."""
    cache.set(_key(domain), sorted(connection.capabilities)[:_MOST], _A_MONTH)


def capabilities_of(domain: MailDomain) -> frozenset[str]:
    """Return the extensions, in capitals; none when nobody has signed in for a month."""
    return frozenset(cache.get(_key(domain), ()))


def _key(domain: MailDomain) -> str:
    return f"imap-capabilities-{domain.pk}"
