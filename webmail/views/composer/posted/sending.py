"""Sending: a draft becomes messages of the outbox, at once or at a time that the user chose."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext

from mail.errors import DraftChanged, DraftNotFound, OutboxFull, TooManyRecipients
from webmail import outbox
from webmail.forms.compose import (
    ComposeForm,
    attachments_room,
    missing_images,
    no_room,
    too_heavy,
    too_long,
)
from webmail.models import OutboxMessage
from webmail.presentation import links
from webmail.views.composer.posted.answers import ask
from webmail.views.composer.posted.deciding import decide
from webmail.views.composer.posted.page import inbox_url
from webmail.views.composer.posted.post import Post
from webmail.views.composer.posted.submissions import (
    Mailing,
    collect,
    submissions,
    template,
    weights,
)
from webmail.views.outbox.page import announce
from webmail.writing import renewing
from webmail.writing.choosing import Question
from webmail.writing.scheduling import NotThen

# Full messages that "one message to each" may make at once.
_MOST_TOGETHER = 10


def send(post: Post) -> HttpResponse:
    """Send what was posted, once for its key. Otherwise the form is shown again, with a question or
    with its mistakes."""
    if accepted := _accepted(post):
        return _sent(post, accepted)
    if post.form.action == ComposeForm.SENDER_ALONE:
        post.answer_sender_alone()
    try:
        draft = post.keep()
    except (DraftChanged, DraftNotFound):  # the first press of a double click was faster
        if accepted := _accepted(post):
            return _sent(post, accepted)
        raise
    if post.form.action == ComposeForm.SCHEDULE and settings.CELERY_TASK_ALWAYS_EAGER:
        # Without a broker no beat sends it later: it is not offered.
        post.form.add_error(None, gettext("Messages cannot be scheduled here."))
    if not post.form.is_valid():
        return post.refuse(draft)
    try:
        decided = decide(post, draft)
    except renewing.TooLarge as error:
        post.form.add_error(None, renewing.too_large_words(error))
        return post.refuse(draft)
    except NotThen as error:
        post.form.add_error("due", error.words)
        return post.refuse(draft)
    if isinstance(decided, Question):
        return ask(post.request, post.form, draft, decided)
    return _accept(post, decided)


def _accepted(post: Post) -> OutboxMessage | None:
    """Return the first of the messages that were accepted under the key of a post. The copy for
    Sent of a message to each is none of them: it cannot be undone."""
    own = OutboxMessage.objects.of(post.user).filter(key=post.key).addressed()
    return own.order_by("number").first()


def _accept(post: Post, mailing: Mailing) -> HttpResponse:
    collected = collect(post.request, mailing)
    weighed = weights(mailing, collected)
    room = attachments_room()
    if weighed.heaviest_files > room or weighed.all_files > _MOST_TOGETHER * room:
        post.form.add_error("attachments", too_heavy(weighed.all_files))
        return post.refuse(mailing.draft, status=413)
    together = _MOST_TOGETHER * settings.MESSAGE_LIMIT
    if weighed.heaviest > settings.MESSAGE_LIMIT or weighed.all > together:
        post.form.add_error(None, too_long(weighed.heaviest, len(mailing.messages), together))
        return post.refuse(mailing.draft, status=413)
    missing = collected.laid_out.missing
    if missing and not post.form.typed.get("missing_ok"):
        post.form.add_error(None, missing_images(missing))
        return post.refuse(mailing.draft, is_missing=True)
    try:
        accepted = outbox.accept(
            post.request,
            mailing.draft,
            submissions(post.request, mailing, collected, weighed.of_each),
            key=post.key,
            identity=mailing.identity,
            due=mailing.due,
            undo_seconds=int(post.request.preferences.undo_seconds),
            template=template(post.request, mailing, collected),
        )
    except TooManyRecipients as error:  # another window sent meanwhile
        post.form.add_error(None, error.words)
        return post.refuse(mailing.draft)
    except OutboxFull as error:
        post.form.add_error(None, no_room(error.limit, error.size))
        return post.refuse(mailing.draft)
    return _sent(post, accepted[0])


def _sent(post: Post, accepted: OutboxMessage) -> HttpResponse:
    announce(post.request, accepted)
    origin = post.form.content.origin
    is_answer = post.form.content.kind != "edit"
    return post.go_on(links.message_url(origin) if origin and is_answer else inbox_url())
