"""Copies of a mailbox: no message is damaged, and no different one is taken for the same."""

from __future__ import annotations

import imaplib
import io
import ipaddress
import mailbox as python_mailbox
import random
import re
import tarfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from demo.servers.dovecot import Dovecot, MailAccount
from tests.servers.mailboxes import Mailbox, quoted
from tests.webmail.views.mail import words
from webmail.models import Transfer
from webmail.transfer import jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("spool", "no_connections_left")]
State = Transfer.State
WHEN = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)
FORMS = ("mbox", "eml", "maildir")

HEAD = b"From: a@ac-exemple.fr\r\nSubject: odd\r\nDate: Tue, 3 Mar 2026 09:00:00 +0100\r\n"
ONE_ID = HEAD + b"Message-ID: <one@x>\r\n"
MIXED = ONE_ID + b'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
FILE = b"\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n%b\r\n--b--\r\n"
ODD = (
    ONE_ID + b"\r\nthe first body\r\n",
    ONE_ID + b"\r\nanother bodies\r\n",
    MIXED + FILE % b"AAAA",
    MIXED + FILE % b"AAAB",
    b"\r\nno header, one\r\n",
    b"\r\nno header, two\r\n",
    b"no header at all\r\n",
    b"Subject: no end of the header",
    b"Subject: no end of the headed",
    b"X-Only: a field\r\n\r\na text\r\n",
    b"X-Only: a field\r\n\r\nb text\r\n",
    HEAD + b"\r\ncr\ralone\rhere\r\r",
    HEAD.replace(b"\r\n", b"\r") + b"\ra mac\r",
    HEAD.replace(b"\r\n", b"\n") + b"\nlf alone\n",
    HEAD.replace(b"\r\n", b"\r\r\n") + b"\r\r\ncr cr lf\r\r\n\r\r\nend\r\r\n",
    HEAD.replace(b"\r\n", b"\r\r\r\n") + b"\r\r\r\nmore\r\r\r\r\nend",
    HEAD + b"\r\nnul \0 in it\0\0\r\n",
    HEAD + b"X-\xe9t\xe9: \xff\xfe\r\n\r\n8 bits \xe9\xe8\x80\xff\r\n",
    b"Subject: " + b"x" * 300_000 + b"\r\nMessage-ID: <late@x>\r\n\r\na\r\n",
    b"Subject: " + b"x" * 300_000 + b"\r\nMessage-ID: <late@x>\r\n\r\nb\r\n",
    b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(6_000)) + b"\r\nmany\r\n",
    b"Status: RO\r\nX-Status: AF\r\nX-Keywords: mine\r\nX-Mozilla-Keys: mine\r\n"
    b"X-UID: 7\r\nX-Mozilla-Status: 0009\r\nSubject: its own\r\n\r\nx\r\n",
    HEAD + b"Status: O\r\nX-Status: D\r\nX-Mozilla-Status: 0009\r\n\r\nits own\r\n",
    b"From a@b Tue Mar  3 09:00:00 2026\r\nSubject: a From_ line\r\n\r\nx\r\n",
    HEAD
    + b"\r\nFrom here\r\n>From\r\n\r\nFrom a@b Tue Mar  3 09:00:00 2026\r\nTo: x\r\n\r\n>>From\r\n",
    HEAD + b"\r\nFrom a@b Tue Mar  3 09:00:00 2026\r\nReceived: by x\r\n\r\nwithin\r\n",
    HEAD + b"\r\n" + b"y" * 5_000 + b"\r\nno end",
    HEAD + b"\r\n\r\n\r\nempty lines\r\n\r\n\r\n",
    b"\xef\xbb\xbf" + HEAD + b"\r\na mark of byte order\r\n",
    b": \r\n\r\n",
    b" \r\n",
)


def same(raw: bytes) -> bytes:
    """A message but for what docs/transfer.md says of it: line ends, NUL, the end of its last
    line."""
    return re.sub(rb"\r*\n|\r", b"\r\n", raw.replace(b"\0", b"\x80")).rstrip(b"\r\n")


def held(mailbox: Mailbox, folder: str) -> Counter[bytes]:
    return Counter(map(same, mailbox.messages(folder)))


