"""Find out under which name the mail server signs its verdicts on senders (RFC 8601), where
`WEBMAIL_AUTHSERV_ID` does not say it.

Each mailbox testifies to the name that stood topmost, above the Received of the own server, in all
of its last messages from elsewhere. A name counts where nearly all mailboxes of a mail domain
agree, so that one who writes to a mailbox, or a few users together, cannot bring in another.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from django.conf import settings
from django.core.cache import cache

from accounts.models import User
from mail.judgement import domains, own_server
from mail.mime import headers
from webmail.models import AuthservWitness

_KEPT_SECONDS: Final = 600


def note(user: User, raws: Sequence[bytes], own: Collection[str]) -> None:
    """Note what new messages of the inbox testify to. ``own``: the authority's mail domains, whose
    mail is not checked on its way. At most two queries, and none where the name is set."""
    if not settings.AUTHSERV_ID and user.mail_domain_id is not None:
        sightings = list(_sightings(raws, own))
        if sightings:
            AuthservWitness.objects.all().note(user, sightings)


def name(user: User) -> str:
    """Return the name that is set, or that was found for the user's mail domain; ``""`` for none.
    At most one query in ten minutes."""
    if settings.AUTHSERV_ID or user.mail_domain_id is None:
        return settings.AUTHSERV_ID
    key = f"authserv:{user.mail_domain_id}"
    authserv_id = cache.get(key)
    if authserv_id is None:
        authserv_id, _mailboxes = AuthservWitness.objects.all().agreed(user.mail_domain_id)
        cache.set(key, authserv_id, _KEPT_SECONDS)
    return str(authserv_id)


def _sightings(raws: Sequence[bytes], own: Collection[str]) -> Iterator[tuple[str, str]]:
    for raw in raws:
        fields = headers.parse(raw)
        authors = fields.addresses("From", 1)
        sender = authors[0].address.rpartition("@")[2].lower() if authors else ""
        signed = own_server.signing_name(fields, settings.ADVERTS_SERVERS)
        if sender and signed is not None and not domains.is_in(sender, own):
            yield signed, _fingerprint(domains.registered(sender))


def _fingerprint(domain: str) -> str:
    key = hashlib.sha256(f"authserv:{settings.SECRET_KEY}".encode()).digest()
    return hashlib.blake2b(domain.encode(), key=key, digest_size=4).hexdigest()
