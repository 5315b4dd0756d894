"""Groups shared with colleagues."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import MailDomain, StaffRecord, User
from addressbook import contacts
from addressbook.completion import search
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import endings, groups, nesting, sharing, ties
from addressbook.contacts.audiences import Audience
from addressbook.models import Contact, DirectoryEntry, Group, GroupShare, SharedGone
from webmail.personal import deleting
from webmail.writing import recipients
from webmail.writing.content import Content

pytestmark = pytest.mark.django_db

PAUL = "paul@ac-exemple.fr"


def person(user: User, name: str, address: str = "") -> Contact:
    emails = (Email(address),) if address else ()
    return contacts.create(user, ContactData(display_name=name, emails=emails))


def record(user: User, uai: str) -> StaffRecord:
    number = StaffRecord.objects.count() + 1
    return StaffRecord.objects.create(
        mail_domain=MailDomain.objects.get(name="ac-exemple.fr"),
        login=user.login,
        address=user.address,
        first_name=user.login,
        last_name="x",
        school_uai=uai,
        school_name="Collège Les Aubépines",
        numen_digest=number.to_bytes(32, "big"),
        lookup_digest=(number + 1_000).to_bytes(32, "big"),
    )


@pytest.fixture
def council(claire: User) -> Group:
    """Of Claire's; her other contact is in no group."""
    person(claire, "Secret", "secret@x.example")
    made = groups.create(claire, "Conseil")
    members = [person(claire, "Aline", "aline@x.example"), person(claire, "Muet")]
    groups.add(made, [member.pk for member in members])
    groups.set_external(made, ["ext@x.example"])
    return made


def give(group: Group, *, may_edit: bool = False, with_pupils: bool = False) -> GroupShare:
    sharing.share(group, [PAUL], may_edit=may_edit, with_pupils=with_pupils)
    return group.shares.get(address=PAUL)


def test_nobody_sees_a_group_that_is_not_shared_with_him(council: Group, paul: User) -> None:
    assert sharing.seen_by(paul) == []
    assert sharing.find_shared_group(paul, council.pk) is None
    assert search.complete(paul, "con") == ()


def test_a_colleague_sees_the_members_and_nothing_else(council: Group, paul: User) -> None:
    give(council)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    assert not seen.may_edit
    assert [(one.name, one.address) for one in sharing.members(seen)] == [
        ("Aline", "aline@x.example"),
        ("Muet", ""),
        ("", "ext@x.example"),
    ]
    assert sharing.recipients(seen) == ("Aline <aline@x.example>", "ext@x.example")
    assert [one.name for one in sharing.reach(seen).unreached] == ["Muet"]


def test_it_is_completed_as_the_owners(council: Group, paul: User, claire: User) -> None:
    give(council)
    found = search.complete(paul, "cons")[0]
    assert (found.source, found.name, found.size) == ("shared", "Conseil", 2)
    assert found.owner == claire.display_name
    assert search.complete(paul, "morvan conseil")[0].group == council.pk
    # Her own name means her, and what she shares comes after.
    person(paul, "Claire Morvan", "claire.morvan@x.example")
    by_name = search.complete(paul, "morvan")
    assert [one.source for one in by_name] == ["contact", "shared"]
    assert all(one.source != "contact" for one in search.complete(paul, "sec"))


def test_many_shared_groups_cost_as_many_queries_as_one(
    council: Group, paul: User, claire: User, django_assert_num_queries: Any
) -> None:
    give(council)
    with CaptureQueriesContext(connection) as one:
        search.complete(paul, "cons")
    for number in range(8):
        group = groups.create(claire, f"Conseil {number}")
        groups.add(group, [person(claire, f"Membre {number}", f"m{number}@x.example").pk])
        nesting.add(group, council)
        give(group)
    with django_assert_num_queries(len(one)):
        found = search.complete(paul, "cons")
    assert [suggestion.size for suggestion in found] == [2, *[3] * 8]
    seen = sharing.seen_by(paul)
    assert sharing.sizes(seen) == {one.group.pk: len(sharing.recipients(one)) for one in seen}


