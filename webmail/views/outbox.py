"""The outbox: messages that have not left, the reasons, and the user's decisions about them."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages as toasts
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.views.decorators.http import require_GET, require_POST
from kombu.exceptions import OperationalError

from accounts import session
from accounts.http import SignedInRequest, login_required
from webmail import clock, outbox, tasks
from webmail.errors import TooManyRecipients, Unreadable
from webmail.htmx import TOAST, wants_partial
from webmail.models import OutboxMessage
from webmail.outbox import awaited, batch_copy, choices, correcting
from webmail.presentation import failures, sending
from webmail.presentation.sending import Standing
from webmail.views.drafts import led_to
from webmail.views.page import read_folders
from webmail.writing import scheduling

MOST_SHOWN = 200
SHOWN_AFTER = timedelta(days=1)
_MOST_LOOKED_AT = 10_000
State, Stage = OutboxMessage.State, OutboxMessage.Stage
_MOVING = (State.HELD, State.SENDING)
_GONE = (Stage.HANDED, Stage.FILED)


@dataclass(frozen=True, slots=True)
class Shown:
    """A message, or those that were made of one draft, as the pages show them: ``left`` of
    ``count`` have left, ``back`` of them came back. ``documents``: names of the files that its
    recipient alone gets, ``address`` the only one that it goes to. ``refused``: addresses, where
    ``why`` does not name them all."""

    row: OutboxMessage
    subject: str
    to: str
    how: str
    why: str
    said: str
    count: int = 1
    failed: int = 0
    left: int = 0
    documents: tuple[str, ...] = ()
    back: int = 0
    address: str = ""
    refused: tuple[str, ...] = ()

    @property
    def may_be_corrected(self) -> bool:
        return correcting.may_be_corrected(self.row)

    @property
    def may(self) -> frozenset[str]:
        """The possible actions: ``back``, ``now``, ``again``, ``correct``, ``when``, ``doubt``,
        ``password``."""
        row = self.row
        if row.stage != Stage.READY:
            return frozenset({"doubt"} if row.state == State.DOUBT else ())
        return {
            State.HELD: frozenset({"back", "now"}),
            State.SCHEDULED: frozenset(
                {"back", "now"} if settings.CELERY_TASK_ALWAYS_EAGER else {"back", "now", "when"}
            ),
            State.FAILED: frozenset({"again"} if row.batch else {"again", "correct"}),
            State.PASSWORD: frozenset({"password", "back"}),
        }.get(State(row.state), frozenset())

    @property
    def is_moving(self) -> bool:
        return self.row.state in _MOVING

    @property
    def typed_due(self) -> str:
        return scheduling.as_typed(self.row.due, _zone())


def announce(request: SignedInRequest, first: OutboxMessage) -> None:
    """After messages were accepted, all that were made of one draft: those that are due start at
    once, the pages await them, and the next one says so, with the way back."""
    rows = choices.together(first)
    copy = batch_copy.copy_of(first)
    to_start = [*rows, *filter(None, [copy])]
    for row in to_start:
        if settings.CELERY_TASK_ALWAYS_EAGER:  # without a broker nobody comes back for it
            OutboxMessage.objects.filter(pk=row.pk, state=State.HELD).update(due=clock.now())
            row.refresh_from_db()
    started = [row for row in to_start if row.state == State.HELD and row.due <= clock.now()]
    for row in started:
        start(row)
    if started:
        first.refresh_from_db()
    awaited.add(request, choices.together(first) if started else rows)
    request.session[TOAST] = _toast(first, len(rows))


def start(row: OutboxMessage) -> None:
    """When nobody can be told of it, beat finds it."""
    with suppress(OperationalError):
        tasks.deliver_message.delay(str(row.pk))


@require_GET
@login_required
def all_messages(request: SignedInRequest) -> HttpResponse:
    """All that has not left, and what has left since yesterday; while something moves it is asked
    for again and again, 286 when nothing does any more."""
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
    """One message; of "one to each" all of them, with what became of each."""
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
    when one has, above the page when one failed. What the page has said already (``?said=``) is
    answered with 204, so that no screen reader hears it again. The status 286 stops htmx's polling
    when no message is awaited any more."""
    left, over = _looked_at(request)
    ended = [_together(rows) for rows in over]
    troubles = [line for line in ended if line.row.state in (State.FAILED, State.DOUBT)]
    toast = request.session.pop(TOAST, None) or _end(
        line.row for line in ended if line not in troubles
    )
    not_left = sending.not_left(left)
    if left and not over and not toast and request.GET.get("said") == not_left.digest:
        return HttpResponse(status=204)
    context = {"not_left": not_left, "troubles": troubles, "toast": toast}
    status = 200 if left else 286
    response = render_template(request, "webmail/compose/_sending.html", context, status=status)
    if any(row.state == State.SENT for rows in over for row in rows):
        response["HX-Trigger-After-Swap"] = "mail:refresh"
    return response


def _looked_at(
    request: SignedInRequest,
) -> tuple[list[awaited.Awaited], list[list[OutboxMessage]]]:
    """The messages that are still awaited, which the session keeps from now on, and those that are
    over since the last look."""
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
    """Undo: it does not leave, and the composer opens with all of it. What failed is corrected so,
    with the reason beside it."""
    row = choices.find(request.user, pk)
    shown = line_of(row)
    rows = choices.together(row)
    draft = outbox.take_back(request.user, pk)
    awaited.forget(request, rows)
    if draft is None:
        toasts.success(request, gettext("What had not left yet was stopped."))
        return led_to(request, reverse("mail:outbox"))
    if row.state == State.FAILED:
        words = (shown.how, shown.why, _all_refused(shown), shown.said)
        toasts.warning(request, " ".join(filter(None, words)))
    return led_to(request, reverse("mail:draft", args=[draft.pk]))


