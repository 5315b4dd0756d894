"""The admin of the mail app."""

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.administration.pages import CachedAdmin, ReadOnlyAdmin, ViewOnlyAdmin
from core.preferences import BY_NAME, DECLARED
from core.sizes import size
from webmail.models import (
    CACHE_KEY,
    AgreedSender,
    AllowedSender,
    ForwardPolicy,
    FraudReport,
    Identity,
    InstallationLearnt,
    MailJob,
    OfficePreview,
    OutboxMessage,
    PreferenceDefault,
    Probe,
    SendingPolicy,
    SignatureTemplate,
    StandingForward,
    TrustedImageDomain,
)
from webmail.presentation import action_words, adverts, failures


class FailureFilter(admin.SimpleListFilter):
    """Filters rows by the reason of their failure, in words."""

    title = _("why it failed")
    parameter_name = "failure"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        codes = OutboxMessage.objects.exclude(failure="").order_by("failure")
        names = codes.values_list("failure", flat=True).distinct()[:50]
        return [(name, failures.in_short(name)) for name in names]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[OutboxMessage]
    ) -> QuerySet[OutboxMessage]:
        return queryset.filter(failure=self.value()) if self.value() else queryset


class PreferenceDefaultForm(forms.ModelForm):
    name = forms.ChoiceField(
        label=_("Preference"),
        choices=[(preference.name, preference.label) for preference in DECLARED],
    )


@admin.register(PreferenceDefault)
class PreferenceDefaultAdmin(CachedAdmin):
    cache_keys = (CACHE_KEY,)
    form = PreferenceDefaultForm
    list_display = ("preference", "chosen", "locked", "whom")
    list_filter = ("locked", "mail_domain")
    list_select_related = ("mail_domain",)
    fieldsets = (
        (None, {"fields": ("name", "value", "locked", "least")}),
        (
            _("For whom"),
            {
                "fields": ("mail_domain", "school", "function"),
                "description": _(
                    "All that is filled in must be true of a person. Of several locks for one"
                    " person that of the mail domain counts, then those of the school, of the"
                    " function, of all; of several defaults that of the school, then those of the"
                    " function, of the mail domain, of all. A lock goes before what people chose,"
                    " which goes before any default."
                ),
            },
        ),
    )

    @admin.display(description=_("preference"), ordering="name")
    def preference(self, row: PreferenceDefault) -> str:
        declared = BY_NAME.get(row.name)
        return str(declared.label) if declared else row.name

    @admin.display(description=_("for whom"))
    def whom(self, row: PreferenceDefault) -> str:
        """Return the limits of the value in words: mail domain, school and function."""
        named = (str(row.mail_domain or ""), row.school, row.function)
        return ", ".join(filter(None, named)) or gettext("everybody")

    @admin.display(description=_("value"), ordering="value")
    def chosen(self, row: PreferenceDefault) -> str:
        """Return the value as the settings page shows it."""
        declared = BY_NAME.get(row.name)
        return declared.words_of(row.value) if declared else row.value


@admin.register(TrustedImageDomain)
class TrustedImageDomainAdmin(admin.ModelAdmin):
    list_display = ("domain",)
    search_fields = ("domain",)


@admin.register(AllowedSender)
class AllowedSenderAdmin(ReadOnlyAdmin):
    """Users allow senders in the message. Administrators can find and delete these choices here."""

    list_display = ("address", "user", "since")
    list_select_related = ("user",)
    search_fields = ("address", "user__login", "user__address")


@admin.register(OfficePreview)
class OfficePreviewAdmin(ReadOnlyAdmin):
    """Conversions of office files, and whether they succeed. Neither the file nor the message is
    named.
    """

    list_display = ("created", "extension", "state", "why", "user", "changed")
    list_filter = ("state", "extension")
    list_select_related = ("user",)
    fields = readonly_fields = ("created", "changed", "extension", "state", "why", "user")

    @admin.display(description=_("reason of the failure"), ordering="reason")
    def why(self, row: OfficePreview) -> str:
        return failures.of_preview(row.reason)


@admin.register(MailJob)
class MailJobAdmin(ReadOnlyAdmin):
    """The jobs in mailboxes, and whether they succeed. The names of the users' folders are private
    and not shown.
    """

    list_display = ("asked", "what", "state", "why", "done", "total", "user", "changed")
    list_filter = ("state",)
    list_select_related = ("user",)
    fields = readonly_fields = (
        "asked",
        "changed",
        "what",
        "state",
        "why",
        "attempts",
        "done",
        "gone",
        "total",
        "is_undone",
        "user",
    )

    @admin.display(description=_("what is done"), ordering="verb")
    def what(self, row: MailJob) -> str:
        return action_words.doing(row.verb, row.total)

    @admin.display(description=_("why it failed"), ordering="failure")
    def why(self, row: MailJob) -> str:
        return failures.of_job(row.failure)


