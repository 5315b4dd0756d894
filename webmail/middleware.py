"""Errors as HTTP answers; the user's language and time zone; other middleware of this app."""

from __future__ import annotations

import gzip
import logging
import re
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from zoneinfo import ZoneInfo

from csp.constants import HEADER
from csp.middleware import CSPMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import redirect, render, resolve_url
from django.urls import Resolver404, resolve, reverse
from django.utils import timezone, translation
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from accounts.health import arrival
from core import logs
from core.htmx import TOAST, wants_partial
from core.preferences import Preferences
from mail import sandbox
from mail.errors import (
    AddressBookTooLarge,
    MailFileTooLarge,
    SignInNeeded,
    TextTooLong,
    TooLarge,
    WebmailError,
)
from webmail import enforcing
from webmail.serving import fields, health, measures, metrics
from webmail.serving.bodies import REFUSED
from webmail.serving.errands import ErrandResponse

logger = logging.getLogger(__name__)
access = logging.getLogger("webmail.access")

_IS_TEXT = re.compile(r"text/|application/(?:json|xml)|image/svg\+xml").match
_DOCUMENTS = re.compile(r"/drafts/[0-9a-f-]{36}/documents/add/\Z").match
_BEGUN = "webmail.begun"  # of a request's environment: its id, and when it came
_PROBES = frozenset({"healthz", "readyz", metrics.PATH.strip("/")})
_FNAME = 0x08  # flag: a file name follows the header of the gzip format (RFC 1952 section 2.3)


class RequestIdMiddleware:
    """Gives each request an id, which its log lines, its answer and its error page contain, and
    counts the request (`webmail.serving.measures`). With WEBMAIL_ACCESS_LOG, it logs a line for
    each request: method, route, status and milliseconds.

    A request that is answered again after its errand (`webmail.serving.errands`) counts once, with
    the time of both answers and of the errand.

    The route is that of the URL configuration (``mail/<folder:folder>/``), because an address
    contains folder names and search texts. Of a request that no page answered, it is what the
    request asked for: ``healthz``, ``static``, or ``(no page)``.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        identifier, began = request.META.setdefault(_BEGUN, (logs.new_id(), time.monotonic()))
        request.request_id = identifier  # type: ignore[attr-defined]
        with logs.about(identifier):
            response = self.get_response(request)
            response.headers[logs.HEADER] = identifier
            if isinstance(response, ErrandResponse):
                return response
            route, status = logs.route(request), response.status_code
            seconds = time.monotonic() - began
            measures.request(request.method or "", route, status, seconds)
            if settings.ACCESS_LOG:
                milliseconds = round(seconds * 1000)
                page = _page(request) if route == logs.NONE else route
                access.info("%s %s %s %s ms", request.method, page, status, milliseconds)
        return response


def _page(request: HttpRequest) -> str:
    """Return the route that a request asked for, which something before the pages has answered."""
    path = request.path_info
    if path.startswith(settings.STATIC_URL):
        return "static"
    if (name := path.strip("/")) in _PROBES:
        return name
    for address in (path, f"{path}/"):
        with suppress(Resolver404):
            return resolve(address).route
    return "(no page)"


class HealthMiddleware:
    """Answers the addresses of health checks.

    ``/healthz``: 200 while the process lives; nothing is looked at. ``/readyz``: 200 or 503,
    whether the process can serve requests. Callers that may know it (`health.may_know`) are told
    why not, and whether background work is done; the self-check also learns how its request
    arrived (`accounts.health.arrival`). ``/metrics``: see `webmail.serving.metrics`.

    It runs before all other middleware, since sessions and preferences need services that may be
    down. It accepts any host name, since load balancers use addresses, and no answer repeats it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._readiness = health.Readiness()

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info.removesuffix("/")
        if request.method in {"GET", "HEAD"}:
            if path == "/healthz":
                return _uncached({"alive": True})
            if path == "/readyz":
                return self._ready(request)
            if path == metrics.PATH and (measured := metrics.answer(request)):
                return measured
        return self.get_response(request)

    def _ready(self, request: HttpRequest) -> JsonResponse:
        state = self._readiness.state()
        is_ready = all(state.values())
        body: dict[str, object] = {"ready": is_ready}
        if is_ready and (seen := arrival.seen(request)):
            body["seen"] = seen
        if health.may_know(request):
            body |= state
            if state["database"]:
                body |= health.work()
        return _uncached(body, status=200 if is_ready else 503)


