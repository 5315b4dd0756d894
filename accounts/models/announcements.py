"""Announcements of administrators on top of every page, and the users who dismissed them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.mail_domains import MailDomain
from accounts.models.users import User
from core import clock


class AnnouncementQuerySet(models.QuerySet["Announcement"]):
    def not_over(self) -> AnnouncementQuerySet:
        """Return the announcements that are in force now or later."""
        return self.filter(models.Q(until=None) | models.Q(until__gt=clock.now()), is_shown=True)


class Announcement(models.Model):
    class Level(models.TextChoices):
        INFO = "info", _("information")
        WARNING = "warn", _("warning")
        URGENT = "bad", _("urgent")

    class Audience(models.TextChoices):
        EVERYBODY = "everybody", _("everybody, also on the sign-in page")
        SIGNED_IN = "signed-in", _("signed-in users")
        DOMAIN = "domain", _("signed-in users of one mail domain")
        STAFF = "staff", _("administrators, support and auditors")

    WEIGHT: ClassVar[dict[str, int]] = {Level.URGENT: 0, Level.WARNING: 1, Level.INFO: 2}

    level = models.CharField(_("level"), max_length=8, choices=Level.choices, default=Level.INFO)
    title = models.CharField(_("title"), max_length=120)
    text = models.TextField(
        _("text"),
        blank=True,
        max_length=2000,
        help_text=_("Markdown: **bold**, *italic*, [words](https://…). A line or two."),
    )
    since = models.DateTimeField(_("from"), default=clock.now)
    until = models.DateTimeField(_("until"), null=True, blank=True)
    audience = models.CharField(
        _("for whom"), max_length=12, choices=Audience.choices, default=Audience.SIGNED_IN
    )
    mail_domain = models.ForeignKey(
        MailDomain, models.CASCADE, null=True, blank=True, verbose_name=_("mail domain")
    )
    is_dismissible = models.BooleanField(
        _("can be dismissed"),
        default=True,
        help_text=_("Signed-in users can dismiss it for good."),
    )
    is_shown = models.BooleanField(_("shown"), default=True)

    objects = AnnouncementQuerySet.as_manager()

    class Meta:
        verbose_name = _("announcement")
        verbose_name_plural = _("announcements")
        ordering = ("-since", "-pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(until=None) | models.Q(until__gt=models.F("since")),
                name="announcement_ends_after_it_begins",
                violation_error_message=_("It must end after it begins."),
            ),
        )

    def __str__(self) -> str:
        return self.title

    def clean(self) -> None:
        """Require a mail domain for the audience of one domain, and remove it for all others."""
        if self.audience == self.Audience.DOMAIN and self.mail_domain is None:
            raise ValidationError({"mail_domain": _("Which mail domain?")})
        if self.audience != self.Audience.DOMAIN:
            self.mail_domain = None

    def is_in_force(self, now: datetime) -> bool:
        return self.is_shown and self.since <= now and (self.until is None or now < self.until)

    def is_for(self, user: User | None) -> bool:
        """Return whether the user, or with None an anonymous visitor, is of the audience. Roles are
        tested last, because they cost a query."""
        if self.audience == self.Audience.EVERYBODY:
            return True
        if user is None:
            return False
        if self.audience == self.Audience.DOMAIN:
            return user.mail_domain_id == self.mail_domain_id
        return self.audience == self.Audience.SIGNED_IN or user.is_staff


class Dismissal(models.Model):
    """A user has dismissed an announcement."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    announcement = models.ForeignKey(Announcement, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = _("dismissed announcement")
        verbose_name_plural = _("dismissed announcements")
        constraints = (
            models.UniqueConstraint(fields=["user", "announcement"], name="put_away_once"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.announcement_id}"
