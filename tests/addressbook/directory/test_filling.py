"""The directory says what the staff records and an LDAP server say."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import MailDomain, StaffRecord, User
from addressbook.completion import search
from addressbook.directory import filling
from addressbook.directory.filling import FillingCounts
from addressbook.models import DirectoryDomain, DirectoryEntry, DirectoryWord
from mail.errors import ServerRefused, ServerUnavailable
from tests.servers import slapd
from tests.servers.slapd import PEOPLE, READER, Slapd

pytestmark = pytest.mark.django_db


@pytest.fixture
def domain(db: None) -> MailDomain:
    return MailDomain.objects.get_or_create(name="ac-exemple.fr", is_default=True)[0]


def record(domain: MailDomain, login: str, **more: Any) -> StaffRecord:
    number = StaffRecord.objects.count() + 1
    facts = {
        "first_name": "Aline",
        "last_name": "Martin",
        "school_uai": "0800101A",
        "school_name": "Collège Les Aubépines",
        "discipline": "Mathématiques",
        "function": "Professeure",
    }
    return StaffRecord.objects.create(
        mail_domain=domain,
        login=login,
        address=f"{login}@ac-exemple.fr",
        numen_digest=number.to_bytes(32, "big"),
        lookup_digest=(number + 1_000_000).to_bytes(32, "big"),
        **facts | more,
    )


def addresses() -> set[str]:
    return set(DirectoryEntry.objects.values_list("address", flat=True))


def test_every_active_record_is_an_entry(domain: MailDomain) -> None:
    record(domain, "aline")
    record(domain, "parti", is_active=False)
    assert filling.fill_from_staff() == FillingCounts(written=1, gone=0, unchanged=0)
    entry = DirectoryEntry.objects.get()
    assert (entry.name, entry.sort_key) == ("Aline Martin", "martin aline")
    assert (entry.function, entry.discipline) == ("Professeure", "Mathématiques")
    assert (entry.school_uai, entry.school_name) == ("0800101A", "Collège Les Aubépines")
    assert DirectoryDomain.objects.get().name == "ac-exemple.fr"


def test_a_second_filling_writes_nothing(domain: MailDomain) -> None:
    record(domain, "aline")
    filling.fill_from_staff()
    before = DirectoryEntry.objects.get().pk
    assert filling.fill_from_staff() == FillingCounts(written=0, gone=0, unchanged=1)
    assert DirectoryEntry.objects.get().pk == before


def test_whoever_changed_or_left_changes_and_leaves(domain: MailDomain, claire: User) -> None:
    aline, paul = record(domain, "aline"), record(domain, "paul", first_name="Paul")
    filling.fill_from_staff()
    StaffRecord.objects.filter(pk=aline.pk).update(last_name="Vidal")
    StaffRecord.objects.filter(pk=paul.pk).update(is_active=False)
    assert filling.fill_from_staff() == FillingCounts(written=1, gone=1, unchanged=0)
    assert [suggestion.name for suggestion in search.complete(claire, "vid")] == ["Aline Vidal"]
    assert not DirectoryWord.objects.filter(word="paul").exists()
    assert not DirectoryWord.objects.filter(
        word__startswith="mart", entry__name="Aline Vidal"
    ).exists()


def test_two_people_may_exchange_their_addresses(domain: MailDomain) -> None:
    aline, paul = record(domain, "aline"), record(domain, "paul", first_name="Paul")
    filling.fill_from_staff()
    StaffRecord.objects.filter(pk=aline.pk).update(address="x@ac-exemple.fr")
    StaffRecord.objects.filter(pk=paul.pk).update(address="aline@ac-exemple.fr")
    StaffRecord.objects.filter(pk=aline.pk).update(address="paul@ac-exemple.fr")
    filling.fill_from_staff()
    named = dict(DirectoryEntry.objects.values_list("name", "address"))
    assert named == {"Aline Martin": "paul@ac-exemple.fr", "Paul Martin": "aline@ac-exemple.fr"}


def test_the_command_tells_what_it_did(domain: MailDomain) -> None:
    record(domain, "aline")
    told = io.StringIO()
    call_command("fill_directory", stderr=told)
    assert "staff: 1 written, 0 gone, 0 unchanged" in told.getvalue()


def test_the_nightly_job_is_planned_and_fills(domain: MailDomain, settings) -> None:
    from addressbook import tasks

    planned = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert tasks.fill_directory.name in planned
    record(domain, "aline")
    tasks.fill_directory()
    assert addresses() == {"aline@ac-exemple.fr"}


needs_slapd = pytest.mark.skipif(not slapd.installed(), reason="needs slapd and python-ldap")


@pytest.fixture(scope="module")
def ldap_server(tmp_path_factory) -> Iterator[Slapd]:
    folder: Path = tmp_path_factory.mktemp("slapd")
    server = Slapd(folder, {"reader": "secret"} | {f"agent{n:04}": "x" for n in range(1_202)})
    server.start()
    yield server
    server.stop()


@pytest.fixture
def from_ldap(ldap_server: Slapd, settings) -> Slapd:
    """An installation whose people are on that server; their login is all that stands there."""
    settings.DIRECTORY_LDAP_URL = ldap_server.url
    settings.DIRECTORY_LDAP_BASE = PEOPLE
    settings.DIRECTORY_LDAP_FILTER = "(uid=*)"
    settings.DIRECTORY_LDAP_DN = READER
    settings.DIRECTORY_LDAP_PASSWORD = "secret"
    settings.DIRECTORY_LDAP_ATTRIBUTES = {"key": "uid", "name": "cn", "address": "mail"}
    return ldap_server


@needs_slapd
def test_people_come_from_ldap_page_by_page(domain: MailDomain, from_ldap: Slapd) -> None:
    assert filling.fill()["ldap"].written == 1_203
    assert "agent0000@ac-exemple.fr" in addresses()
    assert filling.fill()["ldap"] == FillingCounts(written=0, gone=0, unchanged=1_203)


@needs_slapd
def test_the_staff_records_word_goes_before_that_of_ldap(
    domain: MailDomain, from_ldap: Slapd
) -> None:
    filling.fill()
    record(domain, "agent0007")
    filling.fill()
    entry = DirectoryEntry.objects.get(folded="agent0007@ac-exemple.fr")
    assert (entry.source, entry.name) == ("staff", "Aline Martin")
    assert DirectoryEntry.objects.count() == 1_203


@needs_slapd
def test_a_filter_that_finds_nobody_empties_nothing(
    domain: MailDomain, from_ldap: Slapd, settings
) -> None:
    filling.fill()
    settings.DIRECTORY_LDAP_FILTER = "(uid=nobody)"
    with pytest.raises(ServerRefused):
        filling.fill()
    assert DirectoryEntry.objects.count() == 1_203


@needs_slapd
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("DIRECTORY_LDAP_URL", "ldap://127.0.0.1:1", ServerUnavailable),
        ("DIRECTORY_LDAP_BASE", "ou=nowhere,o=academie,c=fr", ServerRefused),
        ("DIRECTORY_LDAP_FILTER", "(((", ServerRefused),
        ("DIRECTORY_LDAP_DN", "cn=somebody,o=academie,c=fr", ServerRefused),
    ],
)
def test_a_server_in_trouble_empties_nothing(
    domain: MailDomain, from_ldap: Slapd, settings, name: str, value: str, error: type[Exception]
) -> None:
    filling.fill()
    setattr(settings, name, value)
    with pytest.raises(error):
        filling.fill()
    with pytest.raises(CommandError):
        call_command("fill_directory", stderr=io.StringIO())
    assert DirectoryEntry.objects.count() == 1_203


# As universities and rectorats write their people: inetOrgPerson with SupAnn's attributes.
SUPANN = f"""
dn: uid=emartin,{PEOPLE}
objectClass: inetOrgPerson
objectClass: supannPerson
uid: emartin
cn: Martin Elodie
sn: Martin
givenName:: w4lsb2RpZQ==
displayName:: w4lsb2RpZSBNYXJ0aW4=
mail: elodie.martin@ac-exemple.fr
title;lang-fr: Gestionnaire
supannEmpId: 4711
supannEtablissement: {{CNRS}}UMR1234
supannEtablissement: {{UAI}}0800101A
supannListeRouge: FALSE

