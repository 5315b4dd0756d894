"""A page of a list costs the same in a folder of any size: commands and bytes, told at the wire."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from django.test import Client

from accounts import session
from demo.servers.dovecot import Dovecot
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.servers.wire import Wire

pytestmark = pytest.mark.django_db

SMALL = 300
# Bytes: senders, subjects and flags of fifty rows are longer than those of fifty others, and so are
# larger numbers. The rows of a page take some 26,000.
CLOSE = 800


@pytest.fixture
def wire(reader: Client, dovecot: Dovecot, imap_moved: Callable[[int], None]) -> Iterator[Wire]:
    """What the webmail and Dovecot say to each other."""
    with Wire(dovecot.imap_port) as wire:
        imap_moved(wire.port)
        yield wire
        session.pool().close_all()


def told(wire: Wire, reader: Client, url: str) -> tuple[list[str], int]:
    """The commands that a page takes, numbers left out, and the bytes that answer them. Another
    folder is opened before, so that each page opens its own.
    """
    reader.get("/mail/Sent/")
    wire.forget()
    answer = reader.get(url)
    assert answer.content.count(b'<li class="row') == 50
    return [re.sub(r"[\d:,]+", "#", command) for command in wire.commands], wire.received


@pytest.mark.parametrize(
    "size", [10_000, pytest.param(100_000, marks=[pytest.mark.slow, pytest.mark.whole])]
)
def test_first_middle_and_last_page_take_the_same_commands_and_bytes_at_any_size(
    wire: Wire, reader: Client, mailbox: Mailbox, size: int, one_in: Callable[[int], int]
) -> None:
    size //= one_in(4)
    mailbox.create_folder("aaaa")
    mailbox.create_folder("bbbb")
    large.fill(mailbox, "aaaa", SMALL, large.FIRST)
    large.fill(mailbox, "bbbb", size, large.FIRST)
    # Of each folder the session asks once whether its dates rise.
    for folder in ("aaaa", "bbbb"):
        commands, read = told(wire, reader, f"/mail/{folder}/?page=2")
        assert [command.split(" (")[0] for command in commands[1:3]] == [
            "UID SORT RETURN",
            "UID FETCH #",
        ]
        assert read < 35_000
    pages = {
        f"/mail/{folder}/?page={page}"
        for folder, count in (("aaaa", SMALL), ("bbbb", size))
        for page in (1, count // 100, count // 50)
    }
    for seen in (False, True):
        measured = {url: told(wire, reader, url) for url in sorted(pages)}
        verbs = {
            tuple(command.split(" ")[0] for command in commands)
            for commands, _ in measured.values()
        }
        fetches = ("FETCH",) if seen else ("FETCH", "UID")
        assert verbs == {("SELECT", *fetches, "LIST")}
        received = [count for _, count in measured.values()]
        assert max(received) - min(received) < CLOSE, measured


def test_moving_one_message_takes_the_same_commands_and_bytes_at_any_size(
    wire: Wire, reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Zoo")
    told_of = {}
    for folder, size in (("aaaa", SMALL), ("bbbb", 10_000)):
        mailbox.create_folder(folder)
        large.fill(mailbox, folder, size)
        reader.get(f"/mail/{folder}/")
        wire.forget()
        ref = f"{mailbox.uidvalidity(folder)}-{mailbox.uids(folder)[-1]}"
        form = {"verb": "move", "to": "Zoo", "refs": [ref]}
        answer = reader.post(f"/mail/{folder}/act/", form, headers={"HX-Request": "true"})
        assert answer.status_code == 200
        verbs = [re.match(r"(?:UID )?\w+", command)[0] for command in wire.commands]  # type: ignore[index]
        assert verbs == ["NOOP", "UID MOVE", "LIST"]
        told_of[folder] = wire.received
    assert abs(told_of["aaaa"] - told_of["bbbb"]) < CLOSE and told_of["bbbb"] < 1_500
