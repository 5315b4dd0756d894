"""The forms of the preferences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from webmail.preferences import BY_NAME, DECLARED, Preference, Preferences


def offered(tab: str = "") -> tuple[Preference, ...]:
    """The declared preferences that work here; ``tab``: those of one page of the settings."""
    return tuple(
        preference
        for preference in DECLARED
        if tab in ("", preference.tab)
        and not (preference.needs_beat and settings.CELERY_TASK_ALWAYS_EAGER)
    )


class PreferencesForm(forms.Form):
    """One field for each preference of a page of the settings; of every page where none is named.
    ``folders``: those that one may begin in, by name and label; None where the mail server does not
    tell. Cleaned is what is another than before: what somebody saw and left is no choice, and
    follows the administrators' value."""

    def __init__(
        self,
        *args: Any,
        preferences: Preferences,
        tab: str = "",
        folders: Iterable[tuple[str, str]] | None = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.before = preferences
        for preference in offered(tab):
            field = preference.field()
            field.initial = getattr(preferences, preference.name)
            if preference.folder:
                _offer_folders(field, folders, field.initial)
                field.required = False
            field.disabled = preference.name in preferences.locked
            self.fields[preference.name] = field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return {
            name: value
            for name, value in cleaned.items()
            if name in BY_NAME and not self.fields[name].disabled and self._is_choice(name, value)
        }

    def _is_choice(self, name: str, value: str) -> bool:
        """A folder that was not posted is no choice, nor is what was there before."""
        is_named = bool(value) or not BY_NAME[name].folder
        return is_named and value != getattr(self.before, name)


def _offer_folders(
    field: forms.ChoiceField, folders: Iterable[tuple[str, str]] | None, chosen: str
) -> None:
    """Beside the folders that the declaration names; without others the chosen one alone."""
    declared: Any = field.choices
    named = dict(declared)
    if folders is None:
        folders = [(chosen, chosen)]
        field.help_text = _("The mail server does not answer: other folders cannot be chosen now.")
    field.choices = [*named.items(), *(pair for pair in folders if pair[0] not in named)]
