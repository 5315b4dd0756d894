"""Try on a real mail server, with a login and its password, what the webmail will ask of it.

`bin/manage check_mail_server` prints what works, what will be slower or missing and why, and the
setting of the server to change where it is known. All messages are put into a folder of this check,
which is removed at the end, also when the check is stopped.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.health import server_check
from accounts.health.findings import Finding, bad
from mail.errors import ServerUnavailable, SignInNeeded, WebmailError
from mail.imap import client
from webmail import probing
from webmail.doctor import mail
from webmail.doctor.live import connections, extensions, folders, messages, push, rules, sending
from webmail.doctor.live.mailbox import LiveMailbox

MOST_SECONDS: Final = 60.0
"""The time for all that is asked of the IMAP server, except the removal of the folder."""
_MOST_FAULTS: Final = 3

Check = Callable[[LiveMailbox], Iterable[Finding]]


@dataclass(frozen=True, slots=True)
class LivePart:
    """A part of the check. ``name`` is its key in the output of ``--json``; ``by_imap`` says that
    the part needs the IMAP server.
    """

    name: str
    title: Promise
    checks: tuple[Check, ...]
    by_imap: bool = True


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """``probe`` says that a message may be sent to the mailbox, and a script activated for it if
    none is active; ``most_connections`` is how many are opened at once.
    """

    probe: bool = False
    most_connections: int = connections.MOST


def examine(
    box: probing.ProbeMailbox, options: LiveOptions
) -> Generator[tuple[LivePart, list[Finding]]]:
    """Yield each part with its findings as soon as they are there. The folder of the check is
    removed however this ends.
    """
    live = LiveMailbox(box)
    try:
        with client.within(MOST_SECONDS):
            for part in _parts(options):
                yield part, list(_findings(part, live))
                if live.is_refused:
                    return
    finally:
        leftover = live.close()
    if leftover:
        yield _REMOVAL, [leftover]


def _parts(options: LiveOptions) -> tuple[LivePart, ...]:
    return (
        LivePart("servers", _("The servers"), (_servers,), by_imap=False),
        LivePart("sign-in", _("Sign-in"), (extensions.signed_in,)),
        LivePart("extensions", _("What the IMAP server can do"), (extensions.findings,)),
        LivePart("folders", _("Folders"), folders.CHECKS),
        LivePart("messages", _("Messages"), messages.CHECKS),
        LivePart("push", _("New mail"), (push.findings,)),
        LivePart("room", _("Room and sharing"), extensions.ROOM),
        LivePart(
            "connections",
            _("Connections"),
            (lambda live: connections.findings(live, options.most_connections),),
        ),
        LivePart(
            "sending",
            _("Sending"),
            (sending.probed if options.probe else sending.findings,),
            by_imap=False,
        ),
        LivePart(
            "rules",
            _("Rules"),
            (rules.findings, *((rules.probed,) if options.probe else ())),
            by_imap=False,
        ),
    )


_REMOVAL: Final = LivePart("removal", _("The folder of this check"), ())


def _findings(part: LivePart, live: LiveMailbox) -> Iterator[Finding]:
    for check in part.checks:
        if part.by_imap and live.faults >= _MOST_FAULTS:
            yield bad(
                gettext("Not tried: the IMAP server failed too often."),
                gettext("Begin with the first fault above."),
            )
            return
        yield from _tried(check, live, by_imap=part.by_imap)


def _tried(check: Check, live: LiveMailbox, *, by_imap: bool) -> Iterator[Finding]:
    try:
        yield from check(live)
    except SignInNeeded as error:
        # A password that is tried again and again may lock the mailbox.
        live.is_refused = True
        yield bad(
            gettext("Login or password are refused."),
            _with_words(gettext("Type them anew."), error),
        )
    except WebmailError as error:
        if by_imap:
            live.note_fault()
        yield bad(_sentence(error), _with_words(_advice(error), error))


def _sentence(error: WebmailError) -> str:
    if isinstance(error, ServerUnavailable):
        return gettext("The server does not answer, or hung up.")
    return gettext("The server refuses, or does not answer as it must: %(error)s") % {
        "error": error
    }


def _advice(error: WebmailError) -> str:
    if isinstance(error, ServerUnavailable):
        return gettext("Its log says more. The rest is tried over a new connection.")
    return gettext("The webmail cannot do this on this server.")


def _with_words(advice: str, error: WebmailError) -> str:
    """Return the advice with the server's own text, if there was one."""
    words = " ".join(error.server_words.split())
    told = gettext("The server says: %(words)s") % {"words": words}
    return f"{advice} {told}" if words else advice


def _servers(live: LiveMailbox) -> Iterator[Finding]:
    for result in server_check.check_all(server_check.targets(live.box.domain)):
        yield from mail.server_findings(result)
