"""Check ID tokens and logout tokens: their signature, their audience and their time."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import jwt
from django.core.cache import cache

from accounts.models import SignInProvider
from accounts.providers import asking
from accounts.providers.failures import ProviderError, ProviderFailure
from core import clock

SKEW_SECONDS: Final = 60
"""Seconds by which the clocks of the provider and of the webmail may differ."""

LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
# "none" and the algorithms with a shared secret are left out: with the latter, anybody who knows
# the public key could sign.
_ALGORITHMS: Final = (
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
)  # fmt: skip
# "JWT" says no more than no type at all (RFC 7519, 5.1), and many providers write it.
_LOGOUT_TYPES: Final = frozenset({"", "jwt", "logout+jwt"})
# A logout token is valid only for a short time (OpenID Connect Back-Channel Logout 1.0, 2.4).
_LOGOUT_SECONDS: Final = 600


def id_token(provider: SignInProvider, token: str, nonce: str) -> dict[str, Any]:
    """Return the claims of an ID token (OpenID Connect Core 1.0, 3.1.3.7). Raises ProviderError."""
    claims = _decode(provider, token, ["exp", "iat", "sub"])
    if claims.get("nonce") != nonce:
        raise ProviderError(ProviderFailure.STATE, "the nonce is another one")
    audience = claims["aud"]
    party = claims.get("azp")
    if (party or (not isinstance(audience, str) and len(audience) > 1)) and (
        party != provider.client_id
    ):
        raise ProviderError(ProviderFailure.AUDIENCE, "the ID token is made out to another service")
    return claims


def logout_token(provider: SignInProvider, token: str) -> dict[str, Any]:
    """Return the claims of a logout token, which is accepted once (Back-Channel Logout 1.0, 2.6).
    Raises ProviderError."""
    claims = _decode(provider, token, ["iat", "jti"])
    if _type(token) not in _LOGOUT_TYPES:
        raise ProviderError(ProviderFailure.ANSWER, "this is a token of another type")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise ProviderError(ProviderFailure.ANSWER, "this is no logout token")
    if "nonce" in claims:
        raise ProviderError(ProviderFailure.ANSWER, "a logout token has no nonce")
    if not (claims.get("sub") or claims.get("sid")):
        raise ProviderError(ProviderFailure.ANSWER, "the logout token names nobody")
    if claims["iat"] < clock.timestamp() - _LOGOUT_SECONDS:
        raise ProviderError(ProviderFailure.EXPIRED, "the logout token is old")
    number = hashlib.sha256(f"{provider.issuer} {claims['jti']}".encode()).hexdigest()
    if not cache.add(f"logout-token:{number}", 1, 2 * _LOGOUT_SECONDS):
        raise ProviderError(ProviderFailure.EXPIRED, "the logout token was used before")
    return claims


def _type(token: str) -> str:
    """Return the type that the head of a token names, without the part that may be left out
    (RFC 7515, 4.1.9)."""
    kind = jwt.get_unverified_header(token).get("typ") or ""
    return str(kind).lower().removeprefix("application/")


def check_audience(provider: SignInProvider, access: str) -> None:
    """Check that the access token is for the mail server. Opaque tokens, which cannot be read,
    pass. Raises ProviderError."""
    if not provider.audience or access.count(".") != 2:
        return
    try:
        claims = jwt.decode(access, options={"verify_signature": False})
    except jwt.PyJWTError:
        return
    audience = claims.get("aud", [])
    if provider.audience not in ([audience] if isinstance(audience, str) else audience):
        raise ProviderError(
            ProviderFailure.AUDIENCE, "the access token is made out to another service"
        )


def _decode(provider: SignInProvider, token: str, required: list[str]) -> dict[str, Any]:
    try:
        head = jwt.get_unverified_header(token)
        key_id = str(head.get("kid") or "")
        claims: dict[str, Any] = jwt.decode(
            token,
            _key(asking.keys(provider, key_id), key_id, str(head.get("alg"))),
            algorithms=list(_ALGORITHMS),
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=SKEW_SECONDS,
            options={"require": ["iss", "aud", *required]},
        )
    except (
        jwt.ImmatureSignatureError,
        jwt.ExpiredSignatureError,
        jwt.InvalidIssuedAtError,
    ) as error:
        raise ProviderError(ProviderFailure.CLOCK, "the token is of another time") from error
    except jwt.InvalidAudienceError as error:
        raise ProviderError(
            ProviderFailure.AUDIENCE, "the token is made out to another service"
        ) from error
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError) as error:
        raise ProviderError(
            ProviderFailure.ANSWER, f"the token is not good: {type(error).__name__}"
        ) from error
    if not all(isinstance(claims.get(name, ""), str) for name in ("sub", "sid", "jti")):
        raise ProviderError(ProviderFailure.ANSWER, "a claim is no text")
    if any(len(claims.get(name, "")) > 255 for name in ("sub", "sid", "jti")):
        raise ProviderError(ProviderFailure.ANSWER, "a claim is too long")
    return claims


def _key(jwks: list[dict[str, Any]], key_id: str, algorithm: str) -> jwt.PyJWK:
    """Return the key that the token names, or the only usable one if it names none."""
    usable = [key for key in jwks if key.get("use", "sig") == "sig"]
    if key_id:
        usable = [key for key in usable if key.get("kid") == key_id]
    kinds = {"R": "RSA", "P": "RSA", "E": "OKP" if algorithm == "EdDSA" else "EC"}
    usable = [key for key in usable if key.get("kty") == kinds.get(algorithm[:1])]
    if len(usable) != 1:
        raise jwt.InvalidKeyError("the key is not known")
    return jwt.PyJWK(usable[0], algorithm=algorithm)
