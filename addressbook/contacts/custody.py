"""Guardians who are not to be written to about a pupil, such as after "ne pas écrire au père".

The notes are those of the user's own address book, and only the user sees them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext

from accounts.models import User
from addressbook.models import Guardianship

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
    before. Runs one query for 500 addresses."""
    wanted = sorted({address.lower() for address in addresses if address})
    by_address: dict[str, tuple[WithheldGuardian, ...]] = {}
    for start in range(0, len(wanted), _BATCH):
        by_address |= _batch(user, wanted[start : start + _BATCH], since)
    return by_address


def _batch(
    user: User, wanted: list[str], since: datetime | None
) -> dict[str, tuple[WithheldGuardian, ...]]:
    ties = Guardianship.objects.filter(
        user=user,
        guardian__deleted=None,
        pupil__deleted=None,
        guardian__addresses__folded__in=wanted,
    )
    columns = (
        *("guardian__addresses__folded", "pupil_id", "receives_mail", "withheld_since"),
        *("guardian__display_name", "pupil__display_name", "is_legal"),
    )
    rows = list(ties.order_by("pupil__sort_key", "pupil", "position", "pk").values_list(*columns))
    reached = {(address, pupil) for address, pupil, receives_mail, *_ in rows if receives_mail}
    by_address: dict[str, list[WithheldGuardian]] = {}
    for address, pupil, receives_mail, noted, *guardian in rows:
        is_old = since is not None and (noted is None or noted <= since)
        if not receives_mail and not is_old and (address, pupil) not in reached:
            by_address.setdefault(address, []).append(WithheldGuardian(*guardian))
    return {address: tuple(guardians) for address, guardians in by_address.items()}


def words(guardian: WithheldGuardian) -> str:
    """Return who is not to be written to, about whom and why, in a sentence."""
    return gettext("%(guardian)s is not to be written to about %(pupil)s: %(reason)s.") % {
        "guardian": guardian.guardian,
        "pupil": guardian.pupil,
        "reason": guardian.reason,
    }
