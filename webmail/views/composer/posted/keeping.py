"""The actions on a draft other than sending it: save, close, discard, and change its roster or
documents without a script."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from django.contrib import messages as toasts
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext

from accounts import session
from core.htmx import TOAST
from mail.errors import DraftChanged, DraftNotFound, TooLarge, TooManyDrafts
from webmail.forms.compose import ComposeForm
from webmail.views.composer.posted.page import inbox_url
from webmail.views.composer.posted.post import Post
from webmail.views.composer.shared import put_away
from webmail.writing import copies, documents, drafts, making, rosters


def save(post: Post) -> HttpResponse:
    """Keep the draft with its files, and show it again."""
    row = post.keep()
    if "attachments" in post.form.errors:
        return post.refuse(row)
    return post.go_on(_draft_url(post))


def close(post: Post) -> HttpResponse:
    """Close the composer, and keep the draft in the folder Drafts. An empty draft is discarded; one
    that another program wrote, and that was opened here, stays as it is."""
    is_taken_up = post.form.content.kind == "edit"
    if post.is_untouched and not (is_taken_up and post.has_row):
        return post.go_on(inbox_url()) if is_taken_up else _close_empty(post)
    row = post.keep()
    with session.imap(post.request) as imap:
        content = copies.take_over(imap, post.user, row)
        copies.file(imap, row, making.draft_copy(imap, post.user, row, content))
    drafts.close(post.user, post.number)
    toasts.success(post.request, gettext("The message is kept among the drafts."))
    return post.go_on(inbox_url())


def _close_empty(post: Post) -> HttpResponse:
    with suppress(DraftNotFound):  # of what was typed and taken out again
        put_away(post.request, drafts.discard(post.user, post.number))
    post.request.session[TOAST] = {"message": gettext("Nothing written: nothing is kept.")}
    return post.go_on(inbox_url())


def discard(post: Post) -> HttpResponse:
    """Discard the draft with the last content, so that it comes back whole."""
    if post.is_untouched and not post.has_row:
        return post.go_on(inbox_url())
    try:
        with suppress(DraftChanged, TooLarge, TooManyDrafts):
            post.keep()
        row = drafts.discard(post.user, post.number)
    except DraftNotFound:
        return post.go_on(inbox_url())  # nothing was kept of it
    put_away(post.request, row)
    return post.go_on(inbox_url())


def change_roster(post: Post) -> HttpResponse:
    """Keep the roster that was chosen without a script, or remove the former one."""
    row = post.keep()
    content, former = drafts.content(row), rosters.of(row)
    file = post.request.FILES.get("roster")
    people = content.to.replace(former.group, "") if former else content.to
    if post.form.action == ComposeForm.NO_ROSTER:
        rosters.remove(row)
        drafts.save(post.user, post.number, replace(content, to=people), base=row.revision)
    elif file:
        kept = rosters.keep(post.user, row, file.name or "", file.read(rosters.MOST_READ))
        if kept.roster.refusal:
            post.form.add_error("roster", rosters.refusal_words(kept.roster))
            return post.refuse(row)
        for words in rosters.fault_words(kept.roster):
            toasts.warning(post.request, words)
        to = ", ".join(filter(None, [people.strip(" ,"), kept.group]))
        drafts.save(post.user, post.number, replace(content, to=to), base=row.revision)
    return post.go_on(_draft_url(post))


def change_documents(post: Post) -> HttpResponse:
    """Keep the documents that were chosen without a script, and go to the page that matches them
    with the recipients; or remove all documents."""
    row = post.keep()
    if post.form.action == ComposeForm.NO_DOCUMENTS:
        documents.remove(row)
        return post.go_on(_draft_url(post))
    for file in post.request.FILES.getlist("documents"):
        added = documents.add(post.user, row, file.name or "", file.chunks())
        if added.refusal:
            post.form.add_error("documents", documents.refusal_words(added))
            return post.refuse(row)
        for words in documents.fault_words(added):
            toasts.warning(post.request, words)
    return post.go_on(reverse("mail:draft_documents", args=[post.number]))


def _draft_url(post: Post) -> str:
    return reverse("mail:draft", args=[post.number])
