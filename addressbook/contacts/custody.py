"""Guardians who are not to be written to about a pupil, such as after "ne pas écrire au père".

The notes are those of the user's own address book, and those in the lists that colleagues share
with the user together with the pupils. Of the latter the user is told neither the reason, nor a
pupil who is not in the list.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Value
from django.utils.translation import gettext

from accounts.models import User
from addressbook.contacts import sharing
from addressbook.models import Group, Guardianship

_BATCH = 500


@dataclass(frozen=True, slots=True)
class WithheldGuardian:
    """A guardian at an address, and a pupil about whom no mail goes to that address. ``owner`` is
    the colleague whose list says so, "" for the user's own; ``pupil`` is "" if the list does not
    hold the pupil."""

    guardian: str
    pupil: str
    is_legal: bool
    owner: str = ""

    @property
    def reason(self) -> str:
        """The reason as part of a sentence, in the page's language."""
        if self.owner:
            return gettext("by a list of %(owner)s") % {"owner": self.owner}
        if not self.is_legal:
            return gettext("without parental authority")
        return gettext("does not receive the school’s mail")


def withheld(
    user: User, addresses: Iterable[str], *, since: datetime | None = None
) -> dict[str, tuple[WithheldGuardian, ...]]:
    """Return the guardians who get no mail about a pupil, by address in lower case. An address
    where another guardian of the pupil gets mail is left out. ``since`` leaves out what was noted,
    and shared with the user, before. Runs one query, one for 500 addresses, and some more if a
    colleague shares pupils with the user."""
    wanted = sorted({address.lower() for address in addresses if address})
    sources = list(_sources(user, since)) if wanted else []
    by_address: dict[str, dict[tuple[str, str], WithheldGuardian]] = {}
    for start in range(0, len(wanted), _BATCH):
        batch = wanted[start : start + _BATCH]
        for ties, after in sources:
            for address, note in _notes(user, ties, batch, after):
                key = (note.guardian, note.pupil)
                by_address.setdefault(address, {}).setdefault(key, note)
    return {address: tuple(notes.values()) for address, notes in by_address.items()}


_Source = tuple[QuerySet[Guardianship], datetime | None]


def _sources(user: User, since: datetime | None) -> Iterator[_Source]:
    """Yield ties, each with the time up to which their notes are left out. All notes of a list
    count that was shared after ``since``."""
    own = Guardianship.objects.filter(user=user)
    yield own.annotate(has_pupil=Value(value=True), has_guardian=Value(value=True)), since
    begun = sharing.family_groups(user)
    late = {pk for pk, time in begun.items() if since is not None and time > since}
    for groups, after in ((begun.keys() - late, since), (late, None)):
        if groups:
            yield _shared(groups), after


def _shared(groups: Collection[int]) -> QuerySet[Guardianship]:
    """Return the ties of the owners of shared groups, with who of each is in the groups."""
    members = Group.contacts.through.objects.filter(group__in=groups)
    owners = Group.objects.filter(pk__in=groups).order_by().values("user")
    return Guardianship.objects.filter(user__in=owners).annotate(
        has_pupil=Exists(members.filter(contact=OuterRef("pupil"))),
        has_guardian=Exists(members.filter(contact=OuterRef("guardian"))),
    )


def _notes(
    user: User, ties: QuerySet[Guardianship], wanted: Sequence[str], after: datetime | None
) -> Iterator[tuple[str, WithheldGuardian]]:
    columns = (
        *("guardian__addresses__folded", "pupil_id", "receives_mail", "withheld_since"),
        *("has_pupil", "has_guardian", "user_id"),
        *("guardian__display_name", "pupil__display_name", "is_legal"),
    )
    ties = ties.filter(
        guardian__deleted=None, pupil__deleted=None, guardian__addresses__folded__in=wanted
    )
    ties = ties.order_by("pupil__sort_key", "pupil", "position", "pk")
    rows: list[Any] = list(ties.values_list(*columns))
    reached = {(address, pupil) for address, pupil, receives_mail, *_ in rows if receives_mail}
    owners: dict[int, str] = {user.pk: ""}
    for address, pupil, receives_mail, noted, has_pupil, has_guardian, owner, *of_tie in rows:
        is_old = after is not None and (noted is None or noted <= after)
        if receives_mail or is_old or (address, pupil) in reached:
            continue
        if not has_pupil and not has_guardian:
            continue
        if owner not in owners:
            owners[owner] = User.objects.get(pk=owner).display_name
        guardian, name, is_legal = of_tie
        yield (
            address,
            WithheldGuardian(guardian, name if has_pupil else "", is_legal, owners[owner]),
        )


def words(note: WithheldGuardian) -> str:
    """Return who is not to be written to, about whom and why, in a sentence."""
    sentence = gettext("%(guardian)s is not to be written to about %(pupil)s: %(reason)s.")
    if not note.pupil:
        sentence = gettext("%(guardian)s is not to be written to about a pupil: %(reason)s.")
    names = {"guardian": note.guardian, "pupil": note.pupil, "reason": note.reason}
    return sentence % names
