"""A backup, and an empty place that becomes what was backed up."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tarfile
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from core.version import VERSION
from demo.servers.dovecot import MailAccount
from tests.waiting import LONGEST_S
from webmail import backups
from webmail.backups import contents
from webmail.backups.restoring import _filled_spool
from webmail.models import OutboxMessage
from webmail.writing import drafts
from webmail.writing.content import Content

pytestmark = [pytest.mark.sqlite, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).parents[3]
Manage = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    settings.SPOOL.mkdir()
    return tmp_path / "spool"


@pytest.fixture
def filled(signed_in: Callable[..., Client], alice: MailAccount, spool: Path) -> User:
    """Alice, who has signed in, with a contact, a draft, a file in the spool, and three messages in
    the outbox: one that is due, one for later, and one that was sent."""
    signed_in(alice)
    user = User.objects.get(login="alice")
    contacts.create(user, ContactData(first_name="Zoé", emails=(Email("zoe@x.fr"),)))
    drafts.save(user, uuid.uuid4(), Content(subject="Sortie", text="Bonjour"), base=0)
    (spool / "outbox").mkdir()
    (spool / "outbox" / "a.sealed").write_bytes(b"\0sealed\xff" * 1000)
    now = timezone.now()
    for state, due in (("held", now), ("scheduled", now + timedelta(days=1)), ("sent", now)):
        OutboxMessage.objects.create(
            user=user, key=uuid.uuid4(), state=state, due=due, message_id="<a@x>", sender="a@x.fr"
        )
    return user


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Manage]:
    """`elsewhere("restore", folder)`: a command of an installation with an empty database."""
    name = f"restored_{secrets.token_hex(4)}"
    url = f"sqlite:///{tmp_path}/{name}.sqlite3"
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        known = connection.settings_dict
        who = f"{known['USER']}:{quote(known['PASSWORD'], safe='')}"
        url = f"postgresql://{who}@{known['HOST']}:{known['PORT']}/{name}"

    def manage(*words: object, **more: str) -> subprocess.CompletedProcess[str]:
        own = {
            "DATABASE_URL": url,
            "REDIS_URL": "",
            "WEBMAIL_SECRET_KEY": django_settings.SECRET_KEY,
            "WEBMAIL_SPOOL": str(tmp_path / "restored"),
        }
        return subprocess.run(  # noqa: S603
            [sys.executable, "-W", "ignore", "manage.py", *map(str, words)],
            env=os.environ | own | more,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_S,
        )

    yield manage
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


def rows(text: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Those of ``dumpdata``, by model and key."""
    return {(row["model"], str(row["pk"])): row["fields"] for row in json.loads(text)}


def test_everything_comes_back_and_the_outbox_is_held(
    filled: User, elsewhere: Manage, tmp_path: Path, spool: Path
) -> None:
    before = StringIO()
    call_command("dumpdata", stdout=before)
    call_command("backup", str(tmp_path / "backup"), stdout=StringIO())

    done = elsewhere("restore", tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    assert ": 1." in done.stdout and not done.stderr
    restored = rows(elsewhere("dumpdata").stdout)
    expected = rows(before.getvalue())
    added = {key[0] for key in restored.keys() - expected.keys()}
    assert added == {"accounts.announcement"} and not expected.keys() - restored.keys()
    changed = {key for key, fields in expected.items() if restored[key] != fields}
    due = OutboxMessage.objects.get(state="held")
    assert changed == {("webmail.outboxmessage", str(due.pk))}
    assert restored[changed.pop()]["state"] == "doubt"
    file = tmp_path / "restored" / "outbox" / "a.sealed"
    assert file.read_bytes() == (spool / "outbox" / "a.sealed").read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_place_that_is_not_empty_is_left_alone(
    filled: User, elsewhere: Manage, tmp_path: Path
) -> None:
    backups.make(tmp_path / "backup")
    (tmp_path / "restored").mkdir()
    (tmp_path / "restored" / "b.sealed").write_bytes(b"another's")
    refused = elsewhere("restore", tmp_path / "backup")
    assert refused.returncode == 1 and "not empty" in refused.stderr
    (tmp_path / "restored" / "b.sealed").unlink()
    assert elsewhere("restore", tmp_path / "backup").returncode == 0
    again = elsewhere("restore", tmp_path / "backup")
    assert again.returncode == 1 and "not empty" in again.stderr


def test_another_key_is_said(filled: User, elsewhere: Manage, tmp_path: Path) -> None:
    backups.make(tmp_path / "backup")
    done = elsewhere("restore", tmp_path / "backup", WEBMAIL_SECRET_KEY="k" * 50)
    assert done.returncode == 0 and "WEBMAIL_SECRET_KEY" in done.stderr


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    (tmp_path / "backup" / "mine").write_text("x")
    with pytest.raises(backups.BackupRefused, match="not empty"):
        backups.make(tmp_path / "backup")
    assert [path.name for path in (tmp_path / "backup").iterdir()] == ["mine"]


@pytest.mark.parametrize("name", ["database.dump", "spool.tar"])
def test_a_damaged_backup_is_refused(name: str, tmp_path: Path) -> None:
    backups.make(tmp_path / "backup")
    with (tmp_path / "backup" / name).open("ab") as file:
        file.write(b"x")
    with pytest.raises(backups.BackupRefused, match=name):
        backups.restore(tmp_path / "backup")
    (tmp_path / "backup" / name).unlink()
    with pytest.raises(backups.BackupRefused, match=name):
        backups.restore(tmp_path / "backup")


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"made": 1}', "[" * 100_000, '{"form": 2}', "\0", "é"]
)
def test_a_manifest_that_is_none_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(backups.BackupRefused):
        backups.restore(tmp_path)


