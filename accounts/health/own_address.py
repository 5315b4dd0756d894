"""Requests of this installation to itself, by the address that browsers use."""

from __future__ import annotations

import http.client
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings

from accounts.health import server_check

_SECONDS: Final = 8.0
_MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class OwnAnswer:
    """An answer. ``body`` is None unless it is an object of JSON; ``expires`` is the end of the
    certificate."""

    status: int
    headers: http.client.HTTPMessage
    body: dict[str, Any] | None
    expires: datetime | None


def host() -> str:
    return urlsplit(settings.BASE_URL).hostname or "localhost"


def ask(path: str, headers: Sequence[tuple[str, str]] = ()) -> OwnAnswer:
    """Send a GET request with these headers, and follow no redirect. Raises OSError, UnicodeError
    or HTTPException."""
    connection = _connection()
    try:
        connection.putrequest("GET", path)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        # The answer may close the socket, so the certificate is read before it.
        expires = server_check.expiry(connection.sock) if connection.sock else None
        response = connection.getresponse()
        return OwnAnswer(
            response.status, response.headers, _object(response.read(_MOST_BYTES)), expires
        )
    finally:
        connection.close()


def _connection() -> http.client.HTTPConnection:
    parts = urlsplit(settings.BASE_URL)
    if parts.scheme == "https":
        context = server_check.tls_context()
        return http.client.HTTPSConnection(host(), parts.port, timeout=_SECONDS, context=context)
    return http.client.HTTPConnection(host(), parts.port, timeout=_SECONDS)


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None
