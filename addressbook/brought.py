"""The line after sign-in that tells the user how many contacts an administrator imported.

It is looked up once in a session, not for each page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.http import HttpRequest
from django.urls import reverse

from accounts.models import User
from addressbook import imports

SESSION_KEY = "brought_contacts"


@dataclass(frozen=True)
class ImportedContacts:
    """The number of imported contacts, and the page with details."""

    count: int
    url: str


def news(request: HttpRequest) -> ImportedContacts | None:
    """Return the contacts that an administrator imported for this user, until the user dismisses
    the line."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    if SESSION_KEY not in request.session:
        brought = _find(user)
        request.session[SESSION_KEY] = asdict(brought) if brought else {}
    values = request.session[SESSION_KEY]
    return ImportedContacts(**values) if values else None


def _find(user: User) -> ImportedContacts | None:
    part = imports.to_tell(user)
    if part is None:
        return None
    # The report on a file with the contacts of several people is for administrators only.
    is_own = part.job.user_id == user.pk
    url = reverse("addressbook:import", args=[part.job_id]) if is_own else ""
    return ImportedContacts(part.new + part.merged, url or reverse("addressbook:contacts"))


def dismiss(request: HttpRequest, user: User) -> None:
    """Dismiss the line in this session and in all others."""
    imports.dismiss(user)
    request.session[SESSION_KEY] = {}
