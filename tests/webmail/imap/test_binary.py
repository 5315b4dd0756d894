"""Parts without their transfer encoding, cut by the server (RFC 3516)."""

from __future__ import annotations

from collections.abc import Callable
from email.message import EmailMessage

import pytest

from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, ok, selected
from webmail.errors import MessageNotFound, PartNotFound
from webmail.imap import connection, fetch
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef, Server
from webmail.mime.structure import Part

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
    ("encoding", "told", "believed"),
    [
        ("base64", 3000, 3000),
        ("base64", 3001, None),
        ("8bit", 4000, 4000),
        ("8bit", 4096, None),
        ("7bit", 3999, None),
        ("quoted-printable", 1500, 1500),
        ("quoted-printable", 4001, None),
    ],
)
def test_a_size_that_cannot_be_is_not_believed(
    encoding: str, told: int, believed: int | None
) -> None:
    steps = (
        ("SELECT", selected(1)),
        ("UID FETCH", ok(b"* 1 FETCH (UID 5 BINARY.SIZE[2] %d)\r\n" % told)),
    )
    part = Part("2", "application/zip", encoding=encoding, size=4000)
    with ScriptedServer(imap_script(*steps, capabilities="IMAP4rev1 BINARY")) as server:
        imap = connection.open(Server("127.0.0.1", server.port, "none", timeout=2), "a", "b")
        assert fetch.decoded_size(imap, MessageRef("INBOX", 7, 5), part) == believed
        imap.close()
