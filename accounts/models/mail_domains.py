"""The mail domains, each with its servers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.core.validators import (
    MaxValueValidator,
    MinValueValidator,
    RegexValidator,
    URLValidator,
)
from django.db import models
from django.utils.translation import gettext_lazy as _

NAMES_KEY, NAMES_SECONDS = "near:mail-domain-names", 60
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class ServerURL:
    """A URL such as ``imaps://mail.example:993`` in its parts. ``security`` is ``tls``,
    ``starttls`` or ``none``."""

    host: str
    port: int
    security: str

    PORTS: ClassVar[dict[str, int]] = {
        "imap": 143,
        "imaps": 993,
        "smtp": 587,
        "smtps": 465,
        "pop": 110,
        "pops": 995,
        "sieve": 4190,
        "sieves": 4190,
    }

    @classmethod
    def parse(cls, url: str) -> ServerURL:
        """Parse the URL of a mail server. ``imaps`` means TLS; ``imap`` means STARTTLS, or no
        encryption if the host is this machine itself. ``?security=tls|starttls|none`` overrides
        this. Raises ImproperlyConfigured."""
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise ImproperlyConfigured(f"{url!r}: {error}") from error
        if parts.scheme not in cls.PORTS or not parts.hostname:
            raise ImproperlyConfigured(f"{url!r} is not the address of a mail server")
        if parts.scheme in {"imaps", "smtps", "pops", "sieves"}:
            security = "tls"
        else:
            security = "none" if parts.hostname in LOOPBACK else "starttls"
        if parts.query.startswith("security="):
            security = parts.query.removeprefix("security=")
        if security not in MailDomain.Security.values:
            raise ImproperlyConfigured(f"{url!r}: security is tls, starttls or none")
        return cls(parts.hostname, port or cls.PORTS[parts.scheme], security)


class MailDomainQuerySet(models.QuerySet["MailDomain"]):
    def default(self) -> MailDomain | None:
        """Return the domain of short logins. It is made from the environment if there is none
        yet."""
        if domain := self.filter(is_default=True).first():
            return domain
        if settings.MAIL_DOMAIN and settings.IMAP_URL:
            return self.make_from_environment()
        return None

    def names(self) -> frozenset[str]:
        """Return the names of all domains, from the cache, so that a page costs no query. A change
        takes effect within a minute."""
        names = cache.get(NAMES_KEY)
        if names is None:
            names = list(self.values_list("name", flat=True))
            cache.set(NAMES_KEY, names, NAMES_SECONDS)
        return frozenset(names)

    def of_typed_login(self, typed: str) -> MailDomain | None:
        """Return the domain of a typed login or address; None if it belongs to no domain here."""
        name = typed.partition("@")[2]
        if name and (named := self.filter(name=name).first()):
            return named
        default = self.default()
        if name and (default is None or default.login_form != MailDomain.LoginForm.TYPED):
            return None
        return default

    def make_from_environment(self) -> MailDomain:
        """Create or update the default domain from WEBMAIL_DOMAIN, WEBMAIL_IMAP_URL and so on."""
        if settings.LOGIN_FORM not in MailDomain.LoginForm.values:
            raise ImproperlyConfigured(
                f"WEBMAIL_LOGIN_FORM is {' or '.join(MailDomain.LoginForm.values)},"
                f" not {settings.LOGIN_FORM!r}"
            )
        values: dict[str, Any] = {
            "login_form": settings.LOGIN_FORM,
            "password_driver": settings.PASSWORD_DRIVER,
        }
        for prefix, url in (
            ("imap", settings.IMAP_URL),
            ("smtp", settings.SMTP_URL),
            ("pop", settings.POP_URL),
            ("sieve", settings.SIEVE_URL),
        ):
            server = ServerURL.parse(url) if url else ServerURL("", 0, MailDomain.Security.TLS)
            values |= {
                f"{prefix}_host": server.host,
                f"{prefix}_port": server.port or MailDomain.DEFAULT_PORTS[prefix],
                f"{prefix}_security": server.security,
            }
        name = settings.MAIL_DOMAIN.lower()
        is_default = not self.filter(is_default=True).exclude(name=name).exists()
        domain, _created = self.update_or_create(
            name=name, defaults=values | {"is_default": is_default}
        )
        return domain


class MailDomain(models.Model):
    """A domain with its servers. Whatever differs between domains is set here, not in the
    settings."""

    class Security(models.TextChoices):
        TLS = "tls", _("TLS from the start")
        STARTTLS = "starttls", _("STARTTLS")
        NONE = "none", _("None (this machine only)")

    class LoginForm(models.TextChoices):
        ADDRESS = "address", _("The whole address (name@domain)")
        LOCAL = "local", _("The part before the @")
        TYPED = "typed", _("As typed, whatever its domain")

    class ProgramLogin(models.TextChoices):
        SAME = "", _("As for signing in here; none if that is as typed")
        ADDRESS = "address", _("The whole address (name@domain)")
        LOCAL = "local", _("The part before the @")
        NONE = "none", _("None: logins differ from addresses")

    class PasswordDriver(models.TextChoices):
        NONE = "none", _("Not here: the text and the link below say where")
        DOVECOT = "dovecot", _("Dovecot’s passwd-file")
        SQL = "sql", _("An SQL table")
        LDAP = "ldap", _("An LDAP directory")

    DEFAULT_PORTS: ClassVar[dict[str, int]] = {"imap": 993, "smtp": 465, "pop": 995, "sieve": 4190}

    _host: ClassVar[dict[str, Any]] = {"max_length": 253, "blank": True}
    _port: ClassVar[dict[str, Any]] = {
        "validators": [MinValueValidator(1), MaxValueValidator(65535)]
    }
    _security: ClassVar[dict[str, Any]] = {
        "max_length": 8,
        "choices": Security.choices,
        "default": Security.TLS,
    }

    name = models.CharField(
        _("domain"),
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9.-]+$", _("Lower-case letters, digits, dots and hyphens."))
        ],
    )
    is_default = models.BooleanField(
        _("default domain"),
        default=False,
        help_text=_("Logins without a domain belong to this one."),
    )
    login_form = models.CharField(
        _("login on the mail server"),
        max_length=8,
        choices=LoginForm.choices,
        default=LoginForm.ADDRESS,
    )
    program_login = models.CharField(
        _("login that mail programs can derive from an address"),
        max_length=8,
        choices=ProgramLogin.choices,
        default=ProgramLogin.SAME,
        blank=True,
        help_text=_(
            "If logins differ from addresses (fdurand / francoise.durand@…), do not publish a"
            " login: mail programs would guess a wrong one."
        ),
    )
    imap_host = models.CharField(_("IMAP server"), max_length=253)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993, **_port)
    imap_security = models.CharField(_("IMAP security"), **_security)
    smtp_host = models.CharField(_("SMTP server"), **_host)
    smtp_port = models.PositiveIntegerField(_("SMTP port"), default=465, **_port)
    smtp_security = models.CharField(_("SMTP security"), **_security)
    pop_host = models.CharField(_("POP server"), **_host)
    pop_port = models.PositiveIntegerField(_("POP port"), default=995, **_port)
    pop_security = models.CharField(_("POP security"), **_security)
    sieve_host = models.CharField(_("ManageSieve server"), **_host)
    sieve_port = models.PositiveIntegerField(_("ManageSieve port"), default=4190, **_port)
    sieve_security = models.CharField(_("ManageSieve security"), **_security)
    help_text = models.TextField(
        _("help text"),
        blank=True,
        help_text=_("Shown to users of this domain when their sign-in has failed."),
    )

    staff_only = models.BooleanField(
        _("only people with a staff record may sign in"),
        default=False,
        db_default=False,
        help_text=_(
            "If on, a mailbox without an active staff record is refused at sign-in. Local"
            " administrators still sign in."
        ),
    )
    password_sign_in = models.BooleanField(
        _("sign-in by password"),
        default=True,
        db_default=True,
        help_text=_(
            "If off, users can sign in only by the provider. Local administrators still sign in by"
            " password."
        ),
    )
    password_driver = models.CharField(
        _("where the password is changed"),
        max_length=8,
        choices=PasswordDriver.choices,
        default=PasswordDriver.NONE,
        help_text=_("Connections and their secrets are set by environment variables."),
    )
    password_help = models.TextField(
        _("help with the password"),
        blank=True,
        help_text=_(
            "Shown on the password page. It is needed most where the password cannot be changed"
            " here."
        ),
    )
    password_url = models.CharField(
        _("page to change the password"),
        max_length=200,
        blank=True,
        validators=[URLValidator(("https", "http"))],
        help_text=_("The page on which users change their password, if not here."),
    )

    objects = MailDomainQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail domain")
        verbose_name_plural = _("mail domains")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=["is_default"],
                condition=models.Q(is_default=True),
                name="one_default_domain",
            ),
        )

    def __str__(self) -> str:
        return self.name

    def server_login(self, typed: str) -> str:
        """Return the login for the mail server of ``typed``, a short login or an address."""
        local = typed.partition("@")[0]
        match self.login_form:
            case self.LoginForm.LOCAL:
                return local
            case self.LoginForm.ADDRESS:
                return f"{local}@{self.name}"
            case _:
                return typed

    @property
    def formed_login(self) -> str:
        """Return how a login is derived from an address: ``address``, ``local``, or "" if it is
        not."""
        form = self.program_login or self.login_form
        return form if form in {self.LoginForm.ADDRESS, self.LoginForm.LOCAL} else ""

    def own_address(self, login: str) -> str:
        """Return the address of a user of whom only the login is known. Return "" if the login
        names a domain that the mail server may ignore: typing an address must not make anybody its
        owner."""
        local, at, name = login.partition("@")
        if at and (name != self.name or self._is_typists_choice()):
            return ""
        return f"{local}@{self.name}"

    def _is_typists_choice(self) -> bool:
        """Return whether the server of this domain has other domains too, and takes logins as
        typed."""
        neighbours = MailDomain.objects.filter(imap_host=self.imap_host)
        is_typed = neighbours.filter(login_form=self.LoginForm.TYPED).exists()
        return is_typed and neighbours.exclude(pk=self.pk).exists()

    def address_of(self, login: str) -> str:
        """Return the address that was meant by the typed text, of this domain or of another one."""
        return login if "@" in login else f"{login}@{self.name}"
