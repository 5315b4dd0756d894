"""Signing in, signing out, and giving the password again in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.views import LoginView, LogoutView
from allauth.idp.oidc.models import Token
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from accounts import credentials, session, sessions
from accounts.forms import SignInForm
from accounts.http import safe_next
from accounts.looks import themes
from accounts.models import MailDomain, User
from accounts.providers import flow, grants, names, proxied
from accounts.views import providers
from accounts.views import proxied as proxied_views


class SignInView(LoginView):
    """allauth's view, with an HTTP status that tells the kind of failure. The button of a provider
    leads on to the provider."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        by = request.POST.get("provider", "")
        if by.isdecimal() and len(by) < 10:
            return providers.lead_to(request, int(by))
        if by == proxied.BUTTON:
            return proxied_views.lead_to(request)
        response: HttpResponseBase = super().post(request, *args, **kwargs)
        return response

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        response.status_code = form.failure_status
        if form.retry_after:
            response["Retry-After"] = str(form.retry_after)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        form = context["form"]
        # A login that the form refused has no domain, and PostgreSQL accepts no NUL.
        typed = form.cleaned_data.get("login", "") if form.errors else ""
        if typed and (domain := MailDomain.objects.of_typed_login(typed)):
            context["domain_help"] = domain.help_text
            themes.type_in(self.request, domain.pk)
        context["providers"] = names.offered()
        context["proxied"] = {"value": proxied.BUTTON} if proxied.is_on() else None
        # Local administrators have no provider: they open the form by a link, and /admin/ opens it
        # for them.
        wants_form = "password" in self.request.GET or _leads_to_admin(self.request)
        context["has_password_form"] = (
            wants_form
            or form.is_bound
            or not (context["providers"] or context["proxied"])
            or names.has_password_form()
        )
        return context


def _leads_to_admin(request: HttpRequest) -> bool:
    return safe_next(request).startswith(reverse("admin:index"))


class SignOutView(LogoutView):
    """allauth's view, which also closes the IMAP connections and, on a shared computer, clears the
    browser."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        sign_out = super().post
        if not self.request.user.is_authenticated:
            # The user cancelled before the second factor, so the sealed password must be deleted
            # too.
            self.request.session.flush()
        return leave(self.request, lambda: sign_out(*args, **kwargs))


def leave(request: HttpRequest, sign_out: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """Return the answer of ``sign_out``, with everything else that a sign-out requires."""
    shared = request.session.get("shared_computer")
    if isinstance(request.user, User):
        Token.objects.filter(user=request.user).delete()  # services can no longer query this user
    session.close(request)
    onward = _end_session_url(request)
    response = sign_out()
    if onward:
        # Render a page instead of a redirect, because the policy lets a form's answer lead to our
        # own pages alone.
        response = render(request, "accounts/sign_in/provider_goodbye.html", {"onward": onward})
    credentials.delete_cookie(request, response)
    # On a computer of one's own the storage keeps what belongs to the device; local copies of
    # messages are deleted by the page's script (local.js), which knows whose they are.
    response["Clear-Site-Data"] = '"cache", "storage"' if shared else '"cache"'
    return response


def _end_session_url(request: HttpRequest) -> str:
    """Return the address at which the browser signs out of the provider of this sign-in; "" if
    there is none.

    This must precede the end of the session, which holds the key to the ID token.
    """
    user, credential = request.user, credentials.open_sealed(request)
    if not isinstance(user, User) or credential is None:
        return ""
    if proxied.is_proxied(credential):
        return str(settings.REMOTE_USER_LOGOUT)
    if not grants.is_grant(credential):
        return ""
    provider = names.provider_of(user)
    return flow.end_session_url(provider, grants.id_token(user, credential)) if provider else ""


def _come_back(request: HttpRequest) -> JsonResponse:
    """Return whether the user has signed in again in another tab, with a new CSRF token. A script
    polls this; the cookie that belongs to its page's token may be gone."""
    token = get_token(request)
    if credentials.open_sealed(request) is None:
        errors = [gettext("You are not signed in yet.")]
        return JsonResponse({"errors": errors, "csrf": token}, status=403)
    return JsonResponse({"csrf": token})


@never_cache
@sensitive_post_parameters("password")
def reenter(request: HttpRequest) -> HttpResponse:
    """Ask for the password again, because the session is over or the mail server no longer accepts
    the old one.

    A script that asks in place gets JSON ``{"csrf": token}`` and repeats its request; errors are
    returned as ``{"errors": [sentence, ...]}``. Without a script, this is a page that leads on to
    ``next``.
    """
    in_place = request.headers.get("X-Requested-With") == "fetch"
    user = request.user if isinstance(request.user, User) else None
    if request.method != "POST":
        if in_place:
            return _come_back(request)
        if user is None:
            return redirect("account_login")
        if "done" in request.GET:
            return render(request, "accounts/sign_in/provider_done.html")
        return render(
            request,
            "accounts/sign_in/reenter.html",
            {"form": SignInForm(), "next": safe_next(request)},
        )
    data = request.POST.copy()
    if user is not None:
        data["login"] = user.typed_login
    if request.session.get("shared_computer"):
        data["shared_computer"] = "on"
    if request.session.get(sessions.STAYS):
        data["stay_signed_in"] = "on"
    form = SignInForm(data, request=request)
    if form.is_valid() and user is not None and form.user != user:
        form.add_error(None, SignInForm.wrong_person)
    if not form.is_valid():
        if in_place:
            sentences = [text for texts in form.errors.values() for text in texts]
            return JsonResponse({"errors": sentences}, status=form.failure_status)
        context = {"form": form, "next": safe_next(request)}
        return render(request, "accounts/sign_in/reenter.html", context, status=form.failure_status)
    following = form.login(request, redirect_url=safe_next(request) or None)
    if not in_place:
        return following
    if not request.user.is_authenticated:  # a second factor is needed, on its own page
        return JsonResponse({"location": following["Location"]}, status=403)
    return JsonResponse({"csrf": get_token(request)})
