"""Sessions in the database, with a copy in Redis that is read first."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.cache import BaseCache, caches

from accounts.session_stores.shared import SharedStore

logger = logging.getLogger(__name__)


class SessionStore(SharedStore):
    """The copy is the same encrypted text as in the database."""

    def load(self) -> dict[str, Any]:
        if self.session_key is None:
            return {}
        kept = _cache().get(_name(self.digest))
        if isinstance(kept, str) and (contents := self.decode(kept)):
            return contents
        session = self._get_session_from_db()
        if session is None:
            return {}
        age = self.get_expiry_age(expiry=session.expire_date)
        _cache().set(_name(self.digest), session.session_data, age)
        return self.decode(session.session_data)

    def save(self, must_create: bool = False) -> None:
        super().save(must_create)
        try:
            self.keep()
        except Exception:  # the database has it: a cache that is down loses nothing
            logger.exception("a session could not be written to the cache")

    def keep(self) -> None:
        _cache().set(_name(self.digest), self.encode(dict(self.items())), self.get_expiry_age())

    @classmethod
    def end(cls, digest: str) -> None:
        super().end(digest)
        _cache().delete(_name(digest))


def _cache() -> BaseCache:
    return caches[settings.SESSION_CACHE_ALIAS]


def _name(digest: str) -> str:
    return f"session:{digest}"
