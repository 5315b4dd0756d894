"""A school's list from its file to pupils, guardians and classes, and again next month."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from addressbook import contacts, imports, vcard
from addressbook.completion import search
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import audiences, families, groups, known, ties
from addressbook.models import Contact, Group, Guardianship, ImportJob
from addressbook.presentation import classes as class_presentation
from tests.addressbook.imports.conftest import Import
from tests.mail.previews import samples

pytestmark = pytest.mark.django_db

FOLDER = Path(__file__).parents[2] / "data" / "addressbook" / "classes"
HEAD = (
    "Nom élève;Prénom élève;Né(e) le;Classe;Nom responsable 1;Email responsable 1;"
    "Reçoit les courriers 1;Nom responsable 2;Email responsable 2;Année scolaire\n"
)
LEA = "MARTIN;Léa;12/05/2014;6e C;Martin Paul;p@x.example;oui;Dupont Anne;a@x.example;2026-2027\n"
TOM = "NOËL;Tom;01/02/2014;6e C;Noël Ève;e@x.example;oui;;;2026-2027\n"


def group(user: User, name: str) -> Group:
    return Group.objects.of(user).get(name=name)


def pupils(user: User, name: str) -> list[str]:
    return list(group(user, name).contacts.values_list("display_name", flat=True))


def test_one_import_makes_pupils_guardians_and_classes(claire: User, brought: Import) -> None:
    job = brought(claire, (FOLDER / "pronote.csv").read_bytes())
    assert (job.new, job.refused) == (11, 0)
    assert pupils(claire, "6e C") == ["Léa MARTIN", "Tom MARTIN"]
    found = families.of_class(group(claire, "6e C"))
    assert [[one.member.last_name for one in family.guardians] for family in found] == [
        ["MARTIN", "DUPONT"],
        ["MARTIN", "DUPONT"],
    ]
    assert found[0].guardians[1].member.addresses[0] == "a.dupont@exemple.invalid"
    assert group(claire, "6e C").kind == Group.Kind.CLASS


def test_a_workbook_with_a_sheet_for_each_class(claire: User, brought: Import) -> None:
    head = ["Nom", "Prénom", "Né(e) le", "Responsable 1", "Email responsable 1"]
    book = samples.xlsx(
        {
            "6e A": [head, ["MARTIN", "Léa", "12/05/2014", "MARTIN Paul", "p@x.example"]],
            "6e B": [head, ["MARTIN", "Tom", "12/05/2014", "MARTIN Paul", "p@x.example"]],
        }
    )
    brought(claire, book)
    assert pupils(claire, "6e A") == ["Léa MARTIN"]
    assert pupils(claire, "6e B") == ["Tom MARTIN"]
    (paul,) = Contact.objects.of(claire).filter(addresses__folded="p@x.example")
    assert len(ties.pupils_of(paul)) == 2


def test_the_same_list_again_changes_nothing(claire: User, brought: Import) -> None:
    for name in ("pronote.csv", "siecle_responsables.csv", "onde.csv", "ecoledirecte.csv"):
        brought(claire, (FOLDER / name).read_bytes())
        before = list(Contact.objects.values_list("pk", "vcard"))
        again = brought(claire, (FOLDER / name).read_bytes())
        assert (again.new, again.merged, again.added, again.to_check) == (0, 0, 0, 0)
        assert list(Contact.objects.values_list("pk", "vcard")) == before


def test_undoing_takes_pupils_ties_and_classes_back(claire: User, brought: Import) -> None:
    job = brought(claire, (FOLDER / "pronote.csv").read_bytes())
    assert imports.undo(job)
    imports.run(job.pk)
    assert not Guardianship.objects.exists()
    assert not Contact.objects.of(claire).exists()
    assert not Group.objects.of(claire).exists()


def test_a_list_says_who_came_who_left_and_who_changed_class(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + LEA + TOM)
    other = HEAD + TOM.replace("6e C", "6e D") + "ROY;Ali;03/03/2014;6e D;Roy Lou;l@x.example;;;;\n"
    job = checked(claire, other)
    (change,) = imports.class_changes(job)
    assert change.came == ("Ali ROY",)
    assert change.moved == (("Tom NOËL", "6e C"),)
    assert [name for _pk, name in change.left] == ["Léa MARTIN (6e C)"]
    assert imports.start(job)
    imports.run(job.pk)
    assert pupils(claire, "6e C") == ["Léa MARTIN"]
    assert sorted(pupils(claire, "6e D")) == ["Ali ROY", "Tom NOËL"]
    job.refresh_from_db()
    imports.undo(job)
    imports.run(job.pk)
    assert sorted(pupils(claire, "6e C")) == ["Léa MARTIN", "Tom NOËL"]


def test_those_who_are_ticked_leave_the_class_and_are_archived(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + LEA + TOM)
    job = checked(claire, HEAD + LEA)
    (change,) = imports.class_changes(job)
    assert [name for _pk, name in change.left] == ["Tom NOËL"]
    assert imports.start(job, [pk for pk, _name in change.left])
    imports.run(job.pk)
    assert pupils(claire, "6e C") == ["Léa MARTIN"]
    gone = Contact.objects.of(claire).exclude(archived=None)
    assert {one.display_name for one in gone} == {"Noël Ève", "Tom NOËL"}
    job.refresh_from_db()
    imports.undo(job)
    imports.run(job.pk)
    assert sorted(pupils(claire, "6e C")) == ["Léa MARTIN", "Tom NOËL"]
    assert not Contact.objects.exclude(archived=None).exists()


def test_a_list_of_a_part_of_the_class_ticks_nobody(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + LEA + TOM + TOM.replace("Tom", "Jo") + TOM.replace("Tom", "Lu"))
    (view,) = class_presentation.class_changes(imports.class_changes(checked(claire, HEAD + LEA)))
    assert (len(view.left), view.is_partial) == (3, True)
    most = HEAD + LEA + TOM + TOM.replace("Tom", "Jo")
    (view,) = class_presentation.class_changes(imports.class_changes(checked(claire, most)))
    assert (len(view.left), view.is_partial) == (1, False)


def test_nobody_is_told_to_have_left_where_both_are_kept(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + LEA + TOM)
    (change,) = imports.class_changes(checked(claire, HEAD + LEA, policy="keep"))
    assert not change.left


GO_ON = LEA + TOM.replace("NOËL;Tom", "ROY;Ali") + TOM.replace("NOËL;Tom", "FAY;Lou")


@pytest.mark.parametrize("year", ["2025-2026", "2026-2027"])
@pytest.mark.parametrize("name", ["5e A", "6e C"])
def test_a_pupil_who_left_does_not_stay_alone_when_the_class_goes_on(
    browser_of: Callable[[User], Client],
    claire: User,
    brought: Import,
    checked: Import,
    year: str,
    name: str,
) -> None:
    brought(claire, (HEAD + GO_ON + TOM).replace("2026-2027", year))
    before = group(claire, "6e C")
    job = checked(claire, (HEAD + GO_ON).replace("6e C", name))
    (view,) = class_presentation.class_changes(imports.class_changes(job))
    assert not view.is_partial
    assert [words.partition(" (")[0] for _pk, words in view.left] == ["Tom NOËL"]
    assert imports.start(job, [pk for pk, _name in view.left])
    imports.run(job.pk)
    job.refresh_from_db()
    assert not before.contacts.filter(display_name="Tom NOËL").exists()
    gone = Contact.objects.of(claire).exclude(archived=None)
    assert [one.display_name for one in gone] == ["Tom NOËL"]  # Noël Ève has other pupils
    (outcome,), _others = imports.class_outcomes(job)
    assert [one for _pk, one in outcome.archived] == ["Tom NOËL"]
    shown = browser_of(claire).get(reverse("addressbook:import", args=[job.pk])).content.decode()
    assert "Tom NOËL" in unescape(shown)
    assert imports.undo(job)
    imports.run(job.pk)
    assert "Tom NOËL" in pupils(claire, "6e C")
    assert not Contact.objects.exclude(archived=None).exists()


def test_who_goes_on_in_a_class_of_another_list_has_not_left(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, (HEAD + GO_ON + TOM).replace("2026-2027", "2025-2026"))
    brought(claire, HEAD + TOM.replace("6e C", "5e B"))
    (change,) = imports.class_changes(checked(claire, HEAD + GO_ON.replace("6e C", "5e A")))
    assert len(change.came) == 3
    assert not change.left


def test_a_class_that_is_mixed_in_the_holidays_names_nobody(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, (HEAD + LEA + TOM).replace("2026-2027", "2025-2026"))
    (change,) = imports.class_changes(checked(claire, HEAD + LEA.replace("6e C", "5e A")))
    assert not change.left


def test_of_a_class_that_mostly_stays_where_it_is_nobody_is_told_to_have_left(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + GO_ON + TOM)
    (change,) = imports.class_changes(checked(claire, HEAD + LEA.replace("6e C", "6e D")))
    assert change.moved == (("Léa MARTIN", "6e C"),)
    assert not change.left


def test_who_is_not_ticked_stays(claire: User, brought: Import) -> None:
    brought(claire, HEAD + LEA + TOM)
    job = brought(claire, HEAD + LEA)
    assert job.to_check == 1
    assert sorted(pupils(claire, "6e C")) == ["Léa MARTIN", "Tom NOËL"]


def test_the_class_of_last_year_is_archived_by_the_list_of_this_year(
    claire: User, brought: Import
) -> None:
    brought(claire, (HEAD + LEA).replace("2026-2027", "2025-2026"))
    job = brought(claire, HEAD + TOM)
    assert pupils(claire, "6e C") == ["Tom NOËL"]
    old = group(claire, "6e C (2025-2026)")
    assert old.archived
    assert [one.display_name for one in old.contacts.all()] == ["Léa MARTIN"]
    imports.undo(job)
    imports.run(job.pk)
    assert pupils(claire, "6e C") == ["Léa MARTIN"]


def test_an_ordinary_group_of_the_name_stays_one(claire: User, brought: Import) -> None:
    groups.create(claire, "6e C")
    brought(claire, HEAD + LEA)
    assert not pupils(claire, "6e C")
    assert pupils(claire, "6e C (2026-2027)") == ["Léa MARTIN"]


def test_a_guardian_is_known_by_the_pupil_when_the_address_is_another(
    claire: User, brought: Import
) -> None:
    brought(claire, HEAD + LEA)
    brought(claire, HEAD + LEA.replace("p@x.example", "paul@new.example"))
    paul = Contact.objects.of(claire).get(display_name="Martin Paul")
    assert {one.address for one in paul.addresses.all()} == {"p@x.example", "paul@new.example"}


@pytest.mark.parametrize("policy", ["merge", "replace", "skip"])
def test_a_guardians_new_address_is_the_one_written_to(
    claire: User, brought: Import, policy: str
) -> None:
    moved = LEA.replace("p@x.example", "paul@new.example")
    brought(claire, HEAD + LEA)
    brought(claire, HEAD + moved, policy=policy)
    reached = audiences.recipients_of(group(claire, "6e C"), "guardians").recipients
    wanted = "p@x.example" if policy == "skip" else "paul@new.example"
    assert [one for one in reached if "Paul" in one] == [f"Martin Paul <{wanted}>"]
    # Brought once more, the list changes nothing.
    assert brought(claire, HEAD + moved, policy=policy).merged == 0


def test_the_address_that_was_written_to_is_kept_as_a_former_one(
    claire: User, browser_of: Callable[[User], Client], brought: Import
) -> None:
    brought(claire, HEAD + LEA)
    brought(claire, HEAD + LEA.replace("p@x.example", "paul@new.example"))
    paul = Contact.objects.of(claire).get(display_name="Martin Paul")
    assert vcard.read_one(paul.vcard).emails == (
        Email("paul@new.example"),
        Email("p@x.example", "former"),
    )
    # An answer from it is known, but completion offers the new address alone.
    assert known.people(claire, ["p@x.example"])["p@x.example"].contact == paul.pk
    assert [one.address for one in search.complete(claire, "martin paul")] == ["paul@new.example"]
    page = browser_of(claire).get(reverse("addressbook:contact", args=[paul.pk])).content.decode()
    assert "Ancienne adresse" in page


def test_a_guardian_with_a_former_address_alone_gets_nothing(claire: User, brought: Import) -> None:
    brought(claire, HEAD + LEA)
    paul = Contact.objects.of(claire).get(display_name="Martin Paul")
    data = vcard.read_one(paul.vcard)
    contacts.update(paul, replace(data, emails=(Email("p@x.example", "former"),)))
    reached = audiences.recipients_of(group(claire, "6e C"), "guardians")
    assert [one for one in reached.recipients if "Paul" in one] == []
    assert [one.name for one in reached.unreached] == ["Martin Paul"]
    ordinary = groups.create(claire, "Délégués")
    groups.add(ordinary, [paul.pk])
    of_group = groups.reach(ordinary)
    assert of_group.recipients == ()
    assert [one.name for one in of_group.unreached] == ["Martin Paul"]


def test_undoing_the_list_of_the_next_year_brings_every_row_back(
    claire: User, brought: Import
) -> None:
    brought(claire, HEAD + LEA + TOM)
    lea = Contact.objects.of(claire).get(display_name="Léa MARTIN")
    _paul, anne = ties.guardians_of(lea)
    ties.change_guardian(
        anne.tie, relation="mother", receives_mail=False, is_legal=True, is_first=True
    )
    before = _rows(claire)
    renewed = LEA.replace("p@x.example", "paul@new.example").replace("6e C", "5e C")
    zoe = "PETIT;Zoé;03/03/2014;5e C;Petit Ali;ali@x.example;oui;;;2026-2027\n"
    job = brought(claire, HEAD + (renewed + zoe).replace("2026-2027", "2027-2028"))
    assert _rows(claire) != before
    assert imports.undo(job)
    imports.run(job.pk)
    assert _rows(claire) == before


def _rows(user: User) -> list[list[tuple[Any, ...]]]:
    """Return what stands in the address book outside the bin."""
    own = Contact.objects.of(user)
    classes = Group.objects.of(user)
    ties_of = Guardianship.objects.filter(pupil__in=own, guardian__in=own)
    return [
        list(own.order_by("pk").values_list("pk", "uid", "vcard", "search", "archived")),
        list(own.order_by("pk", "addresses__position").values_list(
            "pk", "addresses__address", "addresses__type", "addresses__position",
            "addresses__words", "addresses__weight")),
        list(classes.order_by("pk").values_list(
            "pk", "name", "folded", "class_name", "school_year", "archived", "external")),
        list(classes.order_by("pk", "contacts").values_list("pk", "contacts")),
        list(ties_of.order_by("pk").values_list(
            "pk", "pupil", "guardian", "relation", "receives_mail", "is_legal", "position")),
    ]  # fmt: skip


def test_an_address_put_first_by_hand_stays_first(claire: User, brought: Import) -> None:
    brought(claire, HEAD + LEA)
    paul = Contact.objects.of(claire).get(display_name="Martin Paul")
    data = vcard.read_one(paul.vcard)
    contacts.update(paul, replace(data, emails=(Email("paul@home.example"), *data.emails)))
    assert brought(claire, HEAD + LEA).merged == 0
    paul.refresh_from_db()
    assert vcard.read_one(paul.vcard).emails[0].address == "paul@home.example"


def test_a_pupil_and_a_guardian_of_one_name_are_two(claire: User, brought: Import) -> None:
    contacts.create(
        claire,
        ContactData(first_name="Léa", last_name="Martin", emails=(Email("lea@x.example"),)),
    )
    brought(claire, HEAD + LEA.replace("Martin Paul;p@x.example", "Martin Léa;lea@x.example"))
    assert Contact.objects.of(claire).filter(display_name__iexact="Léa Martin").count() == 2


def test_what_was_said_by_hand_is_kept_where_the_list_is_silent(
    claire: User, brought: Import
) -> None:
    brought(claire, HEAD + LEA)
    lea = Contact.objects.of(claire).get(display_name="Léa MARTIN")
    _paul, anne = ties.guardians_of(lea)
    ties.change_guardian(
        anne.tie, relation="mother", receives_mail=False, is_legal=True, is_first=True
    )
    brought(claire, HEAD + LEA)
    first, _second = ties.guardians_of(lea)
    assert (first.contact, first.tie.receives_mail) == (anne.contact, False)


def test_the_preview_of_many_pupils_costs_as_many_queries_as_of_two(
    claire: User, checked: Import, brought: Import, django_assert_num_queries
) -> None:
    client = Client()
    client.force_login(claire, backend="accounts.backends.MailServerBackend")
    brought(claire, HEAD + LEA + TOM)

    def lines(count: int) -> str:
        return "".join(
            f"NOM{n};Prénom;0{n % 9 + 1}/02/2014;{n % 12}e;Père{n};p{n}@x.example;oui;;;2026-2027\n"
            for n in range(count)
        )

    for count in (2, 200):
        job = checked(claire, HEAD + TOM + lines(count))
        url = f"/contacts/import/{job.pk}/"
        ImportJob.objects.filter(pk=job.pk).update(columns={})
        client.get(url)
        with django_assert_num_queries(41):
            client.get(url)
        imports.cancel(ImportJob.objects.get(pk=job.pk))


def test_the_report_of_a_schools_list_leads_to_its_classes(
    browser_of: Callable[[User], Client], claire: User, brought: Import
) -> None:
    visitor = browser_of(claire)
    job = brought(claire, HEAD + LEA)
    made = Group.objects.of(claire).get(name="6e C")
    at = reverse("addressbook:import", args=[job.pk])
    shown = unescape(visitor.get(at).content.decode())
    assert "3 élèves et responsables" in shown
    assert reverse("addressbook:group", args=[made.pk]) in shown.partition("<main")[2]
    assert reverse("addressbook:write_class", args=[made.pk]) in shown
    imports.undo(job)
    assert reverse("addressbook:write_class", args=[made.pk]) not in str(visitor.get(at).content)


def test_guardians_who_are_not_in_the_list_are_named_and_leave_where_ticked(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + LEA + TOM)
    alone = LEA.replace("Dupont Anne;a@x.example", ";")
    job = checked(claire, HEAD + alone + TOM)
    (change,) = imports.class_changes(job)
    ((anne, *words),) = change.guardians
    assert words == ["Dupont Anne", ("Léa MARTIN",)]
    assert not change.left
    # Not ticked, she stays as she is.
    assert imports.start(job)
    imports.run(job.pk)
    assert Guardianship.objects.get(guardian=anne).receives_mail
    job = checked(claire, HEAD + alone + TOM)
    assert imports.start(job, [anne])
    imports.run(job.pk)
    tie = Guardianship.objects.select_related("guardian").get(guardian=anne)
    assert (tie.receives_mail, tie.guardian.archived is not None) == (False, True)
    reached = audiences.recipients_of(group(claire, "6e C"), "guardians").recipients
    assert not [one for one in reached if "a@x.example" in one]
    # A list that names nobody new says nothing of her again, and undoing brings her back.
    assert imports.class_changes(checked(claire, HEAD + alone + TOM))[0].guardians == ()
    job.refresh_from_db()
    imports.undo(job)
    imports.run(job.pk)
    tie.refresh_from_db()
    assert tie.receives_mail
    assert Contact.objects.get(pk=anne).archived is None


def test_a_guardian_of_another_pupil_is_silenced_and_not_archived(
    claire: User, brought: Import, checked: Import
) -> None:
    brother = LEA.replace("Léa", "Max")
    brought(claire, HEAD + LEA + brother + TOM)
    job = checked(claire, HEAD + LEA.replace("Dupont Anne;a@x.example", ";") + brother + TOM)
    (change,) = imports.class_changes(job)
    ((anne, _name, pupils),) = change.guardians
    assert pupils == ("Léa MARTIN",)
    imports.start(job, [anne])
    imports.run(job.pk)
    told = Guardianship.objects.filter(guardian=anne).values_list(
        "pupil__display_name", "receives_mail"
    )
    assert dict(told) == {"Léa MARTIN": False, "Max MARTIN": True}
    assert Contact.objects.get(pk=anne).archived is None


def test_a_list_without_second_guardians_ticks_none_of_them(
    claire: User, brought: Import, checked: Import, browser_of: Callable[[User], Client]
) -> None:
    tom = TOM.replace("oui;;;", "oui;Noël Luc;l@x.example;")
    brought(claire, HEAD + LEA + tom)
    first = HEAD + LEA.replace("Dupont Anne;a@x.example", ";") + TOM
    job = checked(claire, first)
    (view,) = class_presentation.class_changes(imports.class_changes(job))
    assert (len(view.guardians), view.has_few_guardians) == (2, True)
    at = reverse("addressbook:import", args=[job.pk])
    shown = unescape(browser_of(claire).get(at, follow=True).content.decode())
    assert "Importer la liste d’une classe" in shown
    # A list that names no guardian at all says nothing of them.
    job = checked(claire, "Nom;Prénom;Classe\nMARTIN;Léa;6e C\nNOËL;Tom;6e C\n")
    assert all(not one.guardians for one in imports.class_changes(job))


def without_tom(claire: User, brought: Import, checked: Import) -> ImportJob:
    """The list of a class, then the one of Léa alone: Tom and his guardian are archived."""
    brought(claire, HEAD + LEA + TOM)
    job = checked(claire, HEAD + LEA)
    imports.start(job, [pk for pk, _name in imports.class_changes(job)[0].left])
    imports.run(job.pk)
    return job


def test_who_comes_back_in_a_list_is_completed_again(
    claire: User, brought: Import, checked: Import
) -> None:
    without_tom(claire, brought, checked)
    assert Contact.objects.of(claire).exclude(archived=None).count() == 2
    brought(claire, HEAD + LEA + TOM)
    assert not Contact.objects.of(claire).exclude(archived=None).exists()


def test_undone_it_archives_again_whom_it_had_brought_back(
    claire: User, brought: Import, checked: Import
) -> None:
    without_tom(claire, brought, checked)

    def facts() -> list[list[Any]]:
        through = Group.contacts.through
        return [
            list(Contact.objects.order_by("pk").values_list("pk", "archived", "deleted", "vcard")),
            sorted(through.objects.values_list("group", "contact")),
            list(Guardianship.objects.order_by("pk").values()),
            list(Group.objects.of(claire).order_by("pk").values_list("name", "archived")),
        ]

    before = facts()
    back = brought(claire, HEAD + LEA + TOM.replace("Noël Ève", "Roy Lou"))
    assert facts() != before
    assert imports.undo(back)
    imports.run(back.pk)
    assert [one for one in facts()[0] if one[2] is None] == before[0]
    assert facts()[1:] == before[1:]


def test_the_report_names_who_came_left_stayed_and_changed_class(
    browser_of: Callable[[User], Client], claire: User, brought: Import, checked: Import
) -> None:
    jo, ali = TOM.replace("Tom", "Jo"), TOM.replace("NOËL;Tom", "ROY;Ali")
    brought(claire, HEAD + LEA + TOM + jo)
    job = checked(claire, HEAD + LEA.replace("6e C", "6e D") + ali)
    left = [one for change in imports.class_changes(job) for one in change.left]
    assert imports.start(job, [pk for pk, name in left if name == "Tom NOËL"])
    imports.run(job.pk)
    job.refresh_from_db()
    outcomes, _others = imports.class_outcomes(job)
    told = {one.name: one for one in outcomes}
    assert [name for _pk, name in told["6e C"].archived] == ["Tom NOËL"]
    assert [name for _pk, name in told["6e C"].stayed] == ["Jo NOËL"]
    assert [name for _pk, name in told["6e C"].came] == ["Ali ROY"]
    assert [one[1:] for one in told["6e D"].moved] == [("Léa MARTIN", "6e C")]
    shown = unescape(
        browser_of(claire).get(reverse("addressbook:import", args=[job.pk])).content.decode()
    )
    for words in ("Partis et archivés (1)", "Tom NOËL", "restent dans la classe (1)", "Jo NOËL"):
        assert words in shown
    imports.undo(job)
    imports.run(job.pk)
    job.refresh_from_db()
    assert imports.class_outcomes(job) == ([], None)


def test_the_report_names_guardians_and_whoever_came_back(
    claire: User, brought: Import, checked: Import
) -> None:
    job = without_tom(claire, brought, checked)
    job.refresh_from_db()
    _outcomes, others = imports.class_outcomes(job)
    assert others is not None
    assert [name for _pk, name in others.archived] == ["Noël Ève"]
    _outcomes, others = imports.class_outcomes(brought(claire, HEAD + LEA + TOM))
    assert others is not None
    assert {name for _pk, name in others.back} == {"Noël Ève", "Tom NOËL"}
