"""The copy of a draft in the Drafts folder, for other programs and for browsers elsewhere.

Our composer continues with the row; the copy is made when the user stops writing. A draft that
another program wrote or changed is taken up from the folder.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from accounts.models import User
from mail.errors import DraftNotFound, FileRefused, FolderChanged, NotFound, TooLarge
from mail.imap import fetch
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import drafts as folder
from mail.mailbox import reading
from webmail.models import Draft
from webmail.presentation.files import file_name
from webmail.writing import drafts, files, images
from webmail.writing.content import Content


@dataclass(frozen=True, slots=True)
class KnownCopy:
    """A draft with its copy in the Drafts folder. ``is_changed`` says that another program has
    changed the copy since; its content is then the newer one, and ours becomes a version when it is
    saved."""

    draft: Draft
    is_changed: bool


def take_over(imap: Connection, user: User, draft: Draft) -> Content:
    """Return the draft's content after turning the parts that it keeps or shows of another
    program's draft into files of its own. The next copy replaces that draft, and nothing else has
    these parts. Runs three commands, and two for each part, the first time; then none. If there is
    no room for the parts, the other program's draft stays beside the copy.

    Raises the errors of the mail server; no copy may be filed then.
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
        return content  # it is already gone, and the user is told when the draft is sent
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
    """File the copy of the draft's revision, then remove the former copy. A draft of another
    program with which this one began is removed too.

    Raises the errors of the mail server; the former copy then stays.
    """
    revision = draft.revision
    former = drafts.copy_of(draft)
    filed = folder.replace(imap, str(draft.pk), message, [former] if former else [])
    drafts.tie(draft, filed, revision)
    return filed


def remove(imap: Connection, draft: Draft) -> None:
    """Remove the copies of a message that was sent or discarded."""
    former = drafts.copy_of(draft)
    folder.remove(imap, str(draft.pk), [former] if former else [])
    drafts.tie(draft, None, 0)


def known(imap: Connection, user: User, ref: MessageRef) -> KnownCopy | None:
    """Return the draft whose copy a message in the Drafts folder is; None for a draft of another
    program. Raises MessageNotFound, FolderChanged."""
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
    # Our next copy removes it.
    drafts.tie(draft, ref, draft.copy_revision)
    return KnownCopy(draft, is_changed=True)
