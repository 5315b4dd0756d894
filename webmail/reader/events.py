"""The events of invitations: the newest version, the user's answer, and conflicting events."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User
from core import clock
from mail.imap.values import MessageRef
from mail.mime import addresses
from mail.previews.calendar import Event, Invitation, Method
from webmail.models import InvitedEvent

MOST_CONFLICTS = 3


@dataclass(frozen=True)
class EventState:
    """The state of the event that a message is about. ``row`` is None where the message is no
    invitation that can be answered. ``is_outdated`` means that a newer message has another version.
    ``conflicts`` are other events at the same time."""

    row: InvitedEvent | None = None
    may_answer: bool = False
    is_outdated: bool = False
    is_cancelled: bool = False
    conflicts: tuple[InvitedEvent, ...] = ()


def note(
    user: User, ref: MessageRef, invitation: Invitation, sender: str, own: Collection[str]
) -> EventState:
    """Record an invitation, a change or a cancellation, and return the state of its event.

    ``sender`` is the address of the message's author. Only the organiser's messages change a known
    event, since everybody who was invited knows its UID. ``own`` are the user's addresses in lower
    case; an event that the user organises is not answered.
    """
    event = invitation.events[0]
    organiser = event.organiser.address if event.organiser else ""
    is_told = invitation.method in (Method.REQUEST, Method.CANCEL)
    if not is_told or not event.uid or not addresses.is_valid(organiser):
        return EventState()
    if organiser.casefold() in own:
        return EventState()
    start, end = _times(event)
    columns = {
        "sequence": min(event.sequence, 2**31 - 1),
        "start": start,
        "end": end,
        "is_cancelled": invitation.is_cancellation,
        "folder": ref.folder,
        "uidvalidity": ref.uidvalidity,
        "uid": ref.uid,
    }
    row, is_new = InvitedEvent.objects.get_or_create(
        user=user, digest=_digest(event, organiser), defaults=columns
    )
    if is_new:
        _forget_old(user)
    elif sender.casefold() == organiser.casefold() and _is_newer(
        row, event.sequence, is_cancelled=invitation.is_cancellation
    ):
        for name, value in columns.items():
            setattr(row, name, value)
        row.save(update_fields=[*columns, "changed"])
    is_outdated = event.sequence < row.sequence
    may_answer = not (is_outdated or row.is_cancelled or invitation.is_cancellation)
    conflicts: tuple[InvitedEvent, ...] = ()
    if may_answer and start and end:
        others = InvitedEvent.objects.of(user).during(start, end).exclude(pk=row.pk)
        conflicts = tuple(others.order_by("start")[:MOST_CONFLICTS])
    return EventState(row, may_answer, is_outdated, row.is_cancelled, conflicts)


def answer(row: InvitedEvent, chosen: str) -> bool:
    """Store the user's answer to the newest version. Return False where it is stored already."""
    same = InvitedEvent.objects.filter(pk=row.pk).exclude(
        answer=chosen, answered_sequence=row.sequence
    )
    return bool(same.update(answer=chosen, answered_sequence=row.sequence))


def _is_newer(row: InvitedEvent, sequence: int, *, is_cancelled: bool) -> bool:
    """Return whether a message has a later version, or cancels the stored one."""
    is_cancelling = is_cancelled and not row.is_cancelled
    return sequence > row.sequence or (sequence == row.sequence and is_cancelling)


def _forget_old(user: User) -> None:
    known_since = clock.now() - InvitedEvent.KEPT
    InvitedEvent.objects.of(user).filter(changed__lt=known_since).delete()


def _digest(event: Event, organiser: str) -> str:
    occurrence = event.occurrence.isoformat() if event.occurrence else ""
    text = "\0".join((organiser.casefold(), event.uid, occurrence))
    return hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=20).hexdigest()


def _times(event: Event) -> tuple[datetime | None, datetime | None]:
    """Return start and end as moments. An all-day event begins and ends in the user's time zone."""
    start = _aware(event.start)
    end = _aware(event.end)
    if event.is_all_day:
        last = event.end or event.start
        end = _aware(last + timedelta(days=1)) if last and last < date(9999, 12, 31) else None
    if start is None or end is None or end <= start:
        end = start
    return start, end


def _aware(moment: datetime | date | None) -> datetime | None:
    """Return the moment with its time zone; None for a year outside 1900 to 9000."""
    if moment is None or not 1900 <= moment.year <= 9000:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return moment if moment.tzinfo else timezone.make_aware(moment)