def _uncached(body: Mapping[str, object], status: int = 200) -> JsonResponse:
    response = JsonResponse(body, status=status)
    response["Cache-Control"] = "no-store"
    return response


class CompressionMiddleware(GZipMiddleware):
    """Django's compression, only for texts, since images and other files are compressed already.
    Its level takes a quarter of the usual level's time for a tenth more bytes.

    As in Django, the name in the gzip header has a random length, so that an attacker who can have
    pages made does not learn secrets in them from their size (BREACH).
    """

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
    """django-csp's middleware, which writes the policy for each answer. Most answers have the
    policy of the settings, which is written once here.
    """

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
    """Applies ``request.preferences``: language and time zone for this request.

    Before sign-in the language is French unless this browser chose another: the language of a
    browser in a staff room tells nothing about its user.
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
    """Return ``errors/folder_not_found.html``, then the parent's, up to
    ``errors/webmail_error.html``.
    """
    names = []
    for cls in type(error).__mro__:
        if issubclass(cls, WebmailError):
            snake = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()
            names.append(f"errors/{snake}.html")
    return names


def _announced(request: HttpRequest) -> int:
    """Return the number of bytes that the request announces."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isascii() and length.isdigit() else 0


def _bounded(request: HttpRequest) -> TooLarge:
    """Return the error for a request that is too large, with the limit in bytes of its page: for
    messages, documents for recipients, staff files, files of messages, or old address books.
    """
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
    """Return whether a script made the request and shows the answer itself."""
    return wants_partial(request) or request.headers.get("X-Requested-With") == "fetch"


class PatienceMiddleware:
    """Limits the time that a page waits for all helper processes together; then it shows less."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with sandbox.patience(sandbox.PATIENCE):
            return self.get_response(request)


class ErrorsMiddleware:
    """Makes HTTP answers of WebmailErrors; no other code does."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if REFUSED in request.META:
            return self._page(request, request.META[REFUSED])
        files = _announced(request) - settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        if files > 0 and files > (refusal := _bounded(request)).limit:
            # This comes before any code reads the token or the fields: a file would already be
            # stored.
            return self._page(request, refusal)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: object) -> HttpResponse | None:
        """Refuse a form that no page could bring back, before any code works on it."""
        if request.method == "POST" and fields.shown_size(request.POST) > fields.MOST_SHOWN:
            return self._page(request, TextTooLong())
        return None

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
            # Keep the toast about an earlier action, such as an accepted message, for the next page
            # too, which may fail in the same way.
            context["toast"] = request.session.get(TOAST)
        return answer(request, error, context)

    @staticmethod
    def _sign_in(request: HttpRequest, error: SignInNeeded) -> HttpResponse:
        # No form works in the reader's frame, so the sign-in page would be useless there.
        framed = request.headers.get("Sec-Fetch-Dest") == "iframe"
        if framed or in_place(request) or request.method != "GET":
            return sign_in_answer(request, error)
        # The user is known but can no longer open the mailbox: only the password is missing.
        step = "accounts:reenter" if request.user.is_authenticated else settings.LOGIN_URL
        return redirect(f"{resolve_url(step)}?{urlencode({'next': request.get_full_path()})}")


def sign_in_answer(request: HttpRequest, error: SignInNeeded) -> HttpResponse:
    """Answer that the session is over: scripts ask for the password in place, other requests
    redirect.
    """
    response = answer(request, error, {"error": error, "retry_url": "", "reference": ""})
    response["X-Session-Over"] = "1"
    return response


def note(error: WebmailError) -> str:
    """Log the error. Return the reference by which the support desk finds its log lines."""
    logger.warning("%s: %s", type(error).__name__, error.server_words or error or "no words")
    return logs.request_id()


def answer(request: HttpRequest, error: WebmailError, context: dict[str, object]) -> HttpResponse:
    """Return the error as a page, or for a script as a notice for the notice area."""
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
    # The page stays, and so does its address.
    response["HX-Push-Url"] = "false"
    return response
