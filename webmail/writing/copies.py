"""The copy of a draft in the Drafts folder: for other programs, and for a browser elsewhere.

The row is what our composer goes on with; the copy is made when one stops writing. A draft that
another program wrote, or wrote on, is taken up from there.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from accounts.models import User
from webmail.errors import DraftNotFound
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.mailbox import drafts as folder
from webmail.models import Draft
from webmail.writing import drafts


@dataclass(frozen=True, slots=True)
class KnownCopy:
    """A draft of ours that a message in the Drafts folder is the copy of. ``is_changed``: another
    program wrote on since; what it wrote is the newer one, ours becomes a version when it is
    saved."""

    draft: Draft
    is_changed: bool


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
