"""8-bit messages for servers that take seven: read again by the standard library."""

from __future__ import annotations

import email
import email.policy
from email.message import Message
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime import build, structure
from mail.mime.seven_bits import in_seven_bits
from tests.examples import up_to

HEAD = b"From: a@x.fr\r\nSubject: Bonjour\r\nMIME-Version: 1.0\r\n"
TEXT = b"Content-Type: text/plain; charset=utf-8\r\n"
EIGHT = b"Content-Transfer-Encoding: 8bit\r\n"
WORDS = "Été.\r\nÀ demain.\r\n".encode()
_PIECES = [
    *(b"\r\n", b"\n", b"\r", b"\r\n\r\n", b"--b\r\n", b"\r\n--b--\r\n", b"\xe9", b"\0", b"a"),
    *(TEXT, EIGHT, WORDS, b"Content-Type: message/rfc822\r\n", b"MIME-Version: 1.0\r\n"),
    *(b"Content-Type: multipart/mixed; boundary=b\r\n", b"Content-Transfer-Encoding:", b" 8bit"),
]
PLAIN = HEAD + TEXT + EIGHT + b"\r\n" + WORDS


def multipart(kind: str, *parts: bytes, boundary: bytes = b"b") -> bytes:
    head = f"Content-Type: multipart/{kind}; boundary=".encode() + boundary + b"\r\n"
    line = b"--" + boundary
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
    return head + EIGHT + b"\r\n" + body


def leaves(raw: bytes) -> list[bytes]:
    """The contents of all parts, decoded; of a message in it too."""
    message: Message = email.message_from_bytes(raw, policy=email.policy.default)
    parts = [part for part in message.walk() if not part.is_multipart()]
    return [cast(bytes, part.get_payload(decode=True)) for part in parts]


def test_a_text_becomes_quoted_printable() -> None:
    written = in_seven_bits(PLAIN)
    assert written.isascii()
    assert written.startswith(HEAD) and b"8bit" not in written
    assert leaves(written) == [WORDS]


def test_a_message_in_ascii_is_the_same() -> None:
    message = HEAD + TEXT + EIGHT + b"\r\nA demain.\r\n"
    assert in_seven_bits(message) == message


def test_an_encoding_folded_over_lines_is_named_once() -> None:
    message = HEAD + b"content-transfer-encoding:\r\n 8bit\r\n" + TEXT + b"\r\n" + WORDS
    parsed = email.message_from_bytes(in_seven_bits(message))
    assert parsed.get_all("Content-Transfer-Encoding") == ["quoted-printable"]
    assert leaves(in_seven_bits(message)) == [WORDS]


def test_a_message_without_mime_becomes_one_of_mime() -> None:
    written = email.message_from_bytes(in_seven_bits(b"Subject: a\r\n\r\n" + WORDS))
    assert written["MIME-Version"] == "1.0"
    assert written.get_payload(decode=True) == WORDS


def test_parts_are_encoded_each_by_what_it_is() -> None:
    picture = bytes(range(256)).replace(b"\r", b"").replace(b"\n", b"")
    binary = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n" + picture
    plain = b"Content-Type: text/plain\r\n\r\nASCII  \r\n"
    written = in_seven_bits(
        HEAD + multipart("mixed", TEXT + EIGHT + b"\r\n" + WORDS, plain, binary)
    )
    assert written.isascii() and plain in written
    assert b"Content-Transfer-Encoding: 7bit" in written.partition(b"--b")[0]
    # The line end before a boundary belongs to the boundary.
    assert leaves(written) == [WORDS, b"ASCII  \r\n", picture]


def test_a_message_in_a_message_is_rewritten_within() -> None:
    inner = b"Content-Type: message/rfc822\r\n" + EIGHT + b"\r\n" + PLAIN
    written = in_seven_bits(HEAD + multipart("mixed", inner))
    assert written.isascii()
    (whole,) = cast(list[Message], email.message_from_bytes(written).get_payload())
    assert whole["Content-Transfer-Encoding"] == "7bit"
    assert leaves(written) == [WORDS]


@pytest.mark.parametrize("kind", ["signed", "encrypted"])
def test_what_is_signed_is_not_touched(kind: str) -> None:
    content = TEXT + EIGHT + b"\r\n" + WORDS
    signed = multipart(kind, content, b"Content-Type: a/b\r\n\r\nx", boundary=b"signed")
    beside = TEXT + EIGHT + b"\r\n" + WORDS
    written = in_seven_bits(HEAD + multipart("mixed", signed, beside))
    inside = signed.partition(b"\r\n\r\n")[2]
    assert inside in written
    assert written.count(WORDS) == 1
    # A multipart tells the encoding of all that it holds.
    assert b"Content-Transfer-Encoding: 8bit" in written.partition(b"--b")[0]


def test_what_is_encoded_already_stays() -> None:
    part = TEXT + b"Content-Transfer-Encoding: base64\r\n\r\nQUJD\xe9\r\n"
    assert in_seven_bits(HEAD + part) == HEAD + part


def test_the_product_writes_none_but_in_attached_messages() -> None:
    attached = build.OutgoingFile("lettre.eml", "message/rfc822", PLAIN)
    part = build.file_part(attached, "attachment")
    written = in_seven_bits(HEAD + build.multipart("mixed", [part], "seed"))
    assert written.isascii() and leaves(written) == [WORDS]


@given(st.lists(st.sampled_from(_PIECES), max_size=20).map(b"".join))
@up_to(150)
def test_nothing_is_lost_of_a_hostile_message(raw: bytes) -> None:
    before, after = structure.parse(raw), structure.parse(in_seven_bits(raw))
    assert [part.media_type for part in after.root.walk()] == [
        part.media_type for part in before.root.walk()
    ]


def test_a_deep_and_a_broad_message_take_no_time() -> None:
    deep = PLAIN
    for _level in range(300):
        deep = b"Content-Type: message/rfc822\r\n\r\n" + deep
    broad = HEAD + multipart("mixed", *[TEXT + EIGHT + b"\r\n" + WORDS] * 5000)
    assert len(in_seven_bits(deep)) >= len(deep) - len(EIGHT)
    assert len(in_seven_bits(broad)) > len(broad)
