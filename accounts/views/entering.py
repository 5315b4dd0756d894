"""The last steps of a sign-in without a password: open the mailbox, and begin the session."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import audit, backends, credentials, sessions
from accounts.blocks import AccountBlocked
from accounts.middleware import LAST_ACTIVE
from accounts.models import AuditEvent, MailDomain, User
from accounts.network import client_address
from accounts.providers import grants
from accounts.providers.failures import ProviderError, ProviderFailure
from core import clock
from mail.errors import SignInNeeded, WebmailError
from mail.imap.connection import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SignInBoxes:
    """The checkboxes of the sign-in page, ticked there or earlier in this session."""

    shared: bool = False
    stay: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> SignInBoxes:
        fields = request.POST or request.GET
        session = request.session
        return cls(
            bool(fields.get("shared_computer") or session.get("shared_computer")),
            bool(fields.get("stay_signed_in") or session.get(sessions.STAYS)),
        )


def open_mailbox(
    request: HttpRequest, domain: MailDomain, login: str, way_in: tuple[str, str]
) -> tuple[User, Connection]:
    """Return the user and the open connection. Raises ProviderError, also when the session belongs
    to another user."""
    try:
        user, connection = backends.enter_by_provider(
            domain, login, way_in, client_address(request)
        )
    except SignInNeeded as error:
        raise ProviderError(ProviderFailure.MAILBOX, "the mail server does not let in") from error
    except WebmailError as error:
        raise ProviderError(ProviderFailure.MAIL_SERVER, f"the mail server: {error}") from error
    except AccountBlocked as error:
        raise ProviderError(
            ProviderFailure.BLOCKED, "the account is blocked", words=error.messages[0]
        ) from error
    except ValidationError as error:
        if error.code == "not_staff":
            raise ProviderError(ProviderFailure.NOT_STAFF, "no staff record") from error
        raise ProviderError(
            ProviderFailure.OTHER, "the mailbox is known by another login"
        ) from error
    if isinstance(request.user, User) and request.user.pk != user.pk:
        connection.close()
        raise ProviderError(ProviderFailure.PERSON, "another person signed in")
    return user, connection


def begin(
    request: HttpRequest,
    user: User,
    credential: str,
    boxes: SignInBoxes,
    *,
    by: int | str,
    next_url: str,
    reauthenticated: bool = False,
) -> HttpResponse:
    """Seal the credential and begin the session, after a second factor if one is required. ``by``
    is the primary key of the provider, or the proxy's value; ``reauthenticated`` says that the
    provider has just asked for the password."""
    user.backend = "accounts.backends.MailServerBackend"
    credentials.seal(request, user.pk, credential, changed=user.mail_password_changed)
    request.session[grants.PROVIDER_KEY] = by
    request.session["shared_computer"] = boxes.shared
    request.session[sessions.STAYS] = boxes.stay
    request.session[LAST_ACTIVE] = clock.timestamp()
    proof: dict[str, Any] = {"reauthenticated": True} if reauthenticated else {}
    record_authentication(request, user, "provider", provider=by, **proof)
    response: HttpResponse = perform_login(request, Login(user=user, redirect_url=next_url or None))
    sessions.keep_signed_in(request)
    return response


def failed(
    request: HttpRequest,
    error: ProviderError,
    *,
    by: int | str,
    retry_url: str,
    help_text: str = "",
) -> HttpResponse:
    """Render a page with the reason and the advice, and log the failure without naming anybody."""
    failure = error.failure
    logger.warning("sign-in by provider %s failed: %s", by, error)
    if failure not in (
        ProviderFailure.STATE,
        ProviderFailure.CANCELLED,
    ):  # any stranger can cause these
        audit.record(
            AuditEvent.Kind.SIGN_IN_FAILED, request, cause="provider", reason=failure.name.lower()
        )
    context = {
        "failure": failure,
        "words": error.words or failure.words,
        "retry_url": retry_url,
        "support_text": help_text,
    }
    return render(request, "accounts/sign_in/provider_failed.html", context, status=failure.status)
