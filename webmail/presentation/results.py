"""The results of a search, as its page shows them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby

from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext, pgettext_lazy

from core.converters import MessageConverter
from core.dates import Now, day_label
from mail.imap.values import MessageRef
from mail.mailbox import rephrasing
from mail.mailbox.query import MOST_CHARACTERS, HasState, Query, WithAttachment
from mail.mailbox.search import (
    ALL,
    BELOW,
    FOUND_SORTS,
    HERE,
    MOST_SORTED,
    SearchPlace,
    SearchResult,
)
from mail.mailbox.summaries import MessageSummary
from webmail.presentation.links import message_url, ref_name
from webmail.presentation.lists import COLUMNS, Column, MessageRow, Steps, message_row
from webmail.presentation.marks import Marks
from webmail.presentation.people import Faces

LONGEST_NAME = 60
"""The most characters of the name of a saved search."""
_SORTED = {
    "": pgettext_lazy("sort by", "Newest first"),
    "old": pgettext_lazy("sort by", "Oldest first"),
    "from": pgettext_lazy("sort by", "Sender"),
    "subject": pgettext_lazy("sort by", "Subject"),
    "size": pgettext_lazy("sort by", "Largest first"),
}
_NARROWED = (
    (pgettext_lazy("filter", "Unread"), HasState("UNSEEN")),
    (pgettext_lazy("filter", "Flagged"), HasState("FLAGGED")),
    (pgettext_lazy("filter", "With attachment"), WithAttachment()),
)


@dataclass(frozen=True)
class Asked:
    """A search as its URL describes it. ``number`` is the page, from 1; ``place`` is where the
    search continues; ``is_anew`` ignores results that are known already; ``sort`` is one of
    `FOUND_SORTS`."""

    text: str
    wanted: Query
    reach: str = ALL
    folder: str = ""
    number: int = 1
    place: SearchPlace | None = None
    is_anew: bool = False
    sort: str = ""

    @property
    def base(self) -> str:
        """The folder in the URL of forms about the results; the forms name the other folders
        themselves."""
        is_one = self.reach == HERE and self.folder and not self.wanted.folders
        return self.folder if is_one else "INBOX"

    @cached_property
    def query(self) -> str:
        """The query string of every URL that belongs to the search."""
        pairs = {"q": self.text, "in": self.reach, "folder": self.folder, "sort": self.sort}
        return urlencode({name: value for name, value in pairs.items() if value})

    @cached_property
    def url(self) -> str:
        return f"{reverse('mail:search')}?{self.query}"

    def continued(self, place: SearchPlace) -> str:
        """Return the URL that continues the search from a place."""
        more: dict[str, str | int] = {"at": place.folder}
        if place.span:
            more["span"] = place.span
        if place.below:
            more["below"] = MessageConverter().to_url((place.uidvalidity, place.below))
        return f"{self.url}&{urlencode(more)}"

    def of_message(self, ref: MessageRef) -> str:
        """Return the URL of a message, with the results beside it."""
        return f"{message_url(ref)}?{self.query}"


@dataclass(frozen=True)
class Saved:
    """A saved search, with its name."""

    pk: int
    name: str
    text: str
    reach: str
    folder: str

    @property
    def url(self) -> str:
        return Asked(self.text, Query(), self.reach, self.folder).url


@dataclass(frozen=True)
class SearchedPerson:
    """A contact beside the messages, with the URL of its page."""

    name: str
    url: str


@dataclass(frozen=True)
class Reach:
    """A choice of where to search, of a narrower search, or of an order."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Results:
    """A page of the messages found; ``groups`` are as in a folder's list. ``total`` counts the
    messages found so far, ``listed`` those that can be shown, and ``gone`` the rows of this page
    whose messages are not there any more. ``rest`` counts the folders that are not searched yet;
    ``rest_in`` is the one that was searched in part. ``size`` is the number of messages a page;
    ``from_opened`` leads from the open message to its neighbours.
    """

    text: str
    label: str
    url: str
    number: int
    total: int
    listed: int
    gone: int
    next_url: str
    continue_url: str
    goes_on_by_itself: bool
    rest: int
    rest_in: str
    is_part: bool
    select_url: str
    reaches: tuple[Reach, ...]
    narrowings: tuple[Reach, ...]
    sorts: tuple[Reach, ...]
    columns: tuple[Column, ...]
    odd: tuple[str, ...]
    was_cut: bool
    slow: tuple[str, ...]
    refused: tuple[str, ...]
    was_lost: bool
    without_accents: bool
    groups: tuple[tuple[str, tuple[MessageRow, ...]], ...] = ()
    unseen: int = 0
    size: int = 0
    from_opened: Steps | None = None

    @property
    def below(self) -> int:
        """The number of rows below this page, as far as it is known."""
        return max(0, self.listed - self.number * self.size)

    def steps(self, ref: str) -> Steps | None:
        """Return the steps from the message that is open beside the results; None if it is not
        among them."""
        return self.from_opened


