"""The lifetimes of codes and tokens, which are the same on all machines of an installation."""

from __future__ import annotations

from allauth.idp.oidc import models
from allauth.idp.oidc.internal.oauthlib import request_validator

from webmail import clock


class SharedTime:
    """Stands for ``django.utils.timezone`` where allauth ends tokens, and looks whether they have
    ended: one machine hands out what another one is shown."""

    now = staticmethod(clock.now)


def share() -> None:
    for module in (models, request_validator):
        module.timezone = SharedTime
