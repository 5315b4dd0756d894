"""Pupils of one name: a letter for one of them never reaches the family of the other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from accounts.models import User
from addressbook import imports
from addressbook.contacts import audiences
from addressbook.models import Contact, Guardianship, ImportJob
from tests.addressbook.imports.conftest import Import
from tests.mail.previews import samples
from tests.waiting import cheap

pytestmark = pytest.mark.django_db

HEAD = (
    "Nom élève;Prénom élève;Né(e) le;Classe;Nom responsable 1;Email responsable 1;Année scolaire\n"
)
ONE = "MARTIN;Léa;;6e C;Martin Paul;p@x.example;2026-2027\n"
TWO = "MARTIN;Léa;;6e C;Martin Anne;a@x.example;2026-2027\n"


def families(user: User) -> list[set[str]]:
    """The addresses of the guardians of each pupil called Léa MARTIN."""
    found = []
    for pupil in Contact.objects.of(user).filter(display_name__iexact="Léa MARTIN").order_by("pk"):
        ties = Guardianship.objects.filter(pupil=pupil).select_related("guardian")
        if ties or pupil.groups.exists():
            found.append({tie.guardian.addresses.get().folded for tie in ties})
    return found


def answered(job: ImportJob, **answers: str) -> None:
    names = {f"same-{number.removeprefix('row')}": value for number, value in answers.items()}
    assert imports.choose_pupils(job, imports.answers(job, names))
    imports.run(job.pk)
    job.refresh_from_db()
    assert job.state == ImportJob.State.READY


def written(job: ImportJob) -> None:
    assert imports.start(job)
    imports.run(job.pk)


def test_two_of_one_file_are_two(claire: User, brought: Import) -> None:
    brought(claire, HEAD + ONE + TWO)
    assert families(claire) == [{"p@x.example"}, {"a@x.example"}]


@pytest.mark.parametrize(
    "second",
    [
        TWO,
        TWO.replace("6e C", "6e D"),
        TWO.replace(";;6e C", ";12/05/2014;6e C"),
        TWO.replace("MARTIN;Léa", "Martin;LEA"),
        TWO.replace("2026-2027", "2027-2028"),
        TWO.replace("Martin Anne", "Martin"),
    ],
)
def test_two_of_two_lists_are_two(claire: User, brought: Import, second: str) -> None:
    brought(claire, HEAD + ONE)
    brought(claire, HEAD + second)
    assert sorted(map(sorted, families_of_all(claire))) == [["a@x.example"], ["p@x.example"]]
    brought(claire, HEAD + second)
    brought(claire, HEAD + ONE)
    assert sorted(map(sorted, families_of_all(claire))) == [["a@x.example"], ["p@x.example"]]


def families_of_all(user: User) -> list[set[str]]:
    found: dict[int, set[str]] = {}
    ties = Guardianship.objects.filter(user=user, guardian__deleted=None)
    for tie in ties.select_related("guardian"):
        found.setdefault(tie.pupil_id, set()).add(tie.guardian.addresses.get().folded)
    return list(found.values())


def test_two_of_two_sheets_are_two(claire: User, brought: Import) -> None:
    head = ["Nom", "Prénom", "Classe", "Responsable 1", "Email responsable 1"]
    book = samples.xlsx(
        {
            "A": [head, ["MARTIN", "Léa", "6e C", "MARTIN Paul", "p@x.example"]],
            "B": [head, ["MARTIN", "Léa", "6e C", "MARTIN Anne", "a@x.example"]],
        }
    )
    brought(claire, book)
    assert families(claire) == [{"p@x.example"}, {"a@x.example"}]


def test_one_of_two_sheets_with_a_date_of_birth_is_one(claire: User, brought: Import) -> None:
    head = ["Nom", "Prénom", "Né(e) le", "Responsable 1", "Email responsable 1"]
    book = samples.xlsx(
        {
            "6e A": [head, ["MARTIN", "Léa", "12/05/2014", "MARTIN Paul", "p@x.example"]],
            "Latin": [head, ["MARTIN", "Léa", "12/05/2014", "MARTIN Anne", "a@x.example"]],
        }
    )
    brought(claire, book)
    assert families(claire) == [{"p@x.example", "a@x.example"}]


def test_guardians_of_one_name_without_an_address_are_two(claire: User, brought: Import) -> None:
    line = "{};{};{};6e C;Martin Paul;{};2026-2027\n"
    brought(claire, HEAD + line.format("ROY", "Ali", "01/02/2014", "p@x.example"))
    brought(claire, HEAD + line.format("NOËL", "Tom", "03/04/2014", ""))
    tom = Contact.objects.of(claire).get(display_name="Tom NOËL")
    (tie,) = Guardianship.objects.filter(pupil=tom).select_related("guardian")
    assert not tie.guardian.addresses.exists()


@pytest.mark.parametrize("policy", ["merge", "keep", "skip", "replace"])
def test_no_policy_ties_a_family_to_another_pupil(
    claire: User, brought: Import, checked: Import, policy: str
) -> None:
    brought(claire, HEAD + ONE)
    job = checked(claire, HEAD + TWO)
    assert imports.choose_policy(job, policy)
    written(job)
    assert sorted(map(sorted, families_of_all(claire))) == [["a@x.example"], ["p@x.example"]]


def test_a_list_without_families_goes_to_the_pupils_of_its_class(
    claire: User, brought: Import
) -> None:
    brought(claire, HEAD + ONE)
    names = "Nom élève;Prénom élève;Né(e) le;Classe;Année scolaire\nMARTIN;Léa;;6e C;2026-2027\n"
    job = brought(claire, names)
    assert job.new == 0
    job = brought(claire, names.replace("6e C", "6e D"))
    assert job.new == 1


def test_a_pupil_is_known_by_a_guardian_in_the_next_year(claire: User, brought: Import) -> None:
    brought(claire, HEAD + ONE)
    line = "MARTIN;Léa;;5e A;Paul Martin;p@x.example;2027-2028\n"
    assert brought(claire, HEAD + line).new == 0


def test_the_preview_asks_and_takes_two_pupils_for_granted(
    claire: User, brought: Import, checked: Import
) -> None:
    brought(claire, HEAD + ONE)
    job = checked(claire, HEAD + TWO + TWO.replace("Martin Anne;a@", "Roy Ada;r@"))
    questions = imports.same_names(job)
    assert [question.name for question in questions] == ["Léa MARTIN", "Léa MARTIN"]
    assert [len(question.options) for question in questions] == [1, 2]
    assert {question.chosen for question in questions} == {""}
    known = Contact.objects.of(claire).get(display_name="Léa MARTIN")
    answered(job, row0=f"contact-{known.pk}")
    assert imports.same_names(job)[0].chosen == f"contact-{known.pk}"
    written(job)
    assert families_of_all(claire) == [{"p@x.example", "a@x.example"}, {"r@x.example"}]


def test_two_lines_become_one_pupil_when_the_user_says_so(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + ONE + TWO)
    (question,) = imports.same_names(job)
    (option,) = question.options
    answered(job, **{f"row{question.number}": option.value})
    written(job)
    assert families(claire) == [{"p@x.example", "a@x.example"}]
    job.refresh_from_db()
    assert imports.undo(job)
    imports.run(job.pk)
    assert not Contact.objects.of(claire).exists()


def test_no_other_answer_is_taken(claire: User, checked: Import) -> None:
    job = checked(claire, HEAD + ONE + TWO)
    (question,) = imports.same_names(job)
    for wrong in ("contact-1", "row-99", "row", "row--1", "x", "contact-0"):
        assert imports.answers(job, {f"same-{question.number}": wrong}) == {}
    assert imports.answers(job, {"same-x": "row-0", "other": "row-0"}) == {}


def test_a_guardian_without_authority_gets_no_mail_unless_the_list_says_so(
    claire: User, brought: Import
) -> None:
    head = (
        "Nom élève;Prénom élève;Né(e) le;Classe;Nom responsable 1;Email responsable 1;"
        "Autorité parentale 1;Reçoit les courriers 1\n"
    )
    line = "MARTIN;Léa;12/05/2014;6e C;Martin Paul;p@x.example;{};{}\n"
    for authority, mail, wanted in (
        ("Oui", "", (True, True)),
        ("Non", "", (False, False)),
        ("Oui", "", (True, False)),
        ("Non", "Oui", (False, True)),
        ("Non", "Non", (False, False)),
    ):
        brought(claire, head + line.format(authority, mail))
        (tie,) = Guardianship.objects.all()
        assert (tie.is_legal, tie.receives_mail) == wanted
        group = tie.pupil.groups.get()
        written_to = audiences.recipients_of(group, audiences.Audience.GUARDIANS).recipients
        assert bool(written_to) == wanted[1]


def test_a_new_guardian_without_authority_gets_no_mail(claire: User, brought: Import) -> None:
    head = "Nom élève;Prénom élève;Né(e) le;Classe;Nom responsable 1;Email responsable 1;"
    line = "\nMARTIN;Léa;12/05/2014;6e C;Martin Paul;p@x.example;Non\n"
    brought(claire, f"{head}Autorité parentale 1{line}")
    (tie,) = Guardianship.objects.all()
    assert (tie.is_legal, tie.receives_mail) == (False, False)


def test_thousands_of_one_name_cost_little(claire: User, brought: Import, checked: Import) -> None:
    days = [(date(2000, 1, 1) + timedelta(days=n)).strftime("%d/%m/%Y") for n in range(4_000)]
    lines = [f"MARTIN;Léa;{day};6e C;;;2026-2027\n" for day in days]
    brought(claire, HEAD + "".join(lines[:2_000]))
    job = checked(claire, HEAD + "".join(lines[2_000:]) + ONE)
    with cheap(1.5):
        questions = imports.same_names(job)
    assert [len(question.options) for question in questions] == [10]
