"""Fetching, and its price in commands: against a real Dovecot."""

from __future__ import annotations

import tracemalloc

import pytest

from mail.errors import FolderChanged, FolderNotFound, MessageNotFound, PartNotFound
from mail.imap import fetch
from mail.imap.values import SEEN, MessageRef

MIXED = b"""\
From: =?utf-8?q?Fran=C3=A7oise?= <f@exemple.fr>
Subject: Sortie
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=q

--q
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

\xc3\x80 demain.
--q
Content-Type: application/pdf; name="a.pdf"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="a.pdf"

JVBERi0xLjQKMSAwIG9iag==
--q--
"""


def test_a_page_marks_nothing_as_seen(imap, mailbox):
    uid = mailbox.append(MIXED)
    imap.select("INBOX")
    fetch.rows(imap, [uid])
    assert SEEN not in mailbox.flags(uid)


def test_one_message_has_envelope_and_structure(imap, mailbox, ref):
    named = ref(mailbox.append(MIXED))
    fetched = fetch.one(imap, named)
    assert fetched.ref == named
    assert fetched.envelope.from_[0].name == "Françoise"
    assert [part.media_type for part in fetched.structure.walk()] == [
        "multipart/mixed",
        "text/plain",
        "application/pdf",
    ]


@pytest.mark.parametrize(
    "verb",
    [
        fetch.one,
        fetch.opened,
        fetch.structure,
        fetch.headers,
        lambda imap, ref: fetch.part_bytes(imap, ref, "1", 10),
        lambda imap, ref: fetch.parts(imap, ref, ["1"], 10),
        lambda imap, ref: fetch.chunks(imap, ref, "1"),
    ],
)
def test_a_message_that_is_gone_or_elsewhere_is_said(imap, mailbox, ref, verb):
    named = ref(mailbox.append(MIXED))
    with pytest.raises(MessageNotFound):
        verb(imap, MessageRef("INBOX", named.uidvalidity, 4_000_000))
    with pytest.raises(FolderChanged):
        verb(imap, MessageRef("INBOX", named.uidvalidity + 1, named.uid))
    with pytest.raises(FolderNotFound):
        verb(imap, MessageRef("Nulle part", 1, 1))


def test_headers_are_raw(imap, mailbox, ref):
    assert fetch.headers(imap, ref(mailbox.append(MIXED))).startswith(b"From: =?utf-8?q?Fran")


def test_a_part_is_cut_at_the_limit(imap, mailbox, ref):
    named = ref(mailbox.append(MIXED))
    assert fetch.part_bytes(imap, named, "2", 4) == (b"JVBE", True)
    assert fetch.part_bytes(imap, named, "2", 24) == (b"JVBERi0xLjQKMSAwIG9iag==", False)


def test_several_parts_are_one_command(imap, mailbox, ref):
    named = ref(mailbox.append(MIXED))
    before = imap.commands
    fetched = fetch.parts(imap, named, ["1", "2", "7"], 1000)
    assert imap.commands == before + 1
    assert fetched["1"] == "À demain.".encode()
    assert fetched["2"].startswith(b"JVBE")
    assert fetched["7"] == b""


@pytest.mark.parametrize("number", ["x", "1)", "1.", "1 2", "1]\r\nX", "HEADER", "1.HEADER", "٣"])
def test_part_numbers_are_checked(imap, mailbox, ref, number):
    named = ref(mailbox.append(MIXED))
    with pytest.raises(PartNotFound):
        fetch.part_bytes(imap, named, number, 10)


def test_chunks_are_the_whole_part(imap, mailbox, ref):
    named = ref(mailbox.append(MIXED))
    source = b"".join(fetch.chunks(imap, named, "", size=100))
    assert source == mailbox.message(named.uid)
    assert b"".join(fetch.chunks(imap, named, "2", size=5)) == b"JVBERi0xLjQKMSAwIG9iag=="
    assert list(fetch.chunks(imap, named, "2", size=24)) == [b"JVBERi0xLjQKMSAwIG9iag=="]


def test_a_50_mb_message_is_listed_and_streamed_in_little_memory(imap, mailbox, ref):
    line = b"A" * 76 + b"\r\n"
    head = (
        b"Subject: Gros\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=q\r\n\r\n"
        b"--q\r\n\r\nVoir le film.\r\n"
        b"--q\r\nContent-Type: video/mp4\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    )
    size = 50 * 1024 * 1024
    message = head + line * (size // len(line)) + b"\r\n--q--\r\n"
    named = ref(mailbox.append(message))
    del message
    tracemalloc.start()
    try:
        imap.select("INBOX")
        (row,) = fetch.rows(imap, [named.uid])
        received = sum(len(piece) for piece in fetch.chunks(imap, named, "2"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert row.size > size
    assert received == row.structure.children[1].size > size - 100
    assert peak < 4 * 1024 * 1024


@pytest.mark.parametrize(
    "message",
    [
        b"\r\nPas d'en-t\xc3\xaate.\r\n",
        b"Sans en-tete ni ligne vide\r\n",
        b"Subject: \xff\xfe\x00\r\n\r\nx\r\n",
        b"From:\r\nDate: hier\r\nSubject:\r\n\r\n",
    ],
)
def test_messages_with_little_or_odd_header_are_rows(imap, mailbox, ref, message):
    uid = imap.append("INBOX", message)
    assert uid is not None
    fetched = fetch.one(imap, ref(uid))
    assert fetched.size
    assert fetched.envelope.date is None
