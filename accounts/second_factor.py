"""The second factor: whether a session has given one, and whether it must before the mailbox
opens."""

from __future__ import annotations

from typing import Final

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest

from accounts.models import MailDomain, User

EVERYBODY: Final = "everybody"


def passed(request: HttpRequest) -> bool:
    """Return whether this session has given a second factor. A session that began before the factor
    was set up has not."""
    return bool(used(request)) and is_mfa_enabled(request.user)


def used(request: HttpRequest) -> str:
    """Return the kind of factor that was given last: ``totp``, ``webauthn`` or ``recovery_codes``;
    "" if none was."""
    user = request.user
    if not isinstance(user, User):
        return ""
    records = get_authentication_records(request, user)
    return next(
        (str(record.get("type", "")) for record in records[::-1] if record.get("method") == "mfa"),
        "",
    )


def note_set_up(request: HttpRequest, user: User, kind: str) -> None:
    """Note a new factor as given, since setting it up proves it: this session is not asked for it
    at once."""
    record_authentication(request, user, "mfa", type=kind, reauthenticated=True)


def is_required(user: User) -> bool:
    """Return whether a user needs a second factor, because of a role or the mail domain."""
    roles = settings.SECOND_FACTOR_ROLES
    if not roles:
        return False
    return is_required_in(user.mail_domain) or not user.roles.isdisjoint(roles)


def is_required_in(domain: MailDomain | None) -> bool:
    """Return whether every user of this mail domain needs a second factor. ``None`` stands for the
    local administrators."""
    return not settings.SECOND_FACTOR_ROLES.isdisjoint({EVERYBODY, domain.name if domain else ""})


def missing_step(request: HttpRequest, user: User) -> str:
    """Return the URL name of the step that the session lacks before the mail opens; "" for none."""
    if not is_required(user) or passed(request):
        return ""
    return "mfa_reauthenticate" if is_mfa_enabled(user) else "accounts:security"
