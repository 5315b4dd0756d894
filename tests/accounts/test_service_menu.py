"""The menu of services: who sees what."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import MailDomain, Service, StaffRecord, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(record: StaffRecord) -> User:
    """Alice, whose record is in the staff file."""
    record.function, record.school_uai = "Professeure agrégée", "0800101A"
    record.save()
    return User.objects.create(
        mail_domain=record.mail_domain, login="alice", address="alice@ac-exemple.fr"
    )


def offer(name: str = "DT-Ulysse", **more: Any) -> Service:
    service = Service(name=name, address="https://voyages.exemple.fr/", **more)
    service.full_clean()
    service.save()
    return service


def names(person: User) -> list[str]:
    return [service.name for service in Service.objects.of(person)]


@pytest.mark.parametrize(
    ("functions", "schools", "shown"),
    [
        ("", "", True),
        ("professeur", "", True),
        ("PROFESSEURE AGREGEE", "", True),
        ("principal\nprofesseur", "", True),
        ("principal", "", False),
        ("agrégée", "", False),
        ("", "0800101a", True),
        ("", "0800102B\n0800101A", True),
        ("", "0800102B", False),
        ("professeur", "0800102B", False),
    ],
)
def test_a_service_is_shown_to_those_whom_it_is_for(
    person: User, functions: str, schools: str, shown: bool
) -> None:
    offer(functions=functions, schools=schools)
    assert names(person) == (["DT-Ulysse"] if shown else [])


def test_who_is_not_in_the_staff_file_sees_what_is_for_everybody(
    person: User, record: StaffRecord
) -> None:
    record.delete()
    offer("Pour tous")
    offer("Chefs", functions="principal")
    offer("Collège", schools="0800101A")
    assert names(person) == ["Pour tous"]


def test_a_service_may_be_for_one_mail_domain(person: User, mail_domain: MailDomain) -> None:
    other = MailDomain.objects.create(name="ecole.exemple.fr", imap_host="x", smtp_host="x")
    offer("Ici").mail_domains.add(mail_domain, other)
    offer("Ailleurs").mail_domains.add(other)
    assert names(person) == ["Ici"]
    assert [service.is_for_everybody for service in Service.objects.all()] == [False, False]


def test_services_stand_in_their_order_and_hidden_ones_do_not(person: User) -> None:
    offer("B", order=1)
    offer("A", order=2)
    offer("C", order=1)
    offer("D", is_active=False)
    assert names(person) == ["B", "C", "A"]


def test_the_page_shows_names_as_text_and_leads_there(person: User) -> None:
    offer("<b>Ulysse</b>", text="Frais de déplacement")
    client = Client()
    client.force_login(person, backend="accounts.backends.MailServerBackend")
    words = client.get("/services/").content.decode()
    assert "&lt;b&gt;Ulysse&lt;/b&gt;" in words
    assert 'href="https://voyages.exemple.fr/"' in words
    assert "Frais de déplacement" in words


def test_the_menu_costs_the_same_however_long_it_is(
    person: User, django_assert_num_queries: Any
) -> None:
    for number in range(20):
        offer(f"Service {number}", functions="professeur")
    with django_assert_num_queries(3):
        assert len(Service.objects.of(person)) == 20


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "javascript:alert(1)"},
        {"address": "voyages.exemple.fr"},
        {"icon": "nothing"},
        {"schools": "0800101"},
    ],
)
def test_what_would_lead_nowhere_is_refused(wrong: dict[str, str]) -> None:
    service = Service(name="x", address="https://voyages.exemple.fr/")
    for name, value in wrong.items():
        setattr(service, name, value)
    with pytest.raises(ValidationError):
        service.full_clean()
