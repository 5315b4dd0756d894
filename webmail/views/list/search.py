"""Searching messages, and people beside them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django.contrib import messages as toasts
from django.contrib.humanize.templatetags.humanize import intcomma
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session
from accounts.http import SignedInRequest, login_required
from addressbook.completion import search as completion
from core.htmx import TOAST, render, wants_partial
from mail.folding import fold
from mail.mailbox import query
from webmail.forms.search import AdvancedSearchForm, ForgetForm, SaveForm, SearchForm
from webmail.middleware import in_place
from webmail.models import RecentSearch, SavedSearch
from webmail.presentation import results
from webmail.presentation.results import Asked
from webmail.views.list.results import found_before, results_context
from webmail.views.page import read_folders

MOST_SUGGESTED = 8
FIELD = "search"  # the id of the form at the top of the page


@require_GET
@login_required
def find(request: SignedInRequest) -> HttpResponse:
    """Show the results or the search form. The scrolling list gets the next rows alone."""
    if "words" in request.GET:
        return _written(request)
    form = SearchForm(request.GET)
    if not form.is_valid():
        return _too_long(request)
    asked = form.asked
    if "refine" in request.GET or (asked.wanted.is_empty and not asked.wanted.odd):
        return _ask(request, AdvancedSearchForm(initial=form.initial_of_advanced), asked)
    if request.htmx.trigger == FIELD:
        # A user who presses Enter again wants the messages that came since.
        asked = replace(asked, is_anew=True)
    context = results_context(request, asked)
    if not wants_partial(request):
        context["toast"] = request.session.pop(TOAST, None)
    scrolling = request.htmx.target == "more"
    partial = "webmail/list/_message_rows.html" if scrolling else ""
    return render(request, "webmail/search/search.html", context, partial=partial)


@require_GET
@login_required
def suggestions(request: SignedInRequest) -> HttpResponse:
    """Suggest recent searches and people for the text typed so far."""
    typed = query.readable(request.GET.get("q", "")).lstrip()
    recent = [text for text in _recent(request) if text.startswith(typed) and text != typed]
    before, name, value = query.last_piece(typed)
    people = [
        {"text": f"{before}{name or 'de:'}{person.address}", "name": person.name or person.address}
        for person in completion.complete(request.user, value)
        if person.address  # of a group nobody searches
    ]
    folded = fold(typed.strip())
    context = {
        "saved": [saved for saved in _saved(request) if fold(saved.name).startswith(folded)],
        "recent": recent[:MOST_SUGGESTED],
        "people": people[: max(0, MOST_SUGGESTED - len(recent))],
    }
    return render_template(request, "webmail/search/_search_suggestions.html", context)


@require_POST
@login_required
def forget(request: SignedInRequest) -> HttpResponse:
    """Remove one of the recent searches, or all."""
    form = ForgetForm(request.POST)
    if form.is_valid():
        gone = RecentSearch.objects.of(request.user)
        if text := form.cleaned_data["text"]:
            gone = gone.filter(text=text)
        gone.delete()
    return HttpResponse(status=204) if in_place(request) else redirect("mail:search")


@require_POST
@login_required
def save(request: SignedInRequest) -> HttpResponse:
    """Save a search under a name, and show its results again."""
    form = SaveForm(request.POST)
    if not form.is_valid():
        toasts.warning(request, gettext("Nothing was saved: give the search a name."))
        return redirect("mail:search")
    asked, name = form.asked, form.cleaned_data["name"]
    if SavedSearch.objects.keep(
        request.user, name, text=asked.text, reach=asked.reach, folder=asked.folder
    ):
        words = gettext("The search “%(name)s” is saved.") % {"name": name}
        request.session[TOAST] = {"message": words, "undo": None}
    else:
        words = gettext("Nothing was saved: you have %(number)d saved searches. Remove one first.")
        toasts.warning(request, words % {"number": SavedSearch.MOST})
    return redirect(asked.url)


@require_POST
@login_required
def unsave(request: SignedInRequest, pk: int) -> HttpResponse:
    """Remove a saved search."""
    get_object_or_404(SavedSearch.objects.of(request.user), pk=pk).delete()
    return redirect("mail:search")


@require_GET
@login_required
def selection(request: SignedInRequest) -> HttpResponse:
    """Select all messages that this session found. For htmx, answer with the words and fields of
    the bar of actions; otherwise with a page of verbs."""
    form = SearchForm(request.GET)
    if not form.is_valid():
        return _too_long(request)
    asked = form.asked
    context: dict[str, Any] = {
        "count": len(found_before(request, asked)),
        "fields": [("all", "1"), ("found", asked.query), ("next", asked.url)],
        "current": asked.base,
        "act_url": reverse("mail:act", args=[asked.base]),
        "label": gettext("Results"),
    }
    if wants_partial(request):
        return render_template(request, "webmail/list/_selection.html", context)
    with session.imap(request) as imap:
        context["folders"] = read_folders(imap, "").shown
    return render_template(request, "webmail/list/selection.html", context)


def _recent(request: SignedInRequest) -> list[str]:
    if request.session.get("shared_computer"):
        return []
    return list(RecentSearch.objects.of(request.user).values_list("text", flat=True))


def _saved(request: SignedInRequest) -> list[results.Saved]:
    return [
        results.Saved(row.pk, row.name, row.text, row.reach, row.folder)
        for row in SavedSearch.objects.of(request.user)
    ]


def _written(request: SignedInRequest) -> HttpResponse:
    """Redirect from the form to the same search as one line of text."""
    form = AdvancedSearchForm(request.GET)
    if not form.is_valid():
        return _ask(request, form, None, status=422)
    text = query.written(form.asked)
    if len(text) > query.MOST_CHARACTERS:
        return _too_long(request)
    wanted = query.parse(text, timezone.localdate())
    asked = Asked(text, wanted, form.cleaned_data["in"], form.cleaned_data["folder"])
    return redirect(asked.url if text else "mail:search")


def _too_long(request: SignedInRequest) -> HttpResponse:
    title = gettext("This is too long to be searched for.")
    most = intcomma(query.MOST_CHARACTERS)
    text = gettext("Give at most %(number)s characters.") % {"number": most}
    notice = {"level": "warn", "title": title, "text": text}
    if wants_partial(request):
        return render_template(request, "webmail/_notice.html", notice, status=422)
    return _ask(request, AdvancedSearchForm(), None, status=422, notice=notice)


def _ask(
    request: SignedInRequest,
    form: AdvancedSearchForm,
    asked: Asked | None,
    *,
    status: int = 200,
    notice: dict[str, str] | None = None,
) -> HttpResponse:
    """Show the search form, recent searches, and the syntax of a search in one line."""
    if wants_partial(request):
        response = HttpResponse()
        response["HX-Redirect"] = request.get_full_path()
        return response
    with session.imap(request) as imap:
        shown = read_folders(imap, "").shown
    folder = form["folder"].value() or ""
    row = shown.find(str(folder))
    context = {
        "folders": shown,
        "current": "",
        "form": form,
        "search": asked,
        "folder_label": row.label if row else "",
        "saved": _saved(request),
        "recent": _recent(request),
        "begins": "refine" not in request.GET and status == 200,
        "notice": notice,
    }
    return render_template(request, "webmail/search/search_form.html", context, status=status)
