"""Requests of people who are signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.middleware import HtmxDetails

from accounts import second_factor
from accounts.models import User
from webmail.errors import SignInNeeded
from webmail.htmx import wants_partial
from webmail.preferences import Preferences

P = ParamSpec("P")


class AnyRequest(HttpRequest):
    """A request as the middleware makes it."""

    htmx: HtmxDetails
    preferences: Preferences


class SignedInRequest(AnyRequest):
    """A request whose person is known and has a mailbox."""

    user: User


def safe_next(request: HttpRequest) -> str:
    """Return where the form, or else the address, says to go on; "" unless that is on this site."""
    following = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(following, {request.get_host()}, request.is_secure()):
        return following
    return ""


# A view's attribute; decorators around it take it over, as `wraps` does.
_GUARDED = "is_for_users"
View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def person_required(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For whoever is signed in, with a mailbox or without, and before a second factor that is asked
    for: the pages on which it is set up, and sessions are ended."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, get_user_model()):
            raise SignInNeeded
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    vars(guarded)[_GUARDED] = True
    return guarded


def is_sign_in_needed(request: HttpRequest) -> bool:
    """Whether nobody is signed in who asks for a page that is for users alone."""
    match = request.resolver_match
    is_guarded = match is not None and _GUARDED in vars(match.func)
    return is_guarded and not request.user.is_authenticated


def login_required(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for people with a mailbox; SignInNeeded for others, so that htmx may ask in place.

    A local administrator has no mailbox and is led to the admin; who must give a second factor and
    did not, to giving it or setting it up.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, get_user_model()):
            raise SignInNeeded
        if request.user.is_local_administrator:
            return redirect("admin:index")
        if step := second_factor.missing_step(request, request.user):
            if request.method != "GET" or wants_partial(request):
                raise SignInNeeded
            query = urlencode({"next": request.get_full_path()})
            return redirect(f"{resolve_url(step)}?{query}")
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    vars(guarded)[_GUARDED] = True
    return guarded
