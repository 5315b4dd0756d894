"""Address books of two people."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import MailDomain, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone, PostalAddress
from addressbook.models import Contact


@pytest.fixture
def claire(db: None) -> User:
    """Somebody with an address book."""
    domain = MailDomain.objects.get_or_create(name="ac-exemple.fr", is_default=True)[0]
    return User.objects.create(
        mail_domain=domain, login="claire", address="claire@ac-exemple.fr", name="Claire Morvan"
    )


@pytest.fixture
def paul(db: None) -> User:
    """Somebody else."""
    domain = MailDomain.objects.get_or_create(name="ac-exemple.fr", is_default=True)[0]
    return User.objects.create(mail_domain=domain, login="paul", address="paul@ac-exemple.fr")


@pytest.fixture
def browser_of() -> Callable[[User], Client]:
    """`browser_of(claire)`: a session, without a mail server."""

    def begin(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="accounts.backends.MailServerBackend")
        return client

    return begin


SOPHIE = ContactData(
    first_name="Sophie",
    last_name="Lambert-Petit",
    emails=(Email("s.lambert@courriel.example", "home"), Email("sophie@mairie.example", "work")),
    phones=(Phone("+33 6 39 98 41 27", "mobile"),),
    addresses=(PostalAddress("home", street="14, rue des Saules", city="Valmont"),),
    organization="Mairie de Valmont",
    job_title="Déléguée des parents",
    birthday="--05-12",
    notes="Préfère être jointe après 18 h.",
    categories=("Parents",),
    others=("X-SPOUSE:Camille",),
)


@pytest.fixture
def sophie(claire: User) -> Contact:
    """A contact of Claire's."""
    return contacts.create(claire, SOPHIE)
