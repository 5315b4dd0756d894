"""Sends a probe through the submission server to a mailbox of the webmail, where another job finds
and deletes it. The time between is the delay that users experience.

No worker waits for a probe: between sending and finding it is a row of `Probe`, which beat checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.translation import gettext

from accounts import session
from accounts.models import MailDomain
from core import clock
from mail import smtp
from mail.errors import (
    BadServerAnswer,
    FolderNotFound,
    PerhapsSent,
    ServerUnavailable,
    SignInNeeded,
    WebmailError,
)
from mail.imap import search, uid_sets
from mail.imap.connection import Connection
from mail.mailbox import folders
from webmail.models import Probe, ProbeCount

HEADER: Final = "X-Webmail-Probe"
WATCHED_SECONDS: Final = (2, 3, 5, 10, 15)
"""The pauses after which a job looks for the probe; later, beat looks for it."""
_MOST_DELETED: Final = 500
_State = Probe.State


@dataclass(frozen=True, slots=True)
class ProbeMailbox:
    """The mailbox named by the settings."""

    domain: MailDomain
    login: str
    address: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class MailHealth:
    """The state of mail delivery by the latest probes. ``seconds`` is how long the last probe that
    arrived was on its way, and ``since`` when it was sent; both are None if none ever arrived.
    ``last`` is the last probe that ended.
    """

    last: Probe | None
    since: datetime | None
    seconds: float | None


def is_on() -> bool:
    """Return whether the settings name a mailbox."""
    return bool(settings.PROBE_LOGIN and settings.PROBE_PASSWORD)


def interval() -> timedelta:
    """Return the time between two probes, which is also the longest that one may be on its way."""
    return timedelta(minutes=settings.PROBE_MINUTES)


def tend() -> tuple[UUID | None, UUID | None]:
    """Return the probe to be sent and the probe to be looked for, or None for each. Overdue probes
    are ended, and old rows deleted.
    """
    if not is_on():
        return None, None
    now = clock.now()
    Probe.objects.filter(asked__lt=now - Probe.KEPT).delete()
    last = Probe.objects.first()
    if last is not None and last.state == _State.WAITING:
        if now - last.asked < interval():
            return None, last.pk if last.handed else None
        _end_overdue(last)
    if last is not None and now - last.asked < interval():
        return None, None
    return _begun(), None


def _begun() -> UUID | None:
    try:
        with transaction.atomic():
            return Probe.objects.create(asked=clock.now()).pk
    except IntegrityError:  # another worker began one at the same time
        return None


def _end_overdue(probe: Probe) -> None:
    if probe.handed is None:
        _end(probe, _State.UNSENT, words=gettext("No worker took the job."))
    elif probe.words:
        _end(probe, _State.UNREAD, words=probe.words)
    else:
        _end(probe, _State.MISSING)


def send(pk: UUID) -> bool:
    """Hand the probe to the submission server. Return whether it is now on its way. A second run of
    the job sends nothing.
    """
    now = clock.now()
    mine = Probe.objects.filter(pk=pk, state=_State.WAITING, handed=None)
    if not (is_on() and mine.update(handed=now)):
        return False
    probe = Probe.objects.get(pk=pk)
    try:
        box = mailbox()
        server = session.smtp_server(box.domain, box.login, box.password)
        smtp.submit(server, box.address, [box.address], _message(box, probe, now))
    except PerhapsSent:
        return True
    except (WebmailError, ValueError) as error:
        _end(probe, _State.UNSENT, words=_words(error))
        return False
    return True


def look(pk: UUID) -> bool:
    """Look for the probe and delete it, with all late ones. Return whether it is still on
    its way.
    """
    probe = Probe.objects.filter(pk=pk, state=_State.WAITING).exclude(handed=None).first()
    if probe is None or not is_on():
        return False
    try:
        box = mailbox()
        imap = session.sign_in(box.domain, box.login, box.password, "")
        try:
            folder = _taken(imap, _message_id(box, probe))
        finally:
            imap.close()
    except SignInNeeded as error:
        # If the password was tried again and again, the server would lock the mailbox.
        _end(probe, _State.UNREAD, words=_words(error))
        return False
    except (WebmailError, ValueError) as error:
        Probe.objects.filter(pk=pk, state=_State.WAITING).update(words=_words(error))
        return True
    if not folder:
        Probe.objects.filter(pk=pk, state=_State.WAITING).update(words="")
        return True
    _end(probe, _State.ARRIVED, folder=folder)
    return False


def health() -> MailHealth:
    """Return the state of mail delivery for the metrics and the self-check, with two queries."""
    last = Probe.objects.exclude(state=_State.WAITING).first()
    arrived = Probe.objects.filter(state=_State.ARRIVED).first()
    if arrived is None:
        oldest = Probe.objects.order_by("asked").values_list("asked", flat=True).first()
        return MailHealth(last, oldest, None)
    return MailHealth(last, arrived.handed, arrived.seconds)


def counts() -> dict[str, int]:
    """Return the numbers of probes that ended in each state since the installation."""
    ended = [state for state in _State.values if state != _State.WAITING]
    numbers = ProbeCount.objects.values_list("state", "count")
    return dict.fromkeys(ended, 0) | dict(numbers)


def mailbox() -> ProbeMailbox:
    """Return the mailbox of the settings. Raises ValueError when no mail domain has it."""
    box = mailbox_of(settings.PROBE_LOGIN, settings.PROBE_PASSWORD, settings.PROBE_ADDRESS)
    if box is None:
        raise ValueError(gettext("No mail domain has the mailbox of WEBMAIL_PROBE_LOGIN."))
    return box


def mailbox_of(typed: str, password: str, address: str = "") -> ProbeMailbox | None:
    """Return the mailbox of a typed login, or None when no mail domain has it."""
    typed = typed.lower()
    domain = MailDomain.objects.all().of_typed_login(typed)
    if domain is None:
        return None
    login = domain.server_login(typed)
    return ProbeMailbox(domain, login, address or domain.address_of(typed), password)


def _end(probe: Probe, state: str, *, folder: str = "", words: str = "") -> None:
    """End a probe once, by whichever worker comes first."""
    now = clock.now()
    arrived = state == _State.ARRIVED and probe.handed is not None
    delay = now - probe.handed if arrived and probe.handed else None
    seconds = round(delay.total_seconds(), 2) if delay else None
    ended = Probe.objects.filter(pk=probe.pk, state=_State.WAITING).update(
        state=state, ended=now, seconds=seconds, folder=folder[:60], words=words
    )
    if ended:
        ProbeCount.objects.get_or_create(state=state)
        ProbeCount.objects.filter(state=state).update(count=F("count") + 1)


def _words(error: Exception) -> str:
    """Return the server's text; if there is none, the kind of the error."""
    words = getattr(error, "server_words", "") or _kind(error)
    return " ".join(words.split())[:300]


