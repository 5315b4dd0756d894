"""Users' choices about senders, and senders whose remote images administrators trust."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.models.prepared import Prepared
from core import clock

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class AllowedSenderQuerySet(models.QuerySet["AllowedSender"]):
    def of(self, user: AbstractBaseUser) -> AllowedSenderQuerySet:
        return self.filter(user_id=user.pk)

    def allows(self, user: AbstractBaseUser, sender: str) -> bool:
        """Return whether the user wants images of this address, in any spelling, always shown."""
        address = _address(sender)
        return address is not None and bool(_allowed(user.pk, address))

    def allow(self, user: AbstractBaseUser, sender: str) -> None:
        """Always show this sender's images from now on. Raises ValueError for an invalid or too
        long address.
        """
        address = _address(sender)
        if address is None:
            raise ValueError("That is no address.")
        self.get_or_create(user_id=user.pk, address=address)

    def forget(self, user: AbstractBaseUser, sender: str) -> None:
        """Stop showing this sender's images; do nothing if they were not allowed."""
        self.of(user).filter(address=_address(sender) or "").delete()


class AllowedSender(models.Model):
    """A sender whose remote images one user wants always shown."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="allowed_senders",
        verbose_name=_("user"),
    )
    address = models.CharField(_("address"), max_length=254)
    since = models.DateTimeField(_("since"), auto_now_add=True)

    objects = AllowedSenderQuerySet.as_manager()

    class Meta:
        verbose_name = _("sender whose images are shown")
        verbose_name_plural = _("senders whose images are shown")
        ordering = ("address",)
        constraints = (
            models.UniqueConstraint(fields=["user", "address"], name="one_row_per_allowed_sender"),
        )

    def __str__(self) -> str:
        return self.address


_allowed: Prepared[tuple[int]] = Prepared(
    lambda user, address: AllowedSender.objects.filter(user_id=user, address=address).values_list(
        "pk"
    ),
    int,
    str,
)


class TrustedImageDomainQuerySet(models.QuerySet["TrustedImageDomain"]):
    def covers(self, sender: str) -> bool:
        """Return whether the domain of this address, or one above it, is on the list."""
        address = _address(sender)
        if address is None:
            return False
        labels = address.rpartition("@")[2].split(".")
        above = [".".join(labels[n:]) for n in range(len(labels) - 1)]
        return self.filter(domain__in=above).exists()


class TrustedImageDomain(models.Model):
    """A domain of senders whose remote images are shown to all users without asking."""

    domain = models.CharField(
        _("domain"),
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(
                r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]\Z",
                _("A domain such as example.org, in lower case, without accents."),
            )
        ],
        help_text=_("The domain of the senders, not of the images. Its subdomains are included."),
    )

    objects = TrustedImageDomainQuerySet.as_manager()

    class Meta:
        verbose_name = _("domain whose images are shown")
        verbose_name_plural = _("domains whose images are shown")
        ordering = ("domain",)

    def __str__(self) -> str:
        return self.domain


class SenderChoiceQuerySet(models.QuerySet["SenderChoice"]):
    def of(self, user: AbstractBaseUser) -> SenderChoiceQuerySet:
        return self.filter(user_id=user.pk)

    def named(self, user: AbstractBaseUser) -> tuple[frozenset[str], frozenset[str]]:
        """Return the addresses and domains that the user always allows, and those that the user
        blocks.
        """
        rows = list(self.of(user).values_list("name", "is_allowed"))
        allowed = frozenset(name for name, is_allowed in rows if is_allowed)
        return allowed, frozenset(name for name, _ in rows) - allowed

    def choose(self, user: AbstractBaseUser, name: str, *, is_allowed: bool) -> None:
        """Store a choice; the oldest beyond `SenderChoice.MOST` are deleted. Raises ValueError for
        a name that is neither an address nor a domain.
        """
        spelt = _sender(name)
        if spelt is None:
            raise ValueError("That is no address and no domain.")
        self.update_or_create(
            user_id=user.pk,
            name=spelt,
            defaults={"is_allowed": is_allowed, "since": clock.now()},
        )
        older = self.of(user).order_by("-since", "-pk").values_list("pk", flat=True)
        if beyond := list(older[SenderChoice.MOST :]):
            self.filter(pk__in=beyond).delete()


class SenderChoice(models.Model):
    """A sender, by address or domain, whose mail one user always wants, or never."""

    MOST: ClassVar[int] = 1_000

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="sender_choices",
        verbose_name=_("user"),
    )
    name = models.CharField(_("address or domain"), max_length=254)
    is_allowed = models.BooleanField(_("always allowed"))
    since = models.DateTimeField(_("since"), default=clock.now)

    objects = SenderChoiceQuerySet.as_manager()

    class Meta:
        verbose_name = _("choice for a sender")
        verbose_name_plural = _("choices for senders")
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=["user", "name"], name="one_choice_per_sender"),
        )

    def __str__(self) -> str:
        return self.name


def _sender(name: str) -> str | None:
    """Return a normalised address, or a domain with a dot in it; None for neither."""
    bare = name.strip().strip("@.")
    address = _address(bare if "@" in bare else f"x@{bare}") or ""
    domain = address.rpartition("@")[2]
    if not re.fullmatch(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{1,63}", domain) or " " in address:
        return None
    return address if "@" in bare else domain


def _address(text: str) -> str | None:
    """Return an address in lower case, its domain in ASCII; None for an invalid one."""
    local, at, domain = text.strip().lower().rpartition("@")
    try:
        domain = domain.encode("idna").decode("ascii").lower() if len(text) <= 254 else ""
    except UnicodeError:
        return None
    address = f"{local}@{domain}"
    usable = local and at and domain and len(address) <= 254 and address.isprintable()
    return address if usable else None
