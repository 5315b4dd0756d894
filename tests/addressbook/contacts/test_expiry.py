"""Lists of classes end: their owner is told, and they go into the bin with those in no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent, User
from addressbook import contacts, years
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import expiry, groups, ties
from addressbook.models import Contact, Group

pytestmark = pytest.mark.django_db

END = date(2027, 12, 31)
TOLD = END - timedelta(days=30)


def person(user: User, name: str, job_title: str = "") -> Contact:
    data = ContactData(display_name=name, emails=(Email(f"{name}@x.example"),), job_title=job_title)
    return contacts.create(user, data)


@pytest.fixture
def school_class(claire: User) -> Group:
    """Léa and Tom with Anne; Tom, whose other guardian is a colleague, is in a club too."""
    group = groups.create(claire, "4e B")
    groups.set_class(group, 2026, Group.Guardians.ALL)
    lea, tom, anne = (person(claire, name) for name in ("léa", "tom", "anne"))
    marc, rose = person(claire, "marc", job_title="Professeur"), person(claire, "rose")
    groups.add(group, [lea.pk, tom.pk])
    groups.add(groups.create(claire, "Club"), [tom.pk])
    ties.add_guardian(lea, rose)
    ties.add_guardian(tom, anne)
    ties.add_guardian(lea, anne)
    ties.add_guardian(lea, marc)
    return group


def names(user: User) -> set[str]:
    return set(Contact.objects.of(user).values_list("display_name", flat=True))


def lists(user: User) -> set[str]:
    return set(Group.objects.of(user).values_list("name", flat=True))


def test_the_list_goes_on_its_day_with_those_who_are_in_no_other(
    claire: User, school_class: Group
) -> None:
    expiry.run(TOLD - timedelta(days=1))
    assert expiry.endings_among(Group.objects.of(claire)) == ()
    for _again in range(2):
        expiry.run(TOLD)
    ending = expiry.endings_among(Group.objects.of(claire), TOLD)[0]
    assert (ending.end, ending.days, ending.is_urgent) == (END, 30, False)
    assert expiry.endings_among(Group.objects.of(claire), END - timedelta(days=7))[0].is_urgent
    expiry.run(END - timedelta(days=1))
    assert lists(claire) == {"4e B", "Club"}
    for _again in range(2):
        expiry.run(END)
    assert lists(claire) == {"Club"}
    assert names(claire) == {"tom", "anne", "marc"}
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.CLASSES_ENDED)
    assert event.detail == {"groups": 1, "contacts": 2}


def test_nobody_loses_a_list_that_was_not_told_thirty_days_before(
    claire: User, school_class: Group
) -> None:
    late = END + timedelta(days=200)
    expiry.run(late)
    assert lists(claire) == {"4e B", "Club"}
    expiry.run(late + timedelta(days=29))
    assert lists(claire) == {"4e B", "Club"}
    expiry.run(late + timedelta(days=30))
    assert lists(claire) == {"Club"}


def test_a_list_out_of_the_bin_is_told_again(claire: User, school_class: Group) -> None:
    expiry.run(TOLD)
    expiry.run(END)
    school_class.refresh_from_db()
    groups.restore(school_class)
    expiry.run(END + timedelta(days=1))
    expiry.run(END + timedelta(days=30))
    assert "4e B" in lists(claire)
    expiry.run(END + timedelta(days=31))
    assert "4e B" not in lists(claire)


def test_an_installation_may_keep_lists_longer(claire: User, school_class: Group, settings) -> None:
    settings.CLASSES_END_DAYS = 182
    assert expiry.default_end(2026) == date(2028, 2, 29)
    expiry.run(END)
    assert expiry.endings_among(Group.objects.of(claire)) == ()


def test_the_list_of_last_year_is_there_when_the_new_ones_come_in_autumn(
    claire: User, school_class: Group
) -> None:
    for day in range(0, 92, 7):
        expiry.run(date(2027, 9, 1) + timedelta(days=day))
    assert lists(claire) == {"4e B", "Club"}


def test_an_ordinary_group_never_ends(claire: User) -> None:
    groups.create(claire, "Chorale")
    for days in (0, 31):
        expiry.run(date(2090, 1, 1) + timedelta(days=days))
    assert lists(claire) == {"Chorale"}


@pytest.fixture
def ending(claire: User) -> Group:
    """A class that ends soon, told today."""
    group = groups.create(claire, "3e A")
    groups.set_class(group, years.current(), Group.Guardians.ALL)
    group.ends = timezone.localdate() + timedelta(days=10)
    group.save(update_fields=["ends"])
    expiry.run()
    return Group.objects.get(pk=group.pk)


def test_the_owner_reads_it_above_the_contacts_and_keeps_the_list(
    claire: User, ending: Group, browser_of: Callable[[User], Client]
) -> None:
    browser = browser_of(claire)
    page = unescape(browser.get(reverse("addressbook:contacts")).content.decode())
    assert "La liste « 3e A » s’arrête le" in page.replace("\xa0", " ")
    url = reverse("addressbook:keep_class", args=[ending.pk])
    assert url in page
    before = ending.ends
    browser.post(url, {"reason": "because"})
    ending.refresh_from_db()
    assert ending.ends == before
    browser.post(url, {"reason": "marks"})
    ending.refresh_from_db()
    assert ending.ends
    assert ending.ends > timezone.localdate() + timedelta(days=30)
    assert ending.ends <= expiry.default_end(years.current()) + timedelta(days=365)
    event = AuditEvent.objects.get(kind=AuditEvent.Kind.CLASS_PROLONGED)
    assert event.detail == {"key": ending.pk, "why": "marks"}
    page = unescape(browser.get(reverse("addressbook:contacts")).content.decode())
    assert url not in page


def test_the_owner_ends_a_list_sooner_and_takes_that_back(
    claire: User, ending: Group, browser_of: Callable[[User], Client]
) -> None:
    browser, today = browser_of(claire), timezone.localdate()
    url = reverse("addressbook:set_class", args=[ending.pk])
    form = {"is_class": "on", "school_year": years.current(), "guardians": "all"}
    sooner = today + timedelta(days=60)
    while sooner > expiry.default_end(years.current()):
        sooner -= timedelta(days=30)
    page = browser.post(url, {**form, "ends": sooner.isoformat()}, follow=True)
    assert page.status_code == 200
    ending.refresh_from_db()
    assert (ending.ends, ending.end_told) == (sooner, None)
    edited = browser.get(reverse("addressbook:edit_group", args=[ending.pk])).content.decode()
    assert f'value="{sooner.isoformat()}"' in edited
    late = expiry.default_end(years.current()) + timedelta(days=1)
    for refused in (today, late):
        answer = browser.post(url, {**form, "ends": refused.isoformat()})
        assert answer.status_code == 422
        assert "Choisissez un jour après aujourd’hui" in answer.content.decode()
    ending.refresh_from_db()
    assert ending.ends == sooner
    browser.post(url, {**form, "ends": ""})
    ending.refresh_from_db()
    assert ending.ends is None


def test_saving_a_class_that_is_kept_longer_leaves_its_end(
    claire: User, ending: Group, browser_of: Callable[[User], Client]
) -> None:
    ending.ends = expiry.default_end(years.current()) + timedelta(days=90)
    ending.save(update_fields=["ends"])
    form = {"is_class": "on", "school_year": years.current(), "guardians": "first"}
    url = reverse("addressbook:set_class", args=[ending.pk])
    browser_of(claire).post(url, {**form, "ends": ending.ends.isoformat()})
    former = ending.ends
    ending.refresh_from_db()
    assert (ending.ends, ending.guardians) == (former, "first")


def test_a_near_end_that_was_told_gains_no_time_by_another_day(ending: Group) -> None:
    told, end = ending.end_told, expiry.end_of(ending)
    assert told and ending.ends
    expiry.set_end(ending, ending.ends - timedelta(days=1))
    ending.refresh_from_db()
    assert (ending.end_told, expiry.end_of(ending)) == (told, end)


def test_a_school_year_that_is_changed_must_fit_the_end(
    claire: User, ending: Group, browser_of: Callable[[User], Client]
) -> None:
    assert ending.ends
    data = {"is_class": "on", "school_year": years.current() - 3, "guardians": "all"}
    url = reverse("addressbook:set_class", args=[ending.pk])
    answer = browser_of(claire).post(url, {**data, "ends": ending.ends.isoformat()})
    assert answer.status_code == 422


def test_nobody_keeps_the_list_of_another(
    paul: User, ending: Group, browser_of: Callable[[User], Client]
) -> None:
    url = reverse("addressbook:keep_class", args=[ending.pk])
    assert browser_of(paul).post(url, {"reason": "marks"}).status_code == 404
    page = browser_of(paul).get(reverse("addressbook:contacts")).content.decode()
    assert url not in page
