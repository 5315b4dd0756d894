"""Servers that are down, slow, hang up, refuse or talk rubbish."""

from __future__ import annotations

import socket

import pytest

from mail.errors import (
    BadServerAnswer,
    FolderNotFound,
    NotPermitted,
    OverQuota,
    ServerRefused,
    ServerUnavailable,
    SignInNeeded,
    TooLarge,
)
from mail.imap import connection, fetch
from mail.imap.values import ImapServer, MessageRef
from tests.servers.scripted import (
    CLOSE,
    GREETING,
    READ_LITERAL,
    STALL,
    ScriptedServer,
    Step,
    drip,
    imap_script,
    no,
    ok,
    selected,
    wait,
)
from tests.waiting import soon

SELECT = ("SELECT", selected())
SECRET = "secret"


def sign_in(server, *, timeout=1.0, password=SECRET, address=""):
    where = ImapServer("127.0.0.1", server.port, "none", timeout=timeout)
    return connection.open(where, "alice", password, client_address=address)


def selected_inbox(server, **options):
    imap = sign_in(server, **options)
    imap.select("INBOX")
    return imap


def test_a_closed_port_is_unavailable():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(ServerUnavailable):
        connection.open(ImapServer("127.0.0.1", port, "none", timeout=1), "alice", "secret")


@pytest.mark.parametrize("host", ["nowhere.invalid", "a..b", "é" * 70])
def test_a_host_that_is_none_is_unavailable(host):
    with pytest.raises(ServerUnavailable):
        connection.open(ImapServer(host, 143, "none", timeout=1), "alice", "secret")


@pytest.mark.parametrize(
    ("greeting", "error"),
    [
        (b"* BYE [UNAVAILABLE] Too many connections\r\n", ServerUnavailable),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", BadServerAnswer),
        (b"220 smtp.exemple.fr ESMTP\r\n", BadServerAnswer),
        (b"\x16\x03\x01\x00\x00\r\n", BadServerAnswer),
        (b"* NO thanks\r\n", BadServerAnswer),
    ],
)
def test_a_greeting_that_is_none(greeting, error):
    with ScriptedServer([("", greeting, CLOSE)]) as server, pytest.raises(error):
        sign_in(server)


def test_a_server_that_hangs_up_at_once_is_unavailable():
    with ScriptedServer([("", CLOSE)]) as server, pytest.raises(ServerUnavailable):
        sign_in(server)


def test_a_server_that_never_greets_is_unavailable_in_time():
    with soon(), ScriptedServer([("", STALL)]) as server, pytest.raises(ServerUnavailable):
        sign_in(server, timeout=0.3)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (no(b"[AUTHENTICATIONFAILED] No."), SignInNeeded),
        (no(b"[EXPIRED] Change it."), SignInNeeded),
        (no(b"Login failed"), SignInNeeded),
        (no(b"[ALERT] Come tomorrow"), SignInNeeded),
        (no(b"[UNAVAILABLE] Later"), ServerUnavailable),
        (no(b"[INUSE] Busy"), ServerUnavailable),
        (no(b"[LIMIT] Too many"), ServerUnavailable),
        (no(b"[SERVERBUG] Oh"), ServerUnavailable),
        (no(b"[OVERQUOTA] Full"), OverQuota),
        (no(b"[PRIVACYREQUIRED] TLS first"), ServerRefused),
        (b"{tag} BAD Syntax\r\n", BadServerAnswer),
        (b"* BYE Shutting down\r\n", ServerUnavailable),
        (b"rubbish\r\n", BadServerAnswer),
    ],
)
def test_answers_to_login(answer, error):
    capability = ok(b"* CAPABILITY IMAP4rev1\r\n")
    script: list[Step] = [("", GREETING), ("CAPABILITY", capability), ("LOGIN", answer)]
    with ScriptedServer(script) as server, pytest.raises(error) as caught:
        sign_in(server)
    assert "secret" not in str(caught.value) + caught.value.server_words


def test_a_login_that_is_not_answered_is_no_wrong_password():
    capability = ok(b"* CAPABILITY IMAP4rev1\r\n")
    script: list[Step] = [("", GREETING), ("CAPABILITY", capability), ("LOGIN", STALL)]
    with ScriptedServer(script) as server, pytest.raises(ServerUnavailable):
        sign_in(server, timeout=0.3)


def test_a_server_that_takes_no_password_here_is_said():
    capability = ok(b"* CAPABILITY IMAP4rev1 LOGINDISABLED\r\n")
    script = [("", GREETING), ("CAPABILITY", capability)]
    with ScriptedServer(script) as server, pytest.raises(ServerRefused):
        sign_in(server)


def test_login_is_quoted():
    with ScriptedServer(imap_script()) as server:
        sign_in(server, password='a"b\\c').close()
    assert server.received[0][1].endswith(b'LOGIN "alice" "a\\"b\\\\c"')


