"""The files that a message brings, found by their address."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers.mailboxes import Mailbox
from tests.webmail.previews import samples
from tests.webmail.views.mail import letter
from webmail import attachments
from webmail.errors import PartNotFound
from webmail.imap.connection import Connection
from webmail.imap.values import MessageRef
from webmail.previews.detect import Kind
from webmail.previews.failures import NoPreview, Reason

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
    found = attachments.look(imap, message(("a.pdf", "application/pdf", content)), "2", (), LIMIT)
    assert found.detected.kind is Kind.PDF and not found.is_whole
    assert len(found.content) < 100_000


def test_what_is_shown_from_here_is_fetched_whole(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    content = b"mot " * 100_000
    found = attachments.look(imap, message(("a.txt", "text/plain", content)), "2", (), LIMIT)
    assert found.is_whole and len(found.content) == len(content)


def test_a_path_leads_into_archives_and_messages(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    inner = letter(files=(("liste.zip", "application/zip", samples.archive({"a": b"dedans"})),))
    outer = message(("plis.zip", "application/zip", samples.archive({"m.eml": inner})))
    found = attachments.whole(imap, outer, "2", (0, 0, 0), LIMIT)
    assert found.content == b"dedans"


def test_a_path_ends_at_its_depth(imap: Connection, message: Callable[..., MessageRef]) -> None:
    deep = message(("a.zip", "application/zip", nested(4)))
    assert attachments.look(imap, deep, "2", (0, 0, 0), LIMIT).detected.kind is Kind.ARCHIVE
    with pytest.raises(PartNotFound):
        attachments.look(imap, deep, "2", (0, 0, 0, 0), LIMIT)


def test_what_is_too_large_is_a_file_without_bytes(
    imap: Connection, message: Callable[..., MessageRef]
) -> None:
    large = message(("a.txt", "text/plain", b"mot " * 100_000))
    found = attachments.look(imap, large, "2", (), 100_000)
    assert found.refusal is Reason.TOO_LARGE and found.content == b""
    assert found.file.name == "a.txt"
    with pytest.raises(NoPreview):
        attachments.whole(imap, large, "2", (), 100_000)


def test_a_message_without_sense_is_read_all_the_same() -> None:
    for content in (b"", b"\x00\xff" * 50, b"Date: never\r\nFrom: @@\r\n\r\n" + b"\xe9"):
        read = attachments.letter(content)
        assert read.date is None and isinstance(read.text, str)


def test_an_image_of_a_nested_message_is_found_by_its_number() -> None:
    content = (
        b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n"
        b"--b\r\nContent-Type: text/html\r\n\r\n<img src='cid:logo'>\r\n"
        b"--b\r\nContent-Type: image/png\r\nContent-ID: <logo>\r\n\r\nPNG\r\n--b--\r\n"
    )
    assert attachments.inline_image(content, 0) == b"PNG"
    with pytest.raises(PartNotFound):
        attachments.inline_image(content, 1)
