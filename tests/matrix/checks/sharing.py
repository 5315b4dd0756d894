"""Folders that a colleague is let into."""

from __future__ import annotations

import re

from django.urls import reverse

from accounts import session
from tests.matrix.checks import check, not_offered
from tests.matrix.places import Place
from tests.webmail.views.mail import folder_links, letter, page, words

_NAME = "Réunions & tri"


def _shared(place: Place, preset: str) -> str | None:
    """The folder as the colleague names it; None where nothing can be shared."""
    name = place.make(_NAME)
    place.box.append(letter("Ordre du jour"), name)
    url = reverse("mail:folder_share", args=[name])
    if "ACL" not in place.capabilities:
        assert place.reader.get(url).status_code == 404
        return None
    data = {"verb": "share", "people": "bob@ac-exemple.fr", "preset": preset}
    answer = place.reader.post(url, data, follow=True)
    assert "bob@ac-exemple.fr" in words(answer), words(answer)[:3000]
    session.pool().close_all()  # Dovecot believes for half a minute what it has read of lists
    return folder_links(place.colleague.get("/mail/INBOX/")).get(_NAME, "")


@check("a folder is shared: a colleague reads it, and no longer")
def reading(place: Place) -> str | None:
    url = _shared(place, "read")
    if url is None:
        return not_offered("`ACL`")
    assert "Ordre du jour" in words(place.colleague.get(url)), url
    own = reverse("mail:folder_share", args=[place.folder(_NAME)])
    place.reader.post(own, {"verb": "end", "identifier": "bob"})
    session.pool().close_all()
    assert _NAME not in folder_links(place.colleague.get("/mail/INBOX/"))
    assert place.colleague.get(url).status_code in {403, 404}
    return None


@check("who may only read a shared folder moves nothing out of it")
def moving(place: Place) -> str | None:
    url = _shared(place, "read")
    if url is None:
        return not_offered("`ACL`")
    name = place.folder(_NAME)
    (uid,) = place.box.uids(name)
    (row,) = re.findall(r'id="row-(\d+-\d+)"', page(place.colleague.get(url)))
    data = {"verb": "trash", "refs": [row]}
    assert place.colleague.post(f"{url}act/", data).status_code in {403, 409}
    assert place.box.uids(name) == [uid]
    return None
