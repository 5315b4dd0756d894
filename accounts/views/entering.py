"""The last steps of a sign-in without a password: the mailbox is opened, and the session begun."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts import audit, backends, credentials, sessions
from accounts.middleware import LAST_ACTIVE
from accounts.models import AuditEvent, MailDomain, User
from accounts.network import client_address
from accounts.providers import grants
from accounts.providers.failures import Failure, ProviderError
from webmail import clock
from webmail.errors import SignInNeeded, WebmailError
from webmail.imap.connection import Connection

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Boxes:
    """The boxes of the sign-in page: ticked there, or in this session before."""

    shared: bool = False
    stay: bool = False

    @classmethod
    def of(cls, request: HttpRequest) -> Boxes:
        fields = request.POST or request.GET
        session = request.session
        return cls(
            bool(fields.get("shared_computer") or session.get("shared_computer")),
            bool(fields.get("stay_signed_in") or session.get(sessions.STAYS)),
        )


def open_mailbox(
    request: HttpRequest, domain: MailDomain, login: str, way_in: tuple[str, str]
) -> tuple[User, Connection]:
    """Return the user and the open connection. Raises ProviderError, also where the session that
    asks is another person's."""
    try:
        user, connection = backends.enter_by_provider(
            domain, login, way_in, client_address(request)
        )
    except SignInNeeded as error:
        raise ProviderError(Failure.MAILBOX, "the mail server does not let in") from error
    except WebmailError as error:
        raise ProviderError(Failure.MAIL_SERVER, f"the mail server: {error}") from error
    except ValidationError as error:
        raise ProviderError(Failure.OTHER, "the mailbox is known by another login") from error
    except PermissionDenied as error:
        raise ProviderError(Failure.MAILBOX, "the account is shut") from error
    if isinstance(request.user, User) and request.user.pk != user.pk:
        connection.close()
        raise ProviderError(Failure.PERSON, "another person signed in")
    return user, connection


def begin(
    request: HttpRequest,
    user: User,
    credential: str,
    boxes: Boxes,
    *,
    by: int | str,
    following: str,
    was_asked: bool = False,
) -> HttpResponse:
    """Seal the credential and begin the session, but for a second factor that is asked for in
    between. ``by``: the number of the provider, or the word for the proxy; ``was_asked``: the
    provider has just had the password."""
    user.backend = "accounts.backends.MailServerBackend"
    credentials.seal(request, user.pk, credential, changed=user.mail_password_changed)
    request.session[grants.PROVIDER_KEY] = by
    request.session["shared_computer"] = boxes.shared
    request.session[sessions.STAYS] = boxes.stay
    request.session[LAST_ACTIVE] = clock.timestamp()
    proof: dict[str, Any] = {"reauthenticated": True} if was_asked else {}
    record_authentication(request, user, "provider", provider=by, **proof)
    response: HttpResponse = perform_login(
        request, Login(user=user, redirect_url=following or None)
    )
    sessions.keep_signed_in(request)
    return response


def failed(
    request: HttpRequest, error: ProviderError, *, by: int | str, again: str, help_text: str = ""
) -> HttpResponse:
    """A page that says what happened and what to do; a line of the log that names nobody."""
    failure = error.failure
    logger.warning("sign-in by provider %s failed: %s", by, error)
    if failure not in (Failure.STATE, Failure.CANCELLED):  # which any stranger brings about
        audit.record(
            AuditEvent.Kind.SIGN_IN_FAILED, request, cause="provider", reason=failure.name.lower()
        )
    context = {"failure": failure, "again": again, "support_text": help_text}
    return render(request, "accounts/provider_failed.html", context, status=failure.status)
