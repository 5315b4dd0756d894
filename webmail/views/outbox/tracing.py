"""“Why did this message not arrive?”: the webmail's knowledge about the way of one message."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts import session
from accounts.http import SignedInRequest, asked_here, login_required
from core import dates
from core.converters import MessageConverter
from mail.errors import WebmailError
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef
from mail.mailbox import bulk, folders, rules, tracing
from mail.mailbox.search import SearchPlace
from mail.mailbox.tracing import SoughtMessage, TraceResult
from mail.mime import headers
from mail.sieve.values import Rule
from webmail.adverts.digests import digest_of
from webmail.forms.tracing import TraceForm
from webmail.models import Judgement, MailJob, OutboxMessage
from webmail.presentation import rules as rule_words
from webmail.presentation import tracing as words
from webmail.presentation.tracing import Moved
from webmail.views.outbox.page import line_of
from webmail.views.outbox.tracing_outbox import SECONDS, is_sought
from webmail.views.page import read_folders
from webmail.views.rules.page import forwarding

_MOST_SENT = 200
_MOST_JOBS = 30
_MOST_SHOWN = 20
_REPORTS_DAYS = 30


@require_GET
@asked_here
@login_required
def trace(request: SignedInRequest) -> HttpResponse:
    """Ask for a message, and show what is known about it. Nothing is stored or marked."""
    form = TraceForm(request.GET if set(request.GET) & set(TraceForm.base_fields) else None)
    with session.imap(request) as imap:
        sides = read_folders(imap, "")
        context: dict[str, Any] = {"form": form, "folders": sides.shown}
        if form.is_valid():
            context |= _found(request, imap, form)
    status = 422 if form.is_bound and not form.is_valid() else 200
    return render(request, "webmail/search/trace.html", context, status=status)


def _found(request: SignedInRequest, imap: Connection, form: TraceForm) -> dict[str, Any]:
    sought, known = form.sought, folders.list_folders(imap)
    deadline = time.monotonic() + SECONDS
    traced = tracing.trace(imap, known, sought, form.place, lambda: time.monotonic() > deadline)
    sent = _sent(request, sought)
    own = _rules(request) if not traced.result.is_line_over else ()
    lines = words.lines(
        traced.messages,
        known,
        _judgements(request, traced),
        _moves(request, known),
        _filing(imap, own, traced),
    )
    is_unseen = not (lines or sent or form.place) and traced.is_whole
    return {
        "is_asked": True,
        "lines": lines,
        "count": traced.result.count,
        "sent": [line_of(row) for row in sent[:_MOST_SHOWN]],
        "reports": _reports(imap, known, sought, traced, sent),
        "is_unseen": is_unseen,
        "is_whole": traced.is_whole,
        "unsearched": [*traced.result.slow, *traced.result.refused],
        "continue_query": _continued(form, traced.result.place),
        "sending_away": _titles(own, tracing.sending_away(own)) if is_unseen else [],
        "sought": sought,
        "own_address": request.user.address,
    }


def _continued(form: TraceForm, place: SearchPlace | None) -> str:
    """Return the query string that continues a search from a place; "" if nothing is left."""
    if place is None:
        return ""
    kept = {name: form.data.get(name, "") for name in TraceForm.base_fields}
    kept |= {"at": place.folder, "span": str(place.span or ""), "below": ""}
    if place.below:
        kept["below"] = MessageConverter().to_url((place.uidvalidity, place.below))
    return urlencode({name: value for name, value in kept.items() if value})


def _judgements(request: SignedInRequest, traced: TraceResult) -> dict[MessageRef, Judgement]:
    digests = {
        message.row.ref: digest_of(headers.parse(message.header)) for message in traced.messages
    }
    rows = Judgement.objects.all().known(request.user, set(digests.values()))
    return {ref: rows[digest] for ref, digest in digests.items() if digest in rows}


def _moves(request: SignedInRequest, known: Sequence[Folder]) -> dict[MessageRef, Moved]:
    """Return the folders that jobs moved the messages to, as far as their undo data tells."""
    labels = words.folder_labels(known)
    moved: dict[MessageRef, Moved] = {}
    for job in MailJob.objects.all().of(request.user)[:_MOST_JOBS]:
        with suppress(ValueError, TypeError):
            for step in bulk.unpacked(job.work.get("undo") or ()):
                if step.verb == "move":
                    how = Moved(labels.get(step.to, step.to), dates.when_long(job.changed))
                    refs = (MessageRef(step.folder, step.uidvalidity, uid) for uid in step.uids)
                    moved.update((ref, how) for ref in refs if ref not in moved)
    return moved


def _rules(request: SignedInRequest) -> tuple[Rule, ...]:
    """Return the user's rules; none if the Sieve server does not answer."""
    if not session.has_sieve(request.user):
        return ()
    try:
        with session.sieve(request) as sieve:
            kept = rules.read_rules(sieve, settings.SIEVE_SCRIPT, forwarding(request.user))
    except WebmailError:
        return ()
    return kept.script.rules if kept.is_active else ()


def _filing(imap: Connection, own: Sequence[Rule], traced: TraceResult) -> dict[MessageRef, str]:
    deadline = time.monotonic() + SECONDS
    filed = tracing.filing(imap, own, traced, lambda: time.monotonic() > deadline)
    titles = dict(zip(map(id, own), _titles(own, own), strict=True))
    return {ref: titles[id(rule)] for ref, rule in filed.items()}


def _titles(own: Sequence[Rule], some: Sequence[Rule]) -> list[str]:
    numbers = {id(rule): number for number, rule in enumerate(own, 1)}
    return [rule_words.title_of(rule, numbers[id(rule)]) for rule in some]


def _sent(request: SignedInRequest, sought: SoughtMessage) -> list[OutboxMessage]:
    """Return the messages in the outbox that match. Their rows are deleted a week after the
    sending."""
    rows = OutboxMessage.objects.of(request.user).addressed().exclude(state="cancelled")
    return [row for row in rows[:_MOST_SENT] if is_sought(row, sought, with_words=True)]


def _reports(
    imap: Connection,
    known: Sequence[Folder],
    sought: SoughtMessage,
    traced: TraceResult,
    sent: Sequence[OutboxMessage],
) -> list[words.ReturnedLine]:
    """Return the delivery reports about the sent messages; none if nothing was sent."""
    place = folders.special(known, folders.SENT)
    copies = [copy for copy in traced.messages if place and copy.row.ref.folder == place.name]
    ids = {row.message_id for row in sent} | {copy.message_id for copy in copies}
    if traced.result.is_line_over or not (ids or sought.address):
        return []
    since = sought.first_day if sought.day else timezone.localdate() - timedelta(_REPORTS_DAYS)
    deadline = time.monotonic() + SECONDS
    with suppress(WebmailError):
        reports = tracing.came_back(
            imap, known, since, ids - {""}, sought.address, lambda: time.monotonic() > deadline
        )
        return words.returned_lines(reports)
    return []
