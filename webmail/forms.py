"""What comes from browsers, checked where it enters."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from webmail.converters import (
    CONTROLS,
    LONGEST_NAME,
    UINT32,
    FolderConverter,
    MessageConverter,
)
from webmail.imap.connection import checked_flag
from webmail.imap.values import MessageRef
from webmail.mailbox.actions import CLEAR, DELETE, MOVE, SET, Step
from webmail.mailbox.bulk import unpacked
from webmail.mailbox.folders import SPECIAL
from webmail.mailbox.listing import MOST_ROWS
from webmail.mailbox.listing import Place as ListPlace
from webmail.mailbox.ordering import FILTERS, SORTS
from webmail.mailbox.space import MESSAGE, SENDER, YEAR
from webmail.mime import addresses
from webmail.mime.addresses import Address
from webmail.mime.build import decoded_size, encoded_size
from webmail.preferences import BY_NAME, DECLARED, Preferences
from webmail.presentation.words import size
from webmail.writing import posted
from webmail.writing.content import DELIVERIES, KINDS, PRIORITIES, WHOLE, Content
from webmail.writing.scheduling import CHOICES

TEXT_ROOM = 64 * 1024


def attachments_room() -> int:
    """Bytes that attachments may take in a message, beside its text and headers."""
    return int(settings.MESSAGE_LIMIT) - TEXT_ROOM


class RefField(forms.CharField):
    """``uidvalidity-uid`` -> the two numbers; None for none."""

    def __init__(self) -> None:
        super().__init__(required=False, max_length=30)

    def clean(self, value: Any) -> tuple[int, int] | None:
        text = super().clean(value)
        try:
            return MessageConverter().to_python(text) if text else None
        except ValueError as error:
            raise ValidationError(_("This is not a message.")) from error


class ListForm(forms.Form):
    """The query of a list: how it is shown, and where its page begins. Nonsense is left out: it is
    the first page, not an error.
    """

    sort = forms.ChoiceField(required=False, choices=[(one, one) for one in SORTS])
    up = forms.BooleanField(required=False)
    only = forms.ChoiceField(required=False, choices=[(one, one) for one in FILTERS if one])
    threads = forms.BooleanField(required=False)
    page = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    at = forms.IntegerField(required=False, min_value=0, max_value=2**31)
    rows = forms.IntegerField(required=False, min_value=1, max_value=MOST_ROWS)
    after = RefField()
    row = RefField()
    newer = RefField()
    month = forms.IntegerField(required=False, min_value=1, max_value=12)
    year = forms.IntegerField(required=False, min_value=1970, max_value=2200)

    def __init__(self, data: Mapping[str, Any]) -> None:
        if not data:  # as most lists are asked for: twelve fields take their time
            self.base_fields = {}  # type: ignore[misc]  # of this one
        super().__init__(data)

    @property
    def order(self) -> tuple[str, bool, bool] | None:
        """The sort, whether it goes up, and whether it is by conversations, which only come by
        their arrival; None when the address names none.
        """
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
        """How many rows, where they are to fit above others."""
        found: int | None = self._value("rows")
        return found

    @property
    def came_after(self) -> tuple[int, int] | None:
        """The message after which those arrived that are asked for."""
        found: tuple[int, int] | None = self._value("newer")
        return found

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
        self.is_valid()
        return self.cleaned_data.get(name)


def check_folder_name(value: str) -> None:
    """A folder name from a form: no control character ever reaches the server."""
    if CONTROLS.search(value) or len(value) > LONGEST_NAME:
        raise ValidationError(_("This is not a folder name."))


class RefsField(forms.Field):
    """Repeated ``uidvalidity-uid`` values -> triples with the folder before the numbers; "" where
    the value says none. In ``Classes~2F4e B/7-42``, as search results write it, it does."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> list[tuple[str, int, int]]:
        try:
            return [self._named(text) for text in value or []]
        except ValueError as error:
            raise ValidationError(_("This is not a message.")) from error

    @staticmethod
    def _named(text: str) -> tuple[str, int, int]:
        segment, slash, ref = text.rpartition("/")
        folder = FolderConverter().to_python(segment) if slash else ""
        return folder, *MessageConverter().to_python(ref)


