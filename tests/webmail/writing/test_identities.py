"""Whom a person may write as, and the signature that stands below."""

from __future__ import annotations

import base64

import pytest

from accounts.models import MailDomain, StaffRecord, User
from mail.errors import SenderRefused
from webmail.models import Identity, SignatureTemplate
from webmail.writing import identities

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice_user(mail_domain: MailDomain) -> User:
    return User.objects.create(
        mail_domain=mail_domain, login="alice", address="alice@ac-exemple.fr", name="Alice Morel"
    )


@pytest.fixture
def record(alice_user: User, mail_domain: MailDomain) -> StaffRecord:
    return StaffRecord.objects.create(
        mail_domain=mail_domain,
        login="alice",
        address="alice.morel@ac-exemple.fr",
        first_name="Alice",
        last_name="Morel",
        function="Professeure",
        school_name="Collège Jules-Ferry",
        numen_digest=b"n" * 32,
        lookup_digest=b"l" * 32,
        key_id="k",
    )


def addresses(user: User) -> list[str]:
    return [one.address for one in identities.of(user)]


def test_the_sign_in_and_the_staff_record_give_addresses(
    alice_user: User, record: StaffRecord
) -> None:
    assert addresses(alice_user) == ["alice@ac-exemple.fr", "alice.morel@ac-exemple.fr"]
    assert [one.name for one in identities.of(alice_user)] == ["Alice Morel"] * 2


def test_an_administrator_gives_another(alice_user: User) -> None:
    Identity.objects.create(user=alice_user, address="direction@ac-exemple.fr")
    assert "direction@ac-exemple.fr" in addresses(alice_user)
    assert identities.check(alice_user, "Direction@ac-exemple.fr").pk


def test_an_address_of_a_sign_in_that_was_goes(alice_user: User) -> None:
    Identity.objects.create(user=alice_user, address="alice@ancien.fr", source="sign_in")
    assert "alice@ancien.fr" not in addresses(alice_user)


@pytest.mark.parametrize("address", ["bob@ac-exemple.fr", "alice@ac-exemple.fr\r\nBcc: x@y.fr"])
def test_another_address_is_refused(alice_user: User, address: str) -> None:
    with pytest.raises(SenderRefused):
        identities.check(alice_user, address)


def test_another_persons_address_is_refused(alice_user: User, mail_domain: MailDomain) -> None:
    bob = User.objects.create(mail_domain=mail_domain, login="bob", address="bob@ac-exemple.fr")
    Identity.objects.create(user=bob, address="secret@ac-exemple.fr")
    with pytest.raises(SenderRefused):
        identities.check(alice_user, "secret@ac-exemple.fr")


def test_no_address_is_the_default_one(alice_user: User, record: StaffRecord) -> None:
    chosen = identities.of(alice_user)[1]
    chosen.is_default = True
    identities.keep(chosen)
    assert identities.check(alice_user, "").address == "alice.morel@ac-exemple.fr"


def test_there_is_one_default(alice_user: User, record: StaffRecord) -> None:
    for one in identities.of(alice_user):
        one.is_default = True
        identities.keep(one)
    assert Identity.objects.filter(is_default=True).count() == 1


def test_identities_take_three_queries(
    alice_user: User, record: StaffRecord, django_assert_num_queries
) -> None:
    with django_assert_num_queries(3):
        identities.of(alice_user)


def test_the_administrators_propose_a_signature(alice_user: User, record: StaffRecord) -> None:
    SignatureTemplate.objects.create(
        text="{name}\n{function} de {discipline}\n{school}\nDiscipline : {discipline}"
    )
    (first, _second) = identities.of(alice_user)
    assert first.signature == (
        "<div>Alice Morel</div><div>Professeure de</div><div>Collège Jules-Ferry</div>"
    )


def test_the_signature_of_the_mail_domain_goes_before_that_of_all(
    alice_user: User, mail_domain: MailDomain
) -> None:
    SignatureTemplate.objects.create(text="de tous")
    SignatureTemplate.objects.create(text="du domaine", mail_domain=mail_domain)
    assert "du domaine" in identities.of(alice_user)[0].signature


def test_a_template_has_no_html(alice_user: User) -> None:
    SignatureTemplate.objects.create(text="<script>{name}</script>")
    assert "<script" not in identities.of(alice_user)[0].signature


@pytest.mark.parametrize(
    ("source", "kept"),
    [
        ("<p onclick=x>Zoé</p><script>x</script>", "<p>Zoé</p>"),
        ('<img src="https://x.fr/a.png" alt="logo">', "logo"),
        ('<img src="data:image/svg+xml;base64,AAAA" alt="">', ""),
        (
            '<img alt="" src="data:image/png;base64,AAAA">',
            '<img alt="" src="data:image/png;base64,AAAA">',
        ),
        ("<div><br></div>", ""),
    ],
)
def test_a_signature_is_cleaned(source: str, kept: str) -> None:
    assert identities.clean_signature(source) == kept


def test_a_signature_with_a_large_image_is_none() -> None:
    data = base64.b64encode(b"a" * (identities.LARGEST_IMAGE + 1000)).decode()
    with pytest.raises(ValueError, match="too large"):
        identities.clean_signature(f'<img src="data:image/png;base64,{data}">')


def test_two_windows_save_the_same_address(alice_user: User) -> None:
    first, second = identities.of(alice_user)[0], identities.of(alice_user)[0]
    first.signature, second.signature = "<p>one</p>", "<p>two</p>"
    identities.keep(first)
    identities.keep(second)
    assert [row.signature for row in Identity.objects.filter(user=alice_user)] == ["<p>two</p>"]
