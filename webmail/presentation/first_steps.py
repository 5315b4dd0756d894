"""The first steps of a new user, and which of them are done."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext

from accounts.models import AuditEvent, User
from webmail.models import Identity

PREFERENCE = "first_steps"
_KIND = AuditEvent.Kind
_BROUGHT = {_KIND.CONTACTS_IMPORTED, _KIND.USER_MOVED}
_KINDS = (*_BROUGHT, _KIND.SETTINGS_FETCHED, _KIND.RULES_CHANGED)


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    url: str
    icon: str
    is_done: bool


def steps(user: User) -> tuple[Step, ...]:
    """Return the five steps. The audit log says whether an import, a telephone or an absence was
    done, while it is kept."""
    about_user = Q(actor=user) | Q(target=user.address.lower()) if user.address else Q(actor=user)
    events = AuditEvent.objects.filter(about_user, kind__in=_KINDS).order_by()
    done = set(events.values_list("kind", "detail__change"))
    kinds = {kind for kind, _change in done}
    signed = Identity.objects.filter(user=user).exclude(signature="").exists()
    return (
        Step(gettext("Prepare your signature"), reverse("mail:identities"), "pencil", signed),
        Step(
            gettext("Bring in your old address book"),
            reverse("addressbook:imports"),
            "contact-round",
            bool(_BROUGHT & kinds),
        ),
        Step(
            gettext("Set up your telephone"),
            reverse("accounts:my_settings"),
            "smartphone",
            _KIND.SETTINGS_FETCHED in kinds,
        ),
        Step(
            gettext("Know how to tell that you are away"),
            reverse("mail:absence"),
            "calendar-days",
            (_KIND.RULES_CHANGED, "absence") in done,
        ),
        Step(
            gettext("Choose how dense the list is"),
            reverse("mail:preferences") + "#id_density",
            "list",
            "density" in user.preferences,
        ),
    )
