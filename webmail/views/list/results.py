"""The results of a search as several pages show them, and as actions on them find them again."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.core.cache import cache
from django.http import QueryDict
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext

from accounts import session
from accounts.http import SignedInRequest
from accounts.sealed import cache as session_cache
from addressbook.contacts import finding
from core import clock
from core.htmx import wants_partial
from mail.errors import FolderNotFound
from mail.folding import fold
from mail.imap.connection import Connection
from mail.imap.values import Folder, MessageRef
from mail.mailbox import folders, query, search
from mail.mailbox.search import PATIENCE, SearchResult
from mail.mailbox.summaries import MessageSummary
from webmail.forms.search import SearchForm
from webmail.models import RecentSearch
from webmail.presentation import lists, results
from webmail.presentation.nothing import nothing_found
from webmail.presentation.people import Faces
from webmail.presentation.results import Asked
from webmail.views.page import Sides, known_tags, shown_folders
from webmail.views.reader import people
from webmail.writing import identities

# Seconds after which a first answer is given, complete or not.
FIRST_ANSWER = 2.0
# Seconds for which what was found is shown again without asking the server.
FRESH = 5 * 60
MOST_PEOPLE = 4
KIND = "search"  # in the session's cache


def searched(request: SignedInRequest, address: str) -> tuple[MessageRef, ...]:
    """Return `found_before` of the search that a query string describes."""
    form = SearchForm(QueryDict(address))
    return found_before(request, form.asked) if form.is_valid() else ()


def found_before(request: SignedInRequest, asked: Asked) -> tuple[MessageRef, ...]:
    """Return the listed messages that this session found by the same words. If the result is no
    longer kept, return none: an action must not fall on other messages."""
    kept = _kept(request, asked, any_age=True)
    return tuple(hit.ref for hit in kept.hits) if kept else ()


def results_context(
    request: SignedInRequest, asked: Asked, opened: MessageRef | None = None
) -> dict[str, Any]:
    """Return the context of the list of results. ``opened`` is the message that is open beside it.

    Results that the session has are shown again; otherwise the search runs, for two seconds at
    most.
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
    """Return the context of a message that is opened beside the list of results."""
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
    moment = clock.now().timestamp()
    session_cache.put(request, KIND, _name(asked), {"when": moment, **result.packed()})
    if place is None and not request.session.get("shared_computer"):
        RecentSearch.objects.note(request.user, asked.text)
    return result


def _of_person(request: SignedInRequest, wanted: query.Query) -> query.Query:
    if not query.is_own(wanted):
        return wanted
    return query.of_person(wanted, (identity.address for identity in identities.of(request.user)))


def _clock(request: SignedInRequest) -> Callable[[], bool]:
    """Return a function that tells when to answer: after two seconds, or when the same user has
    begun another search, since this one is no longer awaited."""
    deadline = time.monotonic() + FIRST_ANSWER
    session_name = request.session.digest  # type: ignore[attr-defined]  # of our stores
    key, mine = f"searching:{session_name}", secrets.token_hex(4)
    cache.set(key, mine, 60)
    return lambda: time.monotonic() > deadline or cache.get(key, mine) != mine


def _needs_folders(request: SignedInRequest, asked: Asked) -> bool:
    """Return whether the folders must be listed. A list whose page has them already, of a search in
    one folder, needs none."""
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
    """Return the keywords of the user's tags, by their folded names; none if the search asks for no
    tag."""
    known = known_tags(request) if asked.wanted.tags else ()
    return {fold(chip.name): chip.keyword for chip in known}


def _kept(request: SignedInRequest, asked: Asked, *, any_age: bool) -> SearchResult | None:
    packed = session_cache.get(request, KIND, _name(asked))
    if packed is None:
        return None
    age = clock.now().timestamp() - packed["when"]
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
        "nothing": None if page.total else nothing_found(asked, names, labels),
        "search": asked,
        "people": _people(request, asked) if asked.number == 1 else (),
        "act_url": reverse("mail:act", args=[asked.base]),
        "snippets_url": _snippets_url(asked),
        "folder_label": gettext("Results"),
        "save_name": asked.text[: results.LONGEST_NAME],
    }


def _faces(request: SignedInRequest, rows: Sequence[MessageSummary], own: Collection[str]) -> Faces:
    """Return the faces of the people that the rows name. In the folders ``own`` these are the
    recipients of the user's messages."""
    named = (
        person for row in rows for person in lists.people_of(row, own_mail=row.ref.folder in own)
    )
    return people.faces(request.user, named)


def _sorted(
    request: SignedInRequest, imap: Connection, asked: Asked, result: SearchResult
) -> SearchResult:
    """Return the results in the requested order; by fields of messages only if the results are few
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
    """Return the URL of the snippets, with the words of the search."""
    url = reverse("mail:snippets", args=[asked.base])
    words = urlencode([("words", text) for text in asked.wanted.marks])
    return f"{url}?{words}" if words else url


def _people(request: SignedInRequest, asked: Asked) -> tuple[results.SearchedPerson, ...]:
    """Return contacts that contain the words of the search."""
    words = asked.wanted.words
    contacts = finding.matching(request.user, words)[:MOST_PEOPLE] if words else ()
    return tuple(
        results.SearchedPerson(str(contact), reverse("addressbook:contact", args=[contact.pk]))
        for contact in contacts
    )
