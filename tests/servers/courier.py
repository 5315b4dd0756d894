"""A private Courier: its own configuration and Maildirs, a free port on loopback."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from demo.servers import process
from demo.servers.dovecot import MailAccount, mail_owner
from tests.servers.mailboxes import Mailbox
from tests.servers.unpacked import COURIER

# As Debian's own scripts start the two daemons, but in the foreground.
_START = """\
set -ea
makeuserdb
. /etc/courier/authdaemonrc
mkdir -p /run/courier/authdaemon
/usr/lib/courier/courier-authlib/authdaemond &
. /etc/courier/imapd-ssl
. /etc/courier/imapd
IMAP_STARTTLS=NO
exec couriertcpd -address=127.0.0.1 -maxprocs=200 -maxperip="$MOST_CONNECTIONS" \\
  -nodnslookup "$OWN_PORT" \\
  /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
"""


class Courier(process.Server):
    """`start()`, then `imap_port`. ``most_connections`` is MAXPERIP: from one address."""

    name = "Courier"
    separator = "."

    def __init__(
        self, folder: Path, accounts: Sequence[MailAccount], most_connections: int = 100
    ) -> None:
        self.folder = folder
        self.accounts = tuple(accounts)
        self.most_connections = most_connections
        self.imap_port = process.free_port()
        self.lmtp_port = 0
        self.log = folder / "log"

    def start(self) -> None:
        configuration = self.folder / "etc"
        shutil.copytree(COURIER.tree / "etc" / "courier", configuration)
        authentication = configuration / "authdaemonrc"
        text = authentication.read_text().replace('"authpam"', '"authuserdb"')
        authentication.write_text(text)
        users = configuration / "userdb"
        users.touch(mode=0o600)
        users.write_text("".join(map(self._line, self.accounts)))
        # Whose folders others may be let into.
        (configuration / "shared" / "index").write_text("".join(map(self._place, self.accounts)))
        for account in self.accounts:
            self.make_anew(account.login)
        environment = {"OWN_PORT": str(self.imap_port), "PATH": os.environ["PATH"] + ":/usr/sbin"}
        environment["MOST_CONNECTIONS"] = str(self.most_connections)
        shell = COURIER.command(
            self.folder, ["sh", "-c", _START], "--bind", str(configuration), "/etc/courier"
        )
        self.child = process.spawn(shell, self.log, env=environment)
        process.wait_for_port(self.imap_port, self.child, self.log)

    def make_anew(self, login: str) -> None:
        """Give a user a mailbox that has INBOX alone."""
        owner = mail_owner()
        home = self.folder / "mail" / login
        shutil.rmtree(home, ignore_errors=True)
        for name in ("", "cur", "new", "tmp"):
            made = home / "Maildir" / name
            made.mkdir(parents=True, exist_ok=True)
            made.chmod(0o700)
            os.chown(made, owner.pw_uid, owner.pw_gid)
        limit = home / "Maildir" / "maildirsize"
        limit.write_text("1000000000S\n")
        os.chown(limit, owner.pw_uid, owner.pw_gid)
        os.chown(home, owner.pw_uid, owner.pw_gid)

    def mailbox(self, account: MailAccount) -> Mailbox:
        return Mailbox(self, account)

    def _place(self, account: MailAccount) -> str:
        owner, home = mail_owner(), self.folder / "mail" / account.login
        return f"{account.login}\t{owner.pw_uid}\t{owner.pw_gid}\t{home}\t{home / 'Maildir'}\n"

    def _line(self, account: MailAccount) -> str:
        owner = mail_owner()
        digest = base64.b64encode(hashlib.sha256(account.password.encode()).digest()).decode()
        home = self.folder / "mail" / account.login
        fields = {"home": home, "mail": home / "Maildir", "uid": owner.pw_uid, "gid": owner.pw_gid}
        fields["systempw"] = f"{{SHA256}}{digest}"
        return (
            f"{account.login}\t"
            + "|".join(f"{key}={value}" for key, value in fields.items())
            + "\n"
        )
