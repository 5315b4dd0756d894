"""Rules, and the answers of those who are away."""

from __future__ import annotations

from tests.matrix.checks import check, not_offered
from tests.matrix.places import Place
from tests.webmail.views.mail import letter, page, words
from tests.webmail.views.rules import test_absence as absences
from tests.webmail.views.rules import test_rules as rules

ACCENTS = "Élèves & parents"
PARENT = letter("Absence de Léa", sender="Mme Durand <d@parents.fr>", message_id="<1@parents.fr>")
OTHER = letter("Circulaire", message_id="<2@ac-exemple.fr>")


def _without_rules(place: Place) -> str:
    """The pages say so."""
    for url in ("/rules/", "/rules/new/", "/rules/absence/"):
        assert "ne gère ni règles" in words(place.reader.get(url)), url
    return not_offered("ManageSieve")


def _filed(place: Place, folder: str, message: bytes = PARENT, **more: str) -> None:
    """A rule brings that message to that folder, and no other."""
    rules.save(place.reader, **{"a0-folder": folder} | more)
    place.box.receive(message, "d@parents.fr")
    place.box.receive(OTHER)
    assert len(place.box.messages(folder)) == 1
    (stayed,) = place.box.messages()
    assert b"Circulaire" in stayed


@check("rules: mail is filed when it comes")
def rule(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    _filed(place, place.make("Parents"))
    assert rules.names(place.reader) == ["Parents"]
    return None


@check("rules: folders and words with accents")
def accents(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    line = {"g0-0-test": "subject:contains", "g0-0-value": "léa"}
    _filed(place, place.make(ACCENTS), PARENT, **line)
    assert ACCENTS in words(place.reader.get("/rules/"))
    return None


def _tried(place: Place, test: str, message: bytes, **more: str) -> None:
    """A rule with that condition files the first message, and not one without."""
    line = {f"g0-0-{key}": value for key, value in more.items()}
    _filed(place, place.make("Tri"), message, **{"g0-0-test": test, "g0-0-value": ""} | line)


@check("rules: by size")
def by_size(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    _tried(place, "size:over", rules.LARGE, size="20", unit="K")
    return None


@check("rules: by any header")
def by_header(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    _tried(place, "header:is", letter(x_ecole="2"), header="X-Ecole", value="2")
    return None


@check("rules: by attachments")
def by_attachments(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    if 'value="attachment:exists"' not in page(place.reader.get("/rules/new/")):
        return not_offered("`mime`, RFC 5703")
    _tried(place, "attachment:exists", letter(files=(("a.txt", "text/plain", b"x"),)))
    return None


@check("rules: tried on what is there")
def applied(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    place.make("Parents")
    for message in (PARENT, OTHER, PARENT):
        place.box.append(message)
    rules.save(place.reader, **{"a0-folder": place.folder("Parents")})
    shown = page(place.reader.get("/rules/1/apply/"))
    assert 'rule-found" role="status"><b>2 ' in shown
    return None


@check("absence: kept by the server, and shown again")
def absence(place: Place) -> str | None:
    if not place.sieve_port:
        return _without_rules(place)
    data = absences.away(place.reader, text="Bonjour,\r\nà lundi")
    answer = place.reader.post("/rules/absence/", data)
    assert answer.status_code == 302, words(answer)
    kept = absences.kept(absences.Scripts(place.sieve_port, absences.ALICE))
    assert (kept.text, kept.days) == ("Bonjour,\nà lundi", 3)
    shown = page(place.reader.get("/rules/absence/"))
    assert "à lundi" in shown and f'value="{absences.day(5)}"' in shown
    return None