def reaches(asked: Asked, label: str, *, has_inside: bool) -> tuple[Reach, ...]:
    """Return the places in which the same words can be searched for. ``label`` is that of the
    folder that the user came from; without it, or if the words name a folder, there is no choice.
    ``has_inside``: the folder has folders inside."""
    if not asked.folder or asked.wanted.folders:
        return ()
    choices = [
        (ALL, gettext("Everywhere")),
        (HERE, gettext("In “%(folder)s”") % {"folder": label}),
    ]
    if has_inside or asked.reach == BELOW:
        choices.append((BELOW, gettext("And the folders inside it")))
    return tuple(
        Reach(words, replace(asked, reach=reach, number=1, place=None).url, reach == asked.reach)
        for reach, words in choices
    )


def narrowings(asked: Asked) -> tuple[Reach, ...]:
    """Return narrower searches; one that is in force is a link back."""
    terms = rephrasing.parts(asked.wanted.term)
    choices = []
    for words, term in _NARROWED:
        text = f"{asked.text} {rephrasing.piece(term)}"
        if term in terms:
            text = rephrasing.line(asked.wanted, [other for other in terms if other != term])
        if len(text) <= MOST_CHARACTERS:
            url = replace(asked, text=text, number=1, place=None).url
            choices.append(Reach(str(words), url, term in terms))
    return tuple(choices)


def sorts(asked: Asked, count: int) -> tuple[Reach, ...]:
    """Return the orders in which this number of results can be shown."""
    names = FOUND_SORTS if count <= MOST_SORTED else FOUND_SORTS[:2]
    current = asked.sort if asked.sort in names else ""
    return tuple(
        Reach(
            str(_SORTED[name]),
            replace(asked, sort=name, number=1, place=None).url,
            name == current,
        )
        for name in names
    )


# The orders that the heads of columns ask for, and their directions, by the names of columns.
_ORDERED = {
    "from": {"from": "ascending"},
    "subject": {"subject": "ascending"},
    "size": {"size": "descending"},
    "arrival": {"": "descending", "old": "ascending"},
}


def columns(asked: Asked, orders: Sequence[Reach]) -> tuple[Column, ...]:
    """Return the heads of the columns of what was found, in the orders of `sorts`: that of the date
    goes both ways, any other leads back to the newest first."""
    urls = dict(zip(FOUND_SORTS, (reach.url for reach in orders), strict=False))
    current = asked.sort if asked.sort in urls else ""
    heads = []
    for name, ways in _ORDERED.items():
        order = ways.get(current, "")
        follows = next((sort for sort in ways if sort != current), "")
        heads.append(Column(name, str(COLUMNS[name]), urls.get(follows, ""), order))
    return tuple(heads)


