"""Teach the classifier when a user moves a message into the folder of adverts or junk, or out of
it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.utils import timezone

from accounts.http import SignedInRequest
from mail.errors import FolderChanged, FolderNotFound, ServerUnavailable
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import ADVERT, JUNK
from mail.judgement.words import Kind
from mail.mailbox import arrivals, folders
from mail.mailbox.actions import CLEAR, MOVE, MailStep
from mail.mime import headers
from webmail.adverts import learning, rspamd
from webmail.adverts.digests import digest_of
from webmail.adverts.judging import rspamd_server
from webmail.adverts.learning import Lesson
from webmail.models import InboxWatch, Judgement

MOST = 25
"""The most messages of one move that teach: more would not improve verdicts, and would take
time."""

logger = logging.getLogger(__name__)

# Deleting a message that was set aside says nothing about it.
_SAYS_NOTHING = frozenset({"trash", "delete"})


def lessons(imap: Connection, verb: str, steps: Iterable[MailStep]) -> list[Lesson]:
    """Return the lessons that the steps of a verb are about to teach. Moves between other folders
    teach nothing and take no command; otherwise it takes one command to open each folder that
    messages leave, and one to read them."""
    collected: list[Lesson] = []
    for step in steps:
        kind, has_lesson = _said(imap, verb, step)
        if has_lesson and len(collected) < MOST:
            collected += _read(imap, step, kind, MOST - len(collected))
    return list({lesson.digest: lesson for lesson in collected}.values())


def teach(request: SignedInRequest, new_lessons: Iterable[Lesson]) -> None:
    """Learn the lessons, and subtract messages moved back today from the count of messages set
    aside today."""
    taught = list(new_lessons)
    if not taught:
        return
    rows = Judgement.objects.all().known(request.user, [lesson.digest for lesson in taught])
    back = [
        rows[lesson.digest]
        for lesson in taught
        if lesson.kind == "wanted" and lesson.digest in rows
    ]
    today = timezone.localdate()
    todays = [row.kind for row in back if row.is_moved and timezone.localdate(row.when) == today]
    if todays:
        InboxWatch.objects.all().note_aside(
            request.user,
            today,
            adverts=-todays.count("advert"),
            junk=-(len(todays) - todays.count("advert")),
        )
    Judgement.objects.filter(pk__in=[row.pk for row in back]).update(is_moved=False)
    learning.teach(request.user, taught)
    _teach_rspamd(request, taught)


def _teach_rspamd(request: SignedInRequest, new_lessons: Iterable[Lesson]) -> None:
    """Teach rspamd about junk and wanted messages; it has no kind for adverts. Failed lessons are
    lost."""
    server = rspamd_server()
    kinds = {"junk": True, "wanted": False}
    for lesson in new_lessons if server else ():
        if server and lesson.kind in kinds:
            try:
                rspamd.learn(server, lesson.raw, request.user.address, is_spam=kinds[lesson.kind])
            except ServerUnavailable as error:
                logger.warning("rspamd not taught: %s", error)
                return


def _said(imap: Connection, verb: str, step: MailStep) -> tuple[Kind | None, bool]:
    """Return the kind that a step teaches for its messages, and whether it teaches at all. Undoing
    withdraws a lesson. Messages that the user wrote never teach."""
    if step.verb == CLEAR and step.flag in (ADVERT, JUNK):
        return "wanted", verb != "undo"
    if step.verb != MOVE or verb in _SAYS_NOTHING:
        return None, False
    before, after = _kind(imap, step.folder), _kind(imap, step.to)
    if verb == "junk":
        after = "junk"
    if before == after or (verb != "undo" and folders.is_own(imap, step.folder)):
        return None, False
    return (None if verb == "undo" else after), True


def _kind(imap: Connection, folder: str) -> Kind:
    """Return the kind of messages in a folder, by its name: asking the server would cost one more
    command for each move."""
    if folders.is_called(folder, settings.ADVERTS_FOLDER):
        return "advert"
    return "junk" if folders.is_for_junk(imap, folder) else "wanted"


def _read(imap: Connection, step: MailStep, kind: Kind | None, most: int) -> Iterator[Lesson]:
    try:
        imap.require(step.first)
    except (FolderChanged, FolderNotFound):
        return  # the step itself reports the error
    for sample in fetch.samples(imap, step.uids[:most], arrivals.SAMPLE):
        yield Lesson(digest_of(headers.parse(sample.raw)), sample.raw, kind)
