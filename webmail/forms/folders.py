"""The forms of the folder pages."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from core.converters import CONTROLS, LONGEST_NAME, FolderConverter, MessageConverter
from mail.imap.values import MessageRef
from mail.mailbox.folders import SPECIAL
from mail.mailbox.space import MESSAGE, SENDER, YEAR


def check_folder_name(value: str) -> None:
    """Refuse a folder name with control characters, which must not reach the server, or one too
    long."""
    if CONTROLS.search(value) or len(value) > LONGEST_NAME:
        raise ValidationError(_("This is not a folder name."))


# A message by its folder, of whose characters each may be four bytes as `%F0%9F%93%9A`.
_LONGEST_VALUE = 12 * LONGEST_NAME + 30


class CleanForm(forms.Form):
    """The messages to move to the trash, or to delete ``for_good``, to free space: those of a
    sender, those of a year, or a single one."""

    kind = forms.ChoiceField(choices=[(kind, kind) for kind in (SENDER, YEAR, MESSAGE)])
    value = forms.CharField(required=False, strip=False, max_length=_LONGEST_VALUE)
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
                folder = FolderConverter().to_python(unquote(segment))
                cleaned["ref"] = MessageRef(folder, *MessageConverter().to_python(ref))
            except ValueError:
                self.add_error("value", _("This is not a message."))
        return cleaned


class FolderForm(forms.Form):
    """One change of the tree of folders. ``to`` is the new parent folder, "" for the top level.
    ``name`` is the folder's own name; for `undo` it is the full former name."""

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
