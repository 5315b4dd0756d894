"""The message list: rows, orders, filters, and pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from itertools import groupby

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import get_script_prefix
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy

from core.dates import Now, day_label, month_name, when
from mail.imap.values import (
    ADVERT,
    ANSWERED,
    DELETED,
    DRAFT,
    FLAGGED,
    FORWARDED,
    JUNK,
    SEEN,
    FetchedMessage,
    MessageRef,
)
from mail.mailbox import folders, ordering, threads
from mail.mailbox.listing import ListPage, has_months
from mail.mailbox.ordering import FILTERS, SORTS, View
from mail.mailbox.summaries import MessageSummary, summary
from mail.mailbox.threads import Conversation
from mail.mime.addresses import Address
from webmail.presentation.links import folder_address, message_url, ref_segment
from webmail.presentation.people import Faces, called, face_of, named
from webmail.presentation.tags import Chip, chips
from webmail.presentation.words import names_of, size, subject_of

_SORTED = {
    "arrival": pgettext_lazy("sort by", "Date"),
    "date": pgettext_lazy("sort by", "Date written"),
    "from": pgettext_lazy("sort by", "Sender"),
    "to": pgettext_lazy("sort by", "Recipient"),
    "subject": pgettext_lazy("sort by", "Subject"),
    "size": pgettext_lazy("sort by", "Size"),
    "flagged": pgettext_lazy("sort by", "Flagged first"),
    "unread": pgettext_lazy("sort by", "Unread first"),
}
_FILTERED = {
    "": pgettext_lazy("filter", "All messages"),
    "unread": pgettext_lazy("filter", "Unread"),
    "flagged": pgettext_lazy("filter", "Flagged"),
    "attachment": pgettext_lazy("filter", "With attachment"),
    "contacts": pgettext_lazy("filter", "From my contacts"),
}


@dataclass(frozen=True)
class MessageRow:
    """A row of the message list. The row of a conversation shows its newest message: ``count`` is
    the number of its messages, ``shown`` the name of the newest one, ``members`` are the listed
    ones, oldest first. For a single message these are 0 and empty."""

    ref: str
    uid: int
    url: str
    sender: str
    photo_url: str
    subject: str
    when: str
    when_iso: str
    size: str
    day: date | None
    unread: bool
    flagged: bool
    answered: bool
    forwarded: bool
    draft: bool
    attachment: bool
    selected: bool
    invitation: bool = False
    urgent: bool = False
    advert: bool = False
    junk: bool = False
    folder: str = ""
    flags: frozenset[str] = frozenset()
    tags: tuple[Chip, ...] = ()
    count: int = 0
    shown: str = ""
    members: tuple[MessageRow, ...] = ()


@dataclass(frozen=True)
class Steps:
    """The links from an open message to the previous and the next one of its list, "" if there is
    none; ``place`` is its one-based place in the list."""

    previous_url: str
    next_url: str
    place: int
    total: int

    @property
    def place_words(self) -> str:
        return intcomma(self.place)

    @property
    def total_words(self) -> str:
        return intcomma(self.total)


@dataclass(frozen=True)
class Choice:
    """A way to show the list, among others."""

    label: str
    url: str
    is_current: bool


@dataclass(frozen=True)
class Column:
    """The head of a column, for a list over the full width. ``order`` is ``ascending`` or
    ``descending``, as in ``aria-sort``, if the list is sorted by the column, else "". ``url`` sorts
    by the column, or reverses that order; it is "" if the list cannot be sorted by it."""

    name: str
    label: str
    url: str
    order: str


@dataclass(frozen=True)
class MailPage:
    """A page of a folder. ``url`` shows the same list from its top; ``total`` counts the folder,
    ``listed`` the messages that pass the filter; ``above`` is the number of rows above this page.
    ``month`` and ``year`` are those of the topmost row. ``is_live``: new messages belong at the top
    of these rows. ``above_url`` and ``below_url`` are those of the messages next to the page, if
    known. ``withheld`` are the verbs that the user may not do in the folder."""

    label: str
    url: str
    number: int
    total: int
    unseen: int
    listed: int
    above: int
    next_url: str
    previous_url: str
    newest: str
    uidvalidity: int
    modseq: int
    is_live: bool
    is_plain: bool
    by_threads: bool
    sort: Choice
    only: Choice
    sorts: tuple[Choice, ...]
    columns: tuple[Column, ...]
    directions: tuple[Choice, ...]
    filters: tuple[Choice, ...]
    hidden: tuple[tuple[str, str], ...]
    months: tuple[tuple[int, str], ...]
    month: int
    year: int
    notes: tuple[str, ...]
    above_url: str = ""
    below_url: str = ""
    withheld: frozenset[str] = frozenset()
    groups: tuple[tuple[str, tuple[MessageRow, ...]], ...] = field(default=())

    @property
    def below(self) -> int:
        """The number of rows below this page."""
        return self.listed - self.above - sum(len(rows) for _heading, rows in self.groups)

    def steps(self, ref: str) -> Steps | None:
        """Return the steps from the message of a row, or of its conversation; None if it has no
        row."""
        rows = [row for _heading, group in self.groups for row in group]
        named = (n for n, row in enumerate(rows) if ref in {row.ref, *(m.ref for m in row.members)})
        index = next(named, None)
        if index is None:
            return None
        urls = [self.above_url, *(row.url for row in rows), self.below_url]
        return Steps(urls[index], urls[index + 2], self.above + index + 1, self.listed)

    @property
    def is_whole(self) -> bool:
        """Whether no filter leaves messages out."""
        return self.filters[0].is_current

    @property
    def view_query(self) -> str:
        """The list's order and filter as a query string such as ``?only=unread``, for actions on
        all of it."""
        mark, query = self.url.partition("?")[1:]
        return mark + query


def people_of(row: MessageSummary, *, own_mail: bool) -> tuple[Address, ...]:
    """Return the people that the row names: the author, or in the user's own mail (``own_mail``)
    the recipients."""
    return row.people if own_mail else row.from_


def is_own_mail(special_use: str) -> bool:
    """Return whether the folder holds the user's own mail."""
    return special_use in folders.OWN_MAIL


