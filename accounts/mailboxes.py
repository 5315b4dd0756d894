"""The owner of the mailbox that a sign-in has opened: as the mail server says, not as the login was
spelled.

A mail server may open one mailbox for several logins (Dovecot's ``auth_username_format``, aliases,
master users). All of them are one user, with one second factor. The user is found by the number
that the server gives the INBOX (`Connection.mailbox_id`).
"""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from accounts import second_factor
from accounts.models import MailDomain, StaffRecord, User


def owner(domain: MailDomain, named: User | None, mailbox_id: str) -> User | None:
    """Return who signs in, of the user whom the login names and those whose mailbox has this
    number.

    Who was shut out, then who has a second factor, then who was named: another login of theirs
    never leads around it. None when the mailbox is nobody's yet.
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
    """In all the mail domains of the same server: it may not look at the domain of a login."""
    people = User.objects.select_related("mail_domain")
    return people.filter(mailbox_id=mailbox_id, mail_domain__imap_host=domain.imap_host)


def secured_users() -> QuerySet[User]:
    """Return the users who have a second factor."""
    return User.objects.filter(Exists(Authenticator.objects.filter(user=OuterRef("pk"))))


def is_strange(domain: MailDomain, login: str) -> bool:
    """Whether a login that is new here may be another one of a person with a second factor, where
    the server does not tell mailboxes apart. A staff record vouches for its login."""
    if settings.ONE_LOGIN_PER_MAILBOX:
        return False
    if StaffRecord.objects.filter(mail_domain=domain, login=login).exists():
        return False
    if second_factor.is_required_in(domain):
        return True
    return secured_users().filter(mail_domain__imap_host=domain.imap_host).exists()


def is_renamed(user: User, domain: MailDomain, login: str) -> bool:
    """Whether the staff records name ``login`` and no longer the user's: the mailbox was given
    another login."""
    return (
        StaffRecord.objects.filter(mail_domain=domain, login=login).exists()
        and StaffRecord.objects.of(user) is None
        and not User.objects.filter(mail_domain=domain, login=login).exists()
    )
