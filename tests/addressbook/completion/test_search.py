"""The people whom a few letters mean: what is found, in which order, at which price."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import MailDomain, StaffRecord, User
from addressbook import contacts
from addressbook.completion import index, roles, search
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import collected, groups
from addressbook.folding import fold
from addressbook.models import Contact, ContactWord, DirectoryDomain, DirectoryEntry

pytestmark = pytest.mark.django_db

LATELY = datetime(2026, 3, 2, 9, tzinfo=timezone.get_default_timezone())


def contact(user: User, name: str, *addresses: str, **more: Any) -> Contact:
    emails = tuple(Email(address) for address in addresses)
    return contacts.create(user, ContactData(display_name=name, emails=emails, **more))


def entry(name: str, address: str = "", **more: str) -> DirectoryEntry:
    """One of the directory; the last word of his name is the last name."""
    address = address or f"{fold(name).replace(' ', '.')}@ac-exemple.fr"
    first, _, last = name.rpartition(" ")
    domain = address.rpartition("@")[2]
    made = DirectoryEntry(
        source="staff",
        source_id=address,
        name=name,
        sort_key=fold(f"{last} {first}"),
        address=address,
        folded=address.lower(),
        domain=domain,
        filled=LATELY,
        **more,
    )
    index.save_entries([made])
    DirectoryDomain.objects.get_or_create(name=domain)
    return made


def found(user: User, text: str) -> list[str]:
    return [suggestion.address or suggestion.name for suggestion in search.complete(user, text)]


@pytest.mark.parametrize(
    "typed",
    ["zo", "ZOÉ", "zoe", "Lam", "petit", "zl", "mair", "exa", "zoe mairie", "petit zo", "zoe.l"],
)
def test_the_beginning_of_any_word_of_name_and_address_finds(claire: User, typed: str) -> None:
    contact(claire, "Zoé Lambert-Petit", "zl.ecole@mairie.example")
    assert found(claire, typed) == ["zl.ecole@mairie.example"]


@pytest.mark.parametrize("typed", ["z", "", "…", "bert", "zoe paul", "xy"])
def test_what_fits_nobody_finds_nobody(claire: User, typed: str) -> None:
    contact(claire, "Zoé Lambert-Petit", "zl.ecole@mairie.example")
    assert found(claire, typed) == []


def test_the_last_name_finds_who_is_shown_by_another(claire: User) -> None:
    contact(claire, "Mamie", "m@x.example", first_name="Odette", last_name="Quinet")
    assert found(claire, "quin") == ["m@x.example"]


def test_each_address_of_a_contact_is_offered(claire: User) -> None:
    contact(claire, "Zoé", "zoe@a.example", "zoe@b.example")
    assert found(claire, "zoe") == ["zoe@a.example", "zoe@b.example"]
    assert found(claire, "zoe b") == ["zoe@b.example"]


def test_the_directory_and_those_written_to_are_searched_too(claire: User) -> None:
    entry("Zoé Martin")
    collected.record(claire, [("Zacharie Martin", "zm@x.example")])
    assert found(claire, "mart") == ["zm@x.example", "zoe.martin@ac-exemple.fr"]


def test_nobody_finds_what_is_in_another_persons_address_book(claire: User, paul: User) -> None:
    zoe = contact(paul, "Zoé Martin", "zoe@x.example")
    groups.add(groups.create(paul, "Martins"), [zoe.pk])
    collected.record(paul, [("Zacharie Martin", "zm@x.example")])
    assert found(claire, "mart") == found(claire, "matrin") == []


def test_nobody_sees_what_another_person_calls_an_address(claire: User, paul: User) -> None:
    entry("Zoé Martin", "zoe@ac-exemple.fr")
    contact(paul, "La pénible", "zoe@ac-exemple.fr", job_title="À éviter")
    (suggestion,) = search.complete(claire, "martin")
    assert (suggestion.source, suggestion.name, suggestion.function) == (
        "directory",
        "Zoé Martin",
        "",
    )
    assert "penible" not in suggestion.words


def test_whom_one_writes_to_often_and_lately_comes_first(claire: User) -> None:
    for name in ("Aline", "Bruno", "Chloé", "Denis"):
        contact(claire, f"{name} Martin", f"{name[0].lower()}@x.example")
    for days, address in ((400, "b@x.example"), (400, "b@x.example"), (1, "d@x.example")):
        collected.record(claire, [("", address)], LATELY - timedelta(days=days))
    assert found(claire, "martin") == ["d@x.example", "b@x.example", "a@x.example", "c@x.example"]


def test_one_who_is_no_contact_comes_first_where_one_writes_to_him_more(claire: User) -> None:
    contact(claire, "Aline Martin", "a@x.example")
    collected.record(claire, [("", "a@x.example")], LATELY - timedelta(days=300))
    for days in (1, 2, 3):
        written = LATELY - timedelta(days=days)
        collected.record(claire, [("Zacharie Martin", "z@x.example")], written)
    assert found(claire, "martin") == ["z@x.example", "a@x.example"]


def test_the_order_of_two_does_not_change_as_time_goes_by() -> None:
    often = collected.weight(collected.weight(0, LATELY), LATELY)
    once = collected.weight(0, LATELY + timedelta(days=20))
    lately = collected.weight(0, LATELY + timedelta(days=40))
    assert once < often < lately


def test_a_colleague_of_the_same_school_comes_before_others(claire: User) -> None:
    StaffRecord.objects.create(
        mail_domain=MailDomain.objects.get(),
        login=claire.login,
        address=claire.address,
        last_name="Morvan",
        school_uai="0800101A",
        numen_digest=b"1" * 32,
        lookup_digest=b"2" * 32,
    )
    entry("Aline Martin", school_uai="0800999Z", school_name="Lycée d’ailleurs")
    entry("Zoé Martin", school_uai="0800101A", school_name="Collège Les Aubépines")
    assert found(claire, "mart") == ["zoe.martin@ac-exemple.fr", "aline.martin@ac-exemple.fr"]


def test_the_rest_is_in_the_order_of_last_names_ones_own_contacts_before(claire: User) -> None:
    for name in ("Marie Vidal", "Marie Zola", "Marie Abel"):
        entry(name)
    contact(claire, "Marie Petit", "mp@x.example", first_name="Marie", last_name="Petit")
    contact(claire, "Marie Berger", "mb@x.example", first_name="Marie", last_name="Berger")
    assert found(claire, "marie") == [
        "mb@x.example",
        "mp@x.example",
        "marie.abel@ac-exemple.fr",
        "marie.vidal@ac-exemple.fr",
        "marie.zola@ac-exemple.fr",
    ]


def test_a_name_comes_before_a_domain(claire: User) -> None:
    contact(claire, "Zoé", "zoe@orange.example")
    contact(claire, "Paul Orangeade", "paul@x.example")
    assert found(claire, "oran") == ["paul@x.example", "zoe@orange.example"]


def test_the_domain_finds_in_the_directory_too_alone_and_beside_a_name(claire: User) -> None:
    entry("Aline Martin")
    entry("Zoé Vidal", "zoe@lycee.example")
    assert found(claire, "lycee") == ["zoe@lycee.example"]
    assert found(claire, "aline exem") == ["aline.martin@ac-exemple.fr"]
    assert found(claire, "aline lyc") == []


def test_an_address_comes_once_by_the_name_that_its_owner_gave_it(claire: User) -> None:
    entry("Aline Martin", "aline@ac-exemple.fr", function="Professeure", school_name="Collège")
    contact(claire, "Ma cousine Aline", "Aline@ac-exemple.fr")
    collected.record(claire, [("A. M.", "aline@ac-exemple.fr")])
    (suggestion,) = search.complete(claire, "aline")
    assert (suggestion.source, suggestion.name) == ("contact", "Ma cousine Aline")
    assert (suggestion.function, suggestion.school) == ("Professeure", "Collège")


def test_two_of_one_name_differ_by_function_and_school(claire: User) -> None:
    entry("Aline Martin", "a1@ac-exemple.fr", function="Professeure", school_name="Collège A")
    entry("Aline Martin", "a2@ac-exemple.fr", function="Principale", school_name="Collège B")
    shown = [
        (suggestion.function, suggestion.school) for suggestion in search.complete(claire, "aline")
    ]
    assert shown == [("Professeure", "Collège A"), ("Principale", "Collège B")]


def test_a_group_says_how_many_it_holds(claire: User) -> None:
    parents = groups.create(claire, "Parents 4e B")
    groups.add(parents, [contact(claire, "Zoé", "z@x.example").pk])
    parents.external = ["autre@x.example"]
    parents.save()
    (suggestion,) = search.complete(claire, "4e par")
    assert (suggestion.source, suggestion.group, suggestion.size) == ("group", parents.pk, 2)
    groups.delete(parents)
    assert search.complete(claire, "4e par") == ()


def test_of_a_group_those_in_the_bin_are_not_counted(claire: User) -> None:
    group = groups.create(claire, "Chorale")
    people = [contact(claire, name, f"{name}@x.example").pk for name in ("zoe", "luc")]
    groups.add(group, people)
    contacts.delete(claire, people[:1])
    (suggestion,) = search.complete(claire, "chorale")
    assert (suggestion.group, suggestion.size) == (group.pk, 1)


def test_a_group_of_nobody_is_not_offered(claire: User) -> None:
    group = groups.create(claire, "Chorale")
    assert found(claire, "chorale") == []
    groups.add(group, [contact(claire, "Luc Petit", "l@x.example").pk])
    assert found(claire, "chorale") == ["Chorale"]


@pytest.mark.parametrize(
    "typed", ["matrin", "matin", "marrtin", "mbrtin", "mattin zo", "zo matrin"]
)
def test_one_mistake_is_forgiven_when_nothing_else_fits(claire: User, typed: str) -> None:
    contact(claire, "Zoé Martin", "z@x.example")
    assert found(claire, typed) == ["z@x.example"]


def test_a_mistake_is_forgiven_in_the_names_of_groups_and_of_those_written_to(
    claire: User,
) -> None:
    chorale = groups.create(claire, "Chorale")
    groups.add(chorale, [contact(claire, "Luc Petit", "l@x.example").pk])
    collected.record(claire, [("Zoé Martin", "z@x.example")])
    assert found(claire, "choarle") == ["Chorale"]
    assert found(claire, "matrin") == ["z@x.example"]


def test_two_words_that_nobody_has_are_not_guessed(claire: User) -> None:
    contact(claire, "Zoé Martin", "z@x.example")
    assert found(claire, "mratin zeo") == []


def test_no_mistake_is_sought_where_something_fits(claire: User) -> None:
    contact(claire, "Zoé Martin", "z@x.example")
    contact(claire, "Paul Matin", "p@x.example")
    assert found(claire, "matin") == ["p@x.example"]


@pytest.mark.parametrize("typed", ["mtr", "mratni"])
def test_too_few_letters_and_two_mistakes_are_not_forgiven(claire: User, typed: str) -> None:
    contact(claire, "Zoé Martin", "z@x.example")
    assert found(claire, typed) == []


def test_a_mistake_in_a_word_that_others_have_is_forgiven(claire: User) -> None:
    contact(claire, "Maxine Abel", "ma@x.example")
    contact(claire, "Marine Dupont", "md@x.example")
    assert found(claire, "maxine dupont") == ["md@x.example"]


def test_a_contact_in_the_bin_is_not_offered_until_it_comes_back(claire: User) -> None:
    zoe = contact(claire, "Zoé Martin", "z@x.example")
    collected.record(claire, [("", "z@x.example")])
    collected.delete(claire, collected.CollectedRecipient.objects.values_list("pk", flat=True))
    contacts.delete(claire, [zoe.pk])
    assert found(claire, "zoe") == []
    contacts.restore(claire, [zoe.pk])
    assert found(claire, "zoe") == ["z@x.example"]


def test_a_contact_in_the_bin_keeps_no_rank_and_has_it_again_when_it_comes_back(
    claire: User,
) -> None:
    contact(claire, "Aline Martin", "a@x.example")
    zoe = contact(claire, "Zoé Martin", "z@x.example")
    collected.record(claire, [("", "z@x.example")])
    contacts.delete(claire, [zoe.pk])
    assert [suggestion.source for suggestion in search.complete(claire, "zoe")] == ["collected"]
    contacts.restore(claire, [zoe.pk])
    assert found(claire, "martin") == ["z@x.example", "a@x.example"]


def test_a_contact_in_the_bin_is_not_offered_where_many_have_its_word(
    claire: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_FEW", 1)
    contact(claire, "Aline Martin", "a@x.example")
    deleted = contact(claire, "Zoé Martin", "z@x.example")
    row = deleted.addresses.get()
    row.weight = 1.0
    row.save()
    assert found(claire, "martin") == ["z@x.example", "a@x.example"]
    contacts.delete(claire, [deleted.pk])
    assert found(claire, "martin") == ["a@x.example"]


def test_a_changed_contact_is_found_by_its_new_words_alone(claire: User) -> None:
    zoe = contact(claire, "Zoé Martin", "z@x.example")
    contacts.update(zoe, ContactData(display_name="Zoé Vidal", emails=(Email("v@x.example"),)))
    assert found(claire, "martin") == []
    assert found(claire, "vidal") == ["v@x.example"]


def test_a_new_contact_has_the_rank_of_its_address(claire: User) -> None:
    collected.record(claire, [("", "zz@x.example")])
    contact(claire, "Aline Martin", "a@x.example")
    contact(claire, "Zoé Martin", "zz@x.example")
    assert found(claire, "martin") == ["zz@x.example", "a@x.example"]


def test_a_contact_erased_leaves_no_words(claire: User) -> None:
    zoe = contact(claire, "Zoé Martin", "z@x.example")
    contacts.delete(claire, [zoe.pk])
    contacts.erase(claire, [zoe.pk])
    assert not ContactWord.objects.exists()


@pytest.mark.parametrize(
    "typed",
    ["%", "_", "zo%", "'; --", "\\", "\x00zo", "zoé" * 200, "a " * 500, "zo\u0301e\u0301", "١٢"],
)
def test_any_text_may_be_typed(claire: User, typed: str) -> None:
    contact(claire, "Zoé Martin", "z@x.example")
    assert isinstance(search.complete(claire, typed), tuple)


def test_ten_are_enough(claire: User) -> None:
    contacts.create_many(
        claire,
        [
            ContactData(display_name=f"Zoé {n:02}", emails=(Email(f"z{n:02}@x.example"),))
            for n in range(30)
        ],
    )
    assert found(claire, "zo") == [f"z{n:02}@x.example" for n in range(10)]


@pytest.mark.parametrize("typed", ["ma", "mart", "martin", "ma exe", "matrin", "mrtain xqz"])
def test_thousands_cost_as_many_queries_as_one(claire: User, typed: str) -> None:
    def cost() -> int:
        with CaptureQueriesContext(
            connection,
        ) as queries:
            search.complete(claire, typed)
        return len(queries)

    contact(claire, "Zoé Martin", "z@ac-exemple.fr")
    entry("Aline Martin")
    before = cost()
    datas = [
        ContactData(display_name=f"Martin {n}", emails=(Email(f"{n}@ac-exemple.fr"),))
        for n in range(2_500)
    ]
    contacts.create_many(claire, datas)
    index.save_entries(
        [
            DirectoryEntry(
                source="staff",
                source_id=str(n),
                name=f"Martin {n}",
                sort_key=f"{n} martin",
                address=f"m{n}@ac-exemple.fr",
                folded=f"m{n}@ac-exemple.fr",
                domain="ac-exemple.fr",
                filled=LATELY,
            )
            for n in range(2_500)
        ]
    )
    assert cost() <= before


@pytest.fixture
def people(claire: User) -> Callable[[str], list[str]]:
    return lambda text: found(claire, text)


def test_a_first_name_that_thousands_have_is_read_in_order(
    claire: User, people: Callable[[str], list[str]]
) -> None:
    """More rows than are sorted: the other way of reading gives the same order."""
    datas = [
        ContactData(
            display_name=f"Marie {n:04}", last_name=f"{n:04}", emails=(Email(f"{n:04}@x.example"),)
        )
        for n in range(1_200)
    ]
    contacts.create_many(claire, datas)
    assert people("marie") == [f"{n:04}@x.example" for n in range(10)]
    assert people("marie 119") == [f"{n}@x.example" for n in range(1190, 1200)]


def test_a_contact_is_found_by_function_school_nickname_and_abbreviation(claire: User) -> None:
    data = ContactData(
        display_name="Jeanne Guérin",
        nickname="Nanou",
        job_title="Professeure de SVT",
        organization="Collège Les Aubépines",
        emails=(Email("j.guerin@x.example"),),
    )
    contacts.create(claire, data)
    for text in ("svt", "terre", "aubep", "nanou", "guerin svt", "colleg guer"):
        assert [one.name for one in search.complete(claire, text)] == ["Jeanne Guérin"], text


def test_who_bears_the_name_comes_before_who_does_the_thing(claire: User) -> None:
    for name, job in (("Zoé Principale", ""), ("Anne Roux", "Principale")):
        address = f"{name[0].lower()}@x.example"
        data = ContactData(display_name=name, job_title=job, emails=(Email(address),))
        contacts.create(claire, data)
    found = [one.name for one in search.complete(claire, "principale")]
    assert found == ["Zoé Principale", "Anne Roux"]


def test_abbreviations_stand_for_their_words_and_words_for_them() -> None:
    assert "hg" in roles.words_of("Histoire-géographie")
    assert {"education", "physique"} <= set(roles.words_of("EPS"))
    assert "cpe" in roles.words_of("Conseiller principal d’éducation")
    assert roles.words_of("Mairie de Valmont") == ("mairie", "valmont")
