"""The forms of the sign-in."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any, ClassVar, Final

from allauth.account.forms import LoginForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm, ReauthenticateForm
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import audit, credentials, limits, numen, sessions
from accounts.looks import themes
from accounts.middleware import LAST_ACTIVE
from accounts.models import AuditEvent, MailDomain, User
from accounts.network import client_address, network_of
from accounts.passwords import reminder
from accounts.providers import grants
from core import clock
from mail.errors import ServerBusy, WebmailError

logger = logging.getLogger(__name__)

NO_CONTROLS = RegexValidator(
    r"^[^\x00-\x1f\x7f]*$", _("This holds a character that cannot be typed.")
)

STATUS_BY_CODE = {"too_many_login_attempts": 429}


class SignInForm(LoginForm):
    """The form for login or address, password, and whether others use this computer.

    ``failure_status`` is the HTTP status of a refusal: 422; 429 when a limit is reached, and
    ``retry_after`` is then the number of seconds to wait; 5xx when the mail server could not tell.
    """

    shared_computer = forms.BooleanField(
        label=_("Shared computer"),
        help_text=_("Signs you out after 10 minutes without activity and leaves no trace."),
        required=False,
    )
    stay_signed_in = forms.BooleanField(label=_("Stay signed in"), required=False)
    failure_status = 422
    retry_after = 0
    wrong_person = _("This page belongs to another person: sign out first.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label=_("Login or address"),
            max_length=254,
            validators=[NO_CONTROLS],
            widget=forms.TextInput(
                attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}
            ),
        )
        password = forms.CharField(
            label=_("Password"),
            max_length=512,
            strip=False,
            validators=[NO_CONTROLS],
            widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
        )
        self.fields["password"] = password
        self.order_fields(["login", "password", "shared_computer", "stay_signed_in"])

    def user_credentials(self) -> dict[str, str]:
        return {
            "username": self.cleaned_data["login"],
            "password": self.cleaned_data["password"],
        }

    def clean_login(self) -> str:
        typed: str = self.cleaned_data["login"].strip().lower()
        if "@" in typed and MailDomain.objects.of_typed_login(typed) is None:
            self._note_unknown_domain()
            raise ValidationError(
                _("No mailbox here belongs to the domain “%(domain)s”. Check what follows the @."),
                code="unknown_domain",
                params={"domain": typed.partition("@")[2]},
            )
        return typed

    def _note_unknown_domain(self) -> None:
        """Write at most one line a minute for each network, because no limit applies to this
        refusal. What was typed is not kept, since it may be a password in the wrong field."""
        network = client_address(self.request)
        if limits.is_first(limits.Limit("network", network_of(network), 0, 0)):
            audit.record(AuditEvent.Kind.SIGN_IN_FAILED, self.request, target="", cause="domain")

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = super().clean()
        except WebmailError as error:
            self.failure_status = error.status
            logger.warning(
                "sign-in: %s: %s", type(error).__name__, error or error.server_words or "no words"
            )
            raise ValidationError(_unavailable(error), code="server_unavailable") from error
        except ValidationError as error:
            self.failure_status = STATUS_BY_CODE.get(error.code or "", 422)
            self.retry_after = (error.params or {}).get("seconds", 0)
            raise
        return cleaned

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        user = self.user
        if not user.is_local_administrator:
            password = self.cleaned_data["password"]
            credentials.seal(request, user.pk, password, changed=user.mail_password_changed)
            grants.leave(request)
            reminder.note(request, user)
        request.session[themes.TYPED] = user.mail_domain_id
        shared = self.cleaned_data["shared_computer"]
        request.session["shared_computer"] = shared
        request.session[sessions.STAYS] = self.cleaned_data["stay_signed_in"]
        request.session[LAST_ACTIVE] = clock.timestamp()
        response: HttpResponse = super().login(request, redirect_url=redirect_url)
        sessions.keep_signed_in(request)
        return response


def _unavailable(error: WebmailError) -> str:
    """Return the reason why the mail server could not be asked about login and password."""
    if isinstance(error, ServerBusy):
        return gettext(
            "The mail server is busy: it lets nobody else in just now. Your identifiers are not in"
            " question: try again in a minute."
        )
    return gettext(
        "The mail server does not answer. Your identifiers are not in question: try again in a few"
        " minutes."
    )


class _CodeField(forms.CharField):
    """A field for the code of an app, which users may copy in groups with spaces."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Code"),
            max_length=32,
            widget=forms.TextInput(
                attrs={
                    "autocomplete": "one-time-code",
                    "inputmode": "numeric",
                    "autocapitalize": "none",
                    "spellcheck": "false",
                    "autofocus": True,
                }
            ),
        )

    def to_python(self, value: object) -> str:
        return "".join(str(value or "").split()).replace("-", "")


class _CredentialField(forms.JSONField):
    """A field for the answer of a security key, which the browser sends: a JSON object of strings.
    Other types would make the library crash instead of refusing them."""

    def __init__(self) -> None:
        super().__init__(widget=forms.HiddenInput)

    def to_python(self, value: Any) -> Any:
        answer = super().to_python(value)
        if answer is not None and not self._has_the_form(answer):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return answer

    @staticmethod
    def _has_the_form(answer: object) -> bool:
        if not isinstance(answer, dict) or not isinstance(answer.get("response"), dict):
            return False
        texts = [answer.get(name) for name in ("id", "rawId", "type")]
        texts += [value for name, value in answer["response"].items() if name != "transports"]
        return all(isinstance(text, str) for text in texts)


