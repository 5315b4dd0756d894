"""What every page's template knows of accounts: announcements, texts, the support desk."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from accounts import announcements
from accounts.models import SiteText, SupportContact, User


def page(request: HttpRequest) -> dict[str, Any]:
    """Asked for when a template asks; all from the cache."""
    found = getattr(request, "user", None)
    user = found if isinstance(found, User) else None
    domain = user.mail_domain_id if user else None
    return {
        "announcements": SimpleLazyObject(lambda: announcements.shown_to(user)),
        "texts": SimpleLazyObject(SiteText.objects.all().in_force),
        "support": SimpleLazyObject(lambda: SupportContact.objects.all().of(domain)),
    }
