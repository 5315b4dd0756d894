"""Where a request comes from, as far as it can be trusted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network


def inside(address: str, networks: Iterable[IPNetwork]) -> bool:
    """Whether the address lies in one of the networks; False for what is no address."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)


def client_address(request: HttpRequest) -> str:
    """The browser's IP address.

    ``X-Forwarded-For`` is believed from its right end only as far as configured proxies wrote it:
    whatever stands left of the first foreign address was the client's own invention.
    """
    address = str(request.META.get("REMOTE_ADDR", ""))
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    for hop in reversed([part.strip() for part in forwarded if part.strip()]):
        if not inside(address, settings.TRUSTED_PROXIES):
            break
        address = hop
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""
