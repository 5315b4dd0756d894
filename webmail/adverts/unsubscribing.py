"""Leave a mailing list by one click (RFC 8058). This server calls the URL, not the browser."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings

from accounts.models import User
from mail import remote
from mail.errors import RemoteRefused
from mail.remote import RequestLimits
from webmail.models import Unsubscription

BODY = b"List-Unsubscribe=One-Click"
SECONDS = 10.0
KEPT_BYTES = 64 * 1024


def ask(user: User, sender: str, url: str) -> Unsubscription:
    """Record that the user wants to leave. ``url`` comes from a message of the user, never from a
    form."""
    return Unsubscription.objects.create(user=user, sender=sender[:254], url=url)


def post(url: str) -> None:
    limits = RequestLimits(KEPT_BYTES, SECONDS, 0, tuple(settings.REMOTE_CLOSED_NETWORKS))
    remote.post(url, BODY, resolve=remote.look_up, limits=limits)


def run(pk: int, send: Callable[[str], None] = post) -> None:
    """Call the URL once. Do nothing a second time, or while another worker does it. The URL is
    deleted whatever the result, since it identifies the user."""
    unsubscription = Unsubscription.objects.claim(pk)
    if unsubscription is None:
        return
    state = Unsubscription.State.FAILED
    try:
        send(unsubscription.url)
        state = Unsubscription.State.DONE
    except RemoteRefused:
        pass  # the list of unsubscriptions shows the failure
    finally:
        unsubscription.end(state, url="")


def give_up(unsubscription: Unsubscription) -> None:
    """End an unsubscription whose worker died. The URL may have been called, which is done once."""
    unsubscription.end(Unsubscription.State.FAILED, url="")
