"""A person who signs in is called as the staff files call him."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from accounts import numen, session
from accounts.models import AuditEvent, MailDomain, StaffRecord, User
from demo.servers.dovecot import MailAccount
from tests.accounts.staff_files import bring_in, colleague, csv

pytestmark = pytest.mark.django_db
ADDRESS = "alice.martin@ac-exemple.fr"


@pytest.fixture(autouse=True)
def ready(settings, tmp_path: Path) -> Iterator[None]:
    settings.NUMEN_KEYS = numen.parse_keys(f"2026:{'a' * 64}")
    settings.SPOOL = tmp_path
    yield
    session.pool().close_all()


def bring_alice_in(**cells: str) -> None:
    alice = {"prenom": "Alice", "nom": "Martin", "identifiant": "alice", "adresse": ADDRESS}
    bring_in(csv([colleague(1, **(alice | cells))]))


def test_the_first_sign_in_takes_name_and_address_from_the_record(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    bring_alice_in()
    signed_in(alice)
    user = User.objects.get()
    assert (user.login, user.name, user.address) == ("alice", "Alice Martin", ADDRESS)


def test_a_changed_record_is_followed_at_the_next_sign_in(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    signed_in(alice)
    assert User.objects.get().name == ""
    bring_alice_in(nom="Moreau")
    client = signed_in(alice)
    user = User.objects.get()
    assert (user.name, user.address) == ("Alice Moreau", ADDRESS)
    assert "Alice Moreau" in client.get("/preferences/").content.decode()


def test_who_is_in_no_staff_file_keeps_his_name(
    signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    signed_in(alice)
    User.objects.update(name="A. Martin")
    signed_in(alice)
    assert User.objects.get().name == "A. Martin"


def test_the_login_and_the_address_that_a_record_knows_are_one_user(
    mail_domain: MailDomain, clean_cache: None, alice: MailAccount
) -> None:
    bring_alice_in()
    for login in (ADDRESS, "alice"):
        answer = Client().post("/accounts/login/", {"login": login, "password": alice.password})
        assert answer.status_code == 302
    assert User.objects.get().login == "alice"


def test_failures_are_counted_together_for_both_spellings(
    mail_domain: MailDomain, clean_cache: None, alice: MailAccount, settings
) -> None:
    settings.LOGIN_FAILURES_PER_LOGIN = 2
    bring_alice_in()
    for login in (ADDRESS, "alice"):
        Client().post("/accounts/login/", {"login": login, "password": f"faux pour {login}"})
    answer = Client().post("/accounts/login/", {"login": "alice", "password": alice.password})
    assert answer.status_code == 429


@pytest.fixture
def staff_only(mail_domain: MailDomain, clean_cache: None) -> MailDomain:
    mail_domain.staff_only = True
    mail_domain.save()
    return mail_domain


def sign_in(login: str, password: str):
    return Client().post("/accounts/login/", {"login": login, "password": password})


NOT_STAFF = "aucune ne cite votre boîte"


def test_a_domain_for_staff_alone_refuses_the_right_password_of_others(
    staff_only: MailDomain, alice: MailAccount
) -> None:
    answer = sign_in("alice", alice.password)
    assert answer.status_code == 422
    assert NOT_STAFF in answer.content.decode()
    assert not User.objects.exists()
    assert AuditEvent.objects.get().detail == {"cause": "not_staff"}
    assert NOT_STAFF not in sign_in("alice", "wrong").content.decode()


@pytest.mark.parametrize("login", ["alice", ""])
def test_a_domain_for_staff_alone_takes_whom_a_record_names(
    login: str, staff_only: MailDomain, alice: MailAccount
) -> None:
    """By its login, or else by its address."""
    bring_alice_in(adresse="alice@ac-exemple.fr")
    StaffRecord.objects.update(login=login)
    assert sign_in("alice", alice.password).status_code == 302
    StaffRecord.objects.update(is_active=False)
    assert sign_in("alice", alice.password).status_code == 422


def test_an_administrator_of_this_machine_needs_no_staff_record(staff_only: MailDomain) -> None:
    User.objects.create_administrator("chef", "Tableau-Noir 9!")
    assert sign_in("chef", "Tableau-Noir 9!").status_code == 302
