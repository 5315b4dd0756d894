"""Errors -> HTTP answers; the person's language and time zone."""

from __future__ import annotations

import gzip
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from accounts import arrival
from webmail import sandbox
from webmail.errors import (
    AddressBookTooLarge,
    MailFileTooLarge,
    SignInNeeded,
    TooLarge,
    WebmailError,
)
from webmail.htmx import TOAST, wants_partial
from webmail.preferences import Preferences, enforcing
from webmail.serving import health, logs, measures, metrics
from webmail.serving.bodies import REFUSED

logger = logging.getLogger(__name__)
access = logging.getLogger("webmail.access")

_IS_TEXT = re.compile(r"text/|application/(?:json|xml)|image/svg\+xml").match
_DOCUMENTS = re.compile(r"/drafts/[0-9a-f-]{36}/documents/add/\Z").match
_FNAME = 0x08  # a name follows the head of gzip's format (RFC 1952 section 2.3)


class RequestIdMiddleware:
    """Gives the request an id that its log lines, its answer and its error page name, and counts it
    (`webmail.serving.measures`); with WEBMAIL_ACCESS_LOG, a line for each request: its method,
    route, status and milliseconds.

    The route is that of the URL configuration (``mail/<folder:folder>/``): an address holds names
    of folders and words that were searched for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began, identifier = time.monotonic(), logs.new_id()
        request.request_id = identifier  # type: ignore[attr-defined]
        with logs.about(identifier):
            response = self.get_response(request)
            response.headers[logs.HEADER] = identifier
            route, status = logs.route(request), response.status_code
            seconds = time.monotonic() - began
            measures.request(request.method or "", route, status, seconds)
            if settings.ACCESS_LOG:
                milliseconds = round(seconds * 1000)
                access.info("%s %s %s %s ms", request.method, route, status, milliseconds)
        return response


class HealthMiddleware:
    """``/healthz``: 200 or 503 with what answers and what does not; the webmail that asks itself is
    told besides how its request came (`accounts.arrival`). ``/readyz``: 200 or 503 with what this
    process lacks to take requests. ``/metrics``: see `webmail.serving.metrics`.

    Before everything else, since sessions and preferences need what may be down; and under any host
    name, since a load balancer asks by address.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info.removesuffix("/")
        if path == "/readyz":
            return self._told(ready := health.readiness(), is_able=all(ready.values()))
        if path == metrics.PATH and (measured := metrics.answer(request)):
            return measured
        if path != "/healthz":
            return self.get_response(request)
        state = health.state()
        is_able = all(state[name] for name in health.NEEDED)
        seen = arrival.seen(request) if is_able else None
        return self._told({**state, "seen": seen} if seen else state, is_able=is_able)

    @staticmethod
    def _told(body: Mapping[str, object], *, is_able: bool) -> JsonResponse:
        response = JsonResponse(body, status=200 if is_able else 503)
        response["Cache-Control"] = "no-store"
        return response


class CompressionMiddleware(GZipMiddleware):
    """Django's, for texts alone, since images and other files are compressed already; at a level
    that takes a quarter of the usual one's time for a tenth more bytes. The length of a name in the
    head is chance, as Django has it: whoever can have pages made does not learn from their size
    what else stands in them (BREACH)."""

    LEVEL = 3
    SHORT = 200

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or response.has_header("Content-Encoding"):
            return response
        if len(response.content) < self.SHORT or not _IS_TEXT(response.get("Content-Type", "")):
            return response
        patch_vary_headers(response, ["Accept-Encoding"])
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return response
        packed = gzip.compress(response.content, self.LEVEL, mtime=0)
        named = bytearray(packed[:10])
        named[3] = _FNAME
        name = b"a" * secrets.randbelow(self.max_random_bytes) + b"\0"
        response.content = bytes(named) + name + packed[10:]
        response.headers["Content-Length"] = str(len(response.content))
        response.headers["Content-Encoding"] = "gzip"
        return response


class PolicyMiddleware(CSPMiddleware):
    """django-csp's, which writes the policy anew for each answer. Most have the one of the
    settings, which is written once."""

    _usual = ""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        own = any(name.startswith("_csp") for name in (*vars(response), *vars(request)))
        if own or HEADER in response or settings.DEBUG:
            answered: HttpResponseBase = super().process_response(request, response)
            return answered
        if not self._usual:
            super().process_response(request, response)
            self._usual = response.get(HEADER, "")
        response.headers[HEADER] = self._usual
        return response


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
        preferences = Preferences.combine(chosen, enforcing.of_request(request))
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


