"""The driver of an LDAP directory, against a real slapd."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from accounts.passwords.owner import PasswordOwner
from mail.errors import ServerRefused, ServerUnavailable, SignInNeeded
from tests.servers import slapd as server
from tests.servers.plugin import missing
from tests.servers.slapd import Slapd

if not server.installed():
    pytest.skip(missing("slapd, or python-ldap"), allow_module_level=True)

import ldap

from accounts.passwords.ldap import PasswordDirectory

OLD, NEW = "Premier-Tableau7", "Second: Tableau 8"
NAME = f"uid={{login}},{server.PEOPLE}"


@pytest.fixture(scope="module")
def slapd() -> Iterator[Slapd]:
    with TemporaryDirectory(prefix="webmail-slapd-") as folder:
        running = Slapd(Path(folder), {"carole": OLD, "bob": "Tableau:Noir8", "dora": OLD})
        running.start()
        yield running
        running.stop()


def directory(slapd: Slapd, name: str = NAME) -> PasswordDirectory:
    return PasswordDirectory(slapd.url, name, 5, "")


def owner(login: str) -> PasswordOwner:
    return PasswordOwner(login, f"{login}@ac-exemple.fr", "ac-exemple.fr")


def opens(slapd: Slapd, login: str, password: str) -> bool:
    connection = ldap.initialize(slapd.url)
    try:
        connection.simple_bind_s(NAME.format(login=login), password)
    except ldap.INVALID_CREDENTIALS:
        return False
    finally:
        connection.unbind_s()
    return True


def test_the_person_changes_the_password_with_the_old_one(slapd: Slapd) -> None:
    directory(slapd).change(owner("carole"), OLD, NEW)
    assert opens(slapd, "carole", NEW)
    assert not opens(slapd, "carole", OLD)
    assert opens(slapd, "bob", "Tableau:Noir8")


def test_a_wrong_old_password_changes_nothing(slapd: Slapd) -> None:
    with pytest.raises(SignInNeeded):
        directory(slapd).change(owner("bob"), "faux", NEW)
    assert opens(slapd, "bob", "Tableau:Noir8")


def test_without_a_password_nobody_is_nobody(slapd: Slapd) -> None:
    with pytest.raises(SignInNeeded):
        directory(slapd).change(owner("bob"), "", NEW)


def test_the_directorys_own_rules_are_told_in_its_words(slapd: Slapd) -> None:
    with pytest.raises(ServerRefused) as caught:
        directory(slapd).change(owner("dora"), OLD, "Court-8")
    assert "quality" in caught.value.server_words
    assert opens(slapd, "dora", OLD)


@pytest.mark.parametrize(
    "login", ["bob,ou=people", "*", "bob)(uid=*", "bob+cn=bob", 'b"ob', "bob\\2c"]
)
def test_a_login_cannot_lead_to_another_entry(slapd: Slapd, login: str) -> None:
    with pytest.raises(SignInNeeded):
        directory(slapd).change(owner(login), "Tableau:Noir8", NEW)
    assert opens(slapd, "bob", "Tableau:Noir8")


def test_a_directory_that_is_not_there_is_said() -> None:
    with pytest.raises(ServerUnavailable):
        PasswordDirectory("ldap://127.0.0.1:1", NAME, 2, "").change(owner("bob"), OLD, NEW)


def test_a_directory_that_falls_silent_is_waited_for_so_long_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"ldap://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ServerUnavailable):
            PasswordDirectory(url, NAME, 1, "").change(owner("bob"), OLD, NEW)


def test_no_password_goes_to_a_stranger_in_clear(slapd: Slapd) -> None:
    """Any host but this machine must speak TLS; this name leads here, by a server without."""
    host = socket.gethostname()
    try:
        socket.create_connection((host, slapd.port), 1).close()
    except OSError:
        address = "127.0.0.2"
        url = slapd.url.replace("127.0.0.1", address)
    else:
        url = slapd.url.replace("127.0.0.1", host)
    with pytest.raises((ServerUnavailable, ServerRefused)):
        PasswordDirectory(url, NAME, 2, "").change(owner("dora"), OLD, NEW)
    assert opens(slapd, "dora", OLD)
