"""Keyed digests of messages and senders: a Message-ID, a subject or an address can be guessed, and
the database must not confirm a guess."""

from __future__ import annotations

import hashlib

from django.conf import settings

from mail.mime.headers import Headers


def digest_of(fields: Headers) -> str:
    """Return the identity of a message in any folder. It includes the Received fields, so that a
    second message with the same Message-ID does not pass for the first one moved back."""
    names = frozenset({"received", "message-id", "date", "from", "subject"})
    told = (raw.strip() for name, raw in fields.fields if name.lower() in names)
    return _keyed(b"\n".join(told), "judgement")


def digest_of_sender(name: str) -> str:
    """Return the identity of a sender, by an address or a List-Id."""
    return _keyed(name.encode("utf-8", "replace"), "sender")


def _keyed(content: bytes, purpose: str) -> str:
    # The oldest listed key: a new one in front must not make judged messages look unjudged.
    secret = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)[-1]
    key = hashlib.sha256(f"{purpose}:{secret}".encode()).digest()
    return hashlib.blake2b(content, key=key, digest_size=20).hexdigest()
