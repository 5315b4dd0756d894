"""The check of a mail server at installation, on the servers of the suite, and on some that hang,
lie or hang up."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils.translation import override

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import Dovecot, MailAccount
from demo.servers.process import free_port
from demo.servers.submission import SubmissionServer
from mail.sieve import connection
from tests.accounts.health.test_server_check import serve  # noqa: F401  a fixture
from tests.servers.courier import Courier
from tests.servers.cyrus import Cyrus
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, BOB
from tests.servers.wire import Wire
from tests.waiting import LONGEST_S, run_apart
from webmail import probing
from webmail.doctor import live, mail
from webmail.doctor.live import push

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
Report = dict[str, list[dict[str, str]]]


def domain_of(port: int, *, sieve: int = 0, smtp: int = 0) -> MailDomain:
    values: dict[str, Any] = {
        "is_default": True,
        "login_form": MailDomain.LoginForm.LOCAL,
        "imap_host": "127.0.0.1",
        "imap_port": port,
        "imap_security": MailDomain.Security.NONE,
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp or 1,
        "smtp_security": MailDomain.Security.NONE,
        "sieve_host": "127.0.0.1" if sieve else "",
        "sieve_port": sieve or 4190,
        "sieve_security": MailDomain.Security.NONE,
    }
    return MailDomain.objects.update_or_create(name="ac-exemple.fr", defaults=values)[0]


@pytest.fixture(autouse=True)
def _no_loop_of_browsers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command runs in the thread of the tests, on which Playwright may have a loop."""
    monkeypatch.setattr(push.asyncio, "run", run_apart)


@pytest.fixture
def checked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, Report]]:
    """`checked(account)`: the exit status, and the findings by part."""

    def run(account: MailAccount = ALICE, **options: Any) -> tuple[int, Report]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{account.password}\n"))
        status = 0
        try:
            call_command(
                "check_mail_server",
                login=account.login,
                password_stdin=True,
                json=True,
                **{"language": "en", **options},
            )
        except SystemExit as end:
            status = int(str(end.code))
        out = capsys.readouterr().out
        assert account.password not in out
        return status, json.loads(out)

    return run


def told(report: Report, part: str, level: str = "") -> str:
    return "\n".join(
        f"{one['text']} {one['advice']}" for one in report[part] if level in ("", one["level"])
    )


def wrong(report: Report) -> str:
    """What is bad, but for the submission server, which most tests here do not have."""
    parts = [part for part in report if part not in ("servers", "sending")]
    return "\n".join(told(report, part, "bad") for part in parts).strip()


def folders_of(server: Cyrus | Courier) -> list[str]:
    with closing(server.mailbox(ALICE)) as mailbox:
        return mailbox.folders()


# --- the servers of the suite ---


def test_all_is_well_on_dovecot(
    checked: Callable[..., tuple[int, Report]],
    dovecot: Dovecot,
    sieve_port: int,
    mailbox: Mailbox,
    submission: SubmissionServer,
) -> None:
    before = mailbox.folders()
    domain_of(dovecot.imap_port, sieve=sieve_port, smtp=submission.port)
    status, report = checked(probe=True)
    assert (wrong(report), told(report, "sending", "bad"), status) == ("", "", 0), report
    assert "Dovecot" in told(report, "sign-in")
    assert "arrives within" in told(report, "sending")
    assert "A rule files a message into a folder with accents." in told(report, "rules")
    assert "Words with accents are found" in told(report, "messages", "ok")
    assert "read as they are" in told(report, "messages", "ok")
    assert "New mail is told within" in told(report, "push", "ok")
    assert mailbox.folders() == before
    assert mailbox.uids() == []


def test_a_mailbox_without_rules_has_none_afterwards(
    checked: Callable[..., tuple[int, Report]], dovecot: Dovecot, sieve_port: int, mailbox: Mailbox
) -> None:
    domain = domain_of(dovecot.imap_port, sieve=sieve_port)
    _status, report = checked()
    assert "stored and read again" in told(report, "rules", "ok")
    with connection.open(session.sieve_server(domain), ALICE.login, ALICE.password) as sieve:
        assert [script for script in sieve.scripts() if "rification" in script.name] == []


@pytest.fixture(params=["cyrus", "cyrus_alternative"])
def some_cyrus(request: pytest.FixtureRequest) -> Cyrus:
    found: Cyrus = request.getfixturevalue(request.param)
    return found


def test_cyrus(checked: Callable[..., tuple[int, Report]], some_cyrus: Cyrus) -> None:
    some_cyrus.make_anew(ALICE.login)
    domain_of(some_cyrus.imap_port, sieve=some_cyrus.sieve_port)
    _status, report = checked()
    assert wrong(report) == "", report
    assert "Cyrus" in told(report, "sign-in")
    prefix = "below “INBOX.”" if some_cyrus.separator == "." else "beside the inbox"
    assert prefix in told(report, "folders")
    assert "Folders can be shared" in told(report, "room")
    assert folders_of(some_cyrus) == ["INBOX"]


def test_cyrus_that_gives_few_connections(
    checked: Callable[..., tuple[int, Report]], narrow_cyrus: Cyrus
) -> None:
    narrow_cyrus.make_anew(BOB.login)
    domain_of(narrow_cyrus.imap_port, sieve=narrow_cyrus.sieve_port)
    _status, report = checked(BOB)
    words = told(report, "connections", "warn")
    # Three from one address, of which the server may still count one of somebody else's.
    assert re.search("[23] connections at once, and no more", words)
    assert "maxlogins_per_host" in words and "MAXPERIP" not in words
    # Its Sieve says nothing of the names of folders.
    assert "sieve_utf8fileinto: yes" in told(report, "rules", "warn")


def test_courier(checked: Callable[..., tuple[int, Report]], courier: Courier) -> None:
    courier.make_anew(ALICE.login)
    domain_of(courier.imap_port)
    _status, report = checked()
    assert wrong(report) == "", report
    assert "Courier" in told(report, "sign-in")
    assert "below “INBOX.”" in told(report, "folders")
    assert "It lacks LIST-STATUS" in told(report, "extensions", "warn")
    assert "IMAP_CAPABILITY" in told(report, "extensions", "warn")
    assert "No ManageSieve" in told(report, "rules", "warn")
    assert folders_of(courier) == ["INBOX"]


def test_courier_that_gives_three_connections(
    checked: Callable[..., tuple[int, Report]], narrow_courier: Courier
) -> None:
    narrow_courier.make_anew(ALICE.login)
    domain_of(narrow_courier.imap_port)
    time.sleep(1)  # it counts the connections of an earlier test until their processes have ended
    _status, report = checked()
    words = told(report, "connections", "warn")
    assert "3 connections at once, and no more" in words
    assert "MAXPERIP" in words


def test_the_findings_are_in_french_where_they_are_wanted(
    checked: Callable[..., tuple[int, Report]], dovecot: Dovecot, mailbox: Mailbox
) -> None:
    domain_of(dovecot.imap_port)
    _status, report = checked(language="fr", connections=2)
    assert "La connexion fonctionne" in told(report, "sign-in")


# --- all users come from one address ---


def test_the_self_check_counts_the_connections_of_this_address(
    narrow_courier: Courier, dovecot: Dovecot
) -> None:
    time.sleep(1)  # as above
    domain_of(narrow_courier.imap_port)
    with override("en"):
        few = "\n".join(f"{one.text} {one.advice}" for one in mail.findings())
    assert re.search("takes [123] more connections at once, and no more.*MAXPERIP", few)
    domain_of(dovecot.imap_port)
    with override("en"):
        many = "\n".join(one.text for one in mail.findings())
    assert "takes 25 connections at once, or more" in many


# --- servers that do not do as they should ---


def test_a_wrong_password_is_tried_once(
    checked: Callable[..., tuple[int, Report]], dovecot: Dovecot
) -> None:
    domain_of(dovecot.imap_port)
    status, report = checked(MailAccount("alice", "faux"))
    assert status == 1
    assert list(report) == ["servers", "sign-in"]
    assert "refused" in told(report, "sign-in", "bad")


def test_a_login_of_no_domain(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))
    with pytest.raises(CommandError):
        call_command("check_mail_server", login="alice@elsewhere.example", password_stdin=True)


def test_a_server_that_hangs_takes_no_longer_than_a_minute(
    checked: Callable[..., tuple[int, Report]],
    serve: Any,  # noqa: F811
) -> None:
    domain_of(serve(lambda connection: time.sleep(120)))
    began = time.monotonic()
    status, report = checked()
    assert time.monotonic() - began < 75
    assert status == 1
    assert "does not answer" in told(report, "sign-in", "bad")
    assert "failed too often" in told(report, "messages", "bad")


