"""Folders: made, renamed, moved, thrown away; and how full the mailbox is."""

from __future__ import annotations

import re

from tests.matrix.checks import check, not_offered
from tests.matrix.places import Place
from tests.webmail.views.mail import Answer, fields, folder_links, letter, page, words

_ACCENTS = "Élèves & parents"
_NAMES = ('dit "le grand"', "l’été", "&AOk-", "100 %", "日本語", "~perso", "#1", "a?b", "😀 joie")


def _undo(place: Place, answered: Answer) -> None:
    form = re.search(r'(?s)<div class="toast" data-toast>.*?</form>', page(answered))
    assert form, "there is no toast that can be taken back"
    place.reader.post("/folders/change/", dict(fields(form[0])))


@check("a folder is made, and used at once")
def create(place: Place) -> None:
    place.change("create", name=_ACCENTS)
    assert place.folder(_ACCENTS) in place.box.folders()
    assert _ACCENTS in folder_links(place.list())
    place.box.append(letter("Dedans"), place.folder(_ACCENTS))
    assert "Dedans" in words(place.list(folder=place.folder(_ACCENTS)))


@check("a folder is made in another")
def inside(place: Place) -> None:
    place.change("create", name="Classes")
    place.change("create", name="6e B", to=place.folder("Classes"))
    assert place.folder("Classes", "6e B") in place.box.folders()


@check("names of folders with quotes, blanks, & and letters of all scripts")
def names(place: Place) -> str | None:
    made: list[str] = []
    refused: list[str] = []
    for name in _NAMES:
        told = place.change("create", name=name)
        (made if told.status_code == 200 else refused).append(name)
        assert (place.folder(name) in place.box.folders()) == (name in made), name
        assert name in made or "Rien n’a été fait" in words(told), name
    links = folder_links(place.list())
    for name in made:
        assert place.reader.get(links[name]).status_code == 200, name
    said = " and ".join(f"`{name}`" for name in refused)
    return f"yes, but {said}, which it refuses" if refused else None


@check("a name with the server’s separator is refused in words")
def separator(place: Place) -> None:
    before = place.box.folders()
    told = place.change("create", name=f"a{place.separator}b")
    assert told.status_code == 422
    assert f"« {place.separator} »" in words(told)
    assert place.box.folders() == before


@check("a folder is renamed with what is in it, and that is taken back")
def rename(place: Place) -> None:
    for levels in (("Zoo",), ("Zoo", "Singes")):
        place.make(*levels)
    place.box.append(letter(), place.folder("Zoo", "Singes"))
    told = place.change("rename", place.folder("Zoo"), name="Été & parc")
    assert place.box.uids(place.folder("Été & parc", "Singes"))
    _undo(place, told)
    assert place.box.uids(place.folder("Zoo", "Singes"))
    assert place.folder("Été & parc") not in place.box.folders()


@check("a folder is moved into another and out of it")
def move(place: Place) -> None:
    for name in ("Zoo", "Sorties"):
        place.make(name)
    place.change("move", place.folder("Zoo"), to=place.folder("Sorties"))
    assert place.folder("Sorties", "Zoo") in place.box.folders()
    place.change("move", place.folder("Sorties", "Zoo"), to="")
    assert place.folder("Zoo") in place.box.folders()


@check("a folder is thrown away, comes back, and is removed for good")
def throw(place: Place) -> None:
    name = place.make("Zoo")
    place.box.append(letter(), name)
    told = place.change("throw", name)
    assert place.box.uids(place.folder("Trash", "Zoo"))
    _undo(place, told)
    assert place.box.uids(name)
    place.change("throw", name)
    place.change("remove", place.folder("Trash", "Zoo"))
    assert not any("Zoo" in left for left in place.box.folders())


@check("a folder is chosen for the trash")
def use(place: Place) -> None:
    name = place.make("Poubelle")
    place.change("use", name, use="\\Trash")
    place.act("trash", place.box.append(letter()))
    assert place.box.uids(name)
    assert folder_links(place.list())["Corbeille"] == place.url(name)


@check("a folder is subscribed and no longer")
def subscribe(place: Place) -> None:
    name = place.make("Zoo")
    for verb, count in (("unsubscribe", 0), ("subscribe", 1)):
        place.change(verb, name)
        assert str(place.box.imap.lsub()).count("Zoo") == count, verb


@check("unread messages are counted beside each folder")
def counts(place: Place) -> None:
    name = place.make("Classes")
    for flags in ([], [], ["\\Seen"]):
        place.box.append(letter(), name, flags)
    (row,) = re.findall(r'(?s)<a class="folder has-new".*?</a>', page(place.list()))
    assert ">2</span>" in row and "Classes" in row


@check("how full the mailbox is")
def quota(place: Place) -> str | None:
    told = words(place.reader.get("/folders/quota/"))
    if "QUOTA" not in place.capabilities:
        assert "%" not in told
        return not_offered("`QUOTA`")
    if "%" not in told:
        return "no limit is set on this server"
    return None
