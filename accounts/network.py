"""The network address that a request comes from, as far as it can be trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.http import HttpRequest

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

# The prefix length of a subscriber's IPv6 network (RFC 6177), which may use any address in it.
_SUBSCRIBER = 64
# From a subscriber to the block of a provider, as they are assigned: a home gets /64 to /56, an
# organisation /48, a provider /32 (RFC 6177); an IPv4 block has no such fixed lengths.
_WIDTHS = {4: (32, 24, 16), 6: (_SUBSCRIBER, 56, 48, 32)}


def _parsed(text: str) -> IPAddress | None:
    """Return the address without its zone, None if the text is none. An IPv4 address mapped to IPv6
    is returned as IPv4."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


def is_inside(address: str, networks: Iterable[IPNetwork]) -> bool:
    """Return whether the address lies in one of the networks; False if the text is no address."""
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def is_loopback(address: str) -> bool:
    """Return whether the address is one of this machine itself; False if the text is no address."""
    parsed = _parsed(address)
    return parsed is not None and parsed.is_loopback


def network_of(address: str) -> str:
    """Return the network that limits count by: an IPv4 address, or the /64 network of an IPv6
    address."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _SUBSCRIBER), strict=False))
    return str(parsed or "")


def networks_of(address: str) -> tuple[str, ...]:
    """Return the networks around an address, the narrowest first: /32, /24 and /16 of IPv4, /64,
    /56, /48 and /32 of IPv6; nothing if the text is no address."""
    parsed = _parsed(address)
    if parsed is None:
        return ()
    return tuple(
        str(ipaddress.ip_network((parsed, width), strict=False))
        for width in _WIDTHS[parsed.version]
    )


def client_address(request: HttpRequest) -> str:
    """Return the browser's IP address, "" when the server does not know it (a Unix socket).

    ``X-Forwarded-For`` is read from its right end, and only as far as configured proxies wrote it:
    everything to the left of the first foreign address may be forged by the client. A proxy that
    writes no address is taken for the client: one limit for all is better than none.
    """
    return address_of(request.META)


def address_of(environ: Mapping[str, Any]) -> str:
    """Return the browser's IP address from the environment of a request (PEP 3333)."""
    address = _parsed(str(environ.get("REMOTE_ADDR", "")))
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for hop in reversed([part.strip() for part in forwarded if part.strip()]):
        before = _parsed(hop)
        if not (address and before and is_inside(str(address), settings.TRUSTED_PROXIES)):
            break
        address = before
    return str(address or "")
