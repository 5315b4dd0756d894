"""The submission server: what it offers, whether it lets in, and, if asked for, a message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from email.utils import format_datetime
from typing import Final

from django.utils.translation import gettext

from accounts import session
from accounts.health import server_check
from accounts.health.findings import Finding, bad, ok, warn
from core import clock
from core.sizes import size
from mail import smtp
from mail.errors import FolderNotFound
from mail.imap import search
from webmail.doctor.live.mailbox import SECONDS, LiveMailbox

PATIENCE: Final = 30.0
"""Seconds in which a message that was sent must arrive."""
_PAUSE: Final = 1.0
_ADVICE: Final = {
    "SIZE": "message_size_limit (Postfix, Exim)",
    "8BITMIME": "smtputf8_enable, disable_mime_input_processing (Postfix); accept_8bitmime (Exim)",
    "SMTPUTF8": "smtputf8_enable (Postfix); smtputf8_advertise_hosts (Exim)",
    "DSN": "smtpd_discard_ehlo_keywords (Postfix); dsn_advertise_hosts (Exim)",
    "PIPELINING": "smtpd_discard_ehlo_keywords (Postfix); pipelining_advertise_hosts (Exim)",
}


def server(live: LiveMailbox) -> smtp.SmtpServer:
    box = live.box
    made = session.smtp_server(box.domain, box.login, box.password)
    return replace(made, timeout=SECONDS)


def findings(live: LiveMailbox) -> Iterator[Finding]:
    """Sign in, and yield what the server offers, and the largest message that it takes."""
    own = server(live)
    smtp.check_login(own)
    yield ok(gettext("The submission server lets this user in."))
    limit = smtp.size_limit(own)
    if limit:
        yield ok(gettext("It takes messages of up to %(size)s.") % {"size": size(limit)})
    offered = _offered(live)
    if lacking := [name for name in server_check.WANTED["smtp"] if name not in offered]:
        settings = "; ".join(f"{name}: {_ADVICE[name]}" for name in lacking)
        yield warn(
            gettext("The submission server lacks %(names)s.") % {"names": ", ".join(lacking)},
            gettext("Settings: %(setting)s.") % {"setting": settings},
        )


def _offered(live: LiveMailbox) -> frozenset[str]:
    for target in server_check.targets(live.box.domain):
        if target.kind == "smtp":
            return server_check.check(target).capabilities
    return frozenset()


def probed(live: LiveMailbox) -> Iterator[Finding]:
    """Do as `findings`, then send a message to the mailbox and wait until it is there."""
    yield from findings(live)
    key = f"{live.label}-sending"
    send(live, key)
    began = time.monotonic()
    place = arrived(live, key, ("INBOX",))
    seconds = time.monotonic() - began
    if place:
        yield ok(gettext("A message sent here arrives within %(s).1f s.") % {"s": seconds})
    else:
        yield bad(
            gettext("A message was taken, and is not in the inbox after %(s)d s.")
            % {"s": round(seconds)},
            gettext("Look into the log of the submission server, and into the folder for junk."),
        )


def send(live: LiveMailbox, key: str) -> None:
    """Send a message to the mailbox itself. Its Message-ID and subject hold ``key``."""
    own = live.box.address
    text = (
        f"From: <{own}>\r\nTo: <{own}>\r\nSubject: {_token(key)}\r\n"
        f"Date: {format_datetime(clock.now())}\r\nMessage-ID: <{_token(key)}@example.invalid>\r\n"
        "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        "This message checks a mail server, and is removed at once.\r\n"
    )
    smtp.submit(server(live), own, [own], text.encode())


def _token(key: str) -> str:
    return "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in key)


def token(live: LiveMailbox, what: str) -> str:
    """Return the subject of a message of this check."""
    return _token(f"{live.label}-{what}")


def arrived(live: LiveMailbox, key: str, folders: tuple[str, ...]) -> str:
    """Wait for a message that was sent, and remove it. Return the folder that it is in, or ""."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for folder in folders:
            if uids := _found(live, folder, _token(key)):
                live.remove(folder, uids)
                return folder
        time.sleep(_PAUSE)
    return ""


def _found(live: LiveMailbox, folder: str, key: str) -> tuple[int, ...]:
    try:
        live.imap().select(folder)
    except FolderNotFound:
        return ()
    return search.matching(live.imap(), [b"HEADER", b"Message-ID", key])
