"""Each hostile message of a corpus, opened in Chromium: nothing in it runs or leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.servers.mailboxes import Mailbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


def test_nothing_hostile_runs_leaves_navigates_or_opens(
    watched_page: Page,
    mailbox: Mailbox,
    corpus: Path,
    faults: list[str],
    one_in: Callable[[int], int],
) -> None:
    page = watched_page
    hostile = corpus / "xss"
    names = [entry["file"] for entry in json.loads((hostile / "manifest.json").read_text())]
    uids = {name: mailbox.append((hostile / name).read_bytes()) for name in names[:: one_in(4)]}
    wrong = {}
    for name, uid in uids.items():
        faults.clear()
        address = f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/"
        page.goto(address, wait_until="load")
        for frame in page.frames[1:]:
            frame.wait_for_load_state("load")
            for link in frame.locator("a[href], summary, button, input").all()[:5]:
                link.evaluate("element => element.dispatchEvent(new Event('mouseover'))")
        page.wait_for_timeout(60)
        if not page.url.endswith(address):
            faults.append(f"went to {page.url}")
        if faults:
            wrong[name] = list(faults)
    assert not wrong
    assert len(names) > 50
