"""The support desk that people call, one for all or one for each mail domain."""

from __future__ import annotations

from typing import Final, TypedDict

from django.conf import settings
from django.core.cache import cache
from django.core.validators import URLValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.mail_domains import MailDomain

CONTACTS_KEY, CONTACTS_SECONDS = "near:support-contacts:2", 60  # changes with what is kept


_SHOWN: Final = ("name", "phone", "email", "postal", "hours", "link")


class Contact(TypedDict):
    """A contact of the support desk, as templates and notices show it; any field may be empty."""

    name: str
    phone: str
    email: str
    postal: str
    hours: str
    link: str


class SupportContactQuerySet(models.QuerySet["SupportContact"]):
    def of(self, domain_id: int | None) -> Contact:
        """Return the contact of the mail domain, else that of all, else the settings'. From the
        cache: a page costs no query. News within a minute."""
        rows = self._rows()
        own = [contact for pk, contact in rows if pk is not None and pk == domain_id]
        for_all = [contact for pk, contact in rows if pk is None]
        return next(iter([*own, *for_all]), from_settings())

    def everybody(self, domain_id: int | None) -> list[Contact]:
        """All contacts for the help page, that of the mail domain first; that of the settings where
        none is written for all."""
        rows = self._rows()
        own = [contact for pk, contact in rows if pk is not None and pk == domain_id]
        for_all = [contact for pk, contact in rows if pk is None] or [from_settings()]
        others = [contact for pk, contact in rows if pk not in (None, domain_id)]
        return [contact for contact in (*own, *for_all, *others) if any(contact.values())]

    def _rows(self) -> list[tuple[int | None, Contact]]:
        rows = cache.get(CONTACTS_KEY)
        if rows is None:
            rows = [list(row) for row in self.values_list("mail_domain_id", *_SHOWN)]
            cache.set(CONTACTS_KEY, rows, CONTACTS_SECONDS)
        return [(pk, _contact(*values)) for pk, *values in rows]


def _contact(name: str, phone: str, email: str, postal: str, hours: str, link: str) -> Contact:
    return Contact(name=name, phone=phone, email=email, postal=postal, hours=hours, link=link)


def from_settings() -> Contact:
    return Contact(
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
        help_text=_("Empty: for all who have none of their own."),
    )

    objects = SupportContactQuerySet.as_manager()

    class Meta:
        verbose_name = _("support contact")
        verbose_name_plural = _("support contacts")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
