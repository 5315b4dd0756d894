"""The differences between both stores and Django's."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.contrib.sessions.models import Session

from webmail import clock
from webmail.unwritable import is_unwritable

logger = logging.getLogger(__name__)


class SharedStore(DatabaseStore):
    """The base of both stores."""

    def get_expiry_age(self, **kwargs: Any) -> int:
        kwargs.setdefault("modification", clock.now())
        return super().get_expiry_age(**kwargs)

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        kwargs.setdefault("modification", clock.now())
        return super().get_expiry_date(**kwargs)

    @classmethod
    def clear_expired(cls) -> None:
        Session.objects.filter(expire_date__lt=clock.now()).delete()

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
        sessions = Session.objects.filter(session_key=self.session_key, expire_date__gt=clock.now())
        session = sessions.first()
        if session is None:
            self._session_key = None
        return session
