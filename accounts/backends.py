"""The backends of the sign-in. Local administrators have a password in the database; all other
users sign in with the password of their mail server."""

from __future__ import annotations

import secrets
from contextlib import ExitStack, nullcontext, suppress
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import blocks, limits, mailboxes, session, wire_log
from accounts.models import MailDomain, StaffRecord, User
from accounts.models.prepared import Prepared
from accounts.network import client_address
from core.preferences import NEWCOMER
from mail.errors import SignInNeeded, WebmailError
from mail.imap.connection import Connection

STRANGE = _(
    "This login was never used here, and the mail server does not say whose mailbox it opens. Sign"
    " in with your usual login, or call the support desk."
)
NOT_STAFF = _(
    "Only people with an active staff record may sign in here, and none names your mailbox. Call"
    " the support desk."
)
OTHER_LOGIN = _(
    "This mailbox is known here by another login, which this password does not open. Sign in with"
    " your usual login, or call the support desk."
)

_by_key: Prepared[User] = Prepared(
    lambda pk: User.objects.select_related("mail_domain").filter(pk=pk), int
)


class UserBackend(ModelBackend):
    """Loads the session's user together with the mail domain, which every page needs."""

    def get_user(self, user_id: int) -> User | None:
        user = next(iter(_by_key(user_id)), None)
        return user if user and self.user_can_authenticate(user) else None


class LocalAdministratorBackend(UserBackend):
    """Accepts local administrators alone, so that they can sign in when a mail domain is
    misconfigured."""

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
        if password and user.check_password(password):
            blocks.check(user)
            return user
        # Stop here: the mail server must not see an administrator's mistyped password.
        if request and password:
            _ask_in_vain(user.login, password, client_address(request))
        raise PermissionDenied


def _ask_in_vain(login: str, password: str, address: str) -> None:
    """Try a random password on the mail server, so that a failed sign-in takes equally long whether
    or not the login is an administrator's. Skip this for a password that was refused just now, as
    for every user."""
    domain = MailDomain.objects.of_typed_login(login)
    if domain is None:
        return
    _named, login = whom(domain, login)
    key = limits.mailbox(domain.pk, login)
    with suppress(WebmailError):
        if not limits.was_refused(key, password):
            limits.note_refused(key, password)
            session.check_login(domain, login, secrets.token_urlsafe(16), address)


def whom(domain: MailDomain, typed: str) -> tuple[User | None, str]:
    """Return the user whom ``typed`` names, or None, and the login for the mail server. For an
    address that has never signed in, the login may come from a staff record."""
    if user := User.objects.of_mail_login(domain, typed):
        return user, user.login
    records = StaffRecord.objects.filter(mail_domain=domain, address=domain.address_of(typed))
    login = records.values_list("login", flat=True).first()
    return None, login or domain.server_login(typed)


def _need_staff_record(domain: MailDomain, login: str, owner: User | None) -> None:
    """Raise ValidationError where the domain wants an active staff record, and none names the login
    or that of the mailbox's user. Called only once the password, or the provider, has proved who
    signs in."""
    logins = {login, owner.login} if owner else {login}
    if domain.staff_only and not StaffRecord.objects.active().name_any(domain, logins):
        raise ValidationError(NOT_STAFF, code="not_staff")


def _follow_staff_record(user: User) -> None:
    """Copy name and address from the staff record, at each sign-in."""
    record = StaffRecord.objects.of(user)
    if record and (record.name, record.address) != (user.name, user.address):
        user.name, user.address = record.name, record.address
        user.save(update_fields=["name", "address"])