def _note_refused_factor(request: HttpRequest, user: User, kind: str, error: Exception) -> None:
    """Write a line about a wrong code; about codes refused by the limit, one a minute."""
    limited = getattr(error, "code", "") == "too_many_login_attempts"
    if limited and not limits.is_first(limits.Limit("second-factor", str(user.pk), 0, 0)):
        return
    event_kind = AuditEvent.Kind.SIGN_IN_LIMITED if limited else AuditEvent.Kind.SIGN_IN_FAILED
    audit.record(event_kind, request, actor=user, cause="second factor", second_factor=kind)


class _NotedCode:
    """A mixin for forms whose ``clean_code`` writes each refusal to the audit log."""

    def clean_code(self) -> str:
        try:
            code: str = super().clean_code()  # type: ignore[misc]  # allauth's form is beside it
        except ValidationError as error:
            _note_refused_factor(context.request, self.user, "code", error)  # type: ignore[attr-defined]
            raise
        return code


class _NotedPasskey:
    """A mixin for forms whose ``clean_credential`` writes each refusal to the audit log."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # allauth's form is beside it
        except ValidationError as error:
            _note_refused_factor(context.request, self.user, "webauthn", error)  # type: ignore[attr-defined]
            raise


class SecondFactorForm(_NotedCode, AuthenticateForm):
    """The form for the code of an app, or for a recovery code, at sign-in."""

    code = _CodeField()


class SecondFactorAgainForm(_NotedCode, ReauthenticateForm):
    """The form for a code before an action that needs the second factor again."""

    code = _CodeField()


class PasskeyForm(_NotedPasskey, AuthenticateWebAuthnForm):
    """The form for a security key at sign-in."""

    credential = _CredentialField()


class PasskeyAgainForm(_NotedPasskey, ReauthenticateWebAuthnForm):
    """The form for a security key before an action that needs the second factor again."""

    credential = _CredentialField()


class SetUpCodeForm(ActivateTOTPForm):
    """The form for the first code of an app, which proves that the app is set up."""

    code = _CodeField()


def _passkey_name(*, required: bool) -> forms.CharField:
    return forms.CharField(
        label=_("Name"),
        max_length=60,
        required=required,
        help_text=_("A name by which you tell your keys apart, for example “Key on my key ring”."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class AddPasskeyForm(AddWebAuthnForm):
    name = _passkey_name(required=False)
    credential = _CredentialField()


class RenamePasskeyForm(EditWebAuthnForm):
    name = _passkey_name(required=True)


_LONGEST_TYPED: Final = 64


class _ShownAgain(forms.Field):
    """A field whose text, when it is refused, is shown again up to a length."""

    def prepare_value(self, value: object) -> str:
        return str(value or "")[:_LONGEST_TYPED]


class NumenField(_ShownAgain):
    """A field for a NUMEN, normalised as it is read. Errors never repeat the value."""

    widget = forms.TextInput(
        attrs={
            "class": "input code",
            "maxlength": _LONGEST_TYPED,
            "autocomplete": "off",
            "autocapitalize": "characters",
            "autocorrect": "off",
            "spellcheck": "false",
        }
    )
    reasons: ClassVar = {
        "empty": _("Enter your NUMEN."),
        "length": _("A NUMEN has 13 characters. Check that none is missing or too many."),
        "character": _(
            "A NUMEN has only digits and letters without accents."
            " If you copied it, type it instead."
        ),
        "form": _(
            "A NUMEN is two digits, a letter, seven digits and three letters."
            " Check what looks alike, as I and 1."
        ),
    }

    def to_python(self, value: object) -> str:
        try:
            return numen.normalise(str(value or ""))
        except numen.NumenError as error:
            raise ValidationError(self.reasons[error.code], code=error.code) from None


class BirthDateField(_ShownAgain):
    """A field for a date of birth in the usual spellings. It is a text field, because the calendar
    of a browser's date field opens at today, decades away, and accepts no pasted date."""

    widget = forms.TextInput(attrs={"maxlength": 40, "autocomplete": "bday", "spellcheck": "false"})
    reasons: ClassVar = {
        "empty": _("Enter your date of birth."),
        "form": _("Write the day, the month and the year, for example 12/05/1980."),
        "impossible": _("This day is in no calendar: check the day and the month."),
        "future": _("This day is still to come: check the year."),
        "age": _("Nobody in service was born in this year: check the year."),
    }

    def to_python(self, value: object) -> date:
        try:
            return numen.birth_date(str(value or ""), timezone.localdate())
        except numen.BirthDateError as error:
            raise ValidationError(self.reasons[error.code], code=error.code) from None


class LookupForm(forms.Form):
    """The form for NUMEN and date of birth. Malformed values are refused before any lookup."""

    numen = NumenField(
        label=_("NUMEN"), help_text=_("13 characters. Blanks and small letters are accepted.")
    )
    birth = BirthDateField(
        label=_("Date of birth"), help_text=_("For example 12/05/1980 or 12 May 1980.")
    )

    nobody = _("Nobody in service has this NUMEN and this date of birth.")
