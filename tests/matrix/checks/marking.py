"""Flags and tags."""

from __future__ import annotations

from tests.matrix.checks import check, not_offered
from tests.matrix.places import Place
from tests.webmail.views.mail import letter, page, subjects, words

_FLAGS = {
    "flag": ([], {"\\Flagged"}),
    "unflag": (["\\Flagged", "\\Answered"], {"\\Answered"}),
    "seen": (["\\Flagged"], {"\\Seen", "\\Flagged"}),
    "unseen": (["\\Seen", "\\Flagged"], {"\\Flagged"}),
}


@check("starred, read, and neither")
def flags(place: Place) -> None:
    for verb, (before, after) in _FLAGS.items():
        uid, spared = (place.box.append(letter(verb), flags=before) for _ in range(2))
        place.act(verb, uid)
        assert (place.box.flags(uid), place.box.flags(spared)) == (after, set(before)), verb


@check("what is opened counts as read")
def seen(place: Place) -> None:
    uid = place.box.append(letter("Ouvert"), flags=["\\Flagged"])
    place.open(uid)
    assert place.box.flags(uid) == {"\\Seen", "\\Flagged"}
    assert "is-new" not in page(place.list()).split('id="row-')[-2][-200:]


@check("many are marked at once")
def many(place: Place) -> None:
    uids = [place.box.append(letter(f"n° {number}")) for number in range(30)]
    place.act("flag", *uids)
    assert all("\\Flagged" in place.box.flags(uid) for uid in uids)


@check("tags are set, shown, found, and taken away")
def tags(place: Place) -> str | None:
    place.reader.post("/tags/", {"name": "Réunion parents", "colour": 2})
    uid = place.box.append(letter("Étiqueté"))
    place.box.append(letter("Sans"))
    data = {"verb": "tag:reunion_parents", "refs": [place.ref(uid)]}
    answer = place.reader.post(place.url(more="act/"), data, follow=True)
    if not place.keeps_keywords:
        assert answer.status_code in {403, 409, 422, 502}
        assert place.box.flags(uid) == set()
        return not_offered("keywords")
    assert place.box.flags(uid) == {"reunion_parents"}
    assert '<span class="tag h2">Réunion parents</span>' in page(place.list())
    found = place.reader.get("/search/", {"q": 'étiquette:"Réunion parents"'})
    assert subjects(found) == ["Étiqueté"], words(found)[-2000:]
    place.act("untag:reunion_parents", uid)
    assert place.box.flags(uid) == set()
    return None
