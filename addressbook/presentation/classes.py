"""Pupils, guardians and classes as the templates show them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext, ngettext, pgettext

from addressbook import vcard, years
from addressbook.contacts import expiry, families
from addressbook.contacts.audiences import (
    Audience,
    GroupRecipients,
    reason_words,
    recipients_among,
)
from addressbook.contacts.ties import Relative
from addressbook.imports import ClassChange, ClassOutcome, OthersOutcome, PupilQuestion
from addressbook.models import Group, SchoolHoliday
from addressbook.presentation.contacts import day_words, tel, write_url

_MOST_NAMED = 300


@dataclass(frozen=True)
class RelativeRow:
    """A guardian on the card of a pupil, or a pupil on that of a guardian. ``pk`` is the contact's
    key, ``tie`` that of the guardianship."""

    pk: int
    tie: int
    name: str
    detail: str
    address: str
    write_url: str
    phone: str
    call_url: str


def relatives(contacts: Iterable[Relative]) -> tuple[RelativeRow, ...]:
    """Return the rows of guardians or pupils, with the address and telephone of their cards."""
    return tuple(_relative(relative) for relative in contacts)


def _relative(relative: Relative) -> RelativeRow:
    data = vcard.read_one(relative.contact.vcard)
    address = next((email.address for email in data.emails if not email.is_former), "")
    phone = data.phones[0].number if data.phones else ""
    details = [relative.tie.relation_words]
    if not relative.tie.is_legal:
        details.append(gettext("without parental authority"))
    if not relative.tie.receives_mail:
        details.append(gettext("does not receive the school’s mail"))
    return RelativeRow(
        pk=relative.contact.pk,
        tie=relative.tie.pk,
        name=relative.contact.display_name,
        detail=", ".join(filter(None, details)),
        address=address,
        write_url=write_url(relative.contact.display_name, address) if address else "",
        phone=phone,
        call_url=tel(phone) if phone else "",
    )


@dataclass(frozen=True)
class AudienceView:
    """An audience of a class: its recipients, the people who get nothing with the reasons, and the
    families of which nobody is reached."""

    title: str
    count_words: str
    write_url: str
    recipients: tuple[str, ...]
    unreached: tuple[tuple[str, str], ...]
    unreached_words: str
    unreached_families: str


def audiences(group: Group) -> tuple[AudienceView, ...]:
    """Return the views of the guardians, the pupils, and both."""
    titles = {
        Audience.GUARDIANS: pgettext("of a class", "The guardians"),
        Audience.PUPILS: pgettext("of a class", "The pupils"),
        Audience.BOTH: pgettext("of a class", "The pupils and their guardians"),
    }
    class_families = families.of_class(group)
    return tuple(
        _audience(group, audience, title, recipients_among(group, class_families, audience))
        for audience, title in titles.items()
    )


def _audience(group: Group, audience: Audience, title: str, reach: GroupRecipients) -> AudienceView:
    count = len(reach.recipients)
    words = ngettext("%(count)s person gets it.", "%(count)s people get it.", count)
    unreached = tuple(
        (
            person.name if person.pupil in ("", person.name) else f"{person.name} ({person.pupil})",
            reason_words(person.reason),
        )
        for person in reach.unreached[:_MOST_NAMED]
    )
    unreached_words = ngettext(
        "%(count)s person gets nothing", "%(count)s people get nothing", len(reach.unreached)
    ) % {"count": len(reach.unreached)}
    unreached_families = ""
    if reach.unreached_pupils and audience != Audience.PUPILS:
        unreached_families = ngettext(
            "Nobody is reached of the family of %(names)s.",
            "Nobody is reached of %(count)s families: %(names)s.",
            len(reach.unreached_pupils),
        ) % {
            "count": len(reach.unreached_pupils),
            "names": ", ".join(reach.unreached_pupils[:_MOST_NAMED]),
        }
    query = urlencode({"group": group.pk, "as": "bcc", "who": audience.value})
    return AudienceView(
        title=title,
        count_words=words % {"count": count},
        write_url=f"{reverse('mail:compose')}?{query}" if count else "",
        recipients=reach.recipients[:_MOST_NAMED],
        unreached=unreached,
        unreached_words=unreached_words if reach.unreached else "",
        unreached_families=unreached_families,
    )


# --- the list of a class that comes again ---


@dataclass(frozen=True)
class ClassView:
    """The changes that a list makes in a class, in words. ``left`` are keys and names of pupils to
    tick; ``is_partial`` says that most of the class is not in the list. ``guardians`` are keys and
    words to tick; ``has_few_guardians`` says that most pupils have a guardian who is not in the
    list."""

    name: str
    words: str
    came: tuple[str, ...]
    moved: tuple[str, ...]
    left: tuple[tuple[int, str], ...]
    archives_words: str
    is_partial: bool
    guardians: tuple[tuple[int, str], ...] = ()
    has_few_guardians: bool = False


@dataclass(frozen=True)
class SameNameView:
    """A pupil whose name another one has: the name of the field, the words about the pupil, and the
    choices, the first of which is that they are two."""

    field: str
    words: str
    choices: tuple[tuple[str, str], ...]
    chosen: str


def same_names(questions: Sequence[PupilQuestion]) -> tuple[SameNameView, ...]:
    return tuple(_same_name(question) for question in questions)


def _same_name(question: PupilQuestion) -> SameNameView:
    about = _about(question.line, question.classes, question.guardians)
    same = gettext("The same pupil as: %(about)s")
    choices = [("", gettext("Another pupil"))]
    choices += [
        (option.value, same % {"about": _about(option.line, option.classes, option.guardians)})
        for option in question.options
    ]
    return SameNameView(
        f"same-{question.number}", f"{question.name} – {about}", tuple(choices), question.chosen
    )


def _about(line: int, classes: Sequence[str], guardians: Sequence[str]) -> str:
    """Return where a pupil stands, with classes and guardians."""
    where = gettext("line %(line)s") % {"line": line} if line else gettext("your address book")
    family = ", ".join(guardians[:4]) or gettext("no guardian")
    return " · ".join((where, *classes[:3], family))


def class_changes(changes: Sequence[ClassChange]) -> tuple[ClassView, ...]:
    return tuple(_class_change(change) for change in changes)


def _class_change(change: ClassChange) -> ClassView:
    words = []
    if change.came:
        words.append(ngettext("%(count)s comes", "%(count)s come", len(change.came)))
        words[-1] %= {"count": len(change.came)}
    if change.moved:
        words.append(
            ngettext("%(count)s changes class", "%(count)s change class", len(change.moved))
        )
        words[-1] %= {"count": len(change.moved)}
    if change.left:
        words.append(
            ngettext(
                "%(count)s is not in the list", "%(count)s are not in the list", len(change.left)
            )
        )
        words[-1] %= {"count": len(change.left)}
    archives = gettext("The class of the former year is archived as “%(name)s”.")
    return ClassView(
        name=change.name,
        words=", ".join(words) or gettext("stays as it is."),
        came=change.came,
        moved=tuple(
            gettext("%(name)s, until now in %(group)s") % {"name": name, "group": origin}
            for name, origin in change.moved
        ),
        left=change.left,
        archives_words=archives % {"name": years.with_year(change.name, change.archives_year)}
        if change.archives_year
        else "",
        is_partial=len(change.left) > change.size / 2,
        guardians=tuple(
            (pk, f"{name} ({', '.join(pupils)})") for pk, name, pupils in change.guardians
        ),
        has_few_guardians=len(change.guardians) > change.size / 2,
    )


@dataclass(frozen=True)
class OutcomeSection:
    """The people whom a list affected in the same way: a title, and key and name of each.
    ``is_open`` says that they are shown unfolded; ``more`` counts those that are not shown."""

    title: str
    people: tuple[tuple[int, str], ...]
    more: str
    is_open: bool


@dataclass(frozen=True)
class OutcomeView:
    """The effects of a list on the people of one class, or on people of all classes."""

    name: str
    fates: tuple[OutcomeSection, ...]


def outcomes(
    classes: Iterable[ClassOutcome], others: OthersOutcome | None
) -> tuple[OutcomeView, ...]:
    """Return the effects of a list. Classes in which nobody came, left or moved are left out."""
    views = [OutcomeView(outcome.name, _fates(_of_class(outcome))) for outcome in classes]
    if others:
        views.append(OutcomeView(gettext("In all classes"), _fates(_of_all(others))))
    return tuple(view for view in views if view.fates)


_Sections = Iterable[tuple[str, Sequence[tuple[int, str]], bool]]


def _of_class(outcome: ClassOutcome) -> _Sections:
    origin = gettext("%(name)s, until now in %(group)s")
    moved = [(pk, origin % {"name": name, "group": group}) for pk, name, group in outcome.moved]
    yield gettext("Left, and are archived"), outcome.archived, True
    yield gettext("Left the class, and stay in the address book"), outcome.left, True
    yield gettext("Are not in the list, and stay in the class"), outcome.stayed, True
    yield pgettext("pupils", "Changed class"), moved, True
    yield pgettext("pupils", "Came"), outcome.came, False


def _of_all(others: OthersOutcome) -> _Sections:
    yield gettext("Guardians who are archived"), others.archived, True
    yield gettext("Guardians who get no mail about these pupils any more"), others.silenced, True
    yield gettext("Back from the archive"), others.back, True


def _fates(sections: _Sections) -> tuple[OutcomeSection, ...]:
    fates = []
    for title, people, is_open in sections:
        visible = tuple(people[:_MOST_NAMED])
        hidden = len(people) - len(visible)
        more = ngettext("And %(count)s more.", "And %(count)s more.", hidden) % {"count": hidden}
        if visible:
            title = f"{title} ({len(people)})"
            fates.append(OutcomeSection(title, visible, more if hidden else "", is_open))
    return tuple(fates)


# --- the year ---


def passed_words(archived: int, made: int) -> str:
    """Return words such as ``12 classes archived, 3 new ones.``"""
    first = ngettext("%(count)s class archived,", "%(count)s classes archived,", archived)
    second = ngettext("%(count)s new one.", "%(count)s new ones.", made)
    return f"{first % {'count': archived}} {second % {'count': made}}"


@dataclass(frozen=True)
class HolidayRow:
    """A holiday with its days in each of the three zones."""

    name: str
    zones: tuple[str, ...]


def holiday_table(holidays: Iterable[SchoolHoliday]) -> tuple[HolidayRow, ...]:
    by_name: dict[str, dict[str, str]] = {}
    for holiday in holidays:
        by_name.setdefault(holiday.name, {})[holiday.zone] = _days(holiday.begins, holiday.resumes)
    zones = SchoolHoliday.Zone.values
    return tuple(
        HolidayRow(name, tuple(days.get(zone, "–") for zone in zones))
        for name, days in by_name.items()
    )


def _days(begins: date, resumes: date | None) -> str:
    first = day_words(f"--{begins:%m-%d}")
    if resumes is None:
        return gettext("from %(day)s") % {"day": first}
    return f"{first} – {day_words(f'--{resumes:%m-%d}')}"


def ending_lines(own_groups: Iterable[Group]) -> tuple[EndingLine, ...]:
    """Return the lines about those of the user's classes that end soon."""
    return tuple(
        EndingLine(
            ending.group.pk,
            gettext(
                "The list “%(name)s” ends on %(end)s. It then goes into the bin, with pupils and"
                " guardians who are in no other list. Messages stay."
            )
            % {"name": ending.group.name, "end": date_format(ending.end)},
            ending.is_urgent,
            expiry.can_be_kept(ending.group),
        )
        for ending in expiry.endings_among(own_groups)[:_MOST_ENDINGS]
    )


_MOST_ENDINGS = 20


@dataclass(frozen=True)
class EndingLine:
    """A line that tells the owner when a class ends. ``group`` is the key of the class."""

    group: int
    words: str
    is_urgent: bool
    can_be_kept: bool
