"""In a new user's first days adverts and junk are marked and not moved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import words
from webmail.models import InboxWatch, PreferenceDefault

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer(reader: Client, settings) -> Client:
    settings.ADVERTS_TRIAL_DAYS = 7
    reader.get("/mail/INBOX/")
    return reader


def days_later(count: int) -> None:
    InboxWatch.objects.update(since=timezone.localdate() - timedelta(days=count))
    cache.clear()


def test_on_the_first_day_an_advert_is_marked_where_it_is(
    newcomer: Client, mailbox: Mailbox
) -> None:
    uid = mailbox.append(unwanted.advert())
    junk = mailbox.append(unwanted.junk())
    newcomer.get("/mail/INBOX/")
    assert mailbox.uids() == [uid, junk]
    assert "$Advert" in mailbox.flags(uid)
    assert "$Junk" in mailbox.flags(junk)


def test_on_the_last_day_too_and_on_the_next_it_is_moved(
    newcomer: Client, mailbox: Mailbox
) -> None:
    days_later(6)
    mailbox.append(unwanted.advert())
    newcomer.get("/mail/INBOX/")
    assert len(mailbox.uids()) == 1
    days_later(7)
    mailbox.append(unwanted.advert(1))
    newcomer.get("/mail/INBOX/")
    assert (len(mailbox.uids()), len(mailbox.uids("Publicités"))) == (1, 1)


def test_who_chose_it_has_it_moved_from_the_first_day(newcomer: Client, mailbox: Mailbox) -> None:
    User.objects.update(preferences={"adverts": "move"})
    mailbox.append(unwanted.advert())
    newcomer.get("/mail/INBOX/")
    assert len(mailbox.uids("Publicités")) == 1


def test_what_an_administrator_chose_counts_from_the_first_day(
    newcomer: Client, mailbox: Mailbox
) -> None:
    PreferenceDefault.objects.create(name="adverts", value="move", locked=True)
    cache.clear()
    mailbox.append(unwanted.advert())
    newcomer.get("/mail/INBOX/")
    assert len(mailbox.uids("Publicités")) == 1


def test_an_inbox_that_was_watched_before_has_no_first_days(
    newcomer: Client, mailbox: Mailbox
) -> None:
    InboxWatch.objects.update(since=None)
    cache.clear()
    mailbox.append(unwanted.advert())
    newcomer.get("/mail/INBOX/")
    assert len(mailbox.uids("Publicités")) == 1


def test_an_inbox_made_anew_begins_no_second_week(newcomer: Client) -> None:
    days_later(30)
    before = InboxWatch.objects.get()
    InboxWatch.objects.update(uidvalidity=before.uidvalidity + 1)
    cache.clear()
    newcomer.get("/mail/INBOX/")
    after = InboxWatch.objects.get()
    assert (after.uidvalidity, after.since) == (before.uidvalidity, before.since)


def test_the_page_of_adverts_says_so_until_which_day(newcomer: Client) -> None:
    assert "Jusqu’au" in words(newcomer.get("/adverts/senders/"))
    days_later(8)
    assert "Jusqu’au" not in words(newcomer.get("/adverts/senders/"))


def test_it_costs_a_list_no_query(newcomer: Client) -> None:
    newcomer.get("/mail/INBOX/")
    with CaptureQueriesContext(connection) as queries:
        newcomer.get("/mail/INBOX/")
    assert not [query for query in queries if "inboxwatch" in query["sql"]]
