"""The support desk that users call, one for all or one for each mail domain."""

from __future__ import annotations

from typing import Final, TypedDict

from django.conf import settings
from django.core.cache import cache
from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.mail_domains import MailDomain

# the key changes when the stored fields do
CONTACTS_KEY, CONTACTS_SECONDS = "near:support-contacts:2", 60


_SHOWN: Final = ("name", "phone", "email", "postal", "hours", "link")


class SupportDesk(TypedDict):
    """A contact of the support desk for templates and notices. Any field may be empty."""

    name: str
    phone: str
    email: str
    postal: str
    hours: str
    link: str


class SupportContactQuerySet(models.QuerySet["SupportContact"]):
    def of(self, domain_id: int | None) -> SupportDesk:
        """Return the contact of the mail domain, else the one for all, else that of the settings.
        It comes from the cache, so that a page costs no query; a change takes effect within a
        minute."""
        rows = self._rows()
        own = [contact for pk, contact in rows if pk is not None and pk == domain_id]
        for_all = [contact for pk, contact in rows if pk is None]
        return next(iter([*own, *for_all]), from_settings())

    def everybody(self, domain_id: int | None) -> list[SupportDesk]:
        """Return all contacts for the help page, that of the mail domain first. The contact of the
        settings is included if there is none for all."""
        rows = self._rows()
        own = [contact for pk, contact in rows if pk is not None and pk == domain_id]
        for_all = [contact for pk, contact in rows if pk is None] or [from_settings()]
        others = [contact for pk, contact in rows if pk not in (None, domain_id)]
        return [contact for contact in (*own, *for_all, *others) if any(contact.values())]

    def _rows(self) -> list[tuple[int | None, SupportDesk]]:
        rows = cache.get(CONTACTS_KEY)
        if rows is None:
            rows = [list(row) for row in self.values_list("mail_domain_id", *_SHOWN)]
            cache.set(CONTACTS_KEY, rows, CONTACTS_SECONDS)
        return [(pk, _contact(*values)) for pk, *values in rows]


def _contact(name: str, phone: str, email: str, postal: str, hours: str, link: str) -> SupportDesk:
    return SupportDesk(name=name, phone=phone, email=email, postal=postal, hours=hours, link=link)


def from_settings() -> SupportDesk:
    return SupportDesk(
        name="",
        phone=settings.SUPPORT_PHONE,
        email=settings.SUPPORT_EMAIL,
        postal="",
        hours="",
        link="",
    )


class SupportContact(models.Model):
    name = models.CharField(_("name"), max_length=100)
    phone = models.CharField(_("telephone"), max_length=40, blank=True)
    email = models.EmailField(_("address"), blank=True)
    hours = models.CharField(
        _("opening hours"),
        max_length=120,
        blank=True,
        help_text=_("For example “Monday to Friday, 8 a.m. to 6 p.m.”"),
    )
    postal = models.TextField(_("postal address"), max_length=400, blank=True)
    link = models.CharField(
        _("page"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        validators=[URLValidator(("https", "http"))],
        help_text=_("The address of a page of the support desk, for example its form."),
    )
    mail_domain = models.OneToOneField(
        MailDomain,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mail domain"),
        help_text=_("Empty: for all mail domains without their own contact."),
    )

    objects = SupportContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("support contact")
        verbose_name_plural = _("support contacts")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
