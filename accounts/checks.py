"""The checks of the sign-in for ``manage.py check --deploy``."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning
from django.db import DatabaseError
from django.utils.translation import gettext, ngettext

from accounts import mailboxes
from accounts.models import MailDomain, User
from accounts.providers import proof, proxied


def second_factors(**_kwargs: Any) -> list[CheckMessage]:
    """Warn where the mail server does not tell which logins open the same mailbox. Only then can
    such logins be treated as one user with one second factor."""
    try:
        return [message for domain in MailDomain.objects.all() for message in _of_domain(domain)]
    except DatabaseError:  # before the first migration
        return []


def proxy_header(**_kwargs: Any) -> list[CheckMessage]:
    """Refuse a proxy that lets browsers name the user of a sign-in. Stay silent where this
    installation does not answer, since it may not run yet."""
    if not proxied.is_on() or proof.ask() is not proof.Passage.LET_THROUGH:
        return []
    return [
        Error(
            gettext(
                "%(url)s lets browsers send the header %(header)s of WEBMAIL_REMOTE_USER_HEADER:"
                " anybody could open any mailbox."
            )
            % {"url": settings.BASE_URL, "header": settings.REMOTE_USER_HEADER},
            hint=gettext(
                "Let the proxy drop it at every address (docs/sign-in.md, “CAS and SAML”)."
            ),
            id="accounts.E001",
        )
    ]


def _of_domain(domain: MailDomain) -> list[CheckMessage]:
    people = User.objects.filter(mail_domain=domain)
    secured = mailboxes.secured_users().filter(mail_domain=domain)
    last = people.exclude(last_login=None).order_by("-last_login").first()
    if last is None or settings.ONE_LOGIN_PER_MAILBOX or not secured.exists():
        return []
    if not last.mailbox_id:
        return [_untold(domain)]
    unknown = secured.filter(mailbox_id="").count()
    return [_not_yet(domain, unknown)] if unknown else []


def _untold(domain: MailDomain) -> CheckMessage:
    return Warning(
        gettext(
            "The mail server of %(domain)s does not tell which logins open one mailbox, and people"
            " there have a second factor: logins that are new and in no staff record are refused,"
            " and two users from before may be one mailbox."
        )
        % {"domain": domain},
        hint=gettext(
            "Dovecot, and servers with OBJECTID (RFC 8474), tell it; right after an upgrade wait"
            " for the next sign-in. Where the server takes one login alone for each mailbox,"
            " without aliases and master users, set WEBMAIL_ONE_LOGIN_PER_MAILBOX=1"
            " (docs/security.md)."
        ),
        id="accounts.W001",
    )


def _not_yet(domain: MailDomain, count: int) -> CheckMessage:
    return Warning(
        ngettext(
            "%(count)s user of %(domain)s has a second factor and has not signed in since the"
            " webmail asks the mail server for the number of the mailbox: until then, another login"
            " that the server takes for it is not recognised.",
            "%(count)s users of %(domain)s have a second factor and have not signed in since the"
            " webmail asks the mail server for the number of their mailbox: until they do, another"
            " login of theirs that the server takes is not recognised.",
            count,
        )
        % {"count": count, "domain": domain},
        hint=ngettext(
            "Ask for one sign-in (docs/security.md).",
            "Ask each of them to sign in once (docs/security.md).",
            count,
        ),
        id="accounts.W002",
    )
