"""mbox files, written and read: nothing of a message is changed, and no sentence parts one."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mail.imap.values import ANSWERED, FLAGGED, SEEN
from webmail.transfer import mbox

WHEN = datetime(2026, 3, 3, 8, 5, 9, tzinfo=UTC)
MOST = 1_000_000


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def written(*messages: bytes, flags: frozenset[str] = frozenset(), size: int = 7) -> bytes:
    return b"".join(
        mbox.separator("bob@ac-exemple.fr", WHEN)
        + mbox.status(flags)
        + b"".join(mbox.quoted(pieces(message, size)))
        for message in messages
    )


BODIES = [
    b"Bonjour\r\n",
    b"From here on\r\n>From there\r\n>>From nowhere\r\n",
    b"\r\nFrom the start\r\n\r\nFrom bob Mon Mar  2 09:00:00 2026\r\nTo: be quoted\r\n",
    b"",
    b"\r\n\r\n\r\n",
    b">" * 50 + b"From \r\n" + b"x" * 5_000 + b"\r\nFrom\r\nFro\r\nF\r\n",
    b"no end",
]


@pytest.mark.parametrize("size", [1, 2, 3, 7, 64, 100_000])
def test_what_is_written_is_read_as_it_was(size: int) -> None:
    messages = [
        b"Subject: %d\r\nStatus-Code: x\r\n\r\n" % n + body for n, body in enumerate(BODIES)
    ]
    data = written(*messages, flags=frozenset({SEEN, FLAGGED}), size=size)
    assert b"\r" not in data
    found = list(mbox.messages(pieces(data, size), MOST))
    read = [(one.raw or b"").replace(b"\n", b"\r\n") for one in found]
    assert read == [*messages[:-1], messages[-1] + b"\r\n"]
    assert {one.when for one in found} == {WHEN}
    assert {one.flags for one in found} == {tuple(sorted((SEEN, FLAGGED)))}
    assert [data[one.position :][:5] for one in found] == [b"From "] * len(found)


def test_sentences_that_begin_with_from_part_no_message() -> None:
    data = (
        b"From bob@x Tue Mar  3 09:00:00 2026\nSubject: a\n\n"
        b"From Monday on we meet at 8.\nNote: bring a pen\n\n"
        b"From 1 Jan 2026 to 5 Feb 2026\nAll: yes\n\n"
        b"From bob@x Tue Mar  3 09:00:00 2026\nthis is no header\n\n"
    )
    (one,) = mbox.messages([data], MOST)
    assert one.raw is not None and one.raw.count(b"From ") == 3


@pytest.mark.parametrize(
    ("line", "when"),
    [
        (b"From ", None),
        (b"From - Tue Mar 03 09:00:00 2026", None),
        (b"From bob@x Tue Mar  3 09:00:00 2026", WHEN.replace(hour=9, minute=0, second=0)),
        (b"From bob@x  Tue Mar  3 09:00 2026", WHEN.replace(hour=9, minute=0, second=0)),
        (b"From bob@x Tue Mar  3 09:00:00 2026 +0100", WHEN.replace(minute=0, second=0)),
        (b"From a b c Tue Mar  3 09:00:00 CET 2026", WHEN.replace(hour=9, minute=0, second=0)),
        (b"From bob@x Tue Feb 31 09:00:00 2026", None),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_separators_of_other_programs(line: bytes, when: datetime | None, end: bytes) -> None:
    message = end.join((line, b"Subject: a", b"", b"x", b"", b""))
    assert mbox.begins(message[:100])
    found = list(mbox.messages([message * 2], MOST))
    assert [one.when for one in found] == [when, when]
    assert found[0].raw == end.join((b"Subject: a", b"", b"x", b""))


def test_thunderbirds_flags_are_read_and_taken_out() -> None:
    data = (
        b"From - Tue Mar 03 09:00:00 2026\nX-Mozilla-Status: 0003\nX-Mozilla-Status2: 00000000\n"
        b"X-Mozilla-Keys:   \n  \nSubject: a\n\nStatus: stays\n\n"
        b"From - Tue Mar 03 09:00:00 2026\nX-Mozilla-Status: 0009\nSubject: b\n\nx\n\n"
    )
    kept, deleted = mbox.messages(pieces(data, 10), MOST)
    assert set(kept.flags) == {SEEN, ANSWERED} and not kept.is_deleted
    assert kept.raw == b"Subject: a\n\nStatus: stays\n"
    assert deleted.is_deleted


def test_a_message_that_is_too_large_is_told_by_its_size_and_not_kept() -> None:
    large = b"Subject: b\n\n" + b"x" * 500_000 + b"\n"
    data = written(b"Subject: a\n\na\n", large, b"Subject: c\n\nc\n", size=10_000)
    reader = mbox._Reader(100_000)
    found = [one for piece in pieces(data, 5_000) for one in reader.feed(piece)]
    found += reader.close()
    assert [one.raw is None for one in found] == [False, True, False]
    assert found[1].size > 500_000
    assert len(reader._body) < 100


def test_a_file_without_an_end_is_read_as_far_as_it_goes() -> None:
    data = written(b"Subject: a\n\na\n", b"Subject: b\n\nb\n")[:-2]
    assert [one.raw for one in mbox.messages([data], MOST)] == [
        b"Subject: a\n\na\n",
        b"Subject: b\n\nb",
    ]


def test_a_separator_near_the_end_is_seen_behind_a_sentence() -> None:
    data = written(b"Subject: a\n\na\nFrom me\n", b"Subject: b\n\nb\n")
    assert [one.raw for one in mbox.messages(pieces(data, 9), MOST)] == [
        b"Subject: a\n\na\nFrom me\n",
        b"Subject: b\n\nb\n",
    ]


def test_what_is_no_mbox_has_no_messages() -> None:
    assert not mbox.begins(b"Subject: From bob\n\nFrom bob Tue Mar  3 09:00:00 2026\nx: y\n")
    assert list(mbox.messages([b"\0" * 10_000, b"From " * 10_000], MOST)) == []
