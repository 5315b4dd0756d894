"""The sessions of a user: begun at sign-in, listed on a page, and ended there.

Our own row stands beside Django's, and both name the session by the digest of its key
(`accounts.session_stores.shared`). To end a session deletes Django's row and its copy in the cache,
with the sealed password in it. The key in the other browser then opens nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from importlib import import_module
from typing import Final

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest

from accounts import devices, tending
from accounts.models import User, UserSession
from accounts.models.sessions import WRITTEN_EVERY, idle_seconds, lifetime
from accounts.network import client_address
from accounts.oidc import farewells
from accounts.providers import grants
from core import clock
from core.unwritable import is_unwritable

ROW: Final = "own_session"
WRITTEN: Final = "own_session_written"
STAYS: Final = "stays_signed_in"
BEGAN: Final = "session_began"


def begin(request: HttpRequest, user: User) -> None:
    """Give the session a row, at a completed sign-in. If the user has only given the password
    again, the session keeps its row, with its new key."""
    session = request.session
    if not session.session_key:
        session.create()
    device = devices.device_of(request)
    values = {
        "session_key": digest(request),
        "browser": device.browser,
        "system": device.system,
        "network": client_address(request),
        "is_shared": bool(session.get("shared_computer")),
        "stays": stays(request),
        "began": clock.now(),
        "last_used": clock.now(),
    }
    rows = UserSession.objects.filter(pk=row(request), user=user)
    if not rows.update(**values):
        session[ROW] = UserSession.objects.create(user=user, **values).pk
    grants.bind(request, session[ROW])
    session[WRITTEN] = session[BEGAN] = clock.timestamp()


def stays(request: HttpRequest) -> bool:
    """Return whether the user has chosen at sign-in to stay signed in on this device."""
    session = request.session
    return bool(session.get(STAYS) and settings.STAY_DAYS and not session.get("shared_computer"))


def seconds_to_live(request: HttpRequest) -> int:
    """Return the seconds until the session ends even if it is used all the time. They are counted
    from the last sign-in, or from now for a session that has not noted one."""
    now = clock.timestamp()
    began = request.session.setdefault(BEGAN, now)
    return lifetime(stays(request)) - (now - int(began))


def keep_signed_in(request: HttpRequest) -> None:
    """Let browser and server keep the session for as long as it may idle."""
    if request.session.get("shared_computer"):
        request.session.set_expiry(0)
    elif stays(request):
        request.session.set_expiry(idle_seconds(False, True))


def renew(request: HttpRequest) -> None:
    """Give the session a new key, so that the old key no longer opens it."""
    request.session.cycle_key()
    UserSession.objects.filter(pk=row(request)).update(session_key=digest(request))


def touch(request: HttpRequest) -> bool:
    """Note that the session is in use, at most every five minutes. Return False when it was ended
    from elsewhere, while a copy of it has survived in a cache."""
    now, written = clock.timestamp(), request.session.get(WRITTEN, 0)
    if now - written < WRITTEN_EVERY.total_seconds():
        return True
    request.session[WRITTEN] = now
    if ROW not in request.session:  # begun before there were rows
        assert isinstance(request.user, User)  # noqa: S101  who is signed in is one
        begin(request, request.user)
        return True
    row_of_session = UserSession.objects.filter(pk=request.session[ROW])
    try:
        return bool(row_of_session.update(last_used=clock.now(), network=client_address(request)))
    except DatabaseError as error:
        if not is_unwritable(error):
            raise
        return row_of_session.exists()


def forget(request: HttpRequest) -> None:
    """Delete the row of a session, at sign-out and when it has idled too long."""
    grants.leave(request)
    if farewells.VISITED in request.session:
        _tell_services(row(request))
    UserSession.objects.filter(pk=row(request)).delete()


def live(user: User, now: datetime) -> list[UserSession]:
    """Return the user's sessions that are not over, the last used first."""
    return [own for own in UserSession.objects.of(user) if not own.is_over(now)]


def row(request: HttpRequest) -> int:
    """Return the primary key of this session's row; 0, which no row has, if there is none."""
    return int(request.session.get(ROW, 0))


def still_open(rows: Collection[int], now: datetime) -> dict[int, datetime | None]:
    """Return the rows whose sessions are not over, each with the time of its user's last change of
    the password. This costs a query for each 500 rows, since thousands may be asked for at once."""
    numbers = list(rows)
    changed_by_row: dict[int, datetime | None] = {}
    for start in range(0, len(numbers), 500):
        owns = UserSession.objects.going_on(now).filter(
            pk__in=numbers[start : start + 500], user__is_active=True
        )
        changed_by_row |= dict(owns.order_by().values_list("pk", "user__mail_password_changed"))
    return changed_by_row


def digest(request: HttpRequest) -> str:
    """Return the digest of the session's key, by which database and cache name the session."""
    return str(request.session.digest)  # type: ignore[attr-defined]  # `SharedStore` has it


def end(own: UserSession) -> None:
    """End a session: delete Django's row, its copy in the cache, and our row."""
    _tell_services(own.pk)
    import_module(settings.SESSION_ENGINE).SessionStore.end(own.session_key)
    own.delete()


def end_others(request: HttpRequest, user: User) -> int:
    """End all sessions of this user except that of the request. Return their number."""
    others = list(UserSession.objects.of(user).exclude(pk=row(request)))
    for own in others:
        end(own)
    return len(others)


def _tell_services(number: int) -> None:
    """Tell services by jobs, so that a silent application does not delay the sign-out."""
    from accounts import tasks  # a circular import: it imports the notices, which import sessions

    for visit in farewells.of_session(number):
        tending.hand_over(tasks.tell_service_of_end, visit)
