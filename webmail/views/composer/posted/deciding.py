"""The decision what is sent, and when; or the question that the user must answer first."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from core import clock
from webmail.forms.compose import ComposeForm
from webmail.models import Draft
from webmail.views.composer.posted.post import Post
from webmail.views.composer.posted.submissions import Mailing
from webmail.writing import (
    choosing,
    documents,
    drafts,
    field_values,
    files,
    identities,
    policies,
    renewing,
    rosters,
    scheduling,
    whole_fields,
    working_hours,
)
from webmail.writing.choosing import Question


def decide(post: Post, draft: Draft) -> Mailing | Question:
    """Return what is sent of a draft, or a question. Raises renewing.TooLarge, scheduling.NotThen,
    and what `identities.check` raises."""
    content = renewing.renew(post.user, drafts.content(draft))
    roster = rosters.asked_for(draft, content)
    known = field_values.keys(roster)
    content = whole_fields.settled(content, known)
    identity = identities.check(post.user, content.identity)
    held = documents.of(draft)
    attached = [file for file in files.of(draft) if not file.is_inline]
    decided = choosing.decide(
        post.user,
        content,
        choosing.answer(post.form.typed),
        sender=identities.sender(identity),
        has_files=bool(content.keep) or bool(attached),
        roster=roster,
        held=held,
        footer=identity.footer,
        hides_outside=policies.OUTSIDE in identity.enforced,
        file_names=[files.about(file).name for file in attached],
    )
    if isinstance(decided, Question):
        return decided
    return Mailing(draft, content, decided, identity, _due(post), held, known)


def _due(post: Post) -> datetime | None:
    if post.form.action != ComposeForm.SCHEDULE:
        return None
    return scheduling.due(
        post.form.cleaned_data["due"] or scheduling.AT,
        post.form.cleaned_data["due_at"],
        clock.now(),
        ZoneInfo(post.request.preferences.time_zone),
        working_hours.of(post.request.preferences),
    )