def message_row(
    message: FetchedMessage | MessageSummary,
    *,
    own_mail: bool,
    full_dates: bool,
    current: MessageRef | None,
    faces: Faces,
    sent: bool = False,
    folder_url: str = "",
    now: Now | None = None,
) -> MessageRow:
    """Return the row of a message.

    ``own_mail`` says that the folder holds the user's own messages, whose recipients are named in
    place of the sender. With ``sent`` the row shows the date that the sender wrote, else that of
    the arrival; where one is missing, the other. ``folder_url`` and ``now`` spare looking them up
    for each row.
    """
    now = now or Now.of_page()
    row = summary(message) if isinstance(message, FetchedMessage) else message
    flags, dates = row.flags, (row.sent, row.received)
    moment = next(filter(None, dates if sent else reversed(dates)), None)
    day = moment.astimezone(now.zone).date() if moment else None
    people = people_of(row, own_mail=own_mail)
    names = names_of(named(people, faces))
    if own_mail:
        sender = gettext("To: %(people)s") % {"people": names} if names else gettext("nobody yet")
    else:
        sender = names or gettext("(unknown sender)")
    segment = ref_segment(row.ref)
    return MessageRow(
        ref=segment,
        uid=row.ref.uid,
        url=f"{folder_url}{segment}/" if folder_url else message_url(row.ref),
        sender=sender,
        photo_url=face_of(people[0], faces).photo_url if len(people) == 1 else "",
        subject=subject_of(row.subject, is_readable=row.is_readable),
        when=when(moment, full=full_dates, now=now),
        when_iso=moment.isoformat(timespec="seconds") if moment else "",
        size=size(row.size, now.language),
        day=day,
        unread=SEEN not in flags,
        flagged=FLAGGED in flags,
        answered=ANSWERED in flags,
        forwarded=FORWARDED in flags,
        draft=DRAFT in flags,
        attachment=row.attachment,
        selected=row.ref == current,
        invitation=row.invitation,
        urgent=row.urgent,
        advert=ADVERT in flags,
        junk=JUNK in flags,
        flags=flags,
    )


