"""The admin of the applications that users sign in to through the webmail."""

from __future__ import annotations

from typing import Any

from allauth.idp.oidc.adapter import get_adapter
from allauth.idp.oidc.models import Client, Token
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Application
from accounts.oidc import farewells, rules
from accounts.oidc.adapter import SCOPES

# allauth's pages show the hash of the secret and the digests of tokens; ours show neither.
admin.site.unregister([Client, Token])

_MOST_ADDRESSES = 20
_OPTIONAL = [(scope, words) for scope, words in SCOPES.items() if scope != "openid"]


class ApplicationForm(forms.ModelForm):
    """The form of an application: addresses one per line, scopes as checkboxes."""

    handed_over = forms.MultipleChoiceField(
        label=_("Data given to the application"),
        choices=_OPTIONAL,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_(
            "The application always receives a number that identifies the user. Tick only the"
            " further data that it needs."
        ),
    )
    post_logout_addresses = forms.CharField(
        label=_("Addresses after signing out"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "cols": 80}),
        help_text=_(
            "One per line. Users can be redirected there after signing out of the application."
        ),
    )

    farewell_address = forms.CharField(
        label=_("Address for back-channel logout"),
        required=False,
        max_length=500,
        widget=forms.TextInput(attrs={"size": 80}),
        help_text=_(
            "The webmail notifies the application at this address when a session of the webmail"
            " ends."
        ),
    )

    class Meta:
        model = Application
        fields = ("name", "type", "skip_consent", "redirect_uris")
        labels = {  # noqa: RUF012  Django's way to write it
            "name": _("Name"),
            "type": _("Kind"),
            "skip_consent": _("Trusted"),
            "redirect_uris": _("Addresses after signing in"),
        }
        help_texts = {  # noqa: RUF012
            "name": _("The name that users see when they sign in."),
            "type": _(
                "Confidential: the application has a server that keeps a secret. Public: it has"
                " none, for example an app on a telephone."
            ),
            "skip_consent": _(
                "Users are not asked for their consent. Only for the authority’s own applications."
            ),
            "redirect_uris": _(
                "One per line, compared character by character: https://…, or http://localhost for"
                " development."
            ),
        }
        widgets = {  # noqa: RUF012
            "redirect_uris": forms.Textarea(attrs={"rows": 3, "cols": 80}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["redirect_uris"].required = True
        if not self.instance._state.adding:
            self.initial["handed_over"] = self.instance.get_scopes()
            self.initial["post_logout_addresses"] = "\n".join(
                self.instance.get_post_logout_redirect_uris()
            )
            self.initial["farewell_address"] = farewells.address(self.instance)

    def clean_redirect_uris(self) -> str:
        return "\n".join(_addresses(self.cleaned_data["redirect_uris"]))

    def clean_post_logout_addresses(self) -> list[str]:
        return _addresses(self.cleaned_data["post_logout_addresses"])

    def clean_farewell_address(self) -> str:
        return next(iter(_addresses(self.cleaned_data["farewell_address"])), "")

    def save(self, commit: bool = True) -> Application:
        """Save the application. Everything that the form does not offer keeps its
        strictest value."""
        self.instance.set_scopes(["openid", *self.cleaned_data["handed_over"]])
        self.instance.set_post_logout_redirect_uris(self.cleaned_data["post_logout_addresses"])
        farewells.set_address(self.instance, self.cleaned_data["farewell_address"])
        return super().save(commit)


def _addresses(text: str) -> list[str]:
    """Return the lines of the text. Raises ValidationError for one that is no permitted address."""
    lines = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(lines) > _MOST_ADDRESSES:
        raise ValidationError(_("At most %(most)s addresses."), params={"most": _MOST_ADDRESSES})
    for line in lines:
        if rules.address_fault(line):
            raise ValidationError(
                _("%(address)s: write a whole https address, without * and #."),
                params={"address": line[:200]},
            )
    return lines


@admin.register(Application)
class ApplicationAdmin(admin.ModelAdmin):
    """The admin of applications. A secret is shown once, on the page after it is made."""

    form = ApplicationForm
    list_display = ("name", "id", "type", "skip_consent", "created_at")
    list_filter = ("type", "skip_consent")
    search_fields = ("name", "id")
    ordering = ("name",)
    readonly_fields = ("connection", "new_secret", "created_at")

    def get_fieldsets(self, request: HttpRequest, obj: Application | None = None) -> Any:
        typed = ("name", "type", "skip_consent", "redirect_uris", "post_logout_addresses")
        form = (None, {"fields": (*typed, "farewell_address", "handed_over")})
        handed_over = (gettext("What the application is given"), {"fields": self.readonly_fields})
        return (form, handed_over) if obj else (form,)

    @admin.display(description=_("connection"))
    def connection(self, application: Application) -> str:
        issuer = get_adapter().get_issuer()
        return format_html(
            "{}: <code>{}</code><br>{}: <code>{}</code><br>{}: <code>{}</code>",
            gettext("Client ID"),
            application.pk,
            gettext("Issuer"),
            issuer,
            gettext("Discovery"),
            f"{issuer}/.well-known/openid-configuration",
        )

    @admin.display(description=_("secret"))
    def new_secret(self, application: Application) -> str:
        if application.type != Client.Type.CONFIDENTIAL:
            return gettext("A public application has none.")
        return format_html(
            '<a href="{}">{}</a>',
            reverse("admin:accounts_application_secret", args=[application.pk]),
            gettext("Make a new secret"),
        )

    def get_urls(self) -> list[URLPattern]:
        secret_page = path(
            "<path:object_id>/secret/",
            self.admin_site.admin_view(self.secret_view),
            name="accounts_application_secret",
        )
        return [secret_page, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self._say_what_is_missing(request)
        return super().changelist_view(request, extra_context)

    def save_model(self, request: HttpRequest, obj: Application, form: Any, change: bool) -> None:
        if not change:
            secret = get_adapter().generate_client_secret()
            obj.set_secret(secret)
            request.new_secret = secret  # type: ignore[attr-defined]
        super().save_model(request, obj, form, change)

    def response_add(
        self, request: HttpRequest, obj: Application, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the secret without a redirect, which would require storing it. No other page shows
        it."""
        self._say_what_is_missing(request)
        return self._show_secret(request, obj, request.new_secret)  # type: ignore[attr-defined]

    def secret_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask first; then replace the secret and show the new one. The old one is
        invalid at once."""
        application = self.get_object(request, unquote(object_id))
        if not self.has_change_permission(request, application):
            raise PermissionDenied
        if application is None or application.type != Client.Type.CONFIDENTIAL:
            raise Http404
        if request.method != "POST":
            return self._show_secret(request, application, "")
        secret = get_adapter().generate_client_secret()
        application.set_secret(secret)
        application.save(update_fields=["secret"])
        self.log_change(request, application, [{"changed": {"fields": ["secret"]}}])
        return self._show_secret(request, application, secret)

    def _show_secret(
        self, request: HttpRequest, application: Application, secret: str
    ) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Secret of %(name)s") % {"name": application.name},
            "opts": self.opts,
            "application": application,
            "is_public": application.type != Client.Type.CONFIDENTIAL,
            "secret": secret,
            "issuer": get_adapter().get_issuer(),
        }
        page = TemplateResponse(request, "admin/accounts/application_secret.html", context)
        add_never_cache_headers(page)
        return page

    @staticmethod
    def _say_what_is_missing(request: HttpRequest) -> None:
        if not settings.OIDC_KEYS:
            messages.warning(
                request,
                gettext(
                    "Nobody can sign in to a service yet: there is no key that signs. Make one by"
                    " bin/manage create_oidc_key."
                ),
            )
