"""The doors to the mail servers: every connection made for a person goes through here."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.http import HttpRequest

from accounts import credentials, limits, second_factor
from accounts.models import MailDomain, User
from accounts.network import client_address
from webmail import smtp as submission
from webmail.errors import SignInNeeded
from webmail.imap import connection as imap_connection
from webmail.imap.connection import Connection
from webmail.imap.pool import Lease, Pool
from webmail.imap.values import Server


@cache
def pool() -> Pool:
    """This process's connections."""
    return Pool(
        max_per_user=settings.IMAP_CONNECTIONS,
        idle_seconds=settings.IMAP_IDLE_SECONDS,
    )


def imap_server(domain: MailDomain) -> Server:
    return Server(
        host=domain.imap_host,
        port=domain.imap_port,
        security=domain.imap_security,
        timeout=settings.IMAP_TIMEOUT,
        ca_file=settings.TLS_CA_FILE,
    )


def check_login(domain: MailDomain, login: str, password: str, address: str) -> None:
    """Try a password on the domain's IMAP server; raises SignInNeeded, or why it cannot tell."""
    imap_connection.open(imap_server(domain), login, password, client_address=address).close()


def _password_of(request: HttpRequest) -> tuple[User, str]:
    user = request.user
    password = credentials.open_sealed(request)
    if password is None or not isinstance(user, User) or user.mail_domain is None:
        raise SignInNeeded
    if second_factor.missing_step(request, user):
        raise SignInNeeded
    return user, password


def _door(request: HttpRequest) -> tuple[Hashable, object]:
    user, password = _password_of(request)
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  _password_of saw to it
    login, address = user.login, client_address(request)

    def opener() -> Connection:
        if limits.was_refused(limits.mailbox(domain.pk, login), password):
            raise SignInNeeded
        try:
            return imap_connection.open(
                imap_server(domain), login, password, client_address=address
            )
        except SignInNeeded:
            limits.note_refused(limits.mailbox(domain.pk, login), password)
            raise

    return (user.pk, credentials.digest(password)), opener


@contextmanager
def imap(request: HttpRequest) -> Iterator[Connection]:
    """The person's connection, given back at the end. Raises SignInNeeded, ServerUnavailable."""
    key, opener = _door(request)
    with pool().lease(key, opener) as connection:  # type: ignore[arg-type]
        yield connection


def lease(request: HttpRequest) -> Lease:
    """The same for a stream, which outlives the view: who takes it calls ``release()``."""
    key, opener = _door(request)
    return pool().lease_open(key, opener)  # type: ignore[arg-type]


def smtp(request: HttpRequest) -> submission.Server:
    """The submission server with the person's login."""
    user, password = _password_of(request)
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  _password_of saw to it
    return smtp_server(domain, user.login, password)


def smtp_server(domain: MailDomain, login: str, password: str) -> submission.Server:
    """The domain's submission server, for one sign-in."""
    return submission.Server(
        host=domain.smtp_host,
        port=domain.smtp_port,
        security=domain.smtp_security,
        timeout=settings.SMTP_TIMEOUT,
        ca_file=settings.TLS_CA_FILE,
        login=login,
        password=password,
    )


def close(request: HttpRequest) -> None:
    """At sign-out: the person's IMAP connections of this session end."""
    try:
        key, _opener = _door(request)
    except SignInNeeded:
        return
    pool().close(key)
