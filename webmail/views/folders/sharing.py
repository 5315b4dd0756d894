"""The page on which a folder is shared with colleagues."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods

from accounts import mailboxes, session
from accounts.http import SignedInRequest, login_required
from accounts.models import MailDomain
from core.htmx import TOAST
from mail.errors import FolderNotFound
from mail.imap.connection import Connection
from mail.mailbox import sharing
from mail.mailbox.sharing import Share, SharingProgress
from mail.mime.addresses import Address
from webmail.forms.sharing import ShareForm
from webmail.jobs import share_jobs
from webmail.models import MailJob
from webmail.presentation import sharing as words
from webmail.presentation.sharing import ShareRow
from webmail.views.page import Sides, read_folders
from webmail.views.reader.people import faces
from webmail.views.transfers.awaited import start_job

MOST_SHOWN = 200
SECONDS = 2.0
"""Seconds that a request may take; a job shares the rest of the folders inside."""


@require_http_methods(["GET", "POST"])
@login_required
def share(request: SignedInRequest, folder: str) -> HttpResponse:
    """Show the users of a folder and their rights; a POST changes them. There is no such page on
    servers without access lists, and for folders whose owners did not give the user that right."""
    form = ShareForm(request.POST or None)
    with session.imap(request) as imap:
        sides = read_folders(imap, folder)
        if sides.current is None or not sharing.is_offered(imap, sides.current):
            raise FolderNotFound(f"The folder {folder!r} cannot be shared.")
        shares = sharing.shares(imap, folder, request.user.login)
        job = _change(request, imap, folder, form) if form.is_valid() else None
    if not form.is_valid():
        return _page(request, sides, folder, shares, form)
    if job:
        request.session[TOAST] = start_job(request, job)
    return redirect("mail:folder_share", folder)


def _change(
    request: SignedInRequest, imap: Connection, folder: str, form: ShareForm
) -> MailJob | None:
    """Change the rights, for some seconds. Return the job that does the rest; None if nothing is
    left, and the toast says so. The form gets the reasons why nothing was done."""
    asked, deadline = form.cleaned_data, time.monotonic() + SECONDS
    names = sharing.with_inside(imap, folder) if asked["inside"] else (folder,)
    is_end = asked["verb"] == "end"
    identifiers = [asked["identifier"]] if is_end else _logins(request, form)
    if not identifiers:
        return None
    preset = "" if is_end else asked["preset"]
    at = SharingProgress(0, len(names))
    for step in sharing.change(imap, names, identifiers, preset, at):
        at = step
        if time.monotonic() > deadline:
            break
    if not at.is_over:
        return share_jobs.begin(request, names, identifiers, preset, at)
    rows = _rows(request, [Share(identifier) for identifier in identifiers])
    name = rows[0].name if len(rows) == 1 else ""
    message = words.done(len(rows), name, is_over=is_end)
    request.session[TOAST] = {"message": f"{message} {words.words_of_inside(at)}".strip()}
    return None


def _domain(request: SignedInRequest) -> MailDomain:
    assert request.user.mail_domain is not None  # noqa: S101  the mailbox is open
    return request.user.mail_domain


def _logins(request: SignedInRequest, form: ShareForm) -> list[str]:
    """Return the logins of the named people; none, and an error in the form, if one is not
    known."""
    host = _domain(request).imap_host
    logins = {address: mailboxes.login_of(address, host) for address in form.cleaned_data["people"]}
    strangers = [address for address, login in logins.items() if not login]
    if strangers:
        told = gettext("%(address)s has no mailbox on this mail server.")
        form.add_error("people", told % {"address": strangers[0]})
        return []
    own = request.user.login.casefold()
    others = [login for login in logins.values() if login.casefold() != own]
    if not others:
        form.add_error("people", gettext("The folder is yours already."))
    return others


def _rows(request: SignedInRequest, shares: list[Share]) -> list[ShareRow]:
    domain = _domain(request)
    logins = [share.identifier for share in shares if share.is_login]
    told = mailboxes.people(logins, domain.imap_host)
    addresses = {
        login: told.get(login, ("", ""))[1] or domain.own_address(login) for login in logins
    }
    known = faces(request.user, [Address("", address) for address in addresses.values()])
    names = {login: name for login, (name, _address) in told.items()}
    return words.rows(shares, addresses, names, known)


def _page(
    request: SignedInRequest,
    sides: Sides,
    folder: str,
    shares: tuple[Share, ...],
    form: ShareForm,
) -> HttpResponse:
    row = sides.shown.find(folder)
    label = row.label if row else folder
    rows = _rows(request, list(shares[:MOST_SHOWN]))
    context = {
        "folders": sides.shown,
        "current": folder,
        "label": label,
        "form": form,
        "rows": rows,
        "presets": [(name, *label) for name, label in words.LABELS.items()],
        "chosen": form["preset"].value() or "read",
        "has_inside": bool(row and row.children),
        "tell_url": _telling(rows, label),
        "back_url": reverse("mail:folder", args=[folder]),
        "toast": None if form.is_bound else request.session.pop(TOAST, None),
    }
    status = 422 if form.is_bound else 200
    return render_template(request, "webmail/folders/share.html", context, status=status)


def _telling(rows: list[ShareRow], label: str) -> str:
    """Redirect to the composer, with a message to the people who may use the folder."""
    people = [row.address or row.name for row in rows if row.is_person]
    if not people:
        return ""
    body = gettext(
        "Hello,\n\nI share my folder “%(folder)s” with you. You find it in the webmail below"
        " “Folders of other people”.\n"
    )
    asked = {
        "to": ", ".join(people),
        "subject": gettext("Shared folder: %(folder)s") % {"folder": label},
        "body": body % {"folder": label},
    }
    return f"{reverse('mail:compose')}?{urlencode(asked)}"
