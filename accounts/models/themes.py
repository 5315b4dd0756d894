"""The theme of the webmail for a mail domain: its name, its logo, its accent."""

from __future__ import annotations

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.mail_domains import MailDomain

_COLOUR = RegexValidator(r"\A#[0-9a-fA-F]{6}\Z", _("A colour is written #1a2b3c."))


class DomainTheme(models.Model):
    """The name, the logo and the accent for the users of a mail domain. Empty fields fall back to
    the settings. The logo was encoded by `accounts.looks.logos`."""

    CACHE_KEY: ClassVar[str] = "near:themes"
    CACHE_SECONDS: ClassVar[int] = 60

    mail_domain = models.OneToOneField(
        MailDomain,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mail domain"),
        help_text=_("Empty: for all mail domains without their own theme."),
    )
    name = models.CharField(
        _("name of the webmail"),
        max_length=40,
        blank=True,
        help_text=_("Shown on pages and in notices. Empty: the value of WEBMAIL_PRODUCT_NAME."),
    )
    authority = models.CharField(
        _("name of the authority"),
        max_length=60,
        blank=True,
        help_text=_("Shown below the name. Empty: the value of WEBMAIL_AUTHORITY_NAME."),
    )
    hosts = models.TextField(
        _("host names"),
        max_length=1000,
        blank=True,
        help_text=_(
            "Host names, one per line, whose sign-in page uses this theme. On other hosts it is"
            " used once an address of this domain is typed."
        ),
    )
    accent = models.CharField(
        _("accent colour"),
        max_length=7,
        blank=True,
        validators=[_COLOUR],
        help_text=_(
            "For example #04602f. Buttons have white text on it, which needs a contrast of 4.5:1."
            " Users who have chosen another accent keep theirs. Empty: blue."
        ),
    )
    accent_dark = models.CharField(
        _("links on dark pages"),
        max_length=7,
        blank=True,
        validators=[_COLOUR],
        help_text=_(
            "It needs a contrast of 4.5:1 with dark backgrounds. Empty: a light tint of the accent."
        ),
    )
    logo = models.BinaryField(blank=True, default=b"", editable=False)
    logo_digest = models.CharField(max_length=32, blank=True, editable=False, db_index=True)
    logo_width = models.PositiveSmallIntegerField(default=0, editable=False)
    logo_height = models.PositiveSmallIntegerField(default=0, editable=False)

    class Meta:
        verbose_name = _("theme")
        verbose_name_plural = _("themes")
        ordering = ("mail_domain", "pk")
        constraints = (
            models.UniqueConstraint(
                models.Value(1), condition=models.Q(mail_domain=None), name="one_theme_for_all"
            ),
        )

    def __str__(self) -> str:
        return str(self.mail_domain or _("all mail domains"))
