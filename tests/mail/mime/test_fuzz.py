"""Broken messages: none may raise, take long, or grow."""

from __future__ import annotations

import random
import resource
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mail.mime import containers, headers, report, structure, uuencode
from mail.mime.structure import Part
from tests.corpus import MESSAGES, SHARED
from tests.mail.mime import wrap
from tests.mail.mime.judge import judge
from tests.mail.mime.reader import Reader

OWN = Path(__file__).resolve().parents[2] / "data" / "mime"
# So many, always the same; with ``--whole`` others each time, for a minute.
COUNT, SEED = 4_000, 20_250_306
SECONDS = 60
SLOWEST = 10  # seconds of the processor; as a rule one takes well under one
GROWTH = 300 * 1024  # KiB

WORDS = [
    b"\r\n", b"\n", b"\r\n\r\n", b"--", b"--b", b"Content-Type: ", b"multipart/mixed; boundary=b",
    b"multipart/alternative; boundary=\"", b"multipart/related;", b"message/rfc822", b"text/html",
    b"text/plain; format=flowed; delsp=yes; charset=", b"utf-7", b"iso-2022-jp", b"utf-16", b"hz",
    b"Content-Transfer-Encoding: base64\r\n", b"quoted-printable", b"x-uuencode", b"\x1b$B", b"+A",
    b"application/ms-tnef; name=winmail.dat", b"application/pkcs7-mime", b"begin 644 a\n", b"=?",
    b"?=", b"=?utf-8?B?", b"name*0*=utf-8''%", b"Content-ID: <a>", b"Content-Location: http://[",
    b"\x00", b"\xff", b"\x80", b"\xe2\x80\xae", b"-----BEGIN PGP SIGNED MESSAGE-----\n", b"> ",
    b"\x78\x9f\x3e\x22", b"\x30\x80", b"\xff\xff\xff\xff", b"{\\rtf1\\fromhtml1", b"<style>", b"<",
    b"<table>", b"=", b"=3D", b"\"", b"\\", b";", b"-- \n", b"_" * 30 + b"\nDe:", b"0612345678",
]  # fmt: skip


def seeds() -> list[bytes]:
    """Real and odd messages, and bare containers."""
    paths = [*sorted(OWN.glob("*.eml")), *sorted((SHARED / "mime").glob("*.eml"))]
    made = [raw for raw, _expected in MESSAGES.values()]
    return made + [path.read_bytes()[:60_000] for path in paths]


def broken(rng: random.Random, data: bytes, others: list[bytes]) -> bytes:
    """``data`` with some pieces cut out, doubled, swapped, replaced."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 4, 8, 30])):
        place = rng.randrange(len(out) + 1)
        length = rng.choice([1, 1, 4, 20, 500])
        match rng.randrange(6):
            case 0:
                del out[place : place + length]
            case 1:
                out[place:place] = rng.choice(WORDS) * rng.choice([1, 1, 1, 3, 200])
            case 2:
                out[place : place + length] = rng.choice(WORDS)
            case 3:
                out[place:place] = out[place : place + length] * rng.choice([2, 50])
            case 4:
                other = rng.choice(others)
                start = rng.randrange(len(other) + 1)
                out[place:place] = other[start : start + rng.choice([20, 500, 5000])]
            case _:
                out[place : place + 1] = bytes([rng.randrange(256)])
    return bytes(out[:200_000])


def read_message(raw: bytes) -> None:
    reader = Reader(raw)
    seen = reader.see()
    judge(seen.html)
    seen.text.encode()
    for name, value in reader.headers.items():
        (name + value).encode()
    for name in ("From", "To", "Cc"):
        reader.headers.addresses(name)
    for part in seen.shown.attachments:
        part.file_name.encode()
        content = reader.content(part)
        if part in seen.shown.reports:
            report.read_report(content)
        if part in seen.shown.messages:
            structure.choose(structure.parse(content).root)


def read_container(raw: bytes) -> None:
    for media_type in ("application/ms-tnef", "application/pkcs7-mime", "text/plain"):
        part = Part("1", media_type, file_name="a", size=1)
        if unpacked := containers.unpack(part, raw):
            structure.choose(containers.graft(part, {"1": unpacked}))
    uuencode.take_out(raw)
    headers.parse_value(raw[:5000])


@pytest.mark.slow
def test_no_broken_message_raises_takes_long_or_grows(one_in: Callable[[int], int]) -> None:
    is_whole = one_in(2) == 1
    seed = random.randrange(2**32) if is_whole else SEED  # noqa: S311 - no secret comes of it
    rng = random.Random(seed)  # noqa: S311 - no secret comes of it
    messages = seeds()
    notes = wrap.attachment(b"a.txt", b"abc", wrap.unicode(0x3707, "é.txt"))
    rtf = wrap.rtf_literally(rb"{\rtf1\ansi\fromhtml1 {\*\htmltag64 <p>}avanc\'e9\u8217?}")
    entity = b"Content-Type: text/plain\r\n\r\nBonjour\r\n"
    wrapped = [
        wrap.tnef([wrap.binary(0x1009, rtf), wrap.unicode(0x37, "x")], notes, wrap.nested(notes)),
        wrap.signed(entity),
        wrap.signed(entity, indefinite=True),
    ]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    end = time.monotonic() + SECONDS
    count = 0
    while count < COUNT or (is_whole and time.monotonic() < end):
        kinds: tuple[list[bytes], Callable[[bytes], None]] = (
            (wrapped, read_container) if count % 4 == 0 else (messages, read_message)
        )
        raw = broken(rng, rng.choice(kinds[0]), messages)
        start = time.process_time()
        try:
            kinds[1](raw)
        except Exception as error:
            error.add_note(f"seed {seed}, message {count}: {raw[:2000]!r}")
            raise
        assert time.process_time() - start < SLOWEST, (seed, count)
        count += 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH
