import smtplib
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.servers import process
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.pymap import Pymap
from demo.servers.submission import SIZE_LIMIT, SubmissionServer, open_imap, sign_in
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB
from tests.waiting import LONGEST_S

LETTER = (
    b"From: alice@ac-exemple.fr\r\nTo: bob@ac-exemple.fr\r\nSubject: Conseil\r\n\r\nBonjour\r\n"
)


@pytest.fixture
def submission(dovecot: Dovecot, tmp_path: Path) -> Iterator[SubmissionServer]:
    server = SubmissionServer(
        tmp_path, [ALICE, BOB], domain="ac-exemple.fr", lmtp_port=dovecot.lmtp_port
    )
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(submission: SubmissionServer) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", submission.port, timeout=LONGEST_S) as smtp:
        yield smtp


@pytest.fixture
def as_alice(client: smtplib.SMTP, alice: MailAccount) -> smtplib.SMTP:
    client.login(alice.login, alice.password)
    return client


def refusal(call) -> int:
    with pytest.raises(smtplib.SMTPResponseException) as caught:
        call()
    return caught.value.smtp_code


def test_mail_for_a_colleague_arrives(as_alice: smtplib.SMTP, bobs_mailbox: Mailbox):
    as_alice.sendmail("alice.martin@ac-exemple.fr", ["Bob.Petit@ac-exemple.fr"], LETTER)

    (message,) = bobs_mailbox.messages()
    assert b"Subject: Conseil" in message


def test_two_addresses_of_one_person_get_one_copy(as_alice: smtplib.SMTP, bobs_mailbox: Mailbox):
    both = ["bob@ac-exemple.fr", "bob.petit@ac-exemple.fr"]
    as_alice.sendmail("alice@ac-exemple.fr", both, LETTER)

    assert len(bobs_mailbox.uids()) == 1


def test_mail_for_two_people_arrives_once_at_each(
    as_alice: smtplib.SMTP, mailbox: Mailbox, bobs_mailbox: Mailbox
):
    as_alice.sendmail("alice@ac-exemple.fr", ["alice@ac-exemple.fr", "bob@ac-exemple.fr"], LETTER)

    assert len(mailbox.uids()) == 1
    assert len(bobs_mailbox.uids()) == 1


def test_mail_for_elsewhere_is_kept_as_a_file(as_alice: smtplib.SMTP, submission: SubmissionServer):
    as_alice.sendmail("alice@ac-exemple.fr", ["parent@exemple.org"], LETTER)

    (file,) = submission.outgoing.iterdir()
    assert file.read_bytes().startswith(
        b"X-Envelope-From: <alice@ac-exemple.fr>\r\nX-Envelope-To: parent@exemple.org\r\n"
    )


@pytest.mark.parametrize("name", [ALICE.login, *ALICE.aliases])
def test_every_spelling_signs_in(client: smtplib.SMTP, name: str):
    client.login(name, ALICE.password)


def test_a_wrong_password_is_refused(client: smtplib.SMTP):
    assert refusal(lambda: client.login("alice", "faux")) == 535


def test_an_unknown_login_is_refused(client: smtplib.SMTP):
    assert refusal(lambda: client.login("carole", "")) == 535


def test_nobody_sends_unsigned(client: smtplib.SMTP):
    client.ehlo()
    assert client.mail("alice@ac-exemple.fr")[0] == 530


def test_anothers_address_is_refused_as_sender(as_alice: smtplib.SMTP):
    assert as_alice.mail("bob@ac-exemple.fr")[0] == 553


def test_an_unknown_colleague_is_refused(as_alice: smtplib.SMTP):
    as_alice.mail("alice@ac-exemple.fr")
    assert as_alice.rcpt("carole@ac-exemple.fr")[0] == 550


def test_a_colleague_without_a_mailbox_here_gets_mail_elsewhere(dovecot: Dovecot, tmp_path: Path):
    server = SubmissionServer(
        tmp_path,
        [ALICE],
        domain="ac-exemple.fr",
        lmtp_port=dovecot.lmtp_port,
        elsewhere=["Carole@ac-exemple.fr"],
    )
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=LONGEST_S) as smtp:
            smtp.login(ALICE.login, ALICE.password)
            smtp.sendmail("alice@ac-exemple.fr", ["carole@ac-exemple.fr"], LETTER)
    finally:
        server.stop()
    (kept,) = server.outgoing.iterdir()
    assert b"Subject: Conseil" in kept.read_bytes()


def test_a_message_announced_too_large_is_refused(as_alice: smtplib.SMTP):
    assert as_alice.mail("alice@ac-exemple.fr", [f"size={SIZE_LIMIT + 1}"])[0] == 552


def test_without_dovecot_mail_arrives_by_imap(tmp_path: Path):
    imap = Pymap(tmp_path / "pymap", [ALICE, BOB])
    url = f"imap://127.0.0.1:{imap.imap_port}"
    server = SubmissionServer(tmp_path, [ALICE, BOB], domain="ac-exemple.fr", imap_url=url)
    try:
        imap.start()
        server.start()
        with smtplib.SMTP("127.0.0.1", server.port, timeout=LONGEST_S) as smtp:
            smtp.login("alice", ALICE.password)
            smtp.sendmail("alice@ac-exemple.fr", ["bob@ac-exemple.fr"], LETTER)
        with open_imap(url) as box:
            sign_in(box, BOB.aliases[0], BOB.password)
            assert box.select()[1] == [b"1"]
    finally:
        server.stop()
        imap.stop()


def test_another_imap_server_may_decide_who_signs_in(
    dovecot: Dovecot, alice: MailAccount, tmp_path: Path
):
    url = f"imap://127.0.0.1:{dovecot.imap_port}"
    server = SubmissionServer(tmp_path, [], domain="ac-exemple.fr", imap_url=url, ask_imap=True)
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=LONGEST_S) as smtp:
            assert refusal(lambda: smtp.login("alice", "faux")) == 535
            smtp.login("alice", alice.password)
            assert smtp.mail("alice@ac-exemple.fr")[0] == 250
            assert smtp.rcpt("carole@ac-exemple.fr")[0] == 250
    finally:
        server.stop()


def test_the_imap_server_knows_a_password_that_was_changed(dovecot: Dovecot, tmp_path: Path):
    before = MailAccount(ALICE.login, "the one before", ALICE.aliases)
    imap_url = f"imap://127.0.0.1:{dovecot.imap_port}"
    server = SubmissionServer(
        tmp_path, [before], domain="ac-exemple.fr", lmtp_port=dovecot.lmtp_port, imap_url=imap_url
    )
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=LONGEST_S) as smtp:
            assert refusal(lambda: smtp.login(before.login, before.password)) == 535
            smtp.login(ALICE.login, ALICE.password)
            assert smtp.mail("alice.martin@ac-exemple.fr")[0] == 250
    finally:
        server.stop()


def test_a_password_that_nobody_can_check_now_is_not_called_wrong(tmp_path: Path):
    imap_url = f"imap://127.0.0.1:{process.free_port()}"
    server = SubmissionServer(tmp_path, [ALICE], domain="ac-exemple.fr", imap_url=imap_url)
    server.start()
    try:
        with smtplib.SMTP("127.0.0.1", server.port, timeout=LONGEST_S) as smtp:
            assert refusal(lambda: smtp.login(ALICE.login, ALICE.password)) == 454
    finally:
        server.stop()
