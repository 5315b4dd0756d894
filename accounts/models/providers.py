"""The OpenID Connect providers that users sign in by, and the tokens that they issued."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any, ClassVar, Final

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models.mail_domains import LOOPBACK, MailDomain
from accounts.models.sessions import UserSession
from accounts.models.users import User
from accounts.sealed import rows as sealed_rows
from core import clock

_PURPOSE = b"provider secret"
_ISSUER = re.compile(
    r"(https?)://([A-Za-z0-9.-]{1,253}|\[[0-9a-fA-F:]{2,39}\])(:\d{1,5})?(/[!-~]*)?"
)
# What RFC 5322 allows in an address without quotes, in ASCII: no blank, no control, and no letter
# that only looks like another or becomes another in lower case.
LOGIN: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}(?:@([A-Za-z0-9.-]{1,189}))?")
_PLACE = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]{0,63})\}")
FIELDS: dict[str, Any] = {"max_length": 255}


def check_issuer(address: str) -> None:
    """Require https, or http where the provider runs on this machine itself, without query and
    fragment."""
    match = _ISSUER.fullmatch(address)
    if not match or set("?#@") & set(address):
        raise ValidationError(_("This is no address of a provider: https://…"))
    if match[1] == "http" and match[2].strip("[]") not in LOOPBACK:
        raise ValidationError(_("The address of a provider must begin with https."))


def check_template(template: str) -> None:
    """Refuse a template without a claim: all users would have the same login, hence the same
    mailbox."""
    rest = _PLACE.sub("", template)
    if not _PLACE.search(template) or set("{} ") & set(rest):
        raise ValidationError(_("Name a claim between braces, as in {preferred_username}."))


class SignInProvider(models.Model):
    """An OpenID Connect provider that opens the mailboxes of one mail domain, and of no other."""

    class Way(models.TextChoices):
        TOKEN = "token", _("The access token (OAUTHBEARER or XOAUTH2)")
        MASTER = "master", _("The master user of the mail server")

    mail_domain = models.OneToOneField(
        MailDomain, models.CASCADE, related_name="provider", verbose_name=_("mail domain")
    )
    is_on = models.BooleanField(_("offered"), default=True)
    label = models.CharField(
        _("text of the button"),
        max_length=80,
        blank=True,
        help_text=_("For example: Sign in with my academic account."),
    )
    issuer = models.CharField(
        _("issuer"),
        validators=[check_issuer],
        help_text=_(
            "The address of the provider, exactly as in its own configuration. The webmail reads"
            " everything else from /.well-known/openid-configuration below it."
        ),
        **FIELDS,
    )
    client_id = models.CharField(_("client ID"), **FIELDS)
    sealed_secret = models.BinaryField(default=b"", editable=False)
    scopes = models.CharField(
        _("scopes"),
        default="openid profile email offline_access",
        validators=[
            RegexValidator(
                r"^openid( [!-~]{1,60}){0,20}$", _("Scopes separated by spaces, openid first.")
            )
        ],
        help_text=_(
            "With offline_access, messages that leave after the token has expired are sent without"
            " another sign-in."
        ),
        **FIELDS,
    )
    audience = models.CharField(
        _("audience"),
        blank=True,
        help_text=_(
            "Audience (aud) that the access token must name: the mail server’s client name at the"
            " provider. Empty: not checked here."
        ),
        **FIELDS,
    )
    login_template = models.CharField(
        _("login"),
        max_length=120,
        default="{preferred_username}",
        validators=[check_template],
        help_text=_(
            "The login in this mail domain, made of claims of the provider: {preferred_username},"
            " {email}. Another domain after the @ is refused."
        ),
    )
    # The default is also in the database: a former version that still runs does not name this
    # column.
    asks_consent = models.BooleanField(
        _("ask for consent"),
        default=True,
        db_default=True,
        help_text=_(
            "With offline_access, send prompt=consent, without which a provider that follows OpenID"
            " Connect gives no refresh token, and scheduled messages wait for a new sign-in. Switch"
            " it off where the provider gives one all the same, and asks each time."
        ),
    )
    way = models.CharField(
        _("access to the mailbox"), max_length=8, choices=Way.choices, default=Way.TOKEN
    )
    # The identifier for sealing the secret: the primary key is unknown before the row is written.
    number = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)

    class Meta:
        verbose_name = _("sign-in provider")
        verbose_name_plural = _("sign-in providers")

    def __str__(self) -> str:
        return self.label or str(_("Sign in with my account"))

    @property
    def secret(self) -> str:
        """Return the client secret. Raises `sealed_rows.BrokenSeal` if it was sealed with another
        lending key."""
        if not self.sealed_secret:
            return ""
        return sealed_rows.opened(_PURPOSE, self.number, 0, self.sealed_secret).decode()

    @secret.setter
    def secret(self, secret: str) -> None:
        self.sealed_secret = sealed_rows.seal(_PURPOSE, self.number, 0, secret.encode())

    @property
    def start_address(self) -> str:
        return reverse("accounts:provider_start", args=[self.pk])

    def login_of(self, claims: dict[str, Any]) -> str:
        """Return the login that the template makes of claims, in lower case; "" if a claim is
        missing, or if what they make is no login. Nothing is stripped: ``fdurand`` and a name that
        ends with a blank are two accounts at the provider."""
        names = _PLACE.findall(self.login_template)
        values = {name: claims.get(name) for name in names}
        if not all(isinstance(value, str) and value for value in values.values()):
            return ""
        login = _PLACE.sub(lambda place: str(values[place[1]]), self.login_template)
        return login.lower() if LOGIN.fullmatch(login) else ""


class ProviderSubject(models.Model):
    """Whose account at a provider opens a login: the subject (``sub``) of the first sign-in, which
    never changes, while names and addresses do.

    ``proposed`` is another subject that came for the login, or one that has opened another login
    before. It opens nothing until an administrator accepts it. ``subject`` is "" if the login has
    not been opened yet; ``user`` is None until then.
    """

    mail_domain = models.ForeignKey(
        MailDomain, models.CASCADE, related_name="+", verbose_name=_("mail domain")
    )
    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="+", verbose_name=_("user")
    )
    login = models.CharField(_("login"), **FIELDS)
    issuer = models.CharField(_("issuer"), **FIELDS)
    subject = models.CharField(pgettext_lazy("of a token", "subject"), blank=True, **FIELDS)
    pinned = models.DateTimeField(_("since"), null=True)
    proposed = models.CharField(_("subject that was refused"), blank=True, **FIELDS)
    proposed_at = models.DateTimeField(_("refused"), null=True)

    class Meta:
        verbose_name = _("account at a provider")
        verbose_name_plural = _("accounts at providers")
        ordering = ("-proposed_at", "login")
        constraints = (
            models.UniqueConstraint(
                fields=["mail_domain", "login", "issuer"], name="one_subject_per_login"
            ),
            models.UniqueConstraint(
                fields=["mail_domain", "issuer", "subject"],
                condition=~models.Q(subject=""),
                name="one_login_per_subject",
            ),
        )

    def __str__(self) -> str:
        return f"{self.login}@{self.mail_domain.name}"


class TokenGrantQuerySet(models.QuerySet["TokenGrant"]):
    def unneeded(self) -> TokenGrantQuerySet:
        """Return the grants that belong to no session and to no job."""
        sessions = UserSession.objects.filter(pk=OuterRef("session"))
        return self.filter(~Exists(sessions), lentcredential=None)


class TokenGrant(models.Model):
    """The tokens of one sign-in, sealed with a key that is not in the row. The session has the key,
    sealed in two halves as a password is, and so has each job that the tokens were lent to."""

    # How long the grant of an incomplete sign-in is kept, for example one that lacks a second
    # factor.
    UNBOUND: ClassVar[timedelta] = timedelta(hours=1)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    provider = models.ForeignKey(
        SignInProvider, models.CASCADE, related_name="+", verbose_name=_("sign-in provider")
    )
    # The primary key of a `UserSession`. A foreign key would cost a statement whenever a session
    # ends; grants of ended sessions are found later.
    session = models.BigIntegerField(_("session"), null=True, db_index=True)
    # The provider's identifiers of the user and of the session (OpenID Connect Back-Channel Logout
    # 1.0).
    subject = models.CharField(pgettext_lazy("of a token", "subject"), **FIELDS)
    sid = models.CharField(_("session at the provider"), blank=True, **FIELDS)
    sealed = models.BinaryField()
    expires = models.DateTimeField(_("until"))
    is_offline = models.BooleanField(_("outlives the session"), default=False)
    # The worker that is refreshing the tokens, and until when it is given time.
    refresher = models.CharField(max_length=32, blank=True, default="")
    refreshing = models.DateTimeField(null=True)
    made = models.DateTimeField(_("made"), default=clock.now)

    objects = TokenGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("token of a sign-in")
        verbose_name_plural = _("tokens of sign-ins")
        indexes = (
            models.Index(fields=["provider", "subject"], name="grant_by_subject"),
            models.Index(fields=["provider", "sid"], name="grant_by_sid"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.made:%Y-%m-%d %H:%M}"
