"""Mail submission: to a real server (aiosmtpd), and to a scripted one for refusals and faults."""

from __future__ import annotations

import re
import socket
import threading
import time
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

from mail import smtp
from mail.errors import (
    BadServerAnswer,
    PerhapsSent,
    RecipientsRefused,
    SenderRefused,
    ServerRefused,
    ServerUnavailable,
    SignInNeeded,
    TooLarge,
)
from tests.cases import each
from tests.servers.scripted import CLOSE, READ_DATA, STALL, ScriptedServer, drip, wait
from tests.servers.wire import Wire
from tests.waiting import soon

# What the real server says of itself.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS"),
    pytest.mark.filterwarnings("ignore:Session.login_data"),
]

ALICE = "alice@ac-exemple.fr"
BOB = "bob@ac-exemple.fr"
CAROL = "carol@ac-exemple.fr"
MESSAGE = b"From: alice@ac-exemple.fr\r\nSubject: Bonjour\r\n\r\n.Bonjour.\r\n"
SECRET = "clé à é"
SIZE_LIMIT = 50_000


class Received:
    """What the real server took, and whom it refuses."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.refused: set[str] = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.refused:
            return "550 5.1.1 No such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.envelopes.append(envelope)
        return "250 Taken"


def authenticate(server, session, envelope, mechanism, data):
    known = (data.login, data.password) == (b"alice", SECRET.encode())
    return AuthResult(success=known, handled=False)  # aiosmtpd says 235 or 535 itself


@pytest.fixture(scope="module")
def running():
    received = Received()
    controller = Controller(
        received,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=authenticate,
        auth_required=True,
        auth_require_tls=False,
        data_size_limit=SIZE_LIMIT,
        enable_SMTPUTF8=True,
    )
    controller.start()
    yield controller, received
    controller.stop()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


@pytest.fixture
def received(running):
    running[1].envelopes.clear()
    running[1].refused.clear()
    return running[1]


@pytest.fixture
def server(running, received):
    return smtp.SmtpServer("127.0.0.1", running[0].port, "none", 5, "", "alice", SECRET)


def submit(server, to=(BOB,), message=MESSAGE, sender=ALICE):
    smtp.submit(server, sender, to, message)


def test_a_message_arrives_as_it_was(server, received):
    submit(server, [BOB, CAROL])
    (envelope,) = received.envelopes
    assert envelope.mail_from == ALICE
    assert envelope.rcpt_tos == [BOB, CAROL]
    assert envelope.content == MESSAGE


def test_bytes_above_ascii_are_announced(server, received):
    message = MESSAGE + "À demain.\r\n".encode()
    submit(server, message=message)
    assert received.envelopes[0].content == message


def test_a_wrong_password_needs_a_sign_in(server, received):
    with pytest.raises(SignInNeeded):
        submit(replace(server, password="not it"))
    assert received.envelopes == []


def test_a_server_that_wants_a_sign_in_and_gets_none(server, received):
    with pytest.raises(SignInNeeded):
        submit(replace(server, login="", password=""))


def test_one_refused_recipient_stops_the_whole_message(server, received):
    received.refused = {CAROL}
    with pytest.raises(RecipientsRefused) as caught:
        submit(server, [BOB, CAROL])
    assert caught.value.refused == {CAROL: "No such person"}
    assert received.envelopes == []


def test_a_message_over_the_servers_limit_is_not_sent(server, received):
    with pytest.raises(TooLarge) as caught:
        submit(server, message=MESSAGE + b"x" * SIZE_LIMIT)
    assert caught.value.limit == SIZE_LIMIT
    assert received.envelopes == []


def test_the_limit_can_be_asked_for(server):
    assert smtp.size_limit(server) == SIZE_LIMIT


def test_addresses_with_accents_are_sent_where_the_server_takes_them(server, received):
    submit(server, ["élève@ac-exemple.fr", "bob@académie.fr"])
    assert received.envelopes[0].rcpt_tos == ["élève@ac-exemple.fr", "bob@xn--acadmie-eya.fr"]


def test_the_password_is_in_no_repr(server):
    assert SECRET not in repr(server)


@pytest.mark.parametrize(
    "address", ["", "a b@x.fr", "a@x.fr\r\nRCPT TO:<b@x.fr>", "<a@x.fr>", "a\0@x.fr", "a@x.fr>"]
)
def test_addresses_are_checked(server, received, address):
    with pytest.raises(ValueError, match="Not an address"):
        submit(server, [BOB, address])
    if address:
        with pytest.raises(ValueError, match="Not an address"):
            submit(server, sender=address)
    assert received.envelopes == []


def test_a_message_needs_a_recipient(server):
    with pytest.raises(ValueError, match="recipient"):
        submit(server, [])


# The scripted server.

HELLO = ("", b"220 ready\r\n")
EHLO = ("EHLO", b"250-hello\r\n250-SIZE 1000\r\n250 AUTH PLAIN\r\n")
AUTH = ("AUTH PLAIN AGFsaWNlAHM=", b"235 in\r\n")
MAIL = ("MAIL FROM:<alice@ac-exemple.fr> SIZE=", b"250 ok\r\n")
RCPT = ("RCPT TO:<bob@ac-exemple.fr>", b"250 ok\r\n")
RSET = ("RSET", b"250 ok\r\n")
DATA = ("DATA", b"354 go\r\n", READ_DATA)


def scripted(*steps, timeout=1.0, to=(BOB,), message=MESSAGE, sender=ALICE, **more):
    """What the server said at last, and all that it heard."""
    with ScriptedServer(list(steps)) as server:
        where = smtp.SmtpServer(
            "127.0.0.1", server.port, "none", timeout, "", "alice", "s", timeout
        )
        said = smtp.submit(where, sender, to, message, **more)
    return said, server.received[0]


def test_a_script_without_fault():
    scripted(HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"250 taken\r\n"))


def test_no_sign_in_where_none_is_offered():
    ehlo = ("EHLO", b"250-hello\r\n250 SIZE\r\n")
    scripted(HELLO, ehlo, MAIL, RCPT, (*DATA, b"250 taken\r\n"))


def test_sign_in_by_login_where_nothing_else_is_offered():
    ehlo = ("EHLO", b"250-hello\r\n250 AUTH LOGIN\r\n")
    mail = ("MAIL FROM:<alice@ac-exemple.fr>", b"250 ok\r\n")
    login = [
        ("AUTH LOGIN", b"334 VXNlcm5hbWU6\r\n"),
        ("YWxpY2U=", b"334 UGFzc3dvcmQ6\r\n"),
        ("cw==", b"235 in\r\n"),
    ]
    scripted(HELLO, ehlo, *login, mail, RCPT, (*DATA, b"250 taken\r\n"))


def test_a_slow_server_is_waited_for():
    scripted(HELLO, (EHLO[0], wait(0.5), EHLO[1]), AUTH, MAIL, RCPT, (*DATA, b"250 taken\r\n"))


@pytest.mark.parametrize(
    ("steps", "error"),
    [
        ([("", b"554 no service\r\n")], ServerRefused),
        ([("", b"421 too busy\r\n")], ServerUnavailable),
        ([("", CLOSE)], ServerUnavailable),
        ([("", b"* OK IMAP4 ready\r\n")], BadServerAnswer),
        ([("", b"rubbish" * 50_000 + b"\r\n")], BadServerAnswer),
        ([HELLO, EHLO, (AUTH[0], b"535 5.7.8 no\r\n")], SignInNeeded),
        ([HELLO, EHLO, (AUTH[0], b"454 4.7.0 later\r\n")], ServerUnavailable),
        ([HELLO, EHLO, (AUTH[0], CLOSE)], ServerUnavailable),
        ([HELLO, ("EHLO", b"250-hello\r\n250 AUTH GSSAPI\r\n")], ServerRefused),
        ([HELLO, EHLO, AUTH, (MAIL[0], b"553 5.7.1 not yours\r\n")], SenderRefused),
        ([HELLO, EHLO, AUTH, (MAIL[0], b"552 5.3.4 too big\r\n")], TooLarge),
        ([HELLO, EHLO, AUTH, (MAIL[0], b"523 too big\r\n")], TooLarge),
        ([HELLO, EHLO, AUTH, (MAIL[0], b"530 5.7.0 sign in\r\n")], SignInNeeded),
        ([HELLO, EHLO, AUTH, (MAIL[0], b"451 4.3.0 later\r\n")], ServerUnavailable),
        ([HELLO, EHLO, AUTH, (MAIL[0], b"what\r\n")], BadServerAnswer),
        ([HELLO, EHLO, AUTH, MAIL, (RCPT[0], b"550 5.1.1 no\r\n"), RSET], RecipientsRefused),
        ([HELLO, EHLO, AUTH, MAIL, (RCPT[0], b"552 5.2.2 full\r\n"), RSET], RecipientsRefused),
        ([HELLO, EHLO, AUTH, MAIL, (RCPT[0], b"552 5.3.4 too big\r\n")], TooLarge),
        ([HELLO, EHLO, AUTH, MAIL, (RCPT[0], b"450 4.2.0 grey\r\n"), RSET], ServerUnavailable),
        ([HELLO, EHLO, AUTH, MAIL, (RCPT[0], b"421 bye\r\n")], ServerUnavailable),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, ("DATA", b"554 no\r\n")], ServerRefused),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"552 5.3.4 too big\r\n")], TooLarge),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"554 5.6.0 a virus\r\n")], ServerRefused),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"451 4.3.0 later\r\n")], ServerUnavailable),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"421 4.3.2 stopping\r\n")], ServerUnavailable),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, CLOSE)], PerhapsSent),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"what\r\n")], PerhapsSent),
        ([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"354 go on\r\n")], PerhapsSent),
    ],
)
def test_refusals_and_faults(steps, error):
    with pytest.raises(error) as caught:
        scripted(*steps)
    assert type(caught.value) is error


def test_the_servers_words_and_limit_are_told():
    with pytest.raises(TooLarge) as caught:
        scripted(HELLO, EHLO, AUTH, (MAIL[0], b"552-5.3.4 Trop\r\n552 5.3.4 gros\r\n"))
    assert caught.value.limit == 1000
    assert caught.value.server_words.startswith("Trop")


def test_recipients_that_must_wait_are_not_among_the_refused():
    later = ("RCPT TO:<carol@ac-exemple.fr>", b"450 4.2.0 later\r\n")
    refused = (RCPT[0], b"550 5.1.1 no\r\n")
    with pytest.raises(RecipientsRefused) as caught:
        scripted(HELLO, EHLO, AUTH, MAIL, later, refused, RSET, to=[CAROL, BOB])
    assert caught.value.refused == {BOB: "no"}


ABOUT_ALICE = b"553 5.7.1 <alice@ac-exemple.fr>: Sender address rejected: not owned\r\n"


@pytest.mark.parametrize(
    ("to", "words", "error"),
    [
        ([BOB], [ABOUT_ALICE], SenderRefused),
        ([CAROL, BOB], [ABOUT_ALICE, ABOUT_ALICE], SenderRefused),
        # Another recipient is taken, is refused for itself, or is the sender.
        ([CAROL, BOB], [b"250 ok\r\n", ABOUT_ALICE], RecipientsRefused),
        ([CAROL, BOB], [b"550 5.1.1 no\r\n", ABOUT_ALICE], RecipientsRefused),
        ([ALICE], [ABOUT_ALICE], RecipientsRefused),
    ],
)
def test_a_sender_that_is_refused_at_each_recipient_is_told_as_one(to, words, error):
    answers = [(f"RCPT TO:<{one}>", told) for one, told in zip(to, words, strict=True)]
    with pytest.raises(error) as caught:
        scripted(HELLO, EHLO, AUTH, MAIL, *answers, RSET, to=to)
    assert type(caught.value) is error


def test_an_address_with_accents_where_the_server_takes_none():
    with pytest.raises(RecipientsRefused) as caught:
        scripted(HELLO, EHLO, AUTH, to=[BOB, "élève@ac-exemple.fr"])
    assert list(caught.value.refused) == ["élève@ac-exemple.fr"]


@pytest.mark.parametrize(
    "steps", [[("", STALL)], [HELLO, ("EHLO", STALL)], [HELLO, EHLO, AUTH, (MAIL[0], STALL)]]
)
def test_a_stalling_server_is_unavailable_in_time(steps):
    with soon(), pytest.raises(ServerUnavailable):
        scripted(*steps, timeout=0.3)


def test_a_dripping_server_is_unavailable_too():
    with soon(), pytest.raises(ServerUnavailable):
        scripted(HELLO, ("EHLO", drip(b"250-" + b"x" * 500, 0.1)), timeout=0.3)


def test_an_endless_answer_is_cut():
    with soon(), pytest.raises(BadServerAnswer):
        scripted(HELLO, ("EHLO", b"250-x\r\n" * 20_000), timeout=30)


def test_after_success_a_server_that_stalls_holds_nobody():
    with soon():
        scripted(HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"250 taken\r\n", STALL), timeout=30)


def test_silence_after_the_whole_message_is_a_doubt_and_no_failure():
    with soon(), pytest.raises(PerhapsSent):
        scripted(HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, STALL), timeout=0.3)


@pytest.mark.parametrize("words", [b"", b"421 4.3.2 stopping\r\n"])
def test_a_server_that_leaves_before_the_dot_has_taken_nothing(words):
    steps = smtp.SubmissionSteps(alive=lambda: time.sleep(0.1))  # until it has hung up
    with pytest.raises(ServerUnavailable) as caught:
        scripted(HELLO, EHLO, AUTH, MAIL, RCPT, ("DATA", b"354 go\r\n" + words, CLOSE), steps=steps)
    assert caught.value.server_words == words[10:].decode().strip()


def test_the_servers_last_words_come_back():
    said, _ = scripted(HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"250 2.0.0 Ok: queued as 4F2A\r\n"))
    assert said == "Ok: queued as 4F2A"


def test_before_the_dot_nothing_is_handed_over():
    """A server that has the content and hears no dot has no message."""
    seen = []

    def stop():
        raise KeyError("the database is locked")

    with ScriptedServer([HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"250 taken\r\n")]) as server:
        where = smtp.SmtpServer("127.0.0.1", server.port, "none", 1, "", "alice", "s")
        with pytest.raises(KeyError):
            smtp.submit(where, ALICE, [BOB], MESSAGE, steps=smtp.SubmissionSteps(before_last=stop))
        smtp.submit(
            where,
            ALICE,
            [BOB],
            MESSAGE,
            steps=smtp.SubmissionSteps(
                alive=lambda: seen.append("alive"),
                before_last=lambda: seen.append("last"),
                taken=seen.append,
            ),
        )
    # Sign-in, sender, recipient, DATA; then the content has left, and the dot has not.
    assert seen == ["alive"] * 4 + ["last", "taken"]


def test_a_server_that_hangs_up_while_the_last_step_is_prepared_has_no_message():
    script = [HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"250 taken\r\n")]
    with ScriptedServer(script) as server, Wire(server.port) as wire:
        where = smtp.SmtpServer("127.0.0.1", wire.port, "none", 1, "", "alice", "s")
        steps = smtp.SubmissionSteps(before_last=wire.hang_up)
        with pytest.raises(ServerUnavailable):
            smtp.submit(where, ALICE, [BOB], MESSAGE, steps=steps)


def test_a_delivery_notice_is_asked_for_where_the_server_knows_how():
    ehlo = ("EHLO", b"250-hello\r\n250 DSN\r\n")
    notice = smtp.DeliveryNotice("a+b=c é")
    mail = ("MAIL FROM:<alice@ac-exemple.fr> RET=HDRS ENVID=a+2Bb+3Dc+20+E9", b"250 ok\r\n")
    rcpt = ("RCPT TO:<bob@ac-exemple.fr> NOTIFY=SUCCESS,FAILURE,DELAY", b"250 ok\r\n")
    scripted(HELLO, ehlo, mail, rcpt, (*DATA, b"250 taken\r\n"), notice=notice)
    _, heard = scripted(HELLO, EHLO, AUTH, MAIL, RCPT, (*DATA, b"250 taken\r\n"), notice=notice)
    assert b"RCPT TO:<bob@ac-exemple.fr>" in heard


def test_smtputf8_is_announced_for_an_address_that_needs_it_alone():
    ehlo = ("EHLO", b"250-hello\r\n250 SMTPUTF8\r\n")
    mail = ("MAIL FROM:<alice@ac-exemple.fr>", b"250 ok\r\n")
    taken = (*DATA, b"250 taken\r\n")
    _, heard = scripted(HELLO, ehlo, mail, RCPT, taken)
    assert b"MAIL FROM:<alice@ac-exemple.fr>" in heard
    rcpt = ("RCPT TO:", b"250 ok\r\n")
    _, heard = scripted(HELLO, ehlo, mail, rcpt, taken, to=["élève@ac-exemple.fr"])
    assert b"MAIL FROM:<alice@ac-exemple.fr> SMTPUTF8" in heard


def test_a_receipt_has_no_sender():
    mail = ("MAIL FROM:<>", b"250 ok\r\n")
    scripted(HELLO, EHLO, AUTH, mail, RCPT, (*DATA, b"250 taken\r\n"), sender="")


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b""])
def test_lines_that_begin_with_a_dot_arrive_so(server, received, end):
    submit(server, message=b"Subject: x\r\n\r\n.\r\n..\r\n.x" + end)
    assert received.envelopes[0].content == b"Subject: x\r\n\r\n.\r\n..\r\n.x\r\n"


# What one server or another has taken for the end of a message, so that the next one has read
# a second message (SMTP smuggling).
ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r\n",
    b"\r.\r",
    b"\r\n.\r",
    b"\r\n.\n",
    b"\n.\r",
    b"\r\r\n.\r\n",
]
ENDS += [b"\r\n.\r\r\n", b"\r\n\0.\r\n", b"\0\r\n.\r\n\0", b"\r\n.\0\r\n", b"\r\0\n.\r\0\n"]


@each("end", ENDS)
def test_nothing_in_a_message_ends_it(server, received, end):
    received.envelopes.clear()
    second = b"MAIL FROM:<chef@ac-exemple.fr>\r\nRCPT TO:<bob@ac-exemple.fr>\r\nDATA\r\nx"
    submit(server, message=b"Subject: x\r\n\r\nbonjour" + end + second)
    (one,) = received.envelopes
    assert second in one.content
    assert b"\0" not in one.content
    assert not re.search(rb"(?<!\r)\n|\r(?!\n)", one.content)


def test_a_closed_port_is_unavailable():
    where = smtp.SmtpServer("127.0.0.1", free_port(), "none", 1)
    with pytest.raises(ServerUnavailable):
        smtp.submit(where, ALICE, [BOB], MESSAGE)


def test_without_starttls_no_password_is_sent():
    with ScriptedServer([HELLO, EHLO]) as server:
        where = smtp.SmtpServer("127.0.0.1", server.port, "starttls", 1, "", "alice", "s")
        with pytest.raises(BadServerAnswer):
            smtp.submit(where, ALICE, [BOB], MESSAGE)
    assert not any(line.startswith(b"AUTH") for line in server.received[0])


def test_tls_to_a_server_without_is_unavailable():
    with ScriptedServer([HELLO]) as server:
        where = smtp.SmtpServer("127.0.0.1", server.port, "tls", 1)
        with pytest.raises(ServerUnavailable):
            smtp.submit(where, ALICE, [BOB], MESSAGE)


def test_no_thread_is_left_behind(server, received):
    before = threading.active_count()
    submit(server)
    assert threading.active_count() <= before