def mail_page(
    page: ListPage,
    *,
    label: str,
    unseen: int,
    special_use: str,
    full_dates: bool,
    current: MessageRef | None = None,
    faces: Faces,
) -> MailPage:
    own_mail = is_own_mail(special_use)
    rows = page_rows(page, own_mail=own_mail, full_dates=full_dates, current=current, faces=faces)
    rows = _with_conversations(rows, page, own_mail=own_mail, full_dates=full_dates, faces=faces)
    view, base = page.view, folder_address(get_script_prefix(), page.folder)
    sorts = (*(_sort(base, view, name) for name in SORTS), _by_conversations(base, view))
    filters = tuple(_filter(base, view, name) for name in FILTERS)
    shown_from = (rows[0].day if rows else None) or timezone.localdate()
    more = _beside_reader(view)
    return MailPage(
        label=label,
        url=_with_query(base, _query(view)),
        number=page.number,
        total=page.exists,
        unseen=unseen,
        listed=page.total,
        above=page.start,
        next_url=_next_url(page, base, rows),
        previous_url=_previous_url(page, base),
        newest=f"{page.uidvalidity}-{page.last}" if rows and page.last else "",
        uidvalidity=page.uidvalidity,
        modseq=page.modseq,
        is_live=view.is_plain and view.down and page.start == 0 and not view.threads,
        is_plain=view.is_plain and view.down,
        by_threads=view.threads,
        sort=next(choice for choice in sorts if choice.is_current),
        only=next(choice for choice in filters if choice.is_current),
        sorts=sorts,
        columns=_columns(base, view, own_mail=own_mail),
        directions=_directions(base, view),
        filters=filters,
        hidden=tuple(_query(view).items()),
        months=tuple((number, month_name(number)) for number in range(1, 13))
        if has_months(view)
        else (),
        month=shown_from.month,
        year=shown_from.year,
        notes=_notes(page),
        above_url=f"{message_url(page.above)}{more}" if page.above else "",
        below_url=f"{message_url(page.below)}{more}" if page.below else "",
        withheld=page.withheld,
        groups=_grouped(rows, view),
    )


def _next_url(page: ListPage, base: str, rows: tuple[MessageRow, ...]) -> str:
    """Return the URL of the rows below this page, from its last one on; "" if there are none."""
    if not (page.has_next and rows):
        return ""
    return _with_query(base, {**_query(page.view), "page": page.number + 1, "after": rows[-1].ref})


def _previous_url(page: ListPage, base: str) -> str:
    """Return the URL of the rows above this page, by their places in the list; "" if there are
    none."""
    if not page.start:
        return ""
    first = max(0, page.start - page.size)
    return _with_query(base, {**_query(page.view), "at": first, "rows": page.start - first})


def page_rows(
    page: ListPage,
    *,
    own_mail: bool,
    full_dates: bool,
    current: MessageRef | None = None,
    faces: Faces,
) -> tuple[MessageRow, ...]:
    url, now = folder_address(get_script_prefix(), page.folder), Now.of_page()
    rows = tuple(
        message_row(
            message,
            own_mail=own_mail,
            full_dates=full_dates,
            current=current,
            faces=faces,
            sent=page.view.sort == "date",
            folder_url=url,
            now=now,
        )
        for message in page.rows
    )
    more = _beside_reader(page.view)
    return tuple(replace(row, url=row.url + more) for row in rows) if more else rows


def _beside_reader(view: View) -> str:
    """Return the query string of a message's URL, by which its page shows the list beside it
    unchanged."""
    return f"?{urlencode(_query(view))}" if view.only or view.threads else ""


def _with_conversations(
    rows: tuple[MessageRow, ...],
    page: ListPage,
    *,
    own_mail: bool,
    full_dates: bool,
    faces: Faces,
) -> tuple[MessageRow, ...]:
    if not page.conversations:
        return rows
    url, now = folder_address(get_script_prefix(), page.folder), Now.of_page()
    more = f"?{urlencode(_query(page.view))}"
    return tuple(
        _conversation_row(
            row, conversation, url, more, now, own_mail=own_mail, full_dates=full_dates, faces=faces
        )
        for row, conversation in zip(rows, page.conversations, strict=True)
    )


def _conversation_row(
    row: MessageRow,
    conversation: Conversation,
    url: str,
    more: str,
    now: Now,
    *,
    own_mail: bool,
    full_dates: bool,
    faces: Faces,
) -> MessageRow:
    """Return the row with the people of its conversation, the last writer first, and with the
    subject of its first message. Actions on the row mean all messages of the conversation."""
    if conversation.count < 2:
        return row
    listed_rows = (
        message_row(
            listed,
            own_mail=own_mail,
            full_dates=full_dates,
            current=None,
            faces=faces,
            folder_url=url,
            now=now,
        )
        for listed in conversation.rows
    )
    members = tuple(replace(member, url=member.url + more) for member in listed_rows)
    people = (
        called(person, faces)
        for listed in reversed(conversation.rows)
        for person in people_of(listed, own_mail=own_mail)
        if person.shown
    )
    return replace(
        row,
        ref=ref_segment(conversation.last),
        shown=row.ref,
        sender=", ".join(dict.fromkeys(people)) or row.sender,
        subject=members[0].subject,
        unread=conversation.unread,
        attachment=any(member.attachment for member in members),
        flags=frozenset().union(*(member.flags for member in members)) - {DELETED},
        count=conversation.count,
        members=members,
    )


