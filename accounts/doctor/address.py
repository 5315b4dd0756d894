"""The webmail as a browser reaches it: its name, its certificate and the proxy in front of it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts import arrival, server_check
from accounts.findings import Finding, bad, ok, warn

_SECONDS: Final = 8.0
_MOST_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class _HealthAnswer:
    status: int
    body: dict[str, Any] | None
    expires: datetime | None


def findings() -> Iterator[Finding]:
    """Yield findings on whether the public address leads to this installation, and on what the
    proxy tells of the client."""
    parts = urlsplit(settings.BASE_URL)
    host = parts.hostname or "localhost"
    try:
        answer = _ask(parts.scheme, host, parts.port, f"/healthz?{arrival.query()}")
    except (OSError, UnicodeError) as error:
        outcome = server_check.outcome_of(error)
        yield bad(
            gettext("The webmail does not reach itself at %(url)s.") % {"url": settings.BASE_URL},
            str(server_check.WORDS[outcome]),
        )
        return
    except http.client.HTTPException:
        answer = _HealthAnswer(0, None, None)
    yield from _reached(answer)
    yield from certificate(host, answer.expires)


def _ask(scheme: str, host: str, port: int | None, path: str) -> _HealthAnswer:
    if scheme == "https":
        context = server_check.tls_context()
        connection = http.client.HTTPSConnection(host, port, timeout=_SECONDS, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=_SECONDS)  # type: ignore[assignment]
    try:
        connection.request("GET", path)
        # The answer may close the socket, so the certificate is read before it.
        expires = server_check.expiry(connection.sock) if connection.sock else None
        response = connection.getresponse()
        text = response.read(_MOST_BYTES)
    finally:
        connection.close()
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = None
    return _HealthAnswer(response.status, body if isinstance(body, dict) else None, expires)


def _reached(answer: _HealthAnswer) -> Iterator[Finding]:
    words = {"url": settings.BASE_URL, "status": answer.status}
    if answer.body is None or "database" not in answer.body:
        yield bad(
            gettext("%(url)s leads elsewhere, or to a proxy that reaches no webmail (%(status)s).")
            % words,
            gettext("Look at WEBMAIL_BASE_URL, at proxy_pass, and whether webmail.service runs."),
        )
        return
    request = answer.body.get("seen")
    if not isinstance(request, dict):
        yield warn(
            gettext("A webmail answers at %(url)s, but it does not know this one.") % words,
            gettext("All processes must have the same REDIS_URL; or it is another installation."),
        )
        return
    yield from _proxy(request)


def _proxy(request: dict[str, Any]) -> Iterator[Finding]:
    words = {"peer": request.get("peer", ""), "address": request.get("address", "")}
    advice = gettext("Add %(peer)s to WEBMAIL_TRUSTED_PROXIES.") % words
    is_lost = settings.HTTPS and not request.get("is_secure")
    if is_lost:
        yield bad(
            gettext(
                "The webmail does not know that browsers come by https: it redirects them for ever."
            ),
            f"{advice} {gettext('The proxy must send X-Forwarded-Proto.')}",
        )
    # A trusted proxy on this machine has the same address as the self-check that connects through
    # it.
    if request.get("was_forwarded") and not request.get("is_trusted"):
        yield bad(
            gettext(
                "All users seem to come from the proxy's address, %(peer)s: they share one limit."
            )
            % words,
            advice,
        )
    elif not is_lost:
        yield ok(
            gettext("The webmail reaches itself, and saw this machine as %(address)s.") % words
        )


def certificate(name: str, expires: datetime | None) -> Iterator[Finding]:
    """Yield a finding about the days for which the certificate of a server is still valid."""
    if expires is None:
        return
    left: timedelta = expires - timezone.now()
    words = {"name": name, "days": left.days}
    text = (
        ngettext(
            "The certificate of %(name)s is good for %(days)s day.",
            "The certificate of %(name)s is good for %(days)s days.",
            left.days,
        )
        % words
    )
    if left.days < 3:
        yield bad(text, gettext("Renew it now: once it has ended nobody gets in."))
    elif left.days < 21:
        yield warn(text, gettext("Does its renewal run by itself?"))
    else:
        yield ok(text)


def resolves(name: str) -> bool:
    """Return whether the name has an address in DNS."""
    try:
        return bool(socket.getaddrinfo(name, None))
    except (OSError, UnicodeError):
        return False