def results(
    asked: Asked,
    result: SearchResult,
    rows: Sequence[MessageSummary],
    *,
    names: Sequence[str],
    labels: Mapping[str, str],
    own: Iterable[str],
    has_inside: bool,
    size: int,
    shown: int,
    is_part: bool,
    full_dates: bool,
    current: MessageRef | None,
    faces: Faces,
) -> Results:
    """Return a page of results.

    ``names`` are the folders that are searched, ``labels`` the words for them, and ``own`` those
    that hold the user's own messages. ``has_inside`` says that there are folders in the one that
    the user comes from. ``size`` is the number of messages a page, and ``shown`` the number that
    this page was to have.
    """
    marks = Marks(asked.wanted.marks)
    own, now = frozenset(own), Now.of_page()
    lines = [
        _row(asked, summary, marks, labels, names, own, full_dates, current, faces, now)
        for summary in rows
    ]
    orders = sorts(asked, len(result.hits))
    has_more = asked.number * size < len(result.hits)
    place = result.place
    rest, rest_in = _rest(place, names) if place else (0, "")
    return Results(
        text=asked.text,
        label=gettext("Search: %(text)s") % {"text": asked.text},
        url=asked.url,
        number=asked.number,
        total=result.count,
        listed=len(result.hits),
        gone=shown - len(rows),
        next_url=f"{asked.url}&page={asked.number + 1}" if has_more else "",
        continue_url=asked.continued(place) if place and not has_more else "",
        goes_on_by_itself=not result.hits and not result.is_line_over,
        rest=rest,
        rest_in=labels.get(rest_in, rest_in),
        is_part=is_part,
        select_url=f"{reverse('mail:search_selection')}?{asked.query}",
        narrowings=narrowings(asked),
        sorts=orders,
        columns=columns(asked, orders),
        reaches=reaches(asked, labels.get(asked.folder, asked.folder), has_inside=has_inside),
        odd=asked.wanted.odd,
        was_cut=asked.wanted.was_cut,
        slow=tuple(labels.get(name, name) for name in result.slow),
        refused=tuple(labels.get(name, name) for name in result.refused),
        was_lost=result.was_lost,
        without_accents=result.without_accents,
        groups=_grouped(lines, asked.sort),
        size=size,
        from_opened=_steps(asked, result, current) if current else None,
    )


def _rest(place: SearchPlace, names: Sequence[str]) -> tuple[int, str]:
    """Return the number of folders that are not searched yet, and the one that was searched in
    part; "" for none."""
    rest = len(names) - names.index(place.folder) if place.folder in names else 0
    return (rest - 1, place.folder) if place.below else (rest, "")


def _grouped(
    lines: Sequence[MessageRow], sort: str
) -> tuple[tuple[str, tuple[MessageRow, ...]], ...]:
    """Return the rows under their days if they are in the order of their dates."""
    if sort not in FOUND_SORTS[:2]:
        return (("", tuple(lines)),) if lines else ()
    days = groupby(lines, key=lambda line: day_label(line.day))
    return tuple((day, tuple(group)) for day, group in days)


def _steps(asked: Asked, result: SearchResult, current: MessageRef) -> Steps | None:
    refs = [hit.ref for hit in result.hits]
    if current not in refs:
        return None
    index = refs.index(current)
    above, below = refs[max(0, index - 1) : index], refs[index + 1 : index + 2]
    return Steps(
        previous_url=asked.of_message(above[0]) if above else "",
        next_url=asked.of_message(below[0]) if below else "",
        place=index + 1,
        total=len(refs),
    )


def _row(
    asked: Asked,
    summary: MessageSummary,
    marks: Marks,
    labels: Mapping[str, str],
    names: Sequence[str],
    own: frozenset[str],
    full_dates: bool,
    current: MessageRef | None,
    faces: Faces,
    now: Now,
) -> MessageRow:
    folder = summary.ref.folder
    row = message_row(
        summary,
        own_mail=folder in own,
        full_dates=full_dates,
        current=current,
        faces=faces,
        now=now,
    )
    return replace(
        row,
        ref=ref_name(summary.ref, asked.base),
        url=asked.of_message(summary.ref),
        sender=marks.in_text(row.sender),
        subject=marks.in_text(row.subject),
        folder=labels.get(folder, folder) if len(names) > 1 else "",
    )
