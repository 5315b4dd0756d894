"""Pupils, guardians and classes: their pages, by hand and from lists."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from html import unescape
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts.models import User
from addressbook import contacts, years
from addressbook.contact_data import ContactData, Email, Phone
from addressbook.contacts import archiving, audiences, duplicates, families, groups, ties
from addressbook.models import Contact, Group, Guardianship, SchoolHoliday

pytestmark = pytest.mark.django_db


@pytest.fixture
def visitor(browser_of: Callable[[User], Client], claire: User) -> Client:
    return browser_of(claire)


def person(user: User, name: str, *addresses: str, phone: str = "") -> Contact:
    first, _blank, last = name.partition(" ")
    return contacts.create(
        user,
        ContactData(
            first_name=first,
            last_name=last,
            emails=tuple(Email(one) for one in addresses),
            phones=(Phone(phone),) if phone else (),
        ),
    )


@pytest.fixture
def school_class(claire: User) -> Group:
    """Two of one family, one whose father gets no mail, one without guardians."""
    made = groups.create(claire, "4e B")
    groups.set_class(made, 2026, Group.Guardians.ALL)
    lea, tom, zoe, ali = (
        person(claire, name) for name in ("Léa Martin", "Tom Martin", "Zoé Noël", "Ali Roy")
    )
    groups.add(made, [one.pk for one in (lea, tom, zoe, ali)])
    paul = person(claire, "Paul Martin", "p@x.example", phone="06 39 98 00 01")
    anne = person(claire, "Anne Dupont", "a@x.example")
    marc, rose = person(claire, "Marc Noël", "m@x.example"), person(claire, "Rose Noël")
    for pupil in (lea, tom):
        ties.add_guardian(pupil, paul, relation="father")
        ties.add_guardian(pupil, anne, relation="mother")
    ties.add_guardian(zoe, marc, receives_mail=False)
    ties.add_guardian(zoe, rose)
    return made


def of(user: User, name: str) -> Contact:
    return Contact.objects.of(user).get(display_name=name)


# --- whose ---


def test_cards_of_pupil_and_guardian_show_each_other(
    visitor: Client, claire: User, school_class: Group
) -> None:
    card = unescape(visitor.get(f"/contacts/{of(claire, 'Léa Martin').pk}/").content.decode())
    assert "Paul Martin" in card
    assert "06 39 98 00 01" in card
    card = unescape(visitor.get(f"/contacts/{of(claire, 'Paul Martin').pk}/").content.decode())
    assert "Léa Martin" in card
    assert "Tom Martin" in card


def test_a_card_costs_as_many_queries_with_a_family_as_without(
    visitor: Client, claire: User, school_class: Group, django_assert_num_queries
) -> None:
    alone, lea = of(claire, "Ali Roy"), of(claire, "Léa Martin")
    headers = {"HX-Request": "true"}
    visitor.get(f"/contacts/{alone.pk}/", headers=headers)
    with django_assert_num_queries(8):
        visitor.get(f"/contacts/{alone.pk}/", headers=headers)
    with django_assert_num_queries(8):
        visitor.get(f"/contacts/{lea.pk}/", headers=headers)


def test_a_guardian_is_chosen_among_the_contacts_or_made(
    visitor: Client, claire: User, school_class: Group
) -> None:
    ali, anne = of(claire, "Ali Roy"), of(claire, "Anne Dupont")
    url = reverse("addressbook:add_guardian", args=[ali.pk])
    page = visitor.get(f"{url}?q=dupont").content.decode()
    assert "Anne Dupont (a@x.example)" in page
    answer = visitor.post(
        f"{url}?q=dupont", {"guardian": str(anne.pk), "relation": "other", "is_legal": "on"}
    )
    assert answer["Location"] == f"/contacts/{ali.pk}/"
    (tie,) = ties.guardians_of(ali)
    assert (tie.contact, tie.tie.relation, tie.tie.receives_mail) == (anne, "other", False)
    visitor.post(url, {"guardian": "new", "name": "Lou Roy", "address": "l@x.example"})
    assert [one.contact.display_name for one in ties.guardians_of(ali)] == [
        *("Anne Dupont", "Lou Roy"),
    ]


def test_a_guardian_needs_a_name_or_an_address(visitor: Client, claire: User) -> None:
    ali = person(claire, "Ali Roy")
    url = reverse("addressbook:add_guardian", args=[ali.pk])
    assert visitor.post(url, {"guardian": "new"}).status_code == 422
    assert visitor.post(url, {"guardian": "1"}).status_code == 422
    assert not Guardianship.objects.exists()


def test_what_is_said_of_a_guardian_is_changed_and_the_first_comes_first(
    visitor: Client, claire: User, school_class: Group
) -> None:
    lea = of(claire, "Léa Martin")
    _paul, anne = ties.guardians_of(lea)
    url = reverse("addressbook:guardian", args=[anne.tie.pk])
    assert b"checked" in visitor.get(url).content
    visitor.post(url, {"relation": "mother", "is_legal": "on", "is_first": "on"})
    first, _second = ties.guardians_of(lea)
    assert (first.contact, first.tie.receives_mail) == (anne.contact, False)


def test_a_guardian_is_removed_and_brought_back(
    visitor: Client, claire: User, school_class: Group
) -> None:
    lea = of(claire, "Léa Martin")
    paul, _anne = ties.guardians_of(lea)
    visitor.post(reverse("addressbook:remove_guardian", args=[paul.tie.pk]))
    assert [one.contact.display_name for one in ties.guardians_of(lea)] == ["Anne Dupont"]
    undo = visitor.session["toast"]["undo"]
    visitor.post(undo["url"], dict(undo["fields"]))
    assert len(ties.guardians_of(lea)) == 2


def test_nobody_reaches_the_family_of_another(
    browser_of: Callable[[User], Client], paul: User, claire: User, school_class: Group
) -> None:
    stranger = browser_of(paul)
    lea = of(claire, "Léa Martin")
    tie = ties.guardians_of(lea)[0].tie
    his = person(paul, "À Paul")
    for name, args in (
        ("guardian", [tie.pk]),
        ("add_guardian", [lea.pk]),
        ("write_class", [school_class.pk]),
    ):
        assert stranger.get(reverse(f"addressbook:{name}", args=args)).status_code == 404
    restore = reverse("addressbook:restore_guardian", args=[his.pk, lea.pk])
    assert stranger.post(restore, {}).status_code == 404
    add = reverse("addressbook:add_guardian", args=[his.pk])
    assert stranger.post(f"{add}?q=martin", {"guardian": str(lea.pk)}).status_code == 422
    assert stranger.post(reverse("addressbook:remove_guardian", args=[tie.pk])).status_code == 404


# --- writing ---


def test_a_message_to_the_guardians_reaches_each_address_once(school_class: Group) -> None:
    reach = audiences.recipients_of(school_class, audiences.Audience.GUARDIANS)
    assert reach.recipients == ("Paul Martin <p@x.example>", "Anne Dupont <a@x.example>")
    assert [(one.name, one.reason.value) for one in reach.unreached] == [
        ("Marc Noël", "no_mail"),
        ("Rose Noël", "no_address"),
        ("Ali Roy", "no_guardian"),
    ]
    assert reach.unreached_pupils == ("Zoé Noël", "Ali Roy")


def test_the_first_guardian_alone_where_the_class_says_so(school_class: Group) -> None:
    groups.set_class(school_class, 2026, Group.Guardians.FIRST)
    reach = audiences.recipients_of(school_class, audiences.Audience.GUARDIANS)
    assert reach.recipients == ("Paul Martin <p@x.example>",)


def test_the_families_of_a_class_take_a_few_queries(
    school_class: Group, django_assert_num_queries
) -> None:
    with django_assert_num_queries(3):
        found = families.of_class(school_class)
    assert (found[0].pupil.first_name, found[0].class_name) == ("Léa", "4e B")
    assert [one.member.address for one in found[0].guardians] == ["p@x.example", "a@x.example"]


def test_the_page_says_whom_it_reaches_before_anything_is_written(
    visitor: Client, school_class: Group, django_assert_num_queries
) -> None:
    url = reverse("addressbook:write_class", args=[school_class.pk])
    page = unescape(visitor.get(url).content.decode())
    assert f"group={school_class.pk}&as=bcc&who=guardians" in page
    assert "who=pupils" not in page
    assert "Marc Noël (Zoé Noël)" in page
    with django_assert_num_queries(11):
        visitor.get(url)
    assert visitor.get(f"/contacts/groups/{school_class.pk}/recipients/?who=guardians").json() == {
        "recipients": ["Paul Martin <p@x.example>", "Anne Dupont <a@x.example>"]
    }


def test_completion_offers_the_parts_of_a_class(visitor: Client, school_class: Group) -> None:
    found = visitor.get("/contacts/complete/?q=4e").json()["suggestions"]
    assert [(one["name"], one["members"].partition("?")[2]) for one in found] == [
        (audiences.label(school_class, "guardians"), "who=guardians"),
    ]
    word = audiences.words_for("guardians")[:4]
    again = visitor.get(f"/contacts/complete/?q=4e+{word}").json()["suggestions"]
    assert [one["name"] for one in again] == [found[0]["name"]]
    assert groups.gaps(school_class.user, [found[0]["name"]]) == [
        groups.GroupGap(found[0]["name"], ("Rose Noël",), ())
    ]


def test_a_group_becomes_a_class_and_an_ordinary_one_again(visitor: Client, claire: User) -> None:
    made = groups.create(claire, "Latin")
    url = reverse("addressbook:set_class", args=[made.pk])
    visitor.post(url, {"is_class": "on", "school_year": "2026", "guardians": "first"})
    made.refresh_from_db()
    assert (made.is_class, made.class_name, made.guardians) == (True, "Latin", "first")
    assert visitor.post(url, {"is_class": "on", "guardians": "first"}).status_code == 422
    visitor.post(url, {"guardians": "all"})
    made.refresh_from_db()
    assert not made.is_class


# --- the year ---


def test_the_school_year_begins_in_august() -> None:
    assert years.current(date(2026, 7, 31)) == 2025
    assert years.current(date(2026, 8, 1)) == 2026
    assert years.words(2026) == "2026-2027"


def test_passing_to_the_new_year_archives_and_proposes(
    visitor: Client, claire: User, school_class: Group
) -> None:
    former = years.current() - 1
    groups.set_class(school_class, former, Group.Guardians.ALL)
    page = unescape(visitor.get("/contacts/year/").content.decode())
    assert f"4e B ({years.words(former)})" in page
    visitor.post("/contacts/year/", {"classes": [school_class.pk], "names": "4e B\n3e A\n"})
    school_class.refresh_from_db()
    assert school_class.name == f"4e B ({years.words(former)})"
    made = Group.objects.of(claire).filter(kind="class", archived=None)
    assert [one.name for one in made] == ["3e A", "4e B"]
    found = visitor.get("/contacts/complete/?q=martin").json()["suggestions"]
    assert found  # the people stay


def test_an_archived_class_is_completed_after_everybody_else(
    visitor: Client, claire: User, school_class: Group
) -> None:
    archiving.archive_group(school_class)
    person(claire, "Bruno Quatre", "4e@x.example")
    found = visitor.get("/contacts/complete/?q=4e").json()["suggestions"]
    assert [one["source"] for one in found] == ["contact", "group"]


def test_an_archived_contact_is_found_and_not_completed(
    visitor: Client, claire: User, school_class: Group
) -> None:
    zoe, ali = of(claire, "Zoé Noël"), of(claire, "Ali Roy")
    groups.remove(school_class, [zoe.pk, ali.pk])
    gone = archiving.archive_contacts(claire, [zoe.pk])
    assert {one.display_name for one in Contact.objects.filter(pk__in=gone)} == {
        *("Zoé Noël", "Marc Noël", "Rose Noël"),
    }
    contacts.update(of(claire, "Marc Noël"), contacts.data_of(of(claire, "Marc Noël")))
    assert visitor.get("/contacts/complete/?q=marc+noel").json()["suggestions"] == []
    assert "Marc Noël" in unescape(visitor.get("/contacts/?q=marc").content.decode())
    assert len(archiving.unarchive_contacts(claire, gone)) == 3
    assert len(visitor.get("/contacts/complete/?q=marc+noel").json()["suggestions"]) == 1


def test_holidays_come_from_a_file_and_stay_editable(tmp_path) -> None:
    call_command("load_school_holidays")
    winter = SchoolHoliday.objects.get(zone="B", school_year=2026, name="Hiver")
    assert (winter.begins, winter.resumes) == (date(2027, 2, 20), date(2027, 3, 8))
    assert "education.gouv.fr" in winter.source
    count = SchoolHoliday.objects.count()
    call_command("load_school_holidays")
    assert SchoolHoliday.objects.count() == count
    bad = tmp_path / "bad.json"
    bad.write_text('{"source": "x", "school_years": {"2026": [{"zones": ["D"]}]}}')
    with pytest.raises(CommandError):
        call_command("load_school_holidays", bad)


def test_all_holidays_follow_one_another_and_begin_on_a_saturday() -> None:
    call_command("load_school_holidays")
    for zone in "ABC":
        rows = list(SchoolHoliday.objects.filter(zone=zone).order_by("begins"))
        assert len(rows) == 12
        for before, after in pairwise(rows):
            assert (before.resumes or before.begins) < after.begins
        assert {row.begins.weekday() for row in rows if row.name != "Ascension"} == {5}
        assert {row.resumes.weekday() for row in rows if row.resumes} == {0}


def test_the_page_of_the_year_costs_as_many_queries_with_many_classes(
    visitor: Client, claire: User, django_assert_num_queries
) -> None:
    visitor.get("/contacts/year/")
    for count in (1, 12):
        for number in range(count):
            made = groups.create(claire, f"{count}-{number}")
            groups.set_class(made, years.current() - 1, Group.Guardians.ALL)
        with django_assert_num_queries(10):
            visitor.get("/contacts/year/")


# --- what else knows of families ---


def test_a_contact_made_of_two_keeps_both_families(claire: User, school_class: Group) -> None:
    paul = of(claire, "Paul Martin")
    twin = person(claire, "P. Martin", "p@x.example")
    ali = of(claire, "Ali Roy")
    ties.add_guardian(ali, twin)
    made = duplicates.merge(claire, [paul, twin], contacts.data_of(paul))
    assert [one.contact.display_name for one in ties.pupils_of(made)] == [
        *("Léa Martin", "Tom Martin", "Ali Roy"),
    ]
    duplicates.unmerge(claire, made.pk, [paul.pk, twin.pk])
    assert len(ties.pupils_of(paul)) == 2


def test_an_archived_contact_is_taken_back_by_hand(
    visitor: Client, claire: User, school_class: Group
) -> None:
    ali = of(claire, "Ali Roy")
    Contact.objects.filter(pk=ali.pk).update(archived=ali.created)
    assert b'value="unarchive"' in visitor.get(f"/contacts/{ali.pk}/").content
    visitor.post("/contacts/act/", {"verb": "unarchive", "contacts": [ali.pk]})
    ali.refresh_from_db()
    assert ali.archived is None
