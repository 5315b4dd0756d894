"""Conversations: asked of the server once, then brought up to date."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mail.errors import FolderChanged, ThreadsTooSlow
from mail.imap import connection
from mail.imap.values import ImapServer, MessageRef
from mail.mailbox import listing, threads
from mail.mailbox.listing import ListPlace
from mail.mailbox.ordering import View
from tests.mail.mailbox.remembering import Remembering
from tests.servers.scripted import ScriptedServer, imap_script, no, ok, selected

BY_THREADS = View(threads=True)


def letter(own, answers="", *, subject="x", sender="a@x.fr"):
    head = f"From: {sender}\r\nTo: b@x.fr\r\nSubject: {subject}\r\nMessage-ID: <{own}@x.fr>\r\n"
    if answers:
        ids = " ".join(f"<{answered}@x.fr>" for answered in answers.split())
        head += f"References: {ids}\r\nIn-Reply-To: {ids.split()[-1]}\r\n"
    return f"{head}\r\nx\r\n".encode()


@pytest.fixture
def five(mailbox):
    """Two answers to the first, one that stands alone, one answer to it."""
    return [
        mailbox.append(letter("a", subject="Sortie")),
        mailbox.append(letter("b", "a", subject="Re: Sortie")),
        mailbox.append(letter("c", subject="Cantine"), flags=["\\Seen"]),
        mailbox.append(letter("d", "a b", subject="Tout autre"), flags=["\\Seen"]),
        mailbox.append(letter("e", "c", subject="Re: Cantine"), flags=["\\Seen"]),
    ]


@pytest.fixture
def memory():
    return Remembering()


@pytest.fixture(params=["THREAD", "References"])
def opened(request, imap_server, alice):
    """A connection to a server with THREAD, and one that makes no use of it."""
    made = connection.open(imap_server, alice.login, alice.password)
    if request.param != "THREAD":
        made._capabilities = made._capabilities - {"THREAD=REFERENCES"}
    yield made
    made.close()


def asked(imap, memory, folder="INBOX"):
    """The conversations, and how many commands they took once the folder is open."""
    selected = imap.select(folder)
    before = imap.commands
    grouped = threads.threads_of(imap, selected, memory)
    return grouped.all, imap.commands - before


def test_answers_stand_with_what_they_answer_the_newest_conversation_first(opened, five, memory):
    a, b, c, d, e = five
    assert asked(opened, memory)[0] == ((c, e), (a, b, d))


def test_conversations_that_nothing_happened_to_are_one_command(opened, five, memory):
    first = asked(opened, memory)[0]
    assert asked(opened, memory) == (first, 1)


def test_what_came_is_put_to_what_it_answers(opened, five, memory, mailbox):
    a, b, c, d, e = five
    asked(opened, memory)
    f = mailbox.append(letter("f", "a b"))
    g = mailbox.append(letter("g"))
    assert asked(opened, memory) == (((g,), (a, b, d, f), (c, e)), 4)
    assert asked(opened, memory)[1] == 1


def test_what_came_may_tie_two_conversations_together(opened, five, memory, mailbox):
    a, b, c, d, e = five
    asked(opened, memory)
    f = mailbox.append(letter("f", "a c"))
    assert asked(opened, memory)[0] == ((a, b, c, d, e, f),)


def test_what_went_is_no_longer_in_its_conversation(opened, five, memory, mailbox):
    a, b, c, d, e = five
    asked(opened, memory)
    mailbox.set_flags(d, ["\\Deleted"])
    mailbox.set_flags(c, ["\\Deleted"])
    mailbox.imap.expunge()
    assert asked(opened, memory) == (((e,), (a, b)), 2)


def test_many_that_came_are_threaded_anew(opened, five, memory, mailbox):
    a, b, c, d, e = five
    asked(opened, memory)
    came = [mailbox.append(letter(f"n{n}", "c")) for n in range(threads.MOST_JOINED + 1)]
    assert asked(opened, memory)[0] == ((c, e, *came), (a, b, d))


def test_message_ids_that_go_round_in_a_circle_are_one_conversation(opened, mailbox, memory):
    first, second = mailbox.append(letter("a", "b")), mailbox.append(letter("b", "a"))
    assert asked(opened, memory)[0] == ((first, second),)


def test_an_empty_folder_has_none(opened, mailbox, memory):
    mailbox.create_folder("Vide")
    assert asked(opened, memory, "Vide")[0] == ()


def test_without_thread_the_newest_are_put_together_and_that_is_said(
    imap, five, memory, monkeypatch
):
    a, b, c, d, e = five
    monkeypatch.setattr(threads, "MOST_THREADED_HERE", 3)
    imap._capabilities = imap._capabilities - {"THREAD=REFERENCES"}
    grouped = threads.threads_of(imap, imap.select("INBOX"), memory)
    assert grouped.all == ((c, e), (d,), (b,), (a,))
    assert grouped.notes == {threads.THREADS_NEWEST}


def test_a_server_that_takes_too_long_is_told_apart(opened, five, memory, monkeypatch):
    monkeypatch.setattr(threads, "SECONDS_TO_THREAD", -1.0)
    selected = opened.select("INBOX")
    with pytest.raises(ThreadsTooSlow):
        threads.threads_of(opened, selected, memory)


# --- in the list ---


def test_a_row_a_conversation_with_its_newest_message(opened, five, memory):
    a, b, c, d, e = five
    anew = 1 if opened.has("THREAD=REFERENCES") else 2
    # SELECT or NOOP, what belongs together or what came, flags; rows that are not known, and once
    # whether the dates rise.
    for commands in (5 + anew, 3):
        before = opened.commands
        page = listing.page(opened, "INBOX", size=2, view=BY_THREADS, memory=memory)
        assert opened.commands - before == commands
    assert [row.ref.uid for row in page.rows] == [e, d]
    assert [conversation.count for conversation in page.conversations] == [2, 3]
    assert [conversation.unread for conversation in page.conversations] == [False, True]
    assert [[row.ref.uid for row in conversation.rows] for conversation in page.conversations] == [
        [c, e],
        [a, b, d],
    ]
    assert (page.exists, page.total, page.has_next) == (5, 2, False)


def test_a_conversation_shows_its_newest_message_though_an_older_one_came_back(
    imap, five, memory, mailbox
):
    _a, _b, c, _d, e = five
    old = datetime(2020, 1, 1, tzinfo=UTC)
    back = mailbox.append(letter("f", "c", subject="Re: Cantine"), date=old)
    page = listing.page(imap, "INBOX", view=BY_THREADS, memory=memory)
    cantine = next(one for one in page.conversations if one.rows[-1].ref.uid == e)
    assert [row.ref.uid for row in cantine.rows] == [back, c, e]
    assert cantine.newest.ref.uid == e and cantine.last.uid == back
    assert e in [row.ref.uid for row in page.rows]
    assert [ref.uid for ref in threads.whole(imap, [cantine.last], memory)] == [c, e, back]


def test_a_page_goes_on_below_the_conversation_of_a_message(imap, five, memory):
    _a, _b, c, d, _e = five
    page = listing.page(imap, "INBOX", ListPlace(2, after=c), 1, BY_THREADS, memory)
    assert [row.ref.uid for row in page.rows] == [d]


def test_a_filter_lets_conversations_through_of_which_a_message_passes(imap, five, memory):
    _a, _b, _c, d, _e = five
    page = listing.page(imap, "INBOX", view=View(only="unread", threads=True), memory=memory)
    assert [row.ref.uid for row in page.rows] == [d]


def test_what_is_marked_as_deleted_is_not_counted(imap, five, memory, mailbox):
    _a, b, c, d, e = five
    imap.select("INBOX")
    imap.uid("STORE", f"{d},{c},{e}", "+FLAGS.SILENT", "(\\Deleted)")
    page = listing.page(imap, "INBOX", view=BY_THREADS, memory=memory)
    assert [
        (conversation.newest.ref.uid, conversation.count) for conversation in page.conversations
    ] == [(b, 2)]


# --- what a row stands for ---


def test_a_row_stands_for_its_conversation_but_not_for_what_came_since(imap, five, memory, mailbox):
    a, b, _c, d, _e = five
    selected = imap.select("INBOX")
    row = MessageRef("INBOX", selected.uidvalidity, d)
    mailbox.append(letter("f", "a b d"))
    imap.select("INBOX")  # hears of it
    refs = threads.whole(imap, [row], memory)
    assert [ref.uid for ref in refs] == [a, b, d]


def test_a_row_of_a_folder_made_anew_stands_for_nothing(imap, five, memory):
    selected = imap.select("INBOX")
    with pytest.raises(FolderChanged):
        threads.whole(imap, [MessageRef("INBOX", selected.uidvalidity + 1, five[0])], memory)


# --- opened ---


def test_the_messages_of_an_opened_one_and_what_one_answered(imap, five, memory, mailbox):
    a, b, _c, d, _e = five
    sent = mailbox.append(letter("z", "a b", sender="alice@x.fr"), "Sent")
    mailbox.append(letter("y", sender="alice@x.fr"), "Sent")
    selected = imap.select("INBOX")
    rows = threads.members(imap, MessageRef("INBOX", selected.uidvalidity, b), memory).rows
    assert [row.ref.uid for row in rows] == [a, b, d]
    before = imap.commands
    own = threads.answers(imap, rows, "Sent")
    assert [(row.ref.folder, row.ref.uid) for row in own] == [("Sent", sent)]
    assert imap.commands - before == 5  # their ids, SELECT, SEARCH, flags, rows


def test_where_threads_that_are_offered_are_refused_they_are_put_together_here(memory):
    head = b"Message-ID: <a@x>\r\n\r\n", b"Message-ID: <b@x>\r\nReferences: <a@x>\r\n\r\n"
    rows = (
        b"* %d FETCH (UID %d BODY[HEADER.FIELDS (MESSAGE-ID)]<0> {%d}\r\n%b)\r\n"
        % (number, number, len(fields), fields)
        for number, fields in enumerate(head, 1)
    )
    script = imap_script(
        ("SELECT", selected(exists=2)),
        ("UID THREAD", no(b"Internal error")),
        ("FETCH", ok(b"".join(rows))),
        ("UID SEARCH", ok(b"* SEARCH 1 2\r\n")),
        capabilities="IMAP4rev1 THREAD=REFERENCES",
    )
    with ScriptedServer(script) as server:
        where = ImapServer("127.0.0.1", server.port, "none", timeout=5)
        imap = connection.open(where, "a", "b")
        assert threads.threads_of(imap, imap.select("INBOX"), memory).all == ((1, 2),)
        imap.close()
