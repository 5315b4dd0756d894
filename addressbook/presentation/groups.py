"""Groups in groups, shared groups and groups from the directory as the templates show them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from django.contrib.humanize.templatetags.humanize import intcomma
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from accounts.models import User
from addressbook.contacts import audiences, endings, groups, nesting, sharing
from addressbook.contacts.audiences import GroupRecipients
from addressbook.contacts.sharing import SharedGroup
from addressbook.directory import filters
from addressbook.models import DirectoryEntry, Group, GroupFilter, GroupShare, SharedGone
from core.avatars import initials

MOST_NAMED = 300
_MOST_GONE = 20


@dataclass(frozen=True)
class InnerRow:
    """A group in another one. ``group`` is its key, ``pk`` that of the nesting."""

    pk: int
    name: str
    group: int
    is_archived: bool


@dataclass(frozen=True)
class ReachView:
    """The recipients of a message to a group, in a sentence, and the people who get nothing, with
    the reasons."""

    count_words: str
    recipients: tuple[str, ...]
    unreached_words: str
    unreached: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class FilterView:
    """The people of the directory in a group, and the filter in words. ``problem`` says why the
    filter reaches nobody, or is ""."""

    words: str
    count_words: str
    problem: str
    people: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class PartsView:
    """The parts of a group besides its own contacts, and with how many people it is shared."""

    inner: tuple[InnerRow, ...]
    filter: FilterView | None
    reach: ReachView | None
    shared_words: str


def parts(group: Group) -> PartsView:
    """Return the parts of a group. Runs four queries, and six more for a composite group."""
    inner = inner_rows(group)
    wanted = GroupFilter.objects.filter(group=group).first()
    is_composite = bool(inner or wanted)
    return PartsView(
        inner=inner,
        filter=filter_view(wanted) if wanted else None,
        reach=reach_view(groups.reach(group)) if is_composite else None,
        shared_words=_shared_words(group.shares.count()),
    )


def inner_rows(group: Group) -> tuple[InnerRow, ...]:
    return tuple(
        InnerRow(
            nested.pk,
            audiences.label(nested.inner, nested.audience)
            if nested.audience
            else nested.inner.name,
            nested.inner_id,
            nested.inner.archived is not None,
        )
        for nested in nesting.inner(group)
    )


def _shared_words(count: int) -> str:
    if not count:
        return ""
    return ngettext("Shared with %(count)s", "Shared with %(count)s", count) % {"count": count}


def reach_view(reach: GroupRecipients) -> ReachView:
    count = len(reach.recipients)
    words = ngettext("%(count)s person gets it.", "%(count)s people get it.", count)
    unreached_words = ngettext(
        "%(count)s person gets nothing", "%(count)s people get nothing", len(reach.unreached)
    ) % {"count": intcomma(len(reach.unreached))}
    return ReachView(
        words % {"count": intcomma(count)},
        reach.recipients[:MOST_NAMED],
        unreached_words if reach.unreached else "",
        tuple(
            (
                person.name
                if person.pupil in ("", person.name)
                else f"{person.name} ({person.pupil})",
                audiences.reason_words(person.reason),
            )
            for person in reach.unreached[:MOST_NAMED]
        ),
    )


def filter_view(wanted: GroupFilter) -> FilterView:
    chosen = filters.find_members(wanted)
    count = ngettext("%(count)s person today", "%(count)s people today", chosen.count)
    problem = ""
    if not filters.most():
        problem = gettext("Your administrators turned groups from the directory off.")
    elif chosen.is_too_large:
        problem = gettext(
            "%(count)s people: too many for a group from the directory, which may have %(most)s."
            " Nobody of them gets a message. Say a school or a discipline."
        ) % {"count": intcomma(chosen.count), "most": intcomma(filters.most())}
    elif not chosen.count:
        problem = gettext("Nobody in the directory has these.")
    return FilterView(
        filter_words(wanted),
        "" if problem else count % {"count": intcomma(chosen.count)},
        problem,
        chosen.people,
    )


def filter_words(wanted: GroupFilter) -> str:
    """Return words such as ``Professeur · SVT · Collège Jean Moulin``."""
    school = wanted.school_name or wanted.school_uai
    return " · ".join(filter(None, (wanted.function, wanted.discipline, school)))


# --- sharing ---


@dataclass(frozen=True)
class GroupShareRow:
    """A colleague or a school with whom a group is shared."""

    pk: int
    name: str
    address: str
    may: str
    may_edit: bool
    initials: str
    note: str = ""


def may_words(*, may_edit: bool) -> str:
    if may_edit:
        return gettext("Reads it, adds and takes out members")
    return gettext("Reads it and writes to it")


def share_rows(group: Group) -> tuple[GroupShareRow, ...]:
    shares = list(group.shares.all()[: sharing.MOST_SHARES])
    addresses = [share.address for share in shares if share.address]
    names = dict(DirectoryEntry.objects.filter(folded__in=addresses).values_list("folded", "name"))
    gone = sharing.left(group)
    schools = dict(
        DirectoryEntry.objects.filter(
            school_uai__in=[share.school_uai for share in shares if share.school_uai]
        )
        .order_by()
        .values_list("school_uai", "school_name")
        .distinct()
    )
    return tuple(_share_row(share, names, schools, gone) for share in shares)


def _share_row(
    share: GroupShare, names: dict[str, str], schools: dict[str, str], gone: set[str]
) -> GroupShareRow:
    if share.school_uai:
        school = schools.get(share.school_uai) or share.school_uai
        name = gettext("Everybody of %(school)s") % {"school": school}
    else:
        name = names.get(share.address) or share.address
    notes = []
    if share.address in gone:
        notes.append(gettext("has left the group"))
    if share.with_pupils:
        notes.append(gettext("sees pupils and families"))
    return GroupShareRow(
        share.pk,
        name,
        "" if name == share.address else share.address,
        may_words(may_edit=share.may_edit),
        share.may_edit,
        initials(name),
        ", ".join(notes),
    )


@dataclass(frozen=True)
class SharedRow:
    """A colleague's group in the column beside the list."""

    pk: int
    name: str
    owner: str
    current: bool
    may_edit: bool


