"""Imports by a job: what people bring, what is in it, what is wrong with it."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import LentCredential
from demo import outlook_files as outlook
from demo.servers.dovecot import MailAccount
from mail import sandbox
from mail.errors import ServerUnavailable
from mail.imap.connection import Connection
from mail.imap.quota import Quota
from mail.mailbox import bulk
from tests.mail.mime import msg_files
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, page, words
from webmail import tasks
from webmail.jobs import mail_jobs
from webmail.models import MailJob, Transfer
from webmail.transfer import importing, jobs, store

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("spool", "no_connections_left")]
State = Transfer.State
WHEN = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)


def brought(reader: Client, content: bytes, name: str = "a", **more: str) -> Transfer:
    """The job, done."""
    file = SimpleUploadedFile(name, content)
    answer = reader.post("/transfers/import/", {"file": file, "folder": "Conseil", **more})
    assert answer.status_code == 302, words(answer)
    job = Transfer.objects.get(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


@pytest.fixture
def conseil(mailbox: Mailbox) -> Mailbox:
    mailbox.create_folder("Conseil")
    return mailbox


def exported(reader: Client, form: str, folder: str = "INBOX") -> bytes:
    answer = reader.post(
        f"/mail/{folder}/export/" if folder else "/transfers/export/", {"form": form}
    )
    assert answer.status_code == 302
    job = Transfer.objects.get(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == State.DONE
    return b"".join(jobs.content(job))


def fill(mailbox: Mailbox) -> None:
    mailbox.append(
        letter("Un", "From here\n", message_id="<1@x>"), flags=["\\Seen", "\\Answered"], date=WHEN
    )
    mailbox.append(letter("Deux", html="<p>é</p>", message_id=""), flags=["\\Flagged"], date=WHEN)
    mailbox.append(letter("Trois", "x" * 100_000, message_id="<3@x>"), date=WHEN)


def stored(mailbox: Mailbox, folder: str) -> list[tuple[bytes, frozenset[str], str]]:
    found = []
    for uid in mailbox.uids(folder):
        raw, flags = mailbox.message(uid, folder), mailbox.flags(uid, folder)
        mailbox.uids(folder)
        _, (answer, *_) = mailbox.imap.uid("FETCH", str(uid), "(INTERNALDATE)")
        date = re.search(rb'INTERNALDATE "([^"]*)"', answer)
        found.append((raw, flags, date[1].decode() if date else ""))
    return found


@pytest.mark.parametrize("form", ["mbox", "maildir"])
def test_what_was_exported_comes_back_as_it_was(
    reader: Client, conseil: Mailbox, form: str
) -> None:
    fill(conseil)
    content = exported(reader, form)
    job = brought(reader, content)
    assert (job.state, job.done, job.known, job.refused) == (State.DONE, 3, 0, 0)
    assert "Conseil.Maildir" not in conseil.folders()
    assert stored(conseil, "Conseil") == stored(conseil, "INBOX")
    assert job.credential is None and not LentCredential.objects.exists()


def test_a_file_brought_twice_adds_nothing(reader: Client, conseil: Mailbox, spool: Path) -> None:
    fill(conseil)
    content = exported(reader, "eml")
    assert brought(reader, content).done == 3
    again = brought(reader, content)
    assert (again.done, again.known) == (0, 3)
    assert len(conseil.uids("Conseil")) == 3
    kept = {
        f"{name}.mail" for one in Transfer.objects.all() for name, _ in one.work.get("segments", [])
    }
    assert {path.name for path in spool.iterdir()} == kept


def test_a_whole_mailbox_comes_back_folder_by_folder(reader: Client, conseil: Mailbox) -> None:
    fill(conseil)
    conseil.create_folder("Projets")
    conseil.create_folder("Projets/Été 2026")
    conseil.append(letter("Plage"), "Projets/Été 2026")
    content = exported(reader, "mbox", "")
    brought(reader, content, folder="", new="Retour")
    assert len(conseil.uids("Retour/INBOX")) == 3
    assert stored(conseil, "Retour/Projets/Été 2026") == stored(conseil, "Projets/Été 2026")


def test_an_import_is_undone(reader: Client, conseil: Mailbox) -> None:
    fill(conseil)
    content = exported(reader, "mbox")
    conseil.append(conseil.message(conseil.uids()[0]), "Conseil")
    conseil.append(letter("autre", message_id="<autre@x>"), "Conseil")
    job = brought(reader, content)
    assert (job.done, job.known) == (2, 1)
    assert reader.post(f"/transfers/{job.pk}/undo/").status_code == 302
    assert len(conseil.uids("Conseil")) == 2
    reader.post(f"/transfers/{job.pk}/undo/")
    assert len(conseil.uids("Conseil")) == 2


def a_profile() -> bytes:
    """Messages in Vieux/A, Vieux/A/B and Vieux/C."""
    one = b"From - Tue Mar 03 09:00:00 2026\nSubject: %b\nFrom: a@b\n\nx\n\n"
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        for name in ("A", "A.sbd/B", "C"):
            made.writestr(f"Vieux/{name}", one % name.encode())
    return file.getvalue()


@pytest.mark.parametrize("is_long", [False, True])
def test_what_is_undone_leaves_no_empty_folder_that_it_made(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch, is_long: bool
) -> None:
    conseil.create_folder("Vieux")
    job = brought(reader, a_profile(), folder="")
    assert {"Vieux/A", "Vieux/A/B", "Vieux/C"} <= set(conseil.folders())
    conseil.append(letter("mien"), "Vieux/C")
    if is_long:
        monkeypatch.setattr(mail_jobs, "SECONDS", -1.0)
        monkeypatch.setattr(bulk, "FIRST", 1)
        monkeypatch.setattr(tasks.do_mail_job, "delay", lambda pk: None)
    reader.post(f"/transfers/{job.pk}/undo/")
    for later in MailJob.objects.all():
        mail_jobs.run(later.pk)
    # The one that was there before stays, and the one in which somebody put something.
    assert {name for name in conseil.folders() if name.startswith("Vieux")} == {"Vieux", "Vieux/C"}
    assert len(conseil.uids("Vieux/C")) == 1
    _, lines = conseil.imap.lsub()
    assert not any(b"Vieux/A" in (line or b"") for line in lines)


def test_a_folder_that_was_made_anew_meanwhile_stays(reader: Client, conseil: Mailbox) -> None:
    job = brought(reader, letter("Un"), "Vieux.eml", folder="")
    conseil.delete_folder("Vieux")
    conseil.create_folder("Vieux")
    reader.post(f"/transfers/{job.pk}/undo/")
    assert "Vieux" in conseil.folders()


def test_thunderbirds_profile_becomes_folders(reader: Client, conseil: Mailbox) -> None:
    one = (
        b"From - Tue Mar 03 09:00:00 2026\nX-Mozilla-Status: 0001\nSubject: %b\nFrom: a@b\n\nx\n\n"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("Mail/Local Folders/Inbox", one % b"a")
        made.writestr("Mail/Local Folders/Inbox.msf", b"// <!-- <mdb:mork:z -->")
        made.writestr("Mail/Local Folders/Projets.sbd/2026", one % b"b" * 2)
        made.writestr("prefs.js", b"user_pref();")
        made.writestr("Mail/Local Folders/vide", b"")
    job = brought(reader, file.getvalue(), folder="", new="TB")
    assert (job.done, job.known, job.refused) == (2, 0, 0)
    assert job.work["tallies"]["TB/Mail/Local Folders/Projets/2026"] == [1, 0, 1, 0, 0, 0]
    assert "TB/Mail/Local Folders/Projets/2026" in conseil.folders()
    (uid,) = conseil.uids("TB/Mail/Local Folders/Inbox")
    assert conseil.flags(uid, "TB/Mail/Local Folders/Inbox") == {"\\Seen"}


HOSTILE = {
    "../../etc/x.eml": b"Subject: a\n\nx",
    "/etc/x.eml": b"Subject: a\n\nx",
    "C:\\x.eml": b"Subject: a\n\nx",
    "photo.jpg": b"\xff\xd8\xff",
    "a.msg": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600,
    "b.zip": b"PK\x03\x04",
}


def test_what_is_wrong_is_told_and_the_rest_comes_in(reader: Client, conseil: Mailbox) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in HOSTILE.items():
            made.writestr(name, content)
        link = zipfile.ZipInfo("lien.eml")
        link.external_attr = 0o120777 << 16
        made.writestr(link, "/etc/passwd")
        made.writestr("nul.eml", b"Subject: nul\n\na\0b\n")
        made.writestr(zipfile.ZipInfo("\x82t\x82.eml"), b"Subject: ok\n\nx\n")
    job = brought(reader, file.getvalue())
    assert (job.done, job.refused) == (2, 7)
    assert [one[1] for one in job.work["refused"]] == ["path", "path", "path", "no_message",
                                                       "damaged", "no_message", "link"]  # fmt: skip
    shown = words(reader.get(f"/transfers/{job.pk}/"))
    assert "photo.jpg" in shown and "a.msg" in shown
    assert any(b"a\x80b" in raw for raw in conseil.messages("Conseil"))


def outlook_zip() -> bytes:
    """A zip of files of Outlook, good and hostile ones."""
    whole = outlook.compound(
        outlook.message(
            recipients=[outlook.recipient(1, "Alice", "alice@ac-exemple.fr")],
            attachments=[outlook.attachment("plan.pdf", b"%PDF-" * 2000, "application/pdf")],
            more={"1035": "<outlook@x>"},
        )
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("4e B/Conseil de classe.msg", whole)
        made.writestr("4e B/coupé.msg", whole[: len(whole) // 2])
        made.writestr("énorme.msg", msg_files.with_size(whole, "__substg1.0_1000001F", 2**32 - 1))
        made.writestr("cercle.msg", msg_files.cyclic(whole))
        made.writestr("poupées.msg", msg_files.nested(100))
        made.writestr(
            "Parent.msg",
            outlook.compound(outlook.message(more={"001A": "IPM.Contact"})),
        )
        made.writestr("lettre.doc", outlook.compound({"WordDocument": b"x" * 5000}))
    return file.getvalue()


def test_outlooks_files_come_in_and_hostile_ones_are_told(reader: Client, conseil: Mailbox) -> None:
    job = brought(reader, outlook_zip())
    assert (job.state, job.done, job.refused) == (State.DONE, 1, 6)
    refused = {place: reason for place, reason, _size in job.work["refused"]}
    assert refused == {
        "4e B/coupé.msg": "damaged",
        "énorme.msg": "too_large",
        "cercle.msg": "no_message",
        "poupées.msg": "nested",
        "Parent.msg": "no_mail",
        "lettre.doc": "no_message",
    }
    ((raw, flags, date),) = stored(conseil, "Conseil/4e B")
    assert b"Message-ID: <outlook@x>\r\n" in raw and b'filename="plan.pdf"' in raw.replace(
        b"\r\n ", b" "
    )
    assert flags == {"\\Seen"} and date.startswith("25-Nov-2026 ")
    shown = words(reader.get(f"/transfers/{job.pk}/"))
    assert "un contact, un événement ou une tâche d’Outlook" in shown
    again = brought(reader, outlook_zip())
    assert (again.done, again.known) == (0, 1)


def test_costly_files_of_outlook_are_given_up(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = sandbox.Budget(seconds=1, wait=20, memory=10_000_000, is_jobs=True)
    monkeypatch.setattr(sandbox, "MESSAGE", small)
    monkeypatch.setattr(importing, "_MOST_COSTLY", 1)
    large_one = outlook.compound(
        outlook.message(attachments=[outlook.attachment("a", b"x" * 6_000_000)])
    )
    good = outlook.compound(outlook.message())
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.msg", good)
        made.writestr("b.msg", large_one)
        made.writestr("c.msg", good)
    job = brought(reader, file.getvalue())
    assert (job.state, job.done) == (State.DONE, 1)
    assert [row[:2] for row in job.work["refused"]] == [["b.msg", "bomb"], ["c.msg", "bomb"]]


def test_a_bomb_is_refused(reader: Client, conseil: Mailbox, settings: Any) -> None:
    settings.IMPORT_LIMIT = 1_000_000
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("a.eml", b"Subject: a\n\nx\n")
        made.writestr("bombe.eml", b"Subject: b\n\n" + b"0" * 9_000_000)
    job = brought(reader, file.getvalue())
    assert (job.state, job.done) == (State.DONE, 1)
    assert [one[1] for one in job.work["refused"]] == ["bomb"]


def test_a_tar_with_links_and_without_an_end(reader: Client, conseil: Mailbox) -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as made:
        for name, content in (("M/cur/1764061200.1.x:2,FS", b"Subject: a\n\nx\n"),
                              ("M/new/1764061201.2.x", b"Subject: b\n\nx\n"),
                              ("M/tmp/3", b"Subject: c\n\nx\n")):  # fmt: skip
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
        link = tarfile.TarInfo("M/cur/lien")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        made.addfile(link)
    job = brought(reader, file.getvalue())
    assert (job.done, [one[1] for one in job.work["refused"]]) == (2, ["link"])
    assert [flags for _raw, flags, _date in stored(conseil, "Conseil/M")] == [
        {"\\Flagged", "\\Seen"},
        set(),
    ]
    cut = brought(reader, file.getvalue()[:100], folder="", new="B")
    assert [one[1] for one in cut.work["refused"]] == ["damaged"]


def test_two_gigabytes_that_are_declared_and_not_there_are_told(
    reader: Client, conseil: Mailbox
) -> None:
    info = tarfile.TarInfo("gros.mbox")
    info.size = 2 * 1024**3
    mbox = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: a\n\nFrom here on it is cut"
    job = brought(reader, info.tobuf() + mbox)
    assert job.state == State.DONE
    assert [one[1] for one in job.work["refused"]] == ["damaged"]
    single = tarfile.TarInfo("gros.eml")
    single.size = 2 * 1024**3
    job = brought(reader, single.tobuf() + b"Subject: a\n\nx", folder="", new="B")
    assert job.done == 0
    assert {one[1] for one in job.work["refused"]} <= {"too_large", "damaged"}


def test_what_holds_no_message_says_so(reader: Client, conseil: Mailbox) -> None:
    for content in (b"%PDF-1.4", b"\0" * 1000, b"PK\x05\x06"):
        job = brought(reader, content)
        assert (job.state, job.failure) == (State.FAILED, "NoMessages")


def test_a_broken_zip_is_not_gone_on_with_but_replaced(reader: Client, conseil: Mailbox) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a.eml", b"Subject: a\n\nx")
    job = brought(reader, buffer.getvalue()[:-30])
    assert (job.state, job.failure) == (State.FAILED, "NoMessages")
    for headers in ({}, {"HX-Request": "true"}):
        shown = page(reader.get(f"/transfers/{job.pk}/", headers=headers))
        assert "endommagé" in shown and "/resume/" not in shown
        assert re.search(
            r'<a [^>]*href="/transfers/#bring-in"[^>]*> ?Choisir un autre fichier', shown
        )
    assert reader.post(f"/transfers/{job.pk}/resume/").status_code == 302
    job.refresh_from_db()
    assert job.state == State.FAILED


def test_a_file_of_countless_messages_is_read_up_to_a_bound(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "MOST_MESSAGES", 3)
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\n\nx\n\n"
    job = brought(reader, b"".join(one % number for number in range(10)))
    assert (job.state, job.done) == (State.DONE, 3)
    assert [row[1] for row in job.work["refused"]] == ["too_many"]


def test_messages_without_a_folder_get_one_that_is_called_like_the_file(
    reader: Client, conseil: Mailbox
) -> None:
    job = brought(reader, letter("Un"), "Vieux: messages.eml", folder="")
    assert job.done == 1 and len(conseil.uids("Vieux messages")) == 1


def test_a_full_mailbox_takes_nothing(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = Quota(1_000_000, 1_000_100)
    monkeypatch.setattr(importing.quota, "ask_quota", lambda imap: full)
    job = brought(reader, letter("a", "x" * 500))
    assert (job.state, job.failure) == (State.FAILED, "OverQuota")
    assert conseil.uids("Conseil") == []


def test_messages_beyond_the_servers_limit_are_refused(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(conseil)
    content = exported(reader, "mbox")
    monkeypatch.setattr(
        Connection,
        "capabilities",
        property(lambda self: self._capabilities | {"APPENDLIMIT=50000"}),
    )
    job = brought(reader, content)
    assert (job.done, job.refused) == (2, 1)
    (place, reason, size) = job.work["refused"][0]
    assert reason == "too_large" and re.fullmatch(r"@\d+", place) and size > 100_000


def test_an_import_that_was_killed_goes_on_and_adds_nothing_twice(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    large.fill(conseil, "INBOX", 90)
    content = exported(reader, "mbox")
    append, calls = Connection.append, 0

    def dying(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        done = append(*args, **more)
        if calls % 17 == 0:
            raise KeyboardInterrupt  # the message is there, and nobody heard of it
        return done

    monkeypatch.setattr(Connection, "append", dying)
    file = SimpleUploadedFile("a.mbox", content)
    reader.post("/transfers/import/", {"file": file, "folder": "Conseil"})
    job = Transfer.objects.get(state=State.WAITING)
    for _time in range(20):
        Transfer.objects.filter(state=State.RUNNING).update(state=State.WAITING)
        try:
            jobs.run(job.pk)
        except KeyboardInterrupt:
            continue
        break
    job.refresh_from_db()
    assert (job.state, job.done, job.known) == (State.DONE, 90, 0)
    assert calls == 90 and len(conseil.uids("Conseil")) == 90
    reader.post(f"/transfers/{job.pk}/undo/")
    assert conseil.uids("Conseil") == []


def test_a_message_that_breaks_the_connection_is_passed_over(
    reader: Client, conseil: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(conseil)
    content = exported(reader, "mbox")
    append = Connection.append

    def breaking(self: Connection, folder: str, message: bytes, *more: Any) -> Any:
        if b"Subject: Deux" in message:
            raise ServerUnavailable
        return append(self, folder, message, *more)

    monkeypatch.setattr(Connection, "append", breaking)
    job = brought(reader, content)
    for _time in range(3):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.refused) == (State.DONE, 2, 1)


def test_a_large_file_comes_in_pieces(
    reader: Client, conseil: Mailbox, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    fill(conseil)
    content = exported(reader, "mbox")
    said = {"name": "a.mbox", "size": str(len(content)), "folder": "Conseil"}
    url = reader.post("/transfers/import/", said)["Location"]
    other = signed_in(bob)
    at = 0
    while at < len(content):
        data = {"at": at, "piece": SimpleUploadedFile("p", content[at : at + 40_000])}
        assert other.post(f"{url}piece/", data).status_code == 404
        data = {"at": at, "piece": SimpleUploadedFile("p", content[at : at + 40_000])}
        at = reader.post(f"{url}piece/", data).json()["at"]
        late = {"at": 0, "piece": SimpleUploadedFile("p", content[:40_000])}
        assert reader.post(f"{url}piece/", late).json()["at"] == at
    job = Transfer.objects.get(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.done == 3


def test_a_file_that_is_too_large_is_refused(
    reader: Client, conseil: Mailbox, settings: Any, spool: Path
) -> None:
    settings.IMPORT_LIMIT = 1_000
    file = SimpleUploadedFile("a.mbox", b"x" * 2_000)
    assert reader.post("/transfers/import/", {"file": file}).status_code == 422
    said = {"name": "a.mbox", "size": "2000"}
    assert reader.post("/transfers/import/", said).status_code == 422
    assert not Transfer.objects.exists() and not list(spool.glob("*"))


def test_a_form_without_a_script_takes_a_hundred_megabytes(
    reader: Client, conseil: Mailbox
) -> None:
    file = SimpleUploadedFile("a.mbox", b"x" * 32_000_000)
    answer = reader.post("/transfers/import/", {"file": file})
    assert answer.status_code == 302
    file = SimpleUploadedFile("a.mbox", b"x" * 111_000_000)
    answer = reader.post("/transfers/import/", {"file": file})
    assert answer.status_code == 413 and "100 Mo" in words(answer)
    assert Transfer.objects.count() == 1


def test_segments_are_read_from_any_place(spool: Path) -> None:
    key = b"k" * 32
    content = bytes(range(256)) * 4000
    segments = [
        store.write(key, [content[at : at + 300_000]]) for at in range(0, 1_024_000, 300_000)
    ]
    source = io.BufferedReader(store.Source(key, segments))
    for at in (0, 999_990, 5, 300_000, 299_999, 650_000, 1_023_999, 2_000_000):
        source.seek(at)
        assert source.read(20) == content[at : at + 20]
