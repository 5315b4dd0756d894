"""Backups that age and GnuPG encrypt, restored into an empty place."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from accounts.models import User
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S
from tests.webmail.backups.test_backups import Manage, elsewhere, filled, rows, spool  # noqa: F401
from webmail import backups
from webmail.backups import contents

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]
Key = tuple[str, list[str]]
"""A recipient, and the words by which `restore` finds its key."""


def run(*words: str | Path) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=LONGEST_S)  # noqa: S603
    return done.stdout


def age_key(folder: Path) -> Key:
    path = folder / "age.key"
    run("age-keygen", "-o", path)
    return run("age-keygen", "-y", path).strip(), ["--identity", str(path)]


@pytest.fixture
def gnupg(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty keyring; the socket of its agent wants a short path."""
    home = Path(tempfile.mkdtemp(prefix="gpg-"))
    monkeypatch.setenv("GNUPGHOME", str(home))
    yield home
    run("gpgconf", "--kill", "all")
    shutil.rmtree(home)


def gpg_key(name: str) -> str:
    words = ("gpg", "--batch", "--passphrase", "", "--quick-generate-key", name, "rsa2048", "encr")
    run(*words)
    lines = run("gpg", "--batch", "--with-colons", "--list-keys", name).splitlines()
    return next(line.split(":")[9] for line in lines if line.startswith("fpr"))


@pytest.fixture(params=["age", "gpg"])
def key(request: pytest.FixtureRequest, gnupg: Path, tmp_path: Path) -> Key:
    if shutil.which(request.param) is None:
        pytest.skip(missing(request.param))
    return age_key(tmp_path) if request.param == "age" else (gpg_key("backup"), [])


def test_an_encrypted_backup_comes_back(
    key: Key,
    filled: User,  # noqa: F811
    elsewhere: Manage,  # noqa: F811
    tmp_path: Path,
    settings: Settings,
) -> None:
    before, told = StringIO(), StringIO()
    call_command("dumpdata", stdout=before)
    recipient, identity = key
    settings.BACKUP_RECIPIENTS = [recipient]
    call_command("backup", str(tmp_path / "backup"), stdout=told)
    assert "Encrypted by" in told.getvalue()
    for file in (tmp_path / "backup").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600 or file.name == "manifest.json"
        assert b"zoe@x.fr" not in file.read_bytes() and b"sealed\xff" not in file.read_bytes()

    done = elsewhere("restore", tmp_path / "backup", *identity)
    assert done.returncode == 0, done.stderr
    restored, expected = rows(elsewhere("dumpdata").stdout), rows(before.getvalue())
    assert not expected.keys() - restored.keys()
    assert (tmp_path / "restored" / "outbox" / "a.sealed").read_bytes().startswith(b"\0sealed\xff")


def test_another_key_opens_nothing(
    filled: User,  # noqa: F811
    elsewhere: Manage,  # noqa: F811
    gnupg: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if shutil.which("age") is None:
        pytest.skip(missing("age"))
    backups.make(tmp_path / "by-age", [age_key(tmp_path)[0]])
    (tmp_path / "other").mkdir()
    _recipient, other = age_key(tmp_path / "other")
    refused = elsewhere("restore", tmp_path / "by-age", *other)
    assert refused.returncode == 1 and "cannot be decrypted. Is this its key" in refused.stderr
    without = elsewhere("restore", tmp_path / "by-age")
    assert without.returncode == 1 and "--identity" in without.stderr

    backups.make(tmp_path / "by-gpg", [gpg_key("backup")])
    with tempfile.TemporaryDirectory(prefix="gpg-") as home:
        refused = elsewhere("restore", tmp_path / "by-gpg", GNUPGHOME=home)
        run("gpgconf", "--homedir", home, "--kill", "all")
    assert refused.returncode == 1 and "cannot be decrypted. Is this its key" in refused.stderr
    assert not list((tmp_path / "restored").rglob("*.sealed"))


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


@pytest.mark.parametrize("name", [contents.DATABASE, contents.SPOOL])
@pytest.mark.parametrize("is_told", [True, False], ids=["digest kept", "digest made anew"])
def test_a_cut_file_is_refused(
    key: Key,
    filled: User,  # noqa: F811
    elsewhere: Manage,  # noqa: F811
    tmp_path: Path,
    name: str,
    is_told: bool,
) -> None:
    recipient, identity = key
    manifest = backups.make(tmp_path / "backup", [recipient])
    path = tmp_path / "backup" / manifest.file(name)
    cut(path)
    if not is_told:
        text = tmp_path / "backup" / "manifest.json"
        values = json.loads(text.read_text())
        values["digests"][path.name] = contents.digest_of(path)
        text.write_text(json.dumps(values))
    refused = elsewhere("restore", tmp_path / "backup", *identity)
    words = "changed or damaged" if is_told else "cannot be decrypted"
    assert refused.returncode == 1 and words in refused.stderr and path.name in refused.stderr
    assert not list((tmp_path / "restored").rglob("*.sealed"))


@pytest.mark.parametrize(
    ("recipients", "words"),
    [
        (["age1nokey"], "age encrypts nothing"),
        (["nobody@ac-exemple.fr"], "gpg encrypts nothing"),
        (["age1nokey", "nobody@ac-exemple.fr"], "not of both"),
    ],
)
def test_a_recipient_that_is_none_is_refused(
    gnupg: Path, tmp_path: Path, recipients: list[str], words: str
) -> None:
    for program in ("age", "gpg"):
        if shutil.which(program) is None:
            pytest.skip(missing(program))
    with pytest.raises(CommandError, match=words):
        call_command("backup", str(tmp_path / "backup"), to=recipients, stdout=StringIO())
    assert not (tmp_path / "backup" / "manifest.json").exists()


def test_a_program_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(backups.BackupRefused, match="gpg is not installed"):
        backups.make(tmp_path / "backup", ["someone"])
    assert not (tmp_path / "backup").exists()
