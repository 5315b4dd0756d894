"""Sessions in the database, with a copy in Redis that is read first."""

from __future__ import annotations

from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore as CachedStore
from django.core.cache import caches

from accounts.session_stores.shared import SharedStore


class SessionStore(SharedStore, CachedStore):
    def keep(self) -> None:
        cache = caches[settings.SESSION_CACHE_ALIAS]
        cache.set(self.cache_key, dict(self.items()), self.get_expiry_age())
