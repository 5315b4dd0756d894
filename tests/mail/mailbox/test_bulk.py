"""Many messages at once: few commands, a way back, and what is left when the line drops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from demo.servers.dovecot import MailAccount
from mail.errors import FolderChanged, FolderNotFound, ServerUnavailable
from mail.imap import connection
from mail.imap.connection import Connection
from mail.imap.values import DELETED, FLAGGED, SEEN, ImapServer
from mail.mailbox import actions, bulk
from mail.mailbox.actions import ARCHIVE, CLEAR, COPY, DELETE, MOVE, SET, MailStep
from mail.mailbox.bulk import BulkWork
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import CLOSE, ScriptedServer, imap_script, ok, selected

KINDS = {
    "MOVE": frozenset(),
    "UIDPLUS without MOVE": frozenset({"MOVE"}),
    "IMAP4rev1 alone": frozenset({"MOVE", "UIDPLUS", "SPECIAL-USE", "LIST-EXTENDED", "ESEARCH"}),
}


def letter(n: int) -> bytes:
    return b"Subject: n. %d\r\nMessage-ID: <%d@exemple.fr>\r\n\r\n%d\r\n" % (n, n, n)


@pytest.fixture(params=KINDS)
def kind(imap: Connection, request: pytest.FixtureRequest) -> str:
    """Alice's connection as to a server that can do so much."""
    imap._capabilities = imap.capabilities - KINDS[request.param]
    return str(request.param)


@pytest.fixture
def step(mailbox: Mailbox) -> Callable[..., MailStep]:
    """`step(MOVE, uids, to="Archive")`: of messages in INBOX."""

    def make(verb: str, uids: list[int], **more: str) -> MailStep:
        return MailStep(verb, "INBOX", mailbox.uidvalidity(), tuple(sorted(uids)), **more)

    return make


def finish(imap: Connection, *steps: MailStep) -> BulkWork:
    work = BulkWork(steps)
    for state in bulk.run(imap, work):
        work = state
    assert work.is_over
    return work


def shown(mailbox: Mailbox, folder: str = "INBOX") -> list[int]:
    """Without what is marked as deleted, which lists hide."""
    return [uid for uid in mailbox.uids(folder) if DELETED not in mailbox.flags(uid, folder)]


def test_five_thousand_messages_move_in_a_dozen_commands(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    large.fill(mailbox, "INBOX", 5000)
    uids = mailbox.uids()
    imap.select("INBOX")
    before = imap.commands
    work = finish(imap, step(MOVE, uids, to="Archive"))
    assert imap.commands - before <= 12
    assert (work.done, work.gone) == (5000, 0)
    assert mailbox.uids() == []
    (back,) = work.undo
    assert (back.verb, back.folder, back.to, len(back.uids)) == (MOVE, "Archive", "INBOX", 5000)
    finish(imap, back)
    assert len(mailbox.uids()) == 5000


def test_marking_takes_two_commands_and_back_is_only_what_changed(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    read = [mailbox.append(letter(n), flags=[SEEN]) for n in range(3)]
    unread = [mailbox.append(letter(n)) for n in range(3)]
    imap.select("INBOX")
    before = imap.commands
    work = finish(imap, step(SET, read + unread, flag=SEEN))
    assert imap.commands - before == 2
    assert work.done == 6
    assert [list(back.uids) for back in work.undo] == [unread]
    finish(imap, *work.undo)
    assert [SEEN in mailbox.flags(uid) for uid in read + unread] == [True] * 3 + [False] * 3


@pytest.mark.parametrize("flag", [SEEN, FLAGGED, "$label1"])
def test_a_flag_is_cleared_where_it_stands(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep], flag: str
) -> None:
    marked, bare = mailbox.append(letter(1), flags=[flag]), mailbox.append(letter(2))
    work = finish(imap, step(CLEAR, [marked, bare], flag=flag))
    assert mailbox.flags(marked) == set()
    assert [back.uids for back in work.undo] == [(marked,)]


@pytest.mark.usefixtures("kind")
def test_messages_move_and_what_others_marked_stays(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    doomed = mailbox.append(letter(0), flags=[DELETED])
    uids = [mailbox.append(letter(n), flags=[FLAGGED]) for n in (1, 2)]
    work = finish(imap, step(MOVE, uids, to="Archive"))
    assert work.done == 2
    assert doomed in mailbox.uids() and shown(mailbox) == []
    assert [mailbox.flags(uid, "Archive") for uid in mailbox.uids("Archive")] == [{FLAGGED}] * 2


@pytest.mark.usefixtures("kind")
def test_copies_are_made_and_taken_back(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep], kind: str
) -> None:
    uids = [mailbox.append(letter(n)) for n in (1, 2)]
    work = finish(imap, step(COPY, uids, to="Archive"))
    assert work.done == 2 and mailbox.uids() == uids
    assert mailbox.messages("Archive") == mailbox.messages()
    finish(imap, *work.undo)
    assert shown(mailbox, "Archive") == [] and mailbox.uids() == uids


def test_deleting_for_good_expunges_these_alone(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep], kind: str
) -> None:
    doomed = mailbox.append(letter(0), flags=[DELETED])
    uids = [mailbox.append(letter(n)) for n in (1, 2)]
    work = finish(imap, step(DELETE, uids))
    assert work.done == 2
    if kind == "IMAP4rev1 alone":
        assert mailbox.uids() == [doomed, *uids] and shown(mailbox) == []
        finish(imap, *work.undo)
        assert shown(mailbox) == uids
    else:
        assert mailbox.uids() == [doomed] and work.undo == ()


