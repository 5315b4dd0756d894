"""Users and their roles."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import Group, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.models.mail_domains import MailDomain
from accounts.models.prepared import Prepared
from accounts.roles import ADMINISTRATOR, ROLES, may, may_enter
from core.avatars import initials

_groups_of: Prepared[tuple[str]] = Prepared(
    lambda pk: Group.objects.filter(user=pk).order_by().values_list("name"), int
)


class UserManager(BaseUserManager["User"]):
    def of_mail_login(self, domain: MailDomain, typed: str) -> User | None:
        """Return the user whom ``typed`` names, by login or else by address, both in lower case."""
        people = self.filter(mail_domain=domain)
        return (
            people.filter(login=domain.server_login(typed)).first()
            or people.filter(address=domain.address_of(typed)).first()
        )

    def end_blocks(self, today: date) -> list[User]:
        """Let users in again whose block ends today or has ended, and return them. Call it in a
        transaction."""
        over = self.filter(is_active=False, blocked_until__lte=today)
        users = list(over.select_for_update().order_by("pk"))
        self.filter(pk__in=[user.pk for user in users]).update(
            is_active=True, blocked_until=None, blocked_reason=""
        )
        return users

    def create_administrator(self, login: str, password: str) -> User:
        """Create a local account for the admin alone, without a mail domain and with a password
        stored here."""
        user = self.model(login=login.lower())
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A user: one login in lower case in one mail domain. A user without a mail domain is a local
    administrator."""

    mail_domain = models.ForeignKey(
        MailDomain, models.PROTECT, null=True, blank=True, verbose_name=_("mail domain")
    )
    login = models.CharField(_("login"), max_length=254)
    address = models.EmailField(_("address"), blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    # The mail server's identifier of the INBOX. It is not unique: two logins from before it was
    # stored may open one mailbox, and both rows are kept (`accounts.mailboxes` chooses the one that
    # signs in).
    mailbox_id = models.CharField(
        _("number of the mailbox"), max_length=255, blank=True, editable=False
    )
    is_active = models.BooleanField(
        _("active"), default=True, help_text=_("Without this tick the account is blocked.")
    )
    blocked_reason = models.CharField(
        _("reason of the block"),
        max_length=300,
        blank=True,
        default="",
        db_default="",
        help_text=_("The user reads this sentence at sign-in, after the right password."),
    )
    blocked_until = models.DateField(
        _("end of the block"),
        null=True,
        blank=True,
        help_text=_("On this day the user can sign in again. Empty: until you end the block."),
    )
    date_joined = models.DateTimeField(_("first sign-in"), auto_now_add=True)
    mail_password_changed = models.DateTimeField(
        _("mail password changed here"), null=True, blank=True
    )
    password_reminder_hidden = models.DateField(
        _("password reminder postponed"), null=True, blank=True
    )
    devices_told = models.DateTimeField(
        _("last notice of new devices"), null=True, blank=True, editable=False
    )
    # Beside the user, whom every request has, so that a log that is off costs no query.
    logged_until = models.DateTimeField(
        _("connections logged until"), null=True, blank=True, editable=False
    )
    preferences = models.JSONField(_("preferences"), default=dict, blank=True)
    # The identifier of the user at other services: random, so that it reveals nothing and survives
    # a change of the address.
    subject = models.UUIDField(
        _("number for services"), default=uuid.uuid4, unique=True, editable=False
    )

    objects = UserManager()

    USERNAME_FIELD = "login"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        ordering = ("login",)
        constraints = (
            models.UniqueConstraint(fields=["mail_domain", "login"], name="one_user_per_login"),
            models.UniqueConstraint(
                fields=["login"], condition=models.Q(mail_domain=None), name="one_local_per_login"
            ),
            models.CheckConstraint(
                condition=models.Q(login=Lower("login")), name="login_in_lower_case"
            ),
        )
        indexes = (
            models.Index(fields=["mail_domain", "address"], name="user_by_address"),
            models.Index(fields=["mailbox_id"], name="user_by_mailbox"),
        )

    def __str__(self) -> str:
        return self.address or self.login

    @property
    def is_local_administrator(self) -> bool:
        return self.mail_domain_id is None

    @property
    def typed_login(self) -> str:
        """Return the login with which the user can sign in, which may differ from the address."""
        domain = self.mail_domain
        if domain is None or "@" in self.login or domain.login_form == domain.LoginForm.TYPED:
            return self.login
        return f"{self.login}@{domain.name}"

    @cached_property
    def roles(self) -> frozenset[str]:
        """Return the roles, which come from groups. A local administrator always has that role."""
        if self.is_local_administrator:
            return frozenset({ADMINISTRATOR})
        return frozenset(name for (name,) in _groups_of(self.pk)).intersection(ROLES)

    @property
    def is_administrator(self) -> bool:
        return ADMINISTRATOR in self.roles

    @property
    def is_staff(self) -> bool:
        """Return whether the user may enter the Django admin."""
        return bool(self.roles)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Return whether a role has the permission. Permissions of groups and the superuser flag of
        Django are ignored."""
        return self.is_active and may(self.roles, perm)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and may_enter(self.roles, app_label)

    @property
    def display_name(self) -> str:
        return self.name or self.address or self.login

    @property
    def initials(self) -> str:
        """Return one or two capitals for the avatar."""
        return initials(self.name or self.login.partition("@")[0].replace(".", " "))
