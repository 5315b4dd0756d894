"""Pupils and their guardians, and the recipients of a message to a class.

A pupil and a guardian are contacts as all others; a `Guardianship` ties them. A contact is a pupil
where it has guardians or is in a class, a guardian where it has pupils.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.db.models import F, Max, Q, QuerySet, Value
from django.utils.translation import gettext, pgettext

from accounts.models import User
from addressbook import vcard
from addressbook.contacts import names
from addressbook.contacts.keeping import recipient
from addressbook.folding import fold
from addressbook.models import Contact, ContactAddress, Group, Guardianship

MOST_GUARDIANS = 10
"""Of one pupil."""
MOST_PUPILS = 60
"""Of one guardian whose card is shown: a foster home has many."""


class Audience(StrEnum):
    """The people of a class that a message goes to."""

    GUARDIANS = "guardians"
    PUPILS = "pupils"
    BOTH = "both"


class Silence(StrEnum):
    """The reason why somebody gets nothing."""

    NO_ADDRESS = "no_address"
    NO_MAIL = "no_mail"
    NO_GUARDIAN = "no_guardian"


class TooManyGuardians(ValueError):
    """The pupil would have more than ten."""


@dataclass(frozen=True, slots=True)
class Person:
    """A contact as a message to a class needs it; ``addresses`` has the preferred one first."""

    pk: int
    name: str
    first_name: str = ""
    last_name: str = ""
    addresses: tuple[str, ...] = ()

    @property
    def address(self) -> str:
        return self.addresses[0] if self.addresses else ""

    @property
    def recipient(self) -> str:
        return recipient(self.name, self.address)


@dataclass(frozen=True, slots=True)
class Guardian:
    """A guardian of one pupil."""

    person: Person
    relation: str = ""
    receives_mail: bool = True
    is_legal: bool = True


@dataclass(frozen=True, slots=True)
class Family:
    """A pupil of a class with the guardians, the first of them first. What a text between braces
    may ask for: {élève}, {classe}, {responsable}."""

    pupil: Person
    class_name: str
    guardians: tuple[Guardian, ...] = ()


@dataclass(frozen=True, slots=True)
class Silent:
    """Somebody of a class who gets nothing. ``pupil`` is whose family that is, "" of the pupil
    himself."""

    name: str
    reason: Silence
    pupil: str = ""


@dataclass(frozen=True, slots=True)
class Reach:
    """The recipients of a message to a class, each address once, and the people who get nothing.
    ``mute`` are the pupils of whose family nobody is reached."""

    recipients: tuple[str, ...]
    silent: tuple[Silent, ...]
    mute: tuple[str, ...]


def families(group: Group) -> tuple[Family, ...]:
    """The pupils of a group in the order of the address book, each with the guardians. Three
    queries whatever their number."""
    return _of_classes([group], F("contact__vcard"), F("guardian__vcard"))[group.pk]


def of_classes(classes: Sequence[Group]) -> dict[int, tuple[Family, ...]]:
    """`families` of each of several groups, by its key, without first and last names. Three
    queries whatever the number of groups."""
    return _of_classes(classes, Value(""), Value(""))


_Card = F | Value


def _of_classes(
    classes: Sequence[Group], pupil_card: _Card, guardian_card: _Card
) -> dict[int, tuple[Family, ...]]:
    """With the names that the cards have."""
    if not classes:
        return {}
    through: Any = Group.contacts.through
    rows = through.objects.filter(group__in=classes, contact__deleted=None)
    columns = ("group_id", "contact_id", "contact__display_name", pupil_card)
    pupils = list(rows.order_by("contact__sort_key", "contact").values_list(*columns))
    members = rows.order_by().values("contact")
    ties = list(
        Guardianship.objects.filter(pupil__in=members, guardian__deleted=None)
        .order_by("pupil", "position", "pk")
        .values_list(
            *("pupil_id", "guardian_id", "guardian__display_name", guardian_card),
            *("relation", "receives_mail", "is_legal"),
        )
    )
    cards = {pk: (name, card) for _group, pk, name, card in pupils}
    cards |= {pk: (name, card) for _pupil, pk, name, card, *_tie in ties}
    addresses = _addresses(members)
    persons = {
        pk: _person(pk, name, card, addresses.get(pk, ())) for pk, (name, card) in cards.items()
    }
    by_pupil: dict[int, list[Guardian]] = {}
    for pupil, pk, _name, _card, *tie in ties:
        by_pupil.setdefault(pupil, []).append(Guardian(persons[pk], *tie))
    several: dict[int, list[Family]] = {group.pk: [] for group in classes}
    names = {group.pk: group.class_name or group.name for group in classes}
    for key, pk, _name, _card in pupils:
        family = Family(persons[pk], names[key], tuple(by_pupil.get(pk, ())))
        several[key].append(family)
    return {key: tuple(of_class) for key, of_class in several.items()}


def _addresses(members: QuerySet) -> dict[int, list[str]]:
    """The addresses of pupils and of their guardians, by contact."""
    guardians = Guardianship.objects.filter(pupil__in=members).order_by().values("guardian")
    rows = ContactAddress.objects.filter(Q(contact__in=members) | Q(contact__in=guardians))
    by_contact: dict[int, list[str]] = {}
    for pk, address in rows.order_by("contact", "position").values_list("contact_id", "address"):
        by_contact.setdefault(pk, []).append(address)
    return by_contact


def _person(pk: int, name: str, card: str, addresses: Sequence[str]) -> Person:
    if not card:
        return Person(pk, name, addresses=tuple(addresses))
    data = vcard.read_one(card)
    return Person(pk, name, data.first_name, data.last_name, tuple(addresses))


def reach(group: Group, audience: str) -> Reach:
    """The recipients of a message to the guardians, the pupils or both of a class. Guardians of two
    of its pupils get one copy. Where the group says so, only the first guardian who can be reached
    gets it."""
    return reached(group, families(group), audience)


def reached(group: Group, several: Iterable[Family], audience: str) -> Reach:
    """`reach` of the families of the group, which the caller has."""
    by_address: dict[str, str] = {}
    silent: list[Silent] = []
    mute: list[str] = []
    first_alone = group.guardians == Group.Guardians.FIRST
    for family in several:
        before = len(silent)
        is_reached = False
        if audience in (Audience.PUPILS, Audience.BOTH):
            is_reached = _take(family.pupil, by_address)
            if not is_reached:
                silent.append(Silent(family.pupil.name, Silence.NO_ADDRESS))
        if audience in (Audience.GUARDIANS, Audience.BOTH):
            is_reached |= _take_guardians(family, by_address, silent, first_alone=first_alone)
        if not is_reached:
            mute.append(family.pupil.name)
        elif first_alone:
            # Those who stand behind the one who is reached are left out on purpose.
            silent[before:] = [silence for silence in silent[before:] if not silence.pupil]
    for address in group.external:
        by_address.setdefault(address.lower(), address)
    return Reach(tuple(by_address.values()), tuple(silent), tuple(mute))


def addresses_reached(group: Group, several: Iterable[Family], audience: str) -> set[str]:
    """The addresses of `reached`, in lower case."""
    recipients = reached(group, several, audience).recipients
    return {text.rpartition("<")[2].rstrip(">").lower() for text in recipients}


@dataclass(frozen=True, slots=True)
class Addressed:
    """Somebody whom a message to a class goes to: ``pupils`` are those of the class whose guardian
    he is, or himself. ``responsable`` of a text between braces is his ``name``."""

    address: str
    name: str
    pupils: tuple[Person, ...]
    class_name: str


def addressed(group: Group, audience: str) -> tuple[Addressed, ...]:
    """The recipients of `reach` who are contacts, with the pupils that a message to each may
    name."""
    several = families(group)
    wanted = addresses_reached(group, several, audience)
    by_address: dict[str, tuple[Person, list[Person]]] = {}
    for family in several:
        people = [guardian.person for guardian in family.guardians if guardian.receives_mail]
        if audience != Audience.GUARDIANS:
            people.append(family.pupil)
        if audience == Audience.PUPILS:
            people = [family.pupil]
        for person in people:
            if person.address.lower() in wanted:
                by_address.setdefault(person.address.lower(), (person, []))[1].append(family.pupil)
    name = group.class_name or group.name
    return tuple(
        Addressed(person.address, person.name, tuple(pupils), name)
        for person, pupils in by_address.values()
    )


@dataclass(frozen=True, slots=True)
class PupilName:
    """A pupil by name; ``number`` is the contact's."""

    number: int
    first: str
    last: str


