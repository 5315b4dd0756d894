"""Copies of what is being written: the new one first, then the old one goes, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mail.errors import OverQuota, ServerUnavailable
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import ImapServer
from mail.mailbox import drafts
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import (
    CLOSE,
    READ_LITERAL,
    ScriptedServer,
    Step,
    imap_script,
    no,
    ok,
    selected,
)

MARK = "6f1c4f0e-53a5-4e0e-9d8c-0d7a2a4f3b11"
OTHER = "11111111-53a5-4e0e-9d8c-0d7a2a4f3b11"


def letter(text: str) -> bytes:
    return f"Message-ID: <a@x>\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()


def texts(mailbox: Mailbox) -> list[str]:
    return [
        message.rsplit(b"\r\n\r\n", 1)[1].decode().strip() for message in mailbox.messages("Drafts")
    ]


def test_a_new_copy_takes_the_place_of_the_old_one(imap: Connection, mailbox: Mailbox) -> None:
    first = drafts.replace(imap, MARK, letter("one"))
    second = drafts.replace(imap, MARK, letter("two"), [first])
    assert texts(mailbox) == ["two"]
    assert mailbox.uids("Drafts") == [second.uid]
    assert mailbox.flags(second.uid, "Drafts") == {"\\Draft", "\\Seen"}


def test_another_draft_and_what_others_marked_stay(imap: Connection, mailbox: Mailbox) -> None:
    mailbox.append(letter("of Thunderbird"), "Drafts", ["\\Deleted"])
    drafts.replace(imap, OTHER, letter("another"))
    first = drafts.replace(imap, MARK, letter("one"))
    drafts.replace(imap, MARK, letter("two"), [first])
    assert texts(mailbox) == ["of Thunderbird", "another", "two"]
    drafts.remove(imap, MARK)
    assert texts(mailbox) == ["of Thunderbird", "another"]


def test_a_copy_left_by_a_killed_program_is_found_and_removed(
    imap: Connection, mailbox: Mailbox
) -> None:
    first = drafts.replace(imap, MARK, letter("one"))
    mailbox.append(drafts.marked(MARK, letter("two")), "Drafts")  # killed before EXPUNGE
    drafts.replace(imap, MARK, letter("three"), [first])
    assert texts(mailbox) == ["three"]


def test_a_draft_of_another_program_goes_when_ours_lies_there(
    imap: Connection, mailbox: Mailbox, ref
) -> None:
    theirs = ref(mailbox.append(letter("of Thunderbird"), "Drafts"), "Drafts")
    drafts.replace(imap, MARK, letter("ours"), [theirs])
    assert texts(mailbox) == ["ours"]


def test_what_is_edited_as_new_from_elsewhere_stays(
    imap: Connection, mailbox: Mailbox, ref
) -> None:
    sent = ref(mailbox.append(letter("sent"), "Sent"), "Sent")
    drafts.replace(imap, MARK, letter("ours"), [sent])
    drafts.remove(imap, MARK, [sent])
    assert mailbox.uids("Sent") == [sent.uid] and mailbox.uids("Drafts") == []


def test_a_copy_that_another_program_wrote_on_is_not_removed(
    imap: Connection, mailbox: Mailbox, ref
) -> None:
    """One that keeps fields that it does not know."""
    mine = drafts.marked(MARK, letter("one")).replace(b"\r\n\r\none", b"\r\n\r\none, and more")
    theirs = ref(mailbox.append(mine, "Drafts"), "Drafts")
    assert drafts.origin(imap, theirs).mark == ""
    drafts.replace(imap, MARK, letter("two"))
    assert texts(mailbox) == ["one, and more", "two"]


def test_a_copy_says_whose_it_is(imap: Connection, mailbox: Mailbox, ref) -> None:
    ours = drafts.replace(imap, MARK, letter("one"))
    assert drafts.origin(imap, ours) == drafts.Origin(MARK, "<a@x>")
    theirs = ref(mailbox.append(letter("two"), "Drafts"), "Drafts")
    assert drafts.origin(imap, theirs) == drafts.Origin("", "<a@x>")


@pytest.mark.parametrize("mark", ["", 'x" ALL', MARK + "\r\nBcc: x@y"])
def test_a_mark_is_no_way_into_a_command(imap: Connection, mailbox: Mailbox, mark: str) -> None:
    with pytest.raises(ValueError, match="mark"):
        drafts.replace(imap, mark, letter("one"))
    assert mailbox.uids("Drafts") == []


LIST = ("LIST", ok(b'* LIST (\\Drafts) "/" Drafts\r\n'))


@contextmanager
def connected(*steps: Step, **more: str) -> Iterator[tuple[Connection, ScriptedServer]]:
    """To a server that follows a script after sign-in."""
    with ScriptedServer(imap_script(LIST, *steps, **more)) as server:
        opened = connection.open(ImapServer("127.0.0.1", server.port, "none", 3), "alice", "secret")
        try:
            yield opened, server
        finally:
            opened.close()


def test_a_copy_that_is_refused_leaves_the_old_one() -> None:
    refusal = no(b"[OVERQUOTA] full")
    with connected(("APPEND", b"+ go\r\n", READ_LITERAL, refusal)) as (imap, server):
        with pytest.raises(OverQuota):
            drafts.replace(imap, MARK, letter("two"))
        assert not any(b"STORE" in line or b"EXPUNGE" in line for line in server.received[0])


def test_a_line_that_drops_after_append_has_removed_nothing() -> None:
    with connected(("APPEND", b"+ go\r\n", READ_LITERAL, CLOSE)) as (imap, server):
        with pytest.raises(ServerUnavailable):
            drafts.replace(imap, MARK, letter("two"))
        assert len(server.received) == 1


def test_without_uidplus_the_old_one_is_marked_and_nothing_is_expunged() -> None:
    old = drafts.marked(MARK, letter("one"))
    fetched = b"* 1 FETCH (UID 4 BODY[]<0> {%d}\r\n%b)\r\n" % (len(old), old)
    steps: list[Step] = [
        ("APPEND", b"+ go\r\n", READ_LITERAL, ok()),
        ("SELECT", selected()),
        ("UID SEARCH", ok(b"* SEARCH 4 9\r\n")),
        ("UID FETCH 4", ok(fetched)),
        ("UID STORE 4 +FLAGS.SILENT", ok()),
    ]
    with connected(*steps, capabilities="IMAP4rev1") as (imap, server):
        assert drafts.replace(imap, MARK, letter("two")).uid == 9
        assert not any(b"EXPUNGE" in line for line in server.received[0])
