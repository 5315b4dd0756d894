"""Sign-in by a provider: the redirect to it, the callback, and the back-channel logout."""

from __future__ import annotations

import logging

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts import audit, session, sessions
from accounts.http import safe_next
from accounts.models import AuditEvent, SignInProvider, User
from accounts.providers import checking, flow, grants, names, subjects
from accounts.providers.failures import ProviderError, ProviderFailure
from accounts.views import entering
from mail.bearer import AccessToken
from mail.errors import WebmailError

logger = logging.getLogger(__name__)


@require_safe
@never_cache
def start(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Lead on to the provider from a link, for a user who signs in again."""
    return lead_to(request, pk)


def lead_to(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Lead on to the provider by a page of ours, because the policy lets a form's answer lead to
    our own pages alone."""
    provider, user, boxes = _provider(pk), request.user, entering.SignInBoxes.of(request)
    pending = flow.begin(
        provider,
        next_url=safe_next(request),
        shared=boxes.shared,
        stay=boxes.stay,
        user=user.pk if isinstance(user, User) else 0,
        reauthenticates="reauthenticate" in request.GET,
    )
    try:
        onward = flow.authorization_url(provider, pending)
    except ProviderError as error:
        return _failed(request, provider, error)
    response = render(request, "accounts/sign_in/provider_continue.html", {"onward": onward})
    flow.remember(response, pending)
    return response


@require_safe
@never_cache
def callback(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Handle the callback of the provider: check its answer, open the mailbox, and begin the
    session."""
    provider = _provider(pk)
    try:
        pending = flow.remembered(request, provider)
        signed_in = request.user.pk if isinstance(request.user, User) else 0
        if signed_in != pending.user:
            raise ProviderError(ProviderFailure.STATE, "the session changed meanwhile")
        verified = flow.verify(provider, pending, request.GET.dict())
        response = _enter(request, provider, verified)
    except ProviderError as error:
        response = _failed(request, provider, error)
    flow.forget(response)
    return response


def _enter(
    request: HttpRequest, provider: SignInProvider, verified: flow.VerifiedSignIn
) -> HttpResponse:
    """Open the mailbox and begin the session. Raises ProviderError."""
    login, subject = names.login(provider, verified.claims), str(verified.claims["sub"])
    subjects.check(provider, login, subject)
    way_in = _way_in(provider, login, verified)
    user, connection = entering.open_mailbox(request, provider.mail_domain, login, way_in)
    try:
        subjects.pin(provider, login, subject, user)
    except ProviderError:
        connection.close()
        raise
    credential = grants.make(user, provider, verified.tokens, verified.claims)
    session.keep(user, credential, connection)
    request.session[grants.SESSION_KEY] = str(grants.number_of(credential))
    pending = verified.pending
    return entering.begin(
        request,
        user,
        credential,
        entering.SignInBoxes(pending.shared, pending.stay),
        by=provider.pk,
        next_url=pending.next_url,
        reauthenticated=flow.has_reauthenticated(verified),
    )


def _way_in(provider: SignInProvider, login: str, verified: flow.VerifiedSignIn) -> tuple[str, str]:
    if provider.way == SignInProvider.Way.TOKEN:
        return login, AccessToken(verified.tokens.access)
    try:
        return grants.master(provider.mail_domain, login)
    except WebmailError as error:
        failure = ProviderFailure.MAIL_SERVER if error.status >= 500 else ProviderFailure.MAILBOX
        raise ProviderError(failure, str(error)) from error


def _failed(request: HttpRequest, provider: SignInProvider, error: ProviderError) -> HttpResponse:
    return entering.failed(
        request,
        error,
        by=provider.pk,
        retry_url=provider.start_address,
        help_text=provider.mail_domain.help_text,
    )


def _provider(pk: int) -> SignInProvider:
    providers = SignInProvider.objects.select_related("mail_domain")
    provider = providers.filter(pk=pk, is_on=True).first()
    if provider is None:
        raise Http404
    return provider


@csrf_exempt
@never_cache
@require_POST
def over(request: HttpRequest, pk: int) -> HttpResponse:
    """Handle the back-channel logout, by which the provider reports that a session has ended
    (OpenID Connect Back-Channel Logout 1.0, 2.5)."""
    provider = _provider(pk)
    try:
        claims = checking.logout_token(provider, request.POST.get("logout_token", "")[:16_384])
    except ProviderError as error:
        logger.warning("logout by provider %s refused: %s", provider.pk, error)
        status = 503 if error.failure is ProviderFailure.DOWN else 400
        return JsonResponse({"error": "invalid_request"}, status=status)
    ended = grants.revoke(provider, subject=claims.get("sub", ""), sid=claims.get("sid", ""))
    for own in ended:
        audit.record(AuditEvent.Kind.SESSION_ENDED, request, actor=own.user, reason="provider")
        sessions.end(own)
    return HttpResponse(status=200)
