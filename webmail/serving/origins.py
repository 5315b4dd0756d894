"""From which site a request comes, as browsers say in Sec-Fetch-Site (W3C Fetch Metadata).

An absent header is that of an old browser or of another program, for which the CSRF token and the
SameSite cookies stand alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.module_loading import import_string

from accounts.http import is_asked_here

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
OURS: Final = frozenset({"", "same-origin", "none"})
"""What a browser says of a request of our own pages, and of an address that the user typed."""


def is_from_our_page(request: HttpRequest) -> bool:
    """Return whether a page of the webmail asks, and no other site, program or bookmark."""
    return request.headers.get("Sec-Fetch-Site", "") in {"", "same-origin"}


class FetchSiteMiddleware:
    """Refuses what other sites make a browser do here: any form, with the cookie of a session any
    script, picture and frame, and without a click of the user the pages marked by `asked_here`.

    Addresses for other programs, which need no CSRF token, are left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: object, named: object
    ) -> HttpResponse | None:
        if request.META.get("HTTP_SEC_FETCH_SITE", "") in OURS or getattr(
            view, "csrf_exempt", False
        ):
            return None
        if request.method not in SAFE or (_has_session(request) and not _is_page(request)):
            answer = import_string(settings.CSRF_FAILURE_VIEW)
            refused: HttpResponse = answer(request, "another site")
            return refused
        if is_asked_here(view):
            onward = {"onward": request.get_full_path()}
            return render(request, "errors/asked_elsewhere.html", onward, status=403)
        return None


def _has_session(request: HttpRequest) -> bool:
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def _is_page(request: HttpRequest) -> bool:
    """Return whether the browser opens a page of its own, as by a link in a message."""
    mode, shown = (request.headers.get(f"Sec-Fetch-{name}", "") for name in ("Mode", "Dest"))
    return mode == "navigate" and shown not in {"iframe", "frame", "object", "embed"}