def test_a_purge_says_how_many_go_and_takes_them(imap: Connection, mailbox: Mailbox) -> None:
    kept = mailbox.append(letter(1))
    for n in range(2):
        mailbox.append(letter(n), flags=[DELETED])
    assert actions.marked_deleted(imap, "INBOX") == 2
    assert actions.purge(imap, "INBOX") == 2
    assert mailbox.uids() == [kept]
    assert actions.purge(imap, "INBOX") == 0


@pytest.mark.usefixtures("kind")
def test_the_archive_is_filed_by_year_and_comes_back(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep], kind: str
) -> None:
    years = [2024, 2026, 2024, 2025]
    uids = [
        mailbox.append(letter(n), date=datetime(year, 6, 1, 12, tzinfo=UTC))
        for n, year in enumerate(years)
    ]
    work = finish(imap, step(ARCHIVE, uids, to="Archive"))
    assert (work.done, work.gone) == (4, 0)
    assert {year: len(mailbox.uids(f"Archive/{year}")) for year in set(years)} == {
        2024: 2,
        2025: 1,
        2026: 1,
    }
    assert shown(mailbox) == []
    finish(imap, *work.undo)
    assert len(shown(mailbox)) == 4


def test_filing_knows_the_years_after_the_first_time(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    dates = [datetime(2024, 5, day, tzinfo=UTC) for day in (1, 2)]
    first, second = (mailbox.append(letter(n), date=day) for n, day in enumerate(dates))
    finish(imap, step(ARCHIVE, [first], to="Archive"))
    imap.select("INBOX")
    before = imap.commands
    finish(imap, step(ARCHIVE, [second], to="Archive"))
    assert imap.commands - before == 3  # FETCH of the dates, LIST, UID MOVE


@pytest.mark.usefixtures("kind")
def test_messages_that_are_gone_are_counted(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep], kind: str
) -> None:
    uid = mailbox.append(letter(1))
    work = finish(imap, step(MOVE, [uid, uid + 1, uid + 7], to="Archive"))
    assert (work.done, work.gone) == (1, 2)
    work = finish(imap, step(MOVE, [uid + 1], to="Archive"))
    assert (work.done, work.gone) == (0, 1)


