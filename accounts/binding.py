"""What binds an administrator's session to a browser, beside the cookie of the session.

The session notes the place of the last proof of identity: the browser's name and system, the wide
network, and the cookie by which the webmail knows the device. From another place, or when the proof
is old, the admin asks for a proof again. The pages of mail do not: telephones change their network
all day.
"""

from __future__ import annotations

import hashlib
import time
from typing import Final

from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.utils.http import urlencode

from accounts import devices
from accounts.models import User
from accounts.network import client_address, networks_of

BOUND: Final = "bound_to"
JUST_SECONDS: Final = 5 * 60


def note(request: HttpRequest) -> None:
    """Bind the session to this browser, if this request has proved who the user is. Only the admin
    asks for it; whether the user may open that would cost every page a query."""
    if not (request.session.modified and isinstance(request.user, User)):
        return  # a proof is noted in the session
    proved = proved_at(request)
    if BOUND not in request.session or request.session[BOUND][0] < proved:
        request.session[BOUND] = [proved, _place(request)]


def holds(request: HttpRequest) -> bool:
    """Return whether the request comes from where the user last proved who it is, not too long
    ago. A session that is not bound yet is bound to this request."""
    if BOUND not in request.session:
        request.session[BOUND] = [proved_at(request), _place(request)]
    proved, place = request.session[BOUND]
    is_recent = not proved or time.time() - proved < 60 * 60 * settings.ADMIN_PROOF_HOURS
    return is_recent and place == _place(request)


def has_just_proved(request: HttpRequest) -> bool:
    """Return whether the user has proved who it is within the last minutes, for what reaches into
    other mailboxes."""
    return time.time() - proved_at(request) < JUST_SECONDS


def proof_address(request: HttpRequest) -> str:
    """Return the address at which the user proves who it is, and then goes on to this page."""
    step = "mfa_reauthenticate" if is_mfa_enabled(request.user) else "accounts:reenter"
    return f"{resolve_url(step)}?{urlencode({'next': request.path})}"


def proved_at(request: HttpRequest) -> float:
    """Return the Unix time of the last second factor of this session, or of the sign-in if there
    was no second factor; 0 if neither is known."""
    user = request.user
    if not isinstance(user, User):
        return 0
    records = get_authentication_records(request, user)
    factors = [record for record in records if record.get("method") == "mfa"]
    return float(max((record.get("at", 0) for record in factors or records), default=0))


def _place(request: HttpRequest) -> str:
    device = devices.device_of(request)
    wide = networks_of(client_address(request))[-1:]
    text = "\0".join([device.browser, device.system, devices.token(request), *wide])
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
