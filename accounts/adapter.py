"""How allauth is fitted to us: our backends, our limits, sealed second factors."""

from __future__ import annotations

import base64
import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import backends, limits
from accounts.models import MailDomain, User
from accounts.network import client_address

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "username_password_mismatch": _("Wrong login or password. Check capitals and digits."),
        "too_many_login_attempts": _(
            "Too many failed attempts. Wait a quarter of an hour, or call the support desk."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Within the limits, ask the backends. An unreachable server counts as no failure."""
        login = self._counted_as(credentials.get("username", "").strip().lower())
        network = client_address(request)
        counted = limits.of_sign_in(login, network)
        if seconds := limits.wait(counted):
            logger.warning("sign-in refused: too many failures (from %s)", network)
            raise ValidationError(
                self.error_messages["too_many_login_attempts"],
                code="too_many_login_attempts",
                params={"seconds": seconds},
            )
        user = authenticate(request, **credentials)
        if user is None:
            limits.count(counted)
            return None
        assert isinstance(user, User)  # noqa: S101  both backends give one
        return user

    @staticmethod
    def _counted_as(typed: str) -> str:
        """Under which name failures are counted: one for all the spellings of a login.

        By what stands before the @: where logins go to the server as typed, it may well not look
        at the domain, and anybody could invent new ones without end.
        """
        domain = MailDomain.objects.of_typed_login(typed)
        if domain is None:
            return typed
        _user, login = backends.whom(domain, typed)
        return limits.mailbox(domain.pk, login.partition("@")[0])

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Who has a code to give gives that: with the password alone, a session from before the
        code could take the code away.
        """
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        by_code = [method for method in methods if method["id"] == "mfa_reauthenticate"]
        return by_code or methods

    def reauthenticate(self, user: User, password: str) -> bool:
        return self.authenticate(self.request, username=user.typed_login, password=password) == user


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery codes lie encrypted, with a key made from the secret key."""

    @staticmethod
    def _fernet() -> Fernet:
        key = HKDF(SHA256(), 32, salt=None, info=b"accounts.second-factor")
        return Fernet(base64.urlsafe_b64encode(key.derive(settings.SECRET_KEY.encode())))

    def encrypt(self, text: str) -> str:
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return self._fernet().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: User) -> str:
        return str(user)
