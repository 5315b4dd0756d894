"""Drafts: saved at each change, found again, and settled between two windows.

A draft is a row, complete at each revision, and sealed. A window that saves names the revision on
which its content is based, so that two windows with one draft do not overwrite each other.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Length

from accounts.models import User
from core import clock
from mail.errors import DraftChanged, DraftNotFound, TooLarge, TooManyDrafts, Unreadable
from mail.imap.values import MessageRef
from mail.mime import addresses, build
from webmail.models import Draft, DraftFile, DraftVersion
from webmail.writing import documents, files, images, sealing
from webmail.writing.content import Content, from_json, to_json

State = Draft.State

MOST = 300
"""The largest number of unsent messages of one user."""
MOST_BYTES = 2 * 1024 * 1024
"""The largest size of a message without its files."""
VERSION_EVERY = timedelta(minutes=1)
MOST_VERSIONS_BYTES = 100 * 1024 * 1024
"""The largest size of all versions of one user; the oldest are deleted first."""
CLOSED_KEPT = timedelta(days=30)
"""The age at which a closed draft is deleted if its copy in the Drafts folder is complete. The copy
stays."""
_NOW_WRITTEN = timedelta(minutes=2)
_SHOWN = 80
_RICH = ("<img", "<table", "<tr")


@dataclass(frozen=True)
class DraftSummary:
    """A draft in a list. ``to`` and ``subject`` are shortened; both may be empty."""

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
    """Return a draft that can be continued. Raises DraftNotFound for one that was accepted into the
    outbox or discarded, and for another user's."""
    return _one(user, number, State.WRITING)


def began(user: User, number: uuid.UUID) -> Draft | None:
    """Return a draft that can be continued, or None."""
    try:
        return find(user, number)
    except DraftNotFound:
        return None


def free(number: uuid.UUID | None) -> uuid.UUID:
    """Return a number for a new draft: this one, unless any draft has it."""
    if number is None or Draft.objects.filter(pk=number).exists():
        return uuid.uuid4()
    return number


def content(draft: Draft) -> Content:
    """Return the content of a draft. Raises Unreadable if the server's key has changed since."""
    return _opened(draft, draft.sealed) if draft.revision else Content()


def begin(user: User, number: uuid.UUID) -> Draft:
    """Return the draft with this number, created empty if there is none, since a file may come
    before the first word. Raises DraftNotFound for another user's, and TooManyDrafts."""
    return _begun(user, number)


def _begun(user: User, number: uuid.UUID, *, lock: bool = False) -> Draft:
    try:
        return _one(user, number, State.WRITING, lock=lock)
    except DraftNotFound:
        if Draft.objects.filter(pk=number).exists():
            # The draft is another user's or closed, or a concurrent request has just created it.
            return _one(user, number, State.WRITING, lock=lock)
    if Draft.objects.of(user).filter(state=State.WRITING).count() >= MOST:
        raise TooManyDrafts
    new = Draft(pk=number, user=user, sealed=b"", message_id=_message_id(user))
    new.created = new.changed = clock.now()
    # Another window may create the same draft at this moment.
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
    """Save ``content`` as the next revision after ``base``, unless it is unchanged. The row is
    created if there is none.

    ``writer`` identifies the window: a window that wrote the last revision itself, but did not get
    the answer, may continue. ``over`` says that the user has seen the other content, which is kept
    as a version. The files of the saved content are those of `images.settled`. Raises DraftChanged,
    DraftNotFound for another user's draft or one that cannot be continued, TooLarge, TooManyDrafts.
    """
    if len(to_json(content)) > MOST_BYTES:
        raise TooLarge("The text is too long.", limit=MOST_BYTES)
    with transaction.atomic():
        draft = _begun(user, number, lock=True)
        if base and not draft.revision:
            raise DraftNotFound("Its row was deleted when it was sent.")
        content = images.settled(user, draft, content)
        plain = to_json(content)
        if draft.revision and plain == sealing.opened(draft.pk, user.pk, draft.sealed):
            _touch(draft)
            if content.files:  # a file may be removed that is still named
                files.settle(draft, content.files)
            return draft
        is_own = writer != "" and draft.writer == writer
        if draft.revision != base and not is_own:
            raise DraftChanged(revision=draft.revision)
        if draft.revision:
            _keep_version(draft, always=over or _is_poorer(content, _opened(draft, draft.sealed)))
        _write(draft, content, plain, writer)
        files.settle(draft, content.files)
    return draft


def amend(draft: Draft, content: Content) -> None:
    """Rewrite the present revision with equivalent content. Nothing happens if there is a later
    revision."""
    sealed = sealing.seal(draft.pk, draft.user_id, to_json(content))
    own = Draft.objects.filter(pk=draft.pk, revision=draft.revision)
    if own.exclude(state=State.ACCEPTED).update(sealed=sealed):
        draft.sealed = sealed
        files.settle(draft, content.files)


def was_sent(user: User, number: uuid.UUID, content: Content, *, writer: str) -> bool:
    """Return whether a draft of the user was accepted into the outbox with this content, or by the
    window ``writer``."""
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
    """Close a draft that the user leaves on purpose. It is no longer offered, and stays among the
    drafts."""
    draft = find(user, number)
    Draft.objects.filter(pk=draft.pk).update(is_closed=True)
    draft.is_closed = True
    return draft


def discard(user: User, number: uuid.UUID) -> Draft:
    """Discard a draft. It can be restored for a week. The caller removes its copy."""
    draft = find(user, number)
    now = clock.now()
    own = Draft.objects.filter(pk=draft.pk, state=State.WRITING)
    if not own.update(state=State.DISCARDED, is_closed=True, changed=now):
        raise DraftNotFound
    draft.refresh_from_db()
    return draft