class SnippetsForm(forms.Form):
    """The rows of which the beginnings are asked for."""

    refs = RefsField()


class StepsField(forms.Field):
    """What `webmail.jobs.packed` wrote into a form, as JSON: what takes an action back."""

    VERBS = (MOVE, SET, CLEAR, DELETE)
    widget = forms.HiddenInput

    def to_python(self, value: Any) -> tuple[Step, ...]:
        try:
            steps = unpacked(json.loads(value)) if value else ()
            for step in steps:
                self._check(step)
        except (ValueError, TypeError, KeyError) as error:
            raise ValidationError(_("This is nothing that can be taken back.")) from error
        return steps

    def _check(self, step: Step) -> None:
        MessageConverter().to_python(f"{step.uidvalidity}-{step.uids[0]}")
        if step.verb not in self.VERBS:
            raise ValueError(step.verb)
        for name in (step.folder, step.to):
            check_folder_name(name)
        if step.verb in (SET, CLEAR):
            checked_flag(step.flag)


class ImagesForm(forms.Form):
    """What of the images from elsewhere is shown: of this message, of its author, of neither; of
    all contacts, or no longer of them."""

    ONCE, ALWAYS, NEVER = "once", "always", "never"
    CONTACTS, NOT_CONTACTS = "contacts", "not_contacts"
    CHOICES = (ONCE, ALWAYS, NEVER, CONTACTS, NOT_CONTACTS)

    show = forms.ChoiceField(choices=[(one, one) for one in CHOICES])


class SenderForm(forms.Form):
    """What a person wants of a sender from now on."""

    ALLOW, BLOCK, BLOCK_DOMAIN, FORGET = "allow", "block", "block_domain", "forget"

    choice = forms.ChoiceField(choices=[(one, one) for one in (ALLOW, BLOCK, BLOCK_DOMAIN, FORGET)])


class NewSenderForm(forms.Form):
    """A sender typed in the preferences: an address or a domain."""

    name = forms.CharField(label=_("Address or domain"), max_length=254)
    choice = forms.ChoiceField(
        label=_("From now on"),
        choices=[(SenderForm.ALLOW, _("always allow")), (SenderForm.BLOCK, _("block"))],
    )


class ActForm(forms.Form):
    """One verb on some messages: those named by ``refs`` (``threads``: each stands for its
    conversation, of which it is the newest), or ``all`` that the list shows of which
    the UID is below ``until``, which came later than the list being unknown to the person; or
    ``all`` that the search ``found``, by its address."""

    # Marking, moving, deleting; then those that ask something first, and those about a folder.
    MARKS = ("flag", "unflag", "seen", "unseen", "tag", "untag")
    MOVES = ("trash", "archive", "junk", "advert", "inbox", "move", "copy")
    VERBS = (*MARKS, *MOVES, "letter", "delete", "choose", "tags", "undo")

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in VERBS])
    tag = forms.RegexField(r"^[A-Za-z0-9$_.:+/-]{1,60}\Z", required=False)
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

    def __init__(self, data: Any = None) -> None:
        """``verb`` may bring its tag with it, ``tag:$label1``: a button says one thing."""
        if data is not None and ":" in data.get("verb", ""):
            data = data.copy()
            data["verb"], _colon, data["tag"] = data["verb"].partition(":")
        super().__init__(data)
        self.fields["all"] = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        verb = cleaned.get("verb")
        if verb in {"move", "copy"} and not cleaned.get("to") and "to" not in self.errors:
            self.add_error("to", _("Choose a folder."))
        if verb in {"tag", "untag"} and not cleaned.get("tag") and "tag" not in self.errors:
            self.add_error("tag", _("Choose a tag."))
        counted = cleaned.get("uidvalidity") or cleaned.get("found")
        named = cleaned.get("refs") or (cleaned.get("all") and counted)
        if not (cleaned.get("steps") if verb == "undo" else named) and "refs" not in self.errors:
            self.add_error("refs", _("Choose at least one message."))
        return cleaned

    @property
    def is_everything(self) -> bool:
        return bool(self.cleaned_data["all"])

    @property
    def sort_and_filter(self) -> tuple[str, bool, str]:
        value = self.cleaned_data
        return value["sort"] or SORTS[0], not value["up"], value["only"]


