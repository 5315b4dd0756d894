"""The files that a message brings, found by their address."""

from __future__ import annotations

import base64
from collections.abc import Callable

import pytest

from mail.errors import PartNotFound
from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox.reading import EnclosedMessage
from mail.previews.detect import Kind
from mail.previews.failures import NoPreview, Reason
from tests.mail.previews import samples
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.reader import attachments

LIMIT = 1_000_000


@pytest.fixture
def message(mailbox: Mailbox, ref: Callable[..., MessageRef]) -> Callable[..., MessageRef]:
    """`message(("a.zip", "application/zip", bytes))`: a letter with these files."""
    return lambda *files: ref(mailbox.append(letter(files=files)))


def nested(depth: int) -> bytes:
    content = samples.archive({"fin.txt": b"au fond"})
    for _ in range(depth):
        content = samples.archive({"x.zip": content})
    return content


def test_what_the_beginning_tells_is_not_fetched_whole(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    content = samples.PDF + b"%" * 500_000
    attachment = attachments.look(
        imap, message(("a.pdf", "application/pdf", content)), "2", (), LIMIT
    )
    assert attachment.detected.kind is Kind.PDF and not attachment.is_whole
    assert len(attachment.content) < 100_000


def test_what_is_shown_from_here_is_fetched_whole(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    content = b"mot " * 100_000
    attachment = attachments.look(imap, message(("a.txt", "text/plain", content)), "2", (), LIMIT)
    assert attachment.is_whole and len(attachment.content) == len(content)


def test_a_path_leads_into_archives_and_messages(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    inner = letter(files=(("liste.zip", "application/zip", samples.archive({"a": b"dedans"})),))
    outer = message(("plis.zip", "application/zip", samples.archive({"m.eml": inner})))
    message_inside = attachments.whole(imap, outer, "2", (0,), LIMIT)
    (zipped,) = attachments.inner_files(message_inside).openable
    attachment = attachments.whole(imap, outer, "2", (0, zipped, 0), LIMIT)
    assert attachment.content == b"dedans"
    with pytest.raises(PartNotFound):
        attachments.whole(imap, outer, "2", (0, zipped + 1), LIMIT)


def test_a_path_ends_at_its_depth(imap: Connection, message: Callable[..., MessageRef]) -> None:
    deep = message(("a.zip", "application/zip", nested(4)))
    assert attachments.look(imap, deep, "2", (0, 0, 0), LIMIT).detected.kind is Kind.ARCHIVE
    with pytest.raises(PartNotFound):
        attachments.look(imap, deep, "2", (0, 0, 0, 0), LIMIT)


def test_what_is_too_large_is_a_file_without_bytes(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    large = message(("a.txt", "text/plain", b"mot " * 100_000))
    attachment = attachments.look(imap, large, "2", (), 100_000)
    assert attachment.refusal is Reason.TOO_LARGE and attachment.content == b""
    assert attachment.file.name == "a.txt"
    with pytest.raises(NoPreview):
        attachments.whole(imap, large, "2", (), 100_000)


def carrying(inner: bytes, encoding: str = "8bit") -> bytes:
    """A letter with a message in it."""
    head = (
        "Subject: Tr\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=grenze\n\n"
        "--grenze\n\nVoir.\n--grenze\nContent-Type: message/rfc822\n"
        f"Content-Transfer-Encoding: {encoding}\n\n"
    )
    return head.encode() + inner + b"\n--grenze--\n"


RELATED = (
    b"From: Zo\xc3\xa9 <z@x.fr>\nSubject: Logo\nMIME-Version: 1.0\n"
    b"Content-Type: multipart/related; boundary=b\n\n"
    b"--b\nContent-Type: text/html\n\n<p>Voil\xc3\xa0</p><img src='cid:logo'>\n"
    b"--b\nContent-Type: image/png\nContent-ID: <logo>\n\nPNG\n"
    b"--b\nContent-Type: image/png; name=autre.png\nContent-ID: <unused>\n\nAUTRE\n--b--\n"
)


@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_a_nested_message_is_read_whether_the_server_took_it_apart_or_not(
    imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef], encoding: str
) -> None:
    inner = RELATED if encoding == "8bit" else base64.encodebytes(RELATED)
    outer = ref(mailbox.append(carrying(inner, encoding)))
    nested = attachments.nested(imap, outer, "2", (), LIMIT)
    assert (nested.steps is None) == (encoding == "8bit")
    assert nested.message.envelope.subject == "Logo"
    assert [address.name for address in nested.message.envelope.from_] == ["Zoé"]
    rendered = nested.message.rendered
    assert rendered is not None and "Voilà" in rendered.html.body
    # An image that the HTML does not use is an attachment, as in any message.
    assert [part.file_name for part in nested.message.shown.attachments] == ["autre.png"]
    image = rendered.inline[0]
    assert image is not None
    content = attachments.part_of_nested(imap, outer, "2", (), image, LIMIT)
    assert content.strip() == b"PNG"


def test_a_nested_message_is_fetched_in_pieces(
    imap: Connection, mailbox: Mailbox, ref: Callable[..., MessageRef]
) -> None:
    files = (("bruit.bin", "application/octet-stream", bytes(2_000_000)),)
    inner = letter(body="Peu de mots.", files=files)
    outer = ref(mailbox.append(carrying(inner)))
    before = imap.commands
    nested = attachments.nested(imap, outer, "2", (), 10_000)
    assert imap.commands - before == 2  # the structure, the text
    assert nested.message.text.strip() == "Peu de mots."
    assert [part.number for part in nested.message.shown.attachments] == ["2.2"]


def test_what_is_no_message_is_not_read_as_one(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    outer = message(("a.txt", "text/plain", b"Subject: x\n\ny"))
    with pytest.raises(PartNotFound):
        attachments.nested(imap, outer, "2", (), LIMIT)


def test_a_message_without_sense_is_read_all_the_same() -> None:
    for content in (b"", b"\x00\xff" * 50, b"Date: never\r\nFrom: @@\r\n\r\n" + b"\xe9"):
        read = EnclosedMessage.of(content).message()
        assert read.envelope.date is None and isinstance(read.text, str)
