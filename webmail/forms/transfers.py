"""The forms of mail that moves in and out."""

from __future__ import annotations

from django import forms

from webmail.forms.messages import RefsField
from webmail.models import Transfer


class ExportForm(forms.Form):
    """The format of an export."""

    form = forms.ChoiceField(choices=Transfer.Form.choices)


class DownloadForm(forms.Form):
    """The messages to download."""

    refs = RefsField()