def test_an_accent_goes_by_plain_where_it_is_offered():
    told = ok(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\n")
    script: list[Step] = [
        ("", GREETING),
        ("CAPABILITY", told),
        ("AUTHENTICATE PLAIN", b"+ \r\n"),
        ("AGFsaWNlAMOpdMOp", ok()),
        ("CAPABILITY", told),
    ]
    with ScriptedServer(script) as server:
        sign_in(server, password="été").close()


def test_an_accent_is_said_in_utf8_where_plain_is_not_offered():
    with ScriptedServer(imap_script()) as server:
        sign_in(server, password="été").close()
    assert server.received[0][1].endswith('LOGIN "alice" "été"'.encode())


def test_the_browsers_address_is_told_before_sign_in():
    told = ok(b"* CAPABILITY IMAP4rev1 ID\r\n")
    script = [
        ("", GREETING),
        ("CAPABILITY", told),
        ("ID", b"* ID NIL\r\n", no(b"not you")),
        ("LOGIN", ok(words=b"[CAPABILITY IMAP4rev1 MOVE] in")),
    ]
    with ScriptedServer(script) as server:
        imap = sign_in(server, address="2001:db8::7")
        assert imap.capabilities == {"IMAP4REV1", "MOVE"}  # and no CAPABILITY was sent again
        imap.close()
    assert server.received[0][1].endswith(b'ID ("name" "webmail" "x-originating-ip" "2001:db8::7")')


def test_a_slow_answer_is_waited_for():
    with ScriptedServer(imap_script(("SELECT", wait(0.5), selected()))) as server:
        imap = selected_inbox(server)
        assert imap.known().exists == 3
        imap.close()


def test_a_stalling_server_is_unavailable_after_the_time_out():
    with ScriptedServer(imap_script(("SELECT", STALL))) as server:
        imap = sign_in(server, timeout=0.3)
        with soon(), pytest.raises(ServerUnavailable):
            imap.select("INBOX")
        assert not imap.give_back()
        imap.close()


def test_a_dripping_server_is_unavailable_too():
    # Each byte comes within the time-out; the whole never would.
    step = ("SELECT", drip(b"* FLAGS (" + b"x" * 1000, 0.1))
    with ScriptedServer(imap_script(step)) as server:
        imap = sign_in(server, timeout=0.3)
        with soon(), pytest.raises(ServerUnavailable):
            imap.select("INBOX")
        imap.close()


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"* 1 FETCH (UI",
        b"* 1 FETCH (UID 1 BODY[] {1000}\r\nabc",
        b"* 1 FETCH (UID 1)\r\n",
        b"* BYE Mailbox was deleted under us\r\n",
    ],
)
def test_a_server_that_closes_within_its_answer_is_unavailable(part):
    with ScriptedServer(imap_script(SELECT, ("UID FETCH", part, CLOSE))) as server:
        imap = selected_inbox(server)
        with pytest.raises(ServerUnavailable):
            imap.uid("FETCH", "1", "(UID)")
        assert not imap.give_back()
        imap.close()


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>\r\n",
        b"* 1 fetch (uid 1)\r\n",
        b"X99 OK who is that\r\n",
        b"{tag} BAD What?\r\n",
        b"* 1 FETCH (UID 1 BODY[] {" + b"9" * 5000 + b"}\r\n",
        b"* 1 FETCH (UID 1 BODY[] {99999999999}\r\n",
        b"* 1 FETCH (UID 1 BODY[] {70000000}\r\n",
        b"no end of line \n",
    ],
)
def test_nonsense_is_a_bad_answer_at_once(answer):
    with ScriptedServer(imap_script(SELECT, ("UID FETCH", answer, STALL))) as server:
        imap = selected_inbox(server, timeout=30)
        with soon(), pytest.raises(BadServerAnswer):
            imap.uid("FETCH", "1", "(UID)")
        assert not imap.give_back()
        imap.close()


def test_an_endless_answer_is_cut(monkeypatch):
    monkeypatch.setattr("mail.imap.client.ANSWER_LIMIT", 10_000)
    lines = b"* 1 FETCH (FLAGS ())\r\n" * 1000
    with ScriptedServer(imap_script(SELECT, ("UID FETCH", lines, ok()))) as server:
        imap = selected_inbox(server)
        with pytest.raises(BadServerAnswer):
            imap.uid("FETCH", "1", "(UID)")
        imap.close()


def test_an_endless_line_is_cut(monkeypatch):
    monkeypatch.setattr("mail.imap.client.LINE_LIMIT", 10_000)
    with ScriptedServer(imap_script(SELECT, ("UID FETCH", b"* " + b"x" * 200_000))) as server:
        imap = selected_inbox(server)
        with pytest.raises(BadServerAnswer):
            imap.uid("FETCH", "1", "(UID)")
        imap.close()


