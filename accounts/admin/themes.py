"""The admin of themes: uploaded logos are encoded anew, and the contrast of colours is checked."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.files.uploadedfile import UploadedFile
from django.http.request import validate_host
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _

from accounts.administration.pages import CachedAdmin
from accounts.looks import colours, logos
from accounts.looks.logos import Logo, RefusedLogo
from accounts.models import DomainTheme

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_MOST_HOSTS = 20


class ThemeForm(forms.ModelForm):
    """Refuses, with an explanation, logos that cannot be read, colours of too little contrast, and
    hosts that the webmail does not answer to."""

    upload = forms.FileField(
        label=_("Logo"),
        required=False,
        help_text=_(
            "PNG, JPEG, WebP or GIF of 1 MB at most, no SVG. It is converted to a small still"
            " image."
        ),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )
    without_logo = forms.BooleanField(label=_("Remove the logo"), required=False)

    class Meta:
        model = DomainTheme
        fields = ("mail_domain", "name", "authority", "hosts", "accent", "accent_dark")
        widgets = {"hosts": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012  Django's way

    def clean_hosts(self) -> str:
        hosts = self.cleaned_data["hosts"].lower().split()
        if len(hosts) > _MOST_HOSTS:
            raise forms.ValidationError(_("These are too many."))
        for host in hosts:
            self._check_host(host)
        return "\n".join(dict.fromkeys(hosts))

    def _check_host(self, host: str) -> None:
        words = {"host": host[:80]}
        if not _HOST.fullmatch(host):
            raise forms.ValidationError(_("“%(host)s” is no host name."), params=words)
        if not validate_host(host, settings.ALLOWED_HOSTS):
            raise forms.ValidationError(
                _("The webmail does not answer to %(host)s: WEBMAIL_ALLOWED_HOSTS must name it."),
                params=words,
            )
        others = DomainTheme.objects.exclude(pk=self.instance.pk).values_list("hosts", flat=True)
        if any(host in hosts.split() for hosts in others):
            raise forms.ValidationError(_("Another theme has the host %(host)s."), params=words)

    def _colour(self, name: str) -> str:
        colour: str = self.cleaned_data[name].strip().lower()
        if colour and not colours.is_colour(colour):
            raise forms.ValidationError(_("A colour is written #1a2b3c."))
        return colour

    def clean_accent(self) -> str:
        accent = self._colour("accent")
        if accent and (ratio := colours.of_buttons(accent)) < colours.LEAST:
            raise _faint(_("the white text of buttons"), ratio, _("Choose a darker colour."))
        return accent

    def clean_accent_dark(self) -> str:
        accent = self._colour("accent_dark")
        if accent and (ratio := colours.of_dark_words(accent)) < colours.LEAST:
            raise _faint(_("links on dark pages"), ratio, _("Choose a lighter colour."))
        return accent

    def clean_upload(self) -> Logo | None:
        file: UploadedFile | None = self.cleaned_data["upload"]
        if file is None:
            return None
        try:
            return logos.encoded(file.read(logos.LARGEST_FILE + 1))
        except RefusedLogo as error:
            raise forms.ValidationError(
                _(
                    "This cannot be a logo: PNG, JPEG, WebP or GIF of 1 MB at most, and no more"
                    " than six times as long as it is high."
                )
            ) from error

    def clean(self) -> dict[str, Any]:
        """Require at most one theme for all mail domains, and a colour of links only beside an
        accent: links would otherwise differ from the default blue."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("mail_domain"):
            others = DomainTheme.objects.exclude(pk=self.instance.pk)
            if "mail_domain" in cleaned and others.filter(mail_domain=None).exists():
                self.add_error("mail_domain", _("There is already one for all."))
            if cleaned.get("hosts"):
                self.add_error("hosts", _("Host names need a mail domain."))
        if cleaned.get("accent_dark") and not cleaned.get("accent") and "accent" in cleaned:
            self.add_error("accent", _("The colour of links needs an accent colour."))
        return cleaned

    def save(self, commit: bool = True) -> DomainTheme:
        if logo := self.cleaned_data.get("upload"):
            self.instance.logo, self.instance.logo_digest = logo.content, logo.digest
            self.instance.logo_width, self.instance.logo_height = logo.width, logo.height
        elif self.cleaned_data.get("without_logo"):
            self.instance.logo, self.instance.logo_digest = b"", ""
            self.instance.logo_width = self.instance.logo_height = 0
        theme: DomainTheme = super().save(commit=commit)
        return theme


def _faint(what: object, ratio: float, advice: object) -> forms.ValidationError:
    words = {
        "what": what,
        "ratio": number_format(ratio, decimal_pos=1),
        "least": number_format(colours.LEAST, decimal_pos=1),
        "advice": advice,
    }
    return forms.ValidationError(
        _(
            "Too faint: %(what)s would have a contrast of %(ratio)s:1, and %(least)s:1 is needed."
            " %(advice)s"
        ),
        params=words,
    )


@admin.register(DomainTheme)
class DomainThemeAdmin(CachedAdmin):
    cache_keys = (DomainTheme.CACHE_KEY,)
    form = ThemeForm
    list_display = ("__str__", "name", "authority", "accent", "has_logo")
    list_select_related = ("mail_domain",)
    fieldsets = (
        (None, {"fields": ("mail_domain", "name", "authority", "hosts")}),
        (_("Logo"), {"fields": ("shown", "upload", "without_logo")}),
        (_("Colours"), {"fields": ("accent", "accent_dark", "contrasts")}),
    )
    readonly_fields = ("shown", "contrasts")

    @admin.display(description=_("logo"), boolean=True)
    def has_logo(self, theme: DomainTheme) -> bool:
        return bool(theme.logo_digest)

    @admin.display(description=_("in force"))
    def shown(self, theme: DomainTheme) -> str | SafeString:
        """Return the stored logo."""
        if not theme.logo_digest:
            return pgettext("a logo", "The webmail’s own.")
        address = reverse("accounts:theme_logo", args=[theme.logo_digest])
        return format_html('<img src="{}" height="60" alt="">', address)

    @admin.display(description=_("contrast"))
    def contrasts(self, theme: DomainTheme) -> str:
        """Return the contrasts of the saved accent."""
        if not theme.accent:
            return gettext("The built-in blue.")
        dark = colours.dark(theme.accent, theme.accent_dark)
        return gettext("Buttons %(light)s:1, links on dark pages %(dark)s:1.") % {
            "light": number_format(colours.of_buttons(theme.accent), decimal_pos=1),
            "dark": number_format(colours.of_dark_words(dark["accent-text"]), decimal_pos=1),
        }
