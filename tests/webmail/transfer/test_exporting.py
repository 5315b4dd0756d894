"""Exports by a job: all formats, resumed, bounded, whole."""

from __future__ import annotations

import io
import itertools
import json
import mailbox as python_mailbox
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import LentCredential
from accounts.sealed import files as sealed_files
from demo.servers.dovecot import MailAccount
from mail.errors import BadServerAnswer
from mail.imap import fetch
from mail.imap.values import Folder
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, ref
from webmail.models import Transfer
from webmail.transfer import exporting, jobs, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("spool", "no_connections_left")]
State = Transfer.State
WHEN = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def begun(reader: Client, form: str, folder: str = "INBOX") -> Transfer:
    answer = reader.post(f"/mail/{folder}/export/", {"form": form})
    assert answer.status_code == 302, answer.content.decode()
    return Transfer.objects.get(state=State.WAITING)


def done(job: Transfer) -> bytes:
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure) == (State.DONE, "")
    return b"".join(jobs.content(job))


def fill(mailbox: Mailbox) -> None:
    mailbox.append(letter("Conseil de classe", "From here\n"), flags=["\\Seen"], date=WHEN)
    mailbox.append(letter("Conseil de classe", html="<p>x</p>"), flags=["\\Flagged"], date=WHEN)
    mailbox.append(letter("../a: b?", "x" * 3_000_000), date=WHEN)
    mailbox.append(letter("gone"), flags=["\\Deleted"])


def test_a_folder_as_mbox(reader: Client, mailbox: Mailbox, tmp_path: Path) -> None:
    fill(mailbox)
    job = begun(reader, "mbox")
    assert job.name == "Boîte de réception.mbox" and job.total == 4
    (tmp_path / "a.mbox").write_bytes(done(job))
    read: Any = python_mailbox.mbox(tmp_path / "a.mbox", create=False)
    assert [one["Subject"] for one in read] == [
        "Conseil de classe",
        "Conseil de classe",
        "../a: b?",
    ]
    assert [one.get_flags() for one in read] == ["RO", "OF", "O"]
    assert read[0].get_from().endswith("Wed Nov 25 09:30:00 2026")
    assert b">From here" in read[0].as_bytes()
    read.close()
    assert job.credential is None and not LentCredential.objects.exists()


def test_a_folder_as_files(reader: Client, mailbox: Mailbox) -> None:
    fill(mailbox)
    content = done(begun(reader, "eml"))
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        assert read.testzip() is None
        assert read.namelist() == [
            "2026-03-03 Conseil de classe.eml",
            "2026-03-03 Conseil de classe (2).eml",
            "2026-03-03 a b.eml",
            "messages.json",
        ]
        bodies = [read.read(name) for name in read.namelist()[:3]]
        listed = json.loads(read.read("messages.json"))
    assert [one["file"] for one in listed] == read.namelist()[:3]
    assert [one["flags"] for one in listed] == [["\\Seen"], ["\\Flagged"], []]
    assert bodies == mailbox.messages()[:3]


def test_a_folder_as_maildir(reader: Client, mailbox: Mailbox) -> None:
    fill(mailbox)
    with tarfile.open(fileobj=io.BytesIO(done(begun(reader, "maildir")))) as read:
        files = [one for one in read.getmembers() if one.isfile()]
        assert [one.name.rpartition(":2,")[2] for one in files] == ["S", "F", ""]
        assert {one.mtime for one in files} == {int(WHEN.timestamp())}
        bodies = [read.extractfile(one).read() for one in files]  # type: ignore[union-attr]
    assert bodies == mailbox.messages()[:3]


