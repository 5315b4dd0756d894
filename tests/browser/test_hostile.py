"""Each hostile message of the shared corpus, opened in Chromium: nothing in it runs or leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

WATCH = "window.__ran = (name) => console.error('RAN ' + name);"


def test_nothing_hostile_runs_leaves_navigates_or_opens(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    corpus: Path,
    faults: list[str],
) -> None:
    def refuse(dialog: Dialog) -> None:
        faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page = open_page()
    page.add_init_script(WATCH)
    page.on("dialog", refuse)
    page.context.on("page", lambda other: faults.append(f"window {other.url}"))
    page.on(
        "console", lambda said: faults.append(said.text) if said.text.startswith("RAN ") else None
    )
    sign_in(page, alice)
    hostile = corpus / "xss"
    uids = {
        entry["file"]: mailbox.append((hostile / entry["file"]).read_bytes())
        for entry in json.loads((hostile / "manifest.json").read_text())
    }
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
    assert len(uids) > 50
