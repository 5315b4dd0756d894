"""The automatic answer during an absence: the user's own, and that of a shared mailbox; and the
banner about it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST

from accounts import mailboxes, session
from accounts.http import SignedInRequest, login_required
from accounts.models import MailDomain
from addressbook.contacts import holidays
from core.htmx import TOAST
from mail.errors import FolderNotFound, MailboxClosed, SieveUnavailable
from mail.imap.connection import Connection as Imap
from mail.mailbox import rules, sharing
from mail.mailbox.sharing import SharedMailbox
from mail.mime import build
from mail.mime.addresses import Address
from mail.mime.build import Outgoing
from mail.sieve.connection import SieveConnection as Sieve
from mail.sieve.values import Absence
from webmail import outbox
from webmail.forms.rules import BOTH, AbsenceForm, absence_initial
from webmail.presentation import away, elision
from webmail.presentation import rules as words
from webmail.views.judgement.script import renew_adverts
from webmail.views.outbox.page import start
from webmail.views.page import read_folders
from webmail.views.rules.page import (
    Problem,
    ask_first,
    forwarding,
    no_rules,
    note_change,
    open_rules,
    problem_of,
)
from webmail.writing import identities, making

_MOST_OFFERED = 3


@dataclass(frozen=True)
class _Whose:
    """The mailbox that answers. ``address`` is its address; ``login`` is its login, "" for the
    user's own mailbox."""

    address: str
    login: str = ""

    @property
    def url(self) -> str:
        if self.login:
            return reverse("mail:box_absence", args=[self.login])
        return reverse("mail:absence")


@require_http_methods(["GET", "POST"])
@login_required
def absence(request: SignedInRequest) -> HttpResponse:
    """Show the form of the user's absence; a POST saves it. The server answers from the first day
    on."""
    if not session.has_sieve(request.user):
        return no_rules(request)
    with open_rules(request) as (sieve, kept):
        return _answered(request, _Whose(request.user.address), sieve, kept)


@require_http_methods(["GET", "POST"])
@login_required
def of_box(request: SignedInRequest, login: str) -> HttpResponse:
    """Show and save the absence of a shared mailbox that the user manages, if the webmail may open
    it."""
    domain = request.user.mail_domain
    assert domain is not None  # noqa: S101  the mailbox is open
    with session.imap(request) as imap:
        box = next((mailbox for mailbox in sharing.boxes(imap) if mailbox.login == login), None)
        if box is None:
            raise FolderNotFound(f"The user does not manage the mailbox {login!r}.")
    told = mailboxes.people([login], domain.imap_host).get(login, ("", ""))
    whose = _Whose(told[1] or domain.own_address(login), login)
    try:
        with box_opened(request, box) as (sieve, kept):
            return _answered(request, whose, sieve, kept)
    except (MailboxClosed, SieveUnavailable) as error:
        # A server that refuses the master user says why; one that is down has no words.
        if isinstance(error, SieveUnavailable) and not error.server_words:
            raise
    with session.imap(request) as imap:
        context = {
            "tab": "absence",
            "folders": read_folders(imap, "").shown,
            "box": whose,
            "boxes": _boxes(request, imap, whose),
        }
    return render_template(request, "webmail/rules/absence_closed.html", context)


@contextmanager
def box_opened(
    request: SignedInRequest, box: SharedMailbox
) -> Iterator[tuple[Sieve, rules.UserScripts]]:
    """Open the rules of a shared mailbox, as `open_rules` opens the user's own."""

    def is_same(opened_box: Imap) -> bool:
        with session.imap(request) as imap:
            return sharing.is_same(imap, box, opened_box)

    with session.box(request.user, box.login, is_same) as sieve:
        yield sieve, rules.read_rules(sieve, settings.SIEVE_SCRIPT, forwarding(request.user))


def _answered(
    request: SignedInRequest, whose: _Whose, sieve: Sieve, kept: rules.UserScripts
) -> HttpResponse:
    initial = absence_initial(kept.script.absence, whose.address)
    offered = _holidays(request)
    initial |= _filled(offered, request.GET.get("holiday", ""), initial)
    form = AbsenceForm(
        request.POST or None,
        initial=initial,
        address=whose.address,
        is_of_box=bool(whose.login),
    )
    can_answer = {"vacation", "date", "relational"} <= kept.extensions
    problem, is_tried = None, request.POST.get("do") == "try" and can_answer and form.is_valid()
    if request.method == "POST" and can_answer and not is_tried and form.is_valid():
        problem = _saved(request, whose, sieve, kept, form)
        if problem is None:
            return redirect(whose.url)
    if is_tried:
        _send_trial(request, form)
    with session.imap(request) as imap:
        shown = read_folders(imap, "").shown
        boxes = _boxes(request, imap, whose)
    context = {
        "tab": "absence",
        "tried": request.user.address if is_tried else "",
        "folders": shown,
        "form": form,
        "kept": kept,
        "can_answer": can_answer,
        "holidays": offered,
        "has_zone": request.preferences.school_zone != "none",
        "digest": kept.digest,
        "standing": _standing(kept.script.absence, whose),
        "problem": problem,
        "box": whose,
        "boxes": boxes,
        "toast": None if form.is_bound else request.session.pop(TOAST, None),
    }
    status = 422 if form.is_bound and not is_tried else 200
    return render_template(request, "webmail/rules/absence.html", context, status=status)


