"""The academy's submission server: it accepts mail from signed-in users, delivers it locally, and
sends none.

Mail for a person of the academy is put into that mailbox; mail for others is stored as a file. The
server runs as its own process: `python -m demo.servers.submission`, with its plan on standard
input.
"""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import imaplib
import itertools
import json
import logging
import os
import re
import smtplib
import socket
import ssl
import sys
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from demo.servers import process
from demo.servers.dovecot import MailAccount

SIZE_LIMIT = 25 * 1024 * 1024  # bytes, the encoded message as a whole
IMAP_TIMEOUT = 10  # seconds

_LOOPBACK_NAMES = {"localhost", "127.0.0.1", "::1"}
_TEMPORARY = "451 4.3.0 The mailbox cannot be reached now"
_UNCHECKED = "454 4.7.0 The password cannot be checked now"  # RFC 4954 section 6
_CHECKOUT = Path(__file__).parent.parent.parent


@dataclass(frozen=True)
class Plan:
    """The configuration of the server. Mail is delivered by `lmtp_port` if it is set, else by
    `imap_url`.

    The IMAP server at `imap_url`, if set, decides who may sign in; otherwise `accounts` do. With
    `ask_imap`, the addresses of its domain are not known here. With `takes_tokens`, it also checks
    access tokens. At `relay_port`, the IMAP server hands over messages that it writes itself, such
    as answers of absence, without signing in. `elsewhere` contains addresses of the domain, in
    lower case, whose mail is accepted like that of other domains.
    """

    port: int
    domain: str
    accounts: tuple[MailAccount, ...]
    outgoing: str
    lmtp_port: int | None = None
    imap_url: str = ""
    ask_imap: bool = False
    relay_port: int | None = None
    takes_tokens: bool = False
    elsewhere: tuple[str, ...] = ()


class SubmissionServer(process.Server):
    """The process of the server: call `start()`, then read `port`; `stop()` ends it."""

    name = "SMTP server"

    def __init__(
        self,
        folder: Path,
        accounts: Sequence[MailAccount],
        *,
        domain: str,
        lmtp_port: int | None = None,
        imap_url: str = "",
        ask_imap: bool = False,
        relay_port: int | None = None,
        takes_tokens: bool = False,
        elsewhere: Iterable[str] = (),
    ) -> None:
        self.port = process.free_port()
        self.log = folder / "submission.log"
        self.outgoing = folder / "outgoing"
        self._folder = folder
        self._plan = Plan(
            port=self.port,
            domain=domain,
            accounts=tuple(accounts),
            outgoing=str(self.outgoing.absolute()),
            lmtp_port=lmtp_port,
            imap_url=imap_url,
            ask_imap=ask_imap,
            relay_port=relay_port,
            takes_tokens=takes_tokens,
            elsewhere=tuple(sorted(address.lower() for address in elsewhere)),
        )

    @property
    def url(self) -> str:
        return f"smtp://{process.LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start the server and return when it answers. Raises ServerFailed."""
        self._folder.mkdir(parents=True, exist_ok=True)
        # The plan contains passwords, so it is not passed on the command line, which every user of
        # the machine can read.
        plan = json.dumps(dataclasses.asdict(self._plan)).encode()
        command = [sys.executable, "-m", "demo.servers.submission"]
        self.child = process.spawn(command, self.log, cwd=_CHECKOUT, stdin=plan)
        process.wait_for_port(self.port, self.child, self.log)


