"""The senders whose mail was set aside in the last seven days, as the folders of adverts and of
junk tell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.core.cache import cache
from django.utils import timezone

from accounts.http import SignedInRequest
from accounts.models import User
from core import clock
from mail.imap import fetch, search
from mail.imap.connection import Connection
from mail.mailbox import folders
from mail.mailbox.actions import MOVE, MailStep
from mail.mailbox.ordering import imap_date
from mail.mime import headers
from mail.mime.addresses import Address
from webmail.adverts import judging
from webmail.adverts.digests import digest_of
from webmail.models import InboxWatch, Judgement

WEEK = timedelta(days=7)
MOST = 300
"""The most messages of a folder that are looked at, the newest."""
_FIELDS = ("FROM", "RECEIVED", "MESSAGE-ID", "DATE", "SUBJECT")
_FIELDS_SIZE = 16 * 1024
_COUNTED_SECONDS = 3_600


@dataclass(frozen=True)
class AsideSender:
    """A sender of messages that were set aside, and where they lie: a step a folder, which moves
    them to the inbox. ``is_fraud``: one of them at least looks like a fraud, so that none is to be
    brought back in one click."""

    sender: Address
    steps: tuple[MailStep, ...]
    is_fraud: bool = False

    @property
    def address(self) -> str:
        return self.sender.address.lower()

    @property
    def count(self) -> int:
        return sum(len(step.uids) for step in self.steps)


@dataclass(frozen=True)
class _Message:
    folder: str
    uidvalidity: int
    uid: int
    sender: Address
    digest: str


def count(request: SignedInRequest) -> int:
    """Return how many messages were set aside in seven days, for the inbox to say once a week; 0
    after the user closed its line this week. At most one query an hour."""
    standing, today = InboxWatch.objects.all().standing(request.user), timezone.localdate()
    monday = today - timedelta(days=today.weekday())
    if standing is None or standing.closed >= monday.isoformat():
        return 0
    key = f"aside-week:{request.user.pk}"
    counted: int | None = cache.get(key)
    if counted is None:
        counted = Judgement.objects.all().aside_since(request.user, clock.now() - WEEK)[0]
        cache.set(key, counted, _COUNTED_SECONDS)
    return counted


def senders(imap: Connection, user: User) -> tuple[AsideSender, ...]:
    """Return the senders of this week's messages in the folder of adverts, and of those in the junk
    that the webmail set aside; the one with most messages first. What the user moved there is left
    out. One query, and three commands a folder."""
    known = folders.outline(imap)
    adverts = folders.named(known, settings.ADVERTS_FOLDER)
    junk = folders.special(known, folders.JUNK)
    lying = [*_lying(imap, adverts), *_lying(imap, junk)]
    rows = Judgement.objects.all().known(user, {message.digest for message in lying})
    by_sender: dict[str, list[_Message]] = {}
    for message in lying:
        row = rows.get(message.digest)
        is_in_adverts = adverts is not None and message.folder == adverts.name
        if not row.taught and row.is_moved if row else is_in_adverts:
            by_sender.setdefault(message.sender.address.lower(), []).append(message)
    frauds = {digest for digest, row in rows.items() if row.is_fraud}
    named = [
        AsideSender(
            messages[0].sender,
            _steps(messages),
            is_fraud=any(message.digest in frauds for message in messages),
        )
        for messages in by_sender.values()
    ]
    return tuple(sorted(named, key=lambda aside: (-aside.count, aside.address)))


def _lying(imap: Connection, folder: folders.Folder | None) -> Iterator[_Message]:
    if folder is None:
        return
    uidvalidity = imap.select(folder.name).uidvalidity
    since = imap_date(timezone.localdate() - WEEK)
    uids = sorted(search.uids(imap, f"SINCE {since} UNDELETED"))[-MOST:]
    if not uids:
        return
    wanted = ",".join(map(str, uids))
    for uid, raw in sorted(fetch.fields(imap, wanted, _FIELDS, _FIELDS_SIZE).items(), reverse=True):
        fields = headers.parse(raw)
        for author in fields.addresses("From", 1):
            if author.address:
                yield _Message(folder.name, uidvalidity, uid, author, digest_of(fields))


def _steps(messages: Iterable[_Message]) -> tuple[MailStep, ...]:
    by_folder: dict[tuple[str, int], list[int]] = {}
    for message in messages:
        by_folder.setdefault((message.folder, message.uidvalidity), []).append(message.uid)
    return tuple(
        MailStep(MOVE, folder, uidvalidity, tuple(sorted(uids)), judging.INBOX)
        for (folder, uidvalidity), uids in by_folder.items()
    )
