"""Learn from the folders that users move messages to: fingerprints of words, for each user and for
the installation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction

from accounts.models import User
from core import clock
from mail.judgement import verdict, words
from mail.judgement.known import Learnt
from mail.judgement.verdict import Correspondent
from mail.judgement.words import Counts, Kind, Row
from webmail.adverts import agreeing
from webmail.adverts.digests import digest_of_sender
from webmail.models import (
    AgreedSender,
    InstallationLearnt,
    Judgement,
    LearntWords,
    PersonLearnt,
)

MOST_WORDS = 20_000
"""Limit for a user and for the installation; beyond it, words that occurred once are forgotten."""
MOST_MARKS = 5_000
"""Limit of senders and lists; beyond it, the oldest are forgotten."""
MOST_A_DAY = 200
"""Lessons of one user in a day that also teach the installation, so that nobody can change the
verdicts for all."""


@dataclass(frozen=True)
class Lesson:
    """A message that a user moved to the right folder. ``kind`` is None where an earlier lesson is
    only withdrawn."""

    digest: str
    raw: bytes
    kind: Kind | None


def learnt(user: User) -> Learnt:
    """Return what counts for this user's messages: learnt words, and senders on which users agree.
    Three queries."""
    person = PersonLearnt.objects.filter(user=user).first()
    installation = InstallationLearnt.objects.filter(pk=InstallationLearnt.ONLY).first()
    agreed = AgreedSender.objects.all().by_mark() if settings.ADVERTS_AGREEING else {}
    return Learnt(_counts(installation), _counts(person), agreed)


def teach(user: User, lessons: Iterable[Lesson]) -> None:
    """Learn the user's decision on a message and withdraw an earlier one. Repeating a lesson
    changes nothing."""
    senders: set[Correspondent] = set()
    with transaction.atomic():
        for lesson in lessons:
            sender = verdict.correspondent(lesson.raw)
            before = _said_before(user, lesson, sender)
            if before != (lesson.kind or ""):
                _learn(user, lesson, before)
                senders |= {sender} if sender else set()
    # Outside of the transaction, so that of two last lessons at once either counts the other.
    for sender in senders:
        agreeing.recount(sender)


def _said_before(user: User, lesson: Lesson, sender: Correspondent | None) -> str:
    """Return the user's earlier decision on the message, and store the new one."""
    row, _made = Judgement.objects.select_for_update().get_or_create(
        user=user,
        digest=lesson.digest,
        defaults={"kind": lesson.kind or "wanted", "when": clock.now()},
    )
    before, row.taught = row.taught, lesson.kind or ""
    row.sender = digest_of_sender(sender.name) if sender else ""
    row.save(update_fields=["taught", "sender"])
    return before


def _learn(user: User, lesson: Lesson, before: str) -> None:
    marks = verdict.marks(lesson.raw)
    fingerprints = verdict.tokens(lesson.raw) - marks
    PersonLearnt.objects.get_or_create(user=user)
    _change(
        PersonLearnt.objects.select_for_update().get(user=user), fingerprints, marks, lesson, before
    )
    since = clock.now() - timedelta(days=1)
    if Judgement.objects.filter(user=user, when__gte=since).exclude(taught="").count() > MOST_A_DAY:
        return
    InstallationLearnt.objects.get_or_create(pk=InstallationLearnt.ONLY)
    row = InstallationLearnt.objects.select_for_update().get(pk=InstallationLearnt.ONLY)
    _change(row, fingerprints, frozenset(), lesson, before)


def _change(
    row: LearntWords,
    fingerprints: frozenset[str],
    marks: frozenset[str],
    lesson: Lesson,
    before: str,
) -> None:
    # Words have a count of messages; marks have none.
    known, senders = Counts(_row(row.messages), _read(row.words)), Counts(words=_read(row.marks))
    for kind in words.KINDS:
        if kind == before:
            known = words.unlearn(known, fingerprints, kind)
            senders = words.unlearn(senders, marks, kind)
        if kind == lesson.kind:
            known = words.learn(known, fingerprints, kind)
            senders = words.learn(senders, marks, kind)
    row.messages = list(known.messages)
    row.words = _written(_bounded(known.words))
    row.marks = _written(dict(list(senders.words.items())[-MOST_MARKS:]))
    row.save()


def _bounded(counted: Mapping[str, Row]) -> dict[str, Row]:
    """Keep words that occurred several times, then the newest: new words are at the end."""
    if len(counted) <= MOST_WORDS:
        return dict(counted)
    frequent = {word: row for word, row in counted.items() if sum(row) > 1}
    rest = [word for word in counted if word not in frequent][-MOST_WORDS // 4 :]
    frequent |= {word: counted[word] for word in rest}
    return dict(list(frequent.items())[-MOST_WORDS:])


def _counts(row: LearntWords | None) -> Counts:
    if row is None:
        return Counts()
    return Counts(_row(row.messages), {**_read(row.words), **_read(row.marks)})


def _read(text: str) -> dict[str, Row]:
    return {word: _row(row) for word, row in json.loads(text).items()}


def _written(counted: Mapping[str, Row]) -> str:
    return json.dumps(counted, separators=(",", ":"))


def _row(kept: Iterable[int]) -> Row:
    wanted, adverts, junk = (*kept, 0, 0, 0)[:3]
    return wanted, adverts, junk
