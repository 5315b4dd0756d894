"""The form for finding out what became of one message."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from mail.mailbox.tracing import SoughtMessage
from webmail.forms.search import PlaceForm, SearchedField

LONGEST_ADDRESS, LONGEST_ID = 254, 250


class EnvelopeForm(PlaceForm):
    """The fields that the support desk may search by: none concerns the content of a message."""

    address = SearchedField(
        label=_("Address of the other person"),
        required=False,
        max_length=LONGEST_ADDRESS,
        help_text=_("The address of the sender or of a recipient; a part is enough."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )
    day = forms.DateField(
        label=_("Day"),
        required=False,
        help_text=_("The day before and the day after are searched too."),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    message_id = SearchedField(
        label=_("Number of the message (Message-ID)"),
        required=False,
        max_length=LONGEST_ID,
        help_text=_("The number of the message, where it is known."),
        widget=forms.TextInput(attrs={"autocapitalize": "none", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not any(cleaned.get(name) for name in self.asked_fields):
            raise forms.ValidationError(_("Fill in at least one of the fields."))
        return cleaned

    @property
    def asked_fields(self) -> tuple[str, ...]:
        return ("address", "day", "message_id")

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields that the page shows."""
        return [self[name] for name in self.fields if name in self.asked_fields]

    @property
    def sought(self) -> SoughtMessage:
        value = self.cleaned_data.get
        return SoughtMessage(
            address=value("address") or "",
            day=value("day"),
            message_id=value("message_id") or "",
            words=value("words") or "",
        )


class TraceForm(EnvelopeForm):
    """The fields that users may search their own messages by."""

    words = SearchedField(label=_("Words of the subject"), required=False, max_length=200)
    field_order = ("address", "day", "words", "message_id")

    @property
    def asked_fields(self) -> tuple[str, ...]:
        return (*super().asked_fields, "words")
