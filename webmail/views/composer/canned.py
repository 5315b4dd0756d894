"""Canned texts: their pages, and their list in the composer's menu."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages as toasts
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_http_methods

from accounts import session
from accounts.http import SignedInRequest, login_required
from mail.mime import composed
from webmail.middleware import in_place
from webmail.models import CannedAnswer
from webmail.views.page import read_folders
from webmail.writing import canned
from webmail.writing.canned import CannedForm

_BEGINNING = 160


@dataclass(frozen=True, slots=True)
class ShownCannedText:
    """A canned text as templates show it: its beginning, and the HTML for a message."""

    pk: int
    name: str
    beginning: str
    html: SafeString


def _shown(answer: CannedAnswer) -> ShownCannedText:
    text = " ".join(composed.to_text(answer.html).split())
    short = text if len(text) <= _BEGINNING else text[:_BEGINNING].rstrip() + "…"
    # It was sanitised before; an older version of the sanitiser may have let something pass.
    html = mark_safe(composed.clean(answer.html))  # noqa: S308
    return ShownCannedText(answer.pk, answer.name, short, html)


@require_http_methods(["GET", "POST"])
@login_required
def answers(request: SignedInRequest) -> HttpResponse:
    """Show all canned texts by name; a POST adds one."""
    form = CannedForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid() and form.save():
        toasts.success(request, gettext("Canned answer saved."))
        return redirect("mail:canned")
    return _page(request, form)


@require_http_methods(["GET", "POST"])
@login_required
def answer(request: SignedInRequest, pk: int) -> HttpResponse:
    """Show the form of a canned text; a POST changes it."""
    kept = canned.find(request.user, pk)
    form = CannedForm(request.POST or None, user=request.user, kept=kept)
    if request.method == "POST" and form.is_valid() and form.save():
        toasts.success(request, gettext("Canned answer saved."))
        return redirect("mail:canned")
    return _page(request, form, kept)


@require_http_methods(["GET", "POST"])
@login_required
def remove(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a canned text after a confirmation."""
    kept = canned.find(request.user, pk)
    if request.method == "POST":
        kept.delete()
        toasts.success(request, gettext("Canned answer deleted."))
        return redirect("mail:canned")
    context = {"answer": _shown(kept), "folders": _folders(request)}
    return render_template(request, "webmail/preferences/canned_remove.html", context)


@require_http_methods(["GET", "POST"])
@login_required
@cache_control(private=True, no_store=True)
def menu(request: SignedInRequest) -> HttpResponse:
    """Return the canned texts for the composer's menu. A POST keeps the message being written as a
    canned text."""
    if not in_place(request):
        return redirect("mail:canned")
    form = CannedForm(request.POST or None, user=request.user)
    is_kept = request.method == "POST" and form.is_valid() and form.save()
    context = {
        "answers": [_shown(answer) for answer in canned.of(request.user)],
        "form": form,
        "is_kept": is_kept,
    }
    status = 422 if form.errors else 200
    return render_template(request, "webmail/compose/_canned_menu.html", context, status=status)


def _page(
    request: SignedInRequest, form: CannedForm, changed: CannedAnswer | None = None
) -> HttpResponse:
    context = {
        "form": form,
        "changed": changed,
        "answers": [_shown(answer) for answer in canned.of(request.user)],
        "most": CannedAnswer.MOST,
        "folders": _folders(request),
    }
    status = 422 if form.errors else 200
    return render_template(request, "webmail/preferences/canned.html", context, status=status)


def _folders(request: SignedInRequest) -> object:
    with session.imap(request) as imap:
        return read_folders(imap, "").shown
