"""Signing in to other services: the endpoints of the OpenID Connect provider.

They are allauth's views, after the checks of `oidc.rules`. Without a signing key they return 404.

The policy (``form-action``) lets a form's answer lead to our own pages alone, and Chromium applies
it to the whole chain of redirects. The pages for consent and sign-out therefore name the one
service that they lead to. After the sign-in page and its second factor, an intermediate page leads
on to the service.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import parse_qs, urlsplit

from allauth.core.internal.httpkit import add_query_params, extract_basic_auth
from allauth.idp.oidc import views as provider
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.forms import AuthorizationForm, RPInitiatedLogoutForm
from allauth.idp.oidc.models import Client, Token
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from accounts import audit, limits, second_factor, sessions
from accounts.models import AuditEvent, User
from accounts.network import client_address, network_of
from accounts.oidc import adapter, codes, farewells, rules
from accounts.views import doors

FAILURES_PER_MINUTE = 30
"""Counts all services at one address together, since each check of a secret costs a slow hash."""

View = Callable[..., HttpResponseBase]


def provided(view: View) -> View:
    """Return 404 while no key is configured."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.OIDC_KEYS:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def _address(name: str) -> str:
    return get_adapter().get_issuer() + reverse(f"idp:oidc:{name}")


@provided
@require_safe
def configuration(request: HttpRequest) -> JsonResponse:
    """Return the provider's metadata (OpenID Connect Discovery 1.0, 3): only what is offered."""
    response = JsonResponse(
        {
            "issuer": get_adapter().get_issuer(),
            "authorization_endpoint": _address("authorization"),
            "token_endpoint": _address("token"),
            "userinfo_endpoint": _address("userinfo"),
            "revocation_endpoint": _address("revoke"),
            "end_session_endpoint": _address("logout"),
            "jwks_uri": _address("jwks"),
            "scopes_supported": list(adapter.SCOPES),
            "claims_supported": [
                "sub", "name", "given_name", "family_name", "email", "email_verified",
                "school", "function",
            ],
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": ["authorization_code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": [
                "client_secret_basic", "client_secret_post", "none",
            ],
            "id_token_signing_alg_values_supported": ["RS256"],
            "subject_types_supported": ["public"],
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
            "claims_parameter_supported": False,
            "request_parameter_supported": False,
            "request_uri_parameter_supported": False,
        }
    )  # fmt: skip
    response["Access-Control-Allow-Origin"] = "*"
    return response


