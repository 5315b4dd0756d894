"""The account lookup: NUMEN and date of birth lead to the mail settings.

What the user types is digested at once and never stored. After a success, the primary key of the
record is cached for ten minutes under the digest of a random token, which only a cookie of the
browser holds. So no URL reveals a lookup, and a stolen cache opens nothing.
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

from accounts import audit, limits, notices, numen, tasks, tending
from accounts.looks import themes
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.network import client_address
from core import clock
from mail.errors import TooManyTries

OPEN_SECONDS = 10 * 60


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """A server as a mail program needs it. ``protocol`` is ``imap``, ``pop`` or ``smtp``;
    ``security`` is ``tls``, ``starttls`` or ``none``."""

    protocol: str
    host: str
    port: int
    security: str

    @property
    def security_name(self) -> str:
        """Return the security in the words of mail programs."""
        names = {"tls": "SSL/TLS", "starttls": "STARTTLS"}
        return names.get(self.security) or gettext("no encryption")


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The settings that a user needs to set up a mail program, without password and NUMEN.

    ``login`` is the login on the mail servers; ``post`` is school and discipline in one line, or
    ""; ``password_changed`` is None if unknown.
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
    """Return the IMAP server, then SMTP and POP if the domain has them."""
    return tuple(_servers(domain))


def _servers(domain: MailDomain) -> Iterator[ServerSetting]:
    yield ServerSetting("imap", domain.imap_host, domain.imap_port, domain.imap_security)
    if domain.smtp_host:
        yield ServerSetting("smtp", domain.smtp_host, domain.smtp_port, domain.smtp_security)
    if domain.pop_host:
        yield ServerSetting("pop", domain.pop_host, domain.pop_port, domain.pop_security)


def settings_of(record: StaffRecord) -> MailSettings:
    """Return the mail settings of a staff record. This reads ``record.mail_domain``."""
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
    """Return the mail settings of a signed-in user with a mail domain, whether or not there is a
    staff record."""
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
    """Look up a staff record, count the attempt, write it to the audit log, and send a notice to
    the person found.

    An unknown NUMEN and a wrong date of birth take the same steps, and are counted and logged in
    the same way. Raises TooManyTries.
    """
    digests = [numen.digest_of_numen(key, typed_numen) for key in settings.NUMEN_KEYS]
    of_failures = limits.of_lookups(client_address(request))
    counted = (*limits.of_numen(digests), *of_failures)
    if seconds := limits.reserve(counted):
        _note_refusal(request, counted)
        raise TooManyTries(retry_after=seconds)
    record = find_staff_record(typed_numen, born)
    if record is None:
        audit.record(AuditEvent.Kind.LOOKUP_FAILED, request, target="")
        _note_attack(request)
        return None
    limits.take_back(of_failures)
    event = audit.record(AuditEvent.Kind.LOOKUP_FOUND, request, target=record.address)
    if settings.LOOKUP_NOTICES and notices.are_configured():
        tending.hand_over(tasks.tell_of_lookup, event.pk)
    return record


def _note_attack(request: HttpRequest) -> None:
    """Count the failure with those from everywhere, and tell administrators in the audit log when
    there are more than people cause. Nobody is refused for it."""
    everywhere = limits.of_all_lookups()
    if client_address(request):
        limits.count([everywhere])
    (state,) = limits.state([everywhere])
    if state.is_reached and limits.is_first(everywhere):
        audit.record(AuditEvent.Kind.LOOKUP_LIMITED, request, target="", limit=everywhere.kind)


def _note_refusal(request: HttpRequest, counted: tuple[limits.Limit, ...]) -> None:
    reached = [state.limit for state in limits.state(counted) if state.is_reached]
    for limit in reached[:1]:
        if limits.is_first(limit):
            audit.record(AuditEvent.Kind.LOOKUP_LIMITED, request, target="", limit=limit.kind)


def find_staff_record(typed_numen: str, born: date) -> StaffRecord | None:
    """Return the active staff record of a normalised NUMEN and a date of birth, by one query.

    A record that no import has renewed yet is found by an older key.
    """
    digests = numen.digests_of_person(settings.NUMEN_KEYS, typed_numen, born)
    records = StaffRecord.objects.active().select_related("mail_domain")
    return records.filter(lookup_digest__in=digests).first()


@dataclass(frozen=True, slots=True)
class Ticket:
    """The permission of a browser to see the settings of a staff record. ``record`` is the primary
    key, ``ends`` a Unix time in seconds."""

    record: int
    ends: int

    @property
    def seconds_left(self) -> int:
        return max(0, self.ends - clock.timestamp())


def cookie_name() -> str:
    """Return the name of the cookie, with ``__Secure-`` (only https may set it) when the site is
    served by https. ``__Host-`` would require the path /, and send the cookie to every page."""
    return "__Secure-lookup" if settings.HTTPS else "lookup"


def _key(token: str) -> str:
    return f"lookup:{hashlib.sha256(token.encode()).hexdigest()}"


def hand_out_ticket(response: HttpResponse, record: StaffRecord) -> None:
    """Allow this browser alone to see the settings of ``record`` for ten minutes."""
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
    """Return the browser's ticket; None without one, or when it has expired."""
    token = request.COOKIES.get(cookie_name())
    entry = cache.get(_key(token)) if token else None
    if not entry or entry["ends"] <= clock.timestamp():
        return None
    return Ticket(entry["record"], entry["ends"])


def opened(request: HttpRequest) -> MailSettings | None:
    """Return the settings that the browser's ticket opens; None without a ticket."""
    valid_ticket = ticket(request)
    return open_with(valid_ticket) if valid_ticket else None


def open_with(valid_ticket: Ticket) -> MailSettings | None:
    """Return the settings of the ticket's staff record; None when it is no longer active."""
    records = StaffRecord.objects.active().select_related("mail_domain")
    record = records.filter(pk=valid_ticket.record).first()
    return settings_of(record) if record else None


def forget(request: HttpRequest, response: HttpResponse) -> None:
    """Invalidate the ticket on the server, and delete its cookie."""
    if token := request.COOKIES.get(cookie_name()):
        cache.delete(_key(token))
    response.delete_cookie(cookie_name(), path=reverse("accounts:lookup"), samesite="Strict")
