"""Preferences that administrators set for a mail domain, a school or a function: which one counts,
and that nobody gets past a lock."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import MailDomain, StaffRecord, User
from core.preferences import GroupsValue, Preferences, UserGroup, for_group
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, path, words
from webmail import enforcing
from webmail.models import CACHE_KEY, PreferenceDefault

pytestmark = pytest.mark.django_db
SCHOOL, FUNCTION = "0800101A", "Professeure agrégée"


def combined(chosen: dict[str, str], *values: GroupsValue) -> Preferences:
    return Preferences.combine(chosen, for_group(values, UserGroup(1, SCHOOL, FUNCTION)))


ALL: dict[str, Any] = {}
BY_FUNCTION: dict[str, Any] = {"function": "PROFESSEUR"}
BY_SCHOOL: dict[str, Any] = {"school": SCHOOL}
BY_DOMAIN: dict[str, Any] = {"domain": 1}
# From the weakest to the strongest.
DEFAULTS = (ALL, BY_DOMAIN, BY_FUNCTION, BY_SCHOOL)
LOCKS = (ALL, BY_FUNCTION, BY_SCHOOL, BY_DOMAIN)


@pytest.mark.parametrize(("weak", "strong"), list(itertools.combinations(DEFAULTS, 2)))
def test_the_narrowest_default_counts(weak: dict[str, Any], strong: dict[str, Any]) -> None:
    values = [
        GroupsValue("theme", "light", False, **weak),
        GroupsValue("theme", "dark", False, **strong),
    ]
    for order in (values, values[::-1]):
        assert combined({}, *order).theme == "dark"
        # What a person chose goes before every default.
        assert combined({"theme": "system"}, *order).theme == "system"
        assert not combined({}, *order).locked


@pytest.mark.parametrize(("weak", "strong"), list(itertools.combinations(LOCKS, 2)))
def test_the_lock_of_the_mail_domain_counts_first(
    weak: dict[str, Any], strong: dict[str, Any]
) -> None:
    values = [
        GroupsValue("theme", "light", True, **weak),
        GroupsValue("theme", "dark", True, **strong),
    ]
    for order in (values, values[::-1]):
        assert combined({"theme": "system"}, *order).theme == "dark"
        assert combined({}, *order).locked == {"theme"}


@pytest.mark.parametrize(("lock", "default"), list(itertools.product(LOCKS, DEFAULTS)))
def test_a_lock_goes_before_any_default_and_any_choice(
    lock: dict[str, Any], default: dict[str, Any]
) -> None:
    values = [
        GroupsValue("theme", "dark", True, **lock),
        GroupsValue("theme", "light", False, **default),
    ]
    for order in (values, values[::-1]):
        assert combined({"theme": "system"}, *order).theme == "dark"


@pytest.mark.parametrize(
    "whom",
    [
        {"domain": 2},
        {"school": "0800102B"},
        {"function": "principal"},
        {"domain": 1, "school": "0800102B"},
        {"domain": 2, "school": SCHOOL, "function": "professeur"},
    ],
)
def test_a_value_is_for_who_is_all_that_it_names(whom: dict[str, Any]) -> None:
    assert combined({}, GroupsValue("theme", "dark", True, **whom)).theme == "system"


def test_who_has_no_staff_record_is_in_no_group() -> None:
    values = [GroupsValue("theme", "dark", True, **whom) for whom in (BY_SCHOOL, BY_FUNCTION)]
    assert for_group(values, UserGroup(1)) == {}
    assert for_group([GroupsValue("theme", "dark", True)], UserGroup())["theme"].locked


@pytest.fixture(autouse=True)
def fresh(clean_cache: None) -> Iterator[None]:
    yield
    cache.delete(CACHE_KEY)


def set_value(name: str, value: str, **more: Any) -> PreferenceDefault:
    row = PreferenceDefault(name=name, value=value, **more)
    row.full_clean()
    row.save()
    cache.delete(CACHE_KEY)
    return row


@pytest.fixture
def record(mail_domain: MailDomain) -> StaffRecord:
    return StaffRecord.objects.create(
        mail_domain=mail_domain,
        login="alice",
        address="alice.martin@ac-exemple.fr",
        last_name="Martin",
        school_uai=SCHOOL,
        function=FUNCTION,
        key_id="2026",
        numen_digest=b"n" * 32,
        lookup_digest=b"l" * 32,
    )


def test_a_lock_of_a_group_is_shown_and_no_way_in_changes_it(
    record: StaffRecord, reader: Client, mailbox: Mailbox
) -> None:
    set_value("theme", "dark", locked=True, function="professeur")
    set_value("images", "ask", locked=True, school=SCHOOL)
    shown = page(reader.get("/preferences/"))
    assert 'data-theme="dark"' in shown
    assert "Réglé par votre académie" in shown
    for address in ("/preferences/", "/preferences/display/"):
        reader.post(address, {"theme": "light", "density": "compact"})
    reader.post("/preferences/display/", {"reset": "1"})
    assert 'data-theme="dark"' in page(reader.get("/preferences/"))
    uid = mailbox.append(b"From: a@b.fr\r\nSubject: x\r\n\r\nx\r\n")
    reader.post(path(mailbox, uid, "images/"), {"show": "contacts"})
    assert User.objects.get(login="alice").preferences.get("images") is None


def test_the_lock_is_others_who_are_not_of_the_group(record: StaffRecord, reader: Client) -> None:
    set_value("theme", "dark", locked=True, school="0800102B")
    assert "Réglé par votre académie" not in page(reader.get("/preferences/"))


def test_a_value_of_a_mail_domain_is_for_its_people_alone(
    mail_domain: MailDomain, reader: Client
) -> None:
    other = MailDomain.objects.create(name="lycees.example", imap_host="127.0.0.1")
    set_value("theme", "dark", mail_domain=other, locked=True)
    assert 'data-theme="system"' in page(reader.get("/preferences/"))
    set_value("theme", "light", mail_domain=mail_domain)
    assert 'data-theme="light"' in page(reader.get("/preferences/"))
    assert 'data-theme="system"' in page(Client().get("/accounts/login/"))


def test_a_school_is_asked_for_once_in_a_session(record: StaffRecord, reader: Client) -> None:
    def queries() -> list[str]:
        with CaptureQueriesContext(connection) as counted:
            reader.get("/mail/INBOX/")
        return [query["sql"] for query in counted]

    for _warm in range(2):
        before = queries()
    set_value("density", "compact", school=SCHOOL)
    asked = queries()
    assert any("staffrecord" in sql for sql in asked)
    queries()
    assert len(queries()) == len(before)


def test_jobs_know_the_group_too(record: StaffRecord, reader: Client) -> None:
    set_value("collect", "off", locked=True, function="professeur")
    user = User.objects.get(login="alice")
    assert Preferences.combine({"collect": "on"}, enforcing.of_user(user)).collect == "off"


@pytest.mark.parametrize(
    "values",
    [
        {"name": "theme", "value": "pink"},
        {"name": "theme", "value": "dark", "school": "080010"},
        {"name": "theme", "value": "dark", "school": "0800101a"},
        {"name": "first_steps", "value": "on", "locked": True},
    ],
)
def test_what_would_do_nothing_is_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PreferenceDefault(**values).full_clean()


@pytest.mark.parametrize("group", [{}, BY_SCHOOL, {"function": "principal"}])
def test_there_is_one_value_for_the_same_people(group: dict[str, str]) -> None:
    set_value("theme", "dark", **group)
    with pytest.raises(ValidationError, match=r"déjà une|already one"):
        set_value("theme", "light", **group)
    assert PreferenceDefault.objects.count() == 1


def test_the_list_says_for_whom(mail_domain: MailDomain, settings) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    admin = Client()
    boss = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    admin.force_login(boss, backend="accounts.backends.LocalAdministratorBackend")
    add = "/admin/webmail/preferencedefault/add/"
    data = {"name": "theme", "value": "dark", "locked": "on", "mail_domain": mail_domain.pk}
    answer = admin.post(add, data | {"function": " professeur  agrégé "})
    assert answer.status_code == 302, words(answer)
    assert "ac-exemple.fr, professeur agrégé" in page(
        admin.get("/admin/webmail/preferencedefault/")
    )
