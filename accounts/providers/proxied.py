"""Sign-ins that a reverse proxy has done, by CAS, SAML or whatever it knows: it names the login in
a header of the request. Off by default, and believed of configured proxies alone.

There is no token then: the master user of the mail server opens the mailbox.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from accounts.models import MailDomain, User
from accounts.network import inside
from accounts.providers.names import LOGIN

BUTTON: Final = "proxy"
"""The value of the button of the sign-in page, where that of a provider is its number."""

# No password begins so: the forms take no control characters.
_MARK: Final = "\0proxy\0"
_SALT: Final = "accounts.providers.proxied"


def is_on() -> bool:
    return bool(settings.REMOTE_USER_HEADER)


def named(request: HttpRequest) -> tuple[MailDomain, str] | None:
    """Return the mail domain and the login that the proxy names; None where it names none, or where
    the request comes from elsewhere.

    The address of the connection counts, not that of a header.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not is_on() or not inside(peer, settings.TRUSTED_PROXIES):
        return None
    typed = request.headers.get(settings.REMOTE_USER_HEADER, "").strip().lower()
    match = LOGIN.fullmatch(typed)
    domain = MailDomain.objects.of_typed_login(typed) if match else None
    if match is None or domain is None or (match[1] and match[1] != domain.name):
        return None
    if "," in typed:  # two headers that became one: the other is of somebody else
        return None
    return domain, domain.server_login(typed)


def credential(user: User) -> str:
    """Return what the session seals in the place of a password."""
    return _MARK + signing.Signer(salt=_SALT).sign(str(user.pk))


def is_proxied(credential: str) -> bool:
    return credential.startswith(_MARK)


def is_of(user: User, credential: str) -> bool:
    """Whether the credential was made for this user, while such sign-ins are on."""
    try:
        made_for = signing.Signer(salt=_SALT).unsign(credential.removeprefix(_MARK))
    except signing.BadSignature:
        return False
    return is_on() and made_for == str(user.pk)
