"""The events of invitations: the newest version, the user's answer, and other events at that
time."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from accounts.models import User
from webmail import clock
from webmail.imap.values import MessageRef
from webmail.mime import addresses
from webmail.models import InvitedEvent
from webmail.previews.calendar import Event, Invitation, Method

MOST_CONFLICTS = 3


@dataclass(frozen=True)
class Standing:
    """The position of a message in the history of its event. ``row`` is None for what is no
    invitation that can be answered. ``is_outdated``: a newer message tells of another version.
    ``conflicts`` are other events at the same time."""

    row: InvitedEvent | None = None
    may_answer: bool = False
    is_outdated: bool = False
    is_cancelled: bool = False
    conflicts: tuple[InvitedEvent, ...] = ()


def note(
    user: User, ref: MessageRef, invitation: Invitation, sender: str, own: Collection[str]
) -> Standing:
    """Take note of an invitation, a change or a cancellation, and tell how it stands.

    ``sender`` is the address of the message, which changes a known event only where it is the
    organiser's: everybody who was invited knows its UID. ``own`` are the user's addresses in lower
    case; an event of the user's own is not answered.
    """
    event = invitation.events[0]
    organiser = event.organiser.address if event.organiser else ""
    is_told = invitation.method in (Method.REQUEST, Method.CANCEL)
    if not is_told or not event.uid or not addresses.is_valid(organiser):
        return Standing()
    if organiser.casefold() in own:
        return Standing()
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
    return Standing(row, may_answer, is_outdated, row.is_cancelled, conflicts)


def answer(row: InvitedEvent, chosen: str) -> bool:
    """Keep the user's answer to the newest version; False when it is that already."""
    same = InvitedEvent.objects.filter(pk=row.pk).exclude(
        answer=chosen, answered_sequence=row.sequence
    )
    return bool(same.update(answer=chosen, answered_sequence=row.sequence))


def _is_newer(row: InvitedEvent, sequence: int, *, is_cancelled: bool) -> bool:
    """Whether a message tells a later version, or cancels the one that is known."""
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
    """Start and end as moments; a day begins and ends in the reader's zone."""
    start = _aware(event.start)
    end = _aware(event.end)
    if event.is_all_day:
        last = event.end or event.start
        end = _aware(last + timedelta(days=1)) if last and last < date(9999, 12, 31) else None
    if start is None or end is None or end <= start:
        end = start
    return start, end


def _aware(moment: datetime | date | None) -> datetime | None:
    """The moment with its zone; None for a time that no database holds."""
    if moment is None or not 1900 <= moment.year <= 9000:
        return None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time.min)
    return moment if moment.tzinfo else timezone.make_aware(moment)
