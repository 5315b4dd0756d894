"""A code is exchanged for tokens once; its second use revokes them (RFC 6749, 4.1.2).

allauth forgets a code after its use, but two at once would both get tokens, and a replay leaves the
first ones alive. So a used code is remembered, by its digest, as long as what it bought may live.
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
    """Note what the code bought. False when it was used before: then nothing that it bought is
    left, this time's included."""
    bought = Token.objects.by_value(access_token).values_list("hash", flat=True)
    seconds = settings.IDP_OIDC_ACCESS_TOKEN_EXPIRES_IN
    if cache.add(_key(code), list(bought), seconds):
        return True
    Token.objects.filter(hash__in=list(bought)).delete()
    revoke_bought(code)
    return False


def revoke_bought(code: str) -> bool:
    """Somebody comes with this code again: whether it had bought anything; that ends here."""
    bought = cache.get(_key(code))
    if bought is None:
        return False
    Token.objects.filter(hash__in=bought).delete()
    return True
