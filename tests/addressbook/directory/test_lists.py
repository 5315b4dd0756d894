"""The groups of an LDAP directory, read from a real server."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from addressbook.completion import search
from addressbook.directory import filling
from addressbook.models import DirectoryList
from mail.errors import ServerRefused, ServerUnavailable
from tests.servers import slapd
from tests.servers.slapd import PEOPLE, READER, Slapd

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not slapd.installed(), reason="needs slapd and python-ldap"),
]

BASE = "o=academie,c=fr"


def member(login: str) -> str:
    return f"uid={login},{PEOPLE}"


def of_names(name: str, members: list[str], more: str = "") -> str:
    lines = "\n".join(f"member: {one}" for one in members)
    return f"\ndn: cn={name},{PEOPLE}\nobjectClass: groupOfNames\ncn: {name}\n{more}{lines}\n"


GROUPS = (
    of_names(
        "Documentalistes",
        [member("AGENT1").replace("AGENT1", "agent1").replace("uid=", "UID="), member("agent2")],
        "description: Tout le bassin\n",
    )
    + of_names("Bassin", [f"cn=documentalistes,{PEOPLE}", member("agent3"), member("nobody")])
    + of_names("Boucle A", [f"cn=Boucle B,{PEOPLE}", member("agent4")])
    + of_names("Boucle B", [f"cn=Boucle A,{PEOPLE}", member("agent5")])
    + f"""
dn: cn=Uniques,{PEOPLE}
objectClass: groupOfUniqueNames
cn: Uniques
uniqueMember: {member("agent1")}

dn: cn=unix,{PEOPLE}
objectClass: posixGroup
cn: unix
gidNumber: 5000
memberUid: agent2
memberUid: agent3
memberUid: parti

