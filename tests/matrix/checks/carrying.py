"""Mail that is carried out of a mailbox and into one."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import BOB
from tests.webmail.transfer import test_copies as copies
from tests.webmail.transfer.test_collecting import collected
from tests.webmail.transfer.test_importing import brought, exported, fill, stored
from tests.webmail.views.mail import letter
from webmail.models import Transfer

_OLD = "Ancienne"


def _fill_oddly(box: Mailbox) -> Counter[bytes]:
    """Put into INBOX what the server takes of odd messages."""
    for raw in copies.ODD:
        imap: Any = box.imap
        imap.literal = raw.replace(b"\0", b"\x80")
        imap._simple_command("APPEND", "INBOX", "()")
    return copies.held(box, "INBOX")


@check("an export comes back: mbox")
def mbox(place: Place) -> None:
    to = place.make("Conseil")
    fill(place.box)
    job = brought(place.reader, exported(place.reader, "mbox"), folder=to)
    assert (job.done, job.known, job.refused) == (3, 0, 0)
    assert stored(place.box, to) == stored(place.box, "INBOX")


@check("an export comes back: a whole mailbox, each folder in its place")
def whole(place: Place) -> None:
    place.make("Projets")
    name = place.make("Projets", "Été 2026")
    fill(place.box)
    place.box.append(letter("Plage"), name)
    brought(place.reader, exported(place.reader, "maildir", ""), folder="", new="Retour")
    assert len(place.box.uids(place.folder("Retour", "INBOX"))) == 3
    back = place.folder("Retour", "Projets", "Été 2026")
    assert stored(place.box, back) == stored(place.box, name)


@check("what is brought twice is there once; an import is undone")
def twice(place: Place) -> None:
    to = place.make("Conseil")
    fill(place.box)
    content = exported(place.reader, "eml")
    first = brought(place.reader, content, folder=to)
    again = brought(place.reader, content, folder=to)
    assert (first.done, again.done, again.known) == (3, 0, 3)
    place.reader.post(f"/transfers/{first.pk}/undo/")
    assert place.alive(to) == []


@check("odd messages come back as they were")
def odd(place: Place) -> None:
    to = place.make("Retour")
    before = _fill_oddly(place.box)
    assert before
    job = brought(place.reader, exported(place.reader, "mbox"), folder=to)
    assert (copies.held(place.box, to), job.refused) == (before, 0)


@check("another account on this server is fetched, and that is undone")
def account(place: Place) -> None:
    name = place.folder("Projets")
    place.other.create_folder(name)
    place.other.append(letter("Un"), flags=["\\Seen"])
    place.other.append(letter("Deux", "x" * 300_000), name)
    job = collected(place.reader, place.server, BOB)  # type: ignore[arg-type]
    assert (job.state, job.done, job.failure) == (Transfer.State.DONE, 2, "")
    inbox = place.folder(_OLD, "INBOX")
    (uid,) = place.box.uids(inbox)
    assert place.box.flags(uid, inbox) == {"\\Seen"}
    assert place.box.messages(inbox) == place.other.messages()
    assert place.box.messages(place.folder(_OLD, "Projets")) == place.other.messages(name)
    assert collected(place.reader, place.server, BOB).known == 2  # type: ignore[arg-type]
    place.reader.post(f"/transfers/{job.pk}/undo/")
    assert place.alive(inbox) == [] if inbox in place.box.folders() else True


@check("odd messages of another account come as they are")
def odd_account(place: Place) -> None:
    before = _fill_oddly(place.other)
    job = collected(place.reader, place.server, BOB)  # type: ignore[arg-type]
    assert copies.held(place.box, place.folder(_OLD, "INBOX")) == before
    assert job.failure == ""
