"""What is sent, and drafts."""

from __future__ import annotations

import re
import uuid

from tests.matrix.checks import check
from tests.matrix.places import Place
from tests.webmail.views.composer.test_begin import WRITTEN, only, sent, text, value
from tests.webmail.views.mail import letter, page

_SAVING = {"X-Requested-With": "fetch"}


def _sent(place: Place, **more: object) -> None:
    answer = sent(place.reader, WRITTEN | more)
    assert answer.status_code == 302, page(answer)[:2000]


def _copy(place: Place) -> bytes:
    (copy,) = place.box.messages(place.folder("Sent"))
    return copy


@check("a sent message has its copy, read")
def copy(place: Place) -> None:
    _sent(place)
    message = only([_copy(place)])
    assert (message["Subject"], text(message)) == (WRITTEN["subject"], WRITTEN["body"])
    (uid,) = place.box.uids(place.folder("Sent"))
    assert place.box.flags(uid, place.folder("Sent")) == {"\\Seen"}


@check("an answer marks the message it answers")
def answered(place: Place) -> None:
    uid = place.box.append(letter("Sortie"))
    form = place.reader.get(place.url(more=f"{place.ref(uid)}/reply/"))
    assert value(form, "subject") == "Re: Sortie"
    _sent(place, kind="reply", origin_folder="INBOX", origin_ref=place.ref(uid))
    assert "\\Answered" in place.box.flags(uid)
    assert only([_copy(place)])["In-Reply-To"] == "<origine@ac-exemple.fr>"


@check("a message is forwarded with its files")
def forwarded(place: Place) -> None:
    content = bytes(range(256)) * 300
    uid = place.box.append(letter("Sortie", files=(("été.pdf", "application/pdf", content),)))
    form = place.reader.get(place.url(more=f"{place.ref(uid)}/forward/"))
    (kept,) = re.findall(r'name="keep" value="([^"]*)" checked', page(form))
    names = ("subject", "body", "kind", "origin_folder", "origin_ref")
    _sent(place, **{name: value(form, name) for name in names}, keep=[kept])
    (file,) = only([_copy(place)]).iter_attachments()
    assert (file.get_filename(), file.get_payload(decode=True)) == ("été.pdf", content)


def _saved(place: Place, number: uuid.UUID, revision: int, **more: str) -> None:
    written = WRITTEN | {"do": "save", "revision": str(revision)} | more
    told = place.reader.post(f"/drafts/{number}/save/", written, headers=_SAVING)
    assert told.status_code == 200 and told.json()["copied"], told.content


@check("a draft has its copy, and the next version takes its place")
def draft(place: Place) -> None:
    number = uuid.uuid4()
    _saved(place, number, 0)
    _saved(place, number, 1, subject="Réunion, suite")
    drafts = place.folder("Drafts")
    left = place.alive(drafts)
    assert len(left) == 1
    assert only([place.box.message(left[0], drafts)])["Subject"] == "Réunion, suite"
    assert "\\Draft" in place.box.flags(left[0], drafts)


@check("a draft of another program is written on, and gone once sent")
def resumed(place: Place) -> None:
    drafts = place.make("Drafts")
    uid = place.box.append(letter("Ailleurs", to="bob@ac-exemple.fr"), drafts, ["\\Draft"])
    opened = place.reader.get(place.url(drafts, f"{place.ref(uid, drafts)}/edit/"), follow=True)
    assert value(opened, "subject") == "Ailleurs"
    names = ("draft", "subject", "body", "kind", "origin_folder", "origin_ref")
    _sent(place, **{name: value(opened, name) for name in names})
    assert only([_copy(place)])["Subject"] == "Ailleurs"
    assert place.alive(drafts) == []