class MailServerBackend(UserBackend):
    """Tries login and password on the domain's IMAP server. The first success creates the user."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **kwargs: Any,
    ) -> User | None:
        """Return the user, or None for a refusal. Raises AccountBlocked once the password is
        proved, and ServerUnavailable or another WebmailError when the server cannot tell.

        A refusal takes as long as that of a local administrator, because a password is hashed for
        nothing.
        """
        user = self._let_in(request, username, password)
        if user is None:
            make_password(password)
        return user

    def _let_in(
        self, request: HttpRequest | None, username: str | None, password: str | None
    ) -> User | None:
        typed = (username or "").strip().lower()
        domain = MailDomain.objects.of_typed_login(typed)
        if not (request and typed and password and domain and domain.password_sign_in):
            return None
        named, login = whom(domain, typed)
        address = client_address(request)
        with wire_log.kept(named) if named else nullcontext():
            connection = _connect(domain, login, password, address)
        if connection is None:
            return None
        with ExitStack() as unless_kept:
            unless_kept.callback(connection.close)
            mailbox_id = connection.mailbox_id()
            user = mailboxes.owner(domain, named, mailbox_id)
            _need_staff_record(domain, login, user)
            user = user or _new(domain, login, typed, mailbox_id)
            blocks.check(user)
            if (user.mail_domain_id, user.login) != (domain.pk, login):
                _prove(user, domain, login, password, address)
            _note_mailbox(user, mailbox_id, domain.own_address(typed))
            _follow_staff_record(user)
            session.keep(user, password, connection)
            unless_kept.pop_all()
        return user


def enter_by_provider(
    domain: MailDomain, login: str, way_in: tuple[str, str], address: str
) -> tuple[User, Connection]:
    """Return the user of a login that the provider of the mail domain vouches for, with the
    connection that ``way_in`` (login and password or token) opened.

    The user is not looked up by address, and no user of another login or mail domain is accepted,
    since a provider is trusted for its own domain alone. Raises SignInNeeded when the mail server
    refuses, ValidationError when the mailbox is known by another login, and AccountBlocked for a
    blocked user.
    """
    connection = session.sign_in(domain, *way_in, address)
    with ExitStack() as unless_kept:
        unless_kept.callback(connection.close)
        mailbox_id = connection.mailbox_id()
        named = User.objects.filter(mail_domain=domain, login=login).first()
        user = mailboxes.owner(domain, named, mailbox_id)
        _need_staff_record(domain, login, user)
        user = user or _new(domain, login, login, mailbox_id)
        blocks.check(user)
        if user.mail_domain_id != domain.pk:
            raise ValidationError(OTHER_LOGIN, code="other_login")
        if user.login != login:
            if not mailboxes.is_renamed(user, domain, login):
                raise ValidationError(OTHER_LOGIN, code="other_login")
            user.login = login
            user.save(update_fields=["login"])
        _note_mailbox(user, mailbox_id, domain.own_address(login))
        _follow_staff_record(user)
        unless_kept.pop_all()
    return user, connection


def _connect(domain: MailDomain, login: str, password: str, address: str) -> Connection | None:
    """Return the connection, or None when the mail server refuses, or has just refused the same
    pair."""
    key = limits.mailbox(domain.pk, login)
    if limits.was_refused(key, password):
        return None
    try:
        return session.sign_in(domain, login, password, address)
    except SignInNeeded:
        limits.note_refused(key, password)
        return None


def _new(domain: MailDomain, login: str, typed: str, mailbox_id: str) -> User:
    """Create the user of a login. Raises ValidationError when the login may belong to an existing
    user with a second factor."""
    if not mailbox_id and mailboxes.is_strange(domain, login):
        raise ValidationError(STRANGE, code="strange_login")
    user, _created = User.objects.get_or_create(
        mail_domain=domain,
        login=login,
        defaults={"address": domain.own_address(typed), "preferences": {**NEWCOMER}},
    )
    return user


def _prove(user: User, domain: MailDomain, login: str, password: str, address: str) -> None:
    """Check that the password also opens the login by which the mailbox is known. Later connections
    use that login; and on a server whose mailbox numbers are not unique, nobody gets the row of
    another user.

    If the staff records have renamed the login, the new one becomes the user's. Raises
    ValidationError.
    """
    assert user.mail_domain is not None  # noqa: S101  it has a mailbox
    if own := _connect(user.mail_domain, user.login, password, address):
        own.close()
    elif mailboxes.is_renamed(user, domain, login):
        user.mail_domain, user.login = domain, login
        user.save(update_fields=["mail_domain", "login"])
    else:
        raise ValidationError(OTHER_LOGIN, code="other_login")


def _note_mailbox(user: User, mailbox_id: str, address: str) -> None:
    """Store the server's number of the mailbox. A mailbox that was created anew has
    another number."""
    values = (mailbox_id or user.mailbox_id, user.address or address)
    if values != (user.mailbox_id, user.address):
        user.mailbox_id, user.address = values
        user.save(update_fields=["mailbox_id", "address"])
