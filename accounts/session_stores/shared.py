"""The differences between both stores and Django's.

The key of a session is known to the browser's cookie alone. Database and cache hold a keyed digest
of it, and contents encrypted with a key that is derived from it: whoever reads or writes them opens
no session, and can neither change one nor make one.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import secrets
import zlib
from datetime import datetime
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session
from django.db import DatabaseError, transaction
from django.utils.crypto import constant_time_compare

from accounts.models import User, UserSession
from core import clock
from core.unwritable import is_unwritable

logger = logging.getLogger(__name__)

_NONCE: Final = 12


def digest_of(session_key: str, secret: str | None = None) -> str:
    """Return the digest under which a session is stored: 40 characters, as long as the column of
    Django's table. ``secret`` is a former secret key; it defaults to the one in use."""
    return _derived(b"session row", session_key, 20, secret).hex()


def _derived(purpose: bytes, session_key: str, size: int, secret: str | None = None) -> bytes:
    """Return bytes that need both the session's key and the installation's to be computed."""
    secret = settings.SECRET_KEY if secret is None else secret
    installation = hashlib.blake2b(secret.encode(), digest_size=32).digest()
    text = session_key.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(text, key=installation, person=purpose, digest_size=size).digest()


class SharedStore(DatabaseStore):
    """The base of both stores."""

    @property
    def digest(self) -> str:
        """Return the digest of this session's key, which is made if there is none yet."""
        return digest_of(self._own_key())

    def get_expiry_age(self, **kwargs: Any) -> int:
        kwargs.setdefault("modification", clock.now())
        return super().get_expiry_age(**kwargs)

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        kwargs.setdefault("modification", clock.now())
        return super().get_expiry_date(**kwargs)

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=clock.now()).delete()

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Encrypt the contents with a key that only the cookie gives."""
        packed = zlib.compress(self.serializer().dumps(session_dict), 1)
        nonce = secrets.token_bytes(_NONCE)
        sealed = self._cipher().encrypt(nonce, packed, self.digest.encode())
        return base64.b64encode(nonce + sealed).decode()

    def decode(self, session_data: bytes | str, secret: str | None = None) -> dict[str, Any]:
        """Return the contents; {} if they were written by another key, or not by us."""
        try:
            sealed = base64.b64decode(session_data, validate=True)
            digest = digest_of(self._own_key(), secret).encode()
            packed = self._cipher(secret).decrypt(sealed[:_NONCE], sealed[_NONCE:], digest)
            contents: dict[str, Any] = self.serializer().loads(zlib.decompress(packed))
        except (ValueError, TypeError, InvalidTag, zlib.error):
            return {}
        return contents

    def _cipher(self, secret: str | None = None) -> AESGCM:
        return AESGCM(_derived(b"session contents", self._own_key(), 32, secret))

    def _own_key(self) -> str:
        key: str = self._get_or_create_session_key()  # type: ignore[attr-defined]  # Django's own
        return key

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=digest_of(session_key)).exists()

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        return Session(
            session_key=self.digest,
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
        )

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            self.end(digest_of(key))

    @classmethod
    def end(cls, digest: str) -> None:
        """Delete a session by the digest of its key, which its row has."""
        Session.objects.filter(session_key=digest).delete()

    def save(self, must_create: bool = False) -> None:
        """Save the session. With a read-only database, a page that only notes something in the
        session is still shown."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if not is_unwritable(error.__context__):
                raise
            logger.warning("a session could not be written to the database")
            self.keep()

    def keep(self) -> None:
        """Keep the session elsewhere until the database accepts it."""

    def _get_session_from_db(self) -> Session | None:
        if self.session_key is None:
            return None
        sessions = Session.objects.filter(expire_date__gt=clock.now())
        session = sessions.filter(session_key=self.digest).first()
        for secret in settings.SECRET_KEY_FALLBACKS if session is None else ():
            former = digest_of(self.session_key, secret)
            if row := sessions.filter(session_key=former).first():
                session = self._resealed(row, secret)
                break
        if session is None:
            self._session_key = None
        return session

    def _resealed(self, row: Session, secret: str) -> Session:
        """Move a session that a former secret key sealed to the key in use. Requests that come at
        the same time may both do so. With a read-only database the session is only read."""
        contents = self.decode(row.session_data, secret)
        _renew_auth_hash(contents)
        former, row.session_key, row.session_data = row.pk, self.digest, self.encode(contents)
        try:
            with transaction.atomic():
                UserSession.objects.filter(session_key=former).update(session_key=self.digest)
                Session.objects.filter(pk=former).update(
                    session_key=self.digest, session_data=row.session_data
                )
        except DatabaseError as error:
            if not is_unwritable(error):
                raise
            logger.warning("a session could not be sealed again: the database is read-only")
        return row


def _renew_auth_hash(contents: dict[str, Any]) -> None:
    """Renew Django's hash of the user's password, if a former secret key made it. Django would give
    the session a new key instead, and sign out the user whose browser sends two requests at
    once."""
    made = str(contents.get(HASH_SESSION_KEY, ""))
    user = User.objects.filter(pk=contents.get(SESSION_KEY, 0)).first() if made else None
    if user and any(
        constant_time_compare(made, by_former)
        for by_former in user.get_session_auth_fallback_hash()
    ):
        contents[HASH_SESSION_KEY] = user.get_session_auth_hash()
