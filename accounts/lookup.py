"""NUMEN and date of birth -> mail settings.

What is typed is digested at once and never kept. After a success the record's primary key waits for
ten minutes in the cache, under the digest of a random token that the browser alone holds in a
cookie: no address says who looked what up, and a stolen cache opens nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from accounts import audit, limits, notices, numen, tasks, themes
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.network import client_address
from webmail import clock
from webmail.errors import TooManyTries

OPEN_SECONDS = 10 * 60


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """One server as a mail program wants it. ``protocol``: ``imap``, ``pop`` or ``smtp``;
    ``security``: ``tls``, ``starttls`` or ``none``."""

    protocol: str
    host: str
    port: int
    security: str

    @property
    def security_name(self) -> str:
        """The security as mail programs call it."""
        names = {"tls": "SSL/TLS", "starttls": "STARTTLS"}
        return names.get(self.security) or gettext("no encryption")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The settings that a person needs to set up a mail program; never a password, never a NUMEN.

    ``login`` is what the mail servers take; ``post`` is school and discipline in one line, or "";
    ``password_changed`` None where nobody knows.
    """

    name: str
    address: str
    login: str
    servers: tuple[ServerSetting, ...]
    webmail_url: str
    domain: str
    authority: str
    password_changed: date | None = None
    post: str = ""


def servers_of(domain: MailDomain) -> tuple[ServerSetting, ...]:
    """IMAP, then SMTP and POP where the domain has them."""
    return tuple(_servers(domain))


def _servers(domain: MailDomain) -> Iterator[ServerSetting]:
    yield ServerSetting("imap", domain.imap_host, domain.imap_port, domain.imap_security)
    if domain.smtp_host:
        yield ServerSetting("smtp", domain.smtp_host, domain.smtp_port, domain.smtp_security)
    if domain.pop_host:
        yield ServerSetting("pop", domain.pop_host, domain.pop_port, domain.pop_security)


def settings_of(record: StaffRecord) -> MailSettings:
    """The mail settings of a person; reads ``record.mail_domain``."""
    return MailSettings(
        name=record.name,
        address=record.address,
        login=record.login,
        servers=servers_of(record.mail_domain),
        webmail_url=settings.BASE_URL,
        domain=record.mail_domain.name,
        authority=themes.of_domain(record.mail_domain_id).authority,
        password_changed=record.password_changed,
        post=", ".join(filter(None, (record.school_name, record.discipline))),
    )


def settings_of_user(user: User) -> MailSettings:
    """The mail settings of a signed-in user, named by a staff file or not. He has a mail domain."""
    if record := StaffRecord.objects.select_related("mail_domain").of(user):
        return settings_of(record)
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  only local administrators have none
    return MailSettings(
        name=user.name,
        address=user.address,
        login=user.login,
        servers=servers_of(domain),
        webmail_url=settings.BASE_URL,
        domain=domain.name,
        authority=themes.of_domain(domain.pk).authority,
    )


def look_up(request: HttpRequest, typed_numen: str, born: date) -> StaffRecord | None:
    """`find`, within the limits and written to the audit log; who is found is told by a notice.

    Nothing differs between a NUMEN that nobody has and a date of birth that is not its person's:
    neither the steps taken nor what is counted and written. Raises TooManyTries.
    """
    digests = [numen.digest_of_numen(key, typed_numen) for key in settings.NUMEN_KEYS]
    of_failures = limits.of_lookups(client_address(request))
    counted = (*limits.of_numen(digests), *of_failures)
    if seconds := limits.reserve(counted):
        _note_refusal(request, counted)
        raise TooManyTries(retry_after=seconds)
    record = find(typed_numen, born)
    if record is None:
        audit.record(AuditEvent.Kind.LOOKUP_FAILED, request, target="")
        return None
    limits.take_back(of_failures)
    event = audit.record(AuditEvent.Kind.LOOKUP_FOUND, request, target=record.address)
    if settings.LOOKUP_NOTICES and notices.are_configured():
        tasks.tell_of_lookup.delay(event.pk)
    return record


def _note_refusal(request: HttpRequest, counted: tuple[limits.Limit, ...]) -> None:
    reached = [state.limit for state in limits.state(counted) if state.is_reached]
    for limit in reached[:1]:
        if limits.is_first(limit):
            audit.record(AuditEvent.Kind.LOOKUP_LIMITED, request, target="", limit=limit.kind)


def find(typed_numen: str, born: date) -> StaffRecord | None:
    """The active person of a normalised NUMEN and a date of birth, by any of the keys; one query.

    A record that no import has renewed yet answers by an older key.
    """
    digests = numen.digests_of_person(settings.NUMEN_KEYS, typed_numen, born)
    records = StaffRecord.objects.active().select_related("mail_domain")
    return records.filter(lookup_digest__in=digests).first()


@dataclass(frozen=True, slots=True)
class Ticket:
    """The permission of a browser to see somebody's settings: the record's primary key; ``ends`` in
    seconds of Unix."""

    record: int
    ends: int

    @property
    def seconds_left(self) -> int:
        return max(0, self.ends - clock.timestamp())


def cookie_name() -> str:
    """``__Secure-`` (none but https may set it) wherever the site is served by https. ``__Host-``
    would send it to every page."""
    return "__Secure-lookup" if settings.HTTPS else "lookup"


def _key(token: str) -> str:
    return f"lookup:{hashlib.sha256(token.encode()).hexdigest()}"


def hand_out_ticket(response: HttpResponse, record: StaffRecord) -> None:
    """This browser alone may see the settings of ``record``, for ten minutes from now."""
    token, ends = secrets.token_urlsafe(32), clock.timestamp() + OPEN_SECONDS
    cache.set(_key(token), {"record": record.pk, "ends": ends}, OPEN_SECONDS)
    response.set_cookie(
        cookie_name(),
        token,
        max_age=OPEN_SECONDS,
        path=reverse("accounts:lookup"),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Strict",
    )


def ticket(request: HttpRequest) -> Ticket | None:
    """The browser's ticket; None without one, or when its ten minutes are over."""
    token = request.COOKIES.get(cookie_name())
    entry = cache.get(_key(token)) if token else None
    if not entry or entry["ends"] <= clock.timestamp():
        return None
    return Ticket(entry["record"], entry["ends"])


def opened(request: HttpRequest) -> MailSettings | None:
    """Return the settings that the browser's ticket opens; None without one."""
    held = ticket(request)
    return open_with(held) if held else None


def open_with(held: Ticket) -> MailSettings | None:
    """The settings of the person that the ticket names; None when the person left."""
    records = StaffRecord.objects.active().select_related("mail_domain")
    record = records.filter(pk=held.record).first()
    return settings_of(record) if record else None


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """The ticket is worth nothing from now on, whoever holds its cookie."""
    if token := request.COOKIES.get(cookie_name()):
        cache.delete(_key(token))
    response.delete_cookie(cookie_name(), path=reverse("accounts:lookup"), samesite="Strict")