def shared_row(seen: SharedGroup, current: int | None = None) -> SharedRow:
    return SharedRow(
        seen.group.pk,
        seen.group.name,
        gettext("from %(owner)s") % {"owner": seen.owner_name},
        seen.group.pk == current,
        seen.may_edit,
    )


def write_urls(seen: SharedGroup) -> tuple[tuple[str, str], ...]:
    """Return words and address of each way to write to a shared group."""
    compose = reverse("mail:compose")
    if not seen.group.is_class:
        hidden = urlencode({"group": seen.group.pk, "as": "bcc"})
        return (
            (gettext("In blind copy: nobody sees the others"), f"{compose}?{hidden}"),
            (gettext("As recipients: all see each other"), f"{compose}?group={seen.group.pk}"),
        )
    titles = {
        audiences.Audience.GUARDIANS: pgettext("of a class", "The guardians"),
        audiences.Audience.PUPILS: pgettext("of a class", "The pupils"),
        audiences.Audience.BOTH: pgettext("of a class", "The pupils and their guardians"),
    }
    return tuple(
        (title, f"{compose}?{urlencode({'group': seen.group.pk, 'as': 'bcc', 'who': who.value})}")
        for who, title in titles.items()
    )


def gone(user: User) -> tuple[tuple[int, str], ...]:
    """Return the lines about shared groups that ended, each with its key. One query."""
    return tuple(
        (gone_group.pk, gone_words(gone_group))
        for gone_group in endings.endings_of(user)[:_MOST_GONE]
    )


def gone_words(gone_group: SharedGone) -> str:
    """Return the sentence that says why a shared group has ended."""
    words = {
        endings.Reason.ENDED: gettext("%(owner)s no longer shares the group “%(group)s” with you."),
        endings.Reason.DELETED: gettext("%(owner)s deleted the group “%(group)s”."),
        endings.Reason.OWNER: gettext(
            "The group “%(group)s” of %(owner)s is gone: that account was deleted."
        ),
    }[endings.Reason(gone_group.reason)]
    return words % {"owner": gone_group.owner_name, "group": gone_group.group_name}


def refused_words(error: nesting.NestingRefused) -> str:
    """Return the sentence that says why a group cannot go into another one."""
    match error:
        case nesting.Circle():
            return gettext("That would be a circle: %(path)s.") % {"path": _path(error.path)}
        case nesting.TooDeep():
            return gettext("Groups may stand %(most)s deep one in another.") % {
                "most": nesting.MOST_DEPTH
            }
        case nesting.TooManyInner():
            return gettext("A group holds up to %(most)s groups.") % {"most": nesting.MOST_INNER}
        case nesting.HoldsPupils():
            return gettext("A class holds pupils alone.")
    raise error


def not_nested_words(rows: Iterable[tuple[str, str, str]]) -> tuple[str, ...]:
    """Return the sentences of an import that say why a group was not put into another one."""
    reasons = {
        "cycle": gettext("that would be a circle"),
        "depth": gettext("too many groups stand one in another"),
        "many": gettext("too many groups"),
        "class": gettext("a class holds pupils alone"),
    }
    words = gettext("“%(inner)s” was not put into “%(group)s”: %(reason)s.")
    return tuple(
        words % {"inner": inner, "group": outer, "reason": reasons[code]}
        for inner, outer, code in rows
    )


def _path(names: tuple[str, ...]) -> str:
    """Return the path from the outer group back to itself: “5e C” is in “Équipe”, which is in …."""
    return " → ".join((names[-1], *names)) if names else ""
