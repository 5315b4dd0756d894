"""Queries whose statement is written once find what Django's own find."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest
from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models.expressions import RawSQL
from django.db.models.query import ModelIterable, get_related_populators
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import MailDomain, User
from accounts.models.prepared import Prepared, condition

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
            (prepared,) = BY_KEY(person.pk)
            same = User.objects.select_related("mail_domain").get(pk=person.pk)
            assert prepared.mail_domain == same.mail_domain
        assert len(asked) == 2, "the mail domain came with the person"
        for field in User._meta.concrete_fields:
            assert getattr(prepared, field.attname) == getattr(same, field.attname), field.name
        prepared.preferences["theme"] = "light"
        prepared.save()
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


IN: Prepared[tuple[str]] = Prepared(
    lambda logins, wanted: (
        User.objects.filter(wanted, login__in=logins).order_by("login").values_list("login")
    ),
    list,
    RawSQL,
)


def test_of_a_list_there_may_be_one_or_many_and_a_condition_is_another_each_time(
    people: tuple[User, User],
) -> None:
    anybody, named = condition("TRUE"), condition("name = %s OR name LIKE '%%'", ["Zoé"])
    assert IN(["zoé"], anybody) == [("zoé",)]
    assert IN({"zoé", "admin", "nobody"}, named) == [("admin",), ("zoé",)]
    assert IN(["zoé", "admin"], condition("mail_domain_id IS NULL")) == [("admin",)]


def test_what_is_found_is_counted_as_far_as_it_matters(people: tuple[User, User]) -> None:
    logins = ["zoé", "admin"]
    assert IN.count(logins, condition("TRUE"), most=9) == 2
    assert IN.count(logins, condition("TRUE"), most=1) == 1


def test_django_has_what_it_does_not_document() -> None:
    """When this fails after an upgrade, `prepared._compiled` alone is to be written again, after
    what Django's `ModelIterable.__iter__` and `SQLCompiler.results_iter` do now."""
    rows = User.objects.select_related("mail_domain")
    assert issubclass(rows._iterable_class, ModelIterable), "QuerySet._iterable_class"
    compiler: Any = rows.query.get_compiler(DEFAULT_DB_ALIAS)
    assert isinstance(compiler.as_sql(), tuple), "SQLCompiler.as_sql"
    assert compiler.klass_info.keys() >= {"model", "select_fields"}, "SQLCompiler.klass_info"
    assert compiler.select[0][0].target.attname == "id", "SQLCompiler.select"
    converters = compiler.get_converters([column[0] for column in compiler.select])
    assert converters, "SQLCompiler.get_converters"
    assert list(compiler.apply_converters([], converters)) == [], "SQLCompiler.apply_converters"
    asked = list(signature(get_related_populators).parameters)
    assert asked == ["klass_info", "select", "db"], "get_related_populators"
