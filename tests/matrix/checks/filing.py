"""What is done to messages."""

from __future__ import annotations

from datetime import UTC, date, datetime
from http import HTTPStatus
from time import sleep

from accounts import session
from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.webmail.views.mail import letter, subjects


def _there_and_back(place: Place, verb: str, *folder: str, **more: str) -> None:
    uids = [place.box.append(letter(f"À ranger {n}", message_id=f"<{n}@x>")) for n in range(3)]
    done = place.act(verb, *uids[:2], **more)
    there = place.folder(*folder)
    assert len(place.box.messages(there)) == 2
    assert place.alive() == uids[2:]
    assert len(subjects(place.list())) == 1
    is_gone = place.box.uids() == uids[2:]
    assert is_gone or "UIDPLUS" not in place.capabilities
    assert place.undo(done) == HTTPStatus.OK
    assert len(place.alive()) == 3 and place.alive(there) == []
    assert len(subjects(place.list())) == 3


@check("to the trash and back, where no folder was made yet")
def trash(place: Place) -> None:
    _there_and_back(place, "trash", "Trash")


@check("to the archive of the year and back")
def archive(place: Place) -> None:
    _there_and_back(place, "archive", "Archive", str(date.today().year))


@check("to junk and back")
def junk(place: Place) -> None:
    _there_and_back(place, "junk", "Junk")


@check("moved to another folder and back")
def move(place: Place) -> None:
    to = place.make("Élèves & parents")
    _there_and_back(place, "move", "Élèves & parents", to=to)


@check("copied to another folder")
def copy(place: Place) -> None:
    to = place.make("Classes")
    uid = place.box.append(letter("En double"), flags=["\\Flagged"])
    place.act("copy", uid, to=to)
    (copied,) = place.box.uids(to)
    assert place.box.message(copied, to) == place.box.message(uid)
    assert place.box.flags(copied, to) == {"\\Flagged"}


@check("text, marks and date stay what they were")
def unchanged(place: Place) -> None:
    to = place.make("Classes")
    when = datetime(2019, 5, 1, 8, tzinfo=UTC)
    uid = place.box.append(letter("Ancien"), flags=["\\Flagged", "\\Answered"], date=when)
    before = _seen(place, uid, "INBOX")
    place.act("move", uid, to=to)
    assert _seen(place, place.box.uids(to)[0], to) == before


def _seen(place: Place, uid: int, folder: str) -> tuple[bytes, frozenset[str], bytes]:
    raw, flags = place.box.message(uid, folder), place.box.flags(uid, folder)
    _, (answer, *_) = place.box.imap.uid("FETCH", str(uid), "(INTERNALDATE)")
    return raw, flags, answer.split(b'"')[1]


@check("deleted for good")
def delete(place: Place) -> None:
    trash = place.make("Trash")
    uid, spared = (place.box.append(letter(f"n° {n}"), trash) for n in range(2))
    place.act("delete", uid, folder=trash, confirmed="1")
    assert place.alive(trash) == [spared]
    assert subjects(place.list(folder=trash)) == ["n° 1"]
    assert place.box.uids(trash) == [spared] or "UIDPLUS" not in place.capabilities


@check("120 moved at once, as a job, and back")
def many(place: Place) -> None:
    to = place.make("Classes")
    uids = [place.box.append(b"Subject: n\r\n\r\nx\r\n") for _ in range(120)]
    done = place.act("move", *uids, to=to)
    assert (len(place.alive()), len(place.alive(to))) == (0, 120)
    assert place.undo(done) == HTTPStatus.OK
    assert (len(place.alive()), len(place.alive(to))) == (120, 0)


@check("what another program removes is told, and nothing else is touched")
def removed(place: Place) -> None:
    uids = [place.box.append(letter(f"n° {n}")) for n in range(3)]
    place.list()
    place.box.set_flags(uids[0], ["\\Deleted"])
    place.box.imap.expunge()
    assert place.reader.get(place.url(more=f"{place.ref(uids[0])}/")).status_code == 404
    place.act("trash", uids[1])
    assert place.alive() == [uids[2]]


@check("a folder made anew is told from the one before")
def made_anew(place: Place) -> str | None:
    name = place.make("Classes")
    uid = place.box.append(letter("Avant"), name)
    url = place.url(name, f"{place.ref(uid, name)}/")
    assert place.reader.get(url).status_code == 200
    sleep(1.1)  # UIDVALIDITY is the second in which it is made
    place.box.delete_folder(name)
    place.box.create_folder(name)
    place.box.append(letter("Après"), name)
    if place.reader.get(url).status_code == HTTPStatus.CONFLICT:
        return None
    session.pool().close_all()
    assert place.reader.get(url).status_code == HTTPStatus.CONFLICT
    return "yes, by the next connection: it tells an open one nothing"
