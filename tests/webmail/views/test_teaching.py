"""What people say of adverts by moving them: learnt once, taken back by undoing, bounded."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client

from accounts.models import User
from mail.judgement import verdict
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import fields, letter, page, ref
from webmail.adverts import learning
from webmail.adverts.learning import Lesson
from webmail.models import InstallationLearnt, Judgement, PersonLearnt

pytestmark = pytest.mark.django_db

ADVERTS = "Publicités"
FOLDER = "/mail/Publicit%C3%A9s/"


@pytest.fixture
def watched(reader: Client) -> Client:
    reader.get("/mail/INBOX/")
    return reader


@pytest.fixture
def aside(watched: Client, mailbox: Mailbox) -> int:
    """An advert that was moved: its UID in the folder."""
    mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    (uid,) = mailbox.uids(ADVERTS)
    return uid


def of_alice() -> User:
    return User.objects.get(login="alice")


def test_brought_back_it_stays_and_the_next_of_its_sender_too(
    watched: Client, mailbox: Mailbox, aside: int
) -> None:
    watched.post(f"{FOLDER}act/", {"verb": "inbox", "refs": ref(mailbox, aside, ADVERTS)})
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 1
    mailbox.append(unwanted.numbered(unwanted.advert(), 900))
    watched.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 2
    assert Judgement.objects.get(taught="wanted").kind == "advert"
    assert PersonLearnt.objects.get().messages == [1, 0, 0]
    assert InstallationLearnt.objects.get().messages == [1, 0, 0]


def test_brought_back_today_it_is_counted_no_more(
    watched: Client, mailbox: Mailbox, aside: int
) -> None:
    assert "advert-line" in page(watched.get("/mail/INBOX/"))
    watched.post(f"{FOLDER}act/", {"verb": "inbox", "refs": ref(mailbox, aside, ADVERTS)})
    line = page(watched.get("/mail/INBOX/")).split('id="advert-line"')[1].partition("</div>")[0]
    assert "<span>" not in line


def test_said_to_be_an_advert_it_goes_and_the_next_of_its_sender_too(
    watched: Client, mailbox: Mailbox
) -> None:
    sender = "Zoé <zoe@voisine.example>"
    uid = mailbox.append(letter("Bonjour", sender=sender, message_id="<a@voisine.example>"))
    watched.get("/mail/INBOX/")
    watched.post("/mail/INBOX/act/", {"verb": "advert", "refs": ref(mailbox, uid)})
    assert len(mailbox.uids(ADVERTS)) == 1
    again = letter("Bonjour encore", sender=sender, message_id="<b@voisine.example>")
    mailbox.append(again)
    watched.get("/mail/INBOX/")
    assert verdict.judge(again, learnt=learning.learnt(of_alice())).reasons[0] == "taught_unwanted"
    assert len(mailbox.uids(ADVERTS)) == 2


def test_junk_and_not_junk_teach(watched: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    watched.post("/mail/INBOX/act/", {"verb": "junk", "refs": ref(mailbox, uid)})
    assert PersonLearnt.objects.get().messages == [0, 0, 1]
    (moved,) = mailbox.uids("Junk")
    watched.post("/mail/Junk/act/", {"verb": "inbox", "refs": ref(mailbox, moved, "Junk")})
    assert PersonLearnt.objects.get().messages == [1, 0, 0]


def test_undoing_takes_the_lesson_back(watched: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter())
    answer = watched.post(
        "/mail/INBOX/act/",
        {"verb": "advert", "refs": ref(mailbox, uid)},
        headers={"HX-Request": "true"},
    )
    form = re.search(r'(?s)<div class="toast".*?</form>', page(answer))
    assert form is not None
    watched.post("/mail/INBOX/act/", dict(fields(form[0])))
    assert len(mailbox.uids()) == 1
    learnt = PersonLearnt.objects.get()
    assert (learnt.messages, json.loads(learnt.words)) == ([0, 0, 0], {})
    assert json.loads(InstallationLearnt.objects.get().words) == {}


def test_thrown_away_an_advert_says_nothing(watched: Client, mailbox: Mailbox, aside: int) -> None:
    watched.post(f"{FOLDER}act/", {"verb": "trash", "refs": ref(mailbox, aside, ADVERTS)})
    assert not PersonLearnt.objects.exists()


def test_a_move_between_other_folders_says_nothing(watched: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Classe")
    uid = mailbox.append(letter())
    form = {"verb": "move", "to": "Classe", "refs": ref(mailbox, uid)}
    watched.post("/mail/INBOX/act/", form)
    assert not PersonLearnt.objects.exists()


def test_own_mail_put_among_the_junk_says_nothing(watched: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(), "Sent")
    form = {"verb": "move", "to": "Junk", "refs": ref(mailbox, uid, "Sent")}
    watched.post("/mail/Sent/act/", form)
    assert len(mailbox.uids("Junk")) == 1
    assert not PersonLearnt.objects.exists()


def test_marked_only_it_loses_its_mark_by_one_word(watched: Client, mailbox: Mailbox) -> None:
    User.objects.update(preferences={"adverts": "mark"})
    uid = mailbox.append(unwanted.advert())
    watched.get("/mail/INBOX/")
    watched.post("/mail/INBOX/act/", {"verb": "wanted", "refs": ref(mailbox, uid)})
    assert "$Advert" not in mailbox.flags(uid)
    assert PersonLearnt.objects.get().messages == [1, 0, 0]


def test_the_same_said_twice_is_learnt_once(watched: Client) -> None:
    raw = unwanted.advert()
    for _time in range(3):
        learning.teach(of_alice(), [Lesson("d", raw, "advert")])
    assert PersonLearnt.objects.get().messages == [0, 1, 0]


def test_what_one_person_taught_is_kept_in_bounds(watched: Client, monkeypatch) -> None:
    monkeypatch.setattr(learning, "MOST_WORDS", 500)
    monkeypatch.setattr(learning, "MOST_MARKS", 3)
    for number in range(8):
        learning.teach(of_alice(), [Lesson(f"d{number}", unwanted.advert(number), "advert")])
    learnt = PersonLearnt.objects.get()
    assert len(json.loads(learnt.words)) <= 500
    assert len(json.loads(learnt.marks)) <= 3
    # The newest sender is among those that are kept.
    assert verdict.marks(unwanted.advert(7)) & json.loads(learnt.marks).keys()


def test_one_person_turns_the_verdicts_of_all_by_a_day_s_measure(
    watched: Client, monkeypatch
) -> None:
    monkeypatch.setattr(learning, "MOST_A_DAY", 2)
    for number in range(5):
        learning.teach(of_alice(), [Lesson(f"d{number}", unwanted.advert(number), "advert")])
    assert PersonLearnt.objects.get().messages == [0, 5, 0]
    assert InstallationLearnt.objects.get().messages == [0, 2, 0]


def test_no_word_of_a_message_is_kept_as_text(watched: Client) -> None:
    raw = letter("Confidentiel", "Le secret de la classe de Zoé.\n")
    learning.teach(of_alice(), [Lesson("d", raw, "advert")])
    kept = PersonLearnt.objects.get()
    assert not re.search("secret|confid|zoe|bob", kept.words + kept.marks, re.IGNORECASE)
