"""Sign-ins by a reverse proxy, which has authenticated the user by CAS, SAML or another protocol,
and names the login in a header of the request. This is off by default, and accepted from configured
proxies alone.

There is no token, so the master user of the mail server opens the mailbox.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.core import signing
from django.http import HttpRequest

from accounts.models import MailDomain, User
from accounts.models.providers import LOGIN
from accounts.network import is_inside

BUTTON: Final = "proxy"
"""The value of the button on the sign-in page, where a provider's button has its primary key."""

# No password begins like this, since the forms refuse control characters.
_MARK: Final = "\0proxy\0"
_SALT: Final = "accounts.providers.proxied"


def is_on() -> bool:
    return bool(settings.REMOTE_USER_HEADER)


def named(request: HttpRequest) -> tuple[MailDomain, str] | None:
    """Return the mail domain and the login that the proxy names; None if it names none, or if the
    request comes from elsewhere.

    The origin is the address of the connection, never that of a header.
    """
    peer = str(request.META.get("REMOTE_ADDR", ""))
    if not is_on() or not is_inside(peer, settings.TRUSTED_PROXIES):
        return None
    login = request.headers.get(settings.REMOTE_USER_HEADER, "").strip(" \t")
    match, typed = LOGIN.fullmatch(login), login.lower()
    domain = MailDomain.objects.of_typed_login(typed) if match else None
    if match is None or domain is None or (match[1] and match[1].lower() != domain.name):
        return None
    if "," in typed:  # two headers that were joined: one of them is forged
        return None
    return domain, domain.server_login(typed)


def credential(user: User) -> str:
    """Return the credential that the session seals instead of a password."""
    return _MARK + signing.Signer(salt=_SALT).sign(str(user.pk))


def is_proxied(credential: str) -> bool:
    return credential.startswith(_MARK)


def is_of(user: User, credential: str) -> bool:
    """Return whether the credential was made for this user, and such sign-ins are on."""
    try:
        made_for = signing.Signer(salt=_SALT).unsign(credential.removeprefix(_MARK))
    except signing.BadSignature:
        return False
    return is_on() and made_for == str(user.pk)
