"""Messages being written: kept at each change, found again, settled between two windows.

A draft is a row, whole at each revision and sealed. A window that saves names the revision that it
goes on from: two windows on one draft do not write over each other."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Length

from accounts.models import User
from webmail import clock
from webmail.errors import DraftChanged, DraftNotFound, TooLarge, TooManyDrafts, Unreadable
from webmail.imap.values import MessageRef
from webmail.mime import addresses, build
from webmail.models import Draft, DraftFile, DraftVersion
from webmail.writing import documents, files, images, sealing
from webmail.writing.content import Content, from_json, to_json

State = Draft.State

MOST = 300
"""Messages that one person has begun and not sent."""
MOST_BYTES = 2 * 1024 * 1024
"""Of a message without its files."""
VERSION_EVERY = timedelta(minutes=1)
MOST_VERSIONS_BYTES = 100 * 1024 * 1024
"""Of all versions of one person; the oldest go first."""
CLOSED_KEPT = timedelta(days=30)
"""A draft left on purpose whose copy in the Drafts folder is whole: that one stays."""
_NOW_WRITTEN = timedelta(minutes=2)
_SHOWN = 80


@dataclass(frozen=True)
class Summary:
    """A draft in a list. ``to`` and ``subject`` are short; both may be empty."""

    number: uuid.UUID
    changed: datetime
    state: str
    to: str
    subject: str


@dataclass(frozen=True)
class Version:
    """A draft as it was at ``saved``."""

    revision: int
    saved: datetime
    content: Content


def find(user: User, number: uuid.UUID) -> Draft:
    """A draft that may be gone on with. DraftNotFound for one that was accepted into the outbox or
    discarded, and for another person's."""
    return _one(user, number, State.WRITING)


def content(draft: Draft) -> Content:
    """The content of a draft. Raises Unreadable when the server's key was changed since."""
    return _opened(draft, draft.sealed) if draft.revision else Content()


def begin(user: User, number: uuid.UUID) -> Draft:
    """The draft of this number, made empty when there is none yet: a file may come before the first
    word. Raises DraftNotFound for another's, TooManyDrafts."""
    return _begun(user, number)


def _begun(user: User, number: uuid.UUID, *, lock: bool = False) -> Draft:
    try:
        return _one(user, number, State.WRITING, lock=lock)
    except DraftNotFound:
        if Draft.objects.filter(pk=number).exists():
            # It is another's, or closed; or a request that came at once has just made it.
            return _one(user, number, State.WRITING, lock=lock)
    if Draft.objects.of(user).filter(state=State.WRITING).count() >= MOST:
        raise TooManyDrafts
    new = Draft(pk=number, user=user, sealed=b"", message_id=_message_id(user))
    new.created = new.changed = clock.now()
    # Another window may make the same one at this moment.
    Draft.objects.bulk_create([new], ignore_conflicts=True)
    return _one(user, number, State.WRITING, lock=lock)


def save(
    user: User,
    number: uuid.UUID,
    content: Content,
    *,
    base: int,
    writer: str = "",
    over: bool = False,
) -> Draft:
    """Keep ``content`` as the next revision after ``base``; the same content is no new one. Makes
    the row when there is none.

    ``writer`` names the window: when it wrote last itself, and never heard the answer, it goes on.
    ``over``: what stands there instead was seen and is kept as a version. The files of what is kept
    are those of `images.settled`. Raises DraftChanged, DraftNotFound for another's draft or one
    that may not be gone on with, TooLarge, TooManyDrafts.
    """
    if len(to_json(content)) > MOST_BYTES:
        raise TooLarge("The text is too long.", limit=MOST_BYTES)
    with transaction.atomic():
        draft = _begun(user, number, lock=True)
        content = images.settled(user, draft, content)
        plain = to_json(content)
        if draft.revision and plain == sealing.opened(draft.pk, user.pk, draft.sealed):
            _touch(draft)
            if content.files:  # one may have been removed, and is named still
                files.settle(draft, content.files)
            return draft
        is_own = writer != "" and draft.writer == writer
        if draft.revision != base and not is_own:
            raise DraftChanged(revision=draft.revision)
        if draft.revision:
            _keep_version(draft, always=over)
        _write(draft, content, plain, writer)
        files.settle(draft, content.files)
    return draft


def amend(draft: Draft, content: Content) -> None:
    """Write the revision that is there in other words: it says the same. Nothing is done when a
    later one came meanwhile."""
    sealed = sealing.seal(draft.pk, draft.user_id, to_json(content))
    own = Draft.objects.filter(pk=draft.pk, revision=draft.revision)
    if own.exclude(state=State.ACCEPTED).update(sealed=sealed):
        draft.sealed = sealed
        files.settle(draft, content.files)


