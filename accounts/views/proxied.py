"""Sign-in by a reverse proxy, which has authenticated the user."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import session
from accounts.http import safe_next
from accounts.providers import grants, proof, proxied
from accounts.providers.failures import ProviderError, ProviderFailure
from accounts.views import entering
from mail.errors import WebmailError


def lead_to(request: HttpRequest) -> HttpResponseBase:
    """Lead on to the proxy by a page of ours, because the policy lets a form's answer lead to our
    own pages alone."""
    if not proxied.is_on():
        raise Http404
    boxes, fields = entering.SignInBoxes.of(request), {"next": safe_next(request)}
    fields["shared_computer"] = "on" if boxes.shared else ""
    fields["stay_signed_in"] = "on" if boxes.stay else ""
    query = urlencode({name: value for name, value in fields.items() if value})
    onward = f"{reverse('accounts:proxied')}?{query}"
    return render(request, "accounts/sign_in/provider_continue.html", {"onward": onward})


@require_safe
@never_cache
def enter(request: HttpRequest) -> HttpResponseBase:
    """Sign in the user whom the proxy names. The proxy guards this URL, so every request that
    arrives was authenticated."""
    if not proxied.is_on():
        raise Http404
    if told := proof.answer(request):
        return JsonResponse(told)
    try:
        if not proof.is_given():
            raise ProviderError(
                ProviderFailure.UNPROVEN, "the proxy has not been seen to drop the header"
            )
        named = proxied.named(request)
        if named is None:
            raise ProviderError(
                ProviderFailure.LOGIN, "no proxy that is believed names a login here"
            )
        domain, login = named
        try:
            way_in = grants.master(domain, login)
        except WebmailError as error:
            failure = (
                ProviderFailure.MAIL_SERVER if error.status >= 500 else ProviderFailure.MAILBOX
            )
            raise ProviderError(failure, str(error)) from error
        user, connection = entering.open_mailbox(request, domain, login, way_in)
    except ProviderError as error:
        retry_url = reverse("accounts:proxied")
        return entering.failed(request, error, by=proxied.BUTTON, retry_url=retry_url)
    credential = proxied.credential(user)
    session.keep(user, credential, connection)
    return entering.begin(
        request,
        user,
        credential,
        entering.SignInBoxes.of(request),
        by=proxied.BUTTON,
        next_url=safe_next(request),
    )
