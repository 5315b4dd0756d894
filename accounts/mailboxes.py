"""The owner of the mailbox that a sign-in has opened, found by what the mail server says instead of
by the spelling of the login.

A mail server may open one mailbox for several logins (Dovecot's ``auth_username_format``, aliases,
master users). All of these logins are one user with one second factor. The user is found by the
number that the server gives the INBOX (`Connection.mailbox_id`).
"""

from __future__ import annotations

from collections.abc import Iterable

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts import second_factor
from accounts.models import MailDomain, StaffRecord, User


def owner(domain: MailDomain, named: User | None, mailbox_id: str) -> User | None:
    """Choose the user who signs in, when several rows have the same mailbox.

    A blocked user comes first, then one with a second factor, then ``named``, the user of the
    login, so that no other login avoids a block or a second factor. Return None when the mailbox
    has no user yet.
    """
    rows = list(of_mailbox(domain, mailbox_id)) if mailbox_id else []
    if named is not None and named not in rows:
        rows.append(named)
    if len(rows) < 2:
        return next(iter(rows), None)
    secured = set(secured_users().filter(pk__in=[row.pk for row in rows]).values_list("pk"))

    def order(row: User) -> tuple[bool, bool, bool, int]:
        return row.is_active, (row.pk,) not in secured, row != named, row.pk

    return min(rows, key=order)


def of_mailbox(domain: MailDomain, mailbox_id: str) -> QuerySet[User]:
    """Return the users of a mailbox in all mail domains of the same server, since the server may
    ignore the domain of a login."""
    people = User.objects.select_related("mail_domain")
    return people.filter(mailbox_id=mailbox_id, mail_domain__imap_host=domain.imap_host)


def login_of(address: str, imap_host: str) -> str:
    """Return the login of the mailbox with this address on an IMAP server, from a staff record, a
    user, or the rule of the address's mail domain. Return "" for an address of no mail domain on
    that server, and where no rule derives logins from addresses."""
    domains = {domain.name: domain for domain in MailDomain.objects.filter(imap_host=imap_host)}
    wanted = address.strip().lower()
    record = StaffRecord.objects.filter(address__iexact=wanted, mail_domain__in=domains.values())
    if login := record.values_list("login", flat=True).first():
        return login
    users = User.objects.filter(address__iexact=wanted, mail_domain__in=domains.values())
    if login := users.values_list("login", flat=True).first():
        return login
    domain = domains.get(wanted.rpartition("@")[2])
    if domain is None or domain.login_form == MailDomain.LoginForm.TYPED:
        return ""
    return domain.server_login(wanted)


def people(logins: Iterable[str], imap_host: str) -> dict[str, tuple[str, str]]:
    """Return the name and address of each login on an IMAP server, as far as users and staff
    records have them. A login that exists in two mail domains is left out. This costs two queries.
    """
    of_server = {"login__in": set(logins), "mail_domain__imap_host": imap_host}
    users = User.objects.filter(**of_server).values_list("login", "name", "address", "mail_domain")
    records = StaffRecord.objects.filter(**of_server)
    person_of: dict[str, tuple[str, str]] = {}
    domains: dict[str, set[int]] = {}
    for login, name, address, domain in [
        *((record.login, record.name, record.address, record.mail_domain_id) for record in records),
        *users,
    ]:
        domains.setdefault(login, set()).add(domain)
        before = person_of.get(login, ("", ""))
        person_of[login] = (before[0] or name, before[1] or address)
    return {login: person for login, person in person_of.items() if len(domains[login]) == 1}


def secured_users() -> QuerySet[User]:
    """Return the users who have a second factor."""
    return User.objects.filter(Exists(Authenticator.objects.filter(user=OuterRef("pk"))))


def is_strange(domain: MailDomain, login: str) -> bool:
    """Return whether a new login may belong to an existing user with a second factor, on a server
    that does not tell which logins open one mailbox. A login in the staff records is never strange.
    """
    if settings.ONE_LOGIN_PER_MAILBOX:
        return False
    if StaffRecord.objects.filter(mail_domain=domain, login=login).exists():
        return False
    if second_factor.is_required_in(domain):
        return True
    return secured_users().filter(mail_domain__imap_host=domain.imap_host).exists()


def is_renamed(user: User, domain: MailDomain, login: str) -> bool:
    """Return whether the staff records name ``login`` and no longer the user's login, because the
    mailbox has been renamed."""
    return (
        StaffRecord.objects.filter(mail_domain=domain, login=login).exists()
        and StaffRecord.objects.of(user) is None
        and not User.objects.filter(mail_domain=domain, login=login).exists()
    )
