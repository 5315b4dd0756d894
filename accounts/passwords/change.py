"""One change of a password, from the check of the old one to the check of the new one.

A driver may report success while a replica lags behind, or fail half-way. So whatever the driver
reports, the mail server is asked which password opens the mailbox, and the user is told the answer.
"""

from __future__ import annotations

import logging
import time
from enum import StrEnum
from typing import Final

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import audit, credentials, lending, limits, notices, session, sessions, tasks, tending
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.network import client_address
from accounts.passwords import drivers
from accounts.passwords.owner import PasswordOwner
from core import clock
from mail.errors import ServerRefused, SignInNeeded, WebmailError

logger = logging.getLogger(__name__)

# Dovecot checks its file once a second; a replica of a directory may take a few seconds.
ARRIVES_SECONDS: Final = 6.0


class PasswordOutcome(StrEnum):
    """The result of a change.

    - ``CHANGED``: the new password opens the mailbox.
    - ``UNPROVED``: the driver has set it, but the mail server cannot be asked.
    - ``REFUSED``: the driver's server refuses the new password; the old one is still valid.
    - ``MISMATCH``: the driver's server refuses the old password, which still opens the mailbox.
    - ``KEPT``: the change failed in another way; the old password is still valid.
    - ``UNKNOWN``: the change failed, and which password is valid is unknown.
    """

    CHANGED = "changed"
    UNPROVED = "unproved"
    REFUSED = "refused"
    MISMATCH = "mismatch"
    KEPT = "kept"
    UNKNOWN = "unknown"


DONE: Final = frozenset({PasswordOutcome.CHANGED, PasswordOutcome.UNPROVED})


class PasswordCheck(StrEnum):
    """The answer to whether a password opens the mailbox."""

    YES = "yes"
    NO = "no"
    UNTOLD = "untold"  # the mail server does not answer


def owner_of(user: User, domain: MailDomain) -> PasswordOwner:
    return PasswordOwner(login=user.login, address=user.address.lower(), domain=domain.name)


def change(request: HttpRequest, user: User, old: str, new: str) -> PasswordOutcome:
    """Change the password of the signed-in user. The caller has checked ``old``.

    Afterwards this session and the user's jobs continue with the valid password, the other sessions
    must ask for it, and the audit log has a line without it. Raises ImproperlyConfigured.
    """
    domain = user.mail_domain
    assert domain is not None  # noqa: S101  login_required saw to it
    driver = drivers.driver_of(domain)
    assert driver is not None  # noqa: S101  the page offers no form without one
    outcome = _attempt(request, user, domain, driver, old, new)
    if outcome in DONE:
        _follow(request, user, domain, new)
        event = audit.record(AuditEvent.Kind.PASSWORD_CHANGED, request, outcome=outcome.value)
        if notices.are_configured():
            tending.hand_over(tasks.tell_of_password, event.pk)
    else:
        audit.record(AuditEvent.Kind.PASSWORD_REFUSED, request, code=outcome.value)
    return outcome


def _attempt(
    request: HttpRequest,
    user: User,
    domain: MailDomain,
    driver: drivers.Driver,
    old: str,
    new: str,
) -> PasswordOutcome:
    owner, address = owner_of(user, domain), client_address(request)
    failure = _change(driver, owner, old, new)
    if failure is None:
        return _prove(user, domain, driver, old, new, address)
    if opens(domain, user, new, address) is PasswordCheck.YES:
        return PasswordOutcome.CHANGED
    match opens(domain, user, old, address):
        case PasswordCheck.YES if isinstance(failure, ServerRefused):
            return PasswordOutcome.REFUSED
        case PasswordCheck.YES if isinstance(failure, SignInNeeded):
            return PasswordOutcome.MISMATCH
        case PasswordCheck.YES:
            return PasswordOutcome.KEPT
        case _:
            return PasswordOutcome.UNKNOWN


def _change(
    driver: drivers.Driver, owner: PasswordOwner, old: str, new: str
) -> WebmailError | None:
    """Change the password by the driver. Return the error that it raised, after logging it, or None
    on success."""
    try:
        driver.change(owner, old, new)
    except WebmailError as error:
        logger.warning(
            "password of %s not changed: %s: %s (%s)",
            owner.login,
            type(error).__name__,
            error,
            error.server_words,
        )
        return error
    return None


def _prove(
    user: User, domain: MailDomain, driver: drivers.Driver, old: str, new: str, address: str
) -> PasswordOutcome:
    """Wait until the new password opens the mailbox. If the mail server answers but never accepts
    it, the driver writes to the wrong place, so the old password is set again."""
    answer = _wait_for(domain, user, new, address)
    if answer is PasswordCheck.YES:
        return PasswordOutcome.CHANGED
    if answer is PasswordCheck.UNTOLD:
        return PasswordOutcome.UNPROVED
    logger.error("a new password of %s does not open the mailbox: taken back", user.login)
    _change(driver, owner_of(user, domain), new, old)
    return (
        PasswordOutcome.KEPT
        if _wait_for(domain, user, old, address) is PasswordCheck.YES
        else PasswordOutcome.UNKNOWN
    )


def _wait_for(domain: MailDomain, user: User, password: str, address: str) -> PasswordCheck:
    deadline = time.monotonic() + ARRIVES_SECONDS
    while True:
        answer = opens(domain, user, password, address)
        if answer is not PasswordCheck.NO or time.monotonic() >= deadline:
            return answer
        time.sleep(0.3)


def opens(domain: MailDomain, user: User, password: str, address: str) -> PasswordCheck:
    """Ask the mail server itself, ignoring what was noted about the password before."""
    try:
        session.check_login(domain, user.login, password, address)
    except SignInNeeded:
        return PasswordCheck.NO
    except WebmailError:
        return PasswordCheck.UNTOLD
    return PasswordCheck.YES


def _follow(request: HttpRequest, user: User, domain: MailDomain, new: str) -> None:
    """Let this session and the loans to jobs continue with the new password, and end everything
    else that relies on the old one."""
    session.close(request)
    before, user.mail_password_changed = user.mail_password_changed, clock.now()
    user.password_reminder_hidden = None
    with transaction.atomic():
        user.save(update_fields=["mail_password_changed", "password_reminder_hidden"])
        lending.renew(user, before, new)
    credentials.seal(request, user.pk, new, changed=user.mail_password_changed)
    sessions.renew(request)
    # An earlier attempt may have been refused, but the mail server accepts the password now.
    limits.forget_refused(limits.mailbox(domain.pk, user.login), new)
    StaffRecord.objects.filter(mail_domain=domain, login=user.login).update(
        password_changed=timezone.localdate()
    )
