"""Connections to the mail servers for a user: all of them are opened here."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from django.conf import settings
from django.http import HttpRequest

from accounts import (
    credentials,
    lending,
    limits,
    second_factor,
    sessions,
    stalled,
    wire_log,
)
from accounts.health import capabilities
from accounts.models import LentCredential, MailDomain, User
from accounts.network import client_address
from accounts.providers import grants, proxied
from core import clock
from mail import smtp as submission
from mail.errors import (
    FolderNotFound,
    MailboxClosed,
    ServerBusy,
    ServerRefused,
    ServerUnavailable,
    SieveNotOffered,
    SignInNeeded,
)
from mail.imap import connection as imap_connection
from mail.imap.connection import Connection
from mail.imap.pool import Lease, Pool
from mail.imap.values import ImapServer, Wishes
from mail.sieve import connection as manage_sieve

FOLDERS = "folders"
"""The key of `Wishes` among a user's preferences."""
WHOSE = "accounts.user"
"""The key of the user's number in a request's environment, for the server to share itself among
users (`webmail.serving.shares`)."""


@cache
def pool() -> Pool:
    """Return the connections of this process."""
    return Pool(
        max_per_user=settings.IMAP_CONNECTIONS,
        idle_seconds=settings.IMAP_IDLE_SECONDS,
    )


def imap_server(domain: MailDomain) -> ImapServer:
    return ImapServer(
        host=domain.imap_host,
        port=domain.imap_port,
        security=domain.imap_security,
        timeout=settings.IMAP_TIMEOUT,
        ca_file=settings.TLS_CA_FILE,
    )


# Seconds that a server has to notice that a connection is closed.
_BREATH = 0.3


def _opened(server: ImapServer, login: str, password: str, client_address: str = "") -> Connection:
    """Open a connection and sign in. A server that has as many connections as it allows is tried
    once more, after the connection that has been idle for the longest is given up: many servers
    count those of the webmail as if they were one user's. Raises ServerBusy and the errors of
    `imap_connection.open`."""
    try:
        return imap_connection.open(server, login, password, client_address=client_address)
    except ServerBusy:
        pool().give_up_idle(server.host)
        time.sleep(_BREATH)
    return imap_connection.open(server, login, password, client_address=client_address)


def check_login(domain: MailDomain, login: str, password: str, address: str) -> None:
    """Try a password on the domain's IMAP server. Raises SignInNeeded for a refusal, or the error
    for which the server cannot tell."""
    sign_in(domain, login, password, address).close()


def sign_in(domain: MailDomain, login: str, password: str, address: str) -> Connection:
    """Try a password as `check_login` does, and return the connection, which the caller passes to
    `keep` or closes."""
    server = imap_server(domain)
    with stalled.bounded(server.host):
        connection = _opened(server, login, password, address)
    capabilities.note(domain, connection)
    return connection


def keep(user: User, password: str, connection: Connection) -> None:
    """Put the connection that tried the password into the pool, for the user's first page."""
    pool().put(_key(user, password), connection)


def _key(user: User, password: str) -> Hashable:
    """Return the key of the user's connections. Those that write a log are apart from those that
    were opened before it, and after it."""
    return (user.pk, credentials.digest(password), wire_log.lasts_until(user))


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
    opener = _opener(user, password, client_address(request))
    return _key(user, password), opener


def _opener(user: User, password: str, address: str) -> Callable[[], Connection]:
    domain, login = user.mail_domain, user.login
    assert domain is not None  # noqa: S101  the callers saw to it

    def opener() -> Connection:
        name, secret = grants.way_in(user, password)
        if limits.was_refused(limits.mailbox(domain.pk, login), secret):
            raise SignInNeeded
        try:
            return _opened(imap_server(domain), name, secret, address)
        except SignInNeeded:
            limits.note_refused(limits.mailbox(domain.pk, login), secret)
            raise

    return opener


@contextmanager
def imap(request: HttpRequest) -> Iterator[Connection]:
    """Yield the user's connection, and return it to the pool at the end. Raises SignInNeeded,
    ServerUnavailable."""
    key, opener = _door(request)
    with (
        wire_log.kept(request.user),  # type: ignore[arg-type]
        stalled.bounded(request.user.mail_domain.imap_host),  # type: ignore[union-attr]
        pool().lease(key, opener) as connection,  # type: ignore[arg-type]
    ):
        connection.wishes = wishes(request.user)  # type: ignore[arg-type]
        yield connection


