"""Images in the HTML of messages inside messages."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponseBase
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, login_required
from mail.mailbox import reading
from mail.previews import images
from mail.previews.making import make
from webmail.reader import attachments, html
from webmail.views.policies import INERT, policy
from webmail.views.reader.pictures import from_elsewhere
from webmail.views.viewer.answers import picture, unshown
from webmail.views.viewer.nested_page import html_of
from webmail.views.viewer.places import Place, at_place


@require_GET
@login_required
@policy(INERT)
@at_place
def inline(request: SignedInRequest, place: Place, n: int) -> HttpResponseBase:
    """Return the nth image that the HTML of a nested message names."""
    with unshown():
        loaded = html.loaded(request, place.ref, place.inside, html_of(place))
        part = reading.image_part(loaded.inline, n)
        with session.imap(request) as imap:
            content = attachments.part_of_nested(
                imap, place.ref, place.number, place.member, part, settings.PREVIEW_LIMIT
            )
        return picture(make(images.picture, content))


@require_GET
@login_required
@policy(INERT)
@at_place
def remote(request: SignedInRequest, place: Place, n: int) -> HttpResponseBase:
    """Return the nth remote image of a nested message, if its message shows such images."""
    with unshown():
        loaded = html.loaded(request, place.ref, place.inside, html_of(place))
    return from_elsewhere(request, loaded, n)
