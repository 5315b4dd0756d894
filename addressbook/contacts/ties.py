"""The ties between pupils and guardians: read, made, changed and removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q

from accounts.models import User
from addressbook.models import Contact, Guardianship

MOST_GUARDIANS = 10
"""The largest number of guardians of one pupil."""
MOST_PUPILS = 60
"""The largest number of pupils on the card of one guardian: a foster home has many."""


class TooManyGuardians(ValueError):
    """The pupil would have more than `MOST_GUARDIANS` guardians."""


@dataclass(frozen=True, slots=True)
class Relative:
    """A guardian on the card of a pupil, or a pupil on the card of a guardian."""

    contact: Contact
    tie: Guardianship


def guardians_of(pupil: Contact) -> tuple[Relative, ...]:
    """Return the guardians of a pupil, in one query."""
    ties = pupil.guardianships.filter(guardian__deleted=None).select_related("guardian")
    return tuple(Relative(tie.guardian, tie) for tie in ties[:MOST_GUARDIANS])


def pupils_of(guardian: Contact) -> tuple[Relative, ...]:
    """Return the pupils of a guardian, in one query."""
    ties = guardian.wardships.filter(pupil__deleted=None).select_related("pupil")
    ties = ties.order_by("pupil__sort_key", "pupil")
    return tuple(Relative(tie.pupil, tie) for tie in ties[:MOST_PUPILS])


def add_guardian(
    pupil: Contact,
    guardian: Contact,
    *,
    relation: str = "",
    receives_mail: bool = True,
    is_legal: bool = True,
) -> Guardianship:
    """Tie two contacts of one address book. If they are tied already, the tie gets the new values.
    Raises TooManyGuardians."""
    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=pupil.pk)
        others = pupil.guardianships.exclude(guardian=guardian)
        if others.count() >= MOST_GUARDIANS:
            raise TooManyGuardians(pupil.display_name)
        last = others.aggregate(last=Max("position"))["last"]
        tie = pupil.guardianships.filter(guardian=guardian).first() or Guardianship(
            user_id=pupil.user_id,
            pupil=pupil,
            guardian=guardian,
            position=0 if last is None else last + 1,
        )
        tie.relation, tie.is_legal = relation[:60], is_legal
        tie.let_receive(receives_mail)
        tie.save()
        return tie


def change_guardian(
    tie: Guardianship, *, relation: str, receives_mail: bool, is_legal: bool, is_first: bool
) -> None:
    """Change the values of a tie. With ``is_first``, the guardian comes before all others of the
    pupil."""
    with transaction.atomic():
        tie.relation, tie.is_legal = relation[:60], is_legal
        tie.let_receive(receives_mail)
        tie.save(update_fields=["relation", "receives_mail", "withheld_since", "is_legal"])
        if is_first:
            others = Guardianship.objects.filter(pupil=tie.pupil_id).exclude(pk=tie.pk)
            for position, guardianship in enumerate([tie, *others.order_by("position", "pk")]):
                Guardianship.objects.filter(pk=guardianship.pk).update(position=position)


def carry_over(merged: Contact, others: Sequence[Contact]) -> None:
    """Tie a contact that was merged from others to the guardians and pupils of each of them. The
    others keep their ties, so that the merge can be undone."""
    old = {contact.pk for contact in others}
    ties = Guardianship.objects.filter(Q(pupil__in=old) | Q(guardian__in=old)).order_by("position")
    new: dict[tuple[int, int], Guardianship] = {}
    for tie in ties:
        pupil = merged.pk if tie.pupil_id in old else tie.pupil_id
        guardian = merged.pk if tie.guardian_id in old else tie.guardian_id
        if pupil != guardian:
            tie.pk, tie.pupil_id, tie.guardian_id = None, pupil, guardian
            tie._state.adding = True
            new.setdefault((pupil, guardian), tie)
    Guardianship.objects.bulk_create(new.values())


def remove_guardian(tie: Guardianship) -> None:
    """Untie a guardian from a pupil; both contacts stay."""
    tie.delete()


def find_tie(user: User, pk: int) -> Guardianship | None:
    """Return a tie of the user with its two contacts; None where one of them is in the bin."""
    ties = Guardianship.objects.filter(
        user=user, pk=pk, pupil__deleted=None, guardian__deleted=None
    )
    return ties.select_related("pupil", "guardian").first()