class Meddling(Wire):
    """Passes on what `alter` makes of it; None hangs up."""

    def __init__(self, port: int, alter: Callable[[bytes, bool], bytes | None]) -> None:
        super().__init__(port)
        self._alter = alter

    def _pass_on(self, origin: socket.socket, target: socket.socket, is_client: bool) -> None:
        with origin, target, suppress(OSError):
            while data := origin.recv(65536):
                altered = self._alter(data, is_client)
                if altered is None:
                    for one in (origin, target):
                        one.shutdown(socket.SHUT_RDWR)
                    return
                target.sendall(altered)


@pytest.mark.parametrize("word", [b"BODYSTRUCTURE", b"THREAD REFERENCES", b" APPEND "])
def test_a_connection_that_is_cut_leaves_no_folder(
    checked: Callable[..., tuple[int, Report]], dovecot: Dovecot, mailbox: Mailbox, word: bytes
) -> None:
    before = mailbox.folders()
    with Meddling(dovecot.imap_port, lambda data, _: None if word in data else data) as wire:
        domain_of(wire.port)
        status, report = checked()
        assert status == 1
        assert "does not answer, or hung up" in told(report, "messages", "bad")
    assert mailbox.folders() == before


def test_a_server_that_lies_about_an_extension_is_told(
    checked: Callable[..., tuple[int, Report]], courier: Courier
) -> None:
    """It announces CONDSTORE, which it does not know."""
    courier.make_anew(ALICE.login)
    said, lie = b"CAPABILITY IMAP4rev1", b"CAPABILITY IMAP4rev1 CONDSTORE"
    with Meddling(courier.imap_port, lambda data, _: data.replace(said, lie)) as wire:
        domain_of(wire.port)
        _status, report = checked()
        assert wrong(report)
    assert folders_of(courier) == ["INBOX"]


# --- stopped ---


def test_the_folder_is_removed_when_the_check_is_stopped(
    dovecot: Dovecot, mailbox: Mailbox
) -> None:
    box = probing.ProbeMailbox(
        domain_of(dovecot.imap_port), ALICE.login, "alice@ac-exemple.fr", ALICE.password
    )
    parts = live.examine(box, live.LiveOptions(most_connections=2))
    for part, _findings in parts:
        if part.name == "folders":
            assert any("Vérification" in name for name in mailbox.folders())
            break
    parts.close()
    assert not any("Vérification" in name for name in mailbox.folders())


def test_the_folder_is_removed_on_control_c(
    dovecot: Dovecot, mailbox: Mailbox, migrated: Path, tmp_path: Path
) -> None:
    """In a process of its own, stopped as soon as the folder is there."""
    database = tmp_path / "db.sqlite3"
    shutil.copy(migrated, database)
    environment = os.environ | {
        "DATABASE_URL": f"sqlite:///{database}",
        "REDIS_URL": "",
        "WEBMAIL_SECRET_KEY": "none",
        "WEBMAIL_DOMAIN": "ac-exemple.fr",
        "WEBMAIL_IMAP_URL": f"imap://127.0.0.1:{dovecot.imap_port}",
    }
    manage = [sys.executable, "manage.py"]
    root = Path(__file__).resolve().parents[3]
    made = [*manage, "ensure_mail_domain"]
    subprocess.run(made, env=environment, cwd=root, check=True, timeout=LONGEST_S)  # noqa: S603
    child = subprocess.Popen(  # noqa: S603
        [*manage, "check_mail_server", "--login", "alice", "--password-stdin"],
        env=environment,
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdin
    child.stdin.write(f"{ALICE.password}\n")
    child.stdin.flush()
    until = time.monotonic() + 40
    while not any("Vérification" in name for name in mailbox.folders()):
        assert time.monotonic() < until, "no folder was made"
        time.sleep(0.05)
    child.send_signal(signal.SIGINT)
    _out, error = child.communicate(timeout=40)
    assert child.returncode == 130, error
    assert not any("Vérification" in name for name in mailbox.folders())


def test_a_port_where_nothing_listens(checked: Callable[..., tuple[int, Report]]) -> None:
    domain_of(free_port())
    status, report = checked()
    assert status == 1
    assert "nothing listens" in told(report, "servers", "bad")
