"""The form for sharing a folder."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from mail.mailbox.sharing import PRESETS
from mail.mime import addresses
from webmail.presentation.sharing import LABELS

MOST_PEOPLE = 50


class ShareForm(forms.Form):
    """One change to the users of a folder: ``share`` with people, or ``end`` for one identifier."""

    VERBS = ("share", "end")

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in VERBS])
    people = forms.CharField(required=False, max_length=20_000, label=_("Colleagues"))
    preset = forms.ChoiceField(
        required=False,
        choices=[(name, LABELS[name][0]) for name in PRESETS],
        error_messages={"invalid_choice": _("Choose what they may do.")},
    )
    inside = forms.BooleanField(required=False)
    identifier = forms.CharField(required=False, max_length=400, strip=False)

    def clean_people(self) -> tuple[str, ...]:
        """Return the addresses in lower case, each once."""
        read = addresses.read_recipients(self.cleaned_data["people"])
        if read.invalid:
            words = gettext("%(typed)s is not an address.")
            raise ValidationError(words % {"typed": ", ".join(read.invalid[:3])})
        if len(read.valid) > MOST_PEOPLE:
            raise ValidationError(
                gettext("At most %(most)s people at once.") % {"most": MOST_PEOPLE}
            )
        return tuple(dict.fromkeys(person.address.lower() for person in read.valid))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        identifier = cleaned.get("identifier", "")
        if cleaned.get("verb") == "end" and not (identifier and identifier.isprintable()):
            self.add_error("identifier", _("Say with whom."))
        if cleaned.get("verb") != "share" or "people" in self.errors:
            return cleaned
        if not cleaned.get("people"):
            self.add_error("people", _("Say with whom."))
        if not cleaned.get("preset") and "preset" not in self.errors:
            self.add_error("preset", _("Choose what they may do."))
        return cleaned