@admin.register(FraudReport)
class FraudReportAdmin(ReadOnlyAdmin):
    """The messages reported as fraud: the user, the time, the envelope and the reasons. The message
    itself was sent to the address for reports; its text is not stored.
    """

    list_display = ("when", "user", "sender", "subject", "why")
    list_select_related = ("user",)
    search_fields = ("domain", "sender", "user__login", "user__address")
    date_hierarchy = "when"
    fields = readonly_fields = (
        "when",
        "user",
        "sender",
        "domain",
        "subject",
        "message_id",
        "received",
        "why",
    )

    @admin.display(description=_("reasons"))
    def why(self, row: FraudReport) -> str:
        return " ".join(adverts.words(row.reasons))


@admin.register(InstallationLearnt)
class InstallationLearntAdmin(ReadOnlyAdmin):
    """The numbers of messages that all users taught. If the row is deleted, teaching
    starts again.
    """

    list_display = ("changed", "wanted", "adverts", "junk")
    fields = readonly_fields = ("changed", "wanted", "adverts", "junk")

    @admin.display(description=_("wanted messages learnt"))
    def wanted(self, row: InstallationLearnt) -> int:
        return _number(row, 0)

    @admin.display(description=_("adverts learnt"))
    def adverts(self, row: InstallationLearnt) -> int:
        return _number(row, 1)

    @admin.display(description=_("junk learnt"))
    def junk(self, row: InstallationLearnt) -> int:
        return _number(row, 2)


@admin.register(AgreedSender)
class AgreedSenderAdmin(admin.ModelAdmin):
    """Senders that count for all users, because enough of them moved their mail the same way.
    Administrators can have one ignored, which is noted in its history.
    """

    list_display = ("name", "is_wanted", "people", "opposed", "since", "changed", "is_ignored")
    list_editable = ("is_ignored",)
    list_filter = ("is_wanted", "is_ignored")
    search_fields = ("name",)
    fields = ("name", "is_wanted", "people", "opposed", "since", "changed", "is_ignored")
    readonly_fields = fields[:-1]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


def _number(row: InstallationLearnt, place: int) -> int:
    return (*row.messages, 0, 0, 0)[place]


@admin.register(Identity)
class IdentityAdmin(admin.ModelAdmin):
    """Addresses that administrators let users write from. Name and signature are the
    users' choice.
    """

    list_display = ("address", "user", "source", "is_default")
    list_filter = ("source",)
    list_select_related = ("user",)
    search_fields = ("address", "user__login", "user__address")
    raw_id_fields = ("user",)  # the list of users can be searched, and shows their names
    fields = ("user", "address", "source")

    def get_readonly_fields(
        self, request: HttpRequest, obj: Identity | None = None
    ) -> tuple[str, ...]:
        """Make the source read-only, and the address of an existing identity too."""
        return ("user", "address", "source") if obj else ("source",)


@admin.register(SignatureTemplate)
class SignatureTemplateAdmin(admin.ModelAdmin):
    list_display = ("mail_domain", "text")
    list_select_related = ("mail_domain",)


@admin.register(SendingPolicy)
class SendingPolicyAdmin(CachedAdmin):
    """The name, the Reply-To and the text for all mail of a mail domain, and whether many
    recipients outside may see one another.
    """

    cache_keys = (SendingPolicy.CACHE_KEY,)
    list_display = ("__str__", "name", "reply_to", "footer", "hides_outside")
    list_select_related = ("mail_domain",)


@admin.register(ForwardPolicy)
class ForwardPolicyAdmin(CachedAdmin):
    """The addresses that the rules of a mail domain's users may send mail to."""

    cache_keys = (ForwardPolicy.CACHE_KEY,)
    list_display = ("__str__", "allowed", "places")
    list_select_related = ("mail_domain",)


@admin.register(StandingForward)
class StandingForwardAdmin(ViewOnlyAdmin):
    """Forwards that existed before they were forbidden, masked, as last seen in the users' scripts.
    A user who removes one leaves the list.
    """

    list_display = ("user", "address", "since")
    list_filter = ("user__mail_domain",)
    list_select_related = ("user",)
    search_fields = ("user__login", "user__address", "address")
    fields = readonly_fields = ("user", "address", "since")


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ViewOnlyAdmin):
    """Messages on their way, and whether they succeed. Texts, subjects and recipients are
    sealed.
    """

    list_display = ("accepted", "state", "stage", "why", "recipients", "weight", "user", "due")
    list_filter = ("state", FailureFilter)
    list_select_related = ("user",)
    search_fields = ("user__login", "user__address", "message_id")
    fields = readonly_fields = (
        "accepted",
        "due",
        "sent",
        "changed",
        "user",
        "sender",
        "message_id",
        "state",
        "stage",
        "attempts",
        "why",
        "server_words",
        "recipients",
        "weight",
    )

    @admin.display(description=_("why it failed"), ordering="failure")
    def why(self, row: OutboxMessage) -> str:
        return failures.in_short(row.failure)

    @admin.display(description=_("size"), ordering="size")
    def weight(self, row: OutboxMessage) -> str:
        return size(row.size)


@admin.register(Probe)
class ProbeAdmin(ViewOnlyAdmin):
    """The probes of the last seven days."""

    list_display = ("asked", "state", "seconds", "folder", "words")
    list_filter = ("state",)
    fields = readonly_fields = (
        *("asked", "handed", "ended", "state", "seconds", "folder", "words"),
    )
