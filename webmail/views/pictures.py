"""Pictures of a message as answers, which the browser may keep."""

from __future__ import annotations

from typing import TypeVar

from django.http import HttpResponse, HttpResponseBase

from accounts.http import SignedInRequest
from mail.errors import PartNotFound
from webmail.reader import html, image_proxy


def from_elsewhere(request: SignedInRequest, loaded: html.Loaded, n: int) -> HttpResponse:
    """Return the nth remote image that a message loads."""
    if not loaded.images.are_shown or n >= len(loaded.remote):
        raise PartNotFound(f"The message shows no image {n} from elsewhere.")
    is_shared = bool(request.session.get("shared_computer"))
    image = image_proxy.image(request.user, loaded.remote[n], keep=not is_shared)
    response = HttpResponse(image.content, content_type=image.media_type)
    return kept_by_browser(request, response)


Response = TypeVar("Response", bound=HttpResponseBase)


def kept_by_browser(request: SignedInRequest, response: Response) -> Response:
    """Let the browser cache a picture for a day, except on a shared computer."""
    if not request.session.get("shared_computer"):
        response["Cache-Control"] = "private, max-age=86400, immutable"
    return response
