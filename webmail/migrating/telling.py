"""The notice after sign-in about the data moved from the user's former webmail.

It is looked up once in a session, not for each page.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import ngettext

from accounts.models import MovedUser, User
from core import clock

SESSION_KEY = "moved_user"


@dataclass(frozen=True)
class MovedCounts:
    """The numbers of moved items."""

    contacts: int
    identities: int
    preferences: int
    groups: int = 0
    canned: int = 0
    recipients: int = 0
    senders: int = 0

    @property
    def words(self) -> str:
        """The numbers that are not 0, with their nouns."""
        parts = (
            (self.contacts, ngettext("%(n)d contact", "%(n)d contacts", self.contacts)),
            (self.groups, ngettext("%(n)d group", "%(n)d groups", self.groups)),
            (self.identities, ngettext("%(n)d identity", "%(n)d identities", self.identities)),
            (self.preferences, ngettext("%(n)d setting", "%(n)d settings", self.preferences)),
            (self.canned, ngettext("%(n)d canned answer", "%(n)d canned answers", self.canned)),
            (
                self.recipients,
                ngettext("%(n)d former recipient", "%(n)d former recipients", self.recipients),
            ),
            (
                self.senders,
                ngettext(
                    "%(n)d sender whose images are shown",
                    "%(n)d senders whose images are shown",
                    self.senders,
                ),
            ),
        )
        return ", ".join(words % {"n": count} for count, words in parts if count)

    @property
    def url(self) -> str:
        """The page that shows most of the moved items."""
        return reverse("addressbook:contacts" if self.contacts else "mail:preferences")


def news(request: HttpRequest) -> MovedCounts | None:
    """Return the counts for the notice; None once the user has closed it."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return None
    if SESSION_KEY not in request.session:
        moved = _find(user)
        request.session[SESSION_KEY] = asdict(moved) if moved else {}
    values = request.session[SESSION_KEY]
    return MovedCounts(**values) if values else None


def _find(user: User) -> MovedCounts | None:
    rows = list(MovedUser.objects.filter(user=user, told=None))
    if not rows:
        return None
    return MovedCounts(
        **{name: sum(getattr(row, name) for row in rows) for name in MovedUser.COUNTS}
    )


def dismiss(request: HttpRequest, user: User) -> None:
    """Close the notice, in this session and all others."""
    MovedUser.objects.filter(user=user, told=None).update(told=clock.now())
    request.session[SESSION_KEY] = {}
