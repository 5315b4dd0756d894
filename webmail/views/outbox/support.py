"""“Where is a message?” in the admin: the way of a user's message, for the support desk.

Only the envelope is shown: folder, addresses, time, size and number. Each look is recorded in the
audit log, which the user sees on the page of the sessions.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import audit, diagnosis, session
from accounts.models import AuditEvent, User
from mail.errors import WebmailError
from mail.mailbox import folders, tracing
from mail.mailbox.tracing import SoughtMessage, TracedMessage
from mail.mime import headers
from webmail.administration.views.support import for_helpers, typed_name
from webmail.adverts.digests import digest_of
from webmail.forms.tracing import EnvelopeForm
from webmail.models import Judgement, OutboxMessage
from webmail.presentation import tracing as words
from webmail.presentation.words import few
from webmail.views.outbox.tracing_outbox import SECONDS, is_sought

_MOST_SENT = 200
_MOST_SHOWN = 30
_MOST_NAMES = 3


@dataclass(frozen=True)
class EnvelopeLine:
    """A message in a user's mailbox as the support desk sees it."""

    folder: str
    when: datetime | None
    sender: str
    recipients: str
    size: int
    message_id: str
    verdict: str


@dataclass(frozen=True)
class Mailbox:
    """The result of a look into a mailbox. ``failure`` is the reason why there was none, "" after a
    look."""

    lines: tuple[EnvelopeLine, ...] = ()
    is_whole: bool = False
    failure: str = ""


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@for_helpers
def message(request: HttpRequest) -> HttpResponse:
    """Find a user's message by the other person's address, by day or by Message-ID. A POST alone
    opens the mailbox: a link of another site must not."""
    is_asked = request.method == "POST"
    typed = typed_name((request.POST if is_asked else request.GET).get("q", ""))
    form = EnvelopeForm(request.POST if is_asked and typed else None)
    person = diagnosis.find_diagnosed(typed) if typed else None
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": gettext("Where is a message?"),
        "typed": typed,
        "form": form,
        "person": person,
        "has_master": session.has_master(),
    }
    if person and person.user and form.is_valid():
        context |= _looked(request, person.user, form.sought)
    return TemplateResponse(request, "admin/support/message.html", context)


def _looked(request: HttpRequest, user: User, sought: SoughtMessage) -> dict[str, Any]:
    """Return the findings. The audit log is written before anything is looked at."""
    mentioned = [name for name in ("address", "day", "message_id") if getattr(sought, name)]
    audit.record(
        AuditEvent.Kind.MAIL_TRACED, request, target=str(user), fields=", ".join(mentioned)
    )
    rows = OutboxMessage.objects.of(user).addressed().exclude(state="cancelled")[:_MOST_SENT]
    sent = [row for row in rows if is_sought(row, sought, with_words=False)]
    return {"is_asked": True, "sent": sent[:_MOST_SHOWN], "mailbox": _mailbox(user, sought)}


def _mailbox(user: User, sought: SoughtMessage) -> Mailbox | None:
    """Look into the mailbox; return None if no master user can open it."""
    if not session.has_master():
        return None
    deadline = time.monotonic() + SECONDS
    try:
        with session.imap_by_master(user) as imap:
            # Shared folders belong to colleagues, who would not be told of the look.
            known = [folder for folder in folders.list_folders(imap) if not folder.owner]
            traced = tracing.trace(imap, known, sought, None, lambda: time.monotonic() > deadline)
    except WebmailError as error:
        return Mailbox(failure=type(error).__name__)
    labels = words.folder_labels(known)
    judged = _verdicts(user, traced.messages)
    lines = tuple(
        EnvelopeLine(
            folder=labels.get(traced_message.row.ref.folder, traced_message.row.ref.folder),
            when=traced_message.row.received,
            sender=few([who.address for who in traced_message.row.from_], _MOST_NAMES),
            recipients=few([who.address for who in traced_message.row.people], _MOST_NAMES),
            size=traced_message.row.size,
            message_id=traced_message.message_id,
            verdict=judged.get(traced_message.message_id, ""),
        )
        for traced_message in traced.messages
    )
    return Mailbox(lines, traced.is_whole)


def _verdicts(user: User, messages: Sequence[TracedMessage]) -> dict[str, str]:
    """Return the reasons why the webmail moved messages to adverts or junk, by their
    Message-IDs."""
    digests = {
        digest_of(headers.parse(traced_message.header)): traced_message.message_id
        for traced_message in messages
    }
    rows = Judgement.objects.all().known(user, digests)
    return {
        digests[digest]: " ".join(words.judged(row)) for digest, row in rows.items() if row.is_moved
    }
