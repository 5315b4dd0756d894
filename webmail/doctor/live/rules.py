"""The ManageSieve server: its extensions, a script of this check, and a rule that files a message
into a folder with accents."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from django.utils.translation import gettext

from accounts import session
from accounts.health import server_check
from accounts.health.findings import Finding, bad, ok, warn
from mail.errors import WebmailError
from mail.sieve import connection as manage_sieve
from mail.sieve import values, writing
from mail.sieve.connection import SieveConnection
from mail.sieve.values import Condition, ConditionGroup, Rule, RuleAction, Script
from webmail.doctor.live import known, sending
from webmail.doctor.live.mailbox import SECONDS, LiveMailbox

_OFFERED: Final = "mailboxid"


@contextmanager
def _opened(live: LiveMailbox) -> Iterator[SieveConnection]:
    box = live.box
    server = replace(session.sieve_server(box.domain), timeout=SECONDS)
    with manage_sieve.open(server, box.login, box.password) as sieve:
        yield sieve


def findings(live: LiveMailbox) -> Iterator[Finding]:
    """Put, check, read and remove a script; none is activated."""
    if not live.box.domain.sieve_host:
        yield warn(
            gettext("No ManageSieve server is named: nobody has rules or absences."),
            gettext("Set it in the mail domain, or WEBMAIL_SIEVE_URL."),
        )
        return
    with _opened(live) as sieve:
        lacking = [
            name for name in server_check.WANTED["sieve"] if name.lower() not in sieve.extensions
        ]
        if lacking:
            yield warn(
                gettext("Rules lack %(names)s.") % {"names": ", ".join(lacking)},
                gettext("Dovecot: sieve_extensions. Cyrus: sieve_extensions (imapd.conf)."),
            )
        yield from _stored(sieve, live)
        yield _accents(sieve)


def _stored(sieve: SieveConnection, live: LiveMailbox) -> Iterator[Finding]:
    text = writing.write(Script(items=(_rule(live, "keep", ""),)))
    with _removed_afterwards(sieve, live):
        sieve.check(text)
        sieve.put(_name(live), text)
        if sieve.get(_name(live)) == text:
            yield ok(gettext("A script is checked, stored and read again as it was."))
        else:
            yield bad(
                gettext("A script that was stored reads otherwise."),
                gettext("Rules would change by themselves on this server."),
            )


@contextmanager
def _removed_afterwards(sieve: SieveConnection, live: LiveMailbox) -> Iterator[None]:
    try:
        yield
    finally:
        with suppress(WebmailError):
            sieve.delete(_name(live))


def _accents(sieve: SieveConnection) -> Finding:
    """Return whether rules can file into folders with accents, as far as the server tells it."""
    if not sieve.may_misread or _OFFERED in sieve.extensions:
        return ok(gettext("Rules can file into folders with accents."))
    return warn(
        gettext("Rules may not file into folders with accents: they are not saved."),
        gettext("Set: %(setting)s.") % {"setting": known.setting(known.ACCENTS, "Cyrus")},
    )


def probed(live: LiveMailbox) -> Iterator[Finding]:
    """Send a message that a rule files into the folder with accents. The script is activated for
    that time, and only where none is active.
    """
    if not live.box.domain.sieve_host:
        return
    with _opened(live) as sieve:
        if any(script.is_active for script in sieve.scripts()):
            yield warn(
                gettext("The rule was not tried: this mailbox has rules of its own."),
                gettext("Try with a mailbox without rules."),
            )
            return
        yield from _filed(sieve, live)


def _filed(sieve: SieveConnection, live: LiveMailbox) -> Iterator[Finding]:
    mailbox_id = live.imap().mailbox_id(live.inner()) if _OFFERED in sieve.extensions else ""
    text = writing.write(Script(items=(_rule(live, "rule", mailbox_id),)))
    with _removed_afterwards(sieve, live):
        sieve.put(_name(live), text)
        try:
            sieve.activate(_name(live))
            sending.send(live, f"{live.label}-rule")
            place = sending.arrived(live, f"{live.label}-rule", (live.inner(), "INBOX"))
        finally:
            with suppress(WebmailError):
                sieve.activate("")
    if place == live.inner():
        yield ok(gettext("A rule files a message into a folder with accents."))
    elif place:
        yield bad(
            gettext("A rule for a folder with accents leaves the message in the inbox."),
            gettext("Set: %(setting)s.") % {"setting": known.setting(known.ACCENTS, "Cyrus")},
        )
    else:
        yield bad(
            gettext("A message that a rule should file did not arrive."),
            gettext("Look into the log of the mail server."),
        )


def _rule(live: LiveMailbox, what: str, mailbox_id: str) -> Rule:
    subject = Condition(values.SUBJECT, values.CONTAINS, sending.token(live, what))
    action = RuleAction(values.MOVE, live.inner(), mailbox_id)
    return Rule(live.label, (ConditionGroup(values.ALL, (subject,)),), (action,))


def _name(live: LiveMailbox) -> str:
    return sending.token(live, "script").lower()