@pytest.mark.parametrize("form", ["mbox", "eml", "maildir"])
def test_an_export_that_was_killed_goes_on(
    reader: Client,
    mailbox: Mailbox,
    spool: Path,
    monkeypatch: pytest.MonkeyPatch,
    form: str,
) -> None:
    large.fill(mailbox, "INBOX", 60)
    mailbox.create_folder("Conseil")
    large.fill(mailbox, "Conseil", 30)
    whole = done(_all(reader, form))
    job = _all(reader, form)
    monkeypatch.setattr(store, "SEGMENT", 4_000)
    calls = 0
    write = store.write

    def dying(key: bytes, pieces: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls % 5 == 0:
            raise KeyboardInterrupt
        return write(key, pieces)

    monkeypatch.setattr(store, "write", dying)
    for _time in range(200):
        Transfer.objects.filter(pk=job.pk, state=State.RUNNING).update(state=State.WAITING)
        try:
            jobs.run(job.pk)
        except KeyboardInterrupt:
            continue
        break
    job.refresh_from_db()
    assert job.state == State.DONE and job.done == 90
    content = b"".join(jobs.content(job))
    if form == "maildir":
        assert content == whole
    else:
        assert _members(content) == _members(whole)
    named = {f"{name}.mail" for one in Transfer.objects.all() for name, _ in one.work["segments"]}
    assert {path.name for path in spool.iterdir()} == named


def _all(reader: Client, form: str) -> Transfer:
    assert reader.post("/transfers/export/", {"form": form}).status_code == 302
    return Transfer.objects.get(state=State.WAITING)


def _members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        assert read.testzip() is None
        return {name: read.read(name) for name in read.namelist() if name.endswith(".eml")}


def test_messages_cost_less_than_a_command_each(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.fill(mailbox, "INBOX", 1_200)
    job = begun(reader, "mbox")
    whole, sent = fetch.whole, 0

    def counted(*args: Any) -> dict[int, bytes]:
        nonlocal sent
        sent += 1
        return whole(*args)

    monkeypatch.setattr(fetch, "whole", counted)
    done(job)
    assert job.done == 1_200 and sent <= 4


def test_a_full_spool_says_so_and_the_export_goes_on_later(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.fill(mailbox, "INBOX", 40)
    job = begun(reader, "mbox")
    monkeypatch.setattr(store, "SEGMENT", 4_000)
    write = store.write

    def full(key: bytes, pieces: Any) -> Any:
        if len(Transfer.objects.get().work.get("segments", [])) == 2:
            raise sealed_files.Unwritable(28, "No space left on device")
        return write(key, pieces)

    monkeypatch.setattr(store, "write", full)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure) == (State.FAILED, jobs.SPOOL_FULL)
    assert not LentCredential.objects.exists()
    monkeypatch.setattr(store, "write", write)
    assert reader.post(f"/transfers/{job.pk}/resume/").status_code == 302
    content = done(job)
    assert content.count(b"\nSubject: ") == 40


def test_an_export_beyond_the_limit_is_refused(
    reader: Client, mailbox: Mailbox, settings: Any, spool: Path
) -> None:
    fill(mailbox)
    settings.EXPORT_LIMIT = 1_000_000
    job = begun(reader, "mbox")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.failure) == (State.FAILED, "TooLarge")
    assert list(spool.iterdir()) == []


def test_what_was_stopped_leaves_nothing(
    reader: Client, mailbox: Mailbox, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.fill(mailbox, "INBOX", 40)
    job = begun(reader, "mbox")
    monkeypatch.setattr(store, "SEGMENT", 4_000)
    write = store.write

    def stopping(key: bytes, pieces: Any) -> Any:
        if len(Transfer.objects.get().work.get("segments", [])) == 2:
            assert reader.post(f"/transfers/{job.pk}/cancel/").status_code == 302
        return write(key, pieces)

    monkeypatch.setattr(store, "write", stopping)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == State.CANCELLED and "segments" not in job.work
    assert list(spool.iterdir()) == []
    assert not LentCredential.objects.exists()


def test_a_download_is_its_owners_and_ends(
    reader: Client,
    mailbox: Mailbox,
    signed_in: Callable[..., Client],
    bob: MailAccount,
    spool: Path,
) -> None:
    fill(mailbox)
    job = begun(reader, "eml")
    assert reader.get(f"/transfers/{job.pk}/file/").status_code == 404
    content = done(job)
    assert content not in b"".join(path.read_bytes() for path in spool.iterdir())
    answer: Any = reader.get(f"/transfers/{job.pk}/file/")
    assert b"".join(answer.streaming_content) == content
    assert (
        answer["Content-Disposition"]
        == "attachment; filename*=utf-8''Bo%C3%AEte%20de%20r%C3%A9ception.zip"
    )
    assert int(answer["Content-Length"]) == len(content)
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    other = signed_in(bob)
    for more in ("", "file/"):
        assert other.get(f"/transfers/{job.pk}/{more}").status_code == 404
    for more in ("cancel/", "resume/", "undo/"):
        assert other.post(f"/transfers/{job.pk}/{more}").status_code == 404
    Transfer.objects.update(until=WHEN.replace(year=2020))
    jobs.tidy()
    assert reader.get(f"/transfers/{job.pk}/file/").status_code == 404
    assert list(spool.iterdir()) == []


def test_picked_messages_are_downloaded_at_once(
    reader: Client, mailbox: Mailbox, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    fill(mailbox)
    data = {"verb": "download", "refs": [ref(mailbox, uid) for uid in mailbox.uids()[:2]]}
    answer: Any = reader.post("/mail/INBOX/act/", data, headers={"HX-Request": "true"})
    assert answer.status_code == 204
    url = answer["HX-Redirect"]
    assert reader.post("/mail/INBOX/act/", data)["Location"] == url
    answer = reader.get(url)
    read = _members(b"".join(answer.streaming_content))
    assert list(read.values()) == mailbox.messages()[:2]
    assert not Transfer.objects.exists()
    assert signed_in(bob).get(url).status_code in (404, 409)


def test_many_picked_messages_are_exported_by_a_job(reader: Client, mailbox: Mailbox) -> None:
    large.fill(mailbox, "INBOX", 120)
    data = {"verb": "download", "all": "1", "uidvalidity": mailbox.uidvalidity()}
    assert reader.post("/mail/INBOX/act/", data).status_code == 302
    content = done(Transfer.objects.get())
    assert len(_members(content)) == 120


def test_an_export_whose_files_are_lost_begins_anew(
    reader: Client, mailbox: Mailbox, spool: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.fill(mailbox, "INBOX", 30)
    job = begun(reader, "eml")
    first = done(job)
    for path in spool.iterdir():
        path.unlink()
    assert reader.get(f"/transfers/{job.pk}/file/").status_code == 404
    Transfer.objects.update(state=State.FAILED)
    reader.post(f"/transfers/{job.pk}/resume/")
    assert done(job) == first


def test_a_message_that_never_ends_is_given_up() -> None:
    assert b"".join(exporting.bounded([b"x" * 100] * 3, 290)) == b"x" * 300
    with pytest.raises(BadServerAnswer):
        for _piece in exporting.bounded(itertools.repeat(b"x" * 100_000), 1_000_000):
            pass


def test_places_have_paths_that_differ() -> None:
    found = exporting.places(
        [Folder("INBOX", "."), Folder("a.b:c", "."), Folder("a.b?c", "."), Folder("a/..", ".")]
    )
    assert [one.path for one in found] == [("INBOX",), ("a", "b c"), ("a", "b c (2)"), ("a",)]
