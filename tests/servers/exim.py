"""A private Exim as a submission server: its own configuration and spool, a port on loopback."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from demo.servers import process
from demo.servers.dovecot import MailAccount, mail_owner
from tests.servers.offers import MOST_RECIPIENTS, SIZE_LIMIT, USUAL, Offers
from tests.servers.unpacked import EXIM

# Nothing leaves the machine.
_CONFIGURATION = """\
primary_hostname = mx.ac-exemple.fr
spool_directory = {folder}/spool
log_file_path = {folder}/%slog
keep_environment =
pid_file_path = {folder}/exim.pid
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
tls_advertise_hosts = {tls}
{certificate}
auth_advertise_hosts = {auth}
accept_8bitmime = {eight_bits}
message_size_limit = {size}
recipients_max = {recipients}
recipients_max_reject = true
smtputf8_advertise_hosts = {utf8}
queue_only = true
host_lookup =
rfc1413_query_timeout = 0s
acl_smtp_mail = acl_mail
acl_smtp_rcpt = acl_rcpt
acl_smtp_data = acl_data
begin acl
acl_mail:
{only_tls}
  deny !authenticated = *
       message = authentication required
  deny !condition = ${{if eqi{{$sender_address_local_part}}{{$authenticated_id}}}}
       message = 5.7.1 Sender address rejected: not owned by user $authenticated_id
{limited}
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
acl_data:
  deny condition = ${{if match{{$recipients}}{{infected@}}}}
       message = 5.7.1 A virus was found
  defer condition = ${{if match{{$recipients}}{{scanned@}}}}
       message = 4.7.1 The scanner is busy
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
_ONLY_TLS = """\
  deny !encrypted = *
       message = 530 5.7.0 Must issue a STARTTLS command first
"""
_LIMITED = """\
  defer ratelimit = {hourly}.5 / 1h / strict / $authenticated_id
       message = 4.7.1 Too many messages in an hour
"""


class Exim(process.Server):
    """`start()`, then `port`: `tests.servers.offers.Submitting`."""

    name = "Exim"

    def __init__(
        self, folder: Path, accounts: Sequence[MailAccount], offers: Offers = USUAL
    ) -> None:
        self.folder = folder
        self.accounts = tuple(accounts)
        self.offers = offers
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
        certificate = self.folder / "certificate"
        certificate.write_bytes(self.offers.tls.read_bytes() if self.offers.tls else b"")
        configuration = self.folder / "exim.conf"
        configuration.write_text(self._configuration())
        for path in (self.folder, spool, certificate):
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
        (self.folder / "known").unlink(missing_ok=True)

    def recognise(self) -> None:
        (self.folder / "known").touch()

    @property
    def taken(self) -> list[str]:
        return sorted(path.name[:-2] for path in (self.folder / "spool").rglob("*-H"))

    def content(self, number: str) -> bytes:
        (path,) = (self.folder / "spool").rglob(f"{number}-D")
        return path.read_bytes().partition(b"\n")[2].replace(b"\n", b"\r\n")

    def _configuration(self) -> str:
        people = "".join(
            f"{{and{{{{eq{{$auth2}}{{{account.login}}}}}{{eq{{$auth3}}{{{account.password}}}}}}}}}"
            for account in self.accounts
        )
        offers = self.offers
        return _CONFIGURATION.format(
            folder=self.folder,
            port=self.port,
            size=SIZE_LIMIT,
            recipients=MOST_RECIPIENTS,
            utf8="*" if offers.utf8 else "",
            tls="*" if offers.tls else "",
            certificate=f"tls_certificate = {self.folder}/certificate" if offers.tls else "",
            auth="${if def:tls_in_cipher {*}}" if offers.tls else "*",
            only_tls=_ONLY_TLS if offers.tls else "",
            eight_bits="true" if offers.eight_bits else "false",
            limited=_LIMITED.format(hourly=offers.hourly) if offers.hourly else "",
            people=people,
        )
