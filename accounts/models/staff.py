"""The authority's staff, as the staff files list them."""

from __future__ import annotations

from collections.abc import Collection

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.models.mail_domains import MailDomain
from accounts.models.prepared import Prepared
from accounts.models.users import User


class StaffFacts(models.Model):
    """The facts that a staff file gives about a person. Base of the records and of the rows that
    wait to be written. NUMEN and date of birth are stored only as keyed digests (HMAC-SHA-256, 32
    bytes each); ``key_id`` names the key."""

    key_id = models.CharField(_("key of the digests"), max_length=16)
    first_name = models.CharField(_("first name"), max_length=100, blank=True)
    last_name = models.CharField(_("last name"), max_length=100)
    mail_domain = models.ForeignKey(MailDomain, models.PROTECT, verbose_name=_("mail domain"))
    login = models.CharField(_("login"), max_length=254)
    school_uai = models.CharField(
        _("school (UAI)"),
        max_length=8,
        blank=True,
        validators=[RegexValidator(r"^\d{7}[A-Z]\Z", _("Seven digits and a capital letter."))],
    )
    school_name = models.CharField(_("name of the school"), max_length=200, blank=True)
    discipline = models.CharField(_("discipline"), max_length=100, blank=True)
    function = models.CharField(_("function"), max_length=100, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """Return the first name, then the last name, as in a signature."""
        return f"{self.first_name} {self.last_name}".strip()


class StaffRecordQuerySet(models.QuerySet["StaffRecord"]):
    def active(self) -> StaffRecordQuerySet:
        return self.filter(is_active=True)

    def name_any(self, domain: MailDomain, logins: Collection[str]) -> bool:
        """Return whether a record names one of the logins, or the address that belongs to it."""
        addresses = {domain.address_of(login) for login in logins}
        named = models.Q(login__in=logins) | models.Q(address__in=addresses)
        return self.filter(named, mail_domain=domain).exists()

    def of(self, user: User) -> StaffRecord | None:
        """Return the record of a signed-in user; None when no staff file names the user."""
        if user.mail_domain_id is None:
            return None
        return next(iter(_by_login(user.mail_domain_id, user.login)), None)


class StaffRecord(StaffFacts):
    """A person of the authority."""

    numen_digest = models.BinaryField(_("digest of the NUMEN"), max_length=32, unique=True)
    lookup_digest = models.BinaryField(
        _("digest of NUMEN and date of birth"), max_length=32, unique=True
    )
    address = models.EmailField(_("address"), unique=True)
    password_changed = models.DateField(_("password last changed"), null=True, blank=True)
    updated = models.DateTimeField(_("last change"), auto_now=True)

    objects = StaffRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("staff record")
        verbose_name_plural = _("staff records")
        ordering = ("last_name", "first_name")
        constraints = (
            models.UniqueConstraint(fields=["mail_domain", "login"], name="one_record_per_login"),
            models.CheckConstraint(
                condition=models.Q(login=Lower("login"), address=Lower("address")),
                name="record_in_lower_case",
            ),
        )
        indexes = (models.Index(fields=["last_name", "first_name"], name="record_by_name"),)

    def __str__(self) -> str:
        return self.name or self.address


_by_login: Prepared[StaffRecord] = Prepared(
    lambda domain, login: StaffRecord.objects.filter(mail_domain_id=domain, login=login), int, str
)
