"""The account at the provider that opens a mailbox: the one of the first sign-in.

A provider's users may change their names and addresses, of which the login is made, but not their
subject (OpenID Connect Core 1.0, 2). Otherwise whoever takes a colleague's name there would open
the colleague's mailbox here.
"""

from __future__ import annotations

from django.db import IntegrityError
from django.db.models import Q, QuerySet

from accounts import mailboxes, sessions
from accounts.models import ProviderSubject, SignInProvider, User
from accounts.providers import grants
from accounts.providers.failures import ProviderError, ProviderFailure
from core import clock


def check(provider: SignInProvider, login: str, subject: str) -> None:
    """Check that the login is this subject's, or that both are new. Otherwise note the subject for
    the administrators' decision. Raises ProviderError: SUBJECT."""
    if not subject:
        raise ProviderError(ProviderFailure.ANSWER, "the subject is empty")
    rows = _rows(provider)
    known = rows.filter(Q(login=login) | Q(subject=subject)).exclude(subject="")
    by_login = {row.login: row for row in known}
    own, other = by_login.pop(login, None), next(iter(by_login.values()), None)
    if own is not None and own.subject == subject:
        return
    if own is None and (other is None or _is_renamed(other, login)):
        return
    _propose(provider, login, subject)
    raise ProviderError(ProviderFailure.SUBJECT, "the login and the subject do not belong together")


def pin(provider: SignInProvider, login: str, subject: str, user: User) -> None:
    """Note the subject of a login whose mailbox it has opened for the first time. Raises
    ProviderError: SUBJECT, when two came at the same moment."""
    try:
        row, _created = _rows(provider).get_or_create(
            mail_domain=provider.mail_domain,
            login=login,
            issuer=provider.issuer,
            defaults={"subject": subject, "user": user, "pinned": clock.now()},
        )
    except IntegrityError as error:
        raise ProviderError(ProviderFailure.SUBJECT, "it has just opened another login") from error
    if row.subject == subject and row.user_id == user.pk:
        return
    if row.subject not in ("", subject):  # another one was faster
        raise ProviderError(ProviderFailure.SUBJECT, "another subject has just opened the login")
    row.subject, row.user, row.pinned = subject, user, clock.now()
    row.save(update_fields=["subject", "user", "pinned"])


def accept(row: ProviderSubject) -> None:
    """Let the subject that was refused open the login, in place of the former one, whose sessions
    end."""
    provider = SignInProvider.objects.filter(mail_domain=row.mail_domain, issuer=row.issuer).first()
    same = ProviderSubject.objects.filter(mail_domain=row.mail_domain, issuer=row.issuer)
    if provider is not None:
        for subject in {row.subject, row.proposed} - {""}:
            for own in grants.revoke(provider, subject=subject, sid=""):
                sessions.end(own)
    same.filter(subject=row.proposed).exclude(pk=row.pk).delete()
    row.subject, row.pinned, row.proposed, row.proposed_at = row.proposed, clock.now(), "", None
    row.save(update_fields=["subject", "pinned", "proposed", "proposed_at"])


def _rows(provider: SignInProvider) -> QuerySet[ProviderSubject]:
    return ProviderSubject.objects.filter(
        mail_domain=provider.mail_domain_id, issuer=provider.issuer
    )


def _is_renamed(row: ProviderSubject, login: str) -> bool:
    """Return whether the staff records say that the login of the subject has become this one; the
    row then follows."""
    if row.user is None or not mailboxes.is_renamed(row.user, row.mail_domain, login):
        return False
    row.login = login
    row.save(update_fields=["login"])
    return True


def _propose(provider: SignInProvider, login: str, subject: str) -> None:
    """Note the subject at the login. It waits at one login alone, so that somebody who changes the
    name all day leaves one row."""
    waiting = _rows(provider).filter(proposed=subject).exclude(login=login)
    waiting.filter(subject="").delete()
    waiting.update(proposed="", proposed_at=None)
    _rows(provider).update_or_create(
        mail_domain=provider.mail_domain,
        login=login,
        issuer=provider.issuer,
        defaults={"proposed": subject, "proposed_at": clock.now()},
    )
