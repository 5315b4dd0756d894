"""The login that a provider's claims name, and the providers that the sign-in page offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.core.cache import cache
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import MailDomain, SignInProvider, User
from accounts.models.providers import LOGIN
from accounts.providers.failures import ProviderError, ProviderFailure

OFFERED_KEY: Final = "near:sign-in-providers"
OFFERED_SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class ProviderButton:
    """A button of the sign-in page."""

    pk: int
    domain: str
    label: str

    @property
    def words(self) -> str | Promise:
        return self.label or _("Sign in with my account")

    @property
    def address(self) -> str:
        return reverse("accounts:provider_start", args=[self.pk])


def login(provider: SignInProvider, claims: dict[str, Any]) -> str:
    """Return the login on the mail server. Raises ProviderError: LOGIN.

    A domain after the @ must be that of the provider's mail domain, and an address is refused
    unless the provider says that it has verified it (OpenID Connect Core 1.0, 5.1).
    """
    claimed = provider.login_of(claims)
    match = LOGIN.fullmatch(claimed)
    if match is None:
        raise ProviderError(ProviderFailure.LOGIN, "the claims make no login")
    if match[1] and match[1] != provider.mail_domain.name:
        raise ProviderError(ProviderFailure.LOGIN, "the login is of another domain")
    if "{email}" in provider.login_template and claims.get("email_verified") is not True:
        raise ProviderError(ProviderFailure.LOGIN, "the address is not verified")
    return provider.mail_domain.server_login(claimed)


def offered() -> list[ProviderButton]:
    """Return the buttons. They come from the cache, so that the page costs no query; a change takes
    effect within a minute."""
    buttons = cache.get(OFFERED_KEY)
    if buttons is None:
        rows = SignInProvider.objects.filter(is_on=True).order_by("mail_domain__name")
        buttons = [list(row) for row in rows.values_list("pk", "mail_domain__name", "label")]
        cache.set(OFFERED_KEY, buttons, OFFERED_SECONDS)
    return [ProviderButton(*row) for row in buttons]


def has_password_form() -> bool:
    """Return whether any mail domain allows the sign-in by password; True also without a mail
    domain."""
    key = f"{OFFERED_KEY}:password"
    is_offered: bool | None = cache.get(key)
    if is_offered is None:
        domains = MailDomain.objects.all()
        is_offered = not domains.exists() or domains.filter(password_sign_in=True).exists()
        cache.set(key, is_offered, OFFERED_SECONDS)
    return is_offered


def forget() -> None:
    """Clear the cache after a change of a provider or a mail domain."""
    cache.delete_many([OFFERED_KEY, f"{OFFERED_KEY}:password"])


def provider_of(user: User) -> SignInProvider | None:
    """Return the provider of the user's mail domain, if it has one."""
    if user.mail_domain_id is None:
        return None
    return SignInProvider.objects.filter(mail_domain=user.mail_domain_id, is_on=True).first()
