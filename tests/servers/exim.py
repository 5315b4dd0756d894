"""A private Exim as a submission server: its own configuration and spool, a port on loopback."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from demo.servers import process
from demo.servers.dovecot import MailAccount, mail_owner
from tests.servers.unpacked import EXIM

SIZE_LIMIT, MOST_RECIPIENTS = 20_000, 3

# Nothing leaves the machine.
_CONFIGURATION = """\
primary_hostname = mx.ac-exemple.fr
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
keep_environment =
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts =
message_size_limit = {size}
recipients_max = {recipients}
recipients_max_reject = true
smtputf8_advertise_hosts = {utf8}
queue_only = true
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
begin acl
acl_mail:
  deny !authenticated = *
       message = authentication required
  deny !condition = ${{if eqi{{$sender_address_local_part}}{{$authenticated_id}}}}
       message = 5.7.1 Sender address rejected: not owned by user $authenticated_id
  accept
acl_rcpt:
  deny local_parts = nobody
       message = 5.1.1 Unknown user
  defer local_parts = full
       message = 4.2.2 Mailbox full, try again later
  defer local_parts = greylisted
       !condition = ${{if exists{{{folder}/known}}}}
       message = 4.2.0 Greylisted, please try again later
  accept
begin routers
nowhere:
  driver = redirect
  data = :blackhole:
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = ${{if or{{{people}}}}}
  server_set_id = $auth2
"""


class Exim(process.Server):
    """`start()`, then `port`. `greylist()` begins to put off, `recognise()` ends it; `taken` are
    the messages in its queue."""

    name = "Exim"

    def __init__(
        self, folder: Path, accounts: Sequence[MailAccount], *, utf8: bool = False
    ) -> None:
        self.folder = folder
        self.accounts = tuple(accounts)
        self.utf8 = utf8
        self.port = process.free_port()
        self.log = folder / "log"

    def start(self) -> None:
        owner = mail_owner()
        spool = self.folder / "spool"
        spool.mkdir()
        names = f"Debian-exim:x:{owner.pw_uid}:{owner.pw_gid}::/:/bin/false\n"
        (self.folder / "passwd").write_text(Path("/etc/passwd").read_text() + names)
        groups = f"Debian-exim:x:{owner.pw_gid}:\n"
        (self.folder / "group").write_text(Path("/etc/group").read_text() + groups)
        configuration = self.folder / "exim.conf"
        configuration.write_text(self._configuration())
        for path in (self.folder, spool):
            os.chown(path, owner.pw_uid, owner.pw_gid)
        binds = [
            word
            for name in ("passwd", "group")
            for word in ("--bind", str(self.folder / name), f"/etc/{name}")
        ]
        program: list[str | Path] = ["exim4", "-C", configuration, "-bdf"]
        self.child = process.spawn(EXIM.command(self.folder, program, *binds), self.log)
        process.wait_for_port(self.port, self.child, self.log)

    def greylist(self) -> None:
        """Put off what is for greylisted@…, until `recognise`."""
        (self.folder / "known").unlink(missing_ok=True)

    def recognise(self) -> None:
        (self.folder / "known").touch()

    @property
    def taken(self) -> list[str]:
        """The numbers of the messages that wait in its queue."""
        return sorted(path.name[:-2] for path in (self.folder / "spool").rglob("*-H"))

    def _configuration(self) -> str:
        people = "".join(
            f"{{and{{{{eq{{$auth2}}{{{account.login}}}}}{{eq{{$auth3}}{{{account.password}}}}}}}}}"
            for account in self.accounts
        )
        return _CONFIGURATION.format(
            folder=self.folder,
            port=self.port,
            size=SIZE_LIMIT,
            recipients=MOST_RECIPIENTS,
            utf8="*" if self.utf8 else "",
            people=people,
        )