class TagForm(forms.Form):
    """A tag's name and colour."""

    name = forms.CharField(label=_("Name"), max_length=40)
    colour = forms.IntegerField(label=_("Colour"), min_value=1, max_value=6)

    def clean_name(self) -> str:
        return " ".join(CONTROLS.sub(" ", self.cleaned_data["name"]).split())


class CleanForm(forms.Form):
    """Which messages that take up room go to the trash, or ``for_good``: of a sender, of a year, or
    one."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in (SENDER, YEAR, MESSAGE)])
    value = forms.CharField(required=False, strip=False, max_length=LONGEST_NAME + 30)
    confirmed = forms.BooleanField(required=False)
    for_good = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        kind, value = cleaned.get("kind"), cleaned.get("value", "")
        if kind == YEAR and not re.fullmatch(r"[0-9]{1,4}", value):
            self.add_error("value", _("This is not a year."))
        if kind == MESSAGE:
            segment, _slash, ref = value.rpartition("/")
            try:
                folder = FolderConverter().to_python(segment)
                cleaned["ref"] = MessageRef(folder, *MessageConverter().to_python(ref))
            except ValueError:
                self.add_error("value", _("This is not a message."))
        return cleaned


class FolderForm(forms.Form):
    """One change of the tree of folders. ``to``: the folder that it goes into, "" for the top;
    ``name``: its own name, for `undo` the whole one that it had."""

    TREE = ("create", "rename", "move", "throw", "remove", "undo")
    VERBS = (*TREE, "subscribe", "unsubscribe", "favour", "unfavour", "use")

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in VERBS])
    folder = forms.CharField(required=False, strip=False, validators=[check_folder_name])
    to = forms.CharField(required=False, strip=False, validators=[check_folder_name])
    name = forms.CharField(required=False, strip=False, max_length=LONGEST_NAME)
    use = forms.ChoiceField(required=False, choices=[(use, use) for use in SPECIAL[1:]])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        verb = cleaned.get("verb")
        if verb != "create" and not cleaned.get("folder"):
            self.add_error("folder", _("Choose a folder."))
        if verb == "use" and not cleaned.get("use"):
            self.add_error("use", _("Choose what the folder is used for."))
        return cleaned


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


class RecipientsField(forms.CharField):
    """What a person typed as recipients -> addresses; each wrong one is named."""

    widget = forms.TextInput
    MOST_CHARACTERS = 400_000

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=self.MOST_CHARACTERS, **kwargs)

    def clean(self, value: str) -> tuple[Address, ...]:
        text = super().clean(value)
        found = addresses.read_recipients(text or "")
        if found.invalid:
            raise ValidationError(
                ngettext(
                    "This is not an address: %(addresses)s.",
                    "These are not addresses: %(addresses)s.",
                    len(found.invalid),
                )
                % {"addresses": ", ".join(found.invalid[:5])}
            )
        return found.valid


class FilesField(forms.FileField):
    """Any number of files."""

    class Input(forms.ClearableFileInput):
        allow_multiple_selected = True

    widget = Input

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [file for file in (data or []) if file]
        return [super(FilesField, self).clean(file, initial) for file in files]


class ComposeForm(forms.Form):
    """A message being written. ``content`` is all of it as typed, of a form with mistakes too."""

    SEND, SCHEDULE, SAVE, CLOSE, DISCARD, ATTACH = (
        "send", "schedule", "save", "close", "discard", "attach",
    )  # fmt: skip
    DEEDS = (SEND, SCHEDULE, SAVE, CLOSE, DISCARD, ATTACH)
    LONGEST = 1_000_000  # characters of a text: what the sanitiser takes

    draft = forms.UUIDField(required=False, widget=forms.HiddenInput)
    revision = forms.IntegerField(
        required=False, min_value=0, max_value=UINT32, widget=forms.HiddenInput
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    identity = forms.CharField(label=_("From"), required=False, max_length=254)
    to = RecipientsField(label=_("To"), required=False)
    cc = RecipientsField(label=_("Cc"), required=False)
    bcc = RecipientsField(label=_("Bcc"), required=False)
    reply_to = RecipientsField(label=_("Reply to"), required=False)
    subject = forms.CharField(label=_("Subject"), required=False, max_length=900)
    format = forms.ChoiceField(
        required=False, choices=[("html", "html"), ("plain", "plain")], widget=forms.HiddenInput
    )
    html = forms.CharField(
        required=False, strip=False, max_length=LONGEST, widget=forms.HiddenInput
    )
    body = forms.CharField(
        label=_("Text"),
        required=False,
        strip=False,
        max_length=LONGEST,
        widget=forms.Textarea,
    )
    attachments = FilesField(
        label=_("Attachments"), required=False, allow_empty_file=True, max_length=255
    )
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], widget=forms.HiddenInput)
    priority = forms.ChoiceField(
        label=_("Priority"), required=False, choices=[(one, one) for one in PRIORITIES]
    )
    wants_receipt = forms.BooleanField(label=_("Ask for a read receipt"), required=False)
    wants_notice = forms.BooleanField(label=_("Ask for a delivery notice"), required=False)
    delivery = forms.ChoiceField(required=False, choices=[(one, one) for one in DELIVERIES])
    due = forms.ChoiceField(required=False, choices=[(one, one) for one in CHOICES])
    due_at = forms.CharField(required=False, max_length=30)
    no_attachment_ok = forms.BooleanField(required=False)
    origin_folder = forms.CharField(
        required=False, strip=False, validators=[check_folder_name], widget=forms.HiddenInput
    )
    origin_ref = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)
    keep = forms.MultipleChoiceField(required=False, choices=(), widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = self.data.getlist("keep") if hasattr(self.data, "getlist") else []
        allowed = [number for number in numbers if number == WHOLE or posted.is_part(number)]
        self.fields["keep"].choices = [(number, number) for number in allowed]  # type: ignore[attr-defined]

    @property
    def deed(self) -> str:
        """What the button says that was pressed; Enter sends, where no script keeps it from it."""
        deed = self.typed.get("do", "")
        return deed if deed in self.DEEDS else self.SEND

    @property
    def content(self) -> Content:
        return posted.content(self.typed)

    @property
    def typed(self) -> QueryDict:
        """What was posted, as it came."""
        return cast(QueryDict, self.data)

    def clean_subject(self) -> str:
        return CONTROLS.sub(" ", self.cleaned_data["subject"]).strip()

    def clean_origin_ref(self) -> tuple[int, int] | None:
        text = self.cleaned_data["origin_ref"]
        if not text:
            return None
        try:
            return MessageConverter().to_python(text)
        except ValueError as error:
            raise ValidationError(_("This is not a message.")) from error

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        recipient_fields = ("to", "cc", "bcc")
        if not any(self.errors.get(name) or cleaned.get(name) for name in recipient_fields):
            self.add_error("to", _("Name at least one recipient."))
        if self.attached > attachments_room():
            self.add_error("attachments", too_heavy(self.attached))
        return cleaned

    @property
    def attached(self) -> int:
        """Bytes of the uploaded files as they will be sent, in base64."""
        files = self.cleaned_data.get("attachments") or []
        return sum(encoded_size(file.size or 0) for file in files)

    @property
    def origin(self) -> MessageRef | None:
        """The answered or forwarded message, if there is one."""
        folder, pair = self.cleaned_data["origin_folder"], self.cleaned_data["origin_ref"]
        return MessageRef(folder, *pair) if folder and pair else None


def too_heavy(encoded: int) -> str:
    """What to say of attachments that take so many bytes in a message."""
    return gettext("The attachments weigh %(total)s; a message may hold about %(limit)s.") % {
        "total": size(decoded_size(encoded)),
        "limit": size(decoded_size(attachments_room())),
    }
