"""The form that changes the password. It checks all rules again, whatever the page's script has
checked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from allauth.account.adapter import get_adapter
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.forms import NO_CONTROLS
from accounts.http import SignedInRequest
from accounts.models import User
from accounts.passwords import policy, sentences, strength, words
from accounts.passwords.change import PasswordOutcome
from mail.errors import WebmailError

_FAILURES: Final = {
    PasswordOutcome.REFUSED: _(
        "The server does not take this new password. Your old password is still valid:"
        " choose another new one."
    ),
    PasswordOutcome.MISMATCH: _(
        "The server that keeps the passwords did not accept your old password. Nothing was"
        " changed: your old password is still valid for your mail. Call the support desk."
    ),
    PasswordOutcome.KEPT: _(
        "The password could not be changed. Your old password is still valid: try again later,"
        " or call the support desk."
    ),
    PasswordOutcome.UNKNOWN: _(
        "The change broke off, and the mail server does not answer. Try the new password first,"
        " then the old one: one of them is valid. The support desk can help."
    ),
}
_STATUS: Final = {
    PasswordOutcome.REFUSED: 422,
    PasswordOutcome.MISMATCH: 502,
    PasswordOutcome.KEPT: 503,
    PasswordOutcome.UNKNOWN: 503,
}


def policy_in_force() -> policy.PasswordPolicy:
    return policy.PasswordPolicy(
        minimum=settings.PASSWORD_MINIMUM,
        kinds=tuple(kind for kind in policy.KINDS if kind in settings.PASSWORD_KINDS),
        known=words.known_passwords(),
    )


def person_of(user: User) -> policy.PublicFacts:
    return policy.PublicFacts.of(user.name, user.login, user.address)


@dataclass(frozen=True, slots=True)
class ShownRule:
    """A rule as the page shows it. ``state`` is ``open`` before anything is typed, then ``kept`` or
    ``broken``."""

    state: str
    sentence: str


@dataclass(frozen=True, slots=True)
class PasswordGuidance:
    """The guidance beside the field for the password that is being typed. It does not contain the
    password."""

    lines: tuple[ShownRule, ...]
    score: int = 0
    verdict: str = ""
    time: str = ""
    reasons: tuple[str, ...] = ()
    spoken: str = ""

    @classmethod
    def empty(cls) -> PasswordGuidance:
        rules = policy_in_force()
        return cls(tuple(ShownRule("open", sentences.of_rule(rule, rules)) for rule in rules.rules))

    @classmethod
    def of(cls, password: str, user: User) -> PasswordGuidance:
        """Return the guidance for the text typed so far, by the same rules as the form."""
        if not password:
            return cls.empty()
        rules, person = policy_in_force(), person_of(user)
        broken = policy.broken(password, rules, person)
        measured = strength.measure(password, person)
        lines = (
            ShownRule("broken" if rule in broken else "kept", sentences.of_rule(rule, rules))
            # Only the form knows the old password.
            for rule in rules.rules
            if rule is not policy.PasswordRule.DIFFERENT
        )
        verdict = sentences.verdict(measured)
        return cls(
            lines=tuple(lines),
            score=measured.score,
            verdict=verdict,
            time=sentences.time_to_guess(measured),
            reasons=tuple(sentences.of_reasons(measured)),
            spoken=f"{verdict}. {sentences.count_of_broken(len(broken))}",
        )


class ChangeForm(forms.Form):
    """The form with the old password, and the new one twice, since without a script the typed
    password cannot be shown.

    ``failure_status`` is the HTTP status of a refusal, ``retry_after`` the seconds to wait after
    too many attempts. ``refused`` is the audit log's word when the old password could not be
    checked: ``limited``, ``untold`` or ``wrong``.
    """

    old = forms.CharField(
        label=_("Old password"), max_length=policy.MAXIMUM, strip=False, validators=[NO_CONTROLS]
    )
    new = forms.CharField(
        label=_("New password"), max_length=policy.MAXIMUM, strip=False, validators=[NO_CONTROLS]
    )
    again = forms.CharField(label=_("New password again"), max_length=policy.MAXIMUM, strip=False)

    def __init__(self, data: Any = None, *, request: SignedInRequest) -> None:
        super().__init__(data)
        self.request = request
        self.failure_status = 422
        self.retry_after = 0
        self.refused = ""

    def clean(self) -> dict[str, Any]:
        """Check the new password first, so that its errors cost no attempt with the old one."""
        cleaned = self.cleaned_data
        if "new" in cleaned and "again" in cleaned and cleaned["new"] != cleaned["again"]:
            self.add_error("again", _("This is not the same password as above."))
        if "new" in cleaned:
            self._hold_to_rules(cleaned["new"], cleaned.get("old", ""))
        if not self.errors:
            self._prove(cleaned["old"])
        return cleaned

    def refuse(self, outcome: PasswordOutcome) -> None:
        """Add the error of a change that failed after the form was valid."""
        self.failure_status = _STATUS[outcome]
        self.add_error(None, _FAILURES[outcome])

    def _hold_to_rules(self, new: str, old: str) -> None:
        rules, person = policy_in_force(), person_of(self.request.user)
        for rule in policy.broken(new, rules, person, old):
            self.add_error("new", sentences.of_rule(rule, rules))
        if "new" in self.errors:
            return
        measured = strength.measure(new, person)
        if measured.score < settings.PASSWORD_STRENGTH:
            self.add_error("new", gettext("This password would be guessed too quickly."))
            for reason in sentences.of_reasons(measured):
                self.add_error("new", reason)

    def _prove(self, old: str) -> None:
        """Ask the mail server about the old password. Failures count as at sign-in, where the same
        could be tried."""
        try:
            is_right = get_adapter(self.request).reauthenticate(self.request.user, old)
        except ValidationError as error:  # too many failures
            self.failure_status, self.refused = 429, "limited"
            self.retry_after = math.ceil((error.params or {}).get("seconds", 900))
            self.add_error(None, error)
        except WebmailError as error:
            self.failure_status, self.refused = error.status, "untold"
            self.add_error(
                None,
                _(
                    "The mail server does not answer. Nothing was changed: try again in a few"
                    " minutes."
                ),
            )
        else:
            if not is_right:
                self.refused = "wrong"
                self.add_error("old", _("This is not your password. Check capitals and digits."))
