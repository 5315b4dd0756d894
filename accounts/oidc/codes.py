"""Authorization codes: each is exchanged for tokens once, and a second use revokes them (RFC 6749,
4.1.2).

allauth deletes a code after its use, but two simultaneous requests would both get tokens, and a
replay would leave the first tokens valid. So the digest of a used code is kept for the lifetime of
its tokens.
"""

from __future__ import annotations

import hashlib

from allauth.idp.oidc.models import Token
from django.conf import settings
from django.core.cache import cache


def digest(code: str) -> str:
    return hashlib.sha256(code.encode("utf-8", "surrogatepass")).hexdigest()


def _key(code: str) -> str:
    return f"oidc-code:{digest(code)}"


def use(code: str, access_token: str) -> bool:
    """Note the tokens that were issued for the code. Return False when it was used before: all
    tokens of the code are revoked then, including these."""
    hashes = Token.objects.by_value(access_token).values_list("hash", flat=True)
    seconds = settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN
    if cache.add(_key(code), list(hashes), seconds):
        return True
    Token.objects.filter(hash__in=list(hashes)).delete()
    revoke_tokens(code)
    return False


def revoke_tokens(code: str) -> bool:
    """Revoke the tokens of a code that is presented again. Return whether there were any."""
    hashes = cache.get(_key(code))
    if hashes is None:
        return False
    Token.objects.filter(hash__in=hashes).delete()
    return True
