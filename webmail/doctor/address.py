"""The webmail as a browser reaches it: its name, its certificate and the proxy in front of it."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext, ngettext

from accounts.health import arrival, own_address, server_check
from accounts.health.findings import Finding, bad, ok, warn
from accounts.health.own_address import OwnAnswer
from accounts.providers import proof, proxied


def findings() -> Iterator[Finding]:
    """Yield findings on whether the public address leads to this installation, and on what the
    proxy tells of the client."""
    try:
        answer = own_address.ask(f"/readyz?{arrival.query()}")
    except (OSError, UnicodeError) as error:
        outcome = server_check.outcome_of(error)
        yield bad(
            gettext("The webmail does not reach itself at %(url)s.") % {"url": settings.BASE_URL},
            str(server_check.WORDS[outcome]),
        )
        return
    except http.client.HTTPException:
        yield _elsewhere(0)
        return
    yield from _reached(answer)
    yield from certificate(own_address.host(), answer.expires)
    if proxied.is_on():
        yield from header_findings()


def _elsewhere(status: int) -> Finding:
    return bad(
        gettext("%(url)s leads elsewhere, or to a proxy that reaches no webmail (%(status)s).")
        % {"url": settings.BASE_URL, "status": status},
        gettext("Look at WEBMAIL_BASE_URL, at proxy_pass, and whether webmail.service runs."),
    )


def header_findings() -> Iterator[Finding]:
    """Yield a finding on whether a browser can name the user of a sign-in by the proxy."""
    words = {"header": settings.REMOTE_USER_HEADER, "url": settings.BASE_URL}
    passage = proof.ask()
    if passage is proof.Passage.DROPPED:
        yield ok(gettext("The proxy lets no browser send the header %(header)s.") % words)
    elif passage is proof.Passage.LET_THROUGH:
        yield bad(
            gettext(
                "The proxy lets browsers send the header %(header)s: anybody could open any"
                " mailbox, and the web server does not start."
            )
            % words,
            gettext("Let the proxy drop it at every address (docs/sign-in.md, “CAS and SAML”)."),
        )
    else:
        yield warn(
            gettext(
                "Whether browsers can send the header %(header)s through %(url)s could not be"
                " tried: sign-ins by the proxy stay closed."
            )
            % words,
            gettext("The webmail must reach itself at its own address, through the proxy."),
        )


def _reached(answer: OwnAnswer) -> Iterator[Finding]:
    words = {"url": settings.BASE_URL}
    if answer.body is None or "ready" not in answer.body:
        yield _elsewhere(answer.status)
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
