"""The outbox: messages that have not left, the reasons, and the user's decisions."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.contrib import messages as toasts
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from core import clock
from core.htmx import TOAST, wants_partial
from mail.errors import TooManyRecipients
from webmail import outbox
from webmail.models import OutboxMessage
from webmail.outbox import awaited, batch_copy, choices, correcting
from webmail.presentation import sending
from webmail.views.composer.shared import lead_to
from webmail.views.outbox.page import OutboxEntry, Stage, State, line_of, sent_toast, start
from webmail.views.page import read_folders
from webmail.writing import scheduling, working_hours

MOST_SHOWN = 200
SHOWN_AFTER = timedelta(days=1)
_MOST_LOOKED_AT = 10_000
_GONE = (Stage.HANDED, Stage.FILED)


@require_GET
@login_required
def all_messages(request: SignedInRequest) -> HttpResponse:
    """Show the messages that have not left, and those that left since yesterday. While something
    moves, the page polls; the status 286 stops the polling."""
    if not wants_partial(request):
        _looked_at(request)  # without a script nothing else does
    shown = _listed(request)
    context = {
        "waiting": [line for line in shown if line.row.state != State.SENT],
        "sent": [line for line in shown if line.row.state == State.SENT],
        "is_moving": any(line.is_moving for line in shown),
    }
    return _answer(request, "webmail/outbox/outbox.html", context)


@require_GET
@login_required
def one_message(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Show one message; for a message to each, the result for each recipient."""
    rows = choices.together(choices.find(request.user, pk))
    shown = [line_of(row) for row in rows]
    left = sum(line.row.stage in _GONE for line in shown)
    context = {
        "one": _together(rows),
        "each": shown if len(shown) > 1 else [],
        "left": left,
        "back": sum(line.row.bounced is not None for line in shown),
        "waiting": len(shown) - left - sum(line.row.state == State.FAILED for line in shown),
        "is_moving": any(line.is_moving for line in shown),
        "failed": sum(line.row.state == State.FAILED for line in shown),
    }
    return _answer(request, "webmail/outbox/outbox_message.html", context)


@require_GET
@login_required
def progress(request: SignedInRequest) -> HttpResponse:
    """Report on the messages that this session sent: in a line while one has not left, in a toast
    when one has (never both at once), above the page when one failed. What the page has said
    already (``?said=``) is answered with 204, so that no screen reader hears it again. The status
    286 stops htmx's polling when no message is awaited any more."""
    left, over = _looked_at(request)
    ended = [(_together(rows), rows) for rows in over]
    troubles = [line for line, _rows in ended if line.row.state in (State.FAILED, State.DOUBT)]
    toast = request.session.pop(TOAST, None) or sent_toast(
        row for line, rows in ended if line not in troubles for row in rows
    )
    not_left = sending.not_left(left)
    if left and not over and not toast and request.GET.get("said") == not_left.digest:
        return HttpResponse(status=204)
    context = {"not_left": not_left, "troubles": troubles, "toast": toast, "is_told": toast}
    status = 200 if left else 286
    response = render_template(request, "webmail/compose/_sending.html", context, status=status)
    if any(row.stage in _GONE for rows in over for row in rows):
        response["HX-Trigger-After-Swap"] = "mail:refresh"
    return response


def _looked_at(
    request: SignedInRequest,
) -> tuple[list[awaited.Awaited], list[list[OutboxMessage]]]:
    """Return the messages that are still awaited, which the session keeps, and those that have
    ended since the last request."""
    left, over = [], []
    sendings = [pair for pair in awaited.rows_of(request, awaited.known(request)) if pair[1]]
    may_be_undone = any(_may_be_undone(row) for _entry, rows in sendings for row in rows)
    for entry, rows in sendings:
        # There is one toast: that an earlier message has left is said after the way back is over.
        has_left = all(row.state == State.SENT for row in rows)
        if any(awaited.is_waiting(row) for row in rows) or (has_left and may_be_undone):
            left.append(awaited.standing(entry.pk, rows))
        elif any(row.state != State.SCHEDULED for row in rows):
            over.append(rows)
    awaited.keep(request, left)
    return left, over


