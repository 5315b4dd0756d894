"""The servers of the matrix, started when the first check asks for one."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts import session
from accounts.models import MailDomain
from demo.servers.dovecot import installed as dovecot_installed
from demo.servers.submission import SubmissionServer
from tests.matrix.places import (
    ODDITIES,
    Beyond,
    Place,
    PlainDovecot,
    PlainDovecot23,
    Server,
)
from tests.servers.plugin import ALICE, BOB, _folder, missing
from tests.servers.unpacked import DOVECOT_23
from webmail import tasks

pytest.register_assert_rewrite("tests.matrix.checks")


@pytest.fixture(scope="session")
def plain_dovecot() -> Iterator[PlainDovecot]:
    if not dovecot_installed():
        pytest.skip(missing("Dovecot (dovecot-imapd and dovecot-lmtpd)"))
    server = PlainDovecot(_folder("plain") / "dovecot", [ALICE, BOB], sharing=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def dovecot_23() -> Iterator[PlainDovecot23]:
    if not DOVECOT_23.present():
        pytest.skip(missing(f"{DOVECOT_23.name}, in a tree of its own,"))
    server = PlainDovecot23(_folder("old") / "dovecot", [ALICE, BOB], sharing=True)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def rfc3501(plain_dovecot: PlainDovecot) -> Iterator[Beyond]:
    proxy = Beyond(plain_dovecot)
    proxy.start()
    yield proxy
    proxy.stop()


@pytest.fixture
def odd_server(rfc3501: Beyond) -> Beyond:
    rfc3501.oddities = set(ODDITIES)
    return rfc3501


@pytest.fixture
def at(
    request: pytest.FixtureRequest,
    mail_domain: MailDomain,
    signed_in: Callable[..., Client],
    submission: SubmissionServer,
    settings: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Callable[[Server], Place]]:
    """``at(server)``: the webmail's mail domain is there, and nothing is left of other tests."""
    settings.SPOOL = tmp_path / "spool"
    settings.TRANSFER_OPEN_NETWORKS = (ipaddress.ip_network("127.0.0.0/8"),)
    monkeypatch.setattr(tasks.do_transfer, "delay", lambda pk: None)
    made: list[Place] = []

    def place(server: Server) -> Place:
        for account in (ALICE, BOB):
            server.make_anew(account.login)
        mail_domain.imap_port = server.imap_port
        if sieve_port := getattr(server, "sieve_port", None):
            mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sieve_port
            mail_domain.sieve_security = MailDomain.Security.NONE
        mail_domain.save()
        made.append(Place(server, mail_domain, signed_in, submission, settings))
        return made[-1]

    yield place
    session.pool().close_all()
    for one in made:
        one.close()