@pytest.mark.parametrize(
    "answer",
    [ok(b"* 3 EXISTS\r\n"), ok(b"* 3 EXISTS\r\n* OK [UIDVALIDITY x] ?\r\n")],
)
def test_a_folder_without_uidvalidity_is_a_bad_answer(answer):
    with ScriptedServer(imap_script(("SELECT", answer))) as server:
        imap = sign_in(server)
        with pytest.raises(BadServerAnswer):
            imap.select("INBOX")
        imap.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (no(b"[NONEXISTENT] None"), FolderNotFound),
        (no(b"[NOPERM] Not yours"), FolderNotFound),
        (no(b"[CANNOT] Bad name"), FolderNotFound),
        (no(b"Mailbox does not exist"), FolderNotFound),
        (no(b"[UNAVAILABLE] Later"), ServerUnavailable),
        (no(b"[INUSE] Locked"), ServerUnavailable),
    ],
)
def test_refusals_of_select(answer, error):
    with ScriptedServer(imap_script(("SELECT", answer))) as server:
        imap = sign_in(server)
        with pytest.raises(error):
            imap.select("Classe")
        assert imap.give_back()  # a refusal does not spoil the connection
        imap.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (no(b"[OVERQUOTA] Full"), OverQuota),
        (no(b"[TRYCREATE] No such folder"), FolderNotFound),
        (no(b"[TOOBIG] Too big"), TooLarge),
        (no(b"[LIMIT] Enough"), ServerRefused),
        (no(b"[NOPERM] Not yours"), NotPermitted),
        (no(b"Permission denied"), NotPermitted),
        (no(b"Access denied."), NotPermitted),
        (no(b"No"), ServerRefused),
    ],
)
def test_refusals_of_append(answer, error):
    step = ("APPEND", b"+ go\r\n", READ_LITERAL, answer)
    with ScriptedServer(imap_script(step)) as server:
        imap = sign_in(server)
        with pytest.raises(error):
            imap.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
        imap.close()


def test_append_refused_before_the_message_is_sent():
    with ScriptedServer(imap_script(("APPEND", no(b"[OVERQUOTA] Full")))) as server:
        imap = sign_in(server)
        with pytest.raises(OverQuota):
            imap.append("INBOX", b"Subject: x\r\n\r\nx\r\n")
        imap.close()


def test_a_read_only_folder_is_told():
    answer = b"* OK [UIDVALIDITY 7] ok\r\n{tag} OK [READ-ONLY] done\r\n"
    steps = ("SELECT", answer), ("NOOP", ok())
    with ScriptedServer(imap_script(*steps)) as server:
        imap = sign_in(server)
        assert imap.select("INBOX").read_only
        assert imap.select("INBOX").read_only
        imap.close()


def test_what_nobody_asked_for_is_no_later_answer():
    noise = b'* STATUS "Other" (MESSAGES 9)\r\n* SEARCH 1 2 3\r\n* 2 FETCH (FLAGS (\\Seen))\r\n'
    steps = (
        SELECT,
        ("NOOP", noise + ok()),
        ("UID SEARCH", ok(b"* SEARCH\r\n")),
        ("STATUS", ok(b'* STATUS "INBOX" (MESSAGES 3)\r\n')),
        ("UID FETCH", ok()),
    )
    with ScriptedServer(imap_script(*steps)) as server:
        imap = selected_inbox(server)
        imap.select("INBOX")
        assert imap.uid("SEARCH", "ALL") == [b""]
        assert imap.command("STATUS", "INBOX", "(MESSAGES)") == [b'"INBOX" (MESSAGES 3)']
        assert imap.uid("FETCH", "1", "(UID)") == []
        imap.close()


@pytest.mark.parametrize("news", [b"* NO Internal error\r\n", b"* OK [UIDVALIDITY 8] new\r\n"])
def test_a_warning_at_the_question_for_news_opens_the_folder_again(news):
    again = ("SELECT", selected(exists=1, uidvalidity=8))
    with ScriptedServer(imap_script(SELECT, ("NOOP", ok(news)), again)) as server:
        imap = selected_inbox(server)
        assert imap.select("INBOX").uidvalidity == 8
        imap.close()


def test_counts_follow_arrivals_and_removals_in_their_order():
    news = b"* 1 EXPUNGE\r\n* 1 EXPUNGE\r\n* 5 EXISTS\r\n* 2 EXPUNGE\r\n"
    with ScriptedServer(imap_script(SELECT, ("NOOP", news + ok()))) as server:
        imap = selected_inbox(server)
        assert imap.select("INBOX").exists == 4
        imap.close()


def test_messages_gone_meanwhile_leave_the_rest_of_the_page():
    envelope = b'ENVELOPE (NIL "a" NIL NIL NIL NIL NIL NIL NIL NIL)'
    row = b"* 1 FETCH (UID 5 FLAGS () RFC822.SIZE 9 " + envelope + b")\r\n"
    answer = row + no(b"[EXPUNGEISSUED] Some are gone")
    with ScriptedServer(imap_script(SELECT, ("UID FETCH 5:7", answer))) as server:
        imap = selected_inbox(server)
        assert [row.ref.uid for row in fetch.rows(imap, [5, 6, 7])] == [5]
        imap.close()


def test_more_of_a_part_than_was_asked_for_is_a_bad_answer():
    answer = ok(b"* 1 FETCH (UID 1 BODY[1]<0> {6}\r\nabcdef)\r\n")
    with ScriptedServer(imap_script(SELECT, ("UID FETCH", answer))) as server:
        imap = selected_inbox(server)
        with pytest.raises(BadServerAnswer):
            list(fetch.chunks(imap, MessageRef("INBOX", 7, 1), "1", size=4))
        imap.close()
