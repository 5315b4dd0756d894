"""The claims about a user for services, and the keys that sign them."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable
from typing import Any, Literal

from allauth.idp.oidc.adapter import DefaultOIDCAdapter
from allauth.idp.oidc.models import Client, PrivateKey
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from accounts.models import StaffRecord, User
from accounts.oidc import farewells
from core import clock

SCOPES = {
    "openid": _("a number that stands for you, the same at each sign-in"),
    "profile": _("your name"),
    "email": _("your address"),
    "staff": _("your school and your function"),
}
"""All scopes, each with the data that it gives to a service, in words."""


class Adapter(DefaultOIDCAdapter):
    scope_display = SCOPES

    def get_issuer(self) -> str:
        """Return the configured address always, since a request's Host header is chosen by its
        sender."""
        return settings.BASE_URL.rstrip("/")

    def generate_client_secret(self) -> str:
        """Return a secret of 256 bits in characters that need no quoting."""
        return secrets.token_urlsafe(32)

    def get_user_sub(self, client: Client, user: User) -> str:
        return str(user.subject)

    def get_user_by_sub(self, client: Client, sub: str) -> User | None:
        try:
            subject = uuid.UUID(sub)
        except ValueError:
            return None
        return User.objects.filter(subject=subject, is_active=True).first()

    def get_claims(
        self,
        purpose: Literal["id_token", "userinfo"],
        user: User,
        client: Client,
        scopes: Iterable[str],
        email: str | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Return the same claims in the ID token and at the userinfo endpoint."""
        return claims(user, scopes)

    def populate_id_token(
        self, id_token: dict[str, Any], client: Client, scopes: Iterable[str], **kwargs: Any
    ) -> None:
        """Add the session's number for applications that want to be told of its end. The times are
        taken from the clock of the database, because services compare them with their own clocks.
        """
        life = id_token["exp"] - id_token["iat"]
        id_token["iat"] = clock.timestamp()
        id_token["exp"] = id_token["iat"] + life
        if sid := farewells.sid_of_this_request.get():
            id_token["sid"] = sid

    def list_private_keys(
        self,
        *,
        did_activate: Literal[True] | None = None,
        is_active: Literal[True] | None = None,
    ) -> list[PrivateKey]:
        """Return all published keys, the signing key first. The settings decide; keys have no
        dates."""
        return [PrivateKey(pem=pem) for pem in settings.OIDC_KEYS]

    def get_signing_key(self) -> PrivateKey:
        return self.list_private_keys()[0]


def claims(user: User, scopes: Iterable[str]) -> dict[str, Any]:
    """Return ``sub``, and by scope ``name``, ``given_name``, ``family_name`` (profile), ``email``,
    ``email_verified`` (email), ``school``: ``{"uai", "name"}``, ``function`` (staff). Unknown
    values are left out.

    The address counts as verified if a staff record has it. The mail server vouches for the mailbox
    alone, since the address may be derived from the typed login.
    """
    granted = frozenset(scopes)
    record = StaffRecord.objects.of(user)
    values: dict[str, Any] = {"sub": str(user.subject)}
    if "profile" in granted:
        values["name"] = user.display_name
        if record:
            values |= {"given_name": record.first_name, "family_name": record.last_name}
    if "email" in granted and user.address:
        is_verified = record is not None and record.address == user.address.lower()
        values |= {"email": user.address, "email_verified": is_verified}
    if "staff" in granted and record:
        school = {"uai": record.school_uai, "name": record.school_name}
        values |= {"school": {key: value for key, value in school.items() if value}}
        values["function"] = record.function
    return {key: value for key, value in values.items() if value not in ("", {})}
