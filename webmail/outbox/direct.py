"""Sending: hand to the submission server, file in Sent, mark what was answered."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from webmail import smtp
from webmail.errors import WebmailError
from webmail.imap.connection import Connection
from webmail.imap.values import ANSWERED, FORWARDED, MessageRef
from webmail.mailbox import actions
from webmail.mime import build
from webmail.mime.build import Outgoing

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sent:
    """What became of a message that the submission server took.

    ``filed``: a copy lies in Sent. ``marked``: the message it answers or forwards is still there.
    """

    filed: bool
    marked: bool


def send(
    imap: Connection,
    server: smtp.Server,
    outgoing: Outgoing,
    *,
    origin: MessageRef | None = None,
    forwarded: bool = False,
) -> Sent:
    """Send now. Raises what ``smtp.submit`` raises, and then nothing has left.

    Once the server took the message it has left: no later failure is raised, lest it be sent twice.
    """
    recipients = [person.address for person in (*outgoing.to, *outgoing.cc, *outgoing.bcc)]
    smtp.submit(server, outgoing.sender.address, recipients, build.message(outgoing))
    filed = _file(imap, outgoing)
    return Sent(filed, marked=origin is not None and _mark(imap, origin, forwarded=forwarded))


def _file(imap: Connection, outgoing: Outgoing) -> bool:
    try:
        actions.file_sent(imap, build.message(outgoing, keep_bcc=True))
    except WebmailError as error:
        logger.warning("sent, but not filed in Sent: %s", type(error).__name__)
        return False
    return True


def _mark(imap: Connection, origin: MessageRef, *, forwarded: bool) -> bool:
    """The answered message may be gone meanwhile: that is no failure worth a word."""
    try:
        actions.set_flag(imap, [origin], FORWARDED if forwarded else ANSWERED, True)
    except WebmailError as error:
        logger.info("origin not marked: %s", type(error).__name__)
        return False
    return True
