"""The applications that people sign in to from here, under our name for them."""

from __future__ import annotations

from allauth.idp.oidc.models import Client
from django.utils.translation import gettext_lazy as _


class Application(Client):
    """allauth's client, as the administration shows it."""

    class Meta:
        proxy = True
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