@dataclass(frozen=True, slots=True)
class FamilyWords:
    """The words about a recipient that a text between braces may ask for: the names of his pupils,
    or his own, of their classes, and of the guardians. ``pupils`` are those that he is a guardian
    of."""

    pupil: str = ""
    class_name: str = ""
    guardian: str = ""
    pupils: tuple[PupilName, ...] = ()


def words_of(user: User, addresses: Iterable[str]) -> dict[str, FamilyWords]:
    """The words about the guardians and pupils at these addresses, by address in lower case. An
    address that both parents share stands for both. Archived classes do not count. Three
    queries."""
    return _words_of(user, addresses, Q(), Group.objects.of(user))


def words_within(
    user: User, addresses: Iterable[str], several: Collection[Group]
) -> dict[str, FamilyWords]:
    """The same of the pupils of some groups of the owner's alone, in a class of these."""
    keys = [group.pk for group in several]
    through: Any = Group.contacts.through
    members = through.objects.filter(group__in=keys).values("contact")
    of_them = Group.objects.of(user).filter(pk__in=keys)
    return _words_of(user, addresses, Q(pupil__in=members), of_them)


def _words_of(
    user: User, addresses: Iterable[str], meant: Q, groups: QuerySet[Group]
) -> dict[str, FamilyWords]:
    wanted = {address.lower() for address in addresses if address}
    rows = ContactAddress.objects.filter(user=user, folded__in=wanted, contact__deleted=None)
    at = list(rows.order_by("contact__sort_key", "contact").values_list("folded", "contact"))
    people = {pk for _address, pk in at}
    ties = list(
        Guardianship.objects.filter(
            Q(guardian__in=people) | Q(pupil__in=people),
            meant,
            user=user,
            guardian__deleted=None,
            pupil__deleted=None,
        )
        .select_related("pupil", "guardian")
        .defer("pupil__search", "pupil__vcard", "guardian__search", "guardian__vcard")
        .order_by("pupil__sort_key", "pupil", "position", "pk")
    )
    classes = _classes(groups, {tie.pupil_id for tie in ties} | people)
    here: dict[str, dict[int, None]] = {}
    for address, pk in at:
        here.setdefault(address, {})[pk] = None
    of_each = {address: _words(set(contacts), ties, classes) for address, contacts in here.items()}
    return {address: words for address, words in of_each.items() if words.pupil or words.class_name}


