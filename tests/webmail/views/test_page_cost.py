"""What a page asks of others, and how much Python runs for it: a limit for each kind of page."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.servers.mailboxes import Mailbox
from tools.bench.bench_layers import Pages, counted, filled, messages
from webmail.serving import cache as serving_cache

pytestmark = pytest.mark.django_db

# Function calls may be a tenth more than they were when they were counted, in Python 3.11 with what
# Django's test client adds; the others are exact.
MOST = {
    "poll": {"calls": 4_150, "SQL": 1, "Redis": 3, "IMAP": 2},
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
    assert cost.pop("calls") <= most.pop("calls") * 1.1
    assert cost == most