def wishes(user: User) -> Wishes:
    """Return a user's decisions about folders, which are stored with the preferences."""
    values = user.preferences.get(FOLDERS, {})
    return Wishes(dict(values.get("special", {})), tuple(values.get("favourites", ())))


def wish(user: User, wished: Wishes) -> None:
    """Store a user's decisions about folders."""
    values = {"special": dict(wished.special), "favourites": list(wished.favourites)}
    user.preferences = {**user.preferences, FOLDERS: values}
    user.save(update_fields=["preferences"])


class Borrower(Protocol):
    """A job that works in the mailbox of its user."""

    @property
    def user(self) -> User: ...

    @property
    def credential(self) -> LentCredential | None: ...


@contextmanager
def imap_for(job: Borrower) -> Iterator[Connection]:
    """Yield a connection to the mailbox of a job's user, with the lent password, and close it at
    the end. Raises SignInNeeded when the password is no longer valid, and ServerUnavailable."""
    password = lending.opened(job.credential)
    if job.user.mail_domain is None or not job.user.is_active:
        raise SignInNeeded
    key = ("job", job.user.pk, credentials.digest(password))
    try:
        with (
            wire_log.kept(job.user),
            pool().lease(key, _opener(job.user, password, "")) as connection,
        ):
            connection.wishes = wishes(job.user)
            yield connection
    finally:
        pool().close(key)


def has_master() -> bool:
    """Return whether a mail server has a master user. Such a user can open any mailbox."""
    return any(settings.MASTER_USER.values())


@contextmanager
def imap_by_master(user: User) -> Iterator[Connection]:
    """Yield a connection to a user's mailbox, opened by the master user, and close it at the end.
    The caller must have checked the permission, and writes the audit log. Raises SignInNeeded where
    there is no master user or the server refuses it, and ServerUnavailable."""
    domain = user.mail_domain
    if domain is None or not has_master():
        raise SignInNeeded("There is no master user.")
    server, way_in = imap_server(domain), grants.master(domain, user.login)
    key = ("master", user.pk)

    def opener() -> Connection:
        return _opened(server, *way_in)

    try:
        with stalled.bounded(server.host), pool().lease(key, opener) as connection:
            connection.wishes = wishes(user)
            yield connection
    finally:
        pool().close(key)


def opens_boxes(user: User) -> bool:
    """Return whether the rules of another mailbox can be opened: the user's mail domain needs a
    ManageSieve server and a master user."""
    if not has_sieve(user):
        return False
    try:
        grants.master(user.mail_domain, "somebody")  # type: ignore[arg-type]  # it has Sieve
    except ServerUnavailable:
        return False
    return True


@contextmanager
def box(
    user: User, login: str, is_allowed: Callable[[Connection], bool]
) -> Iterator[manage_sieve.SieveConnection]:
    """Open the rules of another mailbox on the user's server, by the master user.

    ``is_allowed`` receives the opened mailbox, and returns whether it is the one that the caller
    means. Raises MailboxClosed if it is not, or if the server refuses the master user;
    ServerUnavailable, SieveUnavailable.
    """
    domain = user.mail_domain
    if domain is None or not opens_boxes(user):
        raise MailboxClosed("There is no master user.")
    try:
        way_in = grants.master(domain, login)
        with (
            stalled.bounded(domain.imap_host),
            closing(_opened(imap_server(domain), *way_in)) as mailbox,
        ):
            if not is_allowed(mailbox):
                raise MailboxClosed("The login opens another mailbox.")
    except (SignInNeeded, FolderNotFound, ServerRefused) as error:
        raise MailboxClosed(server_words=error.server_words) from error
    with manage_sieve.open(sieve_server(domain), *way_in) as connection:
        yield connection


def smtp_for(job: Borrower) -> submission.SmtpServer:
    """Return the submission server with the login of a job's user and the lent password. Raises
    SignInNeeded when the password is no longer valid."""
    password = lending.opened(job.credential)
    domain = job.user.mail_domain
    if domain is None or not job.user.is_active:
        raise SignInNeeded
    return smtp_server(domain, *grants.way_in(job.user, password))