def test_a_folder_without_a_manifest_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(backups.BackupRefused, match="no backup"):
        backups.restore(tmp_path / "nowhere")


# --- after going back to the former version ---


@pytest.fixture
def newer_tables() -> Iterator[None]:
    """A newer version ran here, and changed the database as the former one can bear."""
    recorder = MigrationRecorder(connection)
    recorder.record_applied("webmail", "9999_from_the_future")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE webmail_future (id integer PRIMARY KEY)")
    yield
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE webmail_future")
    recorder.record_unapplied("webmail", "9999_from_the_future")


def test_after_a_rollback_a_backup_is_restored_by_the_version_that_made_it(
    filled: User, newer_tables: None, elsewhere: Manage, tmp_path: Path
) -> None:
    said = StringIO()
    call_command("backup", str(tmp_path / "backup"), stdout=said)
    assert "webmail.9999_from_the_future" in said.getvalue()
    assert f"version {VERSION}" in said.getvalue()
    done = elsewhere("restore", tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    assert User.objects.get().login in elsewhere("dumpdata", "accounts.user").stdout
    assert elsewhere("check").returncode == 0


def test_after_a_rollback_the_backup_from_before_the_upgrade_is_restored(
    filled: User, elsewhere: Manage, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    call_command("backup", str(tmp_path / "backup"), stdout=StringIO())
    request.getfixturevalue("newer_tables")
    assert elsewhere("restore", tmp_path / "backup").returncode == 0


def test_a_backup_says_what_made_it_and_a_manifest_may_say_more(tmp_path: Path) -> None:
    manifest = backups.make(tmp_path / "backup")
    assert manifest.version == VERSION and "webmail.0001_initial" in manifest.migrations
    assert manifest.beyond == []
    rewritten(tmp_path / "backup", checksum="of a newer version")
    assert contents.read_manifest(tmp_path / "backup") == manifest


# --- one after the other ---


def test_the_last_backups_are_kept_and_nothing_else_is_touched(
    filled: User, tmp_path: Path, settings: Any
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    begun = folder / "2026-01-01T02-30-00Z"
    for name in ("2026-01-02T02-30-00Z", "2026-01-03T02-30-00Z", "2026-01-04T02-30-00Z"):
        (folder / name).mkdir()
        (folder / name / "manifest.json").write_text("{}")
    begun.mkdir()
    (begun / "spool.tar").write_bytes(b"cut")
    (folder / "mine").mkdir()
    (folder / "2026-01-01").mkdir()
    call_command("backup", str(folder), "--rotate", "2", stdout=StringIO())
    names = sorted(path.name for path in folder.iterdir())
    assert names[:2] == ["2026-01-01", "2026-01-04T02-30-00Z"] and names[3:] == ["mine"]
    assert contents.read_manifest(folder / names[2]).version == VERSION
    last = backups.last_backup()
    assert last and last.folder == str(folder / names[2])


def test_the_last_backup_of_days_weeks_and_months_is_kept() -> None:
    begun = datetime(2026, 12, 3, 2, 30, tzinfo=UTC)
    names = [f"{begun - timedelta(hours=12 * half):%Y-%m-%dT%H-%M-%SZ}" for half in range(800)]
    kept = sorted(backups.Kept.parse("7,5,12").of(names), reverse=True)
    assert [name[:10] for name in kept[:7]] == [
        f"2026-{day}" for day in ("12-03", "12-02", "12-01", "11-30", "11-29", "11-28", "11-27")
    ]
    assert [name[:10] for name in kept[7:10]] == ["2026-11-22", "2026-11-15", "2026-11-08"]
    assert [name[:7] for name in kept[10:]] == [f"2026-{month:02}" for month in range(10, 0, -1)]
    assert all(name[11:13] == "14" for name in kept[1:])
    # Nothing is deleted by a pause: days without a backup do not count.
    assert backups.Kept.parse("2").of(names[-2:] + names[:1]) >= {names[0]}


@pytest.mark.parametrize("text", ["", "0", "-1", "7,5", "7,5,12,1", "7,,1", "0,5,12", "seven", "٣"])
def test_a_rotation_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        backups.Kept.parse(text)


def test_a_backup_that_fails_leaves_nothing_and_deletes_nothing(
    tmp_path: Path, settings: Any
) -> None:
    old = tmp_path / "backups" / "2026-01-02T02-30-00Z"
    old.mkdir(parents=True)
    (old / "manifest.json").write_text("{}")
    for words in (["--to", "age1nobody"], ["--encrypted"]):
        with pytest.raises(CommandError):
            call_command("backup", str(old.parent), "--rotate", "1", *words, stdout=StringIO())
        assert list(old.parent.iterdir()) == [old]
    with pytest.raises(CommandError, match="There is no folder"):
        call_command("backup", str(tmp_path / "none"), "--rotate", "1", stdout=StringIO())


def rewritten(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, **values}))


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"migrations": ["webmail.9999_from_the_future"]}, "newer"),
        ({"vendor": "oracle"}, "oracle"),
        ({"form": 2}, "form"),
        ({"made": "yesterday"}, "read"),
    ],
)
def test_what_this_version_cannot_restore_is_refused(
    values: dict[str, object], words: str, tmp_path: Path
) -> None:
    backups.make(tmp_path / "backup")
    rewritten(tmp_path / "backup", **values)
    with pytest.raises(backups.BackupRefused, match=words):
        backups.restore(tmp_path / "backup")


