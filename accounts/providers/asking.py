"""Requests to a provider: its configuration, its keys, and tokens for codes and refresh tokens.

The size and the time of each answer are limited, and its content is checked (`mail.remote`).
Public data of the provider is cached; tokens never are.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from django.conf import settings
from django.core.cache import cache

from accounts import stalled
from accounts.models import SignInProvider
from accounts.providers.failures import ProviderError, ProviderFailure
from accounts.sealed import rows as sealed_rows
from mail import bearer, remote
from mail.errors import RemoteRefused, RemoteUnavailable, ServerUnavailable

CONFIGURATION_SECONDS: Final = 600
# For so long a provider that has answered is taken to answer the browser too.
ANSWERS_SECONDS: Final = 15
# A provider that is down is not asked again each time a visitor presses the button.
DOWN_SECONDS: Final = 5
# An unknown key makes the list be fetched again, at most this often.
KEYS_SECONDS: Final = 3600
KEYS_AGAIN_SECONDS: Final = 30
_LIMITS: Final = (256 * 1024, 10.0)
_NEEDED: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_OPTIONAL: Final = ("userinfo_endpoint", "end_session_endpoint")
_MOST_KEYS: Final = 50
# The lifetime of a token whose provider gives none, and the longest that is accepted.
_SECONDS: Final = 300
_LONGEST_SECONDS: Final = 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one answer. ``seconds`` is the lifetime of the access token."""

    access: str = field(repr=False)
    seconds: int
    refresh: str = field(default="", repr=False)
    id_token: str = field(default="", repr=False)
    scope: str = ""


def configuration(provider: SignInProvider, *, answers: bool = False) -> dict[str, Any]:
    """Return the provider's configuration (OpenID Connect Discovery 1.0, 4). With ``answers`` the
    provider must have answered in the last seconds. Raises ProviderError."""
    key, answered = _key("configuration", provider.issuer), _key("answered", provider.issuer)
    kept = cache.get_many([key, answered])
    endpoints: dict[str, Any] | None = kept.get(key)
    if endpoints is None or (answers and answered not in kept):
        down = _key("down", provider.issuer)
        if cache.get(down):
            raise ProviderError(ProviderFailure.DOWN, "the provider did not answer just now")
        try:
            endpoints = _configuration(provider)
        except ProviderError as error:
            if error.failure is ProviderFailure.DOWN:
                cache.set(down, 1, DOWN_SECONDS)
            raise
        cache.set(key, endpoints, CONFIGURATION_SECONDS)
        cache.set(answered, 1, ANSWERS_SECONDS)
    return endpoints


def examine(provider: SignInProvider) -> None:
    """Fetch the configuration and the keys of a provider anew. Raises ProviderError."""
    endpoints = _configuration(provider)
    if not isinstance(_fetch(provider, endpoints["jwks_uri"]).get("keys"), list):
        raise ProviderError(ProviderFailure.ANSWER, "there are no keys")


def _configuration(provider: SignInProvider) -> dict[str, Any]:
    url = f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration"
    answer = _fetch(provider, url)
    if answer.get("issuer") != provider.issuer:
        raise ProviderError(ProviderFailure.ANSWER, "the configuration is of another issuer")
    endpoints: dict[str, Any] = {}
    for name in (*_NEEDED, *_OPTIONAL):
        address = answer.get(name, "")
        if name in _NEEDED or address:
            _check_address(provider, name, address)
            endpoints[name] = address
    methods = answer.get("token_endpoint_auth_methods_supported")
    endpoints["methods"] = (
        [str(method) for method in methods[:20]] if isinstance(methods, list) else []
    )
    return endpoints


def _check_address(provider: SignInProvider, name: str, address: object) -> None:
    """Check an address to which the browser or the webmail will go: it must be https, or have the
    issuer's scheme. Raises ProviderError."""
    if not isinstance(address, str) or not address.isascii() or len(address) > 2000:
        raise ProviderError(ProviderFailure.ANSWER, f"{name} is no address")
    scheme = urlsplit(address).scheme
    if scheme != "https" and scheme != urlsplit(provider.issuer).scheme:
        raise ProviderError(ProviderFailure.ANSWER, f"{name} is not https")


def keys(provider: SignInProvider, key_id: str) -> list[dict[str, Any]]:
    """Return the keys with which the provider signs, fetched anew if ``key_id`` is unknown."""
    place = _key("keys", provider.issuer)
    jwks: list[dict[str, Any]] | None = cache.get(place)
    is_new = jwks is not None and key_id and all(key.get("kid") != key_id for key in jwks)
    if jwks is None or (
        is_new and cache.add(_key("keys-fetched", provider.issuer), 1, KEYS_AGAIN_SECONDS)
    ):
        answer = _fetch(provider, configuration(provider)["jwks_uri"]).get("keys")
        if not isinstance(answer, list):
            raise ProviderError(ProviderFailure.ANSWER, "there are no keys")
        jwks = [key for key in answer[:_MOST_KEYS] if isinstance(key, dict)]
        cache.set(place, jwks, KEYS_SECONDS)
    return jwks


