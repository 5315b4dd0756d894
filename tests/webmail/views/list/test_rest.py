"""Outside working hours: notifications rest, sending waits for the opening, and answers say so."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import Answer, letter, page, path, words

pytestmark = pytest.mark.django_db
INBOX = "/mail/INBOX/"


def hours_of_another_day(**more: str) -> None:
    """Working hours that now lies outside of."""
    day = (timezone.localtime() + timedelta(days=3)).isoweekday()
    User.objects.update(preferences={"hours": f"{day}:0730-1830", **more})


def hours_of_now(**more: str) -> None:
    User.objects.update(preferences={"hours": "1234567:0000-2359", **more})


def mark(reader: Client) -> str:
    """The mark in the bar; "" where there is none."""
    found = re.search(r'<form class="rest".*?</form>', page(reader.get(INBOX)), re.DOTALL)
    return unescape(found[0]) if found else ""


def title(reader: Client) -> str:
    return page(reader.get(INBOX)).partition("<title>")[2].partition("</title>")[0]


def spans(shown: str) -> list[tuple[float, float, str, bool]]:
    found = re.search(r'data-spans="(\[.*?\])"', shown)
    assert found
    return [(begins, ends, said, rests) for begins, ends, said, rests in json.loads(found[1])]


def test_a_mark_says_that_notifications_rest_and_the_title_counts_nothing(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter())
    assert mark(reader) == ""
    assert "(1)" in title(reader)
    hours_of_another_day()
    shown = mark(reader)
    assert re.search(r"Notifications en pause jusqu’à \w+ 7\xa0h\xa030", shown)
    assert " hidden>" not in shown.partition(">")[0] + ">"
    (first, *_more) = spans(shown)
    assert first[0] <= timezone.now().timestamp() < first[1] and first[3] is True
    assert "(1)" not in title(reader)


def test_within_hours_the_mark_waits_hidden(reader: Client, mailbox: Mailbox) -> None:
    mailbox.append(letter())
    hours_of_now()
    shown = mark(reader)
    assert shown.partition(">")[0].endswith(" hidden")
    assert "(1)" in title(reader)


def test_the_rest_is_lifted_for_today_and_put_back(reader: Client, mailbox: Mailbox) -> None:
    hours_of_another_day()
    answer = reader.post("/rest/", {"lift": "1"}, HTTP_HX_REQUEST="true")
    assert "Notifications actives jusqu’à minuit" in words(answer)
    lifted, after = spans(mark(reader))[:2]
    assert lifted[3] is False and lifted[1] == after[0] and after[3] is True
    answer = reader.post("/rest/", {"lift": "", "next": INBOX})
    assert (answer.status_code, answer["Location"]) == (302, INBOX)
    assert spans(mark(reader))[0][3] is True


def test_what_was_lifted_yesterday_rests_today(reader: Client, mailbox: Mailbox) -> None:
    hours_of_another_day()
    session = reader.session
    session["rest_lifted"] = (timezone.localdate() - timedelta(days=1)).isoformat()
    session.save()
    assert spans(mark(reader))[0][3] is True


def test_sending_at_the_opening_stands_beside_send(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    hours_of_another_day()
    shown = page(reader.get("/compose/"))
    found = re.search(r'data-due="opening" hidden>(.*?)</button>', shown, re.DOTALL)
    assert found
    assert re.search(r"Envoyer \w+ à 7\xa0h\xa030", unescape(found[1]))
    hours_of_now()
    assert 'data-due="opening"' not in page(reader.get("/compose/"))


def text_of(answer: Answer) -> str:
    found = re.search(r'<textarea[^>]*name="body"[^>]*>(.*?)</textarea>', page(answer), re.DOTALL)
    assert found
    return unescape(found[1])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"reply_place": "below"},
        {"signature_place": "end"},
        {"reply_quote": "none"},
        {"write_format": "plain"},
    ],
)
def test_an_answer_outside_the_hours_may_bear_a_line(
    reader: Client, mailbox: Mailbox, more: dict[str, str]
) -> None:
    uid = mailbox.append(letter("Sortie", body="Bonjour"))
    address = path(mailbox, uid) + "reply/"
    usual = "Ce message n’appelle pas de réponse hors de vos heures de travail."
    hours_of_another_day(**more)
    assert usual not in text_of(reader.get(address))
    hours_of_another_day(hours_line="on", **more)
    answer = text_of(reader.get(address))
    assert answer.count(usual) == 1
    if not more:
        assert answer.index(usual) < answer.index("> Bonjour")
    hours_of_another_day(hours_line="on", hours_words="Rien ne <presse>.", **more)
    assert "Rien ne <presse>." in text_of(reader.get(address))
    assert "Rien ne <presse>" not in page(reader.get(address))
    hours_of_now(hours_line="on", **more)
    assert usual not in text_of(reader.get(address))
    # A message that answers nobody has none.
    hours_of_another_day(hours_line="on", **more)
    assert usual not in text_of(reader.get("/compose/"))
