"""What the people of the demo share."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import launch, sharing
from demo.servers import dovecot
from demo.servers.dovecot import Dovecot
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import missing


@pytest.fixture
def server() -> Iterator[Dovecot]:
    """The demo's Dovecot, in which a colleague has changed her password."""
    if not dovecot.installed():
        pytest.skip(missing("Dovecot (dovecot-imapd and dovecot-lmtpd)"))
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    made = Dovecot(folder / "dovecot", launch.mail_accounts(), sharing=True)
    (folder / "dovecot").mkdir()
    made.write_accounts(made.accounts)
    lines = made.users.read_text().splitlines(keepends=True)
    hashed = re.compile(r":{PLAIN.b64}[^:]*")
    made.users.write_text(
        "".join(
            hashed.sub(":{ARGON2ID}$x", line) if line.startswith("cmorvan:") else line
            for line in lines
        )
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_start_goes_on_after_a_colleague_changed_her_password(server: Dovecot) -> None:
    assert "cmorvan" in server.changed_logins()
    sharing.fill(server)
    office = Mailbox(server, sharing.OFFICE)
    assert office.uids()
    office.close()
