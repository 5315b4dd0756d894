"""Adapt allauth: use our backends and limits, write the audit log, and seal second factors."""

from __future__ import annotations

import base64
import logging
import time
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import (
    audit,
    backends,
    devices,
    limits,
    notices,
    second_factor,
    sessions,
    tasks,
    tending,
)
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from accounts.network import client_address
from mail.errors import WebmailError

logger = logging.getLogger(__name__)

# Maps the name of allauth's message about a new second factor to the kind of the factor.
SET_UP = {"totp_activated": "totp", "webauthn_added": "webauthn"}


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
        """Ask the backends, within the limits. Each attempt is counted before it is made, so that
        many simultaneous attempts do not all pass. The count is taken back after a success, and
        when the server cannot tell."""
        typed = credentials.get("username", "").strip().lower()
        login, browser = self._counted_as(request, typed)
        network = client_address(request)
        counted = limits.of_sign_in(login, network, browser)
        if seconds := limits.reserve(counted):
            logger.warning("sign-in refused: too many failures (from %s)", network)
            if limits.is_first(counted[0]):
                self._note(AuditEvent.Kind.SIGN_IN_LIMITED, request, typed, "password")
            raise ValidationError(
                self.error_messages["too_many_login_attempts"],
                code="too_many_login_attempts",
                params={"seconds": seconds},
            )
        try:
            user = authenticate(request, **credentials)
        except WebmailError:
            limits.take_back(counted)
            if limits.is_first(counted[0]):
                self._note(AuditEvent.Kind.SIGN_IN_FAILED, request, typed, "server")
            raise
        except ValidationError as error:
            cause = error.code if error.code in {"blocked", "not_staff"} else "mailbox"
            self._note(AuditEvent.Kind.SIGN_IN_FAILED, request, typed, cause)
            raise
        if user is None:
            # deploy/fail2ban reads this line, and the one of too many failures.
            logger.warning("sign-in failed (from %s)", network)
            self._note(AuditEvent.Kind.SIGN_IN_FAILED, request, typed, "password")
            return None
        limits.take_back(counted)
        assert isinstance(user, User)  # noqa: S101  both backends give one
        return user

    @staticmethod
    def _counted_as(request: HttpRequest, typed: str) -> tuple[str, str]:
        """Return the key under which failed sign-ins are counted, the same for all spellings of a
        login, and the digest of the user's known browser or "".

        The key ignores the domain: where logins go to the server as typed, the server may ignore
        the domain too, and anybody could invent new domains without end.
        """
        domain = MailDomain.objects.of_typed_login(typed)
        if domain is None:
            return typed, ""
        user, login = backends.whom(domain, typed)
        person = User.objects.filter(mail_domain=None, login=typed).first() or user
        browser = devices.known(request, person) if person else ""
        return limits.mailbox(domain.pk, login.partition("@")[0]), browser

    @staticmethod
    def _note(kind: AuditEvent.Kind, request: HttpRequest, typed: str, cause: str) -> None:
        """Write a line whose target is the address of a known mailbox. Nothing else that was typed
        is kept, since it may be a password in the wrong field."""
        target, domain = "", MailDomain.objects.of_typed_login(typed)
        if local := User.objects.filter(mail_domain=None, login=typed).first():
            target = str(local)
        elif domain is not None:
            user, login = backends.whom(domain, typed)
            record = StaffRecord.objects.filter(mail_domain=domain, login=login).first()
            target = str(user) if user else record.address if record else ""
        audit.record(kind, request, target=target, cause=cause)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        """Lead straight to the inbox, where the start page would lead a user with mail anyway."""
        if getattr(request.user, "is_local_administrator", False):
            return super().get_login_redirect_url(request)
        return reverse("mail:folder", args=["INBOX"])

    def post_login(self, request: HttpRequest, user: User, **more: Any) -> HttpResponse:
        """Finish a sign-in: write the session's row and the audit log, and send the user a notice
        if the device is new."""
        sessions.begin(request, user)
        device = devices.device_of(request)
        is_new = devices.is_new(request, user)
        event = audit.record(
            AuditEvent.Kind.SIGNED_IN,
            request,
            actor=user,
            browser=device.browser,
            system=device.system,
            second_factor=second_factor.used(request),
            new_device=is_new,
            shared=bool(request.session.get("shared_computer")),
        )
        if is_new and settings.DEVICE_NOTICES and notices.are_configured():
            tending.hand_over(tasks.tell_of_device, event.pk)
        response: HttpResponse = super().post_login(request, user, **more)
        return response

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            audit.record(AuditEvent.Kind.SIGNED_OUT, request)
        sessions.forget(request)
        super().logout(request)

    def send_notification_mail(
        self,
        template_prefix: str,
        user: User,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Write the audit log and send a notice in our own words. allauth calls this after each
        change to a second factor; ``template_prefix`` names it, for example
        ``mfa/email/totp_activated``."""
        change = template_prefix.rpartition("/")[2]
        event = audit.record(AuditEvent.Kind.SECOND_FACTOR, self.request, actor=user, change=change)
        if kind := SET_UP.get(change):
            second_factor.note_set_up(self.request, user, kind)
        if notices.are_configured():
            tending.hand_over(tasks.tell_of_second_factor, event.pk)

    def is_reauthentication_required(self, *, app: str, **more: Any) -> bool:
        """Do not ask for the first second factor within minutes of the sign-in: many users are led
        there by their role, and have just signed in."""
        required: bool = super().is_reauthentication_required(app=app, **more)
        return required and not self._has_just_signed_in()

    def _has_just_signed_in(self) -> bool:
        user = self.request.user
        if not isinstance(user, User) or is_mfa_enabled(user):
            return False
        records = get_authentication_records(self.request, user)
        ways = ("password", "provider")
        signed_in_at = max(
            (record["at"] for record in records if record.get("method") in ways), default=0
        )
        return bool(time.time() - signed_in_at < app_settings.REAUTHENTICATION_TIMEOUT)

    def get_reauthentication_methods(self, user: User) -> list[dict[str, Any]]:
        """Return the ways to reauthenticate. A user who has a code must give it: otherwise the
        password alone, in a session from before the code was set up, could remove the code."""
        methods: list[dict[str, Any]] = super().get_reauthentication_methods(user)
        by_code = [method for method in methods if method["id"] == "mfa_reauthenticate"]
        return by_code or methods

    def reauthenticate(self, user: User, password: str) -> bool:
        return self.authenticate(self.request, username=user.typed_login, password=password) == user


def _fernet(secret: str) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"accounts.second-factor")
    return Fernet(base64.urlsafe_b64encode(key.derive(secret.encode())))


class SecondFactorAdapter(DefaultMFAAdapter):
    """Encrypts TOTP secrets and recovery codes with a key derived from the secret key."""

    @staticmethod
    def _fernet() -> MultiFernet:
        """Return the cipher, which encrypts with the key in use and decrypts with former keys
        too."""
        return MultiFernet(
            _fernet(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
        )

    def encrypt(self, text: str) -> str:
        return self._fernet().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return self._fernet().decrypt(encrypted_text.encode()).decode()

    def get_totp_label(self, user: User) -> str:
        return str(user)

    def generate_authenticator_name(self, user: User, type: Authenticator.Type) -> str:
        """Return the name of a factor that the user gave none: the device on which it was added."""
        device = devices.device_of(allauth_context.request)
        return device.words if device.browser else gettext("Security key")

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        entity: dict[str, str] = super().get_public_key_credential_rp_entity()
        return entity | {"name": settings.PRODUCT_NAME}

    def get_public_key_credential_user_entity(self, user: User) -> dict[str, Any]:
        """Return the name that the security key shows, and as its identifier a random number
        instead of an address."""
        entity: dict[str, Any] = super().get_public_key_credential_user_entity(user)
        return entity | {"name": str(user), "display_name": user.display_name}
