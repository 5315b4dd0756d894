"""Sessions in the database, with a copy in Redis that is read first."""

from __future__ import annotations

from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore

from accounts.session_stores.shared import SharedStore


class SessionStore(SharedStore, CachedStore):
    def keep(self) -> None:
        self._cache.set(self.cache_key, self._session, self.get_expiry_age())
