"""Signing in by a provider: to it, and back; and what it says when a session there is over."""

from __future__ import annotations

import logging
import time

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, backends, credentials, session, sessions
from accounts.http import safe_next
from accounts.middleware import LAST_ACTIVE
from accounts.models import AuditEvent, SignInProvider, User
from accounts.network import client_address
from accounts.providers import checking, flow, grants, names
from accounts.providers.failures import Failure, ProviderError
from webmail.bearer import AccessToken
from webmail.errors import SignInNeeded, WebmailError

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def start(request: HttpRequest, pk: int) -> HttpResponseBase:
    """On to the provider, by a link: where somebody signs in again."""
    return lead_to(request, pk)


def lead_to(request: HttpRequest, pk: int) -> HttpResponseBase:
    """On to the provider, by a page of ours: a form's answer may lead to our own pages alone."""
    provider = _provider(pk)
    user = request.user
    journey = flow.begin(
        provider,
        following=safe_next(request),
        shared=_says(request, "shared_computer", "shared_computer"),
        stay=_says(request, "stay_signed_in", sessions.STAYS),
        user=user.pk if isinstance(user, User) else 0,
        again="again" in request.GET,
    )
    try:
        onward = flow.address(provider, journey)
    except ProviderError as error:
        return _failed(request, provider, error)
    context = {"provider": provider, "onward": onward}
    response = render(request, "accounts/provider_continue.html", context)
    flow.remember(response, journey)
    return response


def _says(request: HttpRequest, field: str, kept: str) -> bool:
    """Whether a box of the sign-in page is ticked, or was in this session."""
    return bool(request.POST.get(field) or request.session.get(kept))


@require_safe
@never_cache
def back(request: HttpRequest, pk: int) -> HttpResponseBase:
    """From the provider: its word is checked, the mailbox opened, and the session begun."""
    provider = _provider(pk)
    try:
        journey = flow.remembered(request, provider)
        signed_in = request.user.pk if isinstance(request.user, User) else 0
        if signed_in != journey.user:
            raise ProviderError(Failure.STATE, "the session changed meanwhile")
        arrival = flow.arrive(provider, journey, request.GET.dict())
        response = _enter(request, provider, arrival)
    except ProviderError as error:
        response = _failed(request, provider, error)
    flow.forget(response)
    return response


def _enter(
    request: HttpRequest, provider: SignInProvider, arrival: flow.Arrival
) -> HttpResponseBase:
    domain, journey = provider.mail_domain, arrival.journey
    login = names.login(provider, arrival.claims)
    way_in: tuple[str, str] = (login, AccessToken(arrival.tokens.access))
    try:
        if provider.way == SignInProvider.Way.MASTER:
            way_in = grants.master(domain, login)
        user, connection = backends.enter_by_provider(
            domain, login, way_in, client_address(request)
        )
    except SignInNeeded as error:
        raise ProviderError(Failure.MAILBOX, "the mail server does not let in") from error
    except WebmailError as error:
        raise ProviderError(Failure.MAIL_SERVER, "the mail server does not answer") from error
    except ValidationError as error:
        raise ProviderError(Failure.OTHER, "the mailbox is known by another login") from error
    except PermissionDenied as error:
        raise ProviderError(Failure.MAILBOX, "the account is shut") from error
    if journey.user and journey.user != user.pk:
        connection.close()
        raise ProviderError(Failure.PERSON, "another person signed in")
    credential = grants.make(user, provider, arrival.tokens, arrival.claims)
    session.keep(user, credential, connection)
    return _begin(request, provider, user, credential, arrival)


def _begin(
    request: HttpRequest,
    provider: SignInProvider,
    user: User,
    credential: str,
    arrival: flow.Arrival,
) -> HttpResponseBase:
    """The session, but for a second factor that allauth asks for in between."""
    journey = arrival.journey
    user.backend = "accounts.backends.MailServerBackend"  # type: ignore[attr-defined]
    credentials.seal(request, user.pk, credential, changed=user.mail_password_changed)
    request.session[grants.SESSION_KEY] = str(grants.number_of(credential))
    request.session[grants.PROVIDER_KEY] = provider.pk
    request.session["shared_computer"] = journey.shared
    request.session[sessions.STAYS] = journey.stay
    request.session[LAST_ACTIVE] = int(time.time())
    record_authentication(
        request,
        user,
        "provider",
        provider=provider.pk,
        reauthenticated=_was_asked(arrival) or None,
    )
    response: HttpResponse = perform_login(
        request, Login(user=user, redirect_url=journey.following or None)
    )
    sessions.keep_signed_in(request)
    return response


def _was_asked(arrival: flow.Arrival) -> bool:
    """Whether the provider has just asked for the password, as it was told to, and says so."""
    asked = arrival.claims.get("auth_time")
    recent = time.time() - flow.SECONDS - checking.SKEW_SECONDS
    return arrival.journey.again and isinstance(asked, int) and asked >= recent


def _failed(request: HttpRequest, provider: SignInProvider, error: ProviderError) -> HttpResponse:
    """A page that says what happened and what to do; a line of the log that names nobody."""
    failure = error.failure
    logger.warning("sign-in by provider %s failed: %s", provider.pk, error)
    if failure not in (Failure.STATE, Failure.CANCELLED):  # which any stranger brings about
        audit.record(
            AuditEvent.Kind.SIGN_IN_FAILED, request, cause="provider", reason=failure.name.lower()
        )
    context = {
        "provider": provider,
        "failure": failure,
        "support_text": provider.mail_domain.help_text,
    }
    return render(request, "accounts/provider_failed.html", context, status=failure.status)


def _provider(pk: int) -> SignInProvider:
    provider = (
        SignInProvider.objects.select_related("mail_domain").filter(pk=pk, is_on=True).first()
    )
    if provider is None:
        raise Http404
    return provider


@csrf_exempt
@never_cache
@require_POST
def over(request: HttpRequest, pk: int) -> HttpResponse:
    """Back-channel logout: the provider itself says that a session there is over (OpenID Connect
    Back-Channel Logout 1.0, 2.5)."""
    provider = _provider(pk)
    try:
        claims = checking.logout_token(provider, request.POST.get("logout_token", "")[:16_384])
    except ProviderError as error:
        logger.warning("logout by provider %s refused: %s", provider.pk, error)
        status = 503 if error.failure is Failure.DOWN else 400
        return JsonResponse({"error": "invalid_request"}, status=status)
    ended = grants.revoke(provider, subject=claims.get("sub", ""), sid=claims.get("sid", ""))
    for own in ended:
        audit.record(AuditEvent.Kind.SESSION_ENDED, request, actor=own.user, reason="provider")
        sessions.end(own)
    return HttpResponse(status=200)
