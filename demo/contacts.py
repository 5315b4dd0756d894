"""The address books of the academy's people: colleagues, families, and contacts outside the school.

All contacts are invented; telephone numbers are from the range that ARCEP reserves for fiction.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address
from typing import TYPE_CHECKING

from addressbook.contact_data import ContactData, Email, Phone, PostalAddress
from addressbook.folding import fold
from core import clock
from demo.mail import people

if TYPE_CHECKING:
    from accounts.models import User

# First name, last name, child and class of the families of two classes.
_PARENTS = (
    ("Amina", "Belkacem", "Yanis, 4e B"),
    ("Luc", "Fontanel", "Jade, 4e B"),
    ("Sophie", "Lambert-Petit", "Maël, 4e B"),
    ("Éric", "Toussaint", "Noé, 4e B"),
    ("Mei", "Zhang", "Lina, 4e B"),
    ("Rachid", "Haddad", "Inès, 4e B"),
    ("Chloé", "Bouvier", "Tom, 4e B"),
    ("Jean-Baptiste", "Œuvrard", "Léa, 4e B"),
    ("Fatou", "Diop", "Awa, 4e B"),
    ("Stéphane", "Noël", "Hugo, 4e B"),
    ("Valérie", "Kowalczyk", "Emma, 6e A"),
    ("Marc", "Quentin", "Louis, 6e A"),
    ("Nadia", "Ait Ahmed", "Sami, 6e A"),
    ("Isabelle", "Roussel", "Clara, 6e A"),
    ("Paulo", "Ferreira", "Inês, 6e A"),
    ("Hélène", "D’Argent", "Paul, 6e A"),
    ("Ousmane", "Traoré", "Issa, 6e A"),
    ("Céline", "Wagner", "Nina, 6e A"),
)
_DELEGATES = ("Lambert-Petit", "Toussaint", "Roussel")
_COLLEAGUES = (
    (people.MORVAN, "SVT"),
    (people.GUERIN, "Principale"),
    (people.BENALI, "Technologie"),
    (people.VASSEUR, "Histoire-géographie"),
    (people.ROCHE, "Mathématiques"),
    (people.THUILLIER, "Lettres classiques"),
    (people.LEFORT, "EPS"),
    (people.PHAM, "Arts plastiques"),
    (people.DELATTRE, "CPE"),
    (people.CARON, "Infirmière"),
    (people.SCHOOL_LIFE, ""),
    (people.OFFICE, ""),
    (people.STORES, ""),
)
_OUTSIDE = (
    (people.MUSEUM, "Sorties"),
    (people.THEATRE, "Sorties"),
    (people.COACHES, "Sorties"),
    (people.MARINE, "Sorties"),
    (people.BRENNAN, "Échange"),
    (people.EXAMS, "Rectorat"),
    (people.TRAINING, "Rectorat"),
    (people.POSTS, "Rectorat"),
    (people.COMPUTING, "Rectorat"),
)
SCHOOL = "Collège Les Aubépines"
# Recipients of earlier messages, and how many days ago; two of them are contacts.
_WRITTEN_TO = (
    (people.MORVAN, 2),
    (people.MORVAN, 9),
    (people.VASSEUR, 30),
    (Address("Karim Lefranc", "k.lefranc", "librairie-valmont.example"), 4),
    (Address("Théâtre des Lisières", "scolaires", "lisieres.example"), 12),
    (Address("", "j.perrin", "courriel.example"), 40),
)


def fill(login: str) -> int:
    """Give this person of the demo an address book, unless there is one. Return the number of
    contacts. Call it after ``django.setup()``."""

    from accounts.models import User
    from addressbook import contacts
    from addressbook.contacts import collected, groups
    from addressbook.models import Contact

    user = User.objects.get(mail_domain__name=people.DOMAIN, login=login)
    if Contact.objects.filter(user=user).exists():
        return 0
    made = contacts.create_many(user, [*_parents(), *_colleagues(), *_outside()])
    parents, colleagues = made[: len(_PARENTS)], made[len(_PARENTS) :][: len(_COLLEAGUES)]
    fourth = [
        parent for parent, row in zip(parents, _PARENTS, strict=True) if row[2].endswith("4e B")
    ]
    delegates = [
        parent for parent, row in zip(parents, _PARENTS, strict=True) if row[1] in _DELEGATES
    ]
    trips = made[len(_PARENTS) + len(_COLLEAGUES) :][:4]
    for name, members in (
        ("Parents 4e B", fourth),
        ("Délégués des parents", delegates),
        ("Équipe du collège", colleagues),
        ("Sorties et musées", trips),
    ):
        groups.add(groups.create(user, name), [member.pk for member in members])
    of_classes = _fill_classes(user)
    for address, days in _WRITTEN_TO:
        name = address.display_name.partition(",")[0]
        when = clock.now() - timedelta(days=days)
        collected.record(user, [(name, address.addr_spec)], when)
    return len(made) + of_classes


_BOARD = (people.DURAND, people.MORVAN, people.GUERIN)
"""The members of the head's group, which is shared with the teacher: the people whose mailboxes the
demo has."""
_PARENTS_OF_BOARD = ("s.lambert-petit@courriel.example", "i.roussel@courriel.example")


def fill_groups(login: str, head: str) -> None:
    """Create the teacher's group of groups and group from the directory, and a group that the head
    of the school shares with the teacher, unless they exist. The directory must be filled before.
    """
    from accounts.models import User
    from addressbook import contacts
    from addressbook.contacts import groups, nesting, sharing
    from addressbook.contacts.audiences import Audience
    from addressbook.models import Group, GroupFilter

    users = User.objects.filter(mail_domain__name=people.DOMAIN)
    teacher, owner = users.get(login=login), users.get(login=head)
    if Group.objects.filter(user=teacher, folded=fold(TEAM)).exists():
        return
    own = {group.name: group for group in Group.objects.of(teacher)}
    team = groups.create(teacher, TEAM)
    nesting.add(team, own["Équipe du collège"])
    nesting.add(team, own["Délégués des parents"])
    nesting.add(team, own["5e C"], Audience.GUARDIANS)
    wanted = GroupFilter(discipline="Lettres modernes")
    groups.create_filtered(teacher, "Professeurs de lettres de l’académie", wanted)
    board = groups.create(owner, "Conseil d’administration")
    made = contacts.create_many(owner, [_colleague(address, "") for address in _BOARD])
    groups.add(board, [contact.pk for contact in made])
    groups.set_external(board, list(_PARENTS_OF_BOARD))
    sharing.share(board, [teacher.address], may_edit=True, with_pupils=False)


TEAM = "Équipe pédagogique 5e C"
# For each pupil: name, date of birth, and guardians with name, address, relation, whether they
# receive the school's mail, and street. The Kowalskis live apart; Sacha's father has no address;
# Ana and Rui are siblings.
_CLASS = (
    ("Lila Kowalski", "2013-03-14", (
        ("Ewa Kowalski", "ewa.kowalski@courriel.example", "mother", True, "3, rue des Saules"),
        ("Piotr Kowalski", "piotr.kowalski@courriel.example", "father", True, "18, quai du Port"),
    )),
    ("Sacha Mercier", "2013-07-02", (
        ("Julie Mercier", "julie.mercier@courriel.example", "mother", True, ""),
        ("Denis Mercier", "", "father", True, ""),
    )),
    ("Ana Pereira", "2013-11-23", (
        ("Teresa Pereira", "teresa.pereira@courriel.example", "mother", True, ""),
    )),
    ("Rui Pereira", "2013-11-23", (
        ("Teresa Pereira", "teresa.pereira@courriel.example", "mother", True, ""),
    )),
    ("Oscar Vidal", "2013-01-30", (
        ("Marthe Vidal", "marthe.vidal@courriel.example", "grandparent", True, ""),
        ("Hugues Vidal", "hugues.vidal@courriel.example", "father", False, ""),
    )),
)  # fmt: skip
_LAST_YEAR = ("Nino Faure", "Ambre Colin", "Lila Kowalski")


def _fill_classes(user: User) -> int:
    """Create a class of this year with its families, and the list of last year. Return the number
    of contacts."""
    from addressbook import contacts, years
    from addressbook.contacts import archiving, groups, ties
    from addressbook.models import Contact, Group

    known: dict[str, Contact] = {}

    def person(data: ContactData) -> Contact:
        name = f"{data.first_name} {data.last_name}"
        if name not in known:
            known[name] = contacts.create(user, data)
        return known[name]

    this_year, last_year = groups.create(user, "5e C"), groups.create(user, "6e C")
    for number, (name, born, guardians) in enumerate(_CLASS):
        first, last = name.split()
        pupil = person(ContactData(first_name=first, last_name=last, birthday=born, school=SCHOOL))
        groups.add(this_year, [pupil.pk])
        for place, (of_guardian, address, relation, receives, street) in enumerate(guardians):
            first, last = of_guardian.split()
            data = ContactData(
                first_name=first,
                last_name=last,
                emails=(Email(address, "home"),) if address else (),
                phones=(Phone(f"06 39 98 {number + 60} {place + 10}", "mobile"),),
                addresses=(PostalAddress("home", street=street, city="Valmont"),) if street else (),
            )
            ties.add_guardian(pupil, person(data), relation=relation, receives_mail=receives)
    for name in _LAST_YEAR:
        first, last = name.split()
        groups.add(last_year, [person(ContactData(first_name=first, last_name=last)).pk])
    current = years.current()
    groups.set_class(this_year, current, Group.Guardians.ALL)
    groups.set_class(last_year, current - 1, Group.Guardians.ALL)
    archiving.archive_group(last_year)
    return len(known)


def _parents() -> list[ContactData]:
    made = []
    for number, (first, last, child) in enumerate(_PARENTS):
        local = f"{first[0]}.{last}".replace(" ", "-").replace("’", "")
        emails = [Email(f"{fold(local)}@courriel.example", "home")]
        if last in _DELEGATES:
            emails.append(Email(f"{fold(local)}@mairie-valmont.example", "work"))
        made.append(
            ContactData(
                first_name=first,
                last_name=last,
                job_title=f"Parent de {child}",
                emails=tuple(emails),
                phones=(Phone(f"06 39 98 {number + 10} {number + 41}", "mobile"),),
                addresses=(PostalAddress("home", f"{number + 3}, rue des Saules", city="Valmont"),),
                categories=(child.rpartition(", ")[2],),
            )
        )
    return made


def _colleagues() -> list[ContactData]:
    return [_colleague(address, work) for address, work in _COLLEAGUES]


def _colleague(address: Address, work: str) -> ContactData:
    """Return a contact: a person with first and last name, a service with its display name."""
    name = address.display_name.partition(",")[0]
    made = ContactData(
        job_title=work, organization=SCHOOL, emails=(Email(address.addr_spec, "work"),)
    )
    if "–" in name:
        return replace(made, display_name=name)
    first, _blank, last = name.partition(" ")
    return replace(made, first_name=first, last_name=last)


def _outside() -> list[ContactData]:
    return [
        ContactData(
            display_name=address.display_name,
            emails=(Email(address.addr_spec, "work"),),
            categories=(kind,),
        )
        for address, kind in _OUTSIDE
    ]
