"""Asking for news where none is told: by scripts, once a minute."""

from __future__ import annotations

from django.http import JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail import outbox
from webmail.converters import CONTROLS, LONGEST_NAME
from webmail.errors import SignInNeeded
from webmail.mailbox import news
from webmail.push import told


@require_safe
@never_cache
@login_required
def poll(request: SignedInRequest) -> JsonResponse:
    """``{"folders": [...]}``: how INBOX and the ``folder`` that is open stand, as a stream tells
    it. ``who`` is the number of the user whose page asks: the browser may be another's by now."""
    if request.GET.get("who") != str(request.user.pk):
        raise SignInNeeded
    with session.imap(request) as imap:
        outbox.settle(request, imap)
        found = news.states(imap, ("INBOX", *_open_folder(request)))
    return JsonResponse({"folders": [told(state) for state in found]})


def _open_folder(request: SignedInRequest) -> tuple[str, ...]:
    name = request.GET.get("folder", "")
    return (name,) if name and len(name) <= LONGEST_NAME and not CONTROLS.search(name) else ()
