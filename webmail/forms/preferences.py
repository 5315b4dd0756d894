"""The forms of the preferences."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings

from webmail import hours
from webmail.preferences import BY_NAME, DECLARED, HoursField, Preference, Preferences


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
    ``folders``: those that one may begin in, by name and label."""

    def __init__(
        self,
        *args: Any,
        preferences: Preferences,
        tab: str = "",
        folders: Iterable[tuple[str, str]] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for preference in offered(tab):
            field = preference.field()
            field.initial = getattr(preferences, preference.name)
            if isinstance(field, HoursField):
                field.least = hours.read(preferences.hours_least)
            if preference.folder:
                _offer_folders(field, folders)
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
        """A folder that was not posted is no choice."""
        return bool(value) or not BY_NAME[name].folder


def _offer_folders(field: Any, folders: Iterable[tuple[str, str]]) -> None:
    """Beside the folders that the declaration names."""
    declared: Any = field.choices
    named = dict(declared)
    field.choices = [*named.items(), *(pair for pair in folders if pair[0] not in named)]