class AuthorizationView(provider.AuthorizationView):
    """The request of a service for a sign-in, which is answered by a redirect with a code."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user, client = request.user, rules.client_of(request.GET)
        if client is None:
            # Do not redirect, because the address may not be the service's.
            self._note(request.GET.get("client_id", ""), "address")
            return render(request, "idp/oidc/error.html", status=400)
        if refusal := rules.refusal(request.GET):
            self._note(client.pk, refusal.error)
            return self._back(request, refusal)
        prompts = request.GET.get("prompt", "").split()
        if not isinstance(user, User):
            if "none" in prompts:
                return self._back(
                    request, rules.RequestRefusal("login_required", "Nobody is signed in.")
                )
            return _sign_in(request, settings.LOGIN_URL)
        if user.is_local_administrator:
            self._note(client.pk, "no mailbox")
            return render(request, "idp/oidc/no_mailbox.html", {"client": client}, status=403)
        if step := second_factor.missing_step(request, user):
            if "none" in prompts:
                return self._back(
                    request, rules.RequestRefusal("login_required", "A step is missing.")
                )
            return _sign_in(request, step)
        if "login" in prompts:
            return _sign_in(request, "account_reauthenticate")
        if "none" in prompts:
            if not client.skip_consent:
                return self._back(
                    request, rules.RequestRefusal("consent_required", "Somebody must agree.")
                )
            return redirect(f"{request.path}?{_without(request, 'prompt')}")
        return self._naming(super().get(request, *args, **kwargs), request.GET["redirect_uri"])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        user = request.user
        if isinstance(user, User) and user.is_local_administrator:
            return render(request, "idp/oidc/no_mailbox.html", status=403)
        if isinstance(user, User) and (step := second_factor.missing_step(request, user)):
            return redirect(step)
        response = super().post(request, *args, **kwargs)
        if request.POST.get("request") and request.POST.get("action") != "grant":
            info = getattr(self, "_request_info", None)  # not there before the sign-in
            if info:
                self._note(info["client_id"], "access_denied")
        return response

    def form_valid(self, form: AuthorizationForm) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        if code := parse_qs(urlsplit(response.get("Location", "")).query).get("code"):
            client = Client.objects.get(pk=self._request_info["client_id"])
            farewells.note(self.request, sessions.row(self.request), client, code[0])
            audit.record(
                AuditEvent.Kind.SERVICE_OPENED, self.request, client=client.pk, name=client.name
            )
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        claims = adapter.claims(self.request.user, self._scopes)
        context["handed_over"] = [
            (scope, adapter.SCOPES.get(scope, scope), _in_words(scope, claims))
            for scope in self._scopes
        ]
        return context

    def _note(self, client_id: str, reason: str) -> None:
        """Write a refusal to the audit log, for signed-in users alone: strangers could otherwise
        fill it."""
        if isinstance(self.request.user, User):
            _note_refusal(self.request, client_id, reason)

    @staticmethod
    def _back(request: HttpRequest, refusal: rules.RequestRefusal) -> HttpResponse:
        """Redirect to the service with the error (RFC 6749, 4.1.2.1)."""
        query = {"error": refusal.error, "error_description": refusal.description}
        if state := request.GET.get("state"):
            query["state"] = state
        return redirect(add_query_params(request.GET["redirect_uri"], query))

    @staticmethod
    def _naming(response: HttpResponse, address: str) -> HttpResponse:
        """Let the form of the consent page lead to this service and to no other, by the page's
        policy."""
        if response.status_code == 200:
            response._csp_update = {"form-action": [rules.origin(address)]}  # type: ignore[attr-defined]
        return response


def _in_words(scope: str, claims: dict[str, Any]) -> str:
    """Return the data of this user that a scope gives to a service, in words; "" if it would tell
    the user nothing."""
    if scope == "profile":
        return str(claims.get("name", ""))
    if scope == "email":
        return str(claims.get("email", ""))
    if scope == "staff":
        school = claims.get("school", {})
        words = (claims.get("function", ""), school.get("name") or school.get("uai", ""))
        return ", ".join(word for word in words if word)
    return ""


def _without(request: HttpRequest, *names: str) -> str:
    """Return the query string without the named parameters."""
    query = request.GET.copy()
    for name in names:
        query.pop(name, None)
    return query.urlencode()


def _sign_in(request: HttpRequest, step: str) -> HttpResponse:
    """Redirect to ``step``, and from there through the intermediate page back to this request."""
    following = f"{reverse('idp:oidc:continue')}?{_without(request, 'prompt')}"
    return redirect(f"{resolve_url(step)}?{urlencode({REDIRECT_FIELD_NAME: following})}")


@provided
@require_safe
@never_cache
def go_on(request: HttpRequest) -> HttpResponse:
    """Lead on to the service after a sign-in, by a link, since a form's answer may not lead
    there."""
    client = rules.client_of(request.GET)
    if client is None:
        return render(request, "idp/oidc/error.html", status=400)
    onward = f"{reverse('idp:oidc:authorization')}?{request.GET.urlencode()}"
    return render(request, "idp/oidc/continue.html", {"client": client, "onward": onward})


def _note_refusal(request: HttpRequest, client_id: str, reason: str) -> None:
    """Write a refusal to the audit log. Nothing is repeated of an unknown service."""
    client = rules.client_by_id(client_id)
    facts = {"client": client.pk, "name": client.name} if client else {}
    audit.record(AuditEvent.Kind.SERVICE_REFUSED, request, **facts, reason=reason)


def _is_plain(request: HttpRequest) -> bool:
    """Return whether the service's parameters are printable ASCII, as codes, names and secrets are.
    The database and the cache do not accept every character."""
    texts = [text or "" for text in extract_basic_auth(dict(request.headers))]
    texts += [text for values in request.POST.lists() for text in values[1]]
    return all(text.isascii() and text.isprintable() for text in texts)


def _failures(request: HttpRequest) -> list[limits.Limit]:
    network = network_of(client_address(request))
    return [limits.Limit("service", network, FAILURES_PER_MINUTE, 60)] if network else []


def _counted(view: View) -> View:
    """Make services that fail too often wait, because each check of a secret costs a slow hash."""

    @wraps(view)
    def counting(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_plain(request):
            return _fault("invalid_request")
        failures = _failures(request)
        if seconds := limits.reserve(failures):
            response = _fault("temporarily_unavailable", status=429)
            response["Retry-After"] = str(seconds)
            return response
        answer = view(request, *args, **kwargs)
        if answer.status_code == 200:
            limits.take_back(failures)
        return answer

    return counting


def _fault(error: str, status: int = 400) -> JsonResponse:
    return _unstored(JsonResponse({"error": error}, status=status))


def _unstored(response: JsonResponse) -> JsonResponse:
    response["Cache-Control"], response["Pragma"] = "no-store", "no-cache"
    return response


class TokenView(provider.TokenView):
    """Exchange a code for tokens, once. There are no refresh tokens: a service that needs the user
    again must send the user here."""

    def post(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("grant_type") != Client.GrantType.AUTHORIZATION_CODE:
            return _fault("unsupported_grant_type")
        if "resource" in request.POST:
            return _fault("invalid_target")
        previous_sid = farewells.sid_of_this_request.set(
            farewells.sid_of(request.POST.get("code", ""))
        )
        try:
            response: HttpResponse = super().post(request)
        finally:
            farewells.sid_of_this_request.reset(previous_sid)
        answer = json.loads(response.content)
        if response.status_code != 200:
            return self._refused(request, response, answer["error"])
        if refresh := answer.pop("refresh_token", ""):
            Token.objects.by_value(refresh).delete()
        answer.pop("refresh_expires_in", None)
        if not codes.use(request.POST["code"], answer["access_token"]):
            return self._refused(request, _fault("invalid_grant"), "replayed code")
        return _unstored(JsonResponse(answer))

    @staticmethod
    def _refused(request: HttpRequest, response: HttpResponse, reason: str) -> HttpResponse:
        if reason == "invalid_grant" and codes.revoke_tokens(request.POST.get("code", "")):
            reason = "replayed code"
        client_id, _secret = extract_basic_auth(dict(request.headers))
        _note_refusal(request, client_id or request.POST.get("client_id", ""), reason)
        return response


class LogoutForm(RPInitiatedLogoutForm):
    """allauth's form accepts all addresses of a registered host; this one compares whole addresses.
    The address of an unknown service is ignored, as the standard requires."""

    def clean(self) -> dict[str, Any]:
        address = self.cleaned_data.pop("post_logout_redirect_uri", "")
        cleaned: dict[str, Any] = super().clean()
        if address and (client := cleaned["client"]):
            if address in client.get_post_logout_redirect_uris():
                cleaned["post_logout_redirect_uri"] = address
            else:
                self.add_error("post_logout_redirect_uri", "not registered")
        return cleaned


class LogoutView(provider.LogoutView):
    """The sign-out of a service, which asks the user whether to sign out of the webmail too."""

    form_class = LogoutForm

    def form_invalid(self, form: LogoutForm) -> HttpResponse:
        return render(self.request, "idp/oidc/error.html", status=400)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["client"] = context["form"].cleaned_data["client"]
        return context

    def render_to_response(self, context: dict[str, Any], **more: Any) -> HttpResponse:
        response: HttpResponse = super().render_to_response(context, **more)
        if address := context["form"].cleaned_data["post_logout_redirect_uri"]:
            response._csp_update = {"form-action": [rules.origin(address)]}  # type: ignore[attr-defined]
        return response

    def _handle(self, form: LogoutForm, op_logout: bool) -> HttpResponseBase:
        leave = super()._handle
        if op_logout and self.request.user.is_authenticated:
            return doors.leave(self.request, lambda: leave(form, True))
        answer: HttpResponseBase = leave(form, op_logout)
        return answer


authorization = csrf_exempt(provided(never_cache(AuthorizationView.as_view())))
token = csrf_exempt(provided(_counted(TokenView.as_view())))
revoke = csrf_exempt(provided(_counted(provider.revoke)))
user_info = csrf_exempt(provided(never_cache(provider.user_info)))
jwks = provided(provider.jwks)
logout = csrf_exempt(provided(never_cache(LogoutView.as_view())))
