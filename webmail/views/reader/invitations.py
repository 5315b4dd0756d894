"""An invitation in the message that brings it: the card of its event, and the user's answer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages as toasts
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext, pgettext
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from core.htmx import wants_partial
from mail.errors import NotFound, SenderRefused
from mail.imap import fetch
from mail.imap.values import FetchedMessage, MessageRef
from mail.mime import headers, itip
from mail.mime.addresses import Address
from mail.mime.headers import Headers
from mail.previews import calendar
from mail.previews.calendar import Attendee, Invitation
from mail.previews.failures import NoPreview
from webmail import outbox
from webmail.models import InvitedEvent
from webmail.outbox import Submission
from webmail.presentation import links
from webmail.reader import attachments, events, invitations
from webmail.reader.events import EventState
from webmail.views.outbox.page import start
from webmail.writing import beginning, identities, making
from webmail.writing.beginning import Writer

LONGEST_COMMENT = 1_000


@require_http_methods(["GET", "POST"])
@login_required
def show(request: SignedInRequest, folder: str, ref: tuple[int, int], number: str) -> HttpResponse:
    """Show the card of an invitation: alone for htmx, else on a page. A POST sends the answer
    (``answer`` and ``comment``), once."""
    opened = _open(request, MessageRef(folder, *ref), number)
    if request.method == "POST":
        _answer(request, opened)
        return redirect(links.message_url(opened.ref))
    template = "_invitation" if wants_partial(request) else "invitation"
    response = render_template(request, f"webmail/reader/{template}.html", _context(opened, number))
    patch_vary_headers(response, ["HX-Request"])
    return response


@dataclass(frozen=True)
class _Found:
    ref: MessageRef
    fetched: FetchedMessage
    fields: Headers
    invitation: Invitation
    writer: Writer
    standing: EventState


def _open(request: SignedInRequest, ref: MessageRef, number: str) -> _Found:
    with session.imap(request) as imap:
        fetched, raw = fetch.opened(imap, ref)
        try:
            file = attachments.whole(imap, ref, number, (), calendar.LARGEST * 2)
            method = file.file.parameters.get("method", "")
            invitation = calendar.invitation(file.content, file.file.charset, method=method)
        except NoPreview as error:
            raise NotFound("This is no invitation.") from error
    writer = Writer.of(request.user, request.preferences)
    sender = fetched.envelope.from_[0].address if fetched.envelope.from_ else ""
    standing = events.note(request.user, ref, invitation, sender, writer.own)
    return _Found(ref, fetched, headers.parse(raw), invitation, writer, standing)


def _context(opened: _Found, number: str) -> dict[str, object]:
    row = opened.standing.row
    newest = row and MessageRef(row.folder, row.uidvalidity, row.uid)
    return {
        "shown": {"invitation": invitations.told(opened.invitation)},
        "standing": opened.standing,
        "answer": row.answer if row else "",
        "is_answered": row.is_answered if row else False,
        "answered": _answered(row.answer) if row else "",
        "choices": _choices(row.answer if row and row.is_answered else ""),
        "conflicts": [_conflict(event) for event in opened.standing.conflicts],
        "newest_url": links.message_url(newest) if newest and newest != opened.ref else "",
        "answer_url": links.message_url(opened.ref, "invitation", number),
        "download_url": links.message_url(opened.ref, "part", number),
        "message_url": links.message_url(opened.ref),
        "longest_comment": LONGEST_COMMENT,
    }


def _choices(chosen: str) -> list[dict[str, object]]:
    labels = (
        ("accepted", "check", pgettext("an invitation", "Accept")),
        ("tentative", "circle-question-mark", pgettext("answer to an invitation", "Perhaps")),
        ("declined", "x", pgettext("an invitation", "Decline")),
    )
    return [
        {"value": value, "icon": icon, "label": label, "is_chosen": value == chosen}
        for value, icon, label in labels
    ]


def _answered(answer: str) -> str:
    return {
        "accepted": gettext("You have accepted."),
        "tentative": gettext("You have answered “perhaps”."),
        "declined": gettext("You have declined."),
    }.get(answer, "")


def _conflict(event: InvitedEvent) -> dict[str, str]:
    ref = MessageRef(event.folder, event.uidvalidity, event.uid)
    return {
        "when": invitations.when(event.start, event.end),
        "answer": event.get_answer_display(),
        "url": links.message_url(ref),
    }


# --- the answer ---


def _answer(request: SignedInRequest, opened: _Found) -> None:
    chosen, row = request.POST.get("answer", ""), opened.standing.row
    if chosen not in itip.ANSWERS or row is None or not opened.standing.may_answer:
        raise NotFound("This cannot be answered.")
    comment = request.POST.get("comment", "")[:LONGEST_COMMENT].strip()
    with transaction.atomic():
        if not events.answer(row, chosen):
            return  # pressed twice, or in two windows
        submission = _submission(request, opened, chosen, comment)
        (accepted,) = outbox.accept(request, None, [submission], key=uuid.uuid4())
    start(accepted)
    toasts.success(request, gettext("Your answer is on its way to the organiser."))


def _submission(request: SignedInRequest, opened: _Found, chosen: str, comment: str) -> Submission:
    identity = beginning.identity_for(opened.writer, opened.fetched.envelope, opened.fields)
    if identity is None:
        raise SenderRefused
    event = opened.invitation.events[0]
    sender = identities.sender(identity)
    organiser = _address(event.organiser)
    summary = making.one_line(event.summary)
    message_id = making.message_id(request.user, uuid.uuid4().hex)
    reply = itip.Reply(
        sender=sender,
        organiser=organiser,
        attendee=_invited(opened, sender),
        answer=chosen,
        uid=event.uid,
        sequence=event.sequence,
        summary=event.summary,
        comment=comment,
        subject=_subject(chosen) % {"summary": summary or gettext("(event without a title)")},
        text=_text(opened, chosen, sender, comment),
        original_id=opened.fields.get("Message-ID"),
        moment=timezone.localtime(),
        message_id=message_id,
        product=settings.PRODUCT_NAME,
        start=event.start,
        end=event.end if not event.is_all_day else None,
        occurrence=event.occurrence,
    )
    return Submission(
        message=itip.message(reply),
        recipients=(organiser.address,),
        message_id=message_id,
        sender=identity.address,
    )


def _address(person: Attendee | None) -> Address:
    if person is None:
        raise NotFound("Nobody is to be answered.")
    return Address(making.one_line(person.name), person.address)


def _invited(opened: _Found, sender: Address) -> Address:
    """Return the invited address: one of the user's own, from which the answer is sent."""
    for person in opened.invitation.events[0].attendees:
        if person.address.casefold() in opened.writer.own:
            return Address(making.one_line(person.name) or sender.name, person.address)
    return sender


def _subject(chosen: str) -> str:
    return {
        "accepted": gettext("Accepted: %(summary)s"),
        "tentative": gettext("Perhaps: %(summary)s"),
        "declined": gettext("Declined: %(summary)s"),
    }[chosen]


def _text(opened: _Found, chosen: str, sender: Address, comment: str) -> str:
    event = opened.invitation.events[0]
    words = {
        "accepted": gettext("%(name)s accepts the invitation to “%(summary)s” (%(when)s)."),
        "tentative": gettext("%(name)s may come to “%(summary)s” (%(when)s)."),
        "declined": gettext("%(name)s declines the invitation to “%(summary)s” (%(when)s)."),
    }[chosen] % {
        "name": sender.shown,
        "summary": making.one_line(event.summary) or gettext("(event without a title)"),
        "when": invitations.when(event.start, event.end),
    }
    return f"{words}\n\n{comment}\n" if comment else f"{words}\n"