def _words(
    here: set[int], ties: Sequence[Guardianship], classes: Mapping[int, Sequence[str]]
) -> FamilyWords:
    """The words about the contacts at one address."""
    wards = {tie.pupil_id: tie.pupil for tie in ties if tie.guardian_id in here}
    own = {tie.pupil_id: tie.pupil for tie in ties if tie.pupil_id in here}
    pupils = wards | own
    return FamilyWords(
        pupil=_listed(pupil.display_name for pupil in pupils.values()),
        class_name=_listed(name for pk in (*pupils, *here) for name in classes.get(pk, ())),
        guardian=_listed(
            tie.guardian.display_name
            for tie in ties
            if tie.guardian_id in here or (tie.pupil_id in own and not wards)
        ),
        pupils=tuple(_pupil_name(pupil) for pupil in wards.values()),
    )


def _pupil_name(pupil: Contact) -> PupilName:
    name = names.by_order(pupil.display_name, pupil.sort_key)
    return PupilName(pupil.pk, name.first, name.last)


def _classes(groups: QuerySet[Group], pupils: Iterable[int]) -> dict[int, list[str]]:
    classes = groups.filter(kind=Group.Kind.CLASS, archived=None, contacts__in=set(pupils))
    names: dict[int, list[str]] = {}
    for pupil, name, class_name in classes.order_by().values_list("contacts", "name", "class_name"):
        names.setdefault(pupil, []).append(class_name or name)
    return names


def _listed(names: Iterable[str]) -> str:
    """“Léa”, “Léa et Tom”, “Léa, Tom et Zoé”, each once."""
    several = list(dict.fromkeys(name for name in names if name))
    if len(several) < 2:
        return "".join(several)
    return gettext("%(first)s and %(last)s") % {
        "first": ", ".join(several[:-1]),
        "last": several[-1],
    }


def _take(person: Person, by_address: dict[str, str]) -> bool:
    if person.address:
        by_address.setdefault(person.address.lower(), person.recipient)
    return bool(person.address)


def _take_guardians(
    family: Family, by_address: dict[str, str], silent: list[Silent], *, first_alone: bool
) -> bool:
    """Whether anybody is reached."""
    is_reached = False
    if not family.guardians:
        silent.append(Silent(family.pupil.name, Silence.NO_GUARDIAN, family.pupil.name))
    for guardian in family.guardians:
        name = guardian.person.name
        if not guardian.receives_mail:
            silent.append(Silent(name, Silence.NO_MAIL, family.pupil.name))
        elif not _take(guardian.person, by_address):
            silent.append(Silent(name, Silence.NO_ADDRESS, family.pupil.name))
        else:
            is_reached = True
            if first_alone:
                break
    return is_reached


def label(group: Group, audience: str) -> str:
    """The name of a part of a class among recipients: ``4e B – responsables``."""
    return f"{group.name} – {audience_words(audience)}"


def audience_words(audience: str) -> str:
    """The people of a class, in the page's language."""
    return {
        Audience.GUARDIANS: pgettext("of a class", "guardians"),
        Audience.PUPILS: pgettext("of a class", "pupils"),
        Audience.BOTH: pgettext("of a class", "pupils and guardians"),
    }[Audience(audience)]


