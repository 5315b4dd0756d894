"""Signing in, and lists of messages."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import Client

from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.webmail.views.mail import folder_links, letter, subjects, words


def _three(place: Place) -> None:
    box = place.box
    file = (("a.pdf", "application/pdf", b"x"),)
    marked: tuple[tuple[bytes, list[str]], ...] = (
        (letter("Bulletins", "x" * 900, sender="Zoé <z@x.fr>"), ["\\Seen"]),
        (letter("Absences", "x", sender="Ali <a@x.fr>"), ["\\Flagged"]),
        (letter("Cantine", "x" * 90, sender="Mia <m@x.fr>", files=file), []),
    )
    for day, (message, flags) in enumerate(marked, 1):
        box.append(message, flags=flags, date=datetime(2026, 3, day, 12, tzinfo=UTC))


@check("signing in, and the list of INBOX")
def inbox(place: Place) -> None:
    place.box.append(letter("L’été à l’école"))
    assert subjects(place.list()) == ["L’été à l’école"]


@check("a wrong password is told as one")
def wrong_password(place: Place) -> None:
    answer = Client().post("/accounts/login/", {"login": "alice", "password": "Faux-Faux 1!"})
    assert answer.status_code in {200, 401, 422}
    assert "mot de passe" in words(answer)


ORDERS = {
    "": "Cantine Absences Bulletins",
    "?sort=arrival&up=1": "Bulletins Absences Cantine",
    "?sort=from&up=1": "Absences Cantine Bulletins",
    "?sort=from": "Bulletins Cantine Absences",
    "?sort=subject&up=1": "Absences Bulletins Cantine",
    "?sort=subject": "Cantine Bulletins Absences",
    "?sort=size": "Bulletins Cantine Absences",
    "?sort=unread": "Cantine Absences Bulletins",
    "?sort=flagged": "Absences Cantine Bulletins",
}
FILTERS = {
    "?only=unread": "Cantine Absences",
    "?only=flagged": "Absences",
    "?only=attachment": "Cantine",
    "?only=unread&sort=subject&up=1": "Absences Cantine",
}


@check("a list in each order")
def orders(place: Place) -> None:
    _three(place)
    shown = {query: " ".join(subjects(place.list(query))) for query in ORDERS}
    assert shown == ORDERS


@check("filters: unread, starred, with attachments")
def filters(place: Place) -> None:
    _three(place)
    shown = {query: " ".join(subjects(place.list(query))) for query in FILTERS}
    assert shown == FILTERS


@check("the folders with their levels and accents")
def tree(place: Place) -> None:
    for levels in (("Élèves & parents",), ("Classes",), ("Classes", "6e « B »")):
        place.make(*levels)
    links = folder_links(place.list())
    assert {"Élèves & parents", "Classes", "6e « B »"} <= set(links), links
