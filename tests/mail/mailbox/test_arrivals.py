"""Mail that nobody has looked at: found, read as far as needed, set aside on any server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mail.imap.connection import Connection
from mail.imap.values import MessageRef
from mail.mailbox import arrivals
from tests.mail.mailbox.remembering import Remembering
from tests.servers.mailboxes import Mailbox

Ref = Callable[..., MessageRef]


def letter(subject: str, **fields: str) -> bytes:
    head = "".join(f"{name.title().replace('_', '-')}: {value}\n" for name, value in fields.items())
    return f"Subject: {subject}\n{head}\nBonjour\n".encode()


def test_what_somebody_has_touched_is_not_untouched(imap: Connection, mailbox: Mailbox) -> None:
    new = mailbox.append(letter("a"))
    for flag in (r"\Seen", r"\Flagged", r"\Answered", r"\Deleted", r"\Draft"):
        mailbox.append(letter("b"), flags=(flag,))
    imap.select("INBOX")
    assert arrivals.untouched(imap) == (new,)


def test_nothing_is_untouched_above_the_last(imap: Connection, mailbox: Mailbox) -> None:
    last = mailbox.append(letter("a"))
    imap.select("INBOX")
    assert arrivals.untouched(imap, last) == ()


def test_a_sample_is_bounded_and_marks_nothing(imap: Connection, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter("long") + b"x" * 78 + b"\n" * 300_000)
    imap.select("INBOX")
    (sample,) = arrivals.samples(imap, [uid])
    assert len(sample.raw) == arrivals.SAMPLE
    assert mailbox.flags(uid) == frozenset()


def test_samples_of_messages_that_are_gone_or_were_read_are_left_out(
    imap: Connection, mailbox: Mailbox
) -> None:
    here, read = mailbox.append(letter("a")), mailbox.append(letter("b"))
    imap.select("INBOX")
    mailbox.set_flags(read, (r"\Seen",))
    assert [sample.uid for sample in arrivals.samples(imap, [here, read, read + 7])] == [here]


@pytest.mark.parametrize("lacking", [set(), {"MOVE"}, {"MOVE", "UIDPLUS"}])
def test_messages_are_set_aside_on_any_server(
    imap: Connection, mailbox: Mailbox, ref: Ref, lacking: set[str]
) -> None:
    imap._capabilities = imap.capabilities - lacking
    uids = [mailbox.append(letter(subject)) for subject in "ab"]
    assert arrivals.set_aside(imap, [ref(uid) for uid in uids], "Publicités", "") == 2
    assert len(mailbox.uids("Publicités")) == 2
    assert arrivals.untouched(imap) == ()


def test_the_folder_that_is_there_is_taken_however_it_is_spelt(
    imap: Connection, mailbox: Mailbox, ref: Ref
) -> None:
    mailbox.create_folder("PUBLICITES")
    uid = mailbox.append(letter("a"))
    assert arrivals.set_aside(imap, [ref(uid)], "Publicités", "") == 1
    assert len(mailbox.uids("PUBLICITES")) == 1
    assert "Publicités" not in mailbox.folders()


def test_what_is_gone_is_no_matter(imap: Connection, mailbox: Mailbox, ref: Ref) -> None:
    uid = mailbox.append(letter("a"))
    gone = ref(uid + 5)
    assert arrivals.set_aside(imap, [gone], "Publicités", "") == 0


def test_where_no_folder_can_be_made_nothing_is_moved(
    imap: Connection, mailbox: Mailbox, ref: Ref
) -> None:
    uid = mailbox.append(letter("a"))
    assert arrivals.set_aside(imap, [ref(uid)], "x" * 300, "") is None
    assert mailbox.uids() == [uid]


def test_a_keyword_that_the_server_does_not_keep_is_not_set(
    imap: Connection, mailbox: Mailbox, ref: Ref
) -> None:
    uid = mailbox.append(letter("a"))
    assert arrivals.mark(imap, [ref(uid)], "$Advert")
    assert "$Advert" in mailbox.flags(uid)


def test_what_was_sent_is_asked_for_once(imap: Connection, mailbox: Mailbox) -> None:
    memory = Remembering()
    mailbox.append(
        letter("a", message_id="<A@x.fr>", to="Zoé <ZOE@x.fr>, b@x.fr", cc="c@x.fr"), "Sent"
    )
    first = arrivals.written(imap, memory)
    assert first.message_ids == {"a@x.fr"}
    assert first.addresses == {"zoe@x.fr", "b@x.fr", "c@x.fr"}
    mailbox.append(letter("b", message_id="<b@x.fr>", to="d@x.fr"), "Sent")
    before = imap.commands
    second = arrivals.written(imap, memory)
    assert second.message_ids == {"a@x.fr", "b@x.fr"}
    assert second.addresses == {"zoe@x.fr", "b@x.fr", "c@x.fr", "d@x.fr"}
    assert imap.commands - before <= 3