@dataclass(frozen=True)
class Arrived:
    """Rows to put above those of an existing page. Without ``on_top`` they have other places in the
    list, which must be loaded again."""

    groups: tuple[tuple[str, tuple[MessageRow, ...]], ...]
    on_top: bool
    next_url: str = ""
    previous_url: str = ""
    withheld: frozenset[str] = frozenset()


def arrived(
    messages: Iterable[MessageSummary],
    *,
    on_top: bool,
    special_use: str,
    full_dates: bool,
    faces: Faces,
) -> Arrived:
    own_mail, now = is_own_mail(special_use), Now.of_page()
    rows = tuple(
        message_row(
            message, own_mail=own_mail, full_dates=full_dates, current=None, faces=faces, now=now
        )
        for message in messages
    )
    return Arrived(by_day(rows), on_top)


def tagged(
    groups: Iterable[tuple[str, tuple[MessageRow, ...]]], known: Iterable[Chip]
) -> tuple[tuple[str, tuple[MessageRow, ...]], ...]:
    """Return the rows with their tags, by the user's names; rows marked as deleted are left out. If
    no row is left, one heading without rows stands for the rows that follow."""
    ordered = tuple(known)
    left = [
        (
            heading,
            tuple(_tagged(row, ordered) for row in rows if DELETED not in row.flags),
        )
        for heading, rows in groups
    ]
    return tuple(group for group in left if group[1]) or tuple(("", ()) for _group in left[:1])


def _tagged(row: MessageRow, known: tuple[Chip, ...]) -> MessageRow:
    tags = chips(row.flags, known)
    return replace(row, tags=tags) if tags != row.tags else row


def by_day(rows: Iterable[MessageRow]) -> tuple[tuple[str, tuple[MessageRow, ...]], ...]:
    """Return the rows under the days of their arrival."""
    rows, today = tuple(rows), timezone.localdate()
    labels = {day: day_label(day, today) for day in {row.day for row in rows}}
    return tuple(
        (heading, tuple(group)) for heading, group in groupby(rows, lambda row: labels[row.day])
    )


def _grouped(
    rows: tuple[MessageRow, ...], view: View
) -> tuple[tuple[str, tuple[MessageRow, ...]], ...]:
    """Return the rows under headings that suit the order; under one without words if none does."""
    match view.sort:
        case "arrival" | "date":
            return by_day(rows)
        case "unread":
            words = {True: gettext("Unread"), False: gettext("Read")}
            parts = groupby(rows, lambda row: row.unread)
        case "flagged":
            words = {True: gettext("Flagged"), False: gettext("Not flagged")}
            parts = groupby(rows, lambda row: row.flagged)
        case _:
            return (("", rows),) if rows else ()
    return tuple((words[is_first], tuple(group)) for is_first, group in parts)


def _query(view: View, **other: object) -> dict[str, str]:
    """Return the query of a list's URL: how the list is shown. It is empty for the default."""
    shown = {"sort": view.sort, "up": not view.down, "only": view.only} | other
    query = {}
    if shown["sort"] != "arrival" or shown["up"] or "sort" in other:
        query["sort"] = str(shown["sort"])
    if shown["up"]:
        query["up"] = "1"
    if shown["only"]:
        query["only"] = str(shown["only"])
    if view.threads and "sort" not in other:
        query = {"threads": "1"} | {name: value for name, value in query.items() if name != "sort"}
    return query


def _with_query(url: str, query: Mapping[str, str | int]) -> str:
    return f"{url}?{_encoded(*query.items())}" if query else url


@lru_cache(maxsize=512)
def _encoded(*pairs: tuple[str, str | int]) -> str:
    """Return the encoded query; there are few orders, filters and places in a list."""
    return urlencode(pairs)


def _by_conversations(url: str, view: View) -> Choice:
    query = _query(replace(view, sort="arrival", down=True, threads=True))
    return Choice(
        pgettext("sort by", "Conversations"), _with_query(url, query), is_current=view.threads
    )