@require_POST
@login_required
def back(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Take a message back and open it in the composer. This is also the way to correct a message
    that failed; the reason is shown then."""
    row = choices.find(request.user, pk)
    shown = line_of(row)
    rows = choices.together(row)
    draft = outbox.undo_sending(request.user, pk)
    awaited.forget(request, rows)
    if draft is None:
        toasts.success(request, gettext("What had not left yet was stopped."))
        return lead_to(request, reverse("mail:outbox"))
    if row.state == State.FAILED:
        reasons = (shown.how, shown.why, _all_refused(shown), shown.said)
        toasts.warning(request, " ".join(filter(None, reasons)))
    words = gettext("The message was not sent: it is being written again.")
    return lead_to(request, reverse("mail:draft", args=[draft.pk]), words)


def _all_refused(shown: OutboxEntry) -> str:
    if not shown.refused:
        return ""
    return gettext("All of them: %(addresses)s.") % {"addresses": ", ".join(shown.refused)}


@require_POST
@login_required
def again(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Send a message now, or again; with ``each=failed`` all failed messages of its sending."""
    row = choices.find(request.user, pk)
    if request.POST.get("each") == "failed":
        rows = [failed for failed in choices.together(row) if failed.state == State.FAILED]
    else:
        rows = [row]
    if row.state == State.DOUBT and request.POST.get("sure") != "on":
        toasts.warning(request, gettext("Tick first that it may arrive twice."))
        return redirect("mail:outbox_message", pk)
    for failed in rows:
        outbox.again(request, failed.pk, is_sure=True)
    for failed in [*rows, *filter(None, [batch_copy.copy_of(row)])]:
        start(failed)
    awaited.add(request, choices.together(choices.find(request.user, pk)))
    return redirect("mail:outbox_message", pk) if row.batch else redirect("mail:outbox")


@require_POST
@login_required
def dismiss(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Let a message rest: see `webmail.outbox.dismiss`."""
    row = choices.find(request.user, pk)
    outbox.dismiss(request, pk)
    if row.state == State.DOUBT:
        start(row)
    return redirect("mail:outbox")


@require_POST
@login_required
def when(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Change the time of a scheduled message."""
    choices.find(request.user, pk)
    choice = request.POST.get("due", scheduling.AT)
    try:
        due = scheduling.due(
            choice, request.POST.get("due_at", ""), clock.now(), working_hours.zone()
        )
    except scheduling.NotThen as error:
        toasts.warning(request, error.words)
        return redirect("mail:outbox_message", pk)
    outbox.reschedule(request.user, pk, due)
    words = gettext("Leaves on %(when)s.") % {"when": scheduling.in_words(due)}
    toasts.success(request, words)
    return redirect("mail:outbox")


@require_POST
@login_required
def correct(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Send one of the messages to each to another address, since it did not reach its
    recipient."""
    try:
        row = correcting.send_again(request, pk, request.POST.get("address", ""))
    except correcting.NoAddress:
        toasts.warning(request, gettext("This is not an address: nothing was sent."))
        return redirect("mail:outbox_message", pk)
    except correcting.WithheldAddress as error:
        nothing = gettext("Nothing was sent.")
        toasts.warning(request, f"{error} {nothing}")
        return redirect("mail:outbox_message", pk)
    except TooManyRecipients as error:
        toasts.warning(request, error.words)
        return redirect("mail:outbox_message", pk)
    start(row)
    awaited.add(request, choices.together(row))
    return redirect("mail:outbox_message", row.pk)


_TROUBLES = (State.FAILED, State.DOUBT, State.PASSWORD)


def _may_be_undone(row: OutboxMessage) -> bool:
    return row.state == State.HELD and row.due > clock.now()


def _listed(request: SignedInRequest) -> list[OutboxEntry]:
    """Return a line for each sending, the newest first: those that have not left, those that left
    since yesterday, and those that came back. A message to 1,900 recipients is one line; the sealed
    contents of one of its rows are opened."""
    mine = OutboxMessage.objects.of(request.user).exclude(state=State.CANCELLED)
    now = clock.now()
    lately = Q(state=State.SENT) & (
        Q(changed__gte=now - SHOWN_AFTER) | Q(bounced__gte=now - OutboxMessage.CORRECTED_FOR)
    )
    listed = mine.filter(lately | Q(state__in=OutboxMessage.UNFINISHED)).order_by("-accepted")
    named = listed.values_list("batch", "pk")[:_MOST_LOOKED_AT]
    kept = list(dict.fromkeys(batch or pk for batch, pk in named))[:MOST_SHOWN]
    sendings: dict[uuid.UUID, list[OutboxMessage]] = {key: [] for key in kept}
    for row in mine.filter(Q(batch__in=kept) | Q(pk__in=kept)).defer("sealed").order_by("number"):
        sendings[row.batch or row.pk].append(row)
    seen = {key: _seen(rows) for key, rows in sendings.items() if rows}
    sealed = dict(mine.filter(pk__in=[row.pk for row in seen.values()]).values_list("pk", "sealed"))
    for row in seen.values():
        row.sealed = sealed.get(row.pk, b"")
    return [_together(sendings[key], row) for key, row in seen.items()]


def _seen(rows: Sequence[OutboxMessage]) -> OutboxMessage:
    """Return the message of a sending that needs attention most. A failed copy in Sent is shown
    only when all have left."""
    copy = next((row for row in rows if row.is_copy), None)
    rows = [row for row in rows if not row.is_copy] or rows
    order = [*_TROUBLES, State.HELD, State.SENDING, State.SCHEDULED, State.SENT]
    row = min(
        rows, key=lambda message: (order.index(State(message.state)), message.bounced is not None)
    )
    if copy and copy.failure and State.SENT == row.state == copy.state:
        row.failure = copy.failure
    return row


def _together(rows: Sequence[OutboxMessage], seen: OutboxMessage | None = None) -> OutboxEntry:
    """Return the line of a sending: one of its messages, and how many failed, left and came
    back."""
    rows, row = [row for row in rows if not row.is_copy] or rows, seen or _seen(rows)
    failed = sum(message.state == State.FAILED for message in rows)
    left = sum(message.stage in _GONE for message in rows)
    back = sum(message.bounced is not None for message in rows)
    return line_of(row, count=len(rows), failed=failed, left=left, back=back)


def _answer(request: SignedInRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    if wants_partial(request):
        folder, _slash, name = template.rpartition("/")
        status = 200 if context["is_moving"] else 286
        return render_template(request, f"{folder}/_{name}", context, status=status)
    with session.imap(request) as imap:
        outbox.settle(request, imap)
        context["folders"] = read_folders(imap, "").shown
    context["in_outbox"] = True
    context["toast"] = request.session.pop(TOAST, None)
    return render_template(request, template, context)
