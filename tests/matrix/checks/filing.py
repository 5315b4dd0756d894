"""What is done to messages."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus

from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.webmail.views.mail import letter, subjects


def _alive(place: Place, folder: str = "INBOX") -> list[int]:
    box = place.box
    return [uid for uid in box.uids(folder) if "\\Deleted" not in box.flags(uid, folder)]


def _there_and_back(place: Place, verb: str, *folder: str, **more: str) -> None:
    uids = [place.box.append(letter(f"À ranger {n}", message_id=f"<{n}@x>")) for n in range(3)]
    done = place.act(verb, *uids[:2], **more)
    there = place.folder(*folder)
    assert len(place.box.messages(there)) == 2
    assert _alive(place) == uids[2:]
    assert len(subjects(place.list())) == 1
    is_gone = place.box.uids() == uids[2:]
    assert is_gone or "UIDPLUS" not in place.capabilities
    assert place.undo(done) == HTTPStatus.OK
    assert len(_alive(place)) == 3 and _alive(place, there) == []
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
