"""Searching, and conversations."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.webmail.views.mail import letter, page, subjects, words
from tests.webmail.views.test_threads import answer, rows


def _found(place: Place, text: str) -> list[str]:
    shown = place.reader.get("/search/", {"q": text})
    assert shown.status_code == 200, page(shown)[:2000]
    return subjects(shown)


def _fill(place: Place) -> None:
    def day(number: int) -> datetime:
        return datetime(2026, 3, number, 12, tzinfo=UTC)

    folder = place.make("4e B")
    file = (("plan.pdf", "application/pdf", b"x" * 9000),)
    place.box.append(letter("Sortie", "Rendez-vous au musée.", sender="Zoé <z@x.fr>"), date=day(1))
    place.box.append(letter("Musée, suite", "x", sender="Ali <a@x.fr>"), folder, date=day(2))
    place.box.append(letter("Réunion", "L’ete", sender="Mia <m@x.fr>", files=file), date=day(3))


def _searched(place: Place, **expected: list[str]) -> str | None:
    """The words for the table where the server searches for ASCII alone: the page says so."""
    _fill(place)
    found = {text: _found(place, text) for text in expected}
    if not place.knows_ascii_alone:
        assert found == expected
        return None
    for text, subjects_found in expected.items():
        said = words(place.reader.get("/search/", {"q": text}))
        assert found[text] == subjects_found or "les lettres sans accent" in said, text
    return "for words of ASCII; the page says so"


@check("search: words in all folders, the newest first")
def texts(place: Place) -> str | None:
    return _searched(place, **{"musée": ["Musée, suite", "Sortie"], "rendez-vous": ["Sortie"]})


@check("search: accents or none")
def accents(place: Place) -> str | None:
    return _searched(place, **{"musee": ["Musée, suite", "Sortie"], "été": ["Réunion"]})


@check("search: sender and subject")
def fields(place: Place) -> str | None:
    return _searched(
        place, **{"de:zoé": ["Sortie"], "de:a@x.fr": ["Musée, suite"], "objet:réunion": ["Réunion"]}
    )


@check("search: days, size and attachments")
def dates(place: Place) -> str | None:
    return _searched(
        place,
        **{
            "depuis:02/03/2026": ["Réunion", "Musée, suite"],
            "avant:02/03/2026": ["Sortie"],
            "taille>5k": ["Réunion"],
            "a:pièce": ["Réunion"],
        },
    )


@check("search: what is found is moved")
def moved(place: Place) -> None:
    _fill(place)
    assert _found(place, "suite") == ["Musée, suite"]
    (uid,) = place.box.uids(place.folder("4e B"))
    place.act("trash", uid, folder=place.folder("4e B"))
    assert "Musée, suite" not in subjects(place.list(folder=place.folder("4e B")))
    assert len(place.box.messages(place.folder("Trash"))) == 1


def _conversation(place: Place) -> list[int]:
    box = place.box
    return [
        box.append(answer("a", sender="Zoé <z@x.fr>"), flags=["\\Seen"]),
        box.append(answer("b", "a", "Re: Sortie"), flags=["\\Seen"]),
        box.append(letter("Cantine", message_id="<seul@x.fr>"), flags=["\\Seen"]),
        box.append(answer("c", "a b", "Re: Sortie")),
    ]


@check("conversations in the list")
def conversations(place: Place) -> None:
    _conversation(place)
    shown = place.list("?threads=1")
    assert subjects(shown) == ["Sortie", "Cantine"]
    first, second = rows(page(shown))
    assert 'class="members"' in first and 'class="members"' not in second
    assert "3</span> Bob Petit, Zoé" in first


@check("a conversation is opened, and moved as a whole")
def conversation(place: Place) -> None:
    uids = _conversation(place)
    place.list("?threads=1")
    opened = page(place.open(uids[1], "?threads=1"))
    assert f'id="card-{place.ref(uids[0])}"' in opened and "Texte de b." in opened
    place.act("trash", uids[3], threads="1")
    assert place.alive() == [uids[2]]
