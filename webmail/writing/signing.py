"""The form of an identity: name, Reply-To and signature."""

from __future__ import annotations

import base64
import re
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from core.converters import CONTROLS
from mail.mime import addresses, composed
from mail.previews import detect
from webmail.models import Identity
from webmail.writing import files, identities

_IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_IMAGE = re.compile(r"<img\b[^>]*+(?:>|\Z)")
_SOURCE = re.compile(r'\bsrc="(data:image/[a-z]+;base64,[A-Za-z0-9+/=]+)"')


class IdentityForm(forms.Form):
    """One of the user's addresses. The signature is the HTML of the editor with its images, or
    plain text with an image below it; an unchanged text then keeps its formatting."""

    name = forms.CharField(
        label=_("Name"),
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    reply_to = forms.CharField(
        label=_("Answers go to"),
        required=False,
        max_length=254,
        help_text=_("Empty: to the address itself."),
        widget=forms.TextInput(attrs={"autocomplete": "email"}),
    )
    text = forms.CharField(
        label=_("Signature"),
        required=False,
        strip=False,
        max_length=5000,
        widget=forms.Textarea(attrs={"rows": 5, "class": "input", "data-plain": True}),
    )
    html = forms.CharField(required=False, strip=False, max_length=identities.LONGEST_SIGNATURE)
    format = forms.ChoiceField(required=False, choices=[("html", "html"), ("plain", "plain")])
    image = forms.FileField(
        label=_("Image below the signature"),
        required=False,
        max_length=255,
        help_text=_("PNG, JPEG, GIF or WebP, 100 KB at most."),
    )
    no_image = forms.BooleanField(label=_("Without the image"), required=False)
    is_default = forms.BooleanField(
        label=_("Write from this address unless I choose another"), required=False
    )

    def __init__(
        self, identity: Identity, data: Any = None, files: Any = None, *, auto_id: str = "id_%s"
    ) -> None:
        self.identity = identity
        self.kept_text = composed.to_text(identity.signature)
        initial = {
            "name": identity.name,
            "reply_to": identity.reply_to,
            "text": self.kept_text,
            "html": identity.signature,
            "format": "html",
            "is_default": identity.is_default,
        }
        super().__init__(data, files, initial=initial, auto_id=auto_id)
        locked = set(identity.enforced) | ({"name"} if settings.IDENTITY_NAME_LOCKED else set())
        for field in locked:
            self.fields[field].disabled = True

    @property
    def image_source(self) -> str:
        """The signature's image as an address for the page, or ""."""
        match = _SOURCE.search("".join(_IMAGE.findall(self.identity.signature)))
        return match[1] if match else ""

    def clean_name(self) -> str:
        return " ".join(CONTROLS.sub(" ", self.cleaned_data["name"]).split())

    def clean_reply_to(self) -> str:
        typed = self.cleaned_data["reply_to"]
        line = addresses.read_recipients(typed)
        if line.invalid or len(line.valid) > 1:
            raise ValidationError(_("This is not an address."))
        return addresses.format(line.valid[0]) if line.valid else ""

    def clean_image(self) -> str:
        """Return a small image in the form that a signature has, or ""."""
        file: UploadedFile | None = self.cleaned_data["image"]
        if not file:
            return ""
        content = file.read(identities.LARGEST_IMAGE + 1)
        if len(content) > identities.LARGEST_IMAGE:
            raise ValidationError(_("The image is too large: 100 KB at most."))
        media_type = detect.detect(content).media_type
        if media_type not in _IMAGES:
            raise ValidationError(files.NO_IMAGE)
        data = base64.b64encode(content).decode()
        return f'<img alt="" src="data:{media_type};base64,{data}">'

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        try:
            cleaned["signature"] = identities.clean_signature(self._signature(cleaned))
        except ValueError:
            self.add_error("text", _("The signature is too long."))
        return cleaned

    def save(self) -> None:
        identity, values = self.identity, self.cleaned_data
        identity.name, identity.reply_to = values["name"], values["reply_to"]
        identity.signature, identity.is_default = values["signature"], values["is_default"]
        identities.keep(identity)

    def _signature(self, cleaned: dict[str, Any]) -> str:
        former = self.identity.signature
        if cleaned.get("format") == "html":
            return str(cleaned.get("html", ""))
        image = cleaned.get("image") or "".join(_IMAGE.findall(former))
        if cleaned.get("no_image"):
            image = ""
        text = cleaned.get("text", "").replace("\r\n", "\n").strip("\n")
        if cleaned.get("html") and not cleaned.get("format"):
            written = cleaned["html"]
        elif text == self.kept_text.strip("\n"):
            written = former
        else:
            written = composed.from_text(text) if text.strip() else ""
        bare = _IMAGE.sub("", written).replace("<div></div>", "")
        return f"{bare}<div>{image}</div>" if image else bare
