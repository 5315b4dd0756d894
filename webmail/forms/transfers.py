"""The forms of mail that moves in and out."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from webmail.forms.folders import check_folder_name
from webmail.forms.messages import RefsField
from webmail.models import Transfer


class ExportForm(forms.Form):
    """The format of an export."""

    form = forms.ChoiceField(choices=Transfer.Form.choices)


class _IntoForm(forms.Form):
    """The target folder: an existing or a new one."""

    folder = forms.CharField(required=False, strip=False, validators=[check_folder_name])
    new = forms.CharField(required=False, max_length=100, validators=[check_folder_name])


class ImportForm(_IntoForm):
    """A file of messages; or its name and size, where a script uploads it in pieces."""

    file = forms.FileField(required=False, allow_empty_file=False, max_length=255)
    name = forms.CharField(required=False, max_length=255)
    size = forms.IntegerField(required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        in_pieces = cleaned.get("name") and cleaned.get("size")
        if not cleaned.get("file") and not in_pieces and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return cleaned


class AccountForm(_IntoForm):
    """An account on another server, with a port unless it is the default one."""

    server = forms.CharField(max_length=255)
    login = forms.CharField(max_length=255)
    password = forms.CharField(max_length=1000, strip=False)

    def clean_server(self) -> tuple[str, int]:
        """Return the name and the port."""
        name, colon, port = self.cleaned_data["server"].strip().rpartition(":")
        if not colon or not port.isdigit():
            return self.cleaned_data["server"].strip(), 993
        if not 0 < int(port) < 65536 or not name:
            raise ValidationError(_("This is no server."))
        return name.strip("[]"), int(port)


class PieceForm(forms.Form):
    """The next piece of a file. ``at`` is the byte at which it begins."""

    at = forms.IntegerField(min_value=0)
    piece = forms.FileField()


class DownloadForm(forms.Form):
    """The messages to download."""

    refs = RefsField()