def school_class(owner: User, name: str) -> Group:
    """A class of two pupils, who have one guardian; and a group that holds its guardians."""
    made = groups.create(owner, name)
    groups.set_class(made, 2026, Group.Guardians.ALL)
    pupils = [person(owner, f"Élève {n}", f"{n}.{made.pk}@x.example") for n in range(2)]
    guardian = person(owner, "Responsable", f"parent.{made.pk}@x.example")
    for pupil in pupils:
        ties.add_guardian(pupil, guardian)
    groups.add(made, [pupil.pk for pupil in pupils])
    outer = groups.create(owner, f"Parents {name}")
    nesting.add(outer, made, Audience.GUARDIANS)
    return made


@pytest.mark.parametrize("is_shared", [True, False])
def test_thirty_classes_cost_as_many_queries_as_one(
    claire: User, paul: User, is_shared: bool, django_assert_max_num_queries: Any
) -> None:
    asks = paul if is_shared else claire

    def add(name: str) -> None:
        made = school_class(claire, name)
        if is_shared:
            give(made, with_pupils=True)
            give(Group.objects.get(name=f"Parents {name}"), with_pupils=True)

    add("Classe 0")
    with CaptureQueriesContext(connection) as queries:
        found = search.complete(asks, "clas")
    assert [(one.audience, one.size) for one in found] == [
        ("guardians", 1),
        ("pupils", 2),
        ("both", 3),
        ("", 1),
    ]
    for number in range(1, 30):
        add(f"Classe {number}")
    with django_assert_max_num_queries(len(queries)):
        assert len(search.complete(asks, "clas")) == 10
    with django_assert_max_num_queries(len(queries)):
        assert [one.size for one in search.complete(asks, "paren")] == [1] * 10


def test_a_school_sees_it_as_long_as_one_works_there(council: Group, paul: User) -> None:
    of_paul = record(paul, "0800101A")
    sharing.share(council, [], "0800101A", may_edit=False, with_pupils=False)
    assert sharing.find_shared_group(paul, council.pk) is not None
    StaffRecord.objects.filter(pk=of_paul.pk).update(school_uai="0809999Z")
    assert sharing.find_shared_group(paul, council.pk) is None
    StaffRecord.objects.filter(pk=of_paul.pk).update(school_uai="0800101A", is_active=False)
    assert sharing.find_shared_group(paul, council.pk) is None


def test_an_empty_school_is_nobodys(council: Group, paul: User) -> None:
    record(paul, "")
    sharing.share(council, ["autre@ac-exemple.fr"], may_edit=False, with_pupils=False)
    assert sharing.find_shared_group(paul, council.pk) is None
    User.objects.filter(pk=paul.pk).update(address="")
    paul.refresh_from_db()
    sharing.share(council, [], "0800101A", may_edit=False, with_pupils=False)
    assert sharing.seen_by(paul) == []
    assert search.complete(paul, "cons") == ()


def test_a_local_administrator_sees_none(council: Group) -> None:
    administrator = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    User.objects.filter(pk=administrator.pk).update(address=PAUL)
    administrator.refresh_from_db()
    give(council)
    assert sharing.seen_by(administrator) == []


def test_pupils_are_seen_only_where_the_owner_said_so(
    council: Group, claire: User, paul: User
) -> None:
    lila = person(claire, "Lila", "lila@x.example")
    ties.add_guardian(lila, person(claire, "Ewa", "ewa@x.example"))
    pupils = groups.create(claire, "5e C")
    groups.add(pupils, [lila.pk])
    groups.set_class(pupils, 2026, Group.Guardians.ALL)
    give(council)
    # Put in later, by nobody who was asked again.
    nesting.add(council, pupils, Audience.BOTH)
    groups.add(council, [lila.pk])
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    told = " ".join(f"{one.name} {one.address}" for one in sharing.members(seen))
    assert "lila" not in told.lower()
    assert "ewa" not in told.lower()
    assert sharing.inner_of(seen) == []
    assert groups.holds_families(council)
    give(council, with_pupils=True)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    assert {"Lila <lila@x.example>", "Ewa <ewa@x.example>"} <= set(sharing.recipients(seen))


def test_a_class_is_seen_only_with_its_pupils(claire: User, paul: User) -> None:
    pupils = groups.create(claire, "5e C")
    groups.set_class(pupils, 2026, Group.Guardians.ALL)
    lila = person(claire, "Lila", "lila@x.example")
    groups.add(pupils, [lila.pk])
    give(pupils)
    assert sharing.seen_by(paul) == []
    assert sharing.find_shared_group(paul, pupils.pk) is None
    assert search.complete(paul, "5e") == ()
    give(pupils, with_pupils=True)
    assert [one.audience for one in search.complete(paul, "5e c")] == ["pupils", "both"]


