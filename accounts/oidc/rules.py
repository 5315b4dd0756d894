"""The rules for a request for a sign-in, beyond what allauth asks.

allauth lets a redirect address have more parameters than the registered one, or another port on
this machine; lets confidential services come without PKCE, and any with its plain form; and takes
what somebody granted to one service as consent to another when nobody is to be asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from allauth.idp.oidc.models import Client
from django.http import QueryDict

# A SHA-256 in base64url without padding (RFC 7636, 4.2).
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """``error`` as RFC 6749 and OpenID Connect name it; a sentence for the service's engineers."""

    error: str
    description: str


def client_of(query: QueryDict) -> Client | None:
    """The service that asks; None when it is unknown, or wants the answer at an address that is not
    registered for it, letter by letter."""
    ids, addresses = query.getlist("client_id"), query.getlist("redirect_uri")
    if len(ids) != 1 or len(addresses) != 1:
        return None
    client = client_by_id(ids[0])
    return client if client and addresses[0] in client.get_redirect_uris() else None


def client_by_id(client_id: str) -> Client | None:
    """PostgreSQL takes no NUL."""
    return Client.objects.filter(pk=client_id.replace("\x00", "")).first()


def refusal(query: QueryDict) -> Refusal | None:
    """Return why a known service's request is refused; None when it may go on."""
    if any(len(values) > 1 for _name, values in query.lists()):
        return Refusal("invalid_request", "A parameter is repeated.")
    if query.get("response_type") != "code":
        return Refusal("unsupported_response_type", "Only response_type=code is answered.")
    if "resource" in query:
        return Refusal("invalid_target", "Resources are not supported.")
    if "request" in query or "request_uri" in query:
        return Refusal("request_not_supported", "Request objects are not supported.")
    if "max_age" in query:
        # Unanswered it would promise what nobody checked.
        return Refusal("invalid_request", "max_age is not supported; prompt=login is.")
    if query.get("code_challenge_method") != "S256":
        return Refusal("invalid_request", "PKCE is required: code_challenge_method=S256.")
    if not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        return Refusal("invalid_request", "PKCE is required: code_challenge has 43 characters.")
    return None


def origin(address: str) -> str:
    """``https://host:port`` of an address, as a Content-Security-Policy names it."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def address_fault(address: str) -> bool:
    """Whether a service may not be answered at this address: it must be absolute, https (or this
    machine's own, for those who develop), without fragment, user or wildcard."""
    try:
        parts = urlsplit(address)
        _port = parts.port
    except ValueError:
        return True
    if not re.fullmatch(r"[!-~]+", address) or set(address) & set("*\"'<>\\^`{|};,"):
        return True
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    return not secure or not parts.hostname or "@" in parts.netloc or "#" in address
