"""The composer's forms, which validate all data that the composer sends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.http import QueryDict
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.converters import CONTROLS, UINT32, MessageConverter
from mail.imap.values import MessageRef
from mail.mime import addresses
from mail.mime.addresses import Address
from mail.mime.build import decoded_size, encoded_size
from webmail.forms.folders import check_folder_name
from webmail.presentation.words import size
from webmail.writing import posted
from webmail.writing.content import DELIVERIES, KINDS, PRIORITIES, WHOLE, Content
from webmail.writing.scheduling import CHOICES

TEXT_ROOM = 64 * 1024
_MOST_NAMED = 5


def attachments_room() -> int:
    """Return the bytes that attachments may take in a message, beside its text and header."""
    return int(settings.MESSAGE_LIMIT) - TEXT_ROOM


class RecipientsField(forms.CharField):
    """Recipients as typed, parsed into addresses. The error names each invalid one."""

    widget = forms.TextInput
    MOST_CHARACTERS = 400_000

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=self.MOST_CHARACTERS, **kwargs)

    def clean(self, value: str) -> tuple[Address, ...]:
        text = super().clean(value)
        recipients = addresses.read_recipients(text or "")
        if recipients.invalid:
            raise ValidationError(
                ngettext(
                    "This is not an address: %(addresses)s.",
                    "These are not addresses: %(addresses)s.",
                    len(recipients.invalid),
                )
                % {"addresses": ", ".join(recipients.invalid[:5])}
            )
        return recipients.valid


class FilesField(forms.FileField):
    """Any number of files."""

    class Input(forms.ClearableFileInput):
        allow_multiple_selected = True

    widget = Input

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [file for file in (data or []) if file]
        return [super(FilesField, self).clean(file, initial) for file in files]


class ComposeForm(forms.Form):
    """A message being written. ``content`` is all of it as typed, even if the form has errors."""

    SEND, SCHEDULE, SAVE, CLOSE, DISCARD, ATTACH = (
        "send", "schedule", "save", "close", "discard", "attach",
    )  # fmt: skip
    SENDER_ALONE = "sender_alone"
    ROSTER, NO_ROSTER = "roster", "no_roster"
    DOCUMENTS, NO_DOCUMENTS = "documents", "no_documents"
    ACTIONS = (
        SEND, SCHEDULE, SAVE, CLOSE, DISCARD, ATTACH, ROSTER, NO_ROSTER, DOCUMENTS, NO_DOCUMENTS,
        SENDER_ALONE,
    )  # fmt: skip
    LONGEST = 1_000_000  # characters of a text, as many as the sanitiser accepts

    draft = forms.UUIDField(required=False, widget=forms.HiddenInput)
    revision = forms.IntegerField(
        required=False, min_value=0, max_value=UINT32, widget=forms.HiddenInput
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
    untouched = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
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
    roster = forms.FileField(
        label=_("List of recipients"), required=False, allow_empty_file=True, max_length=255
    )
    documents = FilesField(
        label=_("Documents for each"), required=False, allow_empty_file=True, max_length=255
    )
    kind = forms.ChoiceField(choices=[(kind, kind) for kind in KINDS], widget=forms.HiddenInput)
    priority = forms.ChoiceField(
        label=_("Priority"), required=False, choices=[(name, name) for name in PRIORITIES]
    )
    wants_receipt = forms.BooleanField(label=_("Ask for a read receipt"), required=False)
    wants_notice = forms.BooleanField(label=_("Ask for a delivery notice"), required=False)
    delivery = forms.ChoiceField(required=False, choices=[(name, name) for name in DELIVERIES])
    due = forms.ChoiceField(required=False, choices=[(name, name) for name in CHOICES])
    due_at = forms.CharField(required=False, max_length=30)
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
    def action(self) -> str:
        """The action of the pressed button. Enter sends the message, unless a script prevents
        that."""
        action = self.typed.get("do", "")
        return action if action in self.ACTIONS else self.SEND

    @property
    def content(self) -> Content:
        return posted.content(self.typed)

    @property
    def typed(self) -> QueryDict:
        """The posted data, not validated."""
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
        """The bytes of the uploaded files in the message, encoded in base64."""
        files = self.cleaned_data.get("attachments") or []
        return sum(encoded_size(file.size or 0) for file in files)

    @property
    def origin(self) -> MessageRef | None:
        """The message that is answered or forwarded, if any."""
        folder, pair = self.cleaned_data["origin_folder"], self.cleaned_data["origin_ref"]
        return MessageRef(folder, *pair) if folder and pair else None


def too_heavy(encoded: int) -> str:
    """Return the error about attachments and images that take ``encoded`` bytes in a message."""
    return gettext(
        "The attachments and images weigh %(total)s; a message may hold about %(limit)s."
    ) % {
        "total": size(decoded_size(encoded)),
        "limit": size(decoded_size(attachments_room())),
    }


def too_long(encoded: int, count: int, most: int) -> str:
    """Return the error about ``count`` messages of up to ``encoded`` bytes, which together may take
    ``most``."""
    if count == 1:
        words = gettext("This message takes %(size)s; one may take %(limit)s. Shorten its text.")
        return words % {"size": size(encoded), "limit": size(settings.MESSAGE_LIMIT)}
    words = gettext(
        "With its text and its files, this message takes up to %(size)s for each person. For"
        " %(count)s people that is about %(total)s, and %(limit)s are possible at once. Shorten it,"
        " or write to fewer people."
    )
    return words % {
        "size": size(encoded),
        "count": intcomma(count),
        "total": size(encoded * count),
        "limit": size(most),
    }


def no_room(limit: int, needed: int) -> str:
    """Return the error about a message of ``needed`` bytes for which the outbox has no room."""
    return gettext(
        "There is no room for this message: what you send may take %(limit)s until it has left, and"
        " this message would take %(size)s. It is kept among your drafts. Wait until others have"
        " left, or make it lighter."
    ) % {"limit": size(limit), "size": size(needed)}


def missing_images(words: Sequence[str]) -> str:
    """Return the error about images that the text refers to and that no longer exist. ``words`` are
    their alternative texts."""
    quoted = [gettext("“%(words)s”") % {"words": text[:80]} for text in words if text.strip()]
    names = ", ".join(quoted[:_MOST_NAMED]) + ", …" * (len(quoted) > _MOST_NAMED)
    return ngettext(
        "%(count)d image of the text is not there any more%(names)s. Put it in again, or take it"
        " out of the text.",
        "%(count)d images of the text are not there any more%(names)s. Put them in again, or take"
        " them out of the text.",
        len(words),
    ) % {"count": len(words), "names": f" ({names})" if names else ""}
