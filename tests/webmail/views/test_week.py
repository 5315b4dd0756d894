"""The week's mail that was set aside: of whom, how many, and one click that brings it back."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import commands_sent, fields, letter, page, ref, words
from webmail.models import InboxWatch, Judgement, SenderChoice

pytestmark = pytest.mark.django_db

SENDERS = "/adverts/senders/"
ADVERTS = "Publicités"


def of(sender: str, number: int) -> bytes:
    """An advert of this sender."""
    raw = unwanted.numbered(unwanted.advert(), number)
    return re.sub(rb"(?im)^from:.*(\r?\n)", b"From: " + sender.encode() + rb"\1", raw)


@pytest.fixture
def week(reader: Client, mailbox: Mailbox) -> Client:
    """Alice's browser, after three adverts of a shop, one of another, and junk were set aside."""
    reader.get("/mail/INBOX/")
    for number in range(3):
        mailbox.append(of("Boutique <offres@boutique.example>", number))
    mailbox.append(of("vins@cave.example", 7))
    mailbox.append(unwanted.junk())
    reader.get("/mail/INBOX/")
    assert (len(mailbox.uids(ADVERTS)), len(mailbox.uids("Junk"))) == (4, 1)
    return reader


def rows(answer: object) -> list[tuple[str, str]]:
    """The address of each row, and its number of messages."""
    shown = page(answer)  # type: ignore[arg-type]
    listed = shown.partition('aria-labelledby="aside-title"')[2].partition("</ul>")[0]
    return [
        (match[1], match[2])
        for match in re.finditer(r'(?s)title="([^"]+)".*?(\d+)\s+messages?', listed)
    ]


def test_the_page_names_the_senders_with_most_first(week: Client) -> None:
    named = rows(week.get(SENDERS))
    assert named[0] == ("offres@boutique.example", "3")
    assert ("vins@cave.example", "1") in named
    assert len(named) == 3
    assert "5 messages écartés en sept jours" in words(week.get(SENDERS))


def test_one_click_brings_all_of_a_sender_back_and_keeps_the_sender(
    week: Client, mailbox: Mailbox
) -> None:
    answer = week.post(SENDERS, {"keep": "offres@boutique.example", "next": SENDERS}, follow=True)
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (3, 1)
    assert SenderChoice.objects.get().name == "offres@boutique.example"
    assert Judgement.objects.filter(taught="wanted").count() == 3
    assert "offres@boutique.example" not in [name for name, _count in rows(answer)]
    mailbox.append(of("Boutique <offres@boutique.example>", 99))
    week.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 4


def test_bringing_back_can_be_undone(week: Client, mailbox: Mailbox) -> None:
    week.post(SENDERS, {"keep": "offres@boutique.example", "next": SENDERS})
    toast = re.search(r'(?s)<div class="toast".*?</form>', page(week.get(SENDERS)))
    assert toast is not None
    posted = dict(fields(toast[0]))
    url = re.search(r'action="([^"]+)"', toast[0])
    assert url is not None and "hx-post" not in toast[0]
    assert week.post(url[1], posted)["Location"] == SENDERS
    assert (len(mailbox.uids()), len(mailbox.uids(ADVERTS))) == (0, 4)
    assert not Judgement.objects.filter(taught="wanted").exists()


def test_a_sender_who_is_not_in_the_list_is_not_kept(week: Client, mailbox: Mailbox) -> None:
    answer = week.post(SENDERS, {"keep": "autre@ailleurs.example"}, follow=True)
    assert "Rien n’a été fait" in words(answer)
    assert not SenderChoice.objects.exists()
    assert not mailbox.uids()


def test_another_users_mail_is_neither_shown_nor_brought_back(
    week: Client, mailbox: Mailbox, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    other = signed_in(bob)
    assert rows(other.get(SENDERS)) == []
    other.post(SENDERS, {"keep": "offres@boutique.example"})
    assert len(mailbox.uids(ADVERTS)) == 4


def test_what_the_user_moved_there_is_not_named(week: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(sender="Zoé <zoe@voisine.example>"))
    week.post("/mail/INBOX/act/", {"verb": "advert", "refs": ref(mailbox, uid)})
    assert "zoe@voisine.example" not in [name for name, _count in rows(week.get(SENDERS))]


def test_what_a_filter_of_the_server_put_there_is_named_among_the_adverts_alone(
    week: Client, mailbox: Mailbox
) -> None:
    mailbox.append(letter(sender="a@filtre.example"), ADVERTS)
    mailbox.append(letter(sender="b@filtre.example"), "Junk")
    named = [name for name, _count in rows(week.get(SENDERS))]
    assert "a@filtre.example" in named and "b@filtre.example" not in named


def test_older_mail_is_not_named(week: Client, mailbox: Mailbox) -> None:
    long_ago = timezone.now() - timedelta(days=9)
    mailbox.append(letter(sender="a@ancien.example"), ADVERTS, date=long_ago)
    assert "a@ancien.example" not in [name for name, _count in rows(week.get(SENDERS))]


def test_the_page_costs_a_bounded_number_of_commands_and_queries(
    week: Client, mailbox: Mailbox
) -> None:
    week.get(SENDERS)
    before = commands_sent()
    with CaptureQueriesContext(connection) as queries:
        week.get(SENDERS)
    commands = commands_sent() - before
    for number in range(10, 60):
        mailbox.append(of(f"x{number}@boutique.example", number), ADVERTS)
    week.get(SENDERS)
    before = commands_sent()
    with CaptureQueriesContext(connection) as many:
        week.get(SENDERS)
    assert commands_sent() - before <= commands <= 10
    assert len(many) <= len(queries) <= 12


def test_the_inbox_says_it_once_a_week_until_its_line_is_closed(week: Client) -> None:
    cache.clear()
    line = words(week.get("/mail/INBOX/"))
    assert "5 messages écartés en sept jours" in line
    week.post("/adverts/close/")
    assert "en sept jours" not in words(week.get("/mail/INBOX/"))
    # Closed last week, it stands again this week.
    today = timezone.localdate()
    sunday = today - timedelta(days=today.weekday() + 1)
    InboxWatch.objects.update(closed=sunday)
    cache.clear()
    assert "5 messages écartés en sept jours" in words(week.get("/mail/INBOX/"))


def test_a_name_that_is_markup_stays_text(week: Client, mailbox: Mailbox) -> None:
    hostile = '"<img src=x onerror=alert(1)>" <a"onfocus=x@piege.example>'
    mailbox.append(letter(sender=hostile), ADVERTS)
    mailbox.append(letter(sender='"<b>x</b>" <y@piege.example>'), ADVERTS)
    shown = page(week.get(SENDERS))
    assert "<img src=x" not in shown and "<b>x</b>" not in shown
    assert "y@piege.example" in shown


def test_a_fraud_is_named_and_not_brought_back_in_one_click(week: Client, mailbox: Mailbox) -> None:
    Judgement.objects.filter(kind="advert").update(is_fraud=True)
    shown = page(week.get(SENDERS))
    assert 'value="offres@boutique.example"' not in shown
    assert "A l’air d’une fraude" in words(week.get(SENDERS))
    week.post(SENDERS, {"keep": "offres@boutique.example", "next": SENDERS})
    assert len(mailbox.uids(ADVERTS)) == 4
    assert not SenderChoice.objects.exists()
