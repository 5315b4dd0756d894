"""What a window still has of a draft that was sent or discarded goes on in a new message."""

from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from accounts.models import User
from mail.errors import TooLarge
from mail.imap.values import MessageRef
from webmail.models import Draft, DraftDocument, DraftFile, DraftRoster
from webmail.writing import continuing, documents, drafts, files, rosters
from webmail.writing.content import Content
from webmail.writing.matching import Decisions

pytestmark = pytest.mark.django_db
NUMBER = uuid.UUID(int=78)
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489")


@pytest.fixture
def gone(claire: User) -> tuple[Draft, Content]:
    """A discarded draft with an image, a file, a roster and a document; and what was typed."""
    draft = drafts.begin(claire, NUMBER)
    plan = files.add(claire, draft, "plan.txt", "text/plain", [b"le plan"])
    image = files.add(claire, draft, "a.png", "image/png", [PNG], cid="a@x")
    rosters.keep(claire, draft, "6B.csv", b"mail;Classe\na@x.example;6B\nb@x.example;6A\n")
    documents.add(claire, draft, "A.pdf", [b"%PDF-1.4 a"])
    html = f'<p>Bonjour</p><img src="/drafts/{NUMBER}/files/{image.pk}">'
    content = Content(to="a@x.example", html=html, files=(str(plan.pk), str(image.pk)))
    drafts.save(claire, NUMBER, content, base=0)
    drafts.discard(claire, NUMBER)
    return Draft.objects.get(pk=NUMBER), content


def test_all_of_it_goes_on(claire: User, gone: tuple[Draft, Content]) -> None:
    former, content = gone
    typed = replace(content, html=content.html + "<p>Encore</p>")
    draft = continuing.write_again(claire, NUMBER, typed)
    now = drafts.content(draft)
    assert now.to == "a@x.example" and "Encore" in now.html
    assert str(draft.pk) in now.html and str(NUMBER) not in now.html
    kept = [(files.about(row).name, files.open_(row).read()) for row in files.of(draft)]
    assert kept == [("plan.txt", b"le plan"), ("a.png", PNG)]
    roster = rosters.of(draft)
    assert roster is not None and roster.name == "6B.csv"
    (row,) = draft.documents.all()
    assert documents.open_(draft, row).read() == b"%PDF-1.4 a"
    assert former.state == Draft.State.DISCARDED


def test_documents_of_both_outlive_those_of_one(claire: User, gone: tuple[Draft, Content]) -> None:
    former, content = gone
    draft = continuing.write_again(claire, NUMBER, content)
    documents.remove(former)
    (row,) = draft.documents.all()
    assert documents.open_(draft, row).read() == b"%PDF-1.4 a"
    documents.remove(draft)
    assert not documents.path_of(row.spool).exists()


def test_what_was_decided_about_documents_goes_on(
    claire: User, gone: tuple[Draft, Content]
) -> None:
    """Also of several documents: each decision is about the same content as before."""
    former, content = gone
    documents.add(claire, former, "B.pdf", [b"%PDF-1.4 b"])
    keys = {about.name: key for key, about in held(former).documents.items()}
    decided = {keys["A.pdf"]: ("a@x.example", "b@x.example"), keys["B.pdf"]: ()}
    opened, without = frozenset({keys["B.pdf"]}), frozenset({"c@x.example"})
    documents.decide(former, Decisions(decided, opened, without))
    now = held(continuing.write_again(claire, NUMBER, content))
    names = {now.documents[key].name: to for key, to in now.decided.documents.items()}
    assert names == {"A.pdf": ("a@x.example", "b@x.example"), "B.pdf": ()}
    assert [now.documents[key].name for key in now.decided.opened] == ["B.pdf"]
    assert now.decided.without == without


def held(draft: Draft) -> documents.Held:
    kept = documents.of(Draft.objects.get(pk=draft.pk))
    assert kept is not None
    return kept


