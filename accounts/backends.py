"""Who is let in: local administrators by a password of ours, the others by their mail server."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from accounts import limits, session
from accounts.models import MailDomain, StaffRecord, User
from accounts.models.prepared import Prepared
from accounts.network import client_address
from webmail.errors import SignInNeeded

_by_key: Prepared[User] = Prepared(
    lambda pk: User.objects.select_related("mail_domain").filter(pk=pk), int
)


class UserBackend(ModelBackend):
    """Loads the session's user with the mail domain, which every page needs."""

    def get_user(self, user_id: int) -> User | None:
        user = next(iter(_by_key(user_id)), None)
        return user if user and self.user_can_authenticate(user) else None


class LocalAdministratorBackend(UserBackend):
    """Accepts local administrators alone, so that one can enter when a domain is set wrong."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        user = User.objects.filter(mail_domain=None, login=(username or "").lower()).first()
        if user is None:
            return None
        if password and user.check_password(password) and self.user_can_authenticate(user):
            return user
        # Stops here: an administrator's mistyped password is not for the mail server to see.
        raise PermissionDenied


def whom(domain: MailDomain, typed: str) -> tuple[User | None, str]:
    """The user whom ``typed`` names, if there is one yet, and the login for the mail server: of an
    address that nobody has signed in with, a staff record may know it."""
    if user := User.objects.of_mail_login(domain, typed):
        return user, user.login
    known = StaffRecord.objects.filter(mail_domain=domain, address=domain.address_of(typed))
    login = known.values_list("login", flat=True).first()
    return None, login or domain.server_login(typed)


def _follow_staff_record(user: User) -> None:
    """Name and address as the staff files have them, from the next sign-in on."""
    record = StaffRecord.objects.of(user)
    if record and (record.name, record.address) != (user.name, user.address):
        user.name, user.address = record.name, record.address
        user.save(update_fields=["name", "address"])


class MailServerBackend(UserBackend):
    """Tries login and password on the domain's IMAP server; the first success makes the user."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """None for a refusal; raises ServerUnavailable and others when the server cannot tell."""
        typed = (username or "").strip().lower()
        domain = MailDomain.objects.of_typed_login(typed)
        if not (request and typed and password and domain):
            return None
        user, login = whom(domain, typed)
        key = limits.mailbox(domain.pk, login)
        if limits.was_refused(key, password):
            return None
        try:
            connection = session.sign_in(domain, login, password, client_address(request))
        except SignInNeeded:
            limits.note_refused(key, password)
            return None
        with ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            if user is None:
                user, _created = User.objects.get_or_create(
                    mail_domain=domain, login=login, defaults={"address": domain.address_of(typed)}
                )
            _follow_staff_record(user)
            if not self.user_can_authenticate(user):
                return None
            session.keep(user, password, connection)
            unless_kept.pop_all()
        return user
