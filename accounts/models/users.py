"""Users and their roles."""

from __future__ import annotations

import uuid
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
from webmail.avatars import initials

_groups_of: Prepared[tuple[str]] = Prepared(
    lambda pk: Group.objects.filter(user=pk).order_by().values_list("name"), int
)


class UserManager(BaseUserManager["User"]):
    def of_mail_login(self, domain: MailDomain, typed: str) -> User | None:
        """The user whom ``typed`` names, by login or else by address, both in lower case."""
        people = self.filter(mail_domain=domain)
        return (
            people.filter(login=domain.server_login(typed)).first()
            or people.filter(address=domain.address_of(typed)).first()
        )

    def create_administrator(self, login: str, password: str) -> User:
        """A local account for the admin alone: no mail domain, a password of our own."""
        user = self.model(login=login.lower())
        user.set_password(password)
        user.save()
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """One (mail domain, login in lower case); without a mail domain, a local administrator."""

    mail_domain = models.ForeignKey(
        MailDomain, models.PROTECT, null=True, blank=True, verbose_name=_("mail domain")
    )
    login = models.CharField(_("login"), max_length=254)
    address = models.EmailField(_("address"), blank=True)
    name = models.CharField(_("name"), max_length=200, blank=True)
    # What the mail server calls the INBOX. Not unique: two logins from before it was asked may open
    # one mailbox, and both rows are kept (accounts/mailboxes.py says which one signs in).
    mailbox_id = models.CharField(
        _("number of the mailbox"), max_length=255, blank=True, editable=False
    )
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("first sign-in"), auto_now_add=True)
    mail_password_changed = models.DateTimeField(
        _("mail password changed here"), null=True, blank=True
    )
    password_reminder_hidden = models.DateField(
        _("reminder of the password put off"), null=True, blank=True
    )
    preferences = models.JSONField(_("preferences"), default=dict, blank=True)
    # By which services know this person: random, so that it tells nothing and outlives an address.
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
        """The login that this person may type to sign in, whatever stands as address beside the
        login."""
        domain = self.mail_domain
        if domain is None or "@" in self.login or domain.login_form == domain.LoginForm.TYPED:
            return self.login
        return f"{self.login}@{domain.name}"

    @cached_property
    def roles(self) -> frozenset[str]:
        """Roles by group; a local administrator is one by nature."""
        if self.is_local_administrator:
            return frozenset({ADMINISTRATOR})
        return frozenset(name for (name,) in _groups_of(self.pk)).intersection(ROLES)

    @property
    def is_administrator(self) -> bool:
        return ADMINISTRATOR in self.roles

    @property
    def is_staff(self) -> bool:
        """Whether the Django admin opens to this person."""
        return bool(self.roles)

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether a role has the permission: permissions of groups and of Django's superusers count
        for nothing."""
        return self.is_active and may(self.roles, perm)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and may_enter(self.roles, app_label)

    @property
    def display_name(self) -> str:
        return self.name or self.address or self.login

    @property
    def initials(self) -> str:
        """One or two capitals for the avatar."""
        return initials(self.name or self.login.partition("@")[0].replace(".", " "))
