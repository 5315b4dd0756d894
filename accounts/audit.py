"""Write the audit log."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import AuditEvent, User
from accounts.network import client_address

Detail = str | int | bool


def masked(address: str) -> str:
    """Return ``f•••@ac-exemple.fr``, which is recognised only by people who know the address."""
    local, _at, domain = address.rpartition("@")
    return f"{local[:1]}•••@{domain}"


def record(
    kind: AuditEvent.Kind,
    request: HttpRequest | None = None,
    *,
    actor: User | None = None,
    target: str | None = None,
    **detail: Detail,
) -> AuditEvent:
    """Write a line of the audit log. ``actor`` defaults to the request's user. ``target`` is an
    address or a login, in lower case; it defaults to the actor's, and is "" for none. Never pass a
    password, a NUMEN or a date of birth."""
    if actor is None and request is not None:
        user = getattr(request, "user", None)
        actor = user if isinstance(user, User) else None
    if target is None:
        target = str(actor) if actor else ""
    return AuditEvent.objects.create(
        kind=kind,
        actor=actor,
        target=target.lower()[:254],
        network=client_address(request) if request is not None else "",
        detail=detail,
    )