def fill(mailbox: Mailbox, folder: str, messages: tuple[bytes, ...] = ODD) -> None:
    """Append messages as they are: imaplib's own append makes CRLF of every line end."""
    imap: Any = mailbox.imap
    for raw in messages:
        imap.literal = raw.replace(b"\0", b"\x80")
        when = imaplib.Time2Internaldate(WHEN)
        answer, lines = imap._simple_command("APPEND", quoted(folder), "()", when)
        assert answer == "OK", lines


def marks(mailbox: Mailbox, folder: str) -> list[tuple[bytes, frozenset[str], bytes]]:
    found = []
    for uid in mailbox.uids(folder):
        raw, flags = mailbox.message(uid, folder), mailbox.flags(uid, folder)
        mailbox.uids(folder)
        _, (answer, *_) = mailbox.imap.uid("FETCH", str(uid), "(INTERNALDATE)")
        date = re.search(rb'INTERNALDATE "([^"]*)"', answer)
        found.append((same(raw), frozenset(flags), date[1] if date else b""))
    return sorted(found, key=lambda one: (one[0], sorted(one[1])))


def exported(reader: Client, form: str, folder: str) -> bytes:
    where = f"/mail/{folder}/export/" if folder else "/transfers/export/"
    assert reader.post(where, {"form": form}).status_code == 302
    job = done()
    return b"".join(jobs.content(job))


def brought(reader: Client, content: bytes, folder: str = "", **more: str) -> Transfer:
    file = SimpleUploadedFile(more.pop("name", "a"), content)
    answer = reader.post("/transfers/import/", {"file": file, "folder": folder, **more})
    assert answer.status_code == 302, words(answer)
    return done()


