import base64
import imaplib
import re
import shutil
import smtplib
import socket
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

import pytest

from demo.servers import dovecot as module
from demo.servers import process
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB
from tests.waiting import LONGEST_S


@pytest.mark.parametrize(
    ("text", "version"), [("2.4.1-4 (7d8c0e5759)\n", (2, 4)), ("2.3.19.1 (9b53102964)\n", (2, 3))]
)
def test_the_version_is_read(text: str, version: tuple[int, int]):
    assert module._version(text) == version


def test_a_refused_sign_in_costs_no_penalty(dovecot: Dovecot):
    """2.3 waits half a second whatever is configured; the penalty would grow to 15."""
    begun = time.monotonic()
    for _ in range(4):
        with (
            imaplib.IMAP4("127.0.0.1", dovecot.imap_port, timeout=LONGEST_S) as imap,
            pytest.raises(imaplib.IMAP4.error),
        ):
            imap.login("alice", "faux")
    assert time.monotonic() - begun < 4


def is_soon_admitted(server: Dovecot, account: MailAccount) -> bool:
    """Dovecot looks at most once a second whether its file of accounts has changed."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with suppress(imaplib.IMAP4.error), closing(Mailbox(server, account)) as mailbox:
            return mailbox.uids() == []
        time.sleep(0.1)
    return False


def test_accounts_can_change_while_it_runs(dovecot: Dovecot):
    try:
        for password in ("avant", "pendant:après"):
            carole = MailAccount("carole", password)
            dovecot.write_accounts([*dovecot.accounts, carole])
            assert is_soon_admitted(dovecot, carole)
    finally:
        dovecot.write_accounts(dovecot.accounts)


def test_special_folders_are_marked(mailbox: Mailbox):
    _, lines = mailbox.imap.list()
    for name in module.SPECIAL_USE:
        assert any(f"\\{name})".encode() in line for line in lines if isinstance(line, bytes))


@pytest.mark.parametrize("capability", ["SORT", "THREAD=REFERENCES", "MOVE", "LIST-STATUS"])
def test_it_can_what_the_webmail_builds_on(mailbox: Mailbox, capability: str):
    _, (answer, *_) = mailbox.imap.capability()
    assert capability in answer.decode().split()


def test_a_password_that_was_changed_outlives_a_start(tmp_path: Path):
    server = Dovecot(tmp_path, [MailAccount("carole", "avant", ("c@x",)), MailAccount("dora", "x")])
    server.write_accounts(server.accounts)
    assert server.changed_logins() == frozenset()
    first, alias, *others = server.users.read_text().splitlines(keepends=True)
    hashed = [re.sub(r":{PLAIN.b64}[^:]*", ":{ARGON2ID}$x", line) for line in (first, alias)]
    server.users.write_text("".join([*hashed, *others]))

    server.write_accounts(server.accounts, keep_changed=True)

    assert server.changed_logins() == {"carole", "c@x"}
    assert server.users.read_text().splitlines(keepends=True) == [*hashed, *others]
    server.write_accounts(server.accounts)
    assert server.changed_logins() == frozenset()


LETTER = (
    b"From: bob@ac-exemple.fr\r\nTo: alice@ac-exemple.fr\r\nSubject: Conseil\r\n"
    b"Message-ID: <1@ac-exemple.fr>\r\n\r\nBonjour\r\n"
)

ABSENCE = """require ["vacation"];
vacation :days 1 :subject "Absente" :addresses ["alice@ac-exemple.fr"] "De retour lundi.";
"""


def activate(server: Dovecot, account: MailAccount, script: str) -> None:
    """By ManageSieve (RFC 5804)."""
    secret = base64.b64encode(f"\0{account.login}\0{account.password}".encode()).decode()
    assert server.sieve_port is not None
    with socket.create_connection(("127.0.0.1", server.sieve_port), timeout=10) as line:
        for command in (
            f'AUTHENTICATE "PLAIN" "{secret}"',
            f'PUTSCRIPT "absence" {{{len(script)}+}}\r\n{script}',
            'SETACTIVE "absence"',
            "LOGOUT",
        ):
            line.sendall(f"{command}\r\n".encode())
        answer = b""
        while piece := line.recv(4096):
            answer += piece
    assert answer.count(b"\nOK") + answer.startswith(b"OK") >= 4, answer


def test_an_answer_of_absence_leaves(tmp_path: Path) -> None:
    """It reaches a colleague's mailbox, though Dovecot signs in nowhere."""
    folder = Path(tempfile.mkdtemp(prefix="webmail-absence-"))
    folder.chmod(0o755)
    relay_port = process.free_port()
    server = Dovecot(folder / "dovecot", [ALICE, BOB], relay_port=relay_port)
    submission = SubmissionServer(
        tmp_path,
        [ALICE, BOB],
        domain="ac-exemple.fr",
        lmtp_port=server.lmtp_port,
        relay_port=relay_port,
    )
    try:
        server.start()
        submission.start()
        activate(server, ALICE, ABSENCE)
        with smtplib.SMTP("127.0.0.1", submission.port, timeout=LONGEST_S) as smtp:
            smtp.ehlo()
            assert smtp.mail("bob@ac-exemple.fr")[0] == 530, "the relay's port alone is open"
            smtp.login(BOB.login, BOB.password)
            smtp.sendmail("bob@ac-exemple.fr", ["alice@ac-exemple.fr"], LETTER)
        with closing(Mailbox(server, BOB)) as mailbox:
            deadline = time.monotonic() + 20
            while not mailbox.messages() and time.monotonic() < deadline:
                time.sleep(0.2)
            (answer,) = mailbox.messages()
        assert b"De retour lundi." in answer
    finally:
        submission.stop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
