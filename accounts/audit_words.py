"""The details of an audit log line in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.apps import apps
from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

NAMES: Final[dict[str, Promise]] = {
    "action": _("action"),
    "asked_by": _("asked for by"),
    "browser": _("browser"),
    "canned": _("canned answers"),
    "cause": _("cause"),
    "change": _("change"),
    "client": _("application"),
    "code": _("reason"),
    "contacts": _("contacts"),
    "created": _("records made"),
    "deactivated": _("deactivated"),
    "fields": _("fields"),
    "file": _("file"),
    "filters": _("filters"),
    "forwards": _("forwards to"),
    "forwards_no_more": _("no longer forwards to"),
    "groups": _("groups"),
    "identities": _("identities"),
    "kept": _("kept, because changed since"),
    "key": _("number"),
    "limit": _("limit"),
    "limits": _("limits"),
    "messages": _("messages"),
    "model": _("kind of thing"),
    "name": _("name"),
    "new_device": _("new device"),
    "outcome": _("outcome"),
    "preferences": _("preferences"),
    "reason": _("reason"),
    "recipients": _("recipients"),
    "refused": _("refused rows"),
    "replaced": _("replaced records"),
    "rows": _("rows"),
    "second_factor": _("second factor"),
    "senders": _("senders whose images are shown"),
    "sessions": _("sessions"),
    "shared": _("shared computer"),
    "source": _("former webmail"),
    "status": _("status"),
    "system": _("system"),
    "unchanged": _("unchanged"),
    "updated": _("changed records"),
    "way": _("way"),
    "why": _("why"),
}
_VALUES: Final[dict[tuple[str, str], Promise]] = {
    ("action", "added"): _("added"),
    ("action", "changed"): _("changed"),
    ("action", "deleted"): _("deleted"),
    ("code", "kept"): _("failed: the old password is still valid"),
    ("code", "limited"): _("too many tries"),
    ("code", "mismatch"): _("the server takes neither the old nor the new password"),
    ("code", "refused"): _("refused by the server"),
    ("code", "unknown"): _("failed, and the outcome is unknown"),
    ("code", "untold"): _("the server did not answer"),
    ("code", "wrong"): _("wrong old password"),
    ("fields", "address"): _("address"),
    ("fields", "day"): _("day"),
    ("fields", "message_id"): _("Message-ID"),
    ("limits", "login"): _("login"),
    ("limits", "lookups"): _("lookups"),
    ("limits", "network"): _("network"),
    ("limits", "numen"): _("NUMEN"),
    ("cause", "blocked"): _("blocked account"),
    ("cause", "domain"): _("domain"),
    ("cause", "mailbox"): _("another login of the mailbox"),
    ("cause", "not_staff"): _("no active staff record"),
    ("cause", "password"): _("login or password refused"),
    ("cause", "server"): _("mail server not reached"),
    ("cause", "provider"): _("sign-in by a provider"),
    ("cause", "second factor"): _("second factor"),
    ("change", "reset"): _("reset by the support desk"),
    ("change", "log begun"): _("log begun"),
    ("change", "log ended"): _("log ended"),
    ("change", "log read"): _("log read"),
    ("change", "absence"): _("answer of absence"),
    ("change", "brought in"): _("another program’s rules brought in"),
    ("change", "copy"): _("a copy put back"),
    ("change", "order"): _("order"),
    ("change", "removed"): _("a rule removed"),
    ("change", "edit group"): _("colleagues may edit it"),
    ("change", "read group"): _("colleagues may read it"),
    ("change", "member added"): _("a member added"),
    ("change", "member removed"): _("a member taken out"),
    ("change", "rule"): _("a rule saved"),
    ("change", "running"): _("rules set running"),
    ("change", "script"): _("text of the script"),
    ("change", "switched"): _("a rule switched on or off"),
    ("change", "totp_activated"): _("app on a telephone set up"),
    ("change", "totp_deactivated"): _("app on a telephone removed"),
    ("change", "webauthn_added"): _("security key added"),
    ("change", "webauthn_removed"): _("security key removed"),
    ("change", "recovery_codes_generated"): _("new recovery codes"),
    ("outcome", "changed"): _("changed, and proved at the mail server"),
    ("outcome", "unproved"): _("changed, not proved: the mail server did not answer"),
    ("second_factor", "code"): _("code"),
    ("second_factor", "totp"): _("app on a telephone"),
    ("second_factor", "recovery_codes"): _("recovery code"),
    ("second_factor", "webauthn"): _("security key"),
    ("reason", "access_denied"): _("the user did not agree"),
    ("reason", "blocked"): _("blocked account"),
    ("reason", "cancelled"): _("the user did not agree"),
    ("reason", "state"): _("begun elsewhere, or too long ago"),
    ("reason", "answer"): _("wrong answer of the provider"),
    ("reason", "audience"): _("token made out to another service"),
    ("reason", "clock"): _("clocks that differ"),
    ("reason", "down"): _("provider not reached"),
    ("reason", "expired"): _("token or code worth nothing any more"),
    ("reason", "login"): _("claims that make no login here"),
    ("reason", "mail_server"): _("mail server not reached"),
    ("reason", "mailbox"): _("no mailbox opened"),
    ("reason", "not_staff"): _("no active staff record"),
    ("reason", "other"): _("mailbox known by another login"),
    ("reason", "person"): _("another person than the session’s"),
    ("reason", "subject"): _("another account at the provider"),
    ("reason", "unproven"): _("the proxy was not seen to drop the header"),
    ("reason", "provider"): _("ended by the provider"),
    ("reason", "address"): _("address of return not registered"),
    ("reason", "invalid_client"): _("unknown service, or wrong secret"),
    ("reason", "invalid_grant"): _("code expired or unknown"),
    ("reason", "invalid_request"): _("malformed request"),
    ("reason", "invalid_scope"): _("more data asked for than is registered"),
    ("reason", "invalid_target"): _("unknown recipient of the token"),
    ("reason", "no mailbox"): _("account without a mailbox"),
    ("reason", "replayed code"): _("code used twice"),
    ("reason", "unauthorized_client"): _("service not allowed to ask in this way"),
    ("reason", "unsupported_grant_type"): _("way of asking not supported"),
    ("reason", "unsupported_response_type"): _("way of answering not supported"),
    ("way", "for good"): _("for good"),
    ("way", "folder"): _("with their folder"),
    ("way", "host"): _("site of their links"),
    ("way", "subject"): _("sender and subject"),
    ("way", "trash"): _("to the trash"),
    ("way", "profile"): _("profile"),
    ("way", "values"): _("values to type"),
}

_COUNTS: Final = frozenset(
    {
        "canned",
        "contacts",
        "created",
        "deactivated",
        "groups",
        "identities",
        "kept",
        "messages",
        "preferences",
        "recipients",
        "refused",
        "replaced",
        "rows",
        "senders",
        "sessions",
        "unchanged",
        "updated",
    }
)


def in_words(detail: Mapping[str, Any]) -> str:
    """Return the details as ``browser: Firefox, shared computer``. Empty and false values are left
    out; a true value is shown by its name alone."""
    words_of_values = []
    for name, value in detail.items():
        label = str(NAMES.get(name, name))
        if value is True:
            words_of_values.append(label)
        elif value not in ("", None, False):
            words = _value_in_words(name, value)
            words_of_values.append(str(_("%(name)s: %(value)s")) % {"name": label, "value": words})
    return ", ".join(words_of_values)


def _value_in_words(name: str, value: Any) -> str:
    """Return a value in words; a list such as ``subject, host`` value by value."""
    if name in _COUNTS and isinstance(value, int):
        return intcomma(value)
    if name == "model":
        return _model_in_words(str(value))
    parts = [part for part in str(value).split(", ") if part]
    if name == "fields":
        return ", ".join(_field_in_words(part) for part in parts)
    return ", ".join(str(_VALUES.get((name, part), part)) for part in parts)


def _model_in_words(label: str) -> str:
    """Return the readable name of a model such as ``accounts.DomainTheme``, or the label as it is
    when the model no longer exists."""
    try:
        return str(apps.get_model(label)._meta.verbose_name)
    except (LookupError, ValueError):
        return label


def _field_in_words(name: str) -> str:
    """Return a field's label translated. Django writes it in English and with a capital letter."""
    if words := _VALUES.get(("fields", name)):
        return str(words)
    for label in (name[0].lower() + name[1:], name):
        if (translated := gettext(label)) != label:
            return translated
    return name
