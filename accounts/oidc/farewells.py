"""Tell applications that a session has ended (OpenID Connect Back-Channel Logout 1.0), if they have
registered an address for it."""

from __future__ import annotations

import logging
import secrets
import uuid
from contextlib import suppress
from contextvars import ContextVar
from datetime import timedelta
from typing import Final
from urllib.parse import urlencode, urlsplit

import jwt
from allauth.core.internal import jwkkit
from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError
from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from accounts.models import ServiceVisit, User, UserSession
from accounts.oidc.codes import digest
from core import clock
from mail import remote

logger = logging.getLogger(__name__)

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
VISITED: Final = "visited_services"
"""The key in the session that says whether an application must be told of the session's end."""

# A code lives for a minute.
_CODE_SECONDS: Final = 120
_LIMITS: Final = (64 * 1024, 10.0)
_METADATA: Final = "client_metadata"
_NAME: Final = "backchannel_logout_uri"

sid_of_this_request: ContextVar[str] = ContextVar("sid_of_this_request", default="")
"""The session's number for the ID token that is being made, which allauth does not pass on."""


def address(client: Client) -> str:
    """Return the address at which the application wants to be told; "" if it has none."""
    data = client.data if isinstance(client.data, dict) else {}
    metadata = data.get(_METADATA)
    return str(metadata.get(_NAME) or "") if isinstance(metadata, dict) else ""


def set_address(client: Client, address: str) -> None:
    client.data = client.data if isinstance(client.data, dict) else {}
    metadata = client.data.get(_METADATA)
    client.data[_METADATA] = (metadata if isinstance(metadata, dict) else {}) | {_NAME: address}


def note(request: HttpRequest, row: int, client: Client, code: str) -> None:
    """Note that the user signs in to an application with this code, and that the application must
    be told of the session's end."""
    if not row or not address(client):
        return
    visit = ServiceVisit.objects.filter(session=row, client=client).first()
    if visit is None:
        assert isinstance(request.user, User)  # noqa: S101  codes are given to nobody else
        visit = ServiceVisit(session=row, client=client, user=request.user)
        visit.sid = secrets.token_hex(16)
        with suppress(IntegrityError):  # a second window was faster
            visit.save()
        visit = ServiceVisit.objects.get(session=row, client=client)
    request.session[VISITED] = True
    cache.set(_key(code), visit.sid, _CODE_SECONDS)


def sid_of(code: str) -> str:
    """Return the number of the session in which a code was issued; "" if its application need not
    be told."""
    return str(cache.get(_key(code)) or "")


def _key(code: str) -> str:
    return f"oidc-sid:{digest(code)}"


def of_session(row: int) -> list[int]:
    """Return the primary keys of the visits whose applications must be told."""
    return list(ServiceVisit.objects.filter(session=row).values_list("pk", flat=True))


def tell(visit: ServiceVisit) -> None:
    """POST the logout token (2.5). Raises RemoteUnavailable, RemoteRefused."""
    to = address(visit.client)
    if not to or not settings.OIDC_KEYS:
        return
    size, seconds = _LIMITS
    answer = remote.ask(
        to,
        resolve=remote.look_up,
        limits=remote.RequestLimits(size, seconds, 0, (), tuple(settings.PROVIDER_NETWORKS)),
        form=urlencode({"logout_token": logout_token(visit)}).encode(),
        ports={443, urlsplit(to).port or 443},
        ca_file=settings.TLS_CA_FILE,
    )
    if answer.status not in (200, 204):
        logger.warning("application %s: logout answered by %s", visit.client_id, answer.status)


def logout_token(visit: ServiceVisit) -> str:
    """Return the token that names the user and the session that has ended (2.4)."""
    adapter, now = get_adapter(), clock.timestamp()
    public, key = jwkkit.load_jwk_from_pem(adapter.get_signing_key().pem)
    claims = {
        "iss": adapter.get_issuer(),
        "aud": visit.client_id,
        "sub": adapter.get_user_sub(visit.client, visit.user),
        "sid": visit.sid,
        "iat": now,
        "exp": now + 120,
        "jti": uuid.uuid4().hex,
        "events": {EVENT: {}},
    }
    headers = {"kid": public["kid"], "typ": "logout+jwt"}
    return jwt.encode(claims, key, algorithm="RS256", headers=headers)


def forget_old() -> int:
    """Delete the visits of sessions that have expired. Return the number deleted."""
    going_on = UserSession.objects.filter(pk=OuterRef("session"))
    old = ServiceVisit.objects.filter(opened__lt=clock.now() - timedelta(days=1))
    return old.filter(~Exists(going_on)).delete()[0]
