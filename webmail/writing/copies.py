"""The copy of a draft in the Drafts folder: for other programs, and for a browser elsewhere.

The row is what our composer goes on with; the copy is made when one stops writing. A draft that
another program wrote, or wrote on, is taken up from there.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from accounts.models import User
from webmail.errors import DraftNotFound, FileRefused, FolderChanged, NotFound, TooLarge
from webmail.imap import fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import drafts as folder
from webmail.mailbox import reading
from webmail.models import Draft
from webmail.presentation.files import file_name
from webmail.writing import drafts, files, images
from webmail.writing.content import Content


@dataclass(frozen=True, slots=True)
class KnownCopy:
    """A draft of ours that a message in the Drafts folder is the copy of. ``is_changed``: another
    program wrote on since; what it wrote is the newer one, ours becomes a version when it is
    saved."""

    draft: Draft
    is_changed: bool


def take_over(imap: Connection, user: User, draft: Draft) -> Content:
    """The draft's content, with a file of its own for each part that it keeps or shows of the draft
    of another program that it began with: the next copy takes that one's place, and nobody else has
    them. Three commands, and two for each part, the first time; then none. Where there is no place
    for all of them, the other program's draft stays beside the copy.

    Raises what the mail server refuses with: no copy may be filed then.
    """
    content = drafts.content(draft)
    origin = content.origin
    if origin is None or content.kind != "edit" or origin != drafts.copy_of(draft):
        return content
    if not images.of_origin(content) or not folder.holds(imap, origin):
        return content
    try:
        _bring(imap, user, draft, origin, content)
    except (NotFound, FolderChanged):
        return content  # it is gone already: who sends the draft is told
    except (FileRefused, TooLarge):
        drafts.tie(draft, None, 0)
        return content
    content = images.settled(user, draft, content)
    drafts.amend(draft, content)
    return content


def _bring(
    imap: Connection, user: User, draft: Draft, origin: MessageRef, content: Content
) -> None:
    shown = images.parts(origin, content.html)
    there = {part.number: part for part in fetch.structure(imap, origin).walk()}
    for number in images.of_origin(content):
        part = there.get(number) or reading.find_part(imap, origin, number)
        cid = f"{uuid.uuid4().hex}@{draft.pk.hex[:12]}" if number in shown else ""
        name, size = file_name(part), part.size
        row = files.of_part(user, draft, origin, number, name, part.media_type, size, cid=cid)
        files.fetch(imap, row)


def file(imap: Connection, draft: Draft, message: bytes) -> MessageRef:
    """Put the copy of the draft's revision beside the old one, then remove that one. The message of
    another program that the draft began with goes then, too, when it was a draft.

    Raises what the mail server refuses with; the old copy is there still.
    """
    revision = draft.revision
    former = drafts.copy_of(draft)
    filed = folder.replace(imap, str(draft.pk), message, [former] if former else [])
    drafts.tie(draft, filed, revision)
    return filed


def remove(imap: Connection, draft: Draft) -> None:
    """The message was sent or thrown away: its copies go."""
    former = drafts.copy_of(draft)
    folder.remove(imap, str(draft.pk), [former] if former else [])
    drafts.tie(draft, None, 0)


def known(imap: Connection, user: User, ref: MessageRef) -> KnownCopy | None:
    """The draft whose copy a message in the Drafts folder is; None for another program's. Raises
    MessageNotFound, FolderChanged."""
    row = Draft.objects.of(user).filter(
        state=Draft.State.WRITING,
        copy_folder=ref.folder,
        copy_uidvalidity=ref.uidvalidity,
        copy_uid=ref.uid,
    )
    if draft := row.first():
        return KnownCopy(draft, is_changed=False)
    origin = folder.origin(imap, ref)
    if origin.mark:
        try:
            return KnownCopy(drafts.find(user, uuid.UUID(origin.mark)), is_changed=False)
        except (DraftNotFound, ValueError):
            return None
    if not origin.message_id:
        return None
    same = Draft.objects.of(user).filter(
        state=Draft.State.WRITING, message_id=origin.message_id, copy_uid__isnull=False
    )
    draft = same.first()
    if draft is None:
        return None
    # The next copy of ours removes it.
    drafts.tie(draft, ref, draft.copy_revision)
    return KnownCopy(draft, is_changed=True)
