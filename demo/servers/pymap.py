"""The pure-Python IMAP server, for machines where Dovecot cannot be installed.

It stores no keywords, cannot sort, thread or filter, and appends slowly (44 ms a message).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from pathlib import Path

from pysasl.hashing import BuiltinHash

from demo.servers import process
from demo.servers.dovecot import MailAccount


class Pymap(process.Server):
    """A server on a free loopback port. Its mail is kept in `folder` between starts."""

    name = "IMAP server"

    lmtp_port: int | None = None
    sieve_port: int | None = None

    def __init__(self, folder: Path, accounts: Sequence[MailAccount]) -> None:
        self.folder = folder.absolute()
        self.accounts = tuple(accounts)
        self.imap_port = process.free_port()
        self.log = self.folder / "log"

    def start(self) -> None:
        """Start the server and return when IMAP answers. Raises ServerFailed."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write_accounts()
        program = "import sys; from pymap.main import main; sys.exit(main())"
        services = ("--no-service", "admin", "--no-service", "managesieve")
        address = ("--host", process.LOOPBACK, "--port", str(self.imap_port), "--no-tls")
        # Its other layout, "fs", fails on a nested folder whose parent is missing. This one joins
        # names by dots, so a dot in a folder's name becomes a level.
        storage = ("maildir", self.folder, "--layout", "++")
        self.child = process.spawn(
            [sys.executable, "-c", program, *services, *address, *storage], self.log
        )
        process.wait_for_port(self.imap_port, self.child, self.log)

    def _write_accounts(self) -> None:
        """Write the files passwd, shadow and group, because the program itself cannot make
        accounts.

        An alias is an account of its own with the same home.
        """
        users, passwords = [], []
        for account in self.accounts:
            secret = BuiltinHash().hash(account.password)
            for name in (account.login, *account.aliases):
                users.append(f"{name}:x:::{name}:{_home(account.login)}:")
                passwords.append(f"{name}:{secret}:::::::")
        files = {"passwd": users, "shadow": passwords, "group": [], "tokens": []}
        for name, lines in files.items():
            file = self.folder / f"pymap-etc-{name}"
            file.touch(mode=0o600)
            file.write_text("".join(line + "\n" for line in lines))


def _home(login: str) -> str:
    return re.sub(r"[^\w.-]", "_", login)
