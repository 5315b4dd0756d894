"""The forms of message lists and of the actions on messages."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from typing import Any
from urllib.parse import unquote

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from core.converters import CONTROLS, LONGEST_NAME, UINT32, FolderConverter, MessageConverter
from mail.imap.connection import checked_flag
from mail.mailbox.actions import CLEAR, DELETE, MOVE, SET, MailStep
from mail.mailbox.bulk import unpacked
from mail.mailbox.listing import MOST_ROWS
from mail.mailbox.listing import ListPlace as ListPlace
from mail.mailbox.ordering import FILTERS, SORTS
from mail.mailbox.verbs import VERBS
from webmail.forms.folders import check_folder_name

_KEYWORD = re.compile(r"^[A-Za-z0-9$_.:+/-]{1,60}\Z")


class RefField(forms.CharField):
    """Parses ``uidvalidity-uid`` into two numbers; an empty value is None."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=30)

    def clean(self, value: Any) -> tuple[int, int] | None:
        text = super().clean(value)
        try:
            return MessageConverter().to_python(text) if text else None
        except ValueError as error:
            raise ValidationError(_("This is not a message.")) from error


class ListForm(forms.Form):
    """The query of a list: its order, filter and page. Invalid values are ignored and lead to the
    first page."""

    sort = forms.ChoiceField(required=False, choices=[(name, name) for name in SORTS])
    up = forms.BooleanField(required=False)
    only = forms.ChoiceField(required=False, choices=[(name, name) for name in FILTERS if name])
    threads = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    at = forms.IntegerField(required=False, min_value=0, max_value=2**31)
    rows = forms.IntegerField(required=False, min_value=1, max_value=MOST_ROWS)
    after = RefField()
    row = RefField()
    newer = RefField()
    month = forms.IntegerField(required=False, min_value=1, max_value=12)
    year = forms.IntegerField(required=False, min_value=1970, max_value=2200)

    @classmethod
    def of(cls, query: QueryDict) -> ListForm:
        """Return the form for a query. Most lists have an empty query, and creating and cleaning a
        form is slow."""
        return cls(query) if query else _NO_QUERY

    @property
    def order(self) -> tuple[str, bool, bool] | None:
        """The sort, whether it is ascending, and whether it is by conversations, which are only
        sorted by arrival; None where the query names none."""
        if self.by_threads:
            return SORTS[0], bool(self._value("up")), True
        sort = self._value("sort")
        return (sort, bool(self._value("up")), False) if sort else None

    @property
    def by_threads(self) -> bool:
        return bool(self._value("threads"))

    @property
    def filter(self) -> str:
        return self._value("only") or ""

    @property
    def size(self) -> int | None:
        """The number of rows, where they must fit the rows above."""
        rows: int | None = self._value("rows")
        return rows

    @property
    def came_after(self) -> tuple[int, int] | None:
        """The message whose successors the request asks for."""
        newer: tuple[int, int] | None = self._value("newer")
        return newer

    @property
    def place(self) -> ListPlace:
        after, row = self._value("after"), self._value("row")
        year = self._value("year")
        named = after or row
        return ListPlace(
            number=self._value("page") or 1,
            after=after and after[1],
            row=row[1] if row and not after else None,
            month=date(year, self._value("month") or 12, 1) if year else None,
            at=self._value("at"),
            uidvalidity=named and named[0],
        )

    def _value(self, name: str) -> Any:
        if not self.data:
            return None
        self.is_valid()
        return self.cleaned_data.get(name)


_NO_QUERY = ListForm(QueryDict())


class RefsField(forms.Field):
    """Parses repeated values ``uidvalidity-uid`` into triples of folder and numbers. The folder is
    "" unless the value names it, as in search results: ``Classes~2F4e%20B/7-42``."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> list[tuple[str, int, int]]:
        try:
            return [self._named(text) for text in value or []]
        except ValueError as error:
            raise ValidationError(_("This is not a message.")) from error

    @staticmethod
    def _named(text: str) -> tuple[str, int, int]:
        segment, slash, ref = text.rpartition("/")
        folder = FolderConverter().to_python(unquote(segment)) if slash else ""
        return folder, *MessageConverter().to_python(ref)


class KeywordsField(forms.Field):
    """Parses repeated keywords of tags into a set."""

    MOST = 200
    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> frozenset[str]:
        keywords = frozenset(value or [])
        if len(keywords) > self.MOST or not all(map(_KEYWORD.fullmatch, keywords)):
            raise ValidationError(_("This is not a tag."))
        return keywords


class SnippetsForm(forms.Form):
    """The rows whose first words the page requests."""

    refs = RefsField()


class StepsField(forms.Field):
    """The steps that undo an action, as JSON of `mail.mailbox.bulk.packed`."""

    VERBS = (MOVE, SET, CLEAR, DELETE)
    widget = forms.HiddenInput

    def to_python(self, value: Any) -> tuple[MailStep, ...]:
        try:
            steps = unpacked(json.loads(value)) if value else ()
            for step in steps:
                self._check(step)
        except (ValueError, TypeError, KeyError) as error:
            raise ValidationError(_("This is nothing that can be taken back.")) from error
        return steps

    def _check(self, step: MailStep) -> None:
        MessageConverter().to_python(f"{step.uidvalidity}-{step.uids[0]}")
        if step.verb not in self.VERBS:
            raise ValueError(step.verb)
        for name in (step.folder, step.to):
            check_folder_name(name)
        if step.verb in (SET, CLEAR):
            checked_flag(step.flag)


class ImagesForm(forms.Form):
    """The user's choice about remote images: show those of this message, of its author, or none;
    show those of all contacts, or no longer."""

    ONCE, ALWAYS, NEVER = "once", "always", "never"
    CONTACTS, NOT_CONTACTS = "contacts", "not_contacts"
    CHOICES = (ONCE, ALWAYS, NEVER, CONTACTS, NOT_CONTACTS)

    show = forms.ChoiceField(choices=[(name, name) for name in CHOICES])


class SenderForm(forms.Form):
    """The user's choice for a sender."""

    ALLOW, BLOCK, BLOCK_DOMAIN, FORGET = "allow", "block", "block_domain", "forget"

    choice = forms.ChoiceField(
        choices=[(name, name) for name in (ALLOW, BLOCK, BLOCK_DOMAIN, FORGET)]
    )


