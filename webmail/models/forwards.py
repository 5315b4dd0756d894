"""The addresses that rules may forward mail to, for each mail domain; and existing forwards that
are no longer allowed.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from core import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

_PLACE = re.compile(r"(?:[^\s@<>()\[\]\\,;:\"]{1,64}@)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_MOST_PLACES = 500


class ForwardPolicyQuerySet(models.QuerySet["ForwardPolicy"]):
    def of(self, domain: int | None) -> tuple[str, list[str]] | None:
        """Return the policy of a mail domain, or that of all domains, with its places; None if the
        settings decide. It is read from the cache: a change takes effect within a minute.
        """
        rows = cache.get(ForwardPolicy.CACHE_KEY)
        if rows is None:
            rows = [
                [domain, allowed, places.split()]
                for domain, allowed, places in self.values_list("mail_domain", "allowed", "places")
            ]
            cache.set(ForwardPolicy.CACHE_KEY, rows, ForwardPolicy.CACHE_SECONDS)
        by_domain = {pk: (allowed, places) for pk, allowed, places in rows}
        return by_domain.get(domain) or by_domain.get(None)


class ForwardPolicy(models.Model):
    """The addresses that rules may send mail to; takes precedence over WEBMAIL_RULES_FORWARD."""

    CACHE_KEY: ClassVar[str] = "near:forward-policies"
    CACHE_SECONDS: ClassVar[int] = 60

    class Allowed(models.TextChoices):
        NOWHERE = "nowhere", _("nowhere")
        LISTED = "listed", _("only to what is listed below")
        ANYWHERE = "anywhere", _("anywhere")

    mail_domain = models.OneToOneField(
        "accounts.MailDomain",
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("mail domain"),
        help_text=_("Empty: applies to all mail domains without their own entry."),
    )
    allowed = models.CharField(
        _("rules may forward"), max_length=8, choices=Allowed.choices, default=Allowed.LISTED
    )
    places = models.TextField(
        _("domains and addresses"),
        max_length=20_000,
        blank=True,
        help_text=_(
            "One per line: ac-exemple.fr includes its subdomains; secretariat@lycee.example is"
            " that address alone."
        ),
    )

    objects = ForwardPolicyQuerySet.as_manager()

    class Meta:
        verbose_name = _("policy for forwards")
        verbose_name_plural = _("policies for forwards")
        ordering = ("mail_domain", "pk")
        constraints = (
            models.UniqueConstraint(
                models.Value(1),
                condition=models.Q(mail_domain=None),
                name="one_forward_policy_for_all",
            ),
        )

    def __str__(self) -> str:
        return str(self.mail_domain or _("all mail domains"))

    def clean(self) -> None:
        """Put the places into lower case. Refuse a list that would allow nothing, or be ignored."""
        places = list(dict.fromkeys(self.places.lower().split()))
        if len(places) > _MOST_PLACES:
            raise ValidationError({"places": _("These are too many.")})
        for place in places:
            if not _PLACE.fullmatch(place):
                raise ValidationError(
                    {"places": _("“%(place)s” is no domain and no address.") % {"place": place}}
                )
        if self.allowed == self.Allowed.LISTED and not places:
            raise ValidationError({"places": _("Name a domain or an address, or choose nowhere.")})
        if self.allowed != self.Allowed.LISTED and places:
            raise ValidationError({"places": _("A list counts only where what is listed is.")})
        self.places = "\n".join(places)


class StandingForwardQuerySet(models.QuerySet["StandingForward"]):
    def note(self, user: AbstractBaseUser, addresses: Collection[str]) -> None:
        """Store ``addresses``, masked, as all present forwards; delete the others."""
        mine = self.filter(user_id=user.pk)
        former = set(mine.values_list("address", flat=True))
        if gone := former.difference(addresses):
            mine.filter(address__in=gone).delete()
        new = sorted(set(addresses) - former)
        self.bulk_create(
            [self.model(user_id=user.pk, address=address) for address in new],
            ignore_conflicts=True,
        )


class StandingForward(models.Model):
    """An address that a user's rules send mail to although they no longer may. Only the user can
    remove it. The address is masked except for its domain.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", verbose_name=_("user")
    )
    address = models.CharField(_("address"), max_length=260)
    since = models.DateTimeField(_("first seen"), default=clock.now)

    objects = StandingForwardQuerySet.as_manager()

    class Meta:
        verbose_name = _("forward that is not allowed")
        verbose_name_plural = _("forwards that are not allowed")
        ordering = ("-since", "pk")
        constraints = (
            models.UniqueConstraint(fields=["user", "address"], name="one_row_per_standing"),
        )

    def __str__(self) -> str:
        return self.address