def _all_refused(shown: Shown) -> str:
    if not shown.refused:
        return ""
    return gettext("All of them: %(addresses)s.") % {"addresses": ", ".join(shown.refused)}


@require_POST
@login_required
def again(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Send it now, or again; with ``each=failed`` all of its sending that failed."""
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
    """Leave it at that: see `webmail.outbox.dismiss`."""
    row = choices.find(request.user, pk)
    outbox.dismiss(request, pk)
    if row.state == State.DOUBT:
        start(row)
    return redirect("mail:outbox")


@require_POST
@login_required
def when(request: SignedInRequest, pk: uuid.UUID) -> HttpResponse:
    """Another time for what is scheduled."""
    choices.find(request.user, pk)
    choice = request.POST.get("due", scheduling.AT)
    try:
        due = scheduling.due(choice, request.POST.get("due_at", ""), clock.now(), _zone())
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
    except TooManyRecipients as error:
        toasts.warning(request, error.words)
        return redirect("mail:outbox_message", pk)
    start(row)
    awaited.add(request, choices.together(row))
    return redirect("mail:outbox_message", row.pk)


_TROUBLES = (State.FAILED, State.DOUBT, State.PASSWORD)


def _may_be_undone(row: OutboxMessage) -> bool:
    return row.state == State.HELD and row.due > clock.now()


def _toast(row: OutboxMessage, count: int) -> dict[str, Any]:
    undo = {"url": reverse("mail:outbox_back", args=[row.pk]), "fields": []}
    if row.state == State.SCHEDULED:
        words = gettext("Leaves on %(when)s.") % {"when": scheduling.in_words(row.due)}
        return {"message": words, "undo": undo}
    seconds = round((row.due - clock.now()).total_seconds())
    if row.state == State.HELD and seconds > 0:
        words = sending.leaving(seconds)
        before, after = (words % {"seconds": "\0"}).split("\0")
        countdown = {"before": before, "seconds": seconds, "after": after}
        return {"message": words % {"seconds": seconds}, "undo": undo, "countdown": countdown}
    if row.state in (State.HELD, State.SENDING):
        words = ngettext(
            "The message is being sent.", "%(count)d messages are being sent.", count
        ) % {"count": count}
        return {"message": words}
    return _end([row]) or {"message": line_of(row).how}


def _end(rows: Iterable[OutboxMessage]) -> dict[str, Any] | None:
    """The toast of a message that has left just now."""
    if any(row.state == State.SENT or row.stage in ("handed", "filed") for row in rows):
        return {"message": gettext("Message sent.")}
    return None


def _listed(request: SignedInRequest) -> list[Shown]:
    """One of each sending, the last first: what has not left, what has left since yesterday, and
    what came back. A sending of 1,900 messages is one; what is sealed is read of one of them."""
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
    """Of a sending the message that most needs a look; a copy of them all that could not be filed
    is told with those that have left."""
    copy = next((row for row in rows if row.is_copy), None)
    rows = [row for row in rows if not row.is_copy] or rows
    order = [*_TROUBLES, State.HELD, State.SENDING, State.SCHEDULED, State.SENT]
    row = min(
        rows, key=lambda message: (order.index(State(message.state)), message.bounced is not None)
    )
    if copy and copy.failure and State.SENT == row.state == copy.state:
        row.failure = copy.failure
    return row


def _together(rows: Sequence[OutboxMessage], seen: OutboxMessage | None = None) -> Shown:
    """A sending by one of its messages, with how many of them stand how."""
    rows, row = [row for row in rows if not row.is_copy] or rows, seen or _seen(rows)
    failed = sum(message.state == State.FAILED for message in rows)
    left = sum(message.stage in _GONE for message in rows)
    back = sum(message.bounced is not None for message in rows)
    return line_of(row, count=len(rows), failed=failed, left=left, back=back)


def line_of(
    row: OutboxMessage, *, count: int = 1, failed: int = 0, left: int = 0, back: int = 0
) -> Shown:
    """A row as the pages show it."""
    try:
        envelope = outbox.opened(row)
    except Unreadable:
        envelope = outbox.SealedEnvelope((), (), "", "")
    standing = Standing(
        state=row.state,
        stage=row.stage,
        due=row.due,
        sent=row.sent,
        failure=row.failure,
        server_words=row.server_words,
        refused=envelope.refused,
        is_retried=not settings.CELERY_TASK_ALWAYS_EAGER,  # else there is no beat
        is_of_batch=row.batch is not None,
        is_back=row.bounced is not None,
        bounce_status=row.bounce_status,
    )
    return Shown(
        row=row,
        subject=envelope.subject or gettext("(no subject)"),
        to=sending.to_whom(envelope.people),
        how=sending.how(standing),
        why=failures.of_submission(standing),
        said=sending.said(standing),
        count=count,
        failed=failed,
        left=left,
        documents=envelope.documents,
        back=back,
        address=envelope.recipients[0] if len(envelope.recipients) == 1 else "",
        refused=_unnamed(standing),
    )


def _unnamed(standing: Standing) -> tuple[str, ...]:
    """All that were refused, where a sentence names only some of them."""
    is_named = standing.failure != "RecipientsRefused" or standing.is_back
    refused = tuple(address for address, _words in standing.refused)
    return () if is_named or len(refused) <= failures.MOST_REFUSED else refused


def _zone() -> ZoneInfo:
    zone = timezone.get_current_timezone()
    return zone if isinstance(zone, ZoneInfo) else ZoneInfo(timezone.get_default_timezone_name())


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