def _sort(url: str, view: View, name: str) -> Choice:
    """Return the order by a field in its first direction: names and subjects begin with A, all else
    with the newest or largest."""
    up = name in {"from", "to", "subject"}
    is_current = name == view.sort and not view.threads
    up = not view.down if is_current else up
    return Choice(str(_SORTED[name]), _with_query(url, _query(view, sort=name, up=up)), is_current)


COLUMNS = {
    "from": pgettext_lazy("column", "From"),
    "to": pgettext_lazy("column", "To"),
    "subject": pgettext_lazy("column", "Subject"),
    "size": pgettext_lazy("column", "Size"),
    "arrival": pgettext_lazy("column", "Date"),
}


def _columns(url: str, view: View, *, own_mail: bool) -> tuple[Column, ...]:
    """Return the columns from left to right."""
    names = ("to" if own_mail else "from", "subject", "size", "arrival")
    return tuple(_column(url, view, name) for name in names)


def _column(url: str, view: View, name: str) -> Column:
    if name != ("arrival" if view.sort == "date" else view.sort):
        return Column(name, str(COLUMNS[name]), _sort(url, view, name).url, "")
    chosen: dict[str, object] = {} if view.threads else {"sort": view.sort}
    other_way = _with_query(url, _query(view, **chosen, up=view.down))
    order = "descending" if view.down else "ascending"
    return Column(name, str(COLUMNS[name]), other_way, order)


def _directions(url: str, view: View) -> tuple[Choice, ...]:
    """Return the labels of both directions of an order; none for an order by flags."""
    match view.sort:
        case "flagged" | "unread":
            return ()
        case "from" | "to" | "subject":
            words = {True: gettext("A to Z"), False: gettext("Z to A")}
        case "size":
            words = {False: gettext("Largest first"), True: gettext("Smallest first")}
        case _:
            words = {False: gettext("Newest first"), True: gettext("Oldest first")}
    chosen: dict[str, object] = {} if view.threads else {"sort": view.sort}
    return tuple(
        Choice(
            label,
            _with_query(url, _query(view, **chosen, up=up)),
            up is not view.down,
        )
        for up, label in words.items()
    )


def _filter(url: str, view: View, name: str) -> Choice:
    return Choice(
        str(_FILTERED[name]), _with_query(url, _query(view, only=name)), name == view.only
    )


def without_next(page: MailPage) -> MailPage:
    """Return the page for rows that are put above those of an existing page."""
    return replace(page, next_url="")


def without_previous(page: MailPage) -> MailPage:
    """Return the page for rows that are put below those of an existing page."""
    return replace(page, previous_url="")


def _notes(page: ListPage) -> tuple[str, ...]:
    """Return the number of messages that pass the filter, and how they were found."""
    notes = (*_rights(page.withheld), *(_note(note) for note in sorted(page.notes)))
    if not page.view.only or not page.total:
        return notes
    if page.view.threads:
        count = ngettext(
            "%(count)s conversation shown.", "%(count)s conversations shown.", page.total
        )
    else:
        count = ngettext("%(count)s message shown.", "%(count)s messages shown.", page.total)
    return (count % {"count": intcomma(page.total)}, *notes)


def _rights(withheld: frozenset[str]) -> tuple[str, ...]:
    """Return the reasons why some actions are not offered."""
    if not withheld & {"flag", "trash"}:
        return ()
    if "trash" not in withheld:
        return (gettext("You may read and file the messages of this folder, not mark them."),)
    if "flag" not in withheld:
        return (gettext("You may read and mark the messages of this folder, not file them."),)
    return (gettext("You may only read this folder: its messages can be copied, not changed."),)


def _note(note: str) -> str:
    match note:
        case threads.THREADS_NEWEST:
            return gettext(
                "The mail server cannot put conversations together: that was done for the newest "
                "%(count)s messages, and each older one stands alone."
            ) % {"count": intcomma(threads.MOST_THREADED_HERE)}
        case ordering.SORT_TOO_MANY:
            return gettext(
                "The mail server cannot sort, and there are too many messages to sort them here: "
                "they are shown in the order of their arrival."
            )
        case ordering.ATTACHMENT_NEWEST:
            return gettext("Only the newest %(count)s messages were looked at.") % {
                "count": intcomma(ordering.MOST_LOOKED_THROUGH)
            }
        case ordering.CONTACTS_TOO_MANY:
            return gettext(
                "You have many contacts: the %(count)s addresses changed last were searched for."
            ) % {"count": intcomma(ordering.MOST_ADDRESSES)}
    return gettext("Messages of the last twelve months from your contacts.")