def done() -> Transfer:
    job = Transfer.objects.get(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def counts(job: Transfer, folder: str) -> list[int]:
    """Filed, known, identical, refused, left and missing messages."""
    found: list[int] = job.work["tallies"][folder]
    return found


@pytest.fixture
def elsewhere(dovecot: Dovecot, bob: MailAccount, settings: Any) -> Iterator[Mailbox]:
    settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    box = Mailbox(dovecot, bob)
    box.empty()
    yield box
    box.close()


@pytest.fixture
def collected(reader: Client, dovecot: Dovecot, bob: MailAccount) -> Callable[[], Transfer]:
    def collect() -> Transfer:
        data = {
            "server": f"127.0.0.1:{dovecot.imap_port}",
            "login": bob.login,
            "password": bob.password,
            "new": "Autre",
        }
        assert reader.post("/transfers/account/", data).status_code == 302
        return done()

    return collect


@pytest.mark.parametrize("form", FORMS)
def test_odd_messages_come_back_as_they_were(reader: Client, mailbox: Mailbox, form: str) -> None:
    mailbox.create_folder("Retour")
    fill(mailbox, "INBOX")
    before = held(mailbox, "INBOX")
    assert len(before) == len(ODD)
    content = exported(reader, form, "INBOX")
    job = brought(reader, content, "Retour")
    assert held(mailbox, "Retour") == before
    assert (job.done, job.known, job.refused) == (len(ODD), 0, 0)
    again = brought(reader, content, "Retour")
    assert (again.done, again.known, again.refused) == (0, len(ODD), 0)
    assert held(mailbox, "Retour") == before


def test_odd_messages_of_another_account_come_as_they_are(
    mailbox: Mailbox, elsewhere: Mailbox, collected: Callable[[], Transfer]
) -> None:
    fill(elsewhere, "INBOX")
    job = collected()
    assert held(mailbox, "Autre/INBOX") == held(elsewhere, "INBOX")
    assert counts(job, "Autre/INBOX") == [len(ODD), 0, 0, 0, 0, 0]
    again = collected()
    assert counts(again, "Autre/INBOX") == [0, len(ODD), 0, 0, 0, 0]
    assert held(mailbox, "Autre/INBOX") == held(elsewhere, "INBOX")


def test_another_message_of_the_same_id_and_size_is_not_there_already(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, collected: Callable[[], Transfer]
) -> None:
    first, other = ODD[:2]
    assert len(first) == len(other)
    mailbox.create_folder("Autre/INBOX")
    fill(mailbox, "Autre/INBOX", (first,))
    fill(elsewhere, "INBOX", (other,))
    assert counts(collected(), "Autre/INBOX") == [1, 0, 0, 0, 0, 0]
    assert held(mailbox, "Autre/INBOX") == Counter([same(first), same(other)])
    mailbox.create_folder("Retour")
    fill(mailbox, "Retour", (first,))
    job = brought(reader, b"From a@b Tue Mar  3 09:00:00 2026\n" + other, "Retour")
    assert counts(job, "Retour") == [1, 0, 0, 0, 0, 0]


@pytest.mark.parametrize("kind", ["zip", "maildir"])
def test_odd_files_come_as_they_are(reader: Client, mailbox: Mailbox, kind: str) -> None:
    mailbox.create_folder("Retour")
    file = io.BytesIO()
    odd = [raw for raw in ODD if raw.startswith((b"Subject", b"From:"))] if kind == "zip" else ODD
    if kind == "zip":
        with zipfile.ZipFile(file, "w") as made:
            for number, raw in enumerate(odd):
                made.writestr(f"{number}.eml", raw)
    else:
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for number, raw in enumerate(odd):
                member = tarfile.TarInfo(f"Maildir/cur/1764061200.{number}.x:2,S")
                member.size = len(raw)
                tar.addfile(member, io.BytesIO(raw))
    job = brought(reader, file.getvalue(), "Retour")
    assert (job.done, job.known, job.work["refused"]) == (len(odd), 0, [])
    assert held(mailbox, "Retour") == Counter(map(same, odd))


def test_five_hundred_random_messages_come_back(reader: Client, mailbox: Mailbox) -> None:
    chance = random.Random(20261202)  # noqa: S311  the same messages each time
    bits = (b"\r\n", b"\n", b"\r", b"From ", b"From a Tue Mar  3 09:00:00 2026\r\n", b"a: b", b">",
            b"Message-ID: <m@x>\r\n", b"Subject: s\r\n", b"\xe9", b" ", b"x", b"Status: D\r\n",
            b"\r\r\n", b"\x80")  # fmt: skip
    made = sorted({b"".join(chance.choices(bits, k=chance.randint(1, 30))) for _ in range(500)})
    # In this order, one whose empty header is followed by a Message-ID is the first to be compared.
    random.Random(7).shuffle(made)  # noqa: S311  the same order each time
    odd = {same(raw): raw for raw in made if same(raw).strip()}
    mailbox.create_folder("Aller")
    mailbox.create_folder("Retour")
    fill(mailbox, "Aller", tuple(odd.values()))
    before = held(mailbox, "Aller")
    for form in FORMS:
        job = brought(reader, exported(reader, form, "Aller"), "Retour")
        assert held(mailbox, "Retour") == before, form
        assert job.done + job.known == len(odd)
    assert job.known == len(odd)


@pytest.mark.parametrize("form", FORMS)
def test_flags_dates_and_keywords_come_along(reader: Client, mailbox: Mailbox, form: str) -> None:
    flags: tuple[list[str], ...] = (
        [], ["\\Seen"], ["\\Seen", "\\Answered"], ["\\Flagged", "$Forwarded"], ["\\Draft"],
        ["$label1", "Conseil"], ["\\Seen", "Conseil", "&AOk-t&AOk-"],
    )  # fmt: skip
    for number, own in enumerate(flags):
        raw = b"Subject: %d\r\nFrom: a@b\r\n\r\nx\r\n" % number
        mailbox.append(raw, flags=own, date=WHEN.replace(hour=number))
    mailbox.create_folder("Retour")
    brought(reader, exported(reader, form, "INBOX"), "Retour")
    assert marks(mailbox, "Retour") == marks(mailbox, "INBOX")


@pytest.mark.parametrize("form", FORMS)
def test_empty_folders_come_along(reader: Client, mailbox: Mailbox, form: str) -> None:
    mailbox.create_folder("Vide")
    mailbox.create_folder("Projets/Été")
    mailbox.append(b"Subject: a\r\nFrom: a@b\r\n\r\nx\r\n", "Projets/Été")
    mailbox.create_folder("Projets/Été/Sans rien")
    brought(reader, exported(reader, form, ""), new="Retour")
    assert {"Retour/Vide", "Retour/Projets/Été/Sans rien"} <= set(mailbox.folders())


def test_empty_folders_of_another_account_come_along(
    mailbox: Mailbox, elsewhere: Mailbox, collected: Callable[[], Transfer]
) -> None:
    elsewhere.create_folder("Vide")
    collected()
    assert "Autre/Vide" in mailbox.folders()


def test_equal_messages_are_told_from_those_that_were_there(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Retour")
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %b\nFrom: a@b\n\nx\n\n"
    content = one % b"a" * 3 + one % b"b"
    job = brought(reader, content, "Retour")
    assert counts(job, "Retour") == [2, 0, 2, 0, 0, 0]
    assert counts(brought(reader, content, "Retour"), "Retour") == [0, 4, 0, 0, 0, 0]
    page = words(reader.get(f"/transfers/{job.pk}/"))
    assert "2 messages importés" in page and "déjà" not in page
    assert "2 étaient identiques à un autre" in page


def test_the_lists_of_others_are_not_believed(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Retour")
    raw = b"Subject: a\r\nFrom: a@b\r\n\r\nx\r\n"
    hostile = (
        b'[\n{"file": "a.eml", "flags": ["\\\\Deleted", "a b", "\\r\\nX", 7, "ok"],'
        b' "received": 1}\n'
        b'{"file": ["a"]}\n{"flags": 1}\n' + b"[" * 10_000 + b"\n{" + b'"a":{' * 10_000 + b"\n]"
    )
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("a.eml", raw)
        made.writestr("messages.json", hostile)
    job = brought(reader, file.getvalue(), "Retour")
    assert (job.state, job.done, job.refused) == (State.DONE, 1, 0)
    (uid,) = mailbox.uids("Retour")
    assert mailbox.flags(uid, "Retour") == {"ok"}


# --- files of other programs ---


def test_junk_before_the_first_message_costs_no_message(reader: Client, mailbox: Mailbox) -> None:
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\nFrom: a@b\n\nx\n\n"
    both = one % 1 + one % 2
    starts = (b"\xef\xbb\xbf", b"a line\n", b"\0" * 600 + b"\n\n", b'{"a": 1}\n\n', b"\n\r\n")
    for number, start in enumerate(starts):
        mailbox.create_folder(f"R{number}")
        job = brought(reader, start + both, f"R{number}", name="Boîte.mbox")
        assert (job.state, job.done) == (State.DONE, 2), start
        is_told = start.strip() not in (b"", b"\xef\xbb\xbf")
        assert job.refused == is_told, start
        page = words(reader.get(f"/transfers/{job.pk}/"))
        assert ("ne fait partie d’aucun message" in page) == is_told


def test_a_message_that_lost_its_from_line_is_one(reader: Client, mailbox: Mailbox) -> None:
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\nFrom: a@b\n\nx\n\n"
    mailbox.create_folder("Retour")
    job = brought(reader, (one % 1).partition(b"\n")[2] + one % 2, "Retour", name="a.mbox")
    assert (job.done, job.refused) == (2, 0)


def test_text_between_messages_is_told(reader: Client, mailbox: Mailbox) -> None:
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\nFrom: a@b\n\nx\n\n"
    mailbox.create_folder("Retour")
    job = brought(reader, one % 1 + b"garbage \x01\x02\n" + one % 2, "Retour")
    assert (job.done, job.refused) == (2, 0)
    assert mailbox.messages("Retour")[0].endswith(b"garbage \x01\x02\r\n")
    page = words(reader.get(f"/transfers/{job.pk}/"))
    assert "sans ligne vide" in page


def test_pythons_mbox_loses_no_message(reader: Client, mailbox: Mailbox, tmp_path: Path) -> None:
    made: Any = python_mailbox.mbox(tmp_path / "a.mbox")
    raws = [b"Subject: %d\nFrom: a@b\n\nFrom here\n%b" % (n, end) for n, end in
            enumerate((b"x", b"x\n", b"x\n\n"))]  # fmt: skip
    for raw in raws:
        message = python_mailbox.mboxMessage(raw)
        message.set_flags("RAF")
        message.set_from("a@b", WHEN.timetuple())
        made.add(message)
    made.close()
    mailbox.create_folder("Retour")
    job = brought(reader, (tmp_path / "a.mbox").read_bytes(), "Retour")
    assert (job.done, job.refused) == (3, 0)
    found = marks(mailbox, "Retour")
    assert [one[0] for one in found] == sorted(map(same, raws))
    assert {one[1] for one in found} == {frozenset({"\\Seen", "\\Answered", "\\Flagged"})}
    assert {one[2] for one in found} == {b"01-Mar-2024 00:59:58 +0100"}


def test_thunderbirds_keywords_come_along(reader: Client, mailbox: Mailbox) -> None:
    content = (
        b"From - Tue Mar 03 09:00:00 2026\nX-Mozilla-Status: 1005\nX-Mozilla-Status2: 00000000\n"
        b"X-Mozilla-Keys: $label1 conseil                   \nSubject: a\nStatus: mine\n\nx\n\n"
    )
    mailbox.create_folder("Retour")
    brought(reader, content, "Retour")
    (uid,) = mailbox.uids("Retour")
    wanted = {"\\Seen", "\\Flagged", "$Forwarded", "$label1", "conseil"}
    assert mailbox.flags(uid, "Retour") == wanted
    assert mailbox.message(uid, "Retour") == b"Subject: a\r\nStatus: mine\r\n\r\nx\r\n"


def test_a_maildir_of_dovecot_keeps_its_keywords(reader: Client, mailbox: Mailbox) -> None:
    raw = b"Subject: a\r\nFrom: a@b\r\n\r\nx\r\n"
    file = io.BytesIO()
    files = {
        "Maildir/.Conseil/cur/1764061200.M1P1.host,S=40:2,FSab": raw,
        "Maildir/.Conseil/dovecot-keywords": b"0 $label1\n1 Conseil\n2 Autre\n30 x\nnone\n",
        "Maildir/.Conseil/dovecot-uidlist": b"3 V1 N2\n",
        "Maildir/.Conseil/dovecot.index.cache": b"\0" * 50,
        "Maildir/.Conseil/maildirfolder": b"",
        "Maildir/subscriptions": b"Conseil\n",
    }
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name in ("cur", "new", "tmp"):
            folder = tarfile.TarInfo(f"Maildir/.Vide/{name}")
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    job = brought(reader, file.getvalue(), new="TB")
    assert (job.done, job.refused) == (1, 0)
    (uid,) = mailbox.uids("TB/Conseil")
    assert mailbox.flags(uid, "TB/Conseil") == {"\\Seen", "\\Flagged", "$label1", "Conseil"}
    assert "TB/Vide" in mailbox.folders()


@pytest.mark.parametrize(
    ("content", "name", "advice"),
    [
        (b"!BDN" + b"\0" * 600, "Outlook.pst", "Outlook"),
        (b"", "Archive.olm", "Outlook pour Mac"),
    ],
)
def test_stores_of_outlook_are_refused_with_advice(
    reader: Client, mailbox: Mailbox, content: bytes, name: str, advice: str
) -> None:
    if not content:
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w") as made:
            made.writestr("Local/com.microsoft.__Messages/Inbox/message_00001.xml", b"<x/>")
        content = file.getvalue()
    job = brought(reader, content, name=name)
    assert job.state == State.FAILED and job.done == 0
    page = words(reader.get(f"/transfers/{job.pk}/"))
    assert advice in page and "Thunderbird" in page


# --- sums and going on ---


def test_what_is_missing_at_the_end_is_told(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox.create_folder("Retour")
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\nFrom: a@b\n\nx\n\n"
    check = jobs.importing.Depositor.check

    def lose(depositor: Any) -> None:
        mailbox.set_flags(mailbox.uids("Retour")[0], ["\\Deleted"], "Retour")
        mailbox.imap.expunge()
        check(depositor)

    monkeypatch.setattr(jobs.importing.Depositor, "check", lose)
    job = brought(reader, one % 1 + one % 2, "Retour")
    assert counts(job, "Retour") == [2, 0, 0, 0, 0, 1]
    assert "1 message importé n’est plus dans son dossier" in words(
        reader.get(f"/transfers/{job.pk}/")
    )


def test_a_stopped_import_goes_on(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Retour")
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\nFrom: a@b\n\nx\n\n"
    file = SimpleUploadedFile("a", one % 1 + one % 2)
    reader.post("/transfers/import/", {"file": file, "folder": "Retour"})
    job = Transfer.objects.get()
    reader.post(f"/transfers/{job.pk}/cancel/")
    page = words(reader.get(f"/transfers/{job.pk}/"))
    assert "Arrêté" in page and "Continuer" in page
    reader.post(f"/transfers/{job.pk}/resume/")
    assert done().done == 2
    assert len(mailbox.uids("Retour")) == 2
