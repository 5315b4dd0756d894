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
from accounts.providers import grants
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


@dataclass(frozen=True, slots=True)
class MailboxAccess:
    """What opens a user's mailbox on the servers of the mail domain: for a request the sealed
    credential, for a job the lent one. ``address`` is that of the browser, which the mail server
    is told."""

    user: User
    domain: MailDomain
    credential: str = field(repr=False)
    address: str = ""

    @property
    def mailbox(self) -> str:
        """The name of the mailbox in the limits."""
        return limits.mailbox(self.domain.pk, self.user.login)

    def way_in(self) -> tuple[str, str]:
        """Return the login with the password or the access token that is valid now. May query the
        database and a provider. Raises SignInNeeded, also where the mail server has just refused
        this secret, and ServerUnavailable."""
        login, secret = grants.way_in(self.user, self.credential)
        if limits.was_refused(self.mailbox, secret):
            raise SignInNeeded
        return login, secret

    def note_refused(self, secret: str) -> None:
        """Note that the mail server no longer accepts the secret that it was sent."""
        limits.note_refused(self.mailbox, secret)

    def imap(self) -> Connection:
        """Open a connection and sign in. Raises as `way_in`, and ServerBusy."""
        login, secret = self.way_in()
        try:
            return _opened(imap_server(self.domain), login, secret, self.address)
        except SignInNeeded:
            self.note_refused(secret)
            raise

    def smtp(self) -> submission.SmtpServer:
        """Return the submission server with the user's login. Raises as `way_in`."""
        return smtp_server(self.domain, *self.way_in())

    @contextmanager
    def sieve(self) -> Iterator[manage_sieve.SieveConnection]:
        """Yield a connection to the user's rules. Raises as `way_in`, and SieveNotOffered,
        SieveUnavailable."""
        if not self.domain.sieve_host:
            raise SieveNotOffered("The mail domain has no ManageSieve server.")
        with (
            wire_log.kept(self.user),
            manage_sieve.open(sieve_server(self.domain), *self.way_in()) as connection,
        ):
            yield connection


def _access(request: HttpRequest) -> MailboxAccess:
    """Return the access of the signed-in user. Raises SignInNeeded."""
    user = request.user
    credential = credentials.open_sealed(request)
    if credential is None or not isinstance(user, User) or user.mail_domain is None:
        raise SignInNeeded
    if second_factor.missing_step(request, user):
        raise SignInNeeded
    return MailboxAccess(user, user.mail_domain, credential, client_address(request))


def _lent_access(job: Borrower) -> MailboxAccess:
    """Return the access that a job's user has lent. Raises SignInNeeded."""
    credential = lending.opened(job.credential)
    if job.user.mail_domain is None or not job.user.is_active:
        raise SignInNeeded
    return MailboxAccess(job.user, job.user.mail_domain, credential)


@contextmanager
def imap(request: HttpRequest) -> Iterator[Connection]:
    """Yield the user's connection, and return it to the pool at the end. Raises SignInNeeded,
    ServerUnavailable."""
    access = _access(request)
    with (
        wire_log.kept(access.user),
        stalled.bounded(access.domain.imap_host),
        pool().lease(_key(access.user, access.credential), access.imap) as connection,
    ):
        connection.wishes = wishes(access.user)
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
    access = _lent_access(job)
    key = ("job", job.user.pk, credentials.digest(access.credential))
    try:
        with wire_log.kept(job.user), pool().lease(key, access.imap) as connection:
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
    return _lent_access(job).smtp()


def lease(request: HttpRequest) -> Lease:
    """Return a lease of the user's connection for a stream, which outlives the view. The caller
    must call ``release()``."""
    access = _access(request)
    with wire_log.kept(access.user):
        return pool().lease_open(_key(access.user, access.credential), access.imap)


@dataclass(frozen=True, slots=True)
class WatchedMailbox:
    """A mailbox that is watched for new mail. ``row`` is the primary key of the session's row, and
    ``mark`` the mark of its sealed password. The access stays in the memory of this process, with
    the stream that it was opened for."""

    row: int
    mark: str
    access: MailboxAccess


def watched(request: HttpRequest) -> WatchedMailbox:
    """Return what a stream needs to watch the user's mailbox. Raises SignInNeeded."""
    mine = WatchedMailbox(sessions.row(request), credentials.mark(request), _access(request))
    if not still_watched([mine]):
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


def smtp(request: HttpRequest) -> submission.SmtpServer:
    """Return the submission server with the user's login. Raises SignInNeeded,
    ServerUnavailable."""
    return _access(request).smtp()


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
    with _access(request).sieve() as connection:
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
        access = _access(request)
    except SignInNeeded:
        return
    pool().close((access.user.pk, credentials.digest(access.credential), None))
    pool().close(_key(access.user, access.credential))
