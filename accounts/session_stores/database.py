"""Sessions in the database alone."""

from __future__ import annotations

from accounts.session_stores.shared import SharedStore


class SessionStore(SharedStore):
    pass
