"""A log of a user's connections, begun without the administration, and what it must not hold."""

from __future__ import annotations

import base64
from datetime import timedelta

from django.utils import timezone

from accounts import wire_log
from accounts.models import User, WireLog
from accounts.sealed import rows


def begin_log(user: User) -> None:
    now = timezone.now()
    WireLog.objects.create(user=user, begun=now, until=now + timedelta(hours=1))
    User.objects.filter(pk=user.pk).update(logged_until=now + timedelta(hours=1))


def lines_of(user: User) -> str:
    log = WireLog.objects.get(user=user)
    pieces = (
        rows.opened(wire_log._PURPOSE, log.number, log.user_id, piece.sealed)
        for piece in log.pieces.all()
    )
    return b"".join(pieces).decode()


def shows(text: str, secret: str) -> bool:
    """Whether a text has a secret, as it is or in Base64, wherever it stands in what is encoded."""
    data = secret.encode()
    forms = {secret}
    for before in range(3):
        # The letters at both ends depend on what stands beside it.
        whole = base64.b64encode(bytes(before) + data).decode().rstrip("=")
        forms.add(whole[before * 4 // 3 + 1 : -1] if before else whole[:-1])
    return any(form in text for form in forms)
