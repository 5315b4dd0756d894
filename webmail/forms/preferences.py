"""The forms of the preferences."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.translation import gettext as _

from core.preferences import BY_NAME, DECLARED, Preference, Preferences, hours
from webmail.forms import preference_fields
from webmail.forms.preference_fields import HoursField
from webmail.presentation import keys

_LONGEST_KEY = 30
"""The most characters of a key as it is typed."""


def offered(tab: str = "") -> tuple[Preference, ...]:
    """Return the declared preferences that work in this installation, or those on the page ``tab``
    of the settings."""
    return tuple(
        preference
        for preference in DECLARED
        if tab in ("", preference.tab)
        and not (preference.needs_beat and settings.CELERY_TASK_ALWAYS_EAGER)
    )


@dataclass(frozen=True)
class KeyLine:
    """The field for one key. ``warns`` means that browsers use this key, too."""

    name: str
    words: str | Promise
    value: str
    fault: str
    is_first_fault: bool
    warns: bool


@dataclass(frozen=True)
class ToolLine:
    """One action that the toolbar of the message may have."""

    name: str
    words: str | Promise
    is_chosen: bool


class PreferencesForm(forms.Form):
    """One field for each preference on a page of the settings, or on all pages where ``tab`` is
    empty. ``folders`` are those that can be opened at the start, as name and label; None where the
    mail server does not answer. The cleaned data contain only changed values: a value that the user
    left as it was is no choice, and follows the administrators' default."""

    def __init__(
        self,
        *args: Any,
        preferences: Preferences,
        tab: str = "",
        folders: Iterable[tuple[str, str]] | None = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.key_faults: dict[str, str] = {}
        self.before = preferences
        for preference in offered(tab):
            field = preference_fields.field(preference)
            field.initial = getattr(preferences, preference.name)
            if isinstance(field, HoursField):
                field.least = hours.read_hours(preferences.hours_least)
            if preference.folder:
                _offer_folders(field, folders, field.initial)
                field.required = False
            if preference.name == "language":
                _mark_languages(field)
            field.disabled = preference.name in preferences.locked
            self.fields[preference.name] = field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        return {
            name: value
            for name, value in cleaned.items()
            if name in BY_NAME and not self.fields[name].disabled and self._is_choice(name, value)
        }

    def _is_choice(self, name: str, value: str | None) -> bool:
        """Return whether the user chose the value: it was posted and differs from the one
        before."""
        if value is None or value == getattr(self.before, name):
            return False
        return bool(value) or not BY_NAME[name].folder

    def clean_own_keys(self) -> str | None:
        """Return the keys in the format of the preference; None where the user does not choose keys
        of their own. ``key_faults`` describes the errors, by action."""
        typed = self.cleaned_data["own_keys"]
        if typed is None or self.cleaned_data.get("keys") != "own":
            return None
        strokes: dict[str, str] = {}
        for key in keys.CHANGEABLE:
            try:
                strokes[key.name] = keys.parse(str(typed.get(key.name, ""))[:_LONGEST_KEY])
            except keys.Refused as refused:
                self.key_faults[key.name] = str(refused)
        for conflict in keys.conflicts(strokes):
            self._note_conflict(conflict)
        if self.key_faults:
            raise ValidationError(_("Correct the keys that are marked below."))
        return keys.write(strokes)

    def key_lines(self) -> list[KeyLine]:
        """Return one line for each action whose key can be changed, with the key as typed or as
        set."""
        typed = self.data if self.is_bound else {}
        chosen = keys.scheme(self.before.keys, self.before.own_keys).strokes
        return [
            KeyLine(
                key.name,
                key.words,
                str(typed.get(f"own_keys-{key.name}", keys.typed(chosen[key.name]))),
                self.key_faults.get(key.name, ""),
                is_first_fault=key.name == next(iter(self.key_faults), ""),
                warns=chosen[key.name] in keys.BROWSERS and key.name != "search",
            )
            for key in keys.CHANGEABLE
        ]

    def tool_lines(self) -> list[ToolLine]:
        """Return the actions of the toolbar: first those in it, in their order, then the others."""
        chosen: Any = self["toolbar"].value()
        names = chosen.split() if isinstance(chosen, str) else list(chosen or ())
        words = dict(BY_NAME["toolbar"].options())
        inside = [ToolLine(name, words[name], is_chosen=True) for name in names if name in words]
        return inside + [
            ToolLine(n, w, is_chosen=False) for n, w in words.items() if n not in names
        ]

    def _note_conflict(self, conflict: keys.Conflict) -> None:
        words = _("“%(key)s” stands for “%(first)s” already: choose another key for “%(second)s”.")
        kept, other = conflict.first, conflict.second
        if not other.stroke:
            kept, other = other, kept  # a fixed key cannot change
        named = {"key": keys.typed(conflict.stroke), "first": kept.words, "second": other.words}
        self.key_faults.setdefault(other.name, words % named)


def _mark_languages(field: Any) -> None:
    """Mark each language's name as being in that language."""
    marked = '<span lang="{}">{}</span>'
    field.choices = [(code, format_html(marked, code, name)) for code, name in field.choices]


def _offer_folders(field: Any, folders: Iterable[tuple[str, str]] | None, chosen: str) -> None:
    """Add these folders to the declared choices. Without an answer of the mail server, add only the
    chosen one."""
    choices = dict(field.choices)
    if folders is None:
        folders = [(chosen, chosen)]
        field.help_text = _("The mail server does not answer: other folders cannot be chosen now.")
    field.choices = [*choices.items(), *(pair for pair in folders if pair[0] not in choices)]
