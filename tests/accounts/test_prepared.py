"""Queries whose statement is written once find what Django's own find."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import MailDomain, User
from accounts.models.prepared import Prepared

pytestmark = [pytest.mark.django_db, pytest.mark.sqlite]

BY_KEY: Prepared[User] = Prepared(
    lambda pk: User.objects.select_related("mail_domain").filter(pk=pk), int
)


@pytest.fixture
def people(mail_domain: MailDomain) -> tuple[User, User]:
    teacher = User.objects.create(
        login="zoé",
        mail_domain=mail_domain,
        preferences={"theme": "dark"},
        mail_password_changed=timezone.now(),
    )
    return teacher, User.objects.create(login="admin", mail_domain=None)


def test_a_person_comes_whole_with_his_mail_domain(people: tuple[User, User]) -> None:
    for person in people:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            (found,) = BY_KEY(person.pk)
            same = User.objects.select_related("mail_domain").get(pk=person.pk)
            assert found.mail_domain == same.mail_domain
        assert len(asked) == 2, "the mail domain came with the person"
        for field in User._meta.concrete_fields:
            assert getattr(found, field.attname) == getattr(same, field.attname), field.name
        found.preferences["theme"] = "light"
        found.save()
        assert User.objects.get(pk=person.pk).preferences == {
            **same.preferences,
            "theme": "light",
        }


def test_nobody_is_found_under_a_key_that_nobody_has(people: tuple[User, User]) -> None:
    assert BY_KEY(people[1].pk + 1) == []


def test_values_come_as_tuples_and_each_goes_to_its_own_place(people: tuple[User, User]) -> None:
    rows: Prepared[tuple[str, object]] = Prepared(
        lambda login, pk: User.objects.filter(pk=pk, login=login).values_list(
            "login", "mail_password_changed"
        ),
        str,
        int,
    )
    teacher, admin = people
    assert rows("zoé", teacher.pk) == [("zoé", teacher.mail_password_changed)]
    assert rows("zoé", admin.pk) == []
    assert rows("' OR ''='", teacher.pk) == []


def test_a_value_that_the_statement_would_change_is_refused_at_once(
    people: tuple[User, User],
) -> None:
    rows: Prepared[User] = Prepared(lambda login: User.objects.filter(login__contains=login), str)
    with pytest.raises(ValueError, match="not in the statement"):
        rows("zo")
