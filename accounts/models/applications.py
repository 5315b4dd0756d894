"""The applications that users sign in to through the webmail, and the sessions open there."""

from __future__ import annotations

from allauth.idp.oidc.models import Client
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.users import User
from core import clock


class Application(Client):
    """allauth's client, as the administration shows it."""

    class Meta:
        proxy = True
        verbose_name = _("application")
        verbose_name_plural = _("applications")
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class ServiceVisit(models.Model):
    """A session whose user has signed in to an application that wants to be told of the session's
    end."""

    client = models.ForeignKey(
        Client, models.CASCADE, related_name="+", verbose_name=_("application")
    )
    user = models.ForeignKey(User, models.CASCADE, related_name="+", verbose_name=_("user"))
    # The primary key of a `UserSession`. A foreign key would cost a statement whenever a session
    # ends.
    session = models.BigIntegerField(_("session"), db_index=True)
    # The claim `sid` of the ID tokens, by which the application knows the session.
    sid = models.CharField(_("number of the session"), max_length=32)
    opened = models.DateTimeField(_("opened"), default=clock.now)

    class Meta:
        verbose_name = _("visit of an application")
        verbose_name_plural = _("visits of applications")
        constraints = (
            models.UniqueConstraint(fields=["session", "client"], name="one_visit_per_session"),
        )

    def __str__(self) -> str:
        return f"{self.user_id} {self.client_id}"
