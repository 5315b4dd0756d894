"""Guardians and pupils of the files, written as guardianships of the address book.

A list may name other guardians of a pupil than the address book has. Guardians who are missing in
the list are shown before anything is written. Those whom the user ticks (`ImportJob.leavers`) get
no more mail about the pupil, and are archived unless they have another pupil. The guardianship
stays.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from addressbook.contacts import archiving
from addressbook.contacts.ties import MOST_GUARDIANS
from addressbook.imports import grouping
from addressbook.models import Guardianship, ImportJob, ImportLink, ImportPart
from core import clock

_VALUES = ("relation", "receives_mail", "is_legal")
_WRITTEN = (*_VALUES, "withheld_since")


def missing(
    part: ImportPart, policy: str, written: Mapping[int, int]
) -> dict[int, list[Guardianship]]:
    """Return, by guardian, the ties to pupils for whom the list names other guardians, but not this
    one. Guardians who get no mail about the pupil are left out. Runs two queries more than
    `grouping.keys`."""
    links = list(part.links.values_list("pupil", "guardian"))
    if not links or part.user is None or policy == ImportJob.Policy.KEEP:
        return {}
    keys = grouping.keys(part, policy, written)
    named = {
        (keys[pupil], keys.get(guardian, ("row", guardian)))
        for pupil, guardian in links
        if pupil in keys
    }
    pupils = {pk for (kind, pk), _guardian in named if kind == "contact"}
    ties = Guardianship.objects.filter(
        user=part.user, pupil__in=pupils, receives_mail=True, guardian__deleted=None
    )
    by_guardian: dict[int, list[Guardianship]] = {}
    for tie in ties.select_related("pupil", "guardian").order_by("pupil", "position", "pk"):
        if (("contact", tie.pupil_id), ("contact", tie.guardian_id)) not in named:
            by_guardian.setdefault(tie.guardian_id, []).append(tie)
    return by_guardian


def leave(
    part: ImportPart, policy: str, written: Mapping[int, int], leavers: Collection[int]
) -> list[int]:
    """Turn off the mail of the ticked guardians among `missing`, storing the values that undo
    needs, and return the keys of those who were archived. Runs in the caller's transaction, before
    `apply`."""
    assert part.user is not None  # noqa: S101  the part was written
    missing_ties = missing(part, policy, written) if leavers else {}
    gone = {guardian: ties for guardian, ties in missing_ties.items() if guardian in leavers}
    number = part.job.links.count()
    links: list[ImportLink] = []
    for tie in (tie for ties in gone.values() for tie in ties):
        before = {name: getattr(tie, name) for name in _VALUES}
        links.append(
            ImportLink(
                job=part.job,
                part=part,
                number=number + len(links),
                pupil=0,
                guardian=0,
                guardianship=tie,
                before=before,
                is_written=True,
            )
        )
    ImportLink.objects.bulk_create(links, batch_size=200)
    silenced = [tie.pk for ties in gone.values() for tie in ties]
    Guardianship.objects.filter(pk__in=silenced).update(
        receives_mail=False, withheld_since=clock.now()
    )
    return archiving.archive_guardians(part.user, gone)


def apply(part: ImportPart, policy: str, written: Mapping[int, int]) -> None:
    """Write all guardianships of a part, with the values that undo needs, in the caller's
    transaction. Values and guardians that the file does not have stay as they are."""
    links = list(part.links.filter(is_written=False).order_by("number"))
    keys = grouping.keys(part, policy, written) if links else {}
    pairs = {
        link.number: (keys[link.pupil][1], keys[link.guardian][1])
        for link in links
        if _is_contact(keys, link.pupil) and _is_contact(keys, link.guardian)
    }
    pupils = {pupil for pupil, _guardian in pairs.values()}
    there: dict[tuple[int, int], Guardianship] = {}
    counts: dict[int, int] = {}
    for existing in Guardianship.objects.filter(pupil__in=pupils):
        there[existing.pupil_id, existing.guardian_id] = existing
        counts[existing.pupil_id] = max(counts.get(existing.pupil_id, 0), existing.position + 1)
    new: dict[tuple[int, int], Guardianship] = {}
    changed: dict[int, Guardianship] = {}
    for link in links:
        pair = pairs.get(link.number)
        if pair is None or pair[0] == pair[1] or pair in new:
            continue
        tie = there.get(pair)
        if tie:
            if _update(tie, link):
                changed[tie.pk] = tie
        elif counts.get(pair[0], 0) < MOST_GUARDIANS:
            new[pair] = link.guardianship = _new_guardianship(part, pair, link, counts)
    Guardianship.objects.bulk_create(new.values(), batch_size=500)
    Guardianship.objects.bulk_update(changed.values(), _WRITTEN, batch_size=200)
    tied_links = [link for link in links if link.guardianship]
    for link in tied_links:
        link.guardianship = link.guardianship  # its key, now that there is one
    ImportLink.objects.bulk_update(tied_links, ["guardianship", "before"], batch_size=200)
    part.links.update(is_written=True)


def _is_contact(keys: Mapping[int, grouping.Key], number: int) -> bool:
    return number in keys and keys[number][0] == "contact"


def _new_guardianship(
    part: ImportPart, pair: tuple[int, int], link: ImportLink, counts: dict[int, int]
) -> Guardianship:
    position = counts.get(pair[0], 0)
    counts[pair[0]] = position + 1
    tie = Guardianship(
        user=part.user,
        pupil_id=pair[0],
        guardian_id=pair[1],
        relation=link.relation,
        is_legal=link.is_legal is not False,
        position=position,
    )
    tie.let_receive(_may_receive_mail(link))
    return tie


def _may_receive_mail(link: ImportLink) -> bool:
    """Return whether a new guardian gets mail about the pupil: as the list says, else those who
    have parental authority."""
    return link.is_legal is not False if link.receives_mail is None else link.receives_mail


def _update(tie: Guardianship, link: ImportLink) -> bool:
    before = {name: getattr(tie, name) for name in _VALUES}
    tie.relation = link.relation or tie.relation
    if link.receives_mail is not None:
        tie.let_receive(link.receives_mail)
    if link.is_legal is not None:
        if tie.is_legal and not link.is_legal and link.receives_mail is None:
            tie.let_receive(False)  # the authority was lost since the last list
        tie.is_legal = link.is_legal
    if before == {name: getattr(tie, name) for name in _VALUES}:
        return False
    link.guardianship, link.before = tie, before
    return True


def take_back(part: ImportPart) -> None:
    """Restore the guardianships, in the caller's transaction."""
    links = part.links.filter(is_written=True).exclude(guardianship=None)
    new_ties: list[int] = []
    for link in links.select_related("guardianship"):
        if link.guardianship is None:
            continue
        if link.before is None:
            new_ties.append(link.guardianship.pk)
        else:
            tie = link.guardianship
            tie.relation, tie.is_legal = link.before["relation"], link.before["is_legal"]
            tie.let_receive(link.before["receives_mail"])
            tie.save(update_fields=[*_WRITTEN])
    Guardianship.objects.filter(pk__in=new_ties).delete()
    part.links.update(is_written=False)
