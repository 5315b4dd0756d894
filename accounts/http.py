"""Requests of signed-in users."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django_htmx.middleware import HtmxDetails

from accounts import second_factor
from accounts.models import User
from core.htmx import wants_partial
from core.preferences import Preferences
from mail.errors import SignInNeeded

P = ParamSpec("P")


class AnyRequest(HttpRequest):
    """A request as the middleware makes it."""

    htmx: HtmxDetails
    preferences: Preferences


class SignedInRequest(AnyRequest):
    """A request of a signed-in user who has a mailbox."""

    user: User


def safe_next(request: HttpRequest) -> str:
    """Return the address to go on to, from the form or else from the URL; "" unless it is on this
    site."""
    following = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(following, {request.get_host()}, request.is_secure()):
        return following
    return ""


# An attribute of the view, which `wraps` copies to decorators around it.
_GUARDED = "is_for_users"
_ASKED_HERE = "is_asked_here"
AnyView = TypeVar("AnyView", bound=Callable[..., HttpResponseBase])
View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def person_required(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Allow signed-in users only, with or without a mailbox, and also before a required second
    factor: the pages on which it is set up and sessions are ended need this."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, get_user_model()):
            raise SignInNeeded
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    vars(guarded)[_GUARDED] = True
    return guarded


def asked_here(view: AnyView) -> AnyView:
    """Mark a page that costs much, or shows other people: a link of another site leads to a page
    that asks first (`webmail.serving.origins`)."""
    vars(view)[_ASKED_HERE] = True
    return view


def is_asked_here(view: object) -> bool:
    return bool(getattr(view, _ASKED_HERE, False))


def is_sign_in_needed(request: HttpRequest) -> bool:
    """Return whether the page is for users alone and nobody is signed in."""
    match = request.resolver_match
    is_guarded = match is not None and _GUARDED in vars(match.func)
    return is_guarded and not request.user.is_authenticated


def login_required(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Allow users with a mailbox only. Raise SignInNeeded for others, so that htmx may ask in
    place.

    A local administrator has no mailbox and is redirected to the admin. A user without a required
    second factor is redirected to the page that asks for it or sets it up.
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