def was_sent(user: User, number: uuid.UUID, content: Content, *, writer: str) -> bool:
    """Whether a draft of the user's was accepted into the outbox, with this content or by the
    window that ``writer`` names."""
    draft = Draft.objects.of(user).filter(pk=number, state=State.ACCEPTED).first()
    if draft is None:
        return False
    if writer and writer == draft.writer:
        return True
    try:
        return to_json(content) == sealing.opened(draft.pk, user.pk, draft.sealed)
    except Unreadable:
        return False


def close(user: User, number: uuid.UUID) -> Draft:
    """Left on purpose: it is not offered again, and lies among the drafts."""
    draft = find(user, number)
    Draft.objects.filter(pk=draft.pk).update(is_closed=True)
    draft.is_closed = True
    return draft


def discard(user: User, number: uuid.UUID) -> Draft:
    """Thrown away. It can be taken back for a week; the caller removes its copy."""
    draft = find(user, number)
    now = clock.now()
    own = Draft.objects.filter(pk=draft.pk, state=State.WRITING)
    if not own.update(state=State.DISCARDED, is_closed=True, changed=now):
        raise DraftNotFound
    draft.refresh_from_db()
    return draft


def reopen(user: User, number: uuid.UUID) -> Draft:
    """Go on with a draft that was closed or discarded. The copy of one that was discarded is gone.
    DraftNotFound when it was accepted into the outbox."""
    now = clock.now()
    own = Draft.objects.of(user).filter(pk=number)
    own.filter(state=State.DISCARDED).update(state=State.WRITING, copy_uid=None, changed=now)
    if not own.filter(state=State.WRITING).update(is_closed=False):
        raise DraftNotFound
    return find(user, number)


def offered(user: User) -> tuple[Summary, ...]:
    """The drafts whose window went away without a word, the last one first. A draft that is perhaps
    being written in another window just now is not among them, nor is one without a word."""
    late = clock.now() - _NOW_WRITTEN
    rows = Draft.objects.of(user).unfinished().filter(changed__lt=late)[:_SHOWN]
    return _summaries(rows)


def beside(user: User, folder: str, uidvalidity: int) -> tuple[Summary, ...]:
    """Drafts that have no copy in the Drafts folder, which is open: begun just now, or while the
    mail server was down. The last one first."""
    rows = Draft.objects.of(user).filter(state=State.WRITING)
    lost = ~Q(copy_folder=folder, copy_uidvalidity=uidvalidity)
    return _summaries(rows.filter(Q(copy_uid=None) | lost))


def discarded(user: User) -> tuple[Summary, ...]:
    """All that can be taken back, the last one first."""
    rows = Draft.objects.of(user).filter(state=State.DISCARDED)
    return _summaries(rows[:MOST])


def versions(user: User, number: uuid.UUID) -> tuple[Version, ...]:
    """The versions of a draft that is being written or was discarded, the last one first."""
    draft = _one(user, number, State.WRITING, State.DISCARDED)
    return tuple(
        Version(row.revision, row.saved, _opened(draft, row.sealed))
        for row in draft.versions.all()[:_SHOWN]
    )


def version(user: User, number: uuid.UUID, revision: int) -> Version:
    """One of them, or the draft as it is now. DraftNotFound when it is not there (any more)."""
    draft = _one(user, number, State.WRITING, State.DISCARDED)
    if draft.revision == revision:
        return Version(revision, draft.changed, content(draft))
    row = draft.versions.filter(revision=revision).first()
    if row is None:
        raise DraftNotFound
    return Version(row.revision, row.saved, _opened(draft, row.sealed))


def restore(user: User, number: uuid.UUID, revision: int) -> Draft:
    """Write a version again; what stands there now becomes one. A file of it that was removed in
    between is there again."""
    wanted = version(user, number, revision)
    draft = reopen(user, number)
    if revision == draft.revision:
        return draft
    return save(user, number, wanted.content, base=draft.revision, over=True)


def tie(draft: Draft, ref: MessageRef | None, revision: int) -> None:
    """Note which message in the Drafts folder is the copy, and of which revision; None: there is
    none."""
    values = {
        "copy_folder": ref.folder if ref else "",
        "copy_uidvalidity": ref.uidvalidity if ref else None,
        "copy_uid": ref.uid if ref else None,
        "copy_revision": revision,
    }
    Draft.objects.filter(pk=draft.pk).update(**values)
    for name, value in values.items():
        setattr(draft, name, value)


