"""Each oddity of servers in use, with one that offers RFC 3501 alone: what the user sees, and that
nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from operator import attrgetter

import pytest

from accounts import session
from tests.matrix.places import HTMX, Beyond, Place, Server
from tests.servers.reduced import Oddity
from tests.webmail.views.list.test_news import poll, stood
from tests.webmail.views.mail import folder_links, letter, page, subjects, words

pytestmark = pytest.mark.django_db
ALL = ["Réunion 2", "Réunion 1", "Réunion 0"]


@pytest.fixture
def odd(
    request: pytest.FixtureRequest, rfc3501: Beyond, at: Callable[[Server], Place]
) -> tuple[Place, list[int]]:
    """A place with three messages, behind that oddity."""
    place = at(rfc3501)
    uids = [place.box.append(letter(f"Réunion {n}", message_id=f"<{n}@x>")) for n in range(3)]
    rfc3501.oddities = {request.param}
    return place, uids


STATUS = (Oddity.STATUS_REFUSED, Oddity.NO_STATUS, Oddity.BARE_STATUS, Oddity.LOW_UIDNEXT)
NAME = attrgetter("name")
UNDONE = [oddity for oddity in Oddity if oddity != Oddity.SILENT_MOVE]
"""MOVE without new UIDs cannot be undone."""
EACH = pytest.mark.parametrize("odd", Oddity, indirect=True, ids=NAME)


@EACH
def test_messages_are_listed_and_read(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    assert sorted(subjects(place.list())) == sorted(ALL)
    assert "Réunion 1" in page(place.open(uids[1]))


@pytest.mark.parametrize("odd", UNDONE, indirect=True, ids=NAME)
def test_a_message_goes_to_the_trash_and_comes_back(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    done = place.act("trash", uids[0])
    assert len(place.alive("INBOX")) == 2 and len(place.alive("Trash")) == 1
    assert sorted(subjects(place.list())) == sorted(ALL[:2])
    assert place.undo(done) == HTTPStatus.OK
    assert len(place.alive("INBOX")) == 3 and place.alive("Trash") == []


def these(*oddities: Oddity) -> pytest.MarkDecorator:
    names = [oddity.name for oddity in oddities]
    return pytest.mark.parametrize("odd", oddities, indirect=True, ids=names)


@these(Oddity.KEYWORDS_REFUSED, Oddity.KEYWORDS_DROPPED)
def test_a_tag_that_is_not_kept_is_not_said_to_be(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    data = {"verb": "tag:$label1", "refs": [place.ref(uids[0])]}
    answer = place.reader.post(place.url(more="act/"), data, headers=HTMX)
    assert answer.status_code in {HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY}
    assert place.box.flags(uids[0]) == set()
    assert 'class="tag h' not in page(place.list())


@these(Oddity.WRONG_COUNTS)
def test_a_folder_that_is_empty_is_shown_so_whatever_is_told(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    name = place.make("Vide")
    assert subjects(place.list(folder=name)) == []
    place.act("trash", *uids)
    assert subjects(place.list()) == []


@these(*STATUS)
def test_new_mail_is_named_once_whatever_status_tells(odd: tuple[Place, list[int]]) -> None:
    place, _uids = odd
    (told,) = poll(place.reader).json()["folders"]
    for count, subject in enumerate(("Premier", "Deuxième", "Troisième"), start=4):
        place.box.append(letter(subject))
        (told,) = poll(place.reader, inbox=stood(told)).json()["folders"]
        assert (told["exists"], told["unseen"]) == (count, count)
        assert subject in {message["subject"] for message in told["new"]}
    assert [message["subject"] for message in told["new"]] == ["Troisième"]
    (again,) = poll(place.reader, inbox=stood(told)).json()["folders"]
    assert again == {**told, "new": []}


@these(*STATUS, Oddity.SILENT_UIDPLUS)
def test_a_message_is_copied_moved_and_back_whatever_is_told(
    odd: tuple[Place, list[int]],
) -> None:
    place, uids = odd
    name = place.make("Classes")
    for verb, left in (("copy", 3), ("move", 2)):
        done = place.act(verb, uids[0], to=name)
        assert (len(place.alive()), len(place.alive(name))) == (left, 1)
        assert place.undo(done) == HTTPStatus.OK
        assert (len(place.alive()), len(place.alive(name))) == (3, 0)


@these(Oddity.SILENT_MOVE)
def test_a_move_is_told_as_done_though_its_new_uids_are_not(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    name = place.make("Classes")
    done = place.act("move", uids[0], uids[1], to=name)
    assert "2 messages" in done and "Annuler" not in done
    assert (len(place.alive()), len(place.alive(name))) == (1, 2)
    data = {"verb": "move", "refs": [place.ref(uids[0])], "to": name}
    again = place.reader.post(place.url(more="act/"), data, headers=HTMX)
    assert again.status_code == HTTPStatus.NOT_FOUND and len(place.alive(name)) == 2


@these(*STATUS)
def test_the_open_folder_is_counted_whatever_status_tells(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    place.box.set_flags(uids[0], ["\\Seen"])
    (row,) = re.findall(r'(?s)<a class="folder has-new".*?</a>', page(place.list()))
    assert ">2</span>" in row


@these(Oddity.NO_CHILDREN)
def test_folders_in_a_folder_said_to_have_none_are_shown(odd: tuple[Place, list[int]]) -> None:
    place, _uids = odd
    place.make("Classes")
    place.make("Classes", "6e B")
    assert folder_links(place.list())["6e B"] == place.url(place.folder("Classes", "6e B"))


@these(Oddity.NIL_SEPARATORS)
def test_without_levels_folders_are_made_and_named_as_they_are(
    odd: tuple[Place, list[int]],
) -> None:
    place, uids = odd
    assert place.change("create", name="Élèves").status_code == HTTPStatus.OK
    place.act("move", uids[0], to="Élèves")
    place.act("archive", uids[1])
    assert len(place.alive("Élèves")) == 1 and len(place.alive("Archive")) == 1
    assert {"Élèves", "Archive"} <= set(place.box.folders())


@these(Oddity.DATES_OF_1970)
def test_dates_of_1970_are_not_shown(odd: tuple[Place, list[int]]) -> None:
    place, uids = odd
    assert "1970" not in words(place.list())
    assert "1970" not in words(place.open(uids[0]))


def test_a_folder_made_anew_is_no_longer_the_one_before(
    rfc3501: Beyond, at: Callable[[Server], Place]
) -> None:
    place = at(rfc3501)
    uid = place.box.append(letter("Avant"))
    url = place.url(more=f"{place.ref(uid)}/")
    act = {"verb": "trash", "refs": [place.ref(uid)]}
    assert place.reader.get(url).status_code == HTTPStatus.OK
    rfc3501.shift = 1
    session.pool().close_all()
    assert place.reader.get(url).status_code == HTTPStatus.CONFLICT
    assert place.reader.post(place.url(more="act/"), act).status_code == HTTPStatus.CONFLICT
    assert place.alive() == [uid]
    assert "Avant" in page(place.open(uid))


def test_goodbye_at_any_command_loses_and_doubles_nothing(
    rfc3501: Beyond, at: Callable[[Server], Place]
) -> None:
    place = at(rfc3501)
    place.make("Trash")
    for number in range(1, 9):
        uid = place.box.append(letter(f"n° {number}", message_id=f"<{number}@x>"))
        place.list()
        rfc3501.bye_at = number
        data = {"verb": "trash", "refs": [place.ref(uid)]}
        answer = place.reader.post(place.url(more="act/"), data, headers=HTMX)
        rfc3501.bye_at = 0
        kept = len(place.alive()), len(place.alive("Trash"))
        if answer.status_code == HTTPStatus.OK:
            assert kept == (0, 1), number
        assert sum(kept) >= 1, number
        assert place.reader.get(place.url()).status_code == HTTPStatus.OK
        for folder in ("INBOX", "Trash"):
            place.box._expunge_all(folder)
