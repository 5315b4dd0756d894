"""Searching messages, and people beside them."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.contrib import messages as toasts
from django.contrib.humanize.templatetags.humanize import intcomma
from django.core.cache import cache
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.shortcuts import render as render_template
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts import session, session_cache
from accounts.http import SignedInRequest, login_required
from addressbook.completion import search as completion
from addressbook.contacts import finding
from webmail.errors import FolderNotFound
from webmail.folding import fold
from webmail.forms.search import AdvancedSearchForm, ForgetForm, SaveForm, SearchForm
from webmail.htmx import TOAST, render, wants_partial
from webmail.imap.connection import Connection
from webmail.imap.values import Folder, MessageRef
from webmail.mailbox import folders, query, search
from webmail.mailbox.search import PATIENCE, SearchResult
from webmail.mailbox.summaries import MessageSummary
from webmail.middleware import in_place
from webmail.models import RecentSearch, SavedSearch
from webmail.presentation import lists, results
from webmail.presentation.nothing import nothing
from webmail.presentation.people import Faces
from webmail.presentation.results import Asked
from webmail.views import people
from webmail.views.page import Sides, known_tags, read_folders, shown_folders
from webmail.writing import identities

# Seconds after which a first answer is given, complete or not.
FIRST_ANSWER = 2.0
# Seconds for which what was found is shown again without asking the server.
FRESH = 5 * 60
MOST_PEOPLE = 4
MOST_SUGGESTED = 8
KIND = "search"  # in the session's cache
FIELD = "search"  # the id of the form at the top of the page


@require_GET
@login_required
def find(request: SignedInRequest) -> HttpResponse:
    """The page of results, or the search form; for the scrolling list, only the next rows."""
    if "words" in request.GET:
        return _written(request)
    form = SearchForm(request.GET)
    if not form.is_valid():
        return _too_long(request)
    asked = form.asked
    if "refine" in request.GET or (asked.wanted.is_empty and not asked.wanted.odd):
        return _ask(request, AdvancedSearchForm(initial=form.initial_of_advanced), asked)
    if request.htmx.trigger == FIELD:
        # Who presses Enter once more wants to know what has come since.
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
    """Suggestions for the text typed so far: recent searches and people."""
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
    """One of the recent searches is removed, or all."""
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
    """Keep a search by a name; back to what was found."""
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
    """All messages that this session found, to act on them. For htmx the words and fields for the
    bar of actions, else a page with the verbs."""
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


def searched(request: SignedInRequest, address: str) -> tuple[MessageRef, ...]:
    """`found_before` of a search by what stands behind the ``?`` of its address."""
    form = SearchForm(QueryDict(address))
    return found_before(request, form.asked) if form.is_valid() else ()


def found_before(request: SignedInRequest, asked: Asked) -> tuple[MessageRef, ...]:
    """The messages that this session found by the same words, those listed; none when that is kept
    no longer: then nothing is done, rather than something to others."""
    kept = _kept(request, asked, any_age=True)
    return tuple(hit.ref for hit in kept.hits) if kept else ()


def results_context(
    request: SignedInRequest, asked: Asked, opened: MessageRef | None = None
) -> dict[str, Any]:
    """The context of the list of results. ``opened`` is the message that is open beside it.

    Results that the session already has are shown again; otherwise the search runs, for two
    seconds at most.
    """
    kept = None if asked.is_anew else _kept(request, asked, any_age=opened is not None)
    is_part = kept is None and asked.place is not None
    with session.imap(request) as imap:
        known = folders.list_folders(imap) if _needs_folders(request, asked) else ()
        names = _names(known, asked)
        if kept is not None and (asked.place is None or kept.place != asked.place):
            result = kept
        else:
            result = _search(request, imap, names, asked, kept)
        if not result.is_line_over:
            return _context(request, imap, asked, result, known, names, opened, is_part)
    with session.imap(request) as imap:
        return _context(request, imap, asked, result, known, names, opened, is_part)


def beside_results(asked: Asked) -> dict[str, Any]:
    """The context of a message that is opened beside the list of results."""
    label = gettext("Results")
    return {
        "folder_label": label,
        "page": {"url": asked.url, "label": label},
        "act_url": reverse("mail:act", args=[asked.base]),
    }


def _search(
    request: SignedInRequest,
    imap: Connection,
    names: Sequence[str],
    asked: Asked,
    kept: SearchResult | None,
) -> SearchResult:
    place = asked.place
    more = search.go_on(
        imap,
        names,
        _of_person(request, asked.wanted),
        keywords=_keywords(request, asked),
        place=place,
        is_over=_clock(request),
        patience=PATIENCE,
    )
    result = kept.with_more(more) if kept else more
    moment = timezone.now().timestamp()
    session_cache.put(request, KIND, _name(asked), {"when": moment, **result.packed()})
    if place is None and not request.session.get("shared_computer"):
        RecentSearch.objects.note(request.user, asked.text)
    return result


def _of_person(request: SignedInRequest, wanted: query.Query) -> query.Query:
    if not query.is_own(wanted):
        return wanted
    return query.of_person(wanted, (identity.address for identity in identities.of(request.user)))


def _clock(request: SignedInRequest) -> Callable[[], bool]:
    """Says when it is time to answer: after two seconds, or when the same person has begun another
    search, since nobody waits for this one any more.
    """
    deadline = time.monotonic() + FIRST_ANSWER
    key, mine = f"searching:{request.session.session_key}", secrets.token_hex(4)
    cache.set(key, mine, 60)
    return lambda: time.monotonic() > deadline or cache.get(key, mine) != mine


def _needs_folders(request: SignedInRequest, asked: Asked) -> bool:
    """Not for a list beside which the folders stand already, when one of them is searched."""
    in_one = asked.reach == search.HERE and asked.folder
    by_name = asked.wanted.folders or asked.wanted.not_folders
    return not (wants_partial(request) and in_one and not by_name)


def _names(known: Sequence[Folder], asked: Asked) -> tuple[str, ...]:
    if not known:
        return (asked.folder,)
    if asked.folder and not any(folder.name == asked.folder for folder in known):
        raise FolderNotFound(f"There is no folder {asked.folder!r}.")
    return search.scope(known, asked.wanted, asked.reach, asked.folder)


def _keywords(request: SignedInRequest, asked: Asked) -> Mapping[str, str]:
    """The keywords of the user's tags, by their folded names; none where no tag is asked for."""
    known = known_tags(request) if asked.wanted.tags else ()
    return {fold(chip.name): chip.keyword for chip in known}