def labelled(user: User, names: Iterable[str]) -> list[tuple[Group, str]]:
    """The parts of classes that recipients of these names are (`label`)."""
    wanted = {fold(name) for name in names if "–" in name}
    if not wanted:
        return []
    classes = Group.objects.of(user).filter(kind=Group.Kind.CLASS)
    return [
        (group, audience.value)
        for group in classes
        for audience in Audience
        if fold(label(group, audience)) in wanted
    ]


# --- who is whose ---


@dataclass(frozen=True, slots=True)
class Relative:
    """A guardian of a pupil, or a pupil of a guardian, on the card of the other."""

    contact: Contact
    tie: Guardianship


def guardians_of(pupil: Contact) -> tuple[Relative, ...]:
    """One query."""
    ties = pupil.guardianships.filter(guardian__deleted=None).select_related("guardian")
    return tuple(Relative(tie.guardian, tie) for tie in ties[:MOST_GUARDIANS])


def pupils_of(guardian: Contact) -> tuple[Relative, ...]:
    """One query."""
    ties = guardian.wardships.filter(pupil__deleted=None).select_related("pupil")
    ties = ties.order_by("pupil__sort_key", "pupil")
    return tuple(Relative(tie.pupil, tie) for tie in ties[:MOST_PUPILS])


def add_guardian(
    pupil: Contact,
    guardian: Contact,
    *,
    relation: str = "",
    receives_mail: bool = True,
    is_legal: bool = True,
) -> Guardianship:
    """Tie two contacts of one address book; tied already, they are as said now. Raises
    TooManyGuardians."""
    with transaction.atomic():
        Contact.objects.select_for_update().get(pk=pupil.pk)
        others = pupil.guardianships.exclude(guardian=guardian)
        if others.count() >= MOST_GUARDIANS:
            raise TooManyGuardians(pupil.display_name)
        last = others.aggregate(last=Max("position"))["last"]
        return Guardianship.objects.update_or_create(
            pupil=pupil,
            guardian=guardian,
            defaults={
                "relation": relation[:60],
                "receives_mail": receives_mail,
                "is_legal": is_legal,
            },
            create_defaults={
                "user_id": pupil.user_id,
                "relation": relation[:60],
                "receives_mail": receives_mail,
                "is_legal": is_legal,
                "position": 0 if last is None else last + 1,
            },
        )[0]


def change_guardian(
    tie: Guardianship, *, relation: str, receives_mail: bool, is_legal: bool, is_first: bool
) -> None:
    """Change the values of a guardian; the first one comes before all others."""
    with transaction.atomic():
        tie.relation, tie.receives_mail, tie.is_legal = relation[:60], receives_mail, is_legal
        tie.save(update_fields=["relation", "receives_mail", "is_legal"])
        if is_first:
            others = Guardianship.objects.filter(pupil=tie.pupil_id).exclude(pk=tie.pk)
            for position, guardianship in enumerate([tie, *others.order_by("position", "pk")]):
                Guardianship.objects.filter(pk=guardianship.pk).update(position=position)


def carry_over(made: Contact, several: Sequence[Contact]) -> None:
    """Tie a contact that was made of several to the guardians and pupils of each of them; theirs
    stay for the day when they come back."""
    old = {contact.pk for contact in several}
    ties = Guardianship.objects.filter(Q(pupil__in=old) | Q(guardian__in=old)).order_by("position")
    new: dict[tuple[int, int], Guardianship] = {}
    for tie in ties:
        pupil = made.pk if tie.pupil_id in old else tie.pupil_id
        guardian = made.pk if tie.guardian_id in old else tie.guardian_id
        if pupil != guardian:
            tie.pk, tie.pupil_id, tie.guardian_id = None, pupil, guardian
            tie._state.adding = True
            new.setdefault((pupil, guardian), tie)
    Guardianship.objects.bulk_create(new.values())


def remove_guardian(tie: Guardianship) -> None:
    """Untie a guardian from a pupil; both contacts stay."""
    tie.delete()


def find_tie(user: User, pk: int) -> Guardianship | None:
    """A person's own, with its two contacts, neither of them in the bin."""
    ties = Guardianship.objects.filter(
        user=user, pk=pk, pupil__deleted=None, guardian__deleted=None
    )
    return ties.select_related("pupil", "guardian").first()


def silence_words(reason: Silence) -> str:
    """Why somebody gets nothing, as part of a sentence."""
    return {
        Silence.NO_ADDRESS: gettext("no e-mail address"),
        Silence.NO_MAIL: gettext("does not receive the school’s mail"),
        Silence.NO_GUARDIAN: gettext("no guardian is known"),
    }[reason]
