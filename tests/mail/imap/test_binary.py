"""Parts without their transfer encoding, cut by the server (RFC 3516)."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from mail.errors import MessageNotFound, PartNotFound
from mail.imap import connection, fetch
from mail.imap.connection import Connection
from mail.imap.values import ImapServer, MessageRef
from mail.mime.structure import Part
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, ok, selected

NOISE = b"".join(number.to_bytes(4, "little") for number in range(150_000))


@pytest.fixture
def sound(mailbox: Mailbox, ref: Callable[..., MessageRef]) -> MessageRef:
    """A message whose part 2 has 600,000 bytes, NUL among them."""
    message = EmailMessage()
    message.set_content("Écoutez.")
    message.add_attachment(NOISE, maintype="audio", subtype="mpeg", filename="chant.mp3")
    return ref(mailbox.append(message.as_bytes()))


def test_the_size_is_that_of_the_file(imap: Connection, sound: MessageRef) -> None:
    assert fetch.binary_size(imap, sound, "2") == len(NOISE)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 600_000), (0, 1), (1, 77), (299_999, 599_999), (599_990, 600_000)]
)
def test_a_span_comes_as_it_is_in_the_file(
    imap: Connection, sound: MessageRef, start: int, end: int
) -> None:
    assert b"".join(fetch.binary_chunks(imap, sound, "2", start, end)) == NOISE[start:end]


def test_an_encoding_that_nobody_knows_has_no_size(
    imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef]
) -> None:
    uid = mailbox.append(
        b"MIME-Version: 1.0\r\nContent-Type: audio/mpeg\r\n"
        b"Content-Transfer-Encoding: x-odd\r\n\r\nx"
    )
    assert fetch.binary_size(imap, ref(uid), "1") is None


def test_no_command_is_made_of_what_is_no_number(imap: Connection, sound: MessageRef) -> None:
    with pytest.raises(PartNotFound):
        fetch.binary_size(imap, sound, "2] X")
    with pytest.raises(PartNotFound):
        next(fetch.binary_chunks(imap, sound, "2]\r\nx", 0, 10))


def test_a_message_that_is_gone_is_said(imap: Connection, sound: MessageRef) -> None:
    gone = MessageRef(sound.folder, sound.uidvalidity, sound.uid + 1)
    assert fetch.binary_size(imap, gone, "2") is None
    with pytest.raises(MessageNotFound):
        next(fetch.binary_chunks(imap, gone, "2", 0, 10))


@pytest.mark.parametrize(
    ("encoding", "told", "has_more", "believed"),
    [
        (b"8bit", b"abcd", False, 4),
        (b"8bit", b"abcd", True, None),
        (b"8bit", b"abc", False, None),
        (b"base64", b"SGk=", False, 2),
        (b"base64", b"SGk=", True, None),
        (b"x-own", b"abcd", False, None),
    ],
)
def test_a_size_is_only_told_where_the_part_ends_there(
    encoding: bytes, told: bytes, has_more: bool, believed: int | None
) -> None:
    """Some servers round the sizes of the structure."""
    end = told + b"more" * has_more
    ends = b"* 1 FETCH (UID 5 BODY[2]<0> {%d}\r\n%s)\r\n" % (len(end), end)
    steps: list[tuple[str, bytes]] = [("SELECT", selected(1)), ("UID FETCH", ok(ends))]
    if encoding == b"base64" and not has_more:
        steps.append(("UID FETCH", ok(b"* 1 FETCH (UID 5 BINARY.SIZE[2] 1)\r\n")))
    part = Part("2", "application/zip", encoding=encoding.decode(), size=4)
    with ScriptedServer(imap_script(*steps, capabilities="IMAP4rev1 BINARY")) as server:
        imap = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=2), "a", "b")
        assert fetch.decoded_size(imap, MessageRef("INBOX", 7, 5), part) == believed
        imap.close()


def test_several_files_have_each_its_size(
    imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef]
) -> None:
    message = EmailMessage()
    message.set_content("Écoutez.")
    sizes = [100_000, 300, 57, 100_001, 300_002]
    for size in sizes:
        message.add_attachment(NOISE[:size], maintype="audio", subtype="mpeg")
    named = ref(mailbox.append(message.as_bytes()))
    root = fetch.structure(imap, named)
    decoded = [fetch.decoded_size(imap, named, part) for part in root.children[1:]]
    assert decoded == sizes
