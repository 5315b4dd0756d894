"""Every address of the administration as each role; who may change whose role and second factor."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import URLPattern, URLResolver

from accounts.models import (
    Announcement,
    AuditEvent,
    MailDomain,
    SiteText,
    StaffImport,
    SupportContact,
    User,
)
from accounts.roles import ROLES
from tests.accounts.admin.conftest import browser

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db]

# What opens to others than administrators; a teacher and a stranger are led away from all of it.
SUPPORTS = {
    "",
    "support/why/",
    "accounts/user/",
    "accounts/user/<path:object_id>/change/",
    "accounts/user/<path:object_id>/history/",
    "accounts/staffrecord/",
    "mfa/authenticator/",
    "mfa/authenticator/<path:object_id>/change/",
    "mfa/authenticator/<path:object_id>/history/",
    "^(?P<app_label>…)/$",
}
AUDITORS = {
    "",
    "accounts/auditevent/",
    "accounts/auditevent/<path:object_id>/change/",
    "accounts/auditevent/<path:object_id>/history/",
    "^(?P<app_label>…)/$",
}
# Addresses that are the same for whoever may enter at all, and lead elsewhere or hold nothing.
OF_ALL = {
    "login/",
    "logout/",
    "jsi18n/",
    "autocomplete/",
    "password_change/",
    "password_change/done/",
    "r/<path:content_type_id>/<path:object_id>/",
    "(?P<url>.*)$",
}


def addresses(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[str]:
    for pattern in patterns:
        path = before + re.sub(r"<app_label>[^)]*", "<app_label>…", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns, path)
        else:
            yield path


@pytest.fixture
def things(domain: MailDomain, person: Callable[..., User]) -> dict[str, int]:
    """One of each model, by the first part of its address."""
    user = person("prof")
    factor = Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": "x"}
    )
    line = AuditEvent.objects.create(kind=AuditEvent.Kind.SIGNED_IN, target=str(user))
    return {
        "accounts/user": user.pk,
        "accounts/maildomain": domain.pk,
        "accounts/auditevent": line.pk,
        "accounts/announcement": Announcement.objects.create(title="x").pk,
        "accounts/sitetext": SiteText.objects.create(place="help", text="x").pk,
        "accounts/supportcontact": SupportContact.objects.create(name="x", phone="1").pk,
        "accounts/staffimport": StaffImport.objects.create(file_name="x").pk,
        "mfa/authenticator": factor.pk,
    }


def answers(client: Client, things: dict[str, int]) -> dict[str, int]:
    """The status of each address of the administration, GET, and POST where GET is not allowed."""
    statuses = {}
    for address in set(addresses(admin.site.urls[0])) - OF_ALL:
        model = "/".join(address.split("/")[:2])
        url = re.sub(r"<(path:object_id|int:pk)>", str(things.get(model, 1)), address)
        url = url.replace("^(?P<app_label>…)/$", "accounts/")
        answer = client.get(f"/admin/{url}", {"q": "prof"} if "why" in url else {})
        if answer.status_code == 405:
            answer = client.post(f"/admin/{url}", {"q": "prof"})
        statuses[address] = answer.status_code
    return statuses


def opened(client: Client, things: dict[str, int]) -> set[str]:
    return {address for address, status in answers(client, things).items() if status == 200}


def test_support_sees_people_and_helps_them_and_nothing_else(
    support: Client, things: dict[str, int]
) -> None:
    posts = {"support/lift/", "support/reset/"}
    got = answers(support, things)
    assert {address for address, status in got.items() if status == 200} == SUPPORTS
    assert all(got[address] == 302 for address in posts)
    # Records have no row here: their addresses lead back, with a word. Old addresses lead on.
    led = {address for address, status in got.items() if status == 302} - posts
    others = {
        address
        for address in led
        if not re.search(r"staffrecord/<path|<path:object_id>/(history/)?$", address)
    }
    assert not others
    rest = set(got) - SUPPORTS - posts - led
    assert {got[address] for address in rest} <= {403, 404}


def test_auditors_read_and_export_the_audit_log_and_nothing_else(
    auditor: Client, things: dict[str, int]
) -> None:
    assert opened(auditor, things) == AUDITORS | {"accounts/auditevent/export/"}


def test_administrators_reach_everything(administrator: Client, things: dict[str, int]) -> None:
    got = answers(administrator, things)
    refused = {address for address, status in got.items() if status == 403}
    # What nobody may: lines are written by what happens, and people come by signing in.
    assert refused
    for address in refused:
        assert re.search(
            r"(auditevent|staffimport|officepreview|allowedsender|addressbook|importjob|outboxmessage"
            r"|moveduser|standingforward|probe|agreedsender)/(add|<path:object_id>/delete)/"
            r"|(user|staffrecord|authenticator|officepreview|allowedsender|mailjob|fraudreport"
            r"|installationlearnt|providersubject)/add/",
            address,
        ), address


@pytest.mark.parametrize("who", ["stranger", "teacher"])
def test_others_see_nothing(who: str, teacher: Client, things: dict[str, int]) -> None:
    got = answers(Client() if who == "stranger" else teacher, things)
    assert set(got.values()) == {302}


def test_rights_given_to_a_group_in_the_database_open_nothing(
    support: Client, things: dict[str, int]
) -> None:
    Group.objects.get(name="support").permissions.set(Permission.objects.all())
    User.objects.filter(login="aide").update(is_superuser=True)
    assert opened(support, things) == SUPPORTS


def role_form(user: User, *roles: str) -> dict[str, object]:
    groups = Group.objects.filter(name__in=roles).values_list("pk", flat=True)
    return {"name": "", "address": user.address, "is_active": "on", "groups": list(groups)}


def roles_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_an_administrator_gives_a_role_and_the_log_says_so(
    administrator: Client, person: Callable[..., User]
) -> None:
    user = person("prof")
    answer = administrator.post(
        f"/admin/accounts/user/{user.pk}/change/", role_form(user, "support")
    )
    assert answer.status_code == 302
    assert roles_of(user) == {"support"}
    line = AuditEvent.objects.get(kind=AuditEvent.Kind.ADMINISTERED)
    assert (line.target, line.detail["action"]) == (user.address, "changed")
    assert str(line.actor) == "patronne.martin@ac-exemple.fr"


@pytest.mark.parametrize("role", ROLES)
def test_nobody_gives_himself_a_role(role: str, person: Callable[..., User]) -> None:
    for own in ROLES:
        user = person(f"x-{own}", own)
        client = browser(user)
        client.post(f"/admin/accounts/user/{user.pk}/change/", role_form(user, own, role))
        assert roles_of(user) == {own}


def test_nobody_shuts_himself_out(administrator: Client) -> None:
    user = User.objects.get(login="patronne")
    administrator.post(f"/admin/accounts/user/{user.pk}/change/", {"address": user.address})
    user.refresh_from_db()
    assert user.is_active
    assert (
        administrator.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )


@pytest.mark.parametrize("own", ["support", "auditor"])
def test_support_and_auditors_give_no_role(own: str, person: Callable[..., User]) -> None:
    user, friend = person("x", own), person("ami")
    address = f"/admin/accounts/user/{friend.pk}/change/"
    assert browser(user).post(address, role_form(friend, "administrator")).status_code == 403
    assert roles_of(friend) == set()


def reset(client: Client, typed: str) -> int:
    return client.post("/admin/support/reset/", {"q": typed, "sure": "on"}).status_code


@pytest.mark.parametrize("role", ROLES)
def test_support_resets_no_second_factor_of_somebody_with_a_role(
    role: str, support: Client, person: Callable[..., User]
) -> None:
    user = person("chef", role)
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    assert reset(support, "chef") == 403
    assert Authenticator.objects.filter(user=user).exists()
    deletion = f"/admin/mfa/authenticator/{Authenticator.objects.get().pk}/delete/"
    assert support.post(deletion, {"post": "yes"}).status_code == 403


def test_a_local_administrators_second_factor_is_not_for_support_either(support: Client) -> None:
    user = User.objects.create_administrator("racine", "Une-Craie-Verte-2026")
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    assert reset(support, "racine") == 403
    assert Authenticator.objects.filter(user=user).exists()


def test_an_administrator_resets_the_second_factor_of_support(
    administrator: Client, person: Callable[..., User]
) -> None:
    user = person("aide2", "support")
    Authenticator.objects.create(user=user, type="totp", data={"secret": "x"})
    assert reset(administrator, "aide2") == 302
    assert not Authenticator.objects.filter(user=user).exists()


def test_groups_are_no_page(administrator: Client) -> None:
    assert administrator.get("/admin/auth/group/").status_code == 404