def reopen(user: User, number: uuid.UUID) -> Draft:
    """Reopen a draft that was closed or discarded. A discarded one has no copy any more. Raises
    DraftNotFound if it was accepted into the outbox."""
    now = clock.now()
    own = Draft.objects.of(user).filter(pk=number)
    own.filter(state=State.DISCARDED).update(state=State.WRITING, copy_uid=None, changed=now)
    if not own.filter(state=State.WRITING).update(is_closed=False):
        raise DraftNotFound
    return find(user, number)


def offered(user: User) -> tuple[DraftSummary, ...]:
    """Return the unfinished drafts that were not closed, the last one first. A draft that is
    perhaps being written in another window is left out, and so is an empty one."""
    late = clock.now() - _NOW_WRITTEN
    rows = Draft.objects.of(user).unfinished().filter(changed__lt=late)[:_SHOWN]
    return _summaries(rows)


def beside(user: User, folder: str, uidvalidity: int) -> tuple[DraftSummary, ...]:
    """Return the drafts without a copy in the open Drafts folder, the last one first. They are new,
    or were begun while the mail server was unreachable."""
    rows = Draft.objects.of(user).filter(state=State.WRITING)
    lost = ~Q(copy_folder=folder, copy_uidvalidity=uidvalidity)
    return _summaries(rows.filter(Q(copy_uid=None) | lost))


def discarded(user: User) -> tuple[DraftSummary, ...]:
    """Return all drafts that can be restored, the last one first."""
    rows = Draft.objects.of(user).filter(state=State.DISCARDED)
    return _summaries(rows[:MOST])


def versions(user: User, number: uuid.UUID) -> tuple[Version, ...]:
    """Return the versions of a draft that is being written or was discarded, the last one first."""
    draft = _one(user, number, State.WRITING, State.DISCARDED)
    return tuple(
        Version(row.revision, row.saved, _opened(draft, row.sealed))
        for row in draft.versions.all()[:_SHOWN]
    )


def version(user: User, number: uuid.UUID, revision: int) -> Version:
    """Return a version, or the present draft. Raises DraftNotFound if it does not exist."""
    draft = _one(user, number, State.WRITING, State.DISCARDED)
    if draft.revision == revision:
        return Version(revision, draft.changed, content(draft))
    row = draft.versions.filter(revision=revision).first()
    if row is None:
        raise DraftNotFound
    return Version(row.revision, row.saved, _opened(draft, row.sealed))


def restore(user: User, number: uuid.UUID, revision: int) -> Draft:
    """Save a version again; the present content becomes a version. A file of the version that was
    removed since is restored."""
    wanted = version(user, number, revision)
    draft = reopen(user, number)
    if revision == draft.revision:
        return draft
    return save(user, number, wanted.content, base=draft.revision, over=True)


def tie(draft: Draft, ref: MessageRef | None, revision: int) -> None:
    """Store which message of the Drafts folder is the copy, and of which revision; None for no
    copy."""
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
    """Return the copy in the Drafts folder as last known."""
    if draft.copy_uid is None or draft.copy_uidvalidity is None:
        return None
    return MessageRef(draft.copy_folder, draft.copy_uidvalidity, draft.copy_uid)


def prune() -> None:
    """Delete expired rows: versions and discarded drafts after a week, and closed drafts whose copy
    in the Drafts folder has the same content. Then delete files that are no longer needed."""
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
    # A file came, but no content after it.
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
    """Mark an unchanged draft as open again."""
    if draft.is_closed:
        Draft.objects.filter(pk=draft.pk).update(is_closed=False)
        draft.is_closed = False


def _write(draft: Draft, content: Content, plain: bytes, writer: str) -> None:
    if not draft.revision and content.kind == "edit" and (origin := content.origin):
        # The origin may be a draft of another program. It is removed once our copy lies beside it,
        # if it is a draft at all (webmail/writing/copies.py checks that).
        draft.copy_folder, draft.copy_uidvalidity = origin.folder, origin.uidvalidity
        draft.copy_uid = origin.uid
    draft.sealed = sealing.seal(draft.pk, draft.user_id, plain)
    draft.revision += 1
    draft.writer = writer
    draft.is_closed = False
    draft.changed = clock.now()
    draft.save()


def _is_poorer(content: Content, former: Content) -> bool:
    """Return whether a content has lost much of the former one: its formatting, an image, a table,
    a file, or half of its words. The former one is then kept, however recent the last version is.
    """
    if former.is_html and not content.is_html:
        return True
    if len(content.files) < len(former.files) or len(content.keep) < len(former.keep):
        return True
    if any(content.html.count(mark) < former.html.count(mark) for mark in _RICH):
        return True
    return 2 * len(_written(content)) < len(_written(former))


def _written(content: Content) -> str:
    return content.html if content.is_html else content.text


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


def _summaries(rows: Iterable[Draft]) -> tuple[DraftSummary, ...]:
    summaries = []
    for draft in rows:
        try:
            written = content(draft)
        except Unreadable:
            continue
        if is_blank(written) and not DraftFile.objects.filter(draft=draft, removed=None).exists():
            continue
        summaries.append(
            DraftSummary(
                draft.pk, draft.changed, draft.state, _names(written.to), written.subject[:_SHOWN]
            )
        )
    return tuple(summaries)


def is_blank(written: Content) -> bool:
    """Return whether the user wrote nothing, and nothing was there to begin with."""
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
    except ValueError:  # an unusual login
        return build.message_id("localhost", uuid.uuid4().hex)