class NewSenderForm(forms.Form):
    """A sender typed in the preferences: an address or a domain."""

    name = forms.CharField(label=_("Address or domain"), max_length=254)
    choice = forms.ChoiceField(
        label=_("From now on"),
        choices=[
            ("", _("choose")),
            (SenderForm.ALLOW, _("always allow")),
            (SenderForm.BLOCK, _("block")),
        ],
    )


class ActForm(forms.Form):
    """An action, ``verb``, and the messages that it applies to. There are three ways to name them:

    - ``refs`` lists the messages. With ``threads``, each is the newest message of a conversation
      and stands for the whole conversation.
    - ``all`` means every message that the list shows. ``until`` excludes the messages that arrived
      after the list was loaded: their UIDs are not below it.
    - ``all`` with ``found`` means every result of a search; ``found`` is its address.

    ``retag`` changes several tags: it adds to all messages those of ``tags`` that are not in
    ``had``, and removes those of ``had`` that are not in ``tags``, and those of ``off``.

    With ``among`` the open message is shown in its conversation, which has one row in the list.
    """

    verb = forms.ChoiceField(choices=[(name, name) for name in VERBS])
    tag = forms.RegexField(_KEYWORD, required=False)
    tags = KeywordsField(required=False)
    had = KeywordsField(required=False)
    off = KeywordsField(required=False)
    refs = RefsField(required=False)
    to = forms.CharField(required=False, strip=False, validators=[check_folder_name])
    opened = forms.CharField(required=False, max_length=LONGEST_NAME + 30)
    found = forms.CharField(required=False, max_length=20_000)
    steps = StepsField(required=False)
    confirmed = forms.BooleanField(required=False)
    uidvalidity = forms.IntegerField(required=False, min_value=1, max_value=UINT32)
    until = forms.IntegerField(required=False, min_value=1, max_value=UINT32 + 1)
    sort = forms.ChoiceField(required=False, choices=[(name, name) for name in SORTS])
    up = forms.BooleanField(required=False)
    only = forms.ChoiceField(required=False, choices=[(name, name) for name in FILTERS])
    threads = forms.BooleanField(required=False)
    among = forms.BooleanField(required=False)

    def __init__(self, data: Any = None) -> None:
        """Initialise the form. ``verb`` may include the tag, ``tag:$label1``, since a button has
        one value."""
        if data is not None and ":" in data.get("verb", ""):
            data = data.copy()
            data["verb"], _colon, data["tag"] = data["verb"].partition(":")
        super().__init__(data)
        self.fields["all"] = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        verb = VERBS.get(cleaned.get("verb", ""))
        if verb is None:
            return cleaned
        if verb.needs == "to" and not cleaned.get("to") and "to" not in self.errors:
            self.add_error("to", _("Choose a folder."))
        tag = any(self.changed_tags) if verb.name == "retag" else cleaned.get("tag")
        if verb.needs == "tag" and not tag and "tag" not in self.errors:
            self.add_error("tag", _("Choose a tag."))
        counted = cleaned.get("uidvalidity") or cleaned.get("found")
        named = cleaned.get("refs") or (cleaned.get("all") and counted)
        chosen = cleaned.get("steps") if verb.needs == "steps" else named
        if not chosen and "refs" not in self.errors:
            self.add_error("refs", _("Choose at least one message."))
        return cleaned

    @property
    def changed_tags(self) -> tuple[frozenset[str], frozenset[str]]:
        """The keywords to add to the messages, and those to remove."""
        tags, had, off = (
            self.cleaned_data.get(name) or frozenset() for name in ("tags", "had", "off")
        )
        return tags - had - off, (had - tags) | off

    @property
    def is_everything(self) -> bool:
        return bool(self.cleaned_data["all"])

    @property
    def sort_and_filter(self) -> tuple[str, bool, str]:
        """The order and filter of the list. It ignores those that there are not, as `ListForm`."""
        value = self.cleaned_data.get
        return value("sort") or SORTS[0], not value("up"), value("only") or ""


class TagForm(forms.Form):
    """The name and colour of a tag."""

    name = forms.CharField(label=_("Name"), max_length=40)
    colour = forms.IntegerField(label=_("Colour"), min_value=1, max_value=6)

    def clean_name(self) -> str:
        return " ".join(CONTROLS.sub(" ", self.cleaned_data["name"]).split())
