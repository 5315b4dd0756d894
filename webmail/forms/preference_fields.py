"""Form fields of preferences: one for each kind of value."""

from __future__ import annotations

from datetime import time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.utils.translation import gettext_lazy as _

from core import preferences
from core.converters import CONTROLS
from core.preferences import HoursPreference, Preference, TextPreference, hours


def field(preference: Preference) -> forms.Field:
    """Return the form field for the value of a preference."""
    words = {"label": preference.label, "help_text": preference.help_text}
    if isinstance(preference, HoursPreference):
        return HoursField(**words)
    if isinstance(preference, TextPreference):
        return forms.CharField(
            **words,
            required=False,
            max_length=preference.longest,
            validators=[RegexValidator(CONTROLS, inverse_match=True)],
            widget=forms.TextInput(attrs={"class": "input"}),
        )
    if preference.own_keys:
        return OwnKeysField(**words, required=False)
    if preference.ordered:
        return OrderedField(**words, choices=preference.options, required=False)
    if preference.several:
        return SeveralField(**words, choices=preference.options, required=False)
    widget = forms.Select if preference.wide else forms.RadioSelect
    return forms.ChoiceField(**words, choices=preference.options, widget=widget)


class OwnKeysWidget(forms.Widget):
    """One text field for each key, which the template writes: ``own_keys-archive``."""

    use_fieldset = True

    def value_from_datadict(self, data: Any, files: Any, name: str) -> dict[str, str] | None:
        begin = f"{name}-"
        typed = {key.removeprefix(begin): data[key] for key in data if key.startswith(begin)}
        return typed or None


class OwnKeysField(forms.Field):
    """Keys as they were typed, by the names of actions; None where none of them was posted."""

    widget = OwnKeysWidget


class OrderedField(forms.MultipleChoiceField):
    """Some of the choices in the order in which they were posted, joined into one value."""

    widget = forms.CheckboxSelectMultiple

    def clean(self, value: Any) -> str:
        return " ".join(dict.fromkeys(super().clean(value)))


class SeveralField(forms.MultipleChoiceField):
    """Any number of choices, joined into one value by blanks."""

    widget = forms.CheckboxSelectMultiple

    def prepare_value(self, value: Any) -> Any:
        return value.split() if isinstance(value, str) else value

    def clean(self, value: Any) -> str:
        chosen = super().clean(value)
        options: Any = self.choices
        return " ".join(str(option) for option, _words in options if option in chosen)


class HoursWidget(forms.MultiWidget):
    """Checkboxes for days, and two times: fields ``…_days``, ``…_begin`` and ``…_end``."""

    template_name = "webmail/preferences/_hours.html"
    use_fieldset = True

    def __init__(self) -> None:
        clock = {"class": "input", "step": "300"}
        super().__init__(
            {
                "days": forms.CheckboxSelectMultiple(choices=preferences.DAYS),
                "begin": forms.TimeInput(attrs={**clock, "type": "time"}, format="%H:%M"),
                "end": forms.TimeInput(attrs={**clock, "type": "time"}, format="%H:%M"),
            }
        )

    def decompress(self, value: Any) -> list[Any]:
        working_hours = hours.read_hours(value)
        if working_hours is None:
            return [[], time(8), time(18)]
        return [sorted(map(str, working_hours.days)), working_hours.begin, working_hours.end]


class HoursField(forms.MultiValueField):
    """Working hours as one value; ``off`` where no day is ticked. ``least`` are the hours that they
    must include."""

    widget = HoursWidget
    default_error_messages = {  # noqa: RUF012  as Django has it
        "order": _("They must end after they begin."),
        "least": _("Your administrators ask for these at least: %(hours)s."),
    }

    def __init__(self, **kwargs: Any) -> None:
        self.least: hours.Hours | None = None
        fields = (
            forms.MultipleChoiceField(choices=preferences.DAYS, required=False),
            forms.TimeField(required=False),
            forms.TimeField(required=False),
        )
        super().__init__(fields, required=False, require_all_fields=False, **kwargs)

    def compress(self, data_list: Any) -> str:
        days, begin, end = data_list or ([], None, None)
        if not days:
            return preferences.OFF
        if begin is None or end is None or begin.replace(second=0) >= end.replace(second=0):
            raise ValidationError(self.error_messages["order"], code="order")
        chosen = hours.hours_of(map(int, days), begin, end)
        if self.least and not chosen.covers(self.least):
            words = preferences.BY_NAME["hours"].words_of(self.least.value)
            raise ValidationError(self.error_messages["least"], "least", {"hours": words})
        return chosen.value
