"""Messages in the check's folder: put, marked, ordered, found, divided into parts, and moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext

from accounts.health.findings import Finding, bad, ok, warn
from mail.imap import fetch, search
from mail.imap.values import FLAGGED, MessageRef
from mail.mailbox import actions
from mail.mailbox.actions import MailStep
from webmail.doctor.live import known
from webmail.doctor.live.mailbox import LiveMailbox

_KEYWORD: Final = "$webmailcheck"
_HEAD: Final = (
    "From: Check <check@example.invalid>\r\nTo: <check@example.invalid>\r\n"
    "Date: Wed, 02 Dec 2026 10:00:00 +0100\r\n"
)
_MIXED: Final = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
_SUBJECT: Final = "=?utf-8?Q?R=C3=A9union_des_=C3=A9l=C3=A8ves?="


@dataclass(frozen=True, slots=True)
class OddMessage:
    """A message whose structure servers are known to tell wrongly, and the media types of its
    parts."""

    name: str
    raw: bytes
    types: tuple[str, ...]


def _odd(name: str, rest: str, *types: str) -> OddMessage:
    return OddMessage(name, f"{_HEAD}Subject: {name}\r\n{rest}".encode(), types)


PLAIN: Final = (
    f"{_HEAD}Subject: {_SUBJECT}\r\nMessage-ID: <check@example.invalid>\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    "O=C3=B9 sont pass=C3=A9s les cahiers ?\r\n.\r\nFrom here\r\n"
).encode()
ODD: Final = (
    _odd(
        "no MIME-Version",
        "Content-Type: text/html; charset=utf-8\r\n\r\n<p>texte</p>\r\n",
        "text/html",
    ),
    _odd(
        "no last boundary",
        f"{_MIXED}--b\r\nContent-Type: text/plain\r\n\r\nun\r\n"
        "--b\r\nContent-Type: text/html\r\n\r\n<p>deux</p>\r\n",
        "text/plain",
        "text/html",
    ),
    _odd(
        "forwarded",
        f"{_MIXED}--b\r\nContent-Type: text/plain\r\n\r\nvoir\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\n"
        "Subject: dedans\r\nContent-Type: text/plain\r\n\r\ndedans\r\n--b--\r\n",
        "text/plain",
        "message/rfc822",
    ),
)


def appending(live: LiveMailbox) -> Iterator[Finding]:
    """Put a message, and read the same bytes again."""
    ref = live.put(PLAIN)
    if fetch.whole(live.imap(), [ref.uid]).get(ref.uid) == PLAIN:
        yield ok(gettext("A message is put into a folder, and read again as it was."))
    else:
        yield bad(
            gettext("A message that was put into a folder reads otherwise."),
            gettext("Drafts, sent mail and imports change on this server."),
        )


def marking(live: LiveMailbox) -> Iterator[Finding]:
    """Set a flag, and a keyword, and read both."""
    ref = live.put(PLAIN)
    kept = {flag for flag in (FLAGGED, _KEYWORD) if _keeps(live, ref, flag)}
    if FLAGGED not in kept:
        yield bad(
            gettext("Flags are not kept."), gettext("Read and starred messages are forgotten.")
        )
    elif _KEYWORD not in kept:
        setting = known.setting(known.KEYWORDS, known.program(live.imap()))
        lacking = gettext("Tags, and the marks of adverts and junk, cannot be kept. %(setting)s")
        yield warn(
            gettext("The server keeps flags, but no keywords."), lacking % {"setting": setting}
        )
    else:
        yield ok(gettext("Flags and keywords are kept."))


def _keeps(live: LiveMailbox, ref: MessageRef, flag: str) -> bool:
    imap = live.imap()
    if not imap.require(ref).keeps(flag):
        return False
    step = MailStep(actions.SET, ref.folder, ref.uidvalidity, (ref.uid,), flag=flag)
    actions.perform(imap, actions.prepare(imap, step))
    flags = {held.lower() for mark in fetch.marks(imap, [ref.uid]) for held in mark.flags}
    return flag.lower() in flags


def ordering(live: LiveMailbox) -> Iterator[Finding]:
    """Compare the answers of SORT, THREAD and SEARCH with one another, as far as they are
    offered, and see whether changes are counted.
    """
    live.put(PLAIN)
    imap = live.imap()
    selected = imap.select(live.folder())
    uids = search.uids(imap)
    wrong = []
    if imap.has("SORT") and set(search.in_order(imap, "SUBJECT")) != set(uids):
        wrong.append("SORT")
    if imap.has("THREAD=REFERENCES"):
        threads = search.threads(imap)
        wrong += ["THREAD"] if {uid for thread in threads for uid in thread} != set(uids) else []
    if imap.has("ESEARCH") and search.count(imap, "ALL") != len(uids):
        wrong.append("ESEARCH")
    if imap.has("CONDSTORE") and not selected.highestmodseq:
        wrong.append("CONDSTORE")
    for name in wrong:
        yield bad(
            gettext("It announces %(name)s, and answers wrongly.") % {"name": name},
            gettext("Take it out of what the server announces: %(setting)s.")
            % {"setting": known.setting(known.EXTENSIONS, known.program(imap))},
        )
    if not wrong:
        yield ok(gettext("What it announces for orders and searches, it answers."))


def searching(live: LiveMailbox) -> Iterator[Finding]:
    """Search for words with accents, in another case."""
    ref = live.put(PLAIN)
    imap = live.imap()
    imap.require(ref)
    sought = (b"SUBJECT", "réunion"), (b"SUBJECT", "ÉLÈVES"), (b"BODY", "passés")
    successes = [ref.uid in search.matching(imap, list(criteria)) for criteria in sought]
    if all(successes):
        yield ok(gettext("Words with accents are found, in capitals too."))
    elif successes[0] and successes[2]:
        yield warn(
            gettext("Words with accents are found, but capitals with accents are told apart."),
            gettext("Users must type accents in the case of the message."),
        )
    else:
        yield bad(
            gettext("Words with accents are not found."),
            gettext("The server must search by CHARSET UTF-8 (RFC 3501)."),
        )


def structures(live: LiveMailbox) -> Iterator[Finding]:
    """Read messages whose structure servers are known to tell wrongly."""
    wrong = []
    for odd in ODD:
        message, _raw = fetch.opened(live.imap(), live.put(odd.raw))
        parts = [part for part in message.structure.walk() if not part.is_multipart]
        types = [part.media_type for part in parts if part.number.count(".") == 0]
        wrong += [odd.name] if tuple(types) != odd.types else []
    if wrong:
        yield warn(
            gettext("The parts of odd messages are told otherwise than they are: %(names)s.")
            % {"names": ", ".join(wrong)},
            gettext("Such messages are shown by what the server says of them."),
        )
    else:
        yield ok(gettext("The parts of odd messages are read as they are."))


def moving(live: LiveMailbox) -> Iterator[Finding]:
    """Move a message into the folder with accents, and see that it is there and nowhere else."""
    ref = live.put(PLAIN)
    imap = live.imap()
    step = MailStep(actions.MOVE, ref.folder, ref.uidvalidity, (ref.uid,), to=live.inner())
    outcome = actions.perform(imap, actions.prepare(imap, step))
    imap.select(live.inner())
    there = search.uids(imap, "UNDELETED")
    imap.select(ref.folder)
    left = ref.uid in search.uids(imap, "UNDELETED")
    if not there or left:
        yield bad(
            gettext("A moved message is not where it should be."),
            gettext("Deleting, filing and archiving fail on this server."),
        )
    elif outcome.undo is None:
        yield warn(
            gettext("Messages are moved, but moving cannot be taken back."),
            gettext("The server does not tell where a message went (UIDPLUS)."),
        )
    else:
        yield ok(gettext("Messages are moved, also into a folder with accents."))


CHECKS: Final = (appending, marking, ordering, searching, structures, moving)
