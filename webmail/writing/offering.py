"""Messages left in the middle are offered after sign-in: asked once in a session, not by each page,
and nothing of what they say is in the session."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from webmail import dates
from webmail.writing import drafts

SESSION_KEY = "drafts_offered"


@dataclass(frozen=True)
class Offer:
    """``number`` and ``words`` are of the last one that was left; ``count`` of all."""

    count: int
    number: str
    words: str


def offer(request: HttpRequest) -> Offer | None:
    """What a page offers to go on with; None when there is nothing, or nothing any more."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or user.is_local_administrator:
        return None
    if SESSION_KEY not in request.session:
        found = drafts.offered(user)
        request.session[SESSION_KEY] = [[str(one.number), one.changed.isoformat()] for one in found]
    kept: list[list[str]] = request.session[SESSION_KEY]
    if not kept:
        return None
    number, changed = kept[0]
    return Offer(len(kept), number, _words(datetime.fromisoformat(changed)))


def forget(request: HttpRequest, number: uuid.UUID | None = None) -> None:
    """It is gone on with, sent or discarded; without a number, none is offered in this session."""
    kept: list[list[str]] = request.session.get(SESSION_KEY, [])
    left = [one for one in kept if number is not None and one[0] != str(number)]
    if len(left) != len(kept):
        request.session[SESSION_KEY] = left


def _words(changed: datetime) -> str:
    local, today = timezone.localtime(changed), timezone.localdate()
    values = {"time": local.strftime("%H:%M"), "day": dates.day_in_full(local)}
    if local.date() == today:
        return gettext("A message left today at %(time)s was not sent.") % values
    if local.date() == today - timedelta(days=1):
        return gettext("A message left yesterday at %(time)s was not sent.") % values
    return gettext("A message left on %(day)s at %(time)s was not sent.") % values
