"""A new draft with what a window still has of one that was sent or discarded."""

from __future__ import annotations

import uuid
from dataclasses import replace

from accounts.models import User
from webmail.models import Draft
from webmail.writing import documents, drafts, files, images, rosters
from webmail.writing.content import Content


def write_again(user: User, number: uuid.UUID, content: Content) -> Draft:
    """Save ``content``, as a window of the draft ``number`` has it, as a new draft with the files,
    the roster and the documents of the former one, as far as they are still there. Raises TooLarge
    and TooManyDrafts; nothing is saved then."""
    former = Draft.objects.of(user).filter(pk=number).first()
    if former is not None:
        content = images.taken_over(former, content)
    draft = drafts.begin(user, uuid.uuid4())
    adopted = files.adopt(user, draft, content.files, with_attachments=True)
    content = replace(_detached(content), files=tuple(adopted.values()))
    try:
        draft = drafts.save(user, draft.pk, content, base=0)
    except BaseException:
        draft.delete()
        raise
    if former is not None:
        rosters.adopt(draft, former)
        documents.adopt(draft, former)
    return draft


def _detached(content: Content) -> Content:
    """Return the content without the message that was edited: that was the copy of the draft, and
    went with it. The message that is answered or forwarded stays."""
    return replace(content, kind="new", origin=None, keep=()) if content.kind == "edit" else content
