"""Write the audit log."""

from __future__ import annotations

from django.http import HttpRequest

from accounts.models import AuditEvent, User
from accounts.network import client_address

Detail = str | int | bool


def masked(address: str) -> str:
    """``f•••@ac-exemple.fr``: who knows the address recognises it, nobody else learns it."""
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
    """One line. ``actor`` is the request's person unless it is given; ``target`` an address or
    login, in lower case: the actor's unless it is given, "" for nobody's. Nobody passes a password,
    a NUMEN or a date of birth here.
    """
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
