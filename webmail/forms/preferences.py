"""The forms of the preferences."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from webmail.preferences import BY_NAME, DECLARED, Preferences


class PreferencesForm(forms.Form):
    """One field for each declared preference that works here."""

    def __init__(self, *args: Any, preferences: Preferences, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for preference in DECLARED:
            if preference.needs_beat and settings.CELERY_TASK_ALWAYS_EAGER:
                continue
            field = preference.field()
            field.initial = getattr(preferences, preference.name)
            field.disabled = preference.name in preferences.locked
            self.fields[preference.name] = field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return {
            name: value
            for name, value in cleaned.items()
            if name in BY_NAME and not self.fields[name].disabled
        }
