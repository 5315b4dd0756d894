"""NUMEN and date of birth -> mail settings.

What is typed is digested at once and never kept. After a success the record's primary key waits for
ten minutes in the cache, under the digest of a random token that the browser alone holds in a
cookie: no address says who looked what up, and a stolen cache opens nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from django.conf import settings

from accounts import numen
from accounts.models import MailDomain, StaffRecord


@dataclass(frozen=True, slots=True)
class ServerSetting:
    """One server as a mail program wants it. ``protocol``: ``imap``, ``pop`` or ``smtp``;
    ``security``: ``tls``, ``starttls`` or ``none``."""

    protocol: str
    host: str
    port: int
    security: str


@dataclass(frozen=True, slots=True)
class MailSettings:
    """What a person needs to set up a mail program; never a password, never a NUMEN.

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
        authority=settings.AUTHORITY_NAME,
        password_changed=record.password_changed,
        post=", ".join(filter(None, (record.school_name, record.discipline))),
    )


def find(typed_numen: str, born: date) -> StaffRecord | None:
    """The active person of a normalised NUMEN and a date of birth, by any of the keys; one query.

    A record that no import has renewed yet answers by an older key.
    """
    digests = numen.digests_of_person(settings.NUMEN_KEYS, typed_numen, born)
    records = StaffRecord.objects.active().select_related("mail_domain")
    return records.filter(lookup_digest__in=digests).first()
