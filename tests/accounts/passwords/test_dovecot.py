"""The driver of Dovecot's passwd-file, on files and in a running Dovecot."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from accounts.passwords import dovecot as module
from accounts.passwords.dovecot import PasswdFile
from accounts.passwords.owner import PasswordOwner
from demo.servers.dovecot import Dovecot, MailAccount
from mail.errors import ServerRefused, ServerUnavailable
from tests.waiting import wait_for

CAROLE = PasswordOwner("carole", "carole.roux@ac-exemple.fr", "ac-exemple.fr")
OLD, NEW = "Premier-Tableau7", "Second-Tableau8"
OTHERS = b"""# kept: by hand, with \xe9 in Latin-1
alice:{PLAIN}a b:1000:1000::/home/alice::userdb_quota_rule=*:storage=1G
carole2:{SHA512-CRYPT}$6$x$y::::::
bob:{PLAIN}x::::::user=carole2\r

"""


@pytest.fixture
def users(tmp_path: Path) -> Path:
    path = tmp_path / "users"
    path.write_bytes(OTHERS + b"Carole:{PLAIN}old:5:6:gecos:/home:/bin/false:nopassword=n user=x\n")
    path.chmod(0o640)
    return path


def change(
    path: Path, owner: PasswordOwner = CAROLE, new: str = NEW, scheme: str = "argon2id"
) -> None:
    PasswdFile(path, scheme).change(owner, OLD, new)


def test_only_the_password_of_the_line_changes(users: Path) -> None:
    change(users)
    content = users.read_bytes()
    assert content.startswith(OTHERS)
    line = content[len(OTHERS) :]
    name, password, rest = line.split(b":", 2)
    assert name == b"Carole"
    assert password.startswith(b"{ARGON2ID}$argon2id$v=19$")
    assert rest == b"5:6:gecos:/home:/bin/false:nopassword=n user=x\n"
    assert NEW.encode() not in content


def test_other_spellings_of_the_login_change_with_it(users: Path) -> None:
    with users.open("ab") as file:
        file.write(b"carole@ac-exemple.fr:{PLAIN}old::::::user=carole\n")
        file.write(b"caroline@ac-exemple.fr:{PLAIN}other::::::user=caroline\n")
    change(users)
    passwords = dict(
        line.split(b":")[:2] for line in users.read_bytes().splitlines() if b":{" in line
    )
    assert passwords[b"carole@ac-exemple.fr"] == passwords[b"Carole"]
    assert passwords[b"caroline@ac-exemple.fr"] == b"{PLAIN}other"


def test_a_line_that_ends_with_its_password_stays_one_line(users: Path) -> None:
    users.write_bytes(b"carole:old\r\nbob:x\n")
    change(users)
    first, second = users.read_bytes().splitlines(keepends=True)
    assert first.startswith(b"carole:{ARGON2ID}") and first.endswith(b"\r\n")
    assert second == b"bob:x\n"


def test_a_login_may_stand_there_with_its_domain(users: Path) -> None:
    users.write_bytes(b"carole@ac-autre.fr:old\ncarole@ac-exemple.fr:old\n")
    change(users)
    other, hers = users.read_bytes().splitlines()
    assert other == b"carole@ac-autre.fr:old"
    assert hers.startswith(b"carole@ac-exemple.fr:{ARGON2ID}")


@pytest.mark.parametrize("login", ["nobody", "car", "", "#", "carole2:x", "caro\nle", "user=x"])
def test_who_has_no_line_changes_nothing(users: Path, login: str) -> None:
    before = users.read_bytes()
    with pytest.raises(ServerRefused):
        change(users, PasswordOwner(login, "", "ac-exemple.fr"))
    assert users.read_bytes() == before


def test_mode_and_owner_are_kept(users: Path) -> None:
    if os.getuid() == 0:
        os.chown(users, 1, 2)
    before = users.stat()
    change(users)
    after = users.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (
        before.st_mode,
        before.st_uid,
        before.st_gid,
    )
    assert after.st_ino != before.st_ino
    assert os.listdir(users.parent) == ["users"]


def test_a_link_stays_a_link(users: Path) -> None:
    link = users.parent / "link"
    link.symlink_to(users)
    change(link)
    assert link.is_symlink()
    assert b"{ARGON2ID}" in users.read_bytes()


def test_a_full_disk_leaves_the_old_file(users: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = users.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ServerUnavailable) as caught:
        change(users)
    assert caught.value.server_words == "No space left on device"
    assert users.read_bytes() == before
    assert os.listdir(users.parent) == ["users"]


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailable):
        change(tmp_path / "none")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ServerUnavailable):
        change(tmp_path / "folder")


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    users = tmp_path / "users"
    people = [PasswordOwner(f"p{n}", "", "x") for n in range(24)]
    users.write_text("".join(f"{person.login}:old::::::\n" for person in people))
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda person: change(users, person), people))
    lines = users.read_text().splitlines()
    assert len(lines) == 24
    assert all(":{ARGON2ID}" in line for line in lines)
    assert len({line.split(":")[1] for line in lines}) == 24


def test_who_waits_for_the_lock_in_vain_says_so(
    users: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.2)
    with users.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(ServerUnavailable):
            change(users)


def test_who_waited_writes_into_the_file_that_took_the_place(users: Path) -> None:
    with users.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        waiting = threading.Thread(target=change, args=(users,))
        waiting.start()
        fresh = users.with_name("fresh")
        fresh.write_bytes(b"carole:old::::::\ndaniel:new::::::\n")
        os.replace(fresh, users)
    waiting.join(10)
    assert users.read_bytes().startswith(b"carole:{ARGON2ID}")
    assert b"daniel:new" in users.read_bytes()


@pytest.mark.parametrize("scheme", ["argon2id", "sha512-crypt"])
def test_dovecot_takes_what_was_written(
    carole: MailAccount, dovecot: Dovecot, opens: Callable[[str, str], bool], scheme: str
) -> None:
    password = 'Nuage: {Lampe} "Tulipe" \\ 8'
    change(dovecot.users, new=password, scheme=scheme)
    wait_for(lambda: opens("carole", password))
    assert opens("carole.roux@ac-exemple.fr", password)
    assert not opens("carole", carole.password)
    assert opens("alice", dovecot.accounts[0].password)