def copy_of(draft: Draft) -> MessageRef | None:
    """Its copy in the Drafts folder, as far as is known."""
    if draft.copy_uid is None or draft.copy_uidvalidity is None:
        return None
    return MessageRef(draft.copy_folder, draft.copy_uidvalidity, draft.copy_uid)


def prune() -> None:
    """Delete drafts that are over their time: versions and discarded drafts after a week, and rows
    whose copy in the Drafts folder says the same. Then delete the files that nothing needs any
    more."""
    now = clock.now()
    week = now - Draft.VERSIONS_KEPT
    DraftVersion.objects.filter(saved__lt=week).delete()
    Draft.objects.filter(state=State.DISCARDED, changed__lt=week).delete()
    Draft.objects.filter(
        state=State.WRITING,
        is_closed=True,
        changed__lt=now - CLOSED_KEPT,
        copy_uid__isnull=False,
        copy_revision=F("revision"),
    ).delete()
    # A file came, and no word after it.
    Draft.objects.filter(revision=0, created__lt=week).delete()
    files.prune()
    documents.prune()


def _one(user: User, number: uuid.UUID, *states: str, lock: bool = False) -> Draft:
    rows = Draft.objects.of(user).filter(pk=number, state__in=states)
    draft = (rows.select_for_update() if lock else rows).first()
    if draft is None:
        raise DraftNotFound
    return draft


def _opened(draft: Draft, sealed: bytes | memoryview) -> Content:
    try:
        return from_json(sealing.opened(draft.pk, draft.user_id, sealed))
    except ValueError as error:
        raise Unreadable from error


def _touch(draft: Draft) -> None:
    """Somebody is at it again, though nothing is new."""
    if draft.is_closed:
        Draft.objects.filter(pk=draft.pk).update(is_closed=False)
        draft.is_closed = False


def _write(draft: Draft, content: Content, plain: bytes, writer: str) -> None:
    if not draft.revision and content.kind == "edit" and (origin := content.origin):
        # Of another program, perhaps: it goes when ours lies beside it, if it is a draft at all
        # (webmail/writing/copies.py asks where it lies).
        draft.copy_folder, draft.copy_uidvalidity = origin.folder, origin.uidvalidity
        draft.copy_uid = origin.uid
    draft.sealed = sealing.seal(draft.pk, draft.user_id, plain)
    draft.revision += 1
    draft.writer = writer
    draft.is_closed = False
    draft.changed = clock.now()
    draft.save()


def _keep_version(draft: Draft, *, always: bool) -> None:
    last = draft.versions.order_by("-saved").values_list("saved", flat=True).first()
    if not always and last is not None and draft.changed - last < VERSION_EVERY:
        return
    # A revision is written once, while its draft is locked.
    DraftVersion.objects.create(
        draft=draft, revision=draft.revision, sealed=draft.sealed, saved=draft.changed
    )
    _bound_versions(draft.user_id)


def _bound_versions(user_id: int) -> None:
    mine = DraftVersion.objects.filter(draft__user_id=user_id)
    total = mine.aggregate(total=Sum(Length("sealed")))["total"] or 0
    if total <= MOST_VERSIONS_BYTES:
        return
    for pk, size in mine.order_by("saved").values_list("pk", Length("sealed")):
        DraftVersion.objects.filter(pk=pk).delete()
        total -= size
        if total <= MOST_VERSIONS_BYTES:
            return


def _summaries(rows: Iterable[Draft]) -> tuple[Summary, ...]:
    summaries = []
    for draft in rows:
        try:
            written = content(draft)
        except Unreadable:
            continue
        if is_blank(written) and not DraftFile.objects.filter(draft=draft, removed=None).exists():
            continue
        summaries.append(
            Summary(
                draft.pk, draft.changed, draft.state, _names(written.to), written.subject[:_SHOWN]
            )
        )
    return tuple(summaries)


def is_blank(written: Content) -> bool:
    """Whether nobody wrote a word, and nothing was there to begin with."""
    bare = replace(
        written, kind="new", identity="", is_html=True, origin=None, priority="", delivery=""
    )
    return bare == Content()


def _names(line: str) -> str:
    people = addresses.read_recipients(line[:2000]).valid
    names = ", ".join(person.shown for person in people[:3])
    return (names or line)[:_SHOWN]


def _message_id(user: User) -> str:
    domain = user.address.rpartition("@")[2]
    try:
        return build.message_id(domain or "localhost", uuid.uuid4().hex)
    except ValueError:  # an odd login
        return build.message_id("localhost", uuid.uuid4().hex)
