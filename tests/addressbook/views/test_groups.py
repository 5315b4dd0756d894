"""The pages of groups in groups, of shared groups and of groups from the directory."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import endings, groups, nesting, sharing, ties
from addressbook.models import (
    Contact,
    DirectoryEntry,
    Group,
    GroupFilter,
    GroupNesting,
    GroupShare,
    SharedGone,
)

pytestmark = pytest.mark.django_db
Browsers = Callable[[User], Client]


def person(user: User, name: str, address: str = "") -> Contact:
    emails = (Email(address),) if address else ()
    return contacts.create(user, ContactData(display_name=name, emails=emails))


def entry(name: str, discipline: str, function: str = "Professeur") -> DirectoryEntry:
    address = f"{name.lower()}@ac-exemple.fr"
    return DirectoryEntry.objects.create(
        source="staff", source_id=name, name=name, sort_key=name.lower(), address=address,
        folded=address, discipline=discipline, function=function, school_uai="0800101A",
        school_name="Collège Les Aubépines", filled=timezone.now(),
    )  # fmt: skip


@pytest.fixture
def team(claire: User) -> Group:
    made = groups.create(claire, "Équipe")
    groups.add(made, [person(claire, "Aline", "aline@x.example").pk])
    return made


@pytest.fixture
def sciences(claire: User) -> Group:
    made = groups.create(claire, "Sciences")
    groups.add(made, [person(claire, "Bruno", "b@x.example").pk, person(claire, "Muet").pk])
    return made


def text_of(answer: Any) -> str:
    """Its words, each blank a plain one."""
    plain = html.unescape(re.sub(r"<[^>]*>", " ", answer.content.decode()))
    return re.sub(r"\s+", " ", plain)


# --- groups in groups ---


def test_a_group_is_put_in_and_taken_out_with_undo(
    browser_of: Browsers, claire: User, team: Group, sciences: Group
) -> None:
    browser = browser_of(claire)
    page = browser.get(f"/contacts/groups/{team.pk}/edit/").content.decode()
    assert f'<option value="{sciences.pk}">Sciences</option>' in page
    answer = browser.post(f"/contacts/groups/{team.pk}/inner/", {"inner": sciences.pk}, follow=True)
    told = text_of(answer)
    assert "2 personnes reçoivent le message." in told
    assert "Muet: pas d’adresse électronique" in told
    nesting_pk = GroupNesting.objects.get().pk
    url = f"/contacts/groups/{team.pk}/inner/{nesting_pk}/remove/"
    answer = browser.post(url, follow=True)
    assert not GroupNesting.objects.exists()
    undo = answer.context["toast"]["undo"]
    browser.post(undo["url"], dict(undo["fields"]))
    assert GroupNesting.objects.get().inner == sciences


def test_a_circle_is_refused_in_words(
    browser_of: Browsers, claire: User, team: Group, sciences: Group
) -> None:
    nesting.add(team, sciences)
    answer = browser_of(claire).post(f"/contacts/groups/{sciences.pk}/inner/", {"inner": team.pk})
    assert answer.status_code == 422
    assert "Cela ferait une boucle : Sciences → Équipe → Sciences." in text_of(answer)


def test_another_persons_group_goes_nowhere(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    his = groups.create(paul, "À Paul")
    url = f"/contacts/groups/{team.pk}/inner/"
    assert browser_of(claire).post(url, {"inner": his.pk}).status_code == 422
    assert browser_of(paul).post(url, {"inner": his.pk}).status_code == 404
    assert not GroupNesting.objects.exists()


def test_a_class_goes_in_by_its_parts(browser_of: Browsers, claire: User, team: Group) -> None:
    pupils = groups.create(claire, "5e C")
    groups.set_class(pupils, 2026, Group.Guardians.ALL)
    lila = person(claire, "Lila")
    ties.add_guardian(lila, person(claire, "Ewa", "ewa@x.example"))
    groups.add(pupils, [lila.pk])
    url = f"/contacts/groups/{team.pk}/inner/"
    answer = browser_of(claire).post(url, {"inner": f"{pupils.pk}:guardians"}, follow=True)
    assert "5e C – responsables" in text_of(answer)
    assert "Ewa <ewa@x.example>" in groups.recipients(team)


def test_the_page_of_a_group_costs_the_same_whatever_it_holds(
    browser_of: Browsers, claire: User, team: Group, django_assert_num_queries: Any
) -> None:
    browser = browser_of(claire)
    url = f"/contacts/groups/{team.pk}/"
    for number in range(2):
        nesting.add(team, groups.create(claire, f"G{number}"))
    browser.get(url)
    with django_assert_num_queries(19):
        browser.get(url)
    for number in range(2, 12):
        inner = groups.create(claire, f"G{number}")
        datas = [
            ContactData(display_name=f"P{number}-{one}", emails=(Email(f"p{number}-{one}@x.fr"),))
            for one in range(167)
        ]
        groups.add(inner, [made.pk for made in contacts.create_many(claire, datas)])
        nesting.add(team, inner)
    browser.get(url)  # the session is written once a minute
    with django_assert_num_queries(19):
        assert "1 671 personnes reçoivent le message." in text_of(browser.get(url))


# --- sharing ---


def test_a_group_is_shared_changed_and_ended(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    browser, url = browser_of(claire), f"/contacts/groups/{team.pk}/share/"
    assert "Personne d’autre que vous." in text_of(browser.get(url))
    told = {"people": "Paul <paul@ac-exemple.fr>,", "may": "read"}
    answer = browser.post(url, told, follow=True)
    assert "Le lit et lui écrit" in text_of(answer)
    share = GroupShare.objects.get()
    assert (share.address, share.may_edit) == ("paul@ac-exemple.fr", False)
    browser.post(f"{url}{share.pk}/", {"may": "edit"})
    assert GroupShare.objects.get().may_edit
    assert browser_of(paul).get(f"/contacts/shared/{team.pk}/").status_code == 200
    browser.post(f"{url}{share.pk}/", {"verb": "end"})
    assert not GroupShare.objects.exists()
    assert browser_of(paul).get(f"/contacts/shared/{team.pk}/").status_code == 404
    kinds = list(AuditEvent.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["group.shared", "group.shared", "group.unshared"]


@pytest.mark.parametrize(
    ("posted", "words"),
    [
        ({"people": "", "may": "read"}, "Indiquez avec qui partager."),
        ({"people": "n’importe quoi", "may": "read"}, "n’est pas une adresse."),
        ({"people": "eve@ailleurs.example", "may": "read"}, "n’est à personne dans l’annuaire."),
        ({"people": "paul@ac-exemple.fr"}, "Choisissez ce qu’elles peuvent faire."),
        ({"people": "claire@ac-exemple.fr", "may": "read"}, "Le groupe est déjà à vous."),
        ({"people": "", "school": "1", "may": "read"}, "Le groupe est déjà à vous."),
    ],
)
def test_a_mistake_is_told(
    browser_of: Browsers, claire: User, paul: User, team: Group,
    posted: dict[str, str], words: str,
) -> None:  # fmt: skip
    answer = browser_of(claire).post(f"/contacts/groups/{team.pk}/share/", posted)
    assert answer.status_code == 422
    assert words in text_of(answer)
    assert not GroupShare.objects.exists()


def test_a_school_is_ones_own(browser_of: Browsers, claire: User, team: Group) -> None:
    StaffRecord.objects.create(
        mail_domain=MailDomain.objects.get(name="ac-exemple.fr"),
        login="claire", address="claire@ac-exemple.fr",
        school_uai="0800101A", school_name="Collège Les Aubépines", numen_digest=b"1",
        lookup_digest=b"2",
    )  # fmt: skip
    browser, url = browser_of(claire), f"/contacts/groups/{team.pk}/share/"
    assert "Tout le monde : Collège Les Aubépines" in text_of(browser.get(url))
    browser.post(url, {"people": "", "school": "1", "may": "read"})
    assert GroupShare.objects.get().school_uai == "0800101A"


def test_a_class_is_shared_when_its_owner_confirms_it(
    browser_of: Browsers, claire: User, paul: User
) -> None:
    pupils = groups.create(claire, "5e C")
    groups.set_class(pupils, 2026, Group.Guardians.ALL)
    url = f"/contacts/groups/{pupils.pk}/share/"
    told = {"people": "paul@ac-exemple.fr", "may": "read"}
    answer = browser_of(claire).post(url, told)
    assert answer.status_code == 422
    assert "confirmez qu’ils peuvent les voir" in text_of(answer)
    assert not GroupShare.objects.exists()
    browser_of(claire).post(url, told | {"with_pupils": "1"})
    assert GroupShare.objects.get().with_pupils


def test_nobody_agrees_to_pupils_beforehand(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    told = {"people": "paul@ac-exemple.fr", "may": "read", "with_pupils": "1"}
    browser_of(claire).post(f"/contacts/groups/{team.pk}/share/", told)
    assert not GroupShare.objects.get().with_pupils


def test_a_colleague_reads_writes_and_leaves(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=False, with_pupils=False)
    browser = browser_of(paul)
    assert "partagé par Claire Morvan" in text_of(browser.get("/contacts/"))
    page = browser.get(f"/contacts/shared/{team.pk}/")
    assert "aline@x.example" in text_of(page)
    assert "Retirer Aline du groupe" not in text_of(page)
    shown = browser.get("/contacts/complete/", {"q": "equ"}).json()["suggestions"][0]
    assert shown["detail"] == "1 adresse · partagé par Claire Morvan"
    assert browser.get(shown["members"]).json() == {"recipients": ["Aline <aline@x.example>"]}
    answer = browser.post(f"/contacts/shared/{team.pk}/leave/", follow=True)
    assert "Vous avez quitté le groupe" in answer.context["toast"]["message"]
    assert browser.get(f"/contacts/shared/{team.pk}/").status_code == 404
    browser.post(answer.context["toast"]["undo"]["url"])
    assert browser.get(f"/contacts/shared/{team.pk}/").status_code == 200


def test_a_reader_changes_nothing(browser_of: Browsers, paul: User, team: Group) -> None:
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=False, with_pupils=False)
    browser = browser_of(paul)
    aline = Contact.objects.get(display_name="Aline")
    here = f"/contacts/shared/{team.pk}/members/"
    assert browser.post(here, {"addresses": "neuf@x.example"}).status_code == 404
    assert browser.post(f"{here}remove/", {"key": f"c:{aline.pk}"}).status_code == 404
    assert groups.recipients(team) == ("Aline <aline@x.example>",)


def test_no_page_of_the_owners_opens_for_a_colleague(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    inner = nesting.add(team, groups.create(claire, "Dedans"))
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=True, with_pupils=True)
    browser, aline = browser_of(paul), Contact.objects.get(display_name="Aline")
    own = f"/contacts/groups/{team.pk}/"
    share = team.shares.get()
    for url in (
        *(own, f"{own}edit/", f"{own}share/", f"{own}directory/", f"{own}recipients/"),
        *(f"{own}write/", f"/contacts/{aline.pk}/", f"/contacts/{aline.pk}/edit/"),
        f"/contacts/shared/{inner.inner_id}/",
    ):
        assert browser.get(url).status_code == 404, url
    for url in (
        *(f"{own}edit/", f"{own}delete/", f"{own}addresses/", f"{own}class/", f"{own}inner/"),
        *(f"{own}share/", f"{own}share/{share.pk}/", f"{own}inner/{inner.pk}/remove/"),
        f"{own}directory/",
    ):
        assert browser.post(url, {"verb": "end", "remove": "1"}).status_code == 404, url
    # By a group of the colleague's own, neither.
    his = groups.create(paul, "À Paul")
    his_own = f"/contacts/groups/{his.pk}/"
    assert browser.post(f"{his_own}share/{share.pk}/", {"verb": "end"}).status_code == 404
    assert browser.post(f"{his_own}inner/{inner.pk}/remove/").status_code == 404
    assert browser.post(f"{his_own}inner/", {"inner": team.pk}).status_code == 422
    assert GroupShare.objects.filter(pk=share.pk).exists()
    file = browser.get(f"/contacts/export/file/?format=vcard4&group={team.pk}")
    assert file.status_code == 422


def test_an_editor_adds_takes_out_and_undoes(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=True, with_pupils=False)
    browser = browser_of(paul)
    here = f"/contacts/shared/{team.pk}/members/"
    assert browser.post(here, {"addresses": "pas une adresse"}).status_code == 422
    browser.post(here, {"addresses": "neuf@x.example\nautre@x.example"})
    team.refresh_from_db()
    assert team.external == ["neuf@x.example", "autre@x.example"]
    aline = Contact.objects.get(display_name="Aline")
    answer = browser.post(f"{here}remove/", {"key": f"c:{aline.pk}"}, follow=True)
    assert not team.contacts.exists()
    undo = answer.context["toast"]["undo"]
    forged = [("undo", undo["fields"][0][1][:-2] + "xx")]
    assert browser.post(undo["url"], dict(forged)).status_code == 404
    browser.post(undo["url"], dict(undo["fields"]))
    assert team.contacts.get() == aline
    assert Contact.objects.filter(user=paul).count() == 0
    edited = AuditEvent.objects.filter(kind="group.edited")
    assert edited.count() == 3
    assert {event.target for event in edited} == {str(claire)}


def test_what_ended_is_told_until_it_is_put_away(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=False, with_pupils=False)
    browser = browser_of(paul)
    browser.get(f"/contacts/shared/{team.pk}/")
    browser_of(claire).post(f"/contacts/groups/{team.pk}/delete/")
    assert "Claire Morvan a supprimé le groupe « Équipe »." in text_of(browser.get("/contacts/"))
    gone = SharedGone.objects.get()
    assert gone.reason == endings.Reason.DELETED
    assert browser_of(claire).post(f"/contacts/shared/gone/{gone.pk}/").status_code == 404
    browser.post(f"/contacts/shared/gone/{gone.pk}/")
    assert not SharedGone.objects.exists()


def test_two_thousand_members_are_shown_by_pages(
    browser_of: Browsers, claire: User, paul: User, team: Group, django_assert_num_queries: Any
) -> None:
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=True, with_pupils=False)
    browser, url = browser_of(paul), f"/contacts/shared/{team.pk}/"
    browser.get(url)
    with django_assert_num_queries(19):
        browser.get(url)
    datas = [
        ContactData(display_name=f"P{one}", emails=(Email(f"p{one}@x.fr"),)) for one in range(1_999)
    ]
    groups.add(team, [one.pk for one in contacts.create_many(claire, datas)])
    browser.get(url)  # the session is written once a minute
    with django_assert_num_queries(19):
        page = browser.get(url, {"page": "10"})
    assert page.context["total"] == 2_000
    assert len(page.context["members"]) == 200
    assert browser.get(url, {"page": "999"}).context["number"] == 10


def test_the_owner_and_a_colleague_change_it_at_once(
    browser_of: Browsers, claire: User, paul: User, team: Group
) -> None:
    sharing.share(team, ["paul@ac-exemple.fr"], may_edit=True, with_pupils=False)
    groups.set_external(team, ["ancien@x.example"])
    form = browser_of(claire).get(f"/contacts/groups/{team.pk}/edit/").context["others"]
    browser_of(paul).post(f"/contacts/shared/{team.pk}/members/", {"addresses": "neuf@x.example"})
    posted = {"external": "ancien@x.example\npropre@x.example", "former": form["former"].value()}
    browser_of(claire).post(f"/contacts/groups/{team.pk}/addresses/", posted)
    team.refresh_from_db()
    assert set(team.external) == {"ancien@x.example", "neuf@x.example", "propre@x.example"}


# --- from the directory ---


@pytest.fixture
def directory(db: None) -> None:
    cache.clear()
    entry("Aline", "SVT")
    entry("Bruno", "SVT")
    entry("David", "Mathématiques")


def test_a_group_from_the_directory_is_previewed_and_made(
    browser_of: Browsers, claire: User, directory: None
) -> None:
    browser, url = browser_of(claire), "/contacts/groups/directory/"
    asked = {"discipline": "svt", "school": "Collège Les Aubépines (0800101A)"}
    told = text_of(browser.get(url, asked))
    assert "2 personnes aujourd’hui" in told
    assert "aline@ac-exemple.fr" in told
    assert "david@ac-exemple.fr" not in told
    browser.post(url, asked)
    made = Group.objects.get(user=claire)
    assert made.name == "SVT · Collège Les Aubépines"
    assert len(groups.recipients(made)) == 2
    page = text_of(browser.get(f"/contacts/groups/{made.pk}/"))
    assert "De l’annuaire : SVT · Collège Les Aubépines, 2 personnes aujourd’hui" in page
    browser.post(f"/contacts/groups/{made.pk}/directory/", {"remove": "1"})
    assert not GroupFilter.objects.exists()


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"discipline": ""}, "Indiquez au moins un établissement"),
        ({"discipline": "Alchimie"}, "L’annuaire n’a pas cette discipline."),
        ({"function": "Alchimiste"}, "L’annuaire n’a pas cette fonction."),
        ({"school": "Poudlard"}, "Aucun établissement de l’annuaire ne s’appelle ainsi."),
    ],
)
def test_what_the_directory_does_not_have_is_told(
    browser_of: Browsers, claire: User, directory: None, asked: dict[str, str], words: str
) -> None:
    browser, url = browser_of(claire), "/contacts/groups/directory/"
    for answer in (browser.get(url, asked), browser.post(url, asked)):
        assert answer.status_code == 422
        assert words in text_of(answer)
    assert not Group.objects.exists()


def test_turned_off_it_is_not_offered(
    browser_of: Browsers, claire: User, directory: None, settings: Any
) -> None:
    settings.DIRECTORY_GROUP_MOST = 0
    browser = browser_of(claire)
    assert "désactivé les groupes de l’annuaire" in text_of(
        browser.get("/contacts/groups/directory/")
    )
    browser.post("/contacts/groups/directory/", {"discipline": "SVT"})
    assert not Group.objects.exists()
    assert "Un groupe de l’annuaire" not in text_of(browser.get("/contacts/directory/"))
