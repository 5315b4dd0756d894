"""Shares many folders with colleagues, or ends their sharing: the request does the first seconds, a
job does the rest.

The job's row counts the finished folders, each after its commands were answered. A worker that
takes the job up continues with the next folder. If a worker was killed in between, the access list
is set again to the same value.
"""

from __future__ import annotations

from collections.abc import Sequence

from accounts import lending
from accounts.claims import Heartbeat, Lost
from accounts.http import SignedInRequest
from core import clock
from mail.imap.connection import Connection
from mail.mailbox import sharing
from mail.mailbox.sharing import SharingProgress
from webmail.models import MailJob

SHARE, END = "share", "unshare"
VERBS = (SHARE, END)


def begin(
    request: SignedInRequest,
    names: Sequence[str],
    identifiers: Sequence[str],
    preset: str,
    at: SharingProgress,
) -> MailJob:
    """Store the rest of a change whose first folders are done. The caller starts the job after the
    connection is given back.
    """
    return MailJob.objects.create(
        user=request.user,
        verb=SHARE if preset else END,
        folder=names[0],
        total=at.total,
        done=at.done - at.refused,
        gone=at.refused,
        credential=lending.lend(request),
        work={
            "left": [],
            "undo": [],
            "share": {"names": names, "identifiers": identifiers, "preset": preset},
        },
    )


def go_on(job: MailJob, imap: Connection, heartbeat: Heartbeat) -> bool:
    """Change the remaining folders. Return False if the job was cancelled or another
    worker has it.
    """
    asked = job.work["share"]
    names, identifiers, preset = asked["names"], asked["identifiers"], asked["preset"]
    begun = SharingProgress(job.done + job.gone, len(names), job.gone)
    for at in sharing.change(imap, names, identifiers, preset, begun):
        heartbeat.got_on()
        counts = {"done": at.done - at.refused, "gone": at.refused}
        try:
            job.beat(**counts)
        except Lost:
            cancelled = job.mine().filter(state=MailJob.State.CANCELLED)
            cancelled.update(**counts, changed=clock.now())
            return False
    return True