def test_a_message_names_the_pupils_of_a_shared_class_and_no_others(
    claire: User, paul: User, council: Group
) -> None:
    pupils = groups.create(claire, "5e C")
    groups.set_class(pupils, 2026, Group.Guardians.ALL)
    lila, brother = person(claire, "Lila"), person(claire, "Ilan", "ilan@x.example")
    ewa = person(claire, "Ewa", "ewa@x.example")
    for pupil in (lila, brother):
        ties.add_guardian(pupil, ewa)
    groups.add(pupils, [lila.pk])
    other = groups.create(claire, "4e A")
    groups.set_class(other, 2026, Group.Guardians.ALL)
    groups.add(other, [lila.pk, brother.pk])
    asked = ["Ewa@x.example", "ilan@x.example", "aline@x.example"]
    give(pupils)
    give(council)
    assert sharing.placeholder_values(paul, asked) == {}
    give(pupils, with_pupils=True)
    told = sharing.placeholder_values(paul, asked)
    assert list(told) == ["ewa@x.example"]
    ewas = told["ewa@x.example"]
    assert (ewas.pupil, ewas.class_name, ewas.guardian) == ("Lila", "5e C", "Ewa")
    text = Content(to="ewa@x.example, ilan@x.example", is_html=False, text="{élève} de {classe}")
    of_ewa, of_ilan = recipients.review(paul, text, with_names=True).members
    assert dict(of_ewa.more) == {"eleve": "Lila", "classe": "5e C", "responsable": "Ewa"}
    assert dict(of_ilan.more) == {}
    sharing.leave(paul, pupils)
    assert sharing.placeholder_values(paul, asked) == {}


def test_an_editor_adds_addresses_that_become_nobodys_contacts(
    council: Group, claire: User, paul: User
) -> None:
    give(council, may_edit=True)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    before = Contact.objects.filter(user=claire).count()
    new = ["neuf@x.example", "SECRET@x.example", "aline@x.example", "EXT@x.example"]
    assert sharing.add(seen, new) == 2
    assert Contact.objects.filter(user=claire).count() == before
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    # The name that the owner's contact of that address has is not told.
    assert ("", "SECRET@x.example") in [(one.name, one.address) for one in sharing.members(seen)]


def test_an_editor_takes_out_whom_he_sees_and_nobody_else(
    council: Group, claire: User, paul: User
) -> None:
    give(council, may_edit=True)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    aline = Contact.objects.get(display_name="Aline")
    secret = Contact.objects.get(display_name="Secret")
    assert not sharing.take_out(seen, f"c:{secret.pk}")
    assert not sharing.take_out(seen, "c:x")
    assert not sharing.take_out(seen, "a:nobody@x.example")
    assert sharing.take_out(seen, f"c:{aline.pk}")
    assert sharing.take_out(seen, "a:ext@x.example")
    assert Contact.objects.of(claire).filter(pk=aline.pk).exists()
    assert groups.recipients(Group.objects.get(pk=council.pk)) == ()


def test_what_two_people_change_at_once_is_kept(council: Group, paul: User) -> None:
    give(council, may_edit=True)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    # The owner's form was made before the colleague added somebody.
    former = list(council.external)
    sharing.add(seen, ["neuf@x.example"])
    groups.set_external(council, ["propre@x.example"], former)
    council.refresh_from_db()
    assert council.external == ["neuf@x.example", "propre@x.example"]


