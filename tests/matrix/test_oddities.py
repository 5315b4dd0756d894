"""Each oddity of servers in use, with one that offers RFC 3501 alone: what the user sees, and that
nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

import pytest

from tests.matrix.places import Beyond, Place, Server
from tests.servers.reduced import Oddity
from tests.webmail.views.mail import letter, page, subjects

pytestmark = pytest.mark.django_db
ALL = ["Réunion 2", "Réunion 1", "Réunion 0"]


def _alive(place: Place, folder: str) -> list[int]:
    box = place.box
    return [uid for uid in box.uids(folder) if "\\Deleted" not in box.flags(uid, folder)]


@pytest.fixture
def odd(
    request: pytest.FixtureRequest, rfc3501: Beyond, at: Callable[[Server], Place]
) -> tuple[Place, list[int]]:
    """A place with three messages, behind that oddity."""
    place = at(rfc3501)
    uids = [place.box.append(letter(f"Réunion {n}", message_id=f"<{n}@x>")) for n in range(3)]
    rfc3501.oddities = {request.param}
    return place, uids


EACH = pytest.mark.parametrize("odd", Oddity, indirect=True, ids=lambda oddity: oddity.name)


@EACH
def test_messages_are_listed_and_read(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    assert sorted(subjects(place.list())) == sorted(ALL)
    assert "Réunion 1" in page(place.open(uids[1]))


@EACH
def test_a_message_goes_to_the_trash_and_comes_back(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    done = place.act("trash", uids[0])
    assert len(_alive(place, "INBOX")) == 2 and len(_alive(place, "Trash")) == 1
    assert sorted(subjects(place.list())) == sorted(ALL[:2])
    assert place.undo(done) == HTTPStatus.OK
    assert len(_alive(place, "INBOX")) == 3 and _alive(place, "Trash") == []
