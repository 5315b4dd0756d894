"""The network address that a request comes from, as far as it can be trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# What one subscriber has of IPv6 (RFC 6177): he may come from any address in it.
_SUBSCRIBER = 64


def _parsed(text: str) -> IPAddress | None:
    """The address, an IPv4 one also when written as IPv6, without its zone; None if it is none."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def inside(address: str, networks: Iterable[IPNetwork]) -> bool:
    """Whether the address lies in one of the networks; False for what is no address."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def network_of(address: str) -> str:
    """Return what counts as one network: an IPv4 address, or the /64 around one of IPv6."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _SUBSCRIBER), strict=False))
    return str(parsed or "")


def client_address(request: HttpRequest) -> str:
    """The browser's IP address, "" when the server does not know it (a Unix socket).

    ``X-Forwarded-For`` is believed from its right end only as far as configured proxies wrote it:
    whatever stands left of the first foreign address was the client's own invention. A proxy that
    writes no address is taken for the client: better one limit for all than none.
    """
    return address_of(request.META)


def address_of(environ: Mapping[str, Any]) -> str:
    """The same of a request's environment (PEP 3333)."""
    address = _parsed(str(environ.get("REMOTE_ADDR", "")))
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for hop in reversed([part.strip() for part in forwarded if part.strip()]):
        before = _parsed(hop)
        if not (address and before and inside(str(address), settings.TRUSTED_PROXIES)):
            break
        address = before
    return str(address or "")