dn: uid=discret,{PEOPLE}
objectClass: inetOrgPerson
objectClass: supannPerson
uid: discret
cn: Discret Paul
sn: Discret
mail: paul.discret@ac-exemple.fr
supannEtablissement: 0800102B
supannListeRouge: TRUE

dn: uid=simple,{PEOPLE}
objectClass: inetOrgPerson
objectClass: supannPerson
uid: simple
cn: Simple Jean
sn: Simple
mail: jean.simple@ac-exemple.fr
supannEtablissement: 0800102B
"""


@pytest.fixture
def supann(tmp_path: Path, settings) -> Iterator[Slapd]:
    server = Slapd(tmp_path, {"reader": "secret"}, SUPANN)
    server.start()
    settings.DIRECTORY_LDAP_URL = server.url
    settings.DIRECTORY_LDAP_BASE = PEOPLE
    settings.DIRECTORY_LDAP_FILTER = "(objectClass=supannPerson)"
    settings.DIRECTORY_LDAP_DN, settings.DIRECTORY_LDAP_PASSWORD = READER, "secret"
    settings.DIRECTORY_LDAP_ATTRIBUTES = {
        "key": "supannEmpId",
        "name": "displayName",
        "first_name": "givenName",
        "last_name": "sn",
        "address": "mail",
        "school_uai": "supannEtablissement",
        "function": "title",
    }
    yield server
    server.stop()


@needs_slapd
def test_people_of_supann_come_with_their_school_and_who_is_unlisted_does_not(
    domain: MailDomain, claire: User, supann: Slapd
) -> None:
    record(domain, "elodie.martin")
    assert filling.fill()["ldap"].written == 1
    assert addresses() == {"elodie.martin@ac-exemple.fr", "jean.simple@ac-exemple.fr"}
    schools = dict(DirectoryEntry.objects.values_list("address", "school_uai"))
    assert schools["jean.simple@ac-exemple.fr"] == "0800102B"
    StaffRecord.objects.all().update(is_active=False)
    filling.fill()
    entry = DirectoryEntry.objects.get(address="elodie.martin@ac-exemple.fr")
    assert (entry.source, entry.name, entry.sort_key) == ("ldap", "Élodie Martin", "martin elodie")
    assert (entry.school_uai, entry.function) == ("0800101A", "Gestionnaire")
    assert [found.name for found in search.complete(claire, "elodi")] == ["Élodie Martin"]
    assert not search.complete(claire, "discret")
