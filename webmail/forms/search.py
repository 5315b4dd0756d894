"""The forms of the search."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.converters import CONTROLS, LONGEST_NAME, MessageConverter
from mail.mailbox import query
from mail.mailbox.search import ALL, BELOW, FOUND_SORTS, HERE, LEAST_SPAN, SearchPlace
from webmail.presentation import results
from webmail.presentation.results import Asked


class SearchedField(forms.CharField):
    """The searched text. Control characters become blanks; a text that is too long is an error."""

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        return text if len(text) > query.MOST_CHARACTERS else query.readable(text).strip()


class ReachForm(forms.Form):
    """The reach of a search: a folder, the folders below it, or all folders. An invalid reach means
    all folders."""

    folder = forms.CharField(required=False, strip=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["in"] = forms.ChoiceField(
            label=_("Where"),
            required=False,
            initial=ALL,
            choices=[
                (ALL, _("Everywhere")),
                (HERE, _("In this folder")),
                (BELOW, _("In this folder and those inside it")),
            ],
        )

    def clean_folder(self) -> str:
        folder: str = self.cleaned_data["folder"]
        is_name = len(folder) <= LONGEST_NAME and not CONTROLS.search(folder)
        return folder if is_name else ""


class PlaceForm(forms.Form):
    """The place where a search continues; invalid values mean the beginning."""

    at = forms.CharField(required=False, strip=False, max_length=LONGEST_NAME)
    below = forms.CharField(required=False, max_length=30)
    span = forms.IntegerField(required=False, min_value=LEAST_SPAN, max_value=2**31)

    @property
    def place(self) -> SearchPlace | None:
        value = self.cleaned_data.get
        folder, below = value("at") or "", value("below") or ""
        if not folder or CONTROLS.search(folder):
            return None
        try:
            uidvalidity, uid = MessageConverter().to_python(below) if below else (0, 0)
        except ValueError:
            return None
        return SearchPlace(folder, uidvalidity, uid, value("span") or 0)


class SearchForm(ReachForm, PlaceForm):
    """The query of a search. Only a text that is too long is an error; other invalid values are
    ignored."""

    q = SearchedField(required=False, max_length=query.MOST_CHARACTERS)
    page = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    sort = forms.ChoiceField(required=False, choices=[(name, name) for name in FOUND_SORTS])
    anew = forms.BooleanField(required=False)

    def is_valid(self) -> bool:
        super().is_valid()
        return "q" not in self.errors

    @property
    def asked(self) -> Asked:
        value = self.cleaned_data.get
        text, folder = value("q") or "", value("folder") or ""
        return Asked(
            text,
            query.parse(text, timezone.localdate()),
            (value("in") or ALL) if folder else ALL,
            folder,
            value("page") or 1,
            self.place,
            bool(value("anew")),
            value("sort") or "",
        )

    @property
    def initial_of_advanced(self) -> dict[str, str]:
        """The initial values of the advanced form: the text stays as typed."""
        asked = self.asked
        return {"words": asked.text, "in": asked.reach, "folder": asked.folder}


class AdvancedSearchForm(ReachForm):
    """A search by single fields, in place of a query in one line."""

    words = SearchedField(label=_("Words"), required=False, max_length=query.MOST_CHARACTERS)
    without = SearchedField(label=_("Without these words"), required=False, max_length=200)
    sender = SearchedField(label=_("From"), required=False, max_length=200)
    recipient = SearchedField(label=_("To"), required=False, max_length=200)
    subject = SearchedField(label=_("Subject"), required=False, max_length=200)
    since = forms.DateField(
        label=_("From the day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    before = forms.DateField(
        label=_("Before the day"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    larger = forms.IntegerField(
        label=_("Larger than, in megabytes"), required=False, min_value=1, max_value=4000
    )
    attachment = forms.BooleanField(label=_("With attachment"), required=False)
    unread = forms.BooleanField(label=_("Unread"), required=False)
    flagged = forms.BooleanField(label=_("Flagged for follow-up"), required=False)

    @property
    def asked(self) -> query.Form:
        values = dict(self.cleaned_data)
        for name in ("in", "folder"):
            values.pop(name)
        return query.Form(**values)


class SaveForm(SearchForm):
    """A search to save under a name."""

    name = forms.CharField(max_length=results.LONGEST_NAME)

    def clean_name(self) -> str:
        return " ".join(CONTROLS.sub(" ", self.cleaned_data["name"]).split())

    def is_valid(self) -> bool:
        return super().is_valid() and bool(self.cleaned_data.get("name"))


class ForgetForm(forms.Form):
    """A recent search to remove; all of them where the text is empty."""

    text = forms.CharField(required=False, max_length=200)
