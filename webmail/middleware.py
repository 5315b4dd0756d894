"""Errors -> HTTP answers; the person's language and time zone."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone, translation
from django.utils.http import urlencode

from webmail.errors import SignInNeeded, WebmailError
from webmail.htmx import wants_partial
from webmail.models import PreferenceDefault
from webmail.preferences import Preferences

logger = logging.getLogger(__name__)


class PreferencesMiddleware:
    """Puts ``request.preferences`` in force: language and time zone for this request.

    Before sign-in the language is French unless this browser chose another: an English browser in a
    French staff room says nothing about who sits there.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        chosen = dict(getattr(request.user, "preferences", None) or {})
        if not request.user.is_authenticated:
            chosen["language"] = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        preferences = Preferences.combine(chosen, PreferenceDefault.objects.all().in_force())
        request.preferences = preferences  # type: ignore[attr-defined]
        request.LANGUAGE_CODE = preferences.language
        with (
            translation.override(preferences.language),
            timezone.override(ZoneInfo(preferences.time_zone)),
        ):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", preferences.language)
            return response


def template_names(error: WebmailError) -> list[str]:
    """``errors/folder_not_found.html``, else the parent's, up to ``errors/webmail_error.html``."""
    names = []
    for cls in type(error).__mro__:
        if issubclass(cls, WebmailError):
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
            names.append(f"errors/{snake}.html")
    return names


def in_place(request: HttpRequest) -> bool:
    """Whether a script made the request and shows the answer itself."""
    return wants_partial(request) or request.headers.get("X-Requested-With") == "fetch"


class ErrorsMiddleware:
    """The only place that makes an HTTP answer of a WebmailError."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, WebmailError):
            return None
        if isinstance(error, SignInNeeded):
            return self._sign_in(request, error)
        reference = secrets.token_hex(4)
        logger.warning(
            "%s %s: %s", reference, type(error).__name__, error.server_words or error or "no words"
        )
        context = {
            "error": error,
            "retry_url": request.get_full_path() if request.method == "GET" else "",
            "reference": reference,
        }
        return answer(request, error, context)

    @staticmethod
    def _sign_in(request: HttpRequest, error: SignInNeeded) -> HttpResponse:
        if in_place(request) or request.method != "GET":
            response = answer(request, error, {"error": error, "retry_url": "", "reference": ""})
            response["X-Session-Over"] = "1"
            return response
        # Known but no longer able to open the mailbox: only the password is missing.
        step = "accounts:reenter" if request.user.is_authenticated else settings.LOGIN_URL
        return redirect(f"{resolve_url(step)}?{urlencode({'next': request.get_full_path()})}")


def answer(request: HttpRequest, error: WebmailError, context: dict[str, object]) -> HttpResponse:
    """The error as a page, or for a script as a notice for the notice area."""
    names = template_names(error)
    if not in_place(request):
        return render(request, names, context, status=error.status)
    response = render(
        request,
        "webmail/_notice.html",
        {**context, "kind": names[0].split("/")[1][:-5]},
        status=error.status,
    )
    response["HX-Retarget"] = "#notices"
    response["HX-Reswap"] = "innerHTML"
    return response