def _boxes(request: SignedInRequest, imap: Imap, whose: _Whose) -> list[dict[str, object]]:
    """Return the mailboxes whose absence the user may set, the user's own first; none if there is
    no other."""
    boxes = sharing.boxes(imap)
    if not boxes:
        return []
    people = mailboxes.people([box.login for box in boxes], imap.host)
    mine = {"name": gettext("My mailbox"), "url": reverse("mail:absence"), "is_open": True}
    return [mine | {"is_open": not whose.login}] + [
        {
            "name": people.get(box.login, ("", ""))[0] or box.login,
            "url": reverse("mail:box_absence", args=[box.login]),
            "is_open": box.login == whose.login,
        }
        for box in boxes
    ]


@dataclass(frozen=True)
class Offered:
    """A holiday of the user's zone that fills the form."""

    pk: int
    first: date
    last: date
    words: str
    text: str


def _holidays(request: SignedInRequest) -> list[Offered]:
    """Return the current holidays and the next ones, at most `_MOST_OFFERED`."""
    coming = holidays.coming(request.preferences.school_zone, timezone.localdate(), _MOST_OFFERED)
    return [_offered(holiday) for holiday in coming]


def _offered(holiday: holidays.SchoolHoliday) -> Offered:
    first, last = holidays.first_day(holiday), holidays.last_day(holiday)
    days = {"first": words.day(first), "last": words.day(last)}
    name = gettext("Holidays %(of_name)s: from %(first)s to %(last)s") % {
        "of_name": elision.preceded_by_of(holiday.name),
        **days,
    }
    text = gettext("I am on holiday until %(last)s, and will answer when lessons resume.") % days
    return Offered(holiday.pk, first, last, name, text)


def _filled(offered: list[Offered], asked: str, initial: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form's values with the days of the holiday that the user chose. An existing text
    stays."""
    for holiday in offered:
        if str(holiday.pk) == asked:
            text = initial.get("text") or holiday.text
            return {"enabled": True, "first": holiday.first, "last": holiday.last, "text": text}
    return {}


def _send_trial(request: SignedInRequest, form: AbsenceForm) -> None:
    """Send the answers in the form to the user, marked as a trial. They leave by the submission
    server; docs/rules.md says whether the mail server's own answers leave."""
    cleaned = form.cleaned_data
    identity = identities.check(request.user, request.user.address)
    texts = [cleaned["text"], *([cleaned["other_text"]] if cleaned["who"] == BOTH else [])]
    subject = cleaned["subject"] or gettext("Auto: %(subject)s") % {"subject": gettext("(subject)")}
    for text in texts:
        made = Outgoing(
            sender=identities.sender(identity),
            to=(Address("", request.user.address),),
            subject=making.one_line(gettext("[Trial] %(subject)s") % {"subject": subject}),
            text=text,
            date=timezone.localtime(),
            message_id=making.message_id(request.user, uuid.uuid4().hex),
            user_agent=settings.PRODUCT_NAME,
        )
        submission = outbox.Submission(
            message=build.message(made),
            recipients=(request.user.address,),
            message_id=made.message_id,
            sender=identity.address,
        )
        (row,) = outbox.accept(request, None, [submission], key=uuid.uuid4(), identity=identity)
        start(row)


def _saved(
    request: SignedInRequest,
    whose: _Whose,
    sieve: Sieve,
    kept: rules.UserScripts,
    form: AbsenceForm,
) -> Problem | None:
    first, last = form.cleaned_data["first"], form.cleaned_data["last"]
    zones = _offset(first), _offset(last)
    made = form.absence(MailDomain.objects.all().names(), whose.address, zones)
    script = rules.with_absence(kept.script, made)
    if rules.answers_twice(kept, script, rules.included_text(sieve, kept)):
        return {
            "title": gettext("Another answer of absence stands in your script already."),
            "text": gettext("Turn that one off first: two would cancel each other."),
        }

    def change() -> None:
        rules.unchanged(kept, request.POST.get("digest", ""))
        ask_first(kept)
        text = rules.save(sieve, kept, script, timezone.localtime())
        note_change(request, kept, "absence", text, mailbox=whose.login)

    if problem := problem_of(change):
        return problem
    if not whose.login:
        away.note(request, made)
    request.session[TOAST] = {"message": _standing(made, whose)}
    return None


def _standing(absence: Absence | None, whose: _Whose) -> str:
    if absence is None:
        return ""
    box = whose.address if whose.login else ""
    return words.absence_line(absence, timezone.localdate(), box)


def _offset(day: date) -> str:
    """Return the user's offset from UTC at noon of a day, such as ``+0200``."""
    noon = datetime.combine(day, time(12), timezone.get_current_timezone())
    return f"{noon:%z}"


# --- once in a while ---


@require_POST
@login_required
def state(request: SignedInRequest) -> HttpResponse:
    """Return the banner about the absence, which pages request from time to time. The request also
    brings the script's part about adverts up to date. No page waits for the answer: it is empty
    when the Sieve server is not available.
    """
    away.note(request, None)
    renew_adverts(request)
    return render_template(
        request, "webmail/rules/_absence_line.html", {"away": away.line(request)}
    )
