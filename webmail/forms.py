"""What comes from browsers, checked where it enters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from webmail.converters import CONTROLS, LONGEST_NAME, MessageConverter, PartConverter
from webmail.imap.values import MessageRef
from webmail.mime import addresses
from webmail.mime.addresses import Address
from webmail.mime.build import decoded_size, encoded_size
from webmail.preferences import BY_NAME, DECLARED, Preferences
from webmail.presentation.words import size

TEXT_ROOM = 64 * 1024


def attachments_room() -> int:
    """Bytes that attachments may take in a message, beside its text and headers."""
    return int(settings.MESSAGE_LIMIT) - TEXT_ROOM


class ListForm(forms.Form):
    """The query of a list. Nonsense is the first page, not an error."""

    page = forms.IntegerField(required=False, min_value=1, max_value=2**31)
    after = forms.IntegerField(required=False, min_value=1, max_value=2**32 - 1)

    @property
    def number(self) -> int:
        return self._value("page") or 1

    @property
    def after_uid(self) -> int | None:
        return self._value("after")

    def _value(self, name: str) -> int | None:
        self.is_valid()
        value: int | None = self.cleaned_data.get(name)
        return value


def check_folder_name(value: str) -> None:
    """A folder name from a form: no control character ever reaches the server."""
    if CONTROLS.search(value) or len(value) > LONGEST_NAME:
        raise ValidationError(_("This is not a folder name."))


class RefsField(forms.Field):
    """Repeated ``uidvalidity-uid`` values -> pairs of numbers."""

    widget = forms.MultipleHiddenInput

    def to_python(self, value: Sequence[str] | None) -> list[tuple[int, int]]:
        converter = MessageConverter()
        pairs = []
        for text in value or []:
            try:
                pairs.append(converter.to_python(text))
            except ValueError as error:
                raise ValidationError(_("This is not a message.")) from error
        return pairs


class ImagesForm(forms.Form):
    """What of the images from elsewhere is shown: of this message, of its author, of neither; of
    all contacts, or no longer of them."""

    ONCE, ALWAYS, NEVER = "once", "always", "never"
    CONTACTS, NOT_CONTACTS = "contacts", "not_contacts"
    CHOICES = (ONCE, ALWAYS, NEVER, CONTACTS, NOT_CONTACTS)

    show = forms.ChoiceField(choices=[(one, one) for one in CHOICES])


class ActForm(forms.Form):
    """One verb on some messages."""

    VERBS = ("flag", "unflag", "seen", "unseen", "trash", "archive", "junk", "inbox", "move")

    verb = forms.ChoiceField(choices=[(verb, verb) for verb in VERBS])
    refs = RefsField()
    to = forms.CharField(required=False, strip=False, validators=[check_folder_name])
    opened = forms.CharField(required=False, max_length=30)
    undoing = forms.BooleanField(required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("verb") == "move" and not cleaned.get("to"):
            self.add_error("to", _("Choose a folder."))
        return cleaned


class PreferencesForm(forms.Form):
    """One field for each declared preference."""

    def __init__(self, *args: Any, preferences: Preferences, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for preference in DECLARED:
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
    MOST_CHARACTERS = 100_000

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
    """A message being written."""

    to = RecipientsField(label=_("To"), required=False)
    cc = RecipientsField(label=_("Cc"), required=False)
    bcc = RecipientsField(label=_("Bcc"), required=False)
    subject = forms.CharField(label=_("Subject"), required=False, max_length=900)
    body = forms.CharField(label=_("Text"), required=False, strip=False, widget=forms.Textarea)
    attachments = FilesField(
        label=_("Attachments"), required=False, allow_empty_file=True, max_length=255
    )
    kind = forms.ChoiceField(
        choices=[(kind, kind) for kind in ("new", "reply", "reply_all", "forward")],
        widget=forms.HiddenInput,
    )
    origin_folder = forms.CharField(
        required=False, strip=False, validators=[check_folder_name], widget=forms.HiddenInput
    )
    origin_ref = forms.CharField(required=False, max_length=30, widget=forms.HiddenInput)
    keep = forms.MultipleChoiceField(required=False, choices=(), widget=forms.MultipleHiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = self.data.getlist("keep") if hasattr(self.data, "getlist") else []
        allowed = [number for number in numbers if _is_part(number)]
        self.fields["keep"].choices = [(number, number) for number in allowed]  # type: ignore[attr-defined]

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
            self.add_error(
                "attachments",
                _("The attachments weigh %(total)s; a message may hold about %(limit)s.")
                % {
                    "total": size(decoded_size(self.attached)),
                    "limit": size(decoded_size(attachments_room())),
                },
            )
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


def _is_part(number: str) -> bool:
    return re.fullmatch(PartConverter.regex, number) is not None
