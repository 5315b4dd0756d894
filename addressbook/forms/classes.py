"""The input from browsers about pupils, guardians, classes and the school year."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from addressbook.contacts import expiry
from addressbook.forms.contacts import PkList, one_address
from addressbook.models import Contact, Group, Guardianship

NEW = "new"
MOST_CLASSES = 100
_SELECT = forms.Select(attrs={"class": "select"})
_TEXT = forms.TextInput(attrs={"class": "input", "autocomplete": "off"})


class _GuardianValuesForm(forms.Form):
    """The values of a guardian."""

    relation = forms.ChoiceField(
        label=_("Relation to the pupil"),
        required=False,
        choices=[("", pgettext_lazy("relation to a pupil", "not said"))],
        widget=_SELECT,
    )
    receives_mail = forms.BooleanField(label=_("Receives the school’s mail"), required=False)
    is_legal = forms.BooleanField(label=_("Has parental authority"), required=False)

    def __init__(self, *args: Any, other: str = "", **more: Any) -> None:
        super().__init__(*args, **more)
        relation = self.fields["relation"]
        assert isinstance(relation, forms.ChoiceField)  # noqa: S101  as declared above
        choices: list[tuple[str, Any]] = [*Guardianship.Relation.choices]
        if other and other not in Guardianship.Relation.values:
            choices.append((other, other))
        relation.choices = [*self.base_fields["relation"].choices, *choices]  # type: ignore[attr-defined]


class GuardianForm(_GuardianValuesForm):
    """The changed values of a pupil's guardian."""

    is_first = forms.BooleanField(
        label=_("The first guardian of this pupil"),
        required=False,
        help_text=_("A class may be written to by its first guardians alone."),
    )


class NewGuardianForm(_GuardianValuesForm):
    """A guardian for a pupil: an existing contact or a new one."""

    guardian = forms.ChoiceField(label=_("Who is it?"), widget=forms.RadioSelect)
    name = forms.CharField(label=_("Name"), max_length=300, required=False, widget=_TEXT)
    address = forms.CharField(
        label=pgettext_lazy("mail", "E-mail address"), max_length=400, required=False, widget=_TEXT
    )

    def __init__(
        self, data: Mapping[str, Any] | None, *, matches: Sequence[Contact], query: str
    ) -> None:
        initial = {
            "guardian": str(matches[0].pk) if matches else NEW,
            "name": query,
            "receives_mail": True,
            "is_legal": True,
        }
        super().__init__(data, initial=initial)
        guardian = self.fields["guardian"]
        assert isinstance(guardian, forms.ChoiceField)  # noqa: S101  as declared above
        guardian.choices = [
            *((str(contact.pk), _named(contact)) for contact in matches),
            (NEW, _("A new contact")),
        ]

    def clean_address(self) -> str:
        text = self.cleaned_data["address"].strip()
        return one_address(text) if text else ""

    def clean(self) -> dict[str, Any] | None:
        cleaned = self.cleaned_data
        is_new = cleaned.get("guardian") == NEW
        if is_new and not (cleaned.get("name", "").strip() or cleaned.get("address")):
            raise ValidationError(_("Enter a name, an address or a telephone number."))
        return cleaned


def _named(contact: Contact) -> str:
    first = next(iter(contact.addresses.all()), None)
    return f"{contact.display_name} ({first.address})" if first else contact.display_name


class GuardianSearchForm(forms.Form):
    """The words of a search for a guardian among the contacts."""

    q = forms.CharField(required=False, max_length=200)


class KeepForm(forms.Form):
    """The reason why a class is kept beyond its end."""

    reason = forms.ChoiceField(
        label=_("Why"),
        choices=[
            ("marks", _("marks and files of the year are not finished")),
            ("families", _("families are still to be written to")),
            ("next_year", _("I prepare the lists of the new year")),
        ],
        widget=_SELECT,
    )


class ClassForm(forms.Form):
    """Whether a group is a class, its school year, which guardians get its messages, and when its
    list ends. ``initial`` has the school year and the end that the class has now."""

    is_class = forms.BooleanField(
        label=_("This group is a class: its contacts are pupils"), required=False
    )
    school_year = forms.IntegerField(
        label=_("School year"),
        min_value=2000,
        max_value=2100,
        required=False,
        help_text=_("The year in which it begins: 2026 for 2026-2027."),
        widget=forms.NumberInput(attrs={"class": "input"}),
    )
    guardians = forms.ChoiceField(
        label=_("Messages to the guardians go to"),
        choices=Group.Guardians.choices,
        widget=_SELECT,
    )
    ends = forms.DateField(
        label=_("The list ends on"),
        required=False,
        help_text=_(
            "Sooner, if you need it no longer, but 30 days from now at least. Empty: the usual day."
        ),
        widget=forms.DateInput(attrs={"type": "date", "class": "input"}, format="%Y-%m-%d"),
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = self.cleaned_data
        if not cleaned.get("is_class"):
            return cleaned
        school_year, ends = cleaned.get("school_year"), cleaned.get("ends")
        if not school_year:
            self.add_error("school_year", _("Say of which school year it is."))
        elif (
            ends
            and not {"school_year", "ends"}.isdisjoint(self.changed_data)
            and not expiry.can_end(school_year, ends)
        ):
            self.add_error("ends", _("Choose a day after today, no later than the usual one."))
        return cleaned


class YearForm(forms.Form):
    """The classes to archive, and the names of new ones."""

    classes = PkList(required=False)
    names = forms.CharField(
        label=_("New classes"),
        required=False,
        max_length=8_000,
        help_text=_("One on a line. Each is empty until you bring its list, or add pupils."),
        widget=forms.Textarea(attrs={"class": "input", "rows": 6, "spellcheck": "false"}),
    )

    def clean_names(self) -> list[str]:
        """Return the names, each once, in their order."""
        lines = (" ".join(line.split()) for line in self.cleaned_data["names"].splitlines())
        names = list(dict.fromkeys(line[:180] for line in lines if line))
        if len(names) > MOST_CLASSES:
            raise ValidationError(_("100 classes at most at once."))
        if any(re.search(r"[\x00-\x1f\x7f]", name) for name in names):
            raise ValidationError(_("A name holds a character that is not allowed."))
        return names


class AudienceForm(forms.Form):
    """The audience of a class that a request asks for. An invalid value counts as none."""

    who = forms.ChoiceField(
        choices=[(who, who) for who in ("guardians", "pupils", "both")], required=False
    )

    def value(self) -> str:
        return self.cleaned_data["who"] if self.is_valid() else ""


class LeaversForm(forms.Form):
    """The pupils who left, as ticked in the preview of a class list."""

    left = PkList(required=False)
