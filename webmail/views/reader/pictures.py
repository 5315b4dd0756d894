"""Pictures of a message as answers, which the browser may keep."""

from __future__ import annotations

from functools import partial
from typing import TypeVar

from django.http import HttpResponse, HttpResponseBase

from accounts.http import SignedInRequest
from mail import remote
from mail.errors import PartNotFound
from mail.remote import RemoteContent
from webmail.reader import html, image_proxy
from webmail.serving import errands


def from_elsewhere(request: SignedInRequest, loaded: html.Loaded, n: int) -> HttpResponse:
    """Return the nth remote image that a message loads. Its host may be slow: it is fetched by an
    errand, and the request is answered again with the outcome."""
    if not loaded.images.are_shown or n >= len(loaded.remote):
        raise PartNotFound(f"The message shows no image {n} from elsewhere.")
    url = loaded.remote[n]
    outcome = errands.outcome(request.META)
    if outcome is None:
        if image := image_proxy.kept(request.user, url):
            return _answer(request, image)
        image_proxy.check_limits(request.user)
        if errands.are_run(request.META):
            return errands.ErrandResponse(_errand(request, url))
    fetch = outcome.content if outcome else image_proxy.from_the_web
    keep = not request.session.get("shared_computer")
    return _answer(request, image_proxy.fetched(request.user, url, keep=keep, fetch=fetch))


def _errand(request: SignedInRequest, url: str) -> errands.Errand:
    run = partial(image_proxy.from_the_web, url)
    return errands.Errand(str(request.user.pk), remote.host_of(url), url, run)


def _answer(request: SignedInRequest, image: RemoteContent) -> HttpResponse:
    return kept_by_browser(request, HttpResponse(image.content, content_type=image.media_type))


Response = TypeVar("Response", bound=HttpResponseBase)


def kept_by_browser(request: SignedInRequest, response: Response) -> Response:
    """Let the browser cache a picture for a day, except on a shared computer."""
    if not request.session.get("shared_computer"):
        response["Cache-Control"] = "private, max-age=86400, immutable"
    return response
