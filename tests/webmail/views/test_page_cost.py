"""What a page asks of others, and how much Python runs for it: a limit for each kind of page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.servers.mailboxes import Mailbox
from tools.bench.bench_layers import Pages, counted, filled, messages
from webmail.serving import cache as serving_cache

pytestmark = pytest.mark.django_db

# What a page asks of servers is exact. Function calls were counted in Python 3.11 with Django 5.2,
# what its test client adds included. Other versions make more or fewer of them in every page: how
# many, the cheapest page tells. Beside that a page may make a tenth more.
CHEAPEST = "poll"
MOST = {
    CHEAPEST: {"calls": 4_150, "SQL": 1, "Redis": 3, "IMAP": 2},
    "list": {"calls": 18_500, "SQL": 3, "Redis": 5, "IMAP": 3},
    "text": {"calls": 14_600, "SQL": 4, "Redis": 2, "IMAP": 3},
    "html": {"calls": 20_200, "SQL": 5, "Redis": 7, "IMAP": 2},
    "conversations": {"calls": 23_500, "SQL": 3, "Redis": 6, "IMAP": 4},
    "search": {"calls": 26_400, "SQL": 4, "Redis": 4, "IMAP": 3},
    "mark": {"calls": 13_100, "SQL": 1, "Redis": 2, "IMAP": 4},
    "draft": {"calls": 15_200, "SQL": 10, "Redis": 2, "IMAP": 5},
}


@pytest.mark.parametrize("name", MOST)
def test_a_page_costs_no_more_than_it_did(
    reader: Client, mailbox: Mailbox, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving_cache, "NEAR_SECONDS", 3600)  # however slow the machine is
    pages = Pages(reader, filled(mailbox, messages()))
    for _visit in range(2):
        pages(name)
    cost, most = counted(pages, name), dict(MOST[name])
    versions = counted(pages, CHEAPEST)["calls"] / MOST[CHEAPEST]["calls"]
    assert versions <= 1.5
    assert cost.pop("calls") <= most.pop("calls") * 1.1 * max(versions, 1)
    assert cost == most
