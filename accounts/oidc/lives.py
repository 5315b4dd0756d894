"""The lifetimes of codes and tokens, measured by one clock for all machines of an installation."""

from __future__ import annotations

from allauth.idp.oidc import models
from allauth.idp.oidc.internal.oauthlib import request_validator

from core import clock


class SharedTime:
    """Replaces ``django.utils.timezone`` in allauth where tokens expire, because one machine issues
    a token and another one checks it."""

    now = staticmethod(clock.now)


def share() -> None:
    for module in (models, request_validator):
        module.timezone = SharedTime