def test_nobody_continues_what_another_wrote(
    claire: User, paul: User, gone: tuple[Draft, Content]
) -> None:
    draft = continuing.write_again(paul, NUMBER, gone[1])
    assert draft.user == paul and files.of(draft) == ()
    assert not DraftRoster.objects.filter(draft=draft).exists()
    assert not DraftDocument.objects.filter(draft=draft).exists()
    assert DraftFile.objects.filter(user=paul).count() == 0


def test_a_draft_that_was_edited_does_not_refer_to_its_copy_which_has_gone(
    claire: User, gone: tuple[Draft, Content]
) -> None:
    edited = replace(gone[1], kind="edit", origin=MessageRef("Drafts", 1, 2), keep=("2",))
    now = drafts.content(continuing.write_again(claire, NUMBER, edited))
    assert (now.kind, now.origin, now.keep) == ("new", None, ())
    answer = replace(gone[1], kind="reply", origin=MessageRef("INBOX", 1, 2))
    assert drafts.content(continuing.write_again(claire, NUMBER, answer)).origin == answer.origin


def test_what_is_too_long_leaves_no_draft(claire: User, gone: tuple[Draft, Content]) -> None:
    huge = replace(gone[1], html="x" * (drafts.MOST_BYTES + 1))
    with pytest.raises(TooLarge):
        continuing.write_again(claire, NUMBER, huge)
    assert Draft.objects.count() == 1


def had(gone: tuple[Draft, Content]) -> continuing.Beside:
    plan, _image = gone[1].files
    names = {plan: "plan.txt"}
    return continuing.Beside(names, documents=1, roster="6B.csv")


def test_what_has_gone_with_the_draft_is_named(claire: User, gone: tuple[Draft, Content]) -> None:
    former, content = gone
    shown = had(gone)
    former.delete()
    draft = continuing.write_again(claire, NUMBER, content)
    assert continuing.lost(draft, NUMBER, content, shown) == [
        "plan.txt",
        "1 image du texte",
        "la liste de destinataires «\N{NO-BREAK SPACE}6B.csv\N{NO-BREAK SPACE}»",
        "1 document pour un destinataire",
    ]
    now = drafts.content(draft)
    assert "<img" not in now.html and "Bonjour" in now.html and now.files == ()


def test_nothing_is_named_that_goes_on(claire: User, gone: tuple[Draft, Content]) -> None:
    draft = continuing.write_again(claire, NUMBER, gone[1])
    assert continuing.lost(draft, NUMBER, gone[1], had(gone)) == []


def test_an_image_that_the_window_did_not_post_goes_on(
    claire: User, gone: tuple[Draft, Content]
) -> None:
    former, content = gone
    shown = replace(content, files=content.files[:1], is_html=True)
    draft = continuing.write_again(claire, NUMBER, shown)
    assert continuing.lost(draft, NUMBER, shown, had(gone)) == []
    assert len(files.of(draft)) == 2
    assert former.files.count() == 2


def test_a_part_of_a_draft_of_another_program_is_named(
    claire: User, gone: tuple[Draft, Content]
) -> None:
    edited = replace(gone[1], kind="edit", origin=MessageRef("Drafts", 1, 2), keep=("2",))
    draft = continuing.write_again(claire, NUMBER, edited)
    shown = continuing.Beside({"2": "notes.odt"})
    assert continuing.lost(draft, NUMBER, edited, shown) == ["notes.odt"]
    answer = replace(gone[1], kind="reply", origin=MessageRef("INBOX", 1, 2), keep=("2",))
    draft = continuing.write_again(claire, NUMBER, answer)
    assert continuing.lost(draft, NUMBER, answer, shown) == []


def test_documents_that_two_drafts_share_take_their_room_once(
    claire: User, gone: tuple[Draft, Content], settings
) -> None:
    former, content = gone
    documents.add(claire, former, "B.pdf", [b"%PDF-1.4 " + b"b" * 100_000])
    before = documents.room_for(claire)
    draft = continuing.write_again(claire, NUMBER, content)
    assert draft.documents.count() == 2
    assert documents.room_for(claire) == before
