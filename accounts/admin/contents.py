"""The admin of announcements, site texts and support contacts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts import announcements, markdown
from accounts.administration.pages import CachedAdmin
from accounts.models import Announcement, SiteText, SupportContact
from accounts.models.support import CONTACTS_KEY
from accounts.models.texts import TEXTS_KEY
from core import clock


@admin.register(Announcement)
class AnnouncementAdmin(CachedAdmin):
    cache_keys = (announcements.CACHE_KEY,)
    list_display = ("title", "level", "audience", "since", "until", "in_force")
    list_filter = ("level", "audience", "is_shown")
    list_select_related = ("mail_domain",)
    search_fields = ("title", "text")
    fieldsets = (
        (None, {"fields": ("level", "title", "text", "preview")}),
        (_("When"), {"fields": (("since", "until"), "is_shown")}),
        (_("For whom"), {"fields": ("audience", "mail_domain", "is_dismissible")}),
    )
    readonly_fields = ("preview",)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Propose everybody: who cannot sign in asks why on the sign-in page."""
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        return {"audience": Announcement.Audience.EVERYBODY} | initial

    @admin.display(description=_("in force"), boolean=True)
    def in_force(self, announcement: Announcement) -> bool:
        return announcement.is_in_force(clock.now())

    @admin.display(description=_("preview"))
    def preview(self, announcement: Announcement) -> str | SafeString:
        """Return the announcement as pages show it, once it is saved."""
        if not announcement.pk:
            return gettext("Save it, without showing it, to see it here as on the pages.")
        banner = announcements.banner_of(announcement, None)
        return render_to_string("accounts/announcements/_announcement.html", {"banner": banner})


@admin.register(SiteText)
class SiteTextAdmin(CachedAdmin):
    """The admin of site texts, one row for each place. A place without a row shows the built-in
    text."""

    cache_keys = (TEXTS_KEY,)
    list_display = ("place", "changed")
    fields = ("place", "text", "preview")
    readonly_fields = ("preview",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        allowed: bool = super().has_add_permission(request)
        return allowed and SiteText.objects.count() < len(SiteText.Place)

    def get_readonly_fields(
        self, request: HttpRequest, obj: SiteText | None = None
    ) -> tuple[str, ...]:
        return ("place", "preview") if obj else ("preview",)

    @admin.display(description=_("preview"))
    def preview(self, text: SiteText) -> SafeString | str:
        return markdown.html(text.text) or gettext("The built-in text is shown.")


class SupportContactForm(forms.ModelForm):
    class Meta:
        model = SupportContact
        fields = ("name", "phone", "email", "link", "hours", "postal", "mail_domain")
        widgets = {"postal": forms.Textarea(attrs={"rows": 3})}  # noqa: RUF012  Django's way

    def clean(self) -> dict[str, Any]:
        """Require a way to reach the desk, and at most one contact for all mail domains."""
        cleaned: dict[str, Any] = super().clean() or {}
        if not (cleaned.get("phone") or cleaned.get("email") or cleaned.get("link")):
            self.add_error("phone", _("A telephone number, an address or a page is needed."))
        others = SupportContact.objects.exclude(pk=self.instance.pk)
        if not cleaned.get("mail_domain") and others.filter(mail_domain=None).exists():
            self.add_error("mail_domain", _("There is already one for all."))
        return cleaned


@admin.register(SupportContact)
class SupportContactAdmin(CachedAdmin):
    """The admin of support contacts. Without any, pages show the telephone number and the address
    of the settings."""

    cache_keys = (CONTACTS_KEY,)
    form = SupportContactForm
    list_display = ("name", "phone", "email", "link", "hours", "mail_domain")
    list_select_related = ("mail_domain",)