def lease(request: HttpRequest) -> Lease:
    """Return a lease of the user's connection for a stream, which outlives the view. The caller
    must call ``release()``."""
    key, opener = _door(request)
    with wire_log.kept(request.user):  # type: ignore[arg-type]
        return pool().lease_open(key, opener)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class WatchedMailbox:
    """A mailbox that is watched for new mail. ``row`` is the primary key of the session's row,
    ``mark`` the mark of its sealed password, and ``mailbox`` the name of the mailbox in the limits.
    The password stays in the memory of this process, with the stream that it was opened for."""

    user_id: int
    row: int
    mark: str
    mailbox: str
    server: ImapServer
    login: str
    password: str = field(repr=False)
    address: str
    user: User = field(repr=False)

    @property
    def is_asked_for(self) -> bool:
        """Return whether `way_in` may query the database or a provider."""
        return grants.is_grant(self.password) or proxied.is_proxied(self.password)


def way_in(watch: WatchedMailbox) -> tuple[str, str]:
    """Return the login with the password or the access token that is valid now. Raises
    SignInNeeded, ServerUnavailable."""
    return grants.way_in(watch.user, watch.password)


def watched(request: HttpRequest) -> WatchedMailbox:
    """Return what a stream needs to watch the user's mailbox. Raises SignInNeeded, as `imap`
    does."""
    user, password = _password_of(request)
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  _password_of saw to it
    mine = WatchedMailbox(
        user_id=user.pk,
        row=sessions.row(request),
        mark=credentials.mark(request),
        mailbox=limits.mailbox(domain.pk, user.login),
        server=imap_server(domain),
        login=user.login,
        password=password,
        address=client_address(request),
        user=user,
    )
    if limits.was_refused(mine.mailbox, password) or not still_watched([mine]):
        raise SignInNeeded
    return mine


def still_watched(all_: Collection[WatchedMailbox]) -> frozenset[int]:
    """Return the rows of the sessions that are still open with the password that they were sealed
    with. A session that was ended or has idled too long is left out."""
    rows = {watch.row for watch in all_}
    changed = sessions.still_open(rows, clock.now())
    return frozenset(
        watch.row
        for watch in all_
        if watch.row in changed and not credentials.is_outdated(watch.mark, changed[watch.row])
    )


def note_refused(watch: WatchedMailbox) -> None:
    """Note that the mail server no longer accepts the password."""
    limits.note_refused(watch.mailbox, watch.password)


def smtp(request: HttpRequest) -> submission.SmtpServer:
    """Return the submission server with the user's login."""
    user, password = _password_of(request)
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  _password_of saw to it
    return smtp_server(domain, *grants.way_in(user, password))


def smtp_server(domain: MailDomain, login: str, password: str) -> submission.SmtpServer:
    """Return the domain's submission server for one login."""
    return submission.SmtpServer(
        host=domain.smtp_host,
        port=domain.smtp_port,
        security=domain.smtp_security,
        timeout=settings.SMTP_TIMEOUT,
        ca_file=settings.TLS_CA_FILE,
        login=login,
        password=password,
    )


def has_sieve(user: User) -> bool:
    """Return whether the user's mail domain has a ManageSieve server."""
    return bool(user.mail_domain and user.mail_domain.sieve_host)


@contextmanager
def sieve(request: HttpRequest) -> Iterator[manage_sieve.SieveConnection]:
    """Yield a connection to the user's rules. Raises SieveNotOffered, SieveUnavailable, and
    SignInNeeded as `imap` does."""
    user, password = _password_of(request)
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  _password_of saw to it
    if not domain.sieve_host:
        raise SieveNotOffered("The mail domain has no ManageSieve server.")
    login, password = grants.way_in(user, password)
    if limits.was_refused(limits.mailbox(domain.pk, user.login), password):
        raise SignInNeeded
    with (
        wire_log.kept(user),
        manage_sieve.open(sieve_server(domain), login, password) as connection,
    ):
        yield connection


def sieve_server(domain: MailDomain) -> manage_sieve.SieveServer:
    """Return the domain's ManageSieve server."""
    return manage_sieve.SieveServer(
        host=domain.sieve_host,
        port=domain.sieve_port,
        security=domain.sieve_security,
        timeout=settings.SIEVE_TIMEOUT,
        ca_file=settings.TLS_CA_FILE,
    )


def close(request: HttpRequest) -> None:
    """Close the user's IMAP connections of this session, at sign-out."""
    try:
        user, password = _password_of(request)
    except SignInNeeded:
        return
    pool().close((user.pk, credentials.digest(password), None))
    pool().close(_key(user, password))
