"""The announcements that a page shows to a user. A page without announcements costs no query; with
some, it costs one a day, for those that the user has dismissed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.cache import cache
from django.utils.safestring import SafeString

from accounts import markdown
from accounts.models import Announcement, Dismissal, User
from core import clock

CACHE_KEY, _SECONDS = "near:announcements", 60
_PUT_AWAY_SECONDS = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Banner:
    """An announcement as the page shows it. ``level`` is a CSS class of ``.banner``."""

    pk: int
    level: str
    title: str
    html: SafeString
    is_dismissible: bool

    @property
    def icon(self) -> str:
        return {"info": "info", "warn": "triangle-alert"}.get(self.level, "circle-alert")


def banner_of(announcement: Announcement, user: User | None) -> Banner:
    return Banner(
        pk=announcement.pk or 0,
        level=announcement.level,
        title=announcement.title,
        html=markdown.short_html(announcement.text),
        is_dismissible=announcement.is_dismissible and user is not None,
    )


def shown_to(user: User | None) -> list[Banner]:
    """Return the announcements for a user, urgent ones first. New ones appear within a minute; the
    beginning and the end of one take effect at once."""
    now = clock.now()
    addressed = [
        announcement
        for announcement in _not_over()
        if announcement.is_in_force(now) and announcement.is_for(user)
    ]
    if not addressed:
        return []
    dismissed = (
        _put_away(user)
        if user and any(announcement.is_dismissible for announcement in addressed)
        else set()
    )
    visible = [
        announcement
        for announcement in addressed
        if not (announcement.is_dismissible and announcement.pk in dismissed)
    ]
    visible.sort(key=lambda announcement: Announcement.WEIGHT[announcement.level])
    return [banner_of(announcement, user) for announcement in visible]


def put_away(user: User, pk: int) -> bool:
    """Dismiss an announcement for good. Return False when this user is shown no such announcement,
    or when it cannot be dismissed."""
    announcement = Announcement.objects.filter(pk=pk, is_dismissible=True).first()
    if (
        announcement is None
        or not announcement.is_in_force(clock.now())
        or not announcement.is_for(user)
    ):
        return False
    Dismissal.objects.get_or_create(user=user, announcement=announcement)
    cache.delete(_put_away_key(user))
    return True


_FIELDS = (
    "pk", "level", "title", "text", "since", "until", "audience", "mail_domain_id",
    "is_dismissible", "is_shown",
)  # fmt: skip


def _not_over() -> list[Announcement]:
    rows = cache.get(CACHE_KEY)
    if rows is None:
        rows = [_to_json(row) for row in Announcement.objects.not_over().values(*_FIELDS)]
        cache.set(CACHE_KEY, rows, _SECONDS)
    return [_from_json(row) for row in rows]


def _to_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row in types of JSON, the only ones that the cache holds."""
    until = row["until"]
    return row | {"since": row["since"].isoformat(), "until": until and until.isoformat()}


def _from_json(row: dict[str, Any]) -> Announcement:
    until = row["until"]
    times = {
        "since": datetime.fromisoformat(row["since"]),
        "until": datetime.fromisoformat(until) if until else None,
    }
    return Announcement(**(row | times))


def _put_away_key(user: User) -> str:
    return f"announcements-put-away:{user.pk}"


def _put_away(user: User) -> set[int]:
    key = _put_away_key(user)
    dismissed = cache.get(key)
    if dismissed is None:
        dismissed = list(
            Dismissal.objects.filter(user=user).values_list("announcement_id", flat=True)
        )
        cache.set(key, dismissed, _PUT_AWAY_SECONDS)
    return set(dismissed)
