"""Continue elsewhere what a window still has of a draft that was sent or discarded."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.contrib.humanize.templatetags.humanize import intcomma
from django.utils.translation import gettext, ngettext

from accounts.models import User
from webmail.models import Draft
from webmail.presentation.words import few
from webmail.writing import documents, drafts, files, images, rosters
from webmail.writing.content import Content

_MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Beside:
    """What a window shows beside its text: the names of its files by their numbers, how many
    documents for recipients, and the name of the list of recipients."""

    files: Mapping[str, str] = field(default_factory=dict)
    documents: int = 0
    roster: str = ""


def write_again(user: User, number: uuid.UUID, content: Content) -> Draft:
    """Save ``content``, as a window of the draft ``number`` has it, as a new draft with the files,
    the roster and the documents of the former one, as far as they are still there. Raises TooLarge
    and TooManyDrafts; nothing is saved then."""
    former = Draft.objects.of(user).filter(pk=number).first()
    if former is not None:
        content = images.taken_over(former, content)
    draft = drafts.begin(user, uuid.uuid4())
    shown = images.uploads(content.html) if content.is_html else ()
    adopted = files.adopt(user, draft, (*content.files, *shown), with_attachments=True)
    html = images.without(content.html, set(shown) - adopted.keys())
    content = replace(_detached(content), files=tuple(adopted.values()), html=html)
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


def lost(draft: Draft, number: uuid.UUID, content: Content, beside: Beside) -> list[str]:
    """Return in words what a window of the draft ``number`` had in ``content`` and beside it, and
    the new draft has not, since it was deleted when the former one was sent."""
    return [
        *_lost_files(draft, number, content, beside),
        *_lost_images(draft, content),
        *_lost_roster(draft, beside),
        *_lost_documents(draft, beside),
    ]


def _lost_files(draft: Draft, number: uuid.UUID, content: Content, beside: Beside) -> list[str]:
    """Return the names of files and of parts of an edited message; a file of which the window told
    no name, and which no text shows, is one "file"."""
    shown = images.uploads(content.html)
    unnamed = [file for file in content.files if file not in beside.files and file not in shown]
    became = {name: _became(draft, number, content, name) for name in (*beside.files, *unnamed)}
    there = files.kinds(draft, [file for file in became.values() if file])
    gone = [name for name, file in became.items() if file and file not in there]
    return [beside.files.get(name) or gettext("a file") for name in gone]


def _became(draft: Draft, number: uuid.UUID, content: Content, shown: str) -> str:
    """Return the number in the new draft of a file or a part; "" for a part of a message that is
    answered or forwarded, which stays there."""
    if images.is_upload_number(shown):
        return files.number_of_adopted(draft, shown)
    if content.kind != "edit" or content.origin is None:
        return ""
    part = files.number_of_part(Draft(pk=number), content.origin, shown)
    return files.number_of_adopted(draft, str(part))


def _lost_images(draft: Draft, content: Content) -> list[str]:
    if not content.is_html:
        return []
    became = [files.number_of_adopted(draft, file) for file in images.uploads(content.html)]
    count = len(became) - len(files.kinds(draft, became)) if became else 0
    words = ngettext("%(count)s image of the text", "%(count)s images of the text", count)
    return [words % {"count": intcomma(count)}] if count else []


def _lost_roster(draft: Draft, beside: Beside) -> list[str]:
    if not beside.roster or rosters.of(draft):
        return []
    return [gettext("the list of recipients “%(name)s”") % {"name": beside.roster}]


def _lost_documents(draft: Draft, beside: Beside) -> list[str]:
    count = beside.documents - (draft.documents_count or 0)
    if count <= 0:
        return []
    words = ngettext(
        "%(count)s document for a recipient", "%(count)s documents for recipients", count
    )
    return [words % {"count": intcomma(count)}]


def lost_words(names: list[str]) -> str:
    """Return the sentence that names what was lost."""
    return gettext(
        "The message had already left, and this did not come along: %(names)s. Add it again."
    ) % {"names": few(names, _MOST_NAMED)}
