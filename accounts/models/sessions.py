"""Sessions as their user sees them, and the browsers that a user has signed in with."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from core import clock


def idle_seconds(is_shared: bool, stays: bool = False) -> int:
    """Return the seconds that a session may idle. On a shared computer nobody stays signed in."""
    if stays and settings.STAY_DAYS and not is_shared:
        return 24 * 60 * 60 * int(settings.STAY_DAYS)
    return 60 * (settings.SHARED_IDLE_MINUTES if is_shared else settings.SESSION_IDLE_MINUTES)


def lifetime(stays: bool = False) -> int:
    """Return the seconds after which a session ends, however much it is used."""
    days = settings.STAY_MOST_DAYS if stays and settings.STAY_DAYS else settings.SESSION_DAYS
    return 24 * 60 * 60 * int(days)


class UserSessionQuerySet(models.QuerySet["UserSession"]):
    def of(self, user: User) -> UserSessionQuerySet:
        """Return the sessions of a user, the last used first."""
        return self.filter(user=user).order_by("-last_used", "-pk")

    def going_on(self, now: datetime) -> UserSessionQuerySet:
        """Return the sessions that are not over, by the same test as `UserSession.is_over`."""
        used = Q()
        for is_shared, stays in ((False, False), (False, True), (True, False)):
            allowed = timedelta(seconds=idle_seconds(is_shared, stays)) + WRITTEN_EVERY
            oldest = now - timedelta(seconds=lifetime(stays))
            used |= Q(
                is_shared=is_shared, stays=stays, last_used__gte=now - allowed, began__gt=oldest
            )
        return self.filter(used)

    def unused_for(self, days: int) -> UserSessionQuerySet:
        """Return the sessions not used for this number of days, which are to be removed."""
        return self.filter(last_used__lt=clock.now() - timedelta(days=days))


class UserSession(models.Model):
    """A signed-in browser. ``session_key`` is the digest of its key, as in Django's own table, by
    which the session can be ended."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    session_key = models.CharField(_("session key"), max_length=40, unique=True)
    browser = models.CharField(_("browser"), max_length=40, blank=True)
    system = models.CharField(_("system"), max_length=40, blank=True)
    network = models.CharField(_("from where"), max_length=45, blank=True)
    is_shared = models.BooleanField(_("shared computer"), default=False)
    # The default is also in the database: a former version that still runs does not name this
    # column.
    stays = models.BooleanField(_("stays signed in"), default=False, db_default=False)
    began = models.DateTimeField(_("began"), auto_now_add=True)
    last_used = models.DateTimeField(_("last use"), default=clock.now)

    objects = UserSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ("-last_used", "-pk")
        indexes = (
            models.Index(fields=["user", "-last_used"], name="session_by_user"),
            models.Index(fields=["last_used"], name="session_by_use"),
        )

    def __str__(self) -> str:
        return f"{self.browser} {self.system} {self.network}".strip()

    def is_over(self, now: datetime) -> bool:
        """Return whether the session has idled, or lived, for so long that its next request ends
        it."""
        allowed = timedelta(seconds=idle_seconds(self.is_shared, self.stays))
        has_idled = now - self.last_used > allowed + WRITTEN_EVERY
        return has_idled or now - self.began >= timedelta(seconds=lifetime(self.stays))


# The last use is written at most this often: a page view alone is not worth a write to the
# database.
WRITTEN_EVERY = timedelta(minutes=5)


class KnownDeviceQuerySet(models.QuerySet["KnownDevice"]):
    def unused_for(self, days: int) -> KnownDeviceQuerySet:
        """Return the devices without a sign-in for this number of days, which are to be removed."""
        return self.filter(last_used__lt=clock.now() - timedelta(days=days))


class KnownDevice(models.Model):
    """A browser that a user has signed in with, or a network with shared computers. ``digest`` is
    that of a random cookie, or of the network."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    digest = models.CharField(_("digest"), max_length=64)
    first_used = models.DateTimeField(_("first use"), auto_now_add=True)
    last_used = models.DateTimeField(_("last use"), default=clock.now)

    objects = KnownDeviceQuerySet.as_manager()

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        constraints = (
            models.UniqueConstraint(fields=["user", "digest"], name="one_device_per_user"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.first_used:%Y-%m-%d}"
