"""Imports for many people at once: whose contacts they become, and who hears of it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailDomain, StaffRecord, User
from addressbook import imports
from addressbook.imports import owners
from addressbook.models import Contact, Group
from demo.servers.dovecot import MailAccount
from tests.addressbook.imports.conftest import Import

SAMPLES = Path(__file__).parents[2] / "data" / "addressbook"
HEAD = "Nom;Prénom;Mail\n"
CLAIRE = "Martin;Claire;claire.martin@exemple.invalid\n"

pytestmark = pytest.mark.django_db


def archive(**books: str) -> bytes:
    """A zip with one file per owner: ``__`` in a name stands for @."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        for name, text in books.items():
            file.writestr(f"{name.replace('__', '@').replace('_', '.')}.csv", text)
    return made.getvalue()


def record(domain: MailDomain, login: str, address: str) -> StaffRecord:
    return StaffRecord.objects.create(
        mail_domain=domain,
        login=login,
        address=address,
        last_name="Martin",
        key_id="k",
        numen_digest=b"1" * 32,
        lookup_digest=b"2" * 32,
    )


def test_a_dump_of_hordes_table_goes_to_its_owners(claire: User, checked: Import) -> None:
    job = checked(None, (SAMPLES / "08_horde_turba_objects.csv").read_bytes(), by=claire)
    parts = {part.owner: (part.contacts, part.problem) for part in job.parts.all()}
    assert parts["hlefevre"] == (2, "")
    assert parts["0f3ec2b1a7d94e5f"][1] == "owner_is_share"
    assert not User.objects.filter(login="hlefevre").exists()
    assert imports.start(job)
    imports.run(job.pk)
    made = User.objects.get(login="hlefevre@ac-exemple.fr")
    assert Contact.objects.of(made).count() == 2
    assert not made.has_usable_password()


def test_the_ldif_of_a_sun_tree_goes_to_its_owners(claire: User, brought: Import) -> None:
    job = brought(None, (SAMPLES / "10_sun_piserverdb.ldif").read_bytes(), by=claire)
    for part in job.parts.filter(problem=""):
        assert part.user
        assert Contact.objects.of(part.user).count() == part.new
        assert Group.objects.of(part.user).count() == part.groups
    assert job.new


def test_a_zip_has_one_file_per_address(claire: User, paul: User, brought: Import) -> None:
    books = archive(
        claire__ac_exemple_fr=HEAD + CLAIRE,
        paul__ac_exemple_fr=HEAD + CLAIRE + "Petit;Jean;jean@exemple.invalid\n",
        autre__ailleurs_example=HEAD + CLAIRE,
    )
    books = books.replace(b"ac.exemple", b"ac-exemple")
    job = brought(None, books, by=claire)
    assert (Contact.objects.of(claire).count(), Contact.objects.of(paul).count()) == (1, 2)
    assert job.parts.get(owner="autre@ailleurs.example").problem == "unknown_domain"
    assert (job.new, job.refused) == (3, 1)


def test_two_names_of_one_person_are_one_part(claire: User, checked: Import) -> None:
    found = owners.resolve(["claire", "CLAIRE@ac-exemple.fr", "", "a b", "x@nulle.part"])
    assert found["claire"].key == found["CLAIRE@ac-exemple.fr"].key
    assert found["claire"].user == claire
    assert [found[name].problem for name in ("", "a b", "x@nulle.part")] == [
        "no_owner",
        "unclear_owner",
        "unknown_domain",
    ]


def test_who_never_signed_in_finds_his_contacts_at_the_first_sign_in(
    mail_domain: MailDomain,
    alice: MailAccount,
    signed_in: Callable[..., Client],
    brought: Import,
) -> None:
    books = archive(alice__ac_exemple_fr=HEAD + CLAIRE).replace(b"ac.exemple", b"ac-exemple")
    brought(None, books)
    client = signed_in(alice)
    assert "Claire Martin" in client.get("/contacts/").content.decode()
    assert User.objects.count() == 1


def test_who_was_made_by_an_import_has_still_never_signed_in(
    claire: User, paul: User, brought: Import
) -> None:
    User.objects.filter(pk=paul.pk).update(last_login=timezone.now())
    books = archive(nouveau__ac_exemple_fr=HEAD + CLAIRE, paul__ac_exemple_fr=HEAD + CLAIRE)
    books = books.replace(b"ac.exemple", b"ac-exemple")
    for job in (brought(None, books, by=claire), brought(None, books, by=claire)):
        newcomers = dict(job.parts.values_list("owner", "is_newcomer"))
        assert newcomers == {"nouveau@ac-exemple.fr": True, "paul@ac-exemple.fr": False}


def test_a_login_that_does_not_show_in_the_address_is_known_from_the_staff_records(
    mail_domain: MailDomain,
    alice: MailAccount,
    signed_in: Callable[..., Client],
    brought: Import,
) -> None:
    record(mail_domain, "alice", "prenom.nom@ac-exemple.fr")
    books = archive(prenom_nom__ac_exemple_fr=HEAD + CLAIRE).replace(b"ac.exemple", b"ac-exemple")
    brought(None, books)
    assert "Claire Martin" in signed_in(alice).get("/contacts/").content.decode()


def test_the_person_is_told_until_she_dismisses_it(
    claire: User, paul: User, brought: Import
) -> None:
    brought(paul, HEAD + CLAIRE, by=claire)
    part = imports.to_tell(paul)
    assert part
    assert part.new == 1
    imports.dismiss(paul)
    assert imports.to_tell(paul) is None


def test_nobody_is_told_of_what_she_brought_herself_or_of_what_was_undone(
    claire: User, paul: User, brought: Import
) -> None:
    brought(claire, HEAD + CLAIRE)
    assert imports.to_tell(claire) is None
    job = brought(paul, HEAD + CLAIRE, by=claire)
    imports.undo(job)
    imports.run(job.pk)
    assert imports.to_tell(paul) is None


def test_what_breaks_for_one_owner_stops_no_other(
    claire: User, paul: User, brought: Import, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("addressbook.contacts.keeping.MOST_CONTACTS", 1)
    books = archive(
        claire__ac_exemple_fr=HEAD + CLAIRE + "Petit;Jean;jean@exemple.invalid\n",
        paul__ac_exemple_fr=HEAD + CLAIRE,
    ).replace(b"ac.exemple", b"ac-exemple")
    job = brought(None, books, by=claire)
    assert (job.new, job.refused) == (2, 1)
    assert job.rows.get().reason == "book_full"
    assert Contact.objects.of(paul).count() == 1
