"""The authority's services in the menu of links."""

from __future__ import annotations

from collections.abc import Iterable

from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.applications import Application
from accounts.models.mail_domains import MailDomain
from accounts.models.staff import StaffRecord
from accounts.models.users import User
from mail.folding import fold


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


class ServiceQuerySet(models.QuerySet["Service"]):
    def of(self, user: User) -> list[Service]:
        """Return the services that the menu shows to this user, in their order. This costs two
        queries, and one for the domains."""
        if user.mail_domain_id is None:
            return []
        record = StaffRecord.objects.of(user)
        active = self.filter(is_active=True).prefetch_related("mail_domains")
        return [service for service in active if service.is_for(user, record)]


class Service(models.Model):
    """A link in the menu. Its fields decide who sees it; the service itself decides who may
    use it."""

    class Icon(models.TextChoices):
        GLOBE = "globe", _("globe")
        TRAVEL = "map-pin", _("place on a map")
        CALENDAR = "calendar-days", _("calendar")
        CLOCK = "clock", _("clock")
        PEOPLE = "users", _("people")
        PERSON = "user", _("person")
        FILE = "file", _("file")
        FORM = "file-pen-line", _("form")
        FOLDER = "folder", _("folder")
        ARCHIVE = "archive", _("archive")
        KEY = "key-round", _("key")
        SHIELD = "shield-check", _("shield")
        MEGAPHONE = "megaphone", _("megaphone")
        PHONE = "phone", _("telephone")
        HELP = "life-buoy", _("life buoy")
        SETTINGS = "settings", _("cogwheel")

    name = models.CharField(_("name"), max_length=60)
    text = models.CharField(
        _("purpose"),
        max_length=160,
        blank=True,
        help_text=_("One sentence below the name."),
    )
    address = models.CharField(
        _("address"),
        max_length=500,
        validators=[URLValidator(schemes=["https", "http"])],
    )
    icon = models.CharField(_("icon"), max_length=20, choices=Icon.choices, default=Icon.GLOBE)
    order = models.PositiveSmallIntegerField(
        _("order"), default=100, help_text=_("Small numbers come first.")
    )
    is_active = models.BooleanField(_("shown"), default=True)
    client = models.ForeignKey(
        Application,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("application for the sign-in"),
        help_text=_("The menu then says that users sign in to the service with their mail login."),
    )
    mail_domains = models.ManyToManyField(
        MailDomain,
        blank=True,
        related_name="+",
        verbose_name=_("mail domains"),
        help_text=_("None chosen: all mail domains."),
    )
    functions = models.TextField(
        _("functions"),
        blank=True,
        help_text=_(
            "One per line, for example “professeur” or “principal”. The service is for users whose"
            " function begins with one of these lines; case and accents are ignored. Empty: all"
            " functions."
        ),
    )
    schools = models.TextField(
        _("schools"),
        blank=True,
        validators=[
            RegexValidator(r"^(\s*\d{7}[A-Za-z]\s*)*\Z", _("UAI codes, one per line: 0800101A."))
        ],
        help_text=_("UAI codes, one per line. Empty: all schools."),
    )

    objects = ServiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("service")
        verbose_name_plural = _("services")
        ordering = ("order", "name")

    def __str__(self) -> str:
        return self.name

    @property
    def is_for_everybody(self) -> bool:
        return not (self.functions.strip() or self.schools.strip() or self._domain_ids())

    def is_for(self, user: User, record: StaffRecord | None) -> bool:
        """Return whether the menu of this user shows the service. A user without a staff record has
        no function and no school."""
        domains = self._domain_ids()
        if domains and user.mail_domain_id not in domains:
            return False
        schools = [line.upper() for line in self.schools.split()]
        if schools and (record is None or record.school_uai not in schools):
            return False
        functions = _lines(self.functions)
        return not functions or (record is not None and _begins(record.function, functions))

    def _domain_ids(self) -> set[int]:
        return {domain.pk for domain in self.mail_domains.all()}


def _begins(function: str, lines: Iterable[str]) -> bool:
    """Return whether the function begins with one of the lines, as “Professeure agrégée” begins
    with “professeur”."""
    return any(fold(function).startswith(fold(line)) for line in lines)
