"""An office file from the click to its pages: a page spools it, a worker of Celery converts it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from playwright.sync_api import Page, expect

from demo.mail.files import DATA
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.celery import app
from webmail.models import OfficePreview

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("libreoffice")]
FILES = (
    (
        "cours.pptx",
        "application/octet-stream",
        (DATA / "files" / "le-recit-fantastique.pptx").read_bytes(),
    ),
)


@pytest.fixture
def spool(settings: Any, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path / "spool"
    return tmp_path / "spool"


def worker(queue: str) -> Any:
    """A worker of Celery that takes from this queue alone, while the block runs."""
    return start_worker(
        app, pool="solo", queues=[queue], perform_ping_check=False, shutdown_timeout=30
    )


@pytest.fixture
def opened(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    spool: Path,
) -> Iterator[Page]:
    """The viewer of a presentation that nobody converts yet."""
    mailbox.append(letter("Documents", files=FILES))
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="Documents").first.click()
    page.locator("#message .file-text a", has_text="cours.pptx").click()
    expect(page.locator("#viewer-office progress")).to_be_visible()
    yield page
    app.control.purge()


def test_a_worker_converts_what_a_page_asked_for(
    opened: Page, spool: Path, faults: list[str]
) -> None:
    (spooled,) = spool.glob("*.sealed")
    with worker("office"):
        expect(opened.locator("#viewer [data-pdf] canvas").first).to_be_visible(timeout=60_000)
    expect(opened.locator("#viewer .pdf-page")).to_have_count(4)
    expect(opened.locator("#viewer .pdf-page").first).to_contain_text("Le récit fantastique")
    assert not spooled.exists()
    assert OfficePreview.objects.get().state == "done"
    assert not faults


def test_a_worker_of_the_other_jobs_leaves_it_alone(opened: Page) -> None:
    with worker("upkeep"):
        opened.wait_for_timeout(3_000)
    expect(opened.locator("#viewer-office progress")).to_be_visible()
    assert OfficePreview.objects.get().state == "waiting"