def test_an_archive_writes_nothing_but_sealed_files_of_the_spool(
    elsewhere: Manage, tmp_path: Path
) -> None:
    backups.make(tmp_path / "backup")
    archive = tmp_path / "backup" / "spool.tar"
    with tarfile.open(archive, "w") as files:
        for name in ("program.py", "a.sealed"):
            member = tarfile.TarInfo(name)
            member.size, member.mode = 1, 0o4777
            files.addfile(member, BytesIO(b"x"))
        link = tarfile.TarInfo("link.sealed")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        files.addfile(link)
    digests = {name: contents.digest_of(tmp_path / "backup" / name) for name in names()}
    rewritten(tmp_path / "backup", digests=digests)
    done = elsewhere("restore", tmp_path / "backup")
    assert done.returncode == 0, done.stderr
    assert [path.name for path in (tmp_path / "restored").rglob("*")] == ["a.sealed"]
    assert (tmp_path / "restored" / "a.sealed").stat().st_mode & 0o7777 == 0o600

    with tarfile.open(archive, "w") as files:
        member = tarfile.TarInfo("../outside.sealed")
        member.size = 1
        files.addfile(member, BytesIO(b"x"))
    digests["spool.tar"] = contents.digest_of(archive)
    rewritten(tmp_path / "backup", digests=digests)
    with pytest.raises(backups.BackupRefused):
        list(_restored_into_nothing(tmp_path))
    assert not (tmp_path / "outside.sealed").exists()


def names() -> tuple[str, str]:
    return contents.DATABASE, contents.SPOOL


def _restored_into_nothing(tmp_path: Path) -> Iterator[None]:
    with (tmp_path / "backup" / "spool.tar").open("rb") as file, _filled_spool(file):
        yield


def test_the_manifest_tells_nothing_of_the_key(tmp_path: Path) -> None:
    manifest = backups.make(tmp_path / "backup")
    text = (tmp_path / "backup" / "manifest.json").read_text()
    assert django_settings.SECRET_KEY not in text and len(manifest.key) == 16
    assert datetime.fromisoformat(manifest.made) <= datetime.now(UTC)
    assert (tmp_path / "backup").stat().st_mode & 0o777 == 0o700
