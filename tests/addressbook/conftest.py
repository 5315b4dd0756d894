"""Address books of two people."""

from __future__ import annotations

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone, PostalAddress
from addressbook.models import Contact


@pytest.fixture
def claire(db: None) -> User:
    """Somebody with an address book."""
    return User.objects.create(login="claire", address="claire@ac-exemple.fr")


@pytest.fixture
def paul(db: None) -> User:
    """Somebody else."""
    return User.objects.create(login="paul", address="paul@ac-exemple.fr")


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