def _kept(request: SignedInRequest, asked: Asked, *, any_age: bool) -> SearchResult | None:
    packed = session_cache.get(request, KIND, _name(asked))
    if packed is None:
        return None
    age = timezone.now().timestamp() - packed["when"]
    is_later_page = asked.number > 1 or asked.place is not None
    return SearchResult.unpacked(packed) if any_age or is_later_page or age < FRESH else None


def _name(asked: Asked) -> str:
    return json.dumps([asked.text, asked.reach, asked.folder])


def _context(
    request: SignedInRequest,
    imap: Connection,
    asked: Asked,
    result: SearchResult,
    known: Sequence[Folder],
    names: Sequence[str],
    opened: MessageRef | None,
    is_part: bool,
) -> dict[str, Any]:
    size = int(request.preferences.page_size)
    result = _sorted(request, imap, asked, result)
    hits = result.hits[(asked.number - 1) * size : asked.number * size]
    rows = search.rows(imap, hits)
    current = opened.folder if opened else asked.folder if asked.reach != search.ALL else ""
    shown = shown_folders(imap, known, current)
    labels = {name: row.label for name in {*names, asked.folder} if (row := shown.find(name))}
    own = frozenset(folder.name for folder in known if lists.is_own_mail(folder.special_use))
    page = results.results(
        asked,
        result,
        rows,
        names=names,
        labels=labels,
        own=own,
        has_inside=any(search.is_below(folder, asked.folder) for folder in known),
        size=size,
        shown=len(hits),
        is_part=is_part,
        full_dates=request.preferences.dates == "full",
        current=opened,
        faces=_faces(request, rows, own),
    )
    by_name = {folder.name: folder for folder in known}
    only = names[0] if len(names) == 1 else ""
    return {
        "folders": shown if known else None,
        "current": current,
        "here": Sides(shown, by_name.get(opened.folder if opened else only)).own_verb,
        "page": replace(page, groups=lists.tagged(page.groups, known_tags(request))),
        "nothing": None if page.total else nothing(asked, names, labels),
        "search": asked,
        "people": _people(request, asked) if asked.number == 1 else (),
        "act_url": reverse("mail:act", args=[asked.base]),
        "snippets_url": _snippets_url(asked),
        "folder_label": gettext("Results"),
        "save_name": asked.text[: results.LONGEST_NAME],
    }


def _faces(request: SignedInRequest, rows: Sequence[MessageSummary], own: Collection[str]) -> Faces:
    """The people that the rows name; in the folders ``own``, those who got the user's messages."""
    named = (
        person for row in rows for person in lists.people_of(row, own_mail=row.ref.folder in own)
    )
    return people.faces(request.user, named)


def _sorted(
    request: SignedInRequest, imap: Connection, asked: Asked, result: SearchResult
) -> SearchResult:
    """The results in the order that is asked for; by fields of messages only where these are few
    enough."""
    hits = result.hits
    if asked.sort == "old":
        hits = hits[::-1]
    elif asked.sort and len(hits) <= search.MOST_SORTED:
        rows = search.in_order(search.rows(imap, hits), asked.sort)
        by_ref = {hit.ref: hit for hit in hits}
        hits = tuple(by_ref[row.ref] for row in rows)
    return replace(result, hits=hits)


def _snippets_url(asked: Asked) -> str:
    """The address of the passages with the words that are searched for."""
    url = reverse("mail:snippets", args=[asked.base])
    words = urlencode([("words", text) for text in asked.wanted.marks])
    return f"{url}?{words}" if words else url


def _people(request: SignedInRequest, asked: Asked) -> tuple[results.SearchedPerson, ...]:
    """Contacts with the words that were looked for."""
    words = asked.wanted.words
    contacts = finding.matching(request.user, words)[:MOST_PEOPLE] if words else ()
    return tuple(
        results.SearchedPerson(str(contact), reverse("addressbook:contact", args=[contact.pk]))
        for contact in contacts
    )


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
    """The form, as the line of text that asks for the same."""
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
    """The page with the form, what was searched for lately, and how to write it in one line."""
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
