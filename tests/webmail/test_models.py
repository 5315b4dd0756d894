"""Whose images from elsewhere are shown unasked."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from accounts.models import User
from webmail.models import AllowedSender, TrustedImageDomain

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader() -> User:
    return User.objects.create(login="lectrice")


@pytest.fixture
def somebody_else() -> User:
    return User.objects.create(login="autre")


@pytest.fixture
def admin(settings) -> Client:
    settings.ADMIN_NEEDS_TOTP = False
    client = Client()
    user = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client.force_login(user, backend="accounts.backends.LocalAdministratorBackend")
    return client


def test_a_sender_is_allowed_by_one_person_for_himself(reader: User, somebody_else: User) -> None:
    AllowedSender.objects.allow(reader, "Lettre@Exemple.FR ")
    AllowedSender.objects.allow(reader, "lettre@exemple.fr")
    assert [row.address for row in AllowedSender.objects.of(reader)] == ["lettre@exemple.fr"]
    assert AllowedSender.objects.allows(reader, "LETTRE@exemple.fr")
    assert not AllowedSender.objects.allows(reader, "autre@exemple.fr")
    assert not AllowedSender.objects.allows(reader, "x-lettre@exemple.fr")
    assert not AllowedSender.objects.allows(reader, "lettre@sous.exemple.fr")
    assert not AllowedSender.objects.allows(somebody_else, "lettre@exemple.fr")


def test_a_sender_is_forgotten_by_one_person_alone(reader: User, somebody_else: User) -> None:
    for user in (reader, somebody_else):
        AllowedSender.objects.allow(user, "lettre@exemple.fr")
    AllowedSender.objects.forget(reader, "Lettre@exemple.fr")
    AllowedSender.objects.forget(reader, "nobody@exemple.fr")
    assert not AllowedSender.objects.allows(reader, "lettre@exemple.fr")
    assert AllowedSender.objects.allows(somebody_else, "lettre@exemple.fr")


def test_both_spellings_of_a_domain_with_accents_are_one(reader: User) -> None:
    AllowedSender.objects.allow(reader, "lettre@académie.example")
    assert AllowedSender.objects.allows(reader, "lettre@xn--acadmie-eya.example")


NO_ADDRESSES = [
    "",
    "@",
    "lettre",
    "lettre@",
    "@exemple.fr",
    "lettre@exemple..fr",
    "lettre@" + "a" * 64 + ".fr",
    "x" * 250 + "@exemple.fr",
    "let\0tre@exemple.fr",
    "let\ntre@exemple.fr",
    "lettre\u202e@exemple.fr",
    "lettre\ud800@exemple.fr",
    "lettre@" + "é." * 120 + "fr",
]


@pytest.mark.parametrize("sender", NO_ADDRESSES)
def test_what_is_no_address_is_never_allowed(reader: User, sender: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        AllowedSender.objects.allow(reader, sender)
    AllowedSender.objects.forget(reader, sender)
    assert not AllowedSender.objects.allows(reader, sender)
    assert not TrustedImageDomain.objects.covers(sender)


@pytest.mark.parametrize(
    ("sender", "covered"),
    [
        ("a@exemple.fr", True),
        ("a@EXEMPLE.fr", True),
        ("a@lettres.sous.exemple.fr", True),
        ("a@xn--acadmie-eya.example", True),
        ("a@académie.example", True),
        ("a@notexemple.fr", False),
        ("a@exemple.fr.evil.example", False),
        ("exemple.fr@evil.example", False),
        ('"a@exemple.fr"@evil.example', False),
        ("a@fr", False),
        ("a@exemple", False),
    ],
)
def test_a_trusted_domain_covers_those_below_it(sender: str, *, covered: bool) -> None:
    for domain in ("exemple.fr", "xn--acadmie-eya.example"):
        TrustedImageDomain.objects.create(domain=domain)
    assert TrustedImageDomain.objects.covers(sender) is covered


@pytest.mark.parametrize(
    "domain",
    [
        *("", "fr", "Exemple.fr", "a@exemple.fr", "*.exemple.fr", ".exemple.fr", "exemple.fr."),
        *("é.fr", "exemple .fr", "exemple.fr\n", "-a.fr", "127.0.0.1"),
    ],
)
def test_what_is_no_domain_is_not_trusted(domain: str) -> None:
    with pytest.raises(ValidationError):
        TrustedImageDomain(domain=domain).full_clean()


def test_administrators_list_domains(admin: Client) -> None:
    address = "/admin/webmail/trustedimagedomain/add/"
    assert admin.post(address, {"domain": "*.fr"}).status_code == 200
    assert admin.post(address, {"domain": "exemple.fr"}).status_code == 302
    assert TrustedImageDomain.objects.get().domain == "exemple.fr"


def test_administrators_find_and_delete_peoples_choices_and_make_none(
    admin: Client, reader: User
) -> None:
    AllowedSender.objects.allow(reader, "lettre@exemple.fr")
    row = AllowedSender.objects.get()
    address = "/admin/webmail/allowedsender/"
    found = admin.get(address, {"q": "lectrice"})
    assert "lettre@exemple.fr" in found.content.decode()
    assert "lettre@exemple.fr" not in admin.get(address, {"q": "autre"}).content.decode()
    data = {"user": reader.pk, "address": "autre@exemple.fr"}
    assert admin.post(f"{address}add/", data).status_code == 403
    assert admin.post(f"{address}{row.pk}/change/", data).status_code == 403
    assert admin.post(f"{address}{row.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not AllowedSender.objects.exists()