def _kind(error: Exception) -> str:
    match error:
        case SignInNeeded():
            return gettext("login or password refused")
        case ServerUnavailable():
            return gettext("mail server not reached")
        case BadServerAnswer():
            return gettext("answer of the mail server not understood")
        case WebmailError():
            return gettext("refused by the mail server")
    return str(error) or type(error).__name__


def _message_id(box: ProbeMailbox, probe: Probe) -> str:
    return f"<probe.{probe.pk.hex}@{box.address.rpartition('@')[2]}>"


def _message(box: ProbeMailbox, probe: Probe, now: datetime) -> bytes:
    """Return the bytes of the probe, which declares that a machine wrote it (RFC 3834), so that no
    absence answers it.
    """
    text = (
        "This message checks the way of mail. The webmail sends it to itself and deletes it.\r\n"
        "Ce message vérifie le chemin du courrier. La messagerie se l’envoie et l’efface.\r\n"
    )
    head = (
        f"From: <{box.address}>\r\nTo: <{box.address}>\r\n"
        f"Subject: Webmail self-check\r\nDate: {format_datetime(now)}\r\n"
        f"Message-ID: {_message_id(box, probe)}\r\n{HEADER}: {probe.pk.hex}\r\n"
        "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Transfer-Encoding: 8bit\r\n\r\n"
    )
    return (head + text).encode()


def _taken(imap: Connection, message_id: str) -> str:
    """Delete all probes; the mailbox has no other purpose. Return the folder of the probe with this
    Message-ID, "" if there is none.
    """
    place = ""
    for folder in _places(imap):
        try:
            imap.select(folder)
        except FolderNotFound:
            continue
        if search.matching(imap, [b"HEADER", b"Message-ID", message_id]):
            place = place or folder
        probes = search.matching(imap, [b"HEADER", HEADER.encode(), ""])[:_MOST_DELETED]
        if probes:
            uids = uid_sets.compressed(probes)
            imap.uid("STORE", uids, "+FLAGS.SILENT", "(\\Deleted)", changes=True)
            if imap.has("UIDPLUS"):
                imap.uid("EXPUNGE", uids, changes=True)
            else:
                imap.command("EXPUNGE", changes=True)
    return place


def _places(imap: Connection) -> Iterator[str]:
    """Yield the inbox, and the folders where filters put junk."""
    yield "INBOX"
    if junk := folders.special(folders.outline(imap), folders.JUNK):
        yield junk.name
