"""A private Postfix as a submission server: its own configuration and queue, a port on loopback."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from demo.servers import process
from demo.servers.dovecot import MailAccount
from tests.servers.offers import MOST_RECIPIENTS, SIZE_LIMIT, USUAL, Offers
from tests.servers.unpacked import POSTFIX
from tests.waiting import LONGEST_S

# Accounts of its own, as Postfix demands.
_OWNER, _GROUP = 64_901, 64_902
_HOLDERS = {
    "passwd": f"postfix:x:{_OWNER}:{_OWNER}::/:/bin/false\n",
    "group": f"postfix:x:{_OWNER}:\npostdrop:x:{_GROUP}:\n",
}

# What is taken stays in the queue. Dovecot checks the passwords. A process serves one connection,
# so that it reads the tables as they are. As in Debian, a sender is refused with each recipient.
_SETTINGS = """\
compatibility_level = 3.10
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log/mail
maillog_file_prefixes = {folder}
myhostname = mx.ac-exemple.fr
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
local_recipient_maps =
proxy_read_maps =
alias_database =
max_use = 1
message_size_limit = {size}
mailbox_size_limit = 0
smtpd_recipient_limit = {recipients}
smtputf8_enable = {utf8}
smtpd_discard_ehlo_keywords = {discarded}
smtpd_tls_security_level = {level}
smtpd_tls_auth_only = {tls_only}
smtpd_tls_chain_files = {certificate}
smtpd_client_message_rate_limit = {hourly}
smtpd_client_event_limit_exceptions =
anvil_rate_time_unit = 3600s
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = {auth}
smtpd_sasl_security_options = noanonymous
smtpd_sender_login_maps = texthash:{folder}/owners
smtpd_client_restrictions =
smtpd_sender_restrictions = permit_sasl_authenticated, reject
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions =
  reject_sender_login_mismatch, check_recipient_access texthash:{folder}/people,
  check_recipient_access static:HOLD, permit_sasl_authenticated, reject
smtpd_end_of_data_restrictions = check_recipient_access texthash:{folder}/scanned
"""
_SERVICES = """\
127.0.0.1:{port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
rewrite unix - - n - - trivial-rewrite
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""
_QUEUES = [
    f"queue/{name}"
    for name in "active bounce corrupt defer deferred hold incoming pid private public".split()
]
_REFUSED = {"nobody": "550 5.1.1 Unknown user", "full": "450 4.2.2 Mailbox full, try again later"}
_SCANNED = {"infected": "550 5.7.1 A virus was found", "scanned": "451 4.7.1 The scanner is busy"}
_PUT_OFF = {"greylisted": "450 4.2.0 Greylisted, please try again later"}


def _by_address(words: dict[str, str]) -> dict[str, str]:
    return {f"{name}@ac-exemple.fr": said for name, said in words.items()}


class Postfix(process.Server):
    """`start()`, then `port`: `tests.servers.offers.Submitting`. ``auth`` is Dovecot's socket for
    those who check passwords."""

    name = "Postfix"

    def __init__(
        self,
        folder: Path,
        accounts: Sequence[MailAccount],
        auth: Path,
        offers: Offers = USUAL,
    ) -> None:
        self.folder = folder
        self.accounts = tuple(accounts)
        self.offers = offers
        self.auth = auth
        self.port = process.free_port()
        self.log = folder / "output"

    def start(self) -> None:
        for name in ("etc", "log", "data", "queue", *_QUEUES):
            (self.folder / name).mkdir()
        for name in ("data", *_QUEUES):
            os.chown(self.folder / name, _OWNER, _OWNER)
        (self.folder / "etc" / "main.cf").write_text(self._settings())
        (self.folder / "etc" / "master.cf").write_text(_SERVICES.format(port=self.port))
        self._write("owners", {a: one.login for one in self.accounts for a in one.aliases})
        self._write("scanned", _by_address(_SCANNED))
        self.recognise()
        for name, more in _HOLDERS.items():
            (self.folder / name).write_text(Path("/etc", name).read_text() + more)
        program = self._command("/usr/lib/postfix/sbin/master", "-d", "-c", self.folder / "etc")
        self.child = process.spawn(program, self.log)
        process.wait_for_port(self.port, self.child, self.log)

    def greylist(self) -> None:
        self._refuse(_REFUSED | _PUT_OFF)

    def recognise(self) -> None:
        self._refuse(_REFUSED)

    @property
    def taken(self) -> list[str]:
        held = (self.folder / "queue" / "hold").iterdir()
        return [path.name for path in sorted(held, key=lambda path: path.stat().st_mtime_ns)]

    def content(self, number: str) -> bytes:
        command = self._command("postcat", "-c", self.folder / "etc", "-bq", number)
        told = subprocess.run(command, capture_output=True, check=True, timeout=LONGEST_S)  # noqa: S603
        return told.stdout.replace(b"\n", b"\r\n")

    def _refuse(self, words: dict[str, str]) -> None:
        self._write("people", _by_address(words))

    def _write(self, name: str, table: dict[str, str]) -> None:
        lines = "".join(f"{key} {value}\n" for key, value in table.items())
        (self.folder / name).write_text(lines)

    def _command(self, *words: str | Path) -> list[str | Path]:
        binds = [
            word
            for name in _HOLDERS
            for word in ("--bind", str(self.folder / name), f"/etc/{name}")
        ]
        return POSTFIX.command(self.folder, words, *binds)

    def _settings(self) -> str:
        return _SETTINGS.format(
            folder=self.folder,
            auth=self.auth,
            size=SIZE_LIMIT,
            recipients=MOST_RECIPIENTS,
            utf8="yes" if self.offers.utf8 else "no",
            discarded="" if self.offers.eight_bits else "8bitmime",
            level="encrypt" if self.offers.tls else "none",
            tls_only="yes" if self.offers.tls else "no",
            certificate=self.offers.tls or "",
            hourly=self.offers.hourly,
        )
