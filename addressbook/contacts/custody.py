"""Guardians who are not to be written to about a pupil, such as after "ne pas écrire au père".

The notes are those of the user's own address book, and those on pupils whom colleagues share with
the user. Of these the user learns who is meant, but not whether it is for want of authority.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext

from accounts.models import User
from addressbook.contacts import sharing
from addressbook.models import Group, Guardianship

_BATCH = 500


@dataclass(frozen=True, slots=True)
class WithheldGuardian:
    """A guardian at an address, and a pupil about whom no mail goes to that address."""

    guardian: str
    pupil: str
    is_legal: bool

    @property
    def reason(self) -> str:
        """The reason as part of a sentence, in the page's language."""
        if not self.is_legal:
            return gettext("without parental authority")
        return gettext("does not receive the school’s mail")


def withheld(
    user: User, addresses: Iterable[str], *, since: datetime | None = None
) -> dict[str, tuple[WithheldGuardian, ...]]:
    """Return the guardians who get no mail about a pupil, by address in lower case. An address
    where another guardian of the pupil gets mail is left out. ``since`` leaves out what was noted
    before. Runs one query for 500 addresses, and one or two for what colleagues share."""
    wanted = sorted({address.lower() for address in addresses if address})
    if not wanted:
        return {}
    own_and_shared = Q(user=user) | _shared(user)
    by_address: dict[str, tuple[WithheldGuardian, ...]] = {}
    for start in range(0, len(wanted), _BATCH):
        by_address |= _batch(user, own_and_shared, wanted[start : start + _BATCH], since)
    return by_address


def _shared(user: User) -> Q:
    """Return the condition of ties of pupils whom colleagues share with the user."""
    shared = sharing.pupil_groups(user)
    if not shared:
        return Q(pk=None)
    inside = Group.contacts.through.objects.filter(group__in=set().union(*shared.values()))
    return Q(user__in=list(shared), pupil__in=inside.values("contact_id"))


def _batch(
    user: User, own_and_shared: Q, wanted: list[str], since: datetime | None
) -> dict[str, tuple[WithheldGuardian, ...]]:
    ties = Guardianship.objects.filter(
        own_and_shared,
        guardian__deleted=None,
        pupil__deleted=None,
        guardian__addresses__folded__in=wanted,
    )
    columns = (
        *("guardian__addresses__folded", "pupil_id", "receives_mail", "withheld_since"),
        *("guardian__display_name", "pupil__display_name", "is_legal", "user_id"),
    )
    rows = list(ties.order_by("pupil__sort_key", "pupil", "position", "pk").values_list(*columns))
    reached = {(address, pupil) for address, pupil, receives_mail, *_ in rows if receives_mail}
    by_address: dict[str, list[WithheldGuardian]] = {}
    for address, pupil, receives_mail, noted, guardian, pupil_name, is_legal, owner in rows:
        is_old = since is not None and (noted is None or noted <= since)
        if not receives_mail and not is_old and (address, pupil) not in reached:
            note = WithheldGuardian(guardian, pupil_name, is_legal or owner != user.pk)
            by_address.setdefault(address, []).append(note)
    # Two colleagues may share the same pupil, with the same note.
    return {address: tuple(dict.fromkeys(notes)) for address, notes in by_address.items()}


def words(guardian: WithheldGuardian) -> str:
    """Return who is not to be written to, about whom and why, in a sentence."""
    return gettext("%(guardian)s is not to be written to about %(pupil)s: %(reason)s.") % {
        "guardian": guardian.guardian,
        "pupil": guardian.pupil,
        "reason": guardian.reason,
    }
