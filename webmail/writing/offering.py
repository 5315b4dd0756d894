"""Offer unfinished messages after sign-in. They are looked up once in a session, which stores no
content of them."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext

from accounts.models import User
from core import dates
from webmail.writing import drafts

SESSION_KEY = "drafts_offered"


@dataclass(frozen=True)
class Offer:
    """The offer: ``number`` and ``words`` are those of the last draft, ``count`` is the number of
    drafts."""

    count: int
    number: str
    words: str


def offer(request: HttpRequest) -> Offer | None:
    """Return the draft that a page offers to continue, or None."""
    user = getattr(request, "user", None)
    if not isinstance(user, User) or user.is_local_administrator:
        return None
    if SESSION_KEY not in request.session:
        offered = drafts.offered(user)
        request.session[SESSION_KEY] = [
            [str(draft.number), draft.changed.isoformat()] for draft in offered
        ]
    entries: list[list[str]] = request.session[SESSION_KEY]
    if not entries:
        return None
    number, changed = entries[0]
    return Offer(len(entries), number, _words(datetime.fromisoformat(changed)))


def forget(request: HttpRequest, number: uuid.UUID | None = None) -> None:
    """Stop to offer a draft that was continued, sent or discarded; without a number, stop to offer
    any in this session."""
    entries: list[list[str]] = request.session.get(SESSION_KEY, [])
    left = [entry for entry in entries if number is not None and entry[0] != str(number)]
    if len(left) != len(entries):
        request.session[SESSION_KEY] = left


def _words(changed: datetime) -> str:
    local, today = timezone.localtime(changed), timezone.localdate()
    values = {"time": local.strftime("%H:%M"), "day": dates.day_in_full(local)}
    if local.date() == today:
        return gettext("A message left today at %(time)s was not sent.") % values
    if local.date() == today - timedelta(days=1):
        return gettext("A message left yesterday at %(time)s was not sent.") % values
    return gettext("A message left on %(day)s at %(time)s was not sent.") % values
