"""Files of a message being written: stored once and sealed, whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.utils import timezone
from pytest_django import Settings

from accounts.models import MailDomain, User
from demo.servers.submission import SubmissionServer
from mail.errors import FileRefused, MessageNotFound, PartNotFound, TooLarge
from mail.imap.connection import Connection
from tests.servers.mailboxes import Mailbox
from webmail.models import Draft, DraftFile
from webmail.writing import drafts, files

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
NUMBER = uuid.UUID(int=78)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")
MIXED = (
    b"Subject: Pi\xc3\xa8ces\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
    b"--b\nContent-Type: text/plain\n\nVoici.\n--b\nContent-Type: application/pdf; name=a.pdf\n"
    b"Content-Transfer-Encoding: base64\n\nJVBERi0xLjQ=\n--b--\n"
)


@pytest.fixture
def draft(claire: User) -> Draft:
    return drafts.begin(claire, NUMBER)


def content(row: DraftFile) -> bytes:
    with files.open_(row) as file:
        return file.read()


def test_a_file_comes_back_as_it_was(claire: User, draft: Draft) -> None:
    sent = [b"a" * 300_000, b"b"]
    row = files.add(claire, draft, "liste.csv", "text/csv; charset=utf-8", sent, announced=300_001)
    assert content(row) == b"".join(sent)
    about = files.about(row)
    assert (about.name, about.media_type, about.size) == ("liste.csv", "text/csv", 300_001)


def test_the_spool_shows_nothing_of_a_file(claire: User, draft: Draft, spool: Path) -> None:
    files.add(claire, draft, "secret.txt", "text/plain", [b"tr\xc3\xa8s secret"])
    (path,) = spool.iterdir()
    assert b"secret" not in path.read_bytes() and "secret" not in path.name
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("chunks", "announced", "reason"),
    [
        ([b"half"], 8, "cut"),
        ([b"more than was said"], 4, "cut"),
        ([], 0, "empty"),
        ([b""], None, "empty"),
    ],
)
def test_what_is_not_as_announced_leaves_nothing(
    claire: User, draft: Draft, spool: Path, chunks: list[bytes], announced: int, reason: str
) -> None:
    with pytest.raises(FileRefused) as refused:
        files.add(claire, draft, "a", "text/plain", chunks, announced=announced)
    assert refused.value.reason == reason
    assert not DraftFile.objects.exists() and list(spool.iterdir()) == []


def test_a_browser_that_goes_away_leaves_nothing(claire: User, draft: Draft, spool: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 600_000
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        files.add(claire, draft, "a", "text/plain", broken())
    assert not DraftFile.objects.exists() and list(spool.iterdir()) == []


def test_what_is_too_large_is_refused_before_it_comes_and_while_it_comes(
    claire: User, draft: Draft, spool: Path, settings: Settings
) -> None:
    settings.MESSAGE_LIMIT = 200_000
    asked = False

    def chunks() -> Iterator[bytes]:
        nonlocal asked
        asked = True
        yield b"x" * 100_000

    with pytest.raises(TooLarge):
        files.add(claire, draft, "a", "text/plain", chunks(), announced=100_000)
    assert not asked
    with pytest.raises(TooLarge) as told:
        files.add(claire, draft, "a", "text/plain", chunks())
    assert 90_000 < told.value.limit < 100_000
    assert list(spool.iterdir()) == []


def test_files_of_one_message_share_its_room(
    claire: User, draft: Draft, settings: Settings
) -> None:
    settings.MESSAGE_LIMIT = 200_000
    row = files.add(claire, draft, "a", "text/plain", [b"x" * 60_000])
    with pytest.raises(TooLarge):
        files.add(claire, draft, "b", "text/plain", [b"x" * 60_000])
    files.remove(row)
    files.add(claire, draft, "b", "text/plain", [b"x" * 60_000])


def test_there_is_an_end_to_the_number_of_files(
    claire: User, draft: Draft, settings: Settings
) -> None:
    settings.FILES_PER_MESSAGE = 2
    for _ in range(2):
        files.add(claire, draft, "a", "text/plain", [b"x"])
    with pytest.raises(FileRefused) as refused:
        files.add(claire, draft, "a", "text/plain", [b"x"])
    assert refused.value.reason == "many"


def test_there_is_an_end_to_the_spool_of_one_person(
    claire: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.MESSAGE_LIMIT = 200_000
    monkeypatch.setattr(files, "MOST_MESSAGES", 1)
    for _ in range(3):
        files.add(claire, drafts.begin(claire, uuid.uuid4()), "a", "", [b"x" * 60_000])
    with pytest.raises(TooLarge):
        files.add(claire, drafts.begin(claire, uuid.uuid4()), "a", "", [b"x" * 60_000])


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("C:\\Users\\claire\\bulletin.pdf", "bulletin.pdf"),
        ("../../etc/passwd", "passwd"),
        ("dir/sous/été.pdf", "été.pdf"),
        ("facture\u202efdp.exe", "facturefdp.exe"),
        ("a\r\nBcc: x@y.example.pdf", "a Bcc_ x@y.example.pdf"),
        ("\x00\x01", "fichier"),
        ("", "fichier"),
    ],
)
def test_a_name_says_no_path_and_hides_nothing(typed: str, kept: str) -> None:
    assert files.safe_name(typed) == kept


def test_a_very_long_name_keeps_its_ending() -> None:
    name = files.safe_name("n" * 10_000 + ".pdf")
    assert len(name) == 200 and name.endswith("n.pdf")


@pytest.mark.parametrize(
    "claimed", ["multipart/mixed", "text/html\r\nX: y", "nonsense", "", "a/b/c"]
)
def test_a_type_that_is_none_is_bytes(claimed: str) -> None:
    assert files.checked_type(claimed) == "application/octet-stream"


def test_an_image_of_the_text_is_one_by_its_bytes(claire: User, draft: Draft, spool: Path) -> None:
    row = files.add(claire, draft, "a.gif", "image/gif", [PNG], cid="1@x")
    assert row.is_inline and files.about(row).media_type == "image/png"
    with pytest.raises(FileRefused) as refused:
        files.add(claire, draft, "a.png", "image/png", [b"<svg onload=alert(1)>"], cid="2@x")
    assert refused.value.reason == "image"
    assert len(list(spool.iterdir())) == 1


def test_another_persons_file_is_not_there(claire: User, paul: User, draft: Draft) -> None:
    row = files.add(claire, draft, "a", "text/plain", [b"x"])
    assert files.find(claire, NUMBER, row.pk) == row
    with pytest.raises(PartNotFound):
        files.find(paul, NUMBER, row.pk)
    with pytest.raises(PartNotFound):
        files.find(claire, uuid.uuid4(), row.pk)


def test_files_stand_in_the_order_they_were_put_in(claire: User, draft: Draft) -> None:
    one, two = (files.add(claire, draft, name, "", [b"x"]) for name in "ab")
    other = files.add(claire, drafts.begin(claire, uuid.uuid4()), "c", "", [b"x"])
    numbers = [str(two.pk), "nonsense", str(other.pk), str(one.pk), str(two.pk)]
    assert files.named(draft, numbers) == (two, one)


def test_a_part_stays_on_the_server_until_it_is_needed(
    claire: User, draft: Draft, imap: Connection, mailbox: Mailbox, ref, spool: Path
) -> None:
    origin = ref(mailbox.append(MIXED))
    row = files.of_part(claire, draft, origin, "2", "a.pdf", "application/pdf", 8)
    assert not spool.exists()
    with pytest.raises(PartNotFound):
        files.open_(row)
    row = files.fetch(imap, row)
    assert content(row) == b"%PDF-1.4"
    mailbox.empty()
    assert files.fetch(imap, row) == row  # it has what it needs
    assert files.about(row).origin == origin


def test_a_whole_message_is_fetched_as_it_lies_there(
    claire: User, draft: Draft, imap: Connection, mailbox: Mailbox, ref
) -> None:
    uid = mailbox.append(MIXED)
    row = files.of_part(claire, draft, ref(uid), "", "Pièces.eml", "message/rfc822", 300)
    assert content(files.fetch(imap, row)) == mailbox.message(uid)


def test_a_part_whose_message_went_leaves_nothing(
    claire: User, draft: Draft, imap: Connection, mailbox: Mailbox, ref, spool: Path
) -> None:
    row = files.of_part(claire, draft, ref(mailbox.append(MIXED)), "2", "a.pdf", "", 8)
    mailbox.empty()
    with pytest.raises(MessageNotFound):
        files.fetch(imap, row)
    assert list(spool.iterdir()) == []


def test_what_nothing_needs_goes_from_the_spool(claire: User, draft: Draft, spool: Path) -> None:
    kept, removed = (files.add(claire, draft, name, "", [b"x"]) for name in "ab")
    files.remove(removed)
    lost = spool / f"{'0' * 32}.sealed"
    lost.write_bytes(b"of a server that was killed")
    files.prune()
    assert len(list(spool.iterdir())) == 3  # neither is old enough
    week_ago = timezone.now() - timedelta(days=8)
    DraftFile.objects.filter(pk=removed.pk).update(removed=week_ago)
    for path in spool.iterdir():
        os.utime(path, (week_ago.timestamp(), week_ago.timestamp()))
    files.prune()
    assert [path.name for path in spool.iterdir()] == [f"{kept.spool}.sealed"]


def test_the_submission_servers_own_limit_counts(
    submission: SubmissionServer, mail_domain: MailDomain, settings: Settings
) -> None:
    settings.MESSAGE_LIMIT = 10**9
    assert files.room(mail_domain, asks=False) > 10**8  # a page does not wait for it
    told = files.room(mail_domain)
    assert told < 10**8
    assert files.room(mail_domain, asks=False) == told
    mail_domain.smtp_port = 1  # silent
    cache.clear()
    assert files.room(mail_domain) > told