def test_nothing_is_done_in_a_folder_made_anew_or_to_one_that_is_not_there(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    uid = mailbox.append(letter(1))
    old = replace(step(MOVE, [uid], to="Archive"), uidvalidity=7)
    for verb in (MOVE, COPY, SET, CLEAR, DELETE, ARCHIVE):
        with pytest.raises(FolderChanged):
            finish(imap, replace(old, verb=verb, flag=SEEN))
    for verb in (MOVE, COPY):
        with pytest.raises(FolderNotFound):
            finish(imap, step(verb, [uid], to="Nulle part"))
    assert shown(mailbox) == [uid] and mailbox.flags(uid) == set()


@pytest.mark.usefixtures("kind")
@pytest.mark.parametrize("was_done", [False, True])
@pytest.mark.parametrize("verb", [MOVE, COPY, SET, DELETE])
def test_what_was_begun_when_the_line_dropped_is_done_once(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep], verb: str, was_done: bool
) -> None:
    """The command's answer is lost: nobody knows whether the server carried it out."""
    uids = [mailbox.append(letter(n)) for n in range(4)]
    mailbox.append(letter(2), "Archive")  # the same message lies there already
    begun = actions.prepare(imap, step(verb, uids[:2], to="Archive", flag=SEEN))
    mailbox.append(letter(9), "Archive")  # came meanwhile
    if was_done:
        actions.perform(imap, begun)
    work = BulkWork((step(verb, uids[2:], to="Archive", flag=SEEN),), begun=begun)
    for state in bulk.run(imap, work):
        work = state
    assert work.is_over and work.done == 4
    before = {"Archive": 2}
    arrived = len(mailbox.uids("Archive")) - before["Archive"]
    assert arrived == (4 if verb in {MOVE, COPY} else 0)
    assert len(shown(mailbox)) == (4 if verb in {COPY, SET} else 0)


def test_what_was_begun_is_settled_in_its_own_turn(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    """What is left of it is not counted while another window moves it."""
    uids = [mailbox.append(letter(n)) for n in range(2)]
    begun = actions.prepare(imap, step(MOVE, uids[:1], to="Archive"))
    turns: list[tuple[list[int], list[int]]] = []

    @contextmanager
    def turn(taken: MailStep) -> Iterator[None]:
        before = shown(mailbox)
        yield
        turns.append(([*taken.uids], [uid for uid in before if uid not in shown(mailbox)]))

    work = BulkWork((step(MOVE, uids[1:], to="Archive"),), begun=begun)
    for state in bulk.run(imap, work, turn):
        work = state
    assert turns == [(uids[:1], []), (uids[:1], uids[:1]), (uids[1:], uids[1:])]


def test_a_copy_half_made_known_comes_back_whole(
    imap: Connection, mailbox: Mailbox, step: Callable[..., MailStep]
) -> None:
    uids = [mailbox.append(letter(n)) for n in range(4)]
    begun = actions.prepare(imap, step(COPY, uids, to="Archive"))
    actions.perform(
        imap, replace(begun, step=step(COPY, uids[:3], to="Archive"), chosen=(*uids[:3],))
    )
    work = BulkWork((), begun=begun)
    for state in bulk.run(imap, work):
        work = state
    assert work.done == 4 and len(mailbox.uids("Archive")) == 4
    finish(imap, *work.undo)
    assert mailbox.uids("Archive") == []


def test_a_line_that_drops_amid_a_move_leaves_the_rest_to_be_done() -> None:
    """500 are moved, then the server hangs up: the value of before says what to settle."""
    copied = b"* OK [COPYUID 9 1:500 1:500] moved\r\n"
    script = imap_script(
        ("SELECT", selected(exists=1000, uidvalidity=7)),
        ("UID MOVE 1:500", ok(copied)),
        ("UID MOVE 501:", CLOSE),
    )
    with ScriptedServer(script) as server:
        imap = connection.open(ImapServer("127.0.0.1", server.port, "none", timeout=5), "a", "b")
        work = BulkWork((MailStep(MOVE, "INBOX", 7, tuple(range(1, 1001)), "Archive"),))
        with pytest.raises(ServerUnavailable):
            for state in bulk.run(imap, work):
                work = state
        imap.close()
    assert (work.done, work.remaining) == (500, 500)
    assert work.begun is not None and work.begun.step.uids[0] == 501
    assert [len(back.uids) for back in work.undo] == [500]


def test_a_slow_server_is_asked_for_less_at_a_time() -> None:
    assert bulk._paced(250, 4.0) < 250
    assert bulk._paced(250, 0.01) > 250
    assert bulk._paced(25, 60.0) == 25


def test_a_server_that_keeps_no_keywords_says_so(imap: Connection, alice: MailAccount) -> None:
    assert imap.select("INBOX").keeps("$label1")
    told = replace(imap.known(), permanent=frozenset({"\\seen", "$junk"}))
    assert told.keeps("$Junk") and told.keeps(SEEN)
    assert not told.keeps("$label1") and not told.keeps(FLAGGED)
    assert not replace(told, permanent=frozenset({"\\*"})).keeps(FLAGGED)
    assert replace(told, permanent=None).keeps("$label1")