dn: cn=Liste,{PEOPLE}
objectClass: groupOfNames
objectClass: extensibleObject
cn: Liste
mail: liste-bassin@ac-exemple.fr
member: {member("agent1")}
"""
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Slapd]:
    folder: Path = tmp_path_factory.mktemp("slapd-groups")
    people = {"reader": "secret"} | {f"agent{n}": "x" for n in range(1, 6)}
    running = Slapd(folder, people, GROUPS)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def directory(server: Slapd, settings) -> Slapd:
    settings.DIRECTORY_LDAP_URL = server.url
    settings.DIRECTORY_LDAP_BASE = PEOPLE
    settings.DIRECTORY_LDAP_FILTER = "(uid=*)"
    settings.DIRECTORY_LDAP_DN = READER
    settings.DIRECTORY_LDAP_PASSWORD = "secret"
    settings.DIRECTORY_LDAP_ATTRIBUTES = {"key": "uid", "name": "cn", "address": "mail"}
    settings.DIRECTORY_LDAP_GROUPS = (
        "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))"
    )
    settings.DIRECTORY_LDAP_GROUPS_BASE = ""
    return server


def names(name: str) -> set[str]:
    return {text.partition(" <")[0] for text in DirectoryList.objects.get(name=name).members}


def test_groups_of_every_kind_are_read(directory: Slapd) -> None:
    filled = filling.fill()["lists"]
    assert (filled.written, filled.gone) == (7, 0)
    assert names("Documentalistes") == {"agent1", "agent2"}
    assert names("Uniques") == {"agent1"}
    unix = DirectoryList.objects.get(name="unix")
    assert (names("unix"), unix.unknown) == ({"agent2", "agent3"}, 1)
    assert DirectoryList.objects.get(name="Liste").address == "liste-bassin@ac-exemple.fr"
    assert DirectoryList.objects.get(name="Documentalistes").description == "Tout le bassin"


def test_groups_in_groups_are_followed_and_circles_end(directory: Slapd) -> None:
    filling.fill()
    bassin = DirectoryList.objects.get(name="Bassin")
    assert (names("Bassin"), bassin.unknown) == ({"agent1", "agent2", "agent3"}, 1)
    assert names("Boucle A") == names("Boucle B") == {"agent4", "agent5"}
    assert not DirectoryList.objects.get(name="Boucle A").is_cut


def test_a_second_filling_changes_nothing_and_what_is_gone_goes(directory: Slapd, settings) -> None:
    filling.fill()
    before = DirectoryList.objects.get(name="Bassin").pk
    assert filling.fill()["lists"] == filling.FillingCounts(written=0, gone=0, unchanged=7)
    assert DirectoryList.objects.get(name="Bassin").pk == before
    settings.DIRECTORY_LDAP_GROUPS = "(objectClass=posixGroup)"
    assert filling.fill()["lists"].gone == 6


def test_what_a_server_answers_is_bounded(
    directory: Slapd, monkeypatch: pytest.MonkeyPatch
) -> None:
    from addressbook.directory import ldap_groups

    monkeypatch.setattr(ldap_groups, "MOST_MEMBERS", 1)
    filling.fill()
    cut = DirectoryList.objects.get(name="Documentalistes")
    assert (cut.size, cut.is_cut) == (1, True)
    monkeypatch.setattr(ldap_groups, "MOST_GROUPS", 2)
    filling.fill()
    assert DirectoryList.objects.count() == 2


def test_a_part_of_the_members_is_said_to_be_one() -> None:
    from addressbook.directory import ldap_groups

    entry = {"cn": [b"Grand"], "member;range=0-1499": [b"uid=a,o=x"]}
    read = ldap_groups._read(entry, 100)
    assert read is not None
    assert (read.entries, read.is_cut) == (("uid=a,o=x",), True)
    whole = ldap_groups._read({"cn": [b"Grand"], "member;range=0-*": [b"uid=a,o=x"]}, 100)
    assert whole is not None
    assert not whole.is_cut


@pytest.mark.parametrize("value", [b"\xff\xfe\x00", b"x" * 100_000, b"", b"not a name", b"uid=a,"])
def test_hostile_names_of_members_are_nobody(value: bytes) -> None:
    from addressbook.directory import ldap_groups

    read = ldap_groups._read({"cn": [b"G"], "member": [value], "memberUid": [value]}, 100)
    assert read is not None
    resolved = ldap_groups._resolved("g", read, {"g": read}, ldap_groups._People(), 10)
    assert resolved.members == ()


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("DIRECTORY_LDAP_URL", "ldap://127.0.0.1:1", ServerUnavailable),
        ("DIRECTORY_LDAP_GROUPS", "(((", ServerRefused),
        ("DIRECTORY_LDAP_GROUPS_BASE", "ou=nowhere,o=academie,c=fr", ServerRefused),
    ],
)
def test_a_server_in_trouble_is_told_and_empties_nothing(
    directory: Slapd, settings, name: str, value: str, error: type[Exception]
) -> None:
    filling.fill()
    setattr(settings, name, value)
    with pytest.raises(error):
        filling.fill()
    with pytest.raises(CommandError):
        call_command("fill_directory", stderr=io.StringIO())
    assert DirectoryList.objects.count() == 7


def test_they_are_completed_and_written_to(
    directory: Slapd, claire: User, browser_of: Callable[[User], Client]
) -> None:
    filling.fill()
    found = search.complete(claire, "bassin")
    assert [(one.source, one.name, one.size, one.address) for one in found] == [
        ("list", "Bassin", 3, ""),
        ("list", "Liste", 1, "liste-bassin@ac-exemple.fr"),
    ]
    browser = browser_of(claire)
    shown = browser.get("/contacts/complete/", {"q": "bassin"}).json()["suggestions"]
    assert len(browser.get(shown[0]["members"]).json()["recipients"]) == 3
    assert shown[1]["text"] == "Liste <liste-bassin@ac-exemple.fr>"
    page = browser.get("/contacts/directory/lists/", {"q": "docu"}).content.decode()
    assert "Documentalistes" in page
    assert "Uniques" not in page


def test_too_large_ones_and_those_turned_off_are_nobodys_to_write_to(
    directory: Slapd, settings, claire: User, browser_of: Callable[[User], Client]
) -> None:
    filling.fill()
    pk = DirectoryList.objects.get(name="Bassin").pk
    browser = browser_of(claire)
    settings.DIRECTORY_GROUP_MOST = 2
    assert [one.name for one in search.complete(claire, "bassin")] == ["Liste"]
    assert browser.get(f"/contacts/directory/lists/{pk}/").status_code == 404
    settings.DIRECTORY_GROUP_MOST = 0
    assert search.complete(claire, "bassin") == ()