def exchange_code(provider: SignInProvider, code: str, verifier: str, redirect_uri: str) -> Tokens:
    """Exchange an authorization code for tokens (RFC 6749, 4.1.3; RFC 7636). Raises
    ProviderError."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": verifier,
    }
    return _tokens(provider, form)


def refresh(provider: SignInProvider, token: str) -> Tokens:
    """Exchange a refresh token for new tokens (RFC 6749, 6). Raises ProviderError, with EXPIRED if
    it is no longer valid."""
    return _tokens(provider, {"grant_type": "refresh_token", "refresh_token": token})


def user_info(provider: SignInProvider, access: str) -> dict[str, Any]:
    """Return the claims of the userinfo endpoint for an access token; {} if the provider has no
    such endpoint."""
    address = configuration(provider).get("userinfo_endpoint")
    if not address:
        return {}
    return _fetch(provider, address, fields={"Authorization": f"Bearer {access}"})


def _tokens(provider: SignInProvider, form: dict[str, str]) -> Tokens:
    endpoints = configuration(provider)
    form, fields = _with_secret(provider, endpoints["methods"], form)
    answer = _fetch(provider, endpoints["token_endpoint"], form=form, fields=fields)
    access, refresh_token = answer.get("access_token"), answer.get("refresh_token", "")
    id_token, scope = answer.get("id_token", ""), answer.get("scope", "")
    texts = (access, refresh_token, id_token, scope)
    if not all(isinstance(text, str) and len(text) <= 16_384 for text in texts):
        raise ProviderError(ProviderFailure.ANSWER, "the tokens are none")
    if str(answer.get("token_type", "")).lower() != "bearer" or not bearer.is_sayable(
        "", str(access)
    ):
        raise ProviderError(ProviderFailure.ANSWER, "the access token is no bearer token")
    seconds = answer.get("expires_in")
    seconds = int(seconds) if isinstance(seconds, int | float) and seconds > 0 else _SECONDS
    return Tokens(
        str(access), min(seconds, _LONGEST_SECONDS), str(refresh_token), str(id_token), str(scope)
    )


def _with_secret(
    provider: SignInProvider, methods: list[str], form: dict[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Add the client's secret by ``client_secret_basic``, the default of the standard, or by
    ``client_secret_post`` if the provider offers that alone. A client without a secret sends its
    identifier."""
    try:
        secret = provider.secret
    except sealed_rows.BrokenSeal as error:
        raise ProviderError(ProviderFailure.ANSWER, "the client secret does not open") from error
    if not secret:
        return form | {"client_id": provider.client_id}, {}
    if "client_secret_post" in methods and "client_secret_basic" not in methods:
        return form | {"client_id": provider.client_id, "client_secret": secret}, {}
    pair = f"{quote(provider.client_id, safe='')}:{quote(secret, safe='')}"
    return form, {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _fetch(
    provider: SignInProvider,
    url: str,
    *,
    form: dict[str, str] | None = None,
    fields: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the JSON object at a URL, whose port must be 443 or that of the issuer. Raises
    ProviderError."""
    size, seconds = _LIMITS
    host = urlsplit(url).netloc
    try:
        with stalled.bounded(host):
            answer = remote.ask(
                url,
                resolve=remote.look_up,
                limits=remote.RequestLimits(
                    size, seconds, 0, (), tuple(settings.PROVIDER_NETWORKS)
                ),
                form=urlencode(form).encode() if form is not None else None,
                fields=fields,
                ports={443, urlsplit(provider.issuer).port or 443},
                ca_file=settings.TLS_CA_FILE,
            )
    except ServerUnavailable as error:
        raise ProviderError(ProviderFailure.DOWN, str(error)) from error
    except RemoteUnavailable as error:
        raise ProviderError(ProviderFailure.DOWN, str(error)) from error
    except RemoteRefused as error:
        raise ProviderError(ProviderFailure.ANSWER, str(error)) from error
    return _read(answer)


def _read(answer: remote.RemoteAnswer) -> dict[str, Any]:
    try:
        fields = json.loads(answer.content)
    except (ValueError, RecursionError) as error:
        failure = ProviderFailure.DOWN if answer.status >= 500 else ProviderFailure.ANSWER
        raise ProviderError(failure, f"no JSON, status {answer.status}") from error
    if not isinstance(fields, dict):
        raise ProviderError(ProviderFailure.ANSWER, f"no JSON object, status {answer.status}")
    if answer.status == 200:
        return fields
    if fields.get("error") in ("invalid_grant", "invalid_token") or answer.status == 401:
        is_client = fields.get("error") == "invalid_client"
        raise ProviderError(
            ProviderFailure.ANSWER if is_client else ProviderFailure.EXPIRED, "invalid grant"
        )
    failure = (
        ProviderFailure.DOWN
        if answer.status >= 500 or answer.status == 429
        else ProviderFailure.ANSWER
    )
    raise ProviderError(failure, f"status {answer.status}")


def _key(kind: str, issuer: str) -> str:
    return f"provider-{kind}:{hashlib.sha256(issuer.encode()).hexdigest()[:32]}"
