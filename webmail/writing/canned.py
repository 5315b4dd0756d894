"""Canned texts: texts that the user writes often, stored to be put into messages."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django import forms
from django.db import transaction
from django.db.models.functions import Lower
from django.http import QueryDict
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from mail.errors import ContentTooCostly, NotFound
from mail.mime import composed
from webmail.models import CannedAnswer
from webmail.writing import cleaning

LONGEST = 50_000
"""The largest number of characters of a text, markup included."""


class CannedForm(forms.Form):
    """A canned text. ``text`` is plain; the composer sends ``html`` instead."""

    name = forms.CharField(
        label=pgettext_lazy("of a canned answer", "Name"),
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    text = forms.CharField(
        label=_("Text"),
        required=False,
        max_length=LONGEST,
        strip=False,
        widget=forms.Textarea(attrs={"class": "input", "rows": 8}),
    )
    html = forms.CharField(
        required=False, max_length=20 * LONGEST, strip=False, widget=forms.HiddenInput
    )

    def __init__(
        self, data: QueryDict | None = None, *, user: User, kept: CannedAnswer | None = None
    ) -> None:
        """``kept`` is the canned text to change."""
        self.user, self.kept = user, kept
        begun = {"name": kept.name, "text": composed.to_text(kept.html)} if kept else None
        super().__init__(data, initial=begun)
        if kept and is_formatted(kept):
            self.fields["text"].help_text = _(
                "This text is formatted. If you change it here, it becomes plain; to keep its"
                " formatting, change it in the composer and save it from there."
            )

    def clean_name(self) -> str:
        """Return the name. It must be unique without regard to case."""
        name = " ".join(self.cleaned_data["name"].split())
        self._refuse_taken(name)
        return name

    def _refuse_taken(self, name: str) -> None:
        others = CannedAnswer.objects.of(self.user).exclude(pk=self.kept.pk if self.kept else 0)
        if others.filter(name__iexact=name).exists():
            raise forms.ValidationError(_("You have a canned answer of that name."))

    def _refuse_too_many(self) -> None:
        if not self.kept and CannedAnswer.objects.of(self.user).count() >= CannedAnswer.MOST:
            words = gettext("You have as many canned answers as one can have: %(most)s.")
            raise forms.ValidationError(words % {"most": CannedAnswer.MOST})

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or {}
        cleaned["html"] = self._html(cleaned.get("text") or "", cleaned.get("html") or "")
        if not composed.to_text(cleaned["html"]).strip() and "text" not in self.errors:
            self.add_error("text", _("Write the text of the answer."))
        if len(cleaned["html"]) > 2 * LONGEST or "html" in self.errors:
            self.add_error("text", _("This text is too long for a canned answer."))
        self._refuse_too_many()
        return cleaned

    def _html(self, text: str, source: str) -> str:
        """Return the HTML of the text. A text that was not changed keeps its formatting."""
        if source.strip():
            return self._own(source)
        if self.kept and _lines(text) == _lines(composed.to_text(self.kept.html)):
            return self.kept.html
        return composed.from_text(text) if text.strip() else ""

    def _own(self, source: str) -> str:
        try:
            return cleaning.own(source)
        except ContentTooCostly:
            self.add_error("text", _("This text is too long for a canned answer."))
            return ""

    @transaction.atomic
    def save(self) -> bool:
        """Store the text. Return False, with the error in the form, where another request has
        taken the name or the last place since the form was read."""
        User.objects.select_for_update(no_key=True).get(pk=self.user.pk)
        answer = self.kept or CannedAnswer(user=self.user)
        answer.name, answer.html = self.cleaned_data["name"], self.cleaned_data["html"]
        try:
            self._refuse_taken(answer.name)
            self._refuse_too_many()
        except forms.ValidationError as error:
            self.add_error(None, error)
            return False
        answer.save()
        return True


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip().splitlines()]


def bring(user: User, name: str, text: str, *, is_html: bool) -> bool:
    """Store a text of another webmail, under another name if its own is taken. Return False if it
    is empty or too long, or there is no room."""
    try:
        html = cleaning.own(text) if is_html else composed.from_text(text)
    except ContentTooCostly:
        return False
    mine = {answer.name.lower() for answer in CannedAnswer.objects.of(user)}
    is_empty = not composed.to_text(html).strip()
    if is_empty or len(html) > 2 * LONGEST or len(mine) >= CannedAnswer.MOST:
        return False
    CannedAnswer.objects.create(user=user, name=_free_name(name, mine), html=html)
    return True


def _free_name(name: str, taken: Collection[str]) -> str:
    name = " ".join(name.split())[:70] or gettext("Answer")
    numbered = (f"{name} ({number})" for number in range(2, len(taken) + 3))
    return next(candidate for candidate in (name, *numbered) if candidate.lower() not in taken)


def of(user: User) -> Iterable[CannedAnswer]:
    """Return the user's canned texts by name."""
    return CannedAnswer.objects.of(user).order_by(Lower("name"), "pk")


def find(user: User, pk: int) -> CannedAnswer:
    """Return one of the user's canned texts. Raises NotFound."""
    answer = CannedAnswer.objects.of(user).filter(pk=pk).first()
    if answer is None:
        raise NotFound
    return answer


def is_formatted(answer: CannedAnswer) -> bool:
    """Return whether the text has more formatting than its lines."""
    plain = composed.from_text(composed.to_text(answer.html))
    return composed.clean(plain) != composed.clean(answer.html)
