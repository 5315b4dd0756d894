"""A sign-in by a provider, from the button to the claims (OpenID Connect Core 1.0, 3.1).

Its state is kept in a signed cookie of the browser for ten minutes, so that strangers who press the
button leave nothing on the server. A browser has one such sign-in at a time.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.crypto import constant_time_compare

from accounts.models import SignInProvider
from accounts.providers import asking, checking
from accounts.providers.asking import Tokens
from accounts.providers.failures import ProviderError, ProviderFailure
from core import clock

SECONDS: Final = 600
# Both clocks are read in whole seconds.
_ROUNDING: Final = 1
_SALT: Final = "accounts.providers.flow"


@dataclass(frozen=True, slots=True)
class PendingSignIn:
    """A sign-in under way. ``user`` is the primary key of the signed-in user who reauthenticates,
    or 0; ``reauthenticates``: the provider must ask for the password again; ``begun`` is a Unix
    time in seconds."""

    provider: int
    state: str
    nonce: str
    verifier: str
    begun: int
    next_url: str = ""
    shared: bool = False
    stay: bool = False
    user: int = 0
    reauthenticates: bool = False


@dataclass(frozen=True, slots=True)
class VerifiedSignIn:
    """A sign-in that the provider has confirmed, with its tokens and claims."""

    pending: PendingSignIn
    tokens: Tokens
    claims: dict[str, Any]


def cookie_name() -> str:
    return "__Host-provider" if settings.HTTPS else "provider_sign_in"


def begin(provider: SignInProvider, **more: Any) -> PendingSignIn:
    """Return a new sign-in with random state, nonce and verifier."""
    return PendingSignIn(
        provider.pk,
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(32),
        secrets.token_urlsafe(48),
        clock.timestamp(),
        **more,
    )


def authorization_url(provider: SignInProvider, pending: PendingSignIn) -> str:
    """Return the address of the authorization request. Raises ProviderError, also when the provider
    does not answer: the browser is not led to an address that shows nothing."""
    digest = hashlib.sha256(pending.verifier.encode()).digest()
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": redirect_uri(provider),
        "scope": provider.scopes,
        "state": pending.state,
        "nonce": pending.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }
    if prompts := _prompts(provider, pending):
        query["prompt"] = " ".join(prompts)
    endpoint = asking.configuration(provider, answers=True)["authorization_endpoint"]
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def _prompts(provider: SignInProvider, pending: PendingSignIn) -> list[str]:
    """Return what the provider must ask. Without ``consent`` it may ignore ``offline_access``
    (OpenID Connect Core 1.0, 11)."""
    asks = provider.asks_consent and "offline_access" in provider.scopes.split()
    return ["login"] * pending.reauthenticates + ["consent"] * asks


def redirect_uri(provider: SignInProvider) -> str:
    """Return the redirect URI of a provider. Each provider has its own, so that none can pass off
    its answer as another's (RFC 9700, 4.4)."""
    path = reverse("accounts:provider_callback", args=[provider.pk])
    return f"{settings.BASE_URL.rstrip('/')}{path}"


def remember(response: HttpResponseBase, pending: PendingSignIn) -> None:
    value = signing.dumps(asdict(pending), salt=_SALT, compress=True)
    response.set_cookie(
        cookie_name(),
        value,
        max_age=SECONDS,
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )


def forget(response: HttpResponseBase) -> None:
    response.delete_cookie(cookie_name(), samesite="Lax")


def remembered(request: HttpRequest, provider: SignInProvider) -> PendingSignIn:
    """Return the sign-in that this browser has begun. Raises ProviderError: STATE."""
    try:
        values = signing.loads(request.COOKIES.get(cookie_name(), ""), salt=_SALT, max_age=SECONDS)
        pending = PendingSignIn(**values)
    except (signing.BadSignature, TypeError) as error:
        raise ProviderError(ProviderFailure.STATE, "there is no such sign-in") from error
    if pending.provider != provider.pk:
        raise ProviderError(ProviderFailure.STATE, "the sign-in is by another provider")
    return pending


def verify(
    provider: SignInProvider, pending: PendingSignIn, answer: Mapping[str, str]
) -> VerifiedSignIn:
    """Check the provider's answer and exchange its code for tokens. Raises ProviderError."""
    if not constant_time_compare(answer.get("state", ""), pending.state):
        raise ProviderError(ProviderFailure.STATE, "the state is another one")
    if answer.get("iss", provider.issuer) != provider.issuer:
        raise ProviderError(ProviderFailure.STATE, "the answer is of another issuer")
    if not answer.get("code"):
        refused = answer.get("error") in ("access_denied", "login_required", "consent_required")
        failure = ProviderFailure.CANCELLED if refused else ProviderFailure.ANSWER
        raise ProviderError(failure, "there is no code")
    tokens = asking.exchange_code(
        provider, answer["code"], pending.verifier, redirect_uri(provider)
    )
    claims = checking.id_token(provider, tokens.id_token, pending.nonce)
    checking.check_audience(provider, tokens.access)
    return VerifiedSignIn(pending, tokens, _all_claims(provider, tokens, claims))


def has_reauthenticated(verified: VerifiedSignIn) -> bool:
    """Return whether the provider was told to ask for the password, and has done so since.

    The age of the authentication when the ID token was made, both by the provider's clock, is
    compared with the time that has passed here, so that it does not matter how clocks differ.
    """
    signed_in, made = verified.claims.get("auth_time"), verified.claims["iat"]
    if not verified.pending.reauthenticates or type(signed_in) is not int:
        return False
    return 0 <= made - signed_in <= clock.timestamp() - verified.pending.begun + _ROUNDING


def _all_claims(provider: SignInProvider, tokens: Tokens, claims: dict[str, Any]) -> dict[str, Any]:
    """Return the claims, with those of the userinfo endpoint if the login needs them."""
    login, by_address = provider.login_of(claims), "{email}" in provider.login_template
    if login and not (by_address and "email_verified" not in claims):
        return claims
    user_info = asking.user_info(provider, tokens.access)
    if login and user_info.get("email") != claims.get("email"):
        return claims  # what is said there about verification is about another address
    if user_info.get("sub") != claims["sub"]:  # OpenID Connect Core 1.0, 5.3.2
        raise ProviderError(ProviderFailure.ANSWER, "the claims are of another person")
    return user_info | claims


def end_session_url(provider: SignInProvider, hint: str) -> str:
    """Return the provider's address for signing out there too (RP-Initiated Logout 1.0); "" if it
    has none or does not answer."""
    try:
        endpoint = asking.configuration(provider).get("end_session_endpoint", "")
    except ProviderError:
        return ""
    if not endpoint:
        return ""
    query = {
        "client_id": provider.client_id,
        "post_logout_redirect_uri": post_logout_redirect_uri(),
    }
    if hint:
        query["id_token_hint"] = hint
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"


def post_logout_redirect_uri() -> str:
    return f"{settings.BASE_URL.rstrip('/')}{reverse('account_login')}"