class Handler:
    """The handler of aiosmtpd. The login of the signed-in user is the session's `auth_data`."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._by_name = {
            name.lower(): account
            for account in plan.accounts
            for name in (account.login, *account.aliases)
        }
        self._numbers = itertools.count(1)

    def authenticate(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        mechanism: str,
        data: LoginPassword,
    ) -> AuthResult:
        login, password = data.login.decode(errors="replace"), data.password
        account = self._by_name.get(login.lower())
        if self._plan.imap_url:
            # The IMAP server knows a password that was changed in the webmail.
            try:
                accepted = _imap_accepts(
                    self._plan.imap_url, login, password.decode(errors="replace")
                )
            except (imaplib.IMAP4.abort, OSError):
                # With 535 the user would be asked for a password that is right.
                return AuthResult(success=False, handled=False, message=_UNCHECKED)
        else:
            expected = account.password.encode() if account else b""
            accepted = hmac.compare_digest(expected, password) and account is not None
        if not self._plan.ask_imap:
            login = account.login if account else login
        # With handled=False, aiosmtpd itself answers 535.
        return AuthResult(success=accepted, handled=False, auth_data=login)

    async def auth_OAUTHBEARER(self, server: SMTP, args: list[str]) -> AuthResult:
        """Answer the mechanism OAUTHBEARER, which aiosmtpd offers because of this method's name.
        The client's message is passed to the IMAP server unchanged."""
        response = await server.challenge_auth("")
        if not isinstance(response, bytes):
            return AuthResult(success=False, handled=True)
        match = re.match(rb"n,a=([^,]*),\x01", response)
        login = match[1].decode(errors="replace") if match else ""
        if not match or not await asyncio.to_thread(_imap_takes, self._plan.imap_url, response):
            await server.challenge_auth('{"status":"invalid_token"}')
            return AuthResult(success=False, handled=False)
        return AuthResult(success=True, handled=False, auth_data=login)

    async def handle_MAIL(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        # The empty sender is that of receipts and bounces (RFC 5321, section 4.5.5).
        is_own = address.lower() in self._addresses(str(session.auth_data))
        if address and not is_own and not self._is_relay(session):
            return "553 5.7.1 This is not an address of the person who signed in"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 OK"

    async def handle_RCPT(
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        unknown = self._account(address) is None and self._is_local(address)
        if unknown and not self._plan.ask_imap and address.lower() not in self._plan.elsewhere:
            return "550 5.1.1 There is no such mailbox here"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        message = envelope.content
        if not isinstance(message, bytes):
            return "554 5.6.0 No message"
        local_accounts = {
            account.login: account for a in envelope.rcpt_tos if (account := self._account(a))
        }
        other_addresses = [a for a in envelope.rcpt_tos if self._account(a) is None]
        sender = envelope.mail_from or ""
        try:
            await asyncio.to_thread(self._deliver, sender, list(local_accounts.values()), message)
        except (smtplib.SMTPException, imaplib.IMAP4.error, OSError) as error:
            sys.stderr.write(f"delivery failed: {error}\n")
            return _TEMPORARY
        if other_addresses:
            self._keep(sender, other_addresses, message)
        return "250 2.0.0 Accepted"

    def _is_relay(self, session: Session) -> bool:
        """Return whether the client has not signed in, which aiosmtpd allows at the relay's port
        alone."""
        return self._plan.relay_port is not None and not session.authenticated

    def _addresses(self, login: str) -> set[str]:
        """Return the addresses of a login, in lower case."""
        account = self._by_name.get(login.lower())
        names = (account.login, *account.aliases) if account else (login,)
        return {name.lower() if "@" in name else f"{name}@{self._plan.domain}" for name in names}

    def _account(self, address: str) -> MailAccount | None:
        if known := self._by_name.get(address.lower()):
            return known
        local, _, domain = address.rpartition("@")
        return self._by_name.get(local.lower()) if domain.lower() == self._plan.domain else None

    def _is_local(self, address: str) -> bool:
        return address.lower().endswith(f"@{self._plan.domain}")

    def _deliver(self, sender: str, accounts: list[MailAccount], message: bytes) -> None:
        if self._plan.lmtp_port is not None and accounts:
            # Dovecot knows logins. LMTP has no SMTPUTF8 in version 2.3.
            sender = sender if sender.isascii() else ""
            # One by one, because LMTP answers for each recipient, and smtplib reads only one
            # answer.
            for account in accounts:
                with smtplib.LMTP(process.LOOPBACK, self._plan.lmtp_port) as lmtp:
                    lmtp.sendmail(sender, [account.login], message)
            return
        for account in accounts:
            with open_imap(self._plan.imap_url) as imap:
                sign_in(imap, account.login, account.password)
                imap.append("INBOX", "", "", message)

    def _keep(self, sender: str, recipients: list[str], message: bytes) -> None:
        """Store the message in a file, with the sender and the recipients of the envelope in its
        first two lines."""
        folder = Path(self._plan.outgoing)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        when = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        envelope = f"X-Envelope-From: <{sender}>\r\nX-Envelope-To: {', '.join(recipients)}\r\n"
        file = folder / f"{when}-{next(self._numbers)}.eml"
        file.write_bytes(envelope.encode() + message)


def open_imap(url: str) -> imaplib.IMAP4:
    """Open a connection to the server of WEBMAIL_IMAP_URL. Raises OSError or IMAP4.error.

    "imaps://" means TLS; "imap://" means STARTTLS, or plain on loopback and with "?security=none".
    """
    parts = urlsplit(url)
    host = parts.hostname or process.LOOPBACK
    security = _security(parts.scheme, host, parts.query)
    context = ssl.create_default_context(cafile=os.environ.get("WEBMAIL_TLS_CA_FILE") or None)
    if security == "tls":
        return imaplib.IMAP4_SSL(host, parts.port or 993, ssl_context=context, timeout=IMAP_TIMEOUT)
    imap = imaplib.IMAP4(host, parts.port or 143, timeout=IMAP_TIMEOUT)
    # imaplib sends a literal and its line ending separately; without this, each message takes 40
    # ms.
    imap.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if security == "starttls":
        imap.starttls(context)
    return imap


def _security(scheme: str, host: str, query: str) -> str:
    values = parse_qs(query).get("security")
    if values:
        return values[0]
    if scheme == "imaps":
        return "tls"
    return "none" if host in _LOOPBACK_NAMES else "starttls"


def sign_in(imap: imaplib.IMAP4, login: str, password: str) -> None:
    """Sign in by AUTHENTICATE PLAIN, which accepts any character. Raises IMAP4.error for a
    refusal."""
    secret = f"\0{login}\0{password}".encode()
    imap.authenticate("PLAIN", lambda _: secret)


def _imap_accepts(url: str, login: str, password: str) -> bool:
    """Return whether the server accepts the password. Raises OSError or IMAP4.abort when it cannot
    tell."""
    try:
        with open_imap(url) as imap:
            sign_in(imap, login, password)
            return True
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error:
        return False


def _imap_takes(url: str, response: bytes) -> bool:
    answers = iter((response, b"\x01"))
    try:
        with open_imap(url) as imap:
            imap.authenticate("OAUTHBEARER", lambda _: next(answers, b""))
            return True
    except (imaplib.IMAP4.error, OSError):
        return False


async def serve(plan: Plan) -> None:
    """Serve until the process is ended."""
    handler = Handler(plan)

    def connection(*, is_relay: bool = False) -> SMTP:
        return SMTP(
            handler,
            hostname="localhost",
            ident="demo academy",
            data_size_limit=SIZE_LIMIT,
            enable_SMTPUTF8=True,
            auth_required=not is_relay,
            auth_require_tls=False,
            authenticator=handler.authenticate,
            auth_exclude_mechanism=[] if plan.takes_tokens else ["OAUTHBEARER"],
        )

    loop = asyncio.get_running_loop()
    if plan.relay_port is not None:
        relay = partial(connection, is_relay=True)
        await loop.create_server(relay, process.LOOPBACK, plan.relay_port)
    server = await loop.create_server(connection, process.LOOPBACK, plan.port)
    await server.serve_forever()


def main() -> None:
    # aiosmtpd warns of passwords without TLS for each connection; this server is on loopback alone.
    logging.getLogger("mail.log").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")
    read = json.load(sys.stdin)
    accounts = tuple(MailAccount(**{**a, "aliases": tuple(a["aliases"])}) for a in read["accounts"])
    asyncio.run(serve(Plan(**{**read, "accounts": accounts})))


if __name__ == "__main__":
    main()
