"""What is done to messages."""

from __future__ import annotations

from datetime import date

from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.webmail.views.mail import letter


def _there_and_back(place: Place, verb: str, *folder: str) -> None:
    uids = [place.box.append(letter(f"À ranger {n}", message_id=f"<{n}@x>")) for n in range(3)]
    done = place.act(verb, *uids[:2])
    there = place.folder(*folder)
    assert len(place.box.messages(there)) == 2
    assert place.box.uids() == uids[2:]
    place.undo(done)
    assert len(place.box.uids()) == 3 and place.box.uids(there) == []


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
    place.make("Élèves & parents")
    uids = [place.box.append(letter(f"n° {n}", message_id=f"<{n}@x>")) for n in range(3)]
    done = place.act("move", *uids[1:], to=place.folder("Élèves & parents"))
    assert len(place.box.messages(place.folder("Élèves & parents"))) == 2
    place.undo(done)
    assert len(place.box.uids()) == 3