def _announced(request: HttpRequest) -> int:
    """The bytes that the request says it brings."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0


def _bounded(request: HttpRequest) -> TooLarge:
    """The error about a request that is too large, with the limit in bytes that applies to its
    page: that of messages, of documents for recipients, of staff files, of files of messages or of
    old address books."""
    path, user = request.path_info, request.user
    if path == reverse("admin:accounts_staffimport_add") and user.has_perm(
        "accounts.add_staffimport"
    ):
        return TooLarge(limit=settings.STAFF_FILE_LIMIT)
    if user.is_authenticated and path == reverse("mail:import_messages"):
        return MailFileTooLarge(limit=settings.MAIL_FILE_LIMIT)
    if user.is_authenticated and path.startswith(reverse("addressbook:imports")):
        return AddressBookTooLarge(limit=settings.ADDRESS_BOOK_LIMIT)
    if user.is_authenticated and _DOCUMENTS(path):
        return TooLarge(limit=settings.DOCUMENTS_LIMIT)
    is_administrator = getattr(user, "is_administrator", False)
    if path == reverse("admin:addressbook_importjob_add") and is_administrator:
        return AddressBookTooLarge(limit=settings.ADDRESS_BOOK_LIMIT)
    return TooLarge(limit=settings.MESSAGE_LIMIT)


def in_place(request: HttpRequest) -> bool:
    """Whether a script made the request and shows the answer itself."""
    return wants_partial(request) or request.headers.get("X-Requested-With") == "fetch"


class PatienceMiddleware:
    """A page waits for helper processes so long in all, and says less where that is not enough."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with sandbox.patience(sandbox.PATIENCE):
            return self.get_response(request)


class ErrorsMiddleware:
    """The only place that makes an HTTP answer of a WebmailError."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if REFUSED in request.META:
            return self._page(request, request.META[REFUSED])
        files = _announced(request) - settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if files > 0 and files > (refusal := _bounded(request)).limit:
            # Before anything reads it, for its token or its fields: a file would be on the disk.
            return self._page(request, refusal)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        return self._page(request, error) if isinstance(error, WebmailError) else None

    def _page(self, request: HttpRequest, error: WebmailError) -> HttpResponse:
        if isinstance(error, SignInNeeded):
            return self._sign_in(request, error)
        context = {
            "error": error,
            "retry_url": request.get_full_path() if request.method == "GET" else "",
            "reference": note(error),
        }
        if not in_place(request):
            # What was done before: a message that was accepted leaves, whatever this page lacks. It
            # stays for the next page, which may be the same failure again.
            context["toast"] = request.session.get(TOAST)
        return answer(request, error, context)

    @staticmethod
    def _sign_in(request: HttpRequest, error: SignInNeeded) -> HttpResponse:
        # In the reader's frame, where no form works, the sign-in page would be a dead end.
        framed = request.headers.get("Sec-Fetch-Dest") == "iframe"
        if framed or in_place(request) or request.method != "GET":
            return sign_in_answer(request, error)
        # Known but no longer able to open the mailbox: only the password is missing.
        step = "accounts:reenter" if request.user.is_authenticated else settings.LOGIN_URL
        return redirect(f"{resolve_url(step)}?{urlencode({'next': request.get_full_path()})}")


def sign_in_answer(request: HttpRequest, error: SignInNeeded) -> HttpResponse:
    """Say that the session is over: scripts ask for the password in place, the page leads on."""
    response = answer(request, error, {"error": error, "retry_url": "", "reference": ""})
    response["X-Session-Over"] = "1"
    return response


def note(error: WebmailError) -> str:
    """Log the error; returns the reference by which the support desk finds the lines."""
    logger.warning("%s: %s", type(error).__name__, error.server_words or error or "no words")
    return logs.request_id()


def answer(request: HttpRequest, error: WebmailError, context: dict[str, object]) -> HttpResponse:
    """The error as a page, or for a script as a notice for the notice area."""
    response = _in_words(request, error, context)
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response


def _in_words(
    request: HttpRequest, error: WebmailError, context: dict[str, object]
) -> HttpResponse:
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
    # The page shows what it showed before: so does its address.
    response["HX-Push-Url"] = "false"
    return response
