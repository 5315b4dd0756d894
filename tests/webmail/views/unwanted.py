"""Adverts and junk that tests put into mailboxes: texts of tests/data/adverts."""

from __future__ import annotations

import re
from functools import cache

from mail.judgement import verdict
from tests.webmail.adverts.samples import all_samples


@cache
def of_kind(label: str) -> tuple[bytes, ...]:
    """Messages of this kind that are held for it, each with a Message-ID of its own."""
    found = [one.raw for one in all_samples() if one.label == label]
    held = [raw for raw in found if verdict.judge(raw).kind == label]
    return tuple(numbered(raw, number) for number, raw in enumerate(held))


def numbered(raw: bytes, number: int) -> bytes:
    """The message under another Message-ID."""
    bare = re.sub(rb"(?im)^message-id:.*\r?\n", b"", raw)
    return b"Message-ID: <m%d@envoi.example>\n" % number + bare


def advert(number: int = 0) -> bytes:
    return of_kind("advert")[number % len(of_kind("advert"))]


def junk(number: int = 0) -> bytes:
    return of_kind("junk")[number % len(of_kind("junk"))]