def test_a_shared_group_does_not_grow_beyond_its_limit(
    council: Group, paul: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    give(council, may_edit=True)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    monkeypatch.setattr(sharing, "MOST_ADDRESSES", 3)
    with pytest.raises(groups.GroupFull):
        sharing.add(seen, ["neuf@x.example"])


def test_who_leaves_is_out_until_he_comes_back_or_is_asked_again(
    council: Group, paul: User
) -> None:
    give(council)
    sharing.leave(paul, council)
    assert sharing.seen_by(paul) == []
    assert search.complete(paul, "cons") == ()
    assert sharing.left(council) == {PAUL}
    assert sharing.come_back(paul, council.pk)
    sharing.leave(paul, council)
    give(council)
    assert sharing.find_shared_group(paul, council.pk) is not None


def test_nobody_comes_back_to_what_is_not_shared_any_more(council: Group, paul: User) -> None:
    one = give(council)
    sharing.leave(paul, council)
    sharing.end(one)
    assert not sharing.come_back(paul, council.pk)
    assert sharing.left(council) == {PAUL}


def test_who_used_a_group_is_told_when_it_ends(council: Group, paul: User) -> None:
    one = give(council)
    sharing.note_use(paul, council)
    sharing.end(one)
    gone = SharedGone.objects.get(user=paul)
    assert (gone.group_name, gone.owner_name, gone.reason) == (
        "Conseil", "Claire Morvan", endings.Reason.ENDED,
    )  # fmt: skip


def test_nobody_is_told_who_still_has_it_by_his_school(council: Group, paul: User) -> None:
    record(paul, "0800101A")
    one = give(council)
    sharing.share(council, [], "0800101A", may_edit=False, with_pupils=False)
    sharing.note_use(paul, council)
    sharing.end(one)
    assert not SharedGone.objects.exists()


def test_a_group_in_the_bin_is_gone_and_comes_back(council: Group, paul: User) -> None:
    give(council)
    sharing.note_use(paul, council)
    groups.delete(council)
    assert sharing.seen_by(paul) == []
    assert SharedGone.objects.get(user=paul).reason == endings.Reason.DELETED
    groups.restore(council)
    assert sharing.find_shared_group(paul, council.pk) is not None
    assert not SharedGone.objects.exists()


def test_when_the_owners_account_is_deleted_who_used_it_is_told(
    council: Group, claire: User, paul: User
) -> None:
    give(council)
    sharing.note_use(paul, council)
    deleting.forget(claire)
    assert not Group.objects.filter(pk=council.pk).exists()
    gone = SharedGone.objects.get(user=paul)
    assert (gone.group_name, gone.reason) == ("Conseil", endings.Reason.OWNER)


def test_a_switched_off_owner_shares_nothing(council: Group, claire: User, paul: User) -> None:
    give(council)
    User.objects.filter(pk=claire.pk).update(is_active=False)
    assert sharing.seen_by(paul) == []
    assert search.complete(paul, "cons") == ()


def test_the_number_of_shares_is_bounded(council: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "MOST_SHARES", 1)
    give(council)
    with pytest.raises(sharing.TooManyShares):
        sharing.share(council, ["x@ac-exemple.fr"], may_edit=False, with_pupils=False)
    assert give(council, may_edit=True).may_edit


def test_a_stranger_is_nobody_to_share_with(claire: User, paul: User, council: Group) -> None:
    assert sharing.strangers([PAUL, "eve@ailleurs.example"]) == ["eve@ailleurs.example"]


def test_who_gets_nothing_of_a_shared_group_is_named(
    council: Group, paul: User, claire: User
) -> None:
    assert sharing.gaps(paul, ["Conseil"]) == []
    give(council)
    assert [gap.without_address for gap in sharing.gaps(paul, ["CONSEIL"])] == [("Muet",)]
    groups.create(paul, "Conseil")
    assert sharing.gaps(paul, ["Conseil"]) == []
    assert [gap.without_address for gap in sharing.gaps(claire, ["Conseil"])] == [("Muet",)]


def test_names_of_added_addresses_are_the_directorys(council: Group, paul: User) -> None:
    DirectoryEntry.objects.create(
        source="staff", source_id="1", name="Ext Erne", sort_key="erne", address="ext@x.example",
        folded="ext@x.example", filled=council.created,
    )  # fmt: skip
    give(council)
    seen = sharing.find_shared_group(paul, council.pk)
    assert seen is not None
    assert sharing.members(seen)[2].name == "Ext Erne"


def test_two_thousand_members_cost_a_fixed_number_of_queries(
    claire: User, paul: User, django_assert_max_num_queries: Any
) -> None:
    made = groups.create(claire, "Tous")
    datas = [
        ContactData(display_name=f"P{one}", emails=(Email(f"p{one}@x.example"),))
        for one in range(2_000)
    ]
    groups.add(made, [one.pk for one in contacts.create_many(claire, datas)])
    give(made)
    with django_assert_max_num_queries(8):
        seen = sharing.find_shared_group(paul, made.pk)
        assert seen is not None
        assert len(sharing.members(seen)) == 2_000


def test_another_domain_is_another_address(council: Group) -> None:
    domain = MailDomain.objects.create(name="ailleurs.example")
    eve = User.objects.create(mail_domain=domain, login="paul", address="paul@ailleurs.example")
    give(council)
    assert sharing.seen_by(eve) == []
