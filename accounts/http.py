"""Requests of people who are signed in."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django_htmx.middleware import HtmxDetails

from accounts.models import User
from webmail.errors import SignInNeeded
from webmail.preferences import Preferences

P = ParamSpec("P")


class AnyRequest(HttpRequest):
    """What the middleware makes of every request."""

    htmx: HtmxDetails
    preferences: Preferences


class SignedInRequest(AnyRequest):
    """A request whose person is known and has a mailbox."""

    user: User


View = Callable[Concatenate[SignedInRequest, P], HttpResponseBase]


def login_required(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Only for people with a mailbox; SignInNeeded for others, so that htmx may ask in place.

    A local administrator has no mailbox and is led to the admin.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, get_user_model()):
            raise SignInNeeded
        if request.user.is_local_administrator:
            return redirect("admin:index")
        return view(request, *args, **kwargs)  # type: ignore[arg-type]

    return guarded
