"""A private Cyrus: its own configuration and storage, free ports on loopback."""

from __future__ import annotations

import imaplib
import os
import socket
import struct
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from demo.servers import process
from demo.servers.dovecot import MailAccount, mail_owner
from tests.servers.mailboxes import Mailbox
from tests.servers.unpacked import CYRUS
from tests.waiting import LONGEST_S

_BIN = Path("/usr/lib/cyrus/bin")
_ADMIN = MailAccount("cyrus", "Ardoise 5,")

_IMAPD_CONF = """\
cyrus_user: {user}
configdirectory: {folder}/state
defaultpartition: default
partition-default: {folder}/mail
sievedir: {folder}/sieve
servername: localhost
admins: {admin}
allowplaintext: yes
sasl_mech_list: PLAIN
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {folder}/mux
delete_mode: immediate
expunge_mode: immediate
virtdomains: off
maxlogins_per_user: 200
lmtp_downcase_rcpt: yes
{more}
"""
_CYRUS_CONF = """\
START {{
  recover cmd="{bin}/ctl_cyrusdb -r"
}}
SERVICES {{
  imap cmd="{bin}/imapd" listen="127.0.0.1:{imap}" prefork=0
  lmtp cmd="{bin}/lmtpd -a" listen="127.0.0.1:{lmtp}" prefork=0
  sieve cmd="{bin}/timsieved" listen="127.0.0.1:{sieve}" prefork=0
}}
EVENTS {{
}}
DAEMON {{
  idled cmd="{bin}/idled"
}}
"""
# Debian's own: INBOX and all folders below it, named with dots.
DEFAULT = "altnamespace: no\nunixhierarchysep: no"
ALTERNATIVE = "altnamespace: yes\nunixhierarchysep: yes\nsieve_utf8fileinto: yes"


class Cyrus(process.Server):
    """`start()`, then the ports. ``settings`` are lines of `imapd.conf`."""

    name = "Cyrus"

    def __init__(
        self, folder: Path, accounts: Sequence[MailAccount], settings: str = DEFAULT
    ) -> None:
        self.folder = folder
        self.accounts = tuple(accounts)
        self.settings = settings
        self.imap_port, self.lmtp_port, self.sieve_port = (process.free_port() for _ in range(3))
        self.log = folder / "log"

    @property
    def separator(self) -> str:
        return "/" if "unixhierarchysep: yes" in self.settings else "."

    def start(self) -> None:
        owner = mail_owner()
        for name in ("", "state", "state/socket", "mail", "sieve"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
            os.chown(self.folder / name, owner.pw_uid, owner.pw_gid)
        (self.folder / "imapd.conf").write_text(
            _IMAPD_CONF.format(
                user=mail_owner().pw_name,
                folder=self.folder,
                admin=_ADMIN.login,
                more=self.settings,
            )
        )
        ports = {"imap": self.imap_port, "lmtp": self.lmtp_port, "sieve": self.sieve_port}
        (self.folder / "cyrus.conf").write_text(_CYRUS_CONF.format(bin=_BIN, **ports))
        self._passwords = _Passwords(self.folder / "mux", (*self.accounts, _ADMIN))
        binds = [
            word
            for name in ("imapd.conf", "cyrus.conf")
            for word in ("--ro-bind", str(self.folder / name), f"/etc/{name}")
        ]
        master: list[str | Path] = [_BIN / "master", "-p", self.folder / "master.pid"]
        self.child = process.spawn(CYRUS.command(self.folder, master, *binds), self.log)
        for port in ports.values():
            process.wait_for_port(port, self.child, self.log)
        for account in self.accounts:
            self.make_anew(account.login)

    def stop(self) -> None:
        super().stop()
        self._passwords.close()

    def make_anew(self, login: str) -> None:
        """Give a user a mailbox that has INBOX alone, and remove what is shared with all."""
        with self.administering() as imap:
            _, found = imap.list('""', "*")
            lines = [line for line in found if isinstance(line, bytes)]
            names = [line.rsplit(b" ", 1)[-1].decode().strip('"') for line in lines]
            own = f"user{self.separator}{login}"
            for name in sorted(names, reverse=True):
                if name == own or not name.startswith(f"user{self.separator}"):
                    imap.setacl(name, _ADMIN.login, "lrswipkxtecda")
                    imap.delete(name)
            _expect(imap.create(own))
            _expect(imap.setquota(own, "(STORAGE 1000000)"))

    def share(self, name: str) -> None:
        """Make a folder of nobody that all may read and write."""
        with self.administering() as imap:
            _expect(imap.create(name))
            _expect(imap.setacl(name, "anyone", "lrswipkxte"))

    def administering(self) -> imaplib.IMAP4:
        imap = imaplib.IMAP4(process.LOOPBACK, self.imap_port, timeout=LONGEST_S)
        secret = f"\0{_ADMIN.login}\0{_ADMIN.password}".encode()
        imap.authenticate("PLAIN", lambda _: secret)
        return imap

    def mailbox(self, account: MailAccount) -> Mailbox:
        return Mailbox(self, account)


class _Passwords:
    """The socket at which Cyrus asks whether a password is right, as saslauthd answers: four
    counted strings come (login, password, service, realm), one goes."""

    def __init__(self, path: Path, accounts: Sequence[MailAccount]) -> None:
        self._known = {account.login: account.password for account in accounts}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        path.chmod(0o666)
        self._listener.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                asking, _ = self._listener.accept()
                with suppress(OSError, EOFError), asking, asking.makefile("rb") as told:
                    login, password, *_others = [_counted(told) for _ in range(4)]
                    right = self._known.get(login) == password
                    asking.sendall(b"\0\x02OK" if right else b"\0\x02NO")


def _counted(told: BinaryIO) -> str:
    head = told.read(2)
    if len(head) < 2:
        raise EOFError
    return str(told.read(struct.unpack(">H", head)[0]).decode())


def _expect(answer: tuple[str, Sequence[object]]) -> None:
    if answer[0] != "OK":
        raise AssertionError(f"the server said {answer}")
