"""A watched mailbox: sign-in, what servers tell, and what is not taken from them."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop

from demo.servers.dovecot import MailAccount
from mail.errors import BadServerAnswer, ServerRefused, ServerUnavailable, SignInNeeded
from mail.imap import watch, wire
from mail.imap.status import FolderState
from mail.imap.values import ImapServer
from mail.imap.watch import News, Watch
from tests.mail.imap.lists_hostile import many_commas
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import (
    CLOSE,
    GREETING,
    STALL,
    START_TLS,
    ScriptedServer,
    Step,
    drip,
    imap_script,
    no,
    ok,
    wait,
)
from tests.servers.web import Authority
from tests.waiting import run_apart

T = TypeVar("T")
Run = Callable[[Awaitable[T]], T]

STATUS = b"* STATUS INBOX (MESSAGES %d UIDNEXT %d UIDVALIDITY 7 UNSEEN %d HIGHESTMODSEQ (9))\r\n"
INBOX = ok(STATUS % (3, 4, 1))
QUICK = "IMAP4rev1 IDLE ENABLE QRESYNC"
IDLES = b"+ idling\r\n"


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run[Any]:
    """`run(coroutine)` on either of the loops that a server may have."""

    def run(coroutine: Any) -> Any:
        return run_apart(asyncio.wait_for(coroutine, 20), request.param)

    return run


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "PAUSE", 0.05)
    monkeypatch.setattr(watch, "GATHER", 0.05)


def watched(*steps: Step, capabilities: str = "IMAP4rev1 IDLE") -> list[Step]:
    """A script up to the open INBOX: commands w1 to w5, or w6 with QRESYNC."""
    enable: list[Step] = [("ENABLE QRESYNC", ok())] if "QRESYNC" in capabilities else []
    return imap_script(
        *enable, ("EXAMINE INBOX", ok()), ("STATUS", INBOX), *steps, capabilities=capabilities
    )


async def opened(server: ScriptedServer, security: str = "none", **more: Any) -> Watch:
    at = ImapServer("localhost", server.port, security, timeout=2, **more)
    return await watch.open(at, "alice", 'Cr"aie \\7')


async def news(server: ScriptedServer) -> News:
    watching = await opened(server)
    try:
        return await watching.news()
    finally:
        watching.close()


def test_it_reads_and_changes_nothing(
    run: Run[Any], imap_server: ImapServer, alice: MailAccount, mailbox: Mailbox
) -> None:
    uid = mailbox.append(b"Subject: a\r\n\r\nbonjour\r\n")

    async def look() -> Watch:
        watching = await watch.open(imap_server, alice.login, alice.password)
        watching.close()
        return watching

    watching = run(look())
    assert watching.everywhere
    assert (watching.inbox.exists, watching.inbox.unseen, watching.inbox.uidnext) == (1, 1, uid + 1)
    # EXAMINE leaves \Recent to the first mail program that opens the folder.
    assert b"RECENT 1" in (mailbox.imap.status("INBOX", "(RECENT)")[1][0] or b"")


def test_a_wrong_password_is_told_apart(
    run: Run[Any], imap_server: ImapServer, alice: MailAccount
) -> None:
    with pytest.raises(SignInNeeded):
        run(watch.open(imap_server, alice.login, "faux"))


def test_login_quotes_what_it_must(run: Run[Any]) -> None:
    with ScriptedServer(watched()) as server:

        async def look() -> FolderState:
            watching = await opened(server)
            watching.close()
            return watching.inbox

        assert run(look()) == FolderState("INBOX", 7, 4, 3, 1, 9)
    assert b'w2 LOGIN "alice" "Cr\\"aie \\\\7"' in server.received[0]


def test_a_password_beyond_ascii_goes_by_sasl(run: Run[Any]) -> None:
    secret = base64.b64encode("\0alice\0été".encode())
    told = ok(b"* CAPABILITY IMAP4rev1 IDLE AUTH=PLAIN\r\n")
    script: list[Step] = [
        ("", GREETING),
        ("CAPABILITY", told),
        ("AUTHENTICATE PLAIN", b"+ \r\n"),
        (secret.decode(), b"w2 OK in\r\n"),
        ("CAPABILITY", told),
        ("EXAMINE", ok()),
        ("STATUS", INBOX),
    ]
    with ScriptedServer(script) as server:

        async def look() -> None:
            at = ImapServer("localhost", server.port, "none", timeout=2)
            (await watch.open(at, "alice", "été")).close()

        run(look())


@pytest.mark.parametrize(
    "told", [b"", b"* STATUS INBOX (MESSAGES 3 UIDVALIDITY 7)\r\n"], ids=["nothing", "a part"]
)
def test_a_server_that_does_not_tell_how_the_inbox_stands_is_polled(
    run: Run[Any], told: bytes
) -> None:
    """Its state is then found in other ways, at each poll."""
    script = [*watched()[:-1], ("STATUS", ok(told))]
    with ScriptedServer(script) as server, pytest.raises(ServerRefused):
        run(opened(server))


@pytest.mark.parametrize("login", ["a\r\nw3 DELETE INBOX", "a\0b"])
def test_a_line_end_in_a_login_is_never_sent(run: Run[Any], login: str) -> None:
    with ScriptedServer(imap_script(capabilities="IMAP4rev1 IDLE")) as server:
        at = ImapServer("localhost", server.port, "none", timeout=2)
        with pytest.raises(ServerRefused):
            run(watch.open(at, login, "x"))
    assert not [line for line in server.received[0] if b"DELETE" in line]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls_is_verified(run: Run[Any], authority: Authority, security: str) -> None:
    script: list[Step] = watched()
    if security == "starttls":
        told = ok(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n")
        script[1:1] = [("CAPABILITY", told), ("STARTTLS", ok(), START_TLS)]
    with ScriptedServer(script, tls=authority.context("localhost")) as server:

        async def look(ca_file: str) -> None:
            (await opened(server, security, ca_file=ca_file)).close()

        run(look(str(authority.file)))
        with pytest.raises(ServerUnavailable):
            run(look(""))
    assert not [line for line in server.received[1] if b"LOGIN" in line]


def test_answers_before_tls_are_not_believed_after_it(run: Run[Any], authority: Authority) -> None:
    told = ok(b"* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\n")
    smuggled = b"{tag} OK begin\r\nw3 OK [CAPABILITY IMAP4rev1] smuggled\r\n"
    script: list[Step] = [("", GREETING), ("CAPABILITY", told), ("STARTTLS", smuggled, START_TLS)]
    with (
        ScriptedServer(script, tls=authority.context("localhost")) as server,
        pytest.raises(BadServerAnswer),
    ):
        run(opened(server, "starttls", ca_file=str(authority.file)))


def test_a_removed_message_is_named_where_the_server_says_it(run: Run[Any]) -> None:
    script = watched(
        ("IDLE", IDLES, b"* VANISHED 2:3,9\r\n"),
        ("DONE", b"w7 OK done\r\n"),
        ("STATUS", ok(STATUS % (0, 4, 0))),
        capabilities=QUICK,
    )
    with ScriptedServer(script) as server:
        told = run(news(server))
    assert told.gone == (2, 3, 9)
    assert not told.partial


def test_a_removed_message_without_a_name_is_more_than_is_told(run: Run[Any]) -> None:
    script = watched(
        ("IDLE", IDLES, b"* 2 EXPUNGE\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", ok(STATUS % (2, 4, 0))),
    )
    with ScriptedServer(script) as server:
        told = run(news(server))
    assert (told.gone, told.partial, told.folders[0].exists) == ((), True, 2)


@pytest.mark.parametrize("uids", [b"1:4294967295", b"1,x:3", b"1:600", b":"])
def test_a_set_of_uids_does_not_fill_the_memory(run: Run[Any], uids: bytes) -> None:
    script = watched(
        ("IDLE", IDLES, b"* VANISHED " + uids + b"\r\n", b"* 3 EXISTS\r\n"),
        ("DONE", b"w7 OK done\r\n"),
        ("STATUS", ok(STATUS % (2, 4, 0))),
        capabilities=QUICK,
    )
    with ScriptedServer(script) as server:
        told = run(news(server))
    assert len(told.gone) < watch.MOST_NAMED
    assert told.folders[0].exists == 2


def test_what_is_told_before_the_idling_counts(run: Run[Any]) -> None:
    """Some servers answer IDLE with what has happened before it."""
    script = watched(
        ("IDLE", b"* 4 EXISTS\r\n", IDLES),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", ok(STATUS % (4, 5, 2))),
        ("UID FETCH 4:4", ok(FETCHED % (15, b"Subject: C\xc3\xa9a!"))),
    )
    with ScriptedServer(script) as server:
        (arrived,) = run(news(server)).arrived
    assert (arrived.uid, arrived.envelope.subject) == (4, "Céa!")


FETCHED = (
    b"* 4 FETCH (UID 4 FLAGS () RFC822.SIZE 9 BODY[HEADER.FIELDS (SUBJECT)]<0> {%d}\r\n%b"
    b" BODY[HEADER.FIELDS (FROM)]<0> NIL)\r\n"
)


def test_an_arrival_told_in_two_lines_has_its_flags(run: Run[Any]) -> None:
    apart = b"* 4 FETCH (UID 4 FLAGS (\\Seen))\r\n" + FETCHED.replace(b"FLAGS () ", b"")
    script = watched(
        ("IDLE", IDLES, b"* 4 EXISTS\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", ok(STATUS % (4, 5, 2))),
        ("UID FETCH 4:4", ok(apart % (10, b"Subject: 4"))),
    )
    with ScriptedServer(script) as server:
        (arrived,) = run(news(server)).arrived
    assert (arrived.envelope.subject, arrived.flags) == ("4", {"\\Seen"})


def test_fields_that_cannot_be_read_are_an_arrival_all_the_same(run: Run[Any]) -> None:
    script = watched(
        ("IDLE", IDLES, b"* 4 EXISTS\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", ok(STATUS % (4, 5, 2))),
        ("UID FETCH 4:4", ok(FETCHED % (4, b"\xff\x00: "))),
    )
    with ScriptedServer(script) as server:
        (arrived,) = run(news(server)).arrived
    assert (arrived.uid, arrived.envelope.subject) == (4, "")


def test_a_letter_to_everybody_does_not_end_the_stream(
    run: Run[Any], imap_server: ImapServer, alice: MailAccount, mailbox: Mailbox
) -> None:
    async def look() -> News:
        watching = await watch.open(imap_server, alice.login, alice.password)
        try:
            await asyncio.to_thread(mailbox.append, many_commas(1))
            return await watching.news()
        finally:
            watching.close()

    (arrived,) = run(look()).arrived
    assert arrived.envelope.subject == "virgules 1"


def test_messages_that_vanish_while_they_are_asked_for_are_more_than_is_told(
    run: Run[Any],
) -> None:
    gone = no(b"[EXPUNGEISSUED] Some messages were already expunged.")
    script = watched(
        ("IDLE", IDLES, b"* 2 FETCH (FLAGS (\\Seen))\r\n* 4 EXISTS\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("FETCH 2", gone),
        ("STATUS", ok(STATUS % (3, 5, 2))),
        ("UID FETCH 4:4", gone),
    )
    with ScriptedServer(script) as server:
        told = run(news(server))
    assert (told.arrived, told.changed, told.partial) == ((), {}, True)


def test_of_many_arrivals_the_newest_are_asked_for(run: Run[Any]) -> None:
    script = watched(
        ("IDLE", IDLES, b"* 5000 EXISTS\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", ok(STATUS % (5000, 5001, 4998))),
        ("UID FETCH 4981:5000 (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[", ok()),
    )
    with ScriptedServer(script) as server:
        assert run(news(server)).folders[0].exists == 5000


def test_nothing_new_is_not_told(run: Run[Any]) -> None:
    """A mail program has opened INBOX: \\Recent is gone, and nothing else."""
    script = watched(
        ("IDLE", IDLES, b"* 0 RECENT\r\n", b"* 3 EXISTS\r\n"),
        ("DONE", b"w6 OK done\r\n"),
        ("STATUS", INBOX),
        ("IDLE", IDLES, b"* 4 EXISTS\r\n"),
        ("DONE", b"w8 OK done\r\n"),
        ("STATUS", ok(STATUS % (4, 4, 1))),
    )
    with ScriptedServer(script) as server:
        assert run(news(server)).folders[0].exists == 4


def test_a_response_that_comes_in_pieces_is_whole(run: Run[Any]) -> None:
    line = b"* 2 FETCH (UID 9 FLAGS (\\Seen))\r\n"
    script = watched(
        ("IDLE", IDLES, drip(line, 0.01)),
        ("DONE", b"w7 OK done\r\n"),
        ("STATUS", ok(STATUS % (3, 4, 0))),
        capabilities=QUICK,
    )
    with ScriptedServer(script) as server:
        assert run(news(server)).changed == {9: frozenset({"\\Seen"})}


def test_idle_is_renewed(run: Run[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "RENEW", (0.1, 0.2))
    script = watched(
        ("IDLE", IDLES),
        ("DONE", b"w6 OK done\r\n"),
        ("IDLE", IDLES, b"* 4 EXISTS\r\n"),
        ("DONE", b"w7 OK done\r\n"),
        ("STATUS", ok(STATUS % (4, 4, 1))),
    )
    with ScriptedServer(script) as server:
        assert run(news(server)).folders[0].exists == 4


def test_a_server_that_ends_the_idling_itself_is_asked_again(run: Run[Any]) -> None:
    script = watched(
        ("IDLE", IDLES, b"w6 OK enough\r\n"),
        ("IDLE", IDLES, b"* 4 EXISTS\r\n"),
        ("DONE", b"w7 OK done\r\n"),
        ("STATUS", ok(STATUS % (4, 4, 1))),
    )
    with ScriptedServer(script) as server:
        assert run(news(server)).folders[0].exists == 4


def test_other_folders_are_told_and_asked_for_where_too_little_was(run: Run[Any]) -> None:
    capabilities = f"{QUICK} NOTIFY"
    full = b"* STATUS &AMk-t&AOk- (MESSAGES 1 UIDNEXT 2 UIDVALIDITY 8 UNSEEN 1)\r\n"
    script = imap_script(
        ("ENABLE QRESYNC", ok()),
        ("EXAMINE INBOX", ok()),
        ("NOTIFY SET (SELECTED", ok()),
        ("STATUS", INBOX),
        ("IDLE", IDLES, b"* STATUS &AMk-t&AOk- (MESSAGES 1 UIDNEXT 2)\r\n"),
        ("DONE", b"w8 OK done\r\n"),
        ('STATUS "&AMk-t&AOk-"', ok(full)),
        capabilities=capabilities,
    )
    with ScriptedServer(script) as server:
        told = run(news(server))
    assert told.folders == (FolderState("Été", 8, 2, 1, 1),)


@pytest.mark.parametrize(
    "answer",
    [
        b"* OK [NOTIFICATIONOVERFLOW] too much\r\n",
        b"* BYE good night\r\n",
        CLOSE,
    ],
    ids=["overflow", "bye", "hang-up"],
)
def test_a_server_that_leaves_is_unavailable(run: Run[Any], answer: Any) -> None:
    with (
        ScriptedServer(watched(("IDLE", IDLES, answer))) as server,
        pytest.raises(ServerUnavailable),
    ):
        run(news(server))


@pytest.mark.parametrize(
    "answer",
    [b"rubbish\r\n", b"B" * 300_000, b"* 1 FETCH (UID {262145}\r\n", b"* 1 FETCH (UID\r\n"],
    ids=["rubbish", "long line", "long literal", "half a line"],
)
def test_nonsense_is_a_bad_answer(run: Run[Any], answer: bytes) -> None:
    with ScriptedServer(watched(("IDLE", IDLES, answer))) as server, pytest.raises(BadServerAnswer):
        run(news(server))


@pytest.mark.parametrize("greeting", [b"* BYE full\r\n", b"SSH-2.0\r\n", CLOSE, STALL])
def test_no_imap_server_at_all(run: Run[Any], greeting: Any) -> None:
    with (
        ScriptedServer([("", greeting)]) as server,
        pytest.raises((ServerUnavailable, BadServerAnswer)),
    ):
        run(opened(server))


def test_a_server_that_falls_silent_is_given_up(run: Run[Any]) -> None:
    with ScriptedServer(watched(("IDLE", STALL))) as server, pytest.raises(ServerUnavailable):
        run(news(server))


def test_without_idle_nothing_is_watched(run: Run[Any]) -> None:
    script = imap_script(capabilities="IMAP4rev1")
    with ScriptedServer(script) as server, pytest.raises(ServerRefused):
        run(opened(server))


def test_a_refused_notify_is_no_obstacle(run: Run[Any]) -> None:
    script = imap_script(
        ("ENABLE QRESYNC", ok()),
        ("EXAMINE INBOX", ok()),
        ("NOTIFY", no(b"[BADEVENT] which?")),
        ("STATUS", INBOX),
        capabilities=f"{QUICK} NOTIFY",
    )
    with ScriptedServer(script) as server:

        async def look() -> bool:
            watching = await opened(server)
            watching.close()
            return watching.everywhere

        assert run(look()) is False


def test_who_waits_reads_no_more_than_fits(run: Run[Any]) -> None:
    """A server that sends on and on fills its own buffers, not ours."""
    flood = b"* 3 EXISTS\r\n" * 50_000
    script = watched(("IDLE", IDLES, flood, wait(0.2), flood, STALL))

    async def look(server: ScriptedServer) -> int:
        watching = await opened(server)
        watching._begin(b"IDLE")
        await asyncio.sleep(0.5)
        size = len(watching._wire._buffer)
        watching.close()
        return size

    with ScriptedServer(script) as server:
        assert run(look(server)) < 4 * wire.LIMIT
