"""The input from browsers about groups in groups, shared groups, and groups from the directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from addressbook import vcard
from addressbook.contacts import audiences
from addressbook.contacts.audiences import Audience
from addressbook.directory import filters
from addressbook.directory.filters import Terms
from addressbook.forms.contacts import addresses_of
from addressbook.models import Group, GroupFilter

MOST_PEOPLE = 50
"""The largest number of colleagues named at once."""
MOST_ADDED = 100
"""The largest number of addresses that a colleague adds at once."""
_TEXT = {"class": "input", "autocomplete": "off"}


class InnerForm(forms.Form):
    """A group to add to another one: its key, and the audience if it is a class."""

    inner = forms.ChoiceField(
        label=_("Group to put in"), widget=forms.Select(attrs={"class": "select"})
    )

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, candidates: Sequence[Group]
    ) -> None:
        super().__init__(data)
        self.candidates = {str(group.pk): group for group in candidates}
        field = self.fields["inner"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  as declared above
        field.choices = [choice for group in candidates for choice in _choices(group)]

    def wanted(self) -> tuple[Group, str]:
        key, _colon, audience = self.cleaned_data["inner"].partition(":")
        return self.candidates[key], audience


def _choices(group: Group) -> list[tuple[str, str]]:
    if not group.is_class:
        return [(str(group.pk), group.name)]
    return [
        (f"{group.pk}:{audience}", audiences.label(group, audience))
        for audience in (Audience.GUARDIANS, Audience.PUPILS, Audience.BOTH)
    ]


class GroupShareForm(forms.Form):
    """The colleagues who may use a group, by name or by their school, and their rights."""

    READ, EDIT = "read", "edit"

    people = forms.CharField(required=False, max_length=20_000, label=_("Colleagues"))
    school = forms.BooleanField(required=False)
    may = forms.ChoiceField(
        choices=[(READ, READ), (EDIT, EDIT)],
        error_messages={
            "required": _("Choose what they may do."),
            "invalid_choice": _("Choose what they may do."),
        },
    )
    with_pupils = forms.BooleanField(required=False)

    def __init__(self, *args: Any, holds_families: bool, **more: Any) -> None:
        super().__init__(*args, **more)
        self.holds_families = holds_families

    def clean_people(self) -> tuple[str, ...]:
        """Return the addresses in lower case, each once."""
        people: dict[str, None] = {}
        for piece in self.cleaned_data["people"].replace(";", ",").split(","):
            if not piece.strip():
                continue
            addresses = vcard.addresses_in(piece)
            if len(addresses) != 1:
                words = gettext("%(typed)s is not an address.")
                raise ValidationError(words % {"typed": piece.strip()[:80]})
            people.setdefault(addresses[0].lower())
        if len(people) > MOST_PEOPLE:
            words = gettext("At most %(most)s people at once.")
            raise ValidationError(words % {"most": MOST_PEOPLE})
        return tuple(people)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if "people" not in self.errors and not (cleaned.get("people") or cleaned.get("school")):
            self.add_error("people", _("Say with whom."))
        if self.holds_families and not cleaned.get("with_pupils"):
            words = _("Pupils or their families are in this group: confirm that they may see them.")
            self.add_error("with_pupils", words)
        # The consent holds only for pupils who are in the group now, not for those who come later.
        cleaned["with_pupils"] = self.holds_families and bool(cleaned.get("with_pupils"))
        return cleaned


class AddAddressesForm(forms.Form):
    """The addresses that a colleague adds to a shared group, one on a line or between commas."""

    addresses = forms.CharField(
        label=_("Addresses to add"),
        max_length=30_000,
        widget=forms.Textarea(attrs={"class": "input", "rows": 3, "spellcheck": "false"}),
        help_text=_("One on a line. They do not become contacts of the group’s owner."),
    )

    def clean_addresses(self) -> list[str]:
        addresses = addresses_of(self.cleaned_data["addresses"])
        if len(addresses) > MOST_ADDED:
            words = gettext("At most %(most)s addresses at once.")
            raise ValidationError(words % {"most": MOST_ADDED})
        return addresses


class FilterForm(forms.Form):
    """The filter of a group from the directory: school, discipline, function."""

    function = forms.CharField(
        label=_("Function"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={**_TEXT, "list": "functions"}),
        help_text=_("“Professeur” stands for all functions that contain this word."),
    )
    discipline = forms.CharField(
        label=_("Discipline"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={**_TEXT, "list": "disciplines"}),
    )
    school = forms.CharField(
        label=_("School"),
        max_length=220,
        required=False,
        widget=forms.TextInput(attrs={**_TEXT, "list": "schools"}),
    )
    name = forms.CharField(
        label=_("Name of the group"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs=_TEXT),
        help_text=_("Empty: as its people are called above."),
    )

    def __init__(self, *args: Any, terms: Terms, **more: Any) -> None:
        super().__init__(*args, **more)
        self.terms = terms
        self.found_school = ("", "")

    def clean_name(self) -> str:
        text = "".join(
            " " if ord(character) < 32 else character for character in self.cleaned_data["name"]
        )
        return " ".join(text.split())

    def clean_school(self) -> str:
        text = self.cleaned_data["school"].strip()
        if text:
            school = self.terms.school(text)
            if school is None:
                words = _("No school of the directory is called so. Choose one of the list.")
                raise ValidationError(words)
            self.found_school = school
        return text

    def clean_discipline(self) -> str:
        text = self.cleaned_data["discipline"].strip()
        if text and not (discipline := self.terms.discipline(text)):
            raise ValidationError(
                _("The directory has no such discipline. Choose one of the list.")
            )
        return discipline if text else ""

    def clean_function(self) -> str:
        text = self.cleaned_data["function"].strip()
        if text and not (function := self.terms.function(text)):
            raise ValidationError(_("The directory has no such function. Choose one of the list."))
        return function if text else ""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors and not any(
            cleaned.get(name) for name in ("school", "discipline", "function")
        ):
            raise ValidationError(_("Say at least a school, a discipline or a function."))
        return cleaned

    def wanted(self) -> GroupFilter:
        """Return the filter, not yet saved for a group."""
        uai, name = self.found_school
        return GroupFilter(
            school_uai=uai,
            school_name=name[:200],
            discipline=self.cleaned_data["discipline"],
            function=self.cleaned_data["function"],
        )


def filter_initial(wanted: GroupFilter) -> dict[str, str]:
    school = filters.school_words(wanted.school_uai, wanted.school_name)
    return {
        "school": school if wanted.school_uai else "",
        "discipline": wanted.discipline,
        "function": wanted.function,
        "name": wanted.group.name,
    }


class MemberForm(forms.Form):
    """A member of a shared group, by its `key`."""

    key = forms.CharField(max_length=400)


class ListsForm(forms.Form):
    """The query of the lists of the directory."""

    q = forms.CharField(
        required=False, max_length=200, label=pgettext_lazy("the lists of the directory", "Search")
    )
