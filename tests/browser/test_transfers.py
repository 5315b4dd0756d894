"""Messages taken out and brought back in, in Chromium."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.models import Transfer
from webmail.transfer import jobs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    settings: Any,
    tmp_path: Path,
) -> Page:
    settings.SPOOL = tmp_path / "spool"
    for name in ("Conseil", "Copies"):
        mailbox.create_folder(name)
    for number in range(3):
        mailbox.append(letter(f"Lettre {number}", message_id=f"<{number}@x>"), "Conseil")
    page = open_page()
    sign_in(page, alice)
    return page


def do(count: int) -> None:
    """Do the job that waits, as a worker does; ``count`` stand in the database by then."""
    wait_for(lambda: Transfer.objects.filter(state="waiting").exists())
    jobs.run(Transfer.objects.get(state="waiting").pk)
    assert Transfer.objects.filter(state="done").count() == count


def test_a_folder_goes_out_as_mbox_comes_into_another_and_is_undone(
    page: Page, mailbox: Mailbox, tmp_path: Path, faults: list[str]
) -> None:
    page.goto("/mail/Conseil/")
    page.locator("summary", has_text="Plus d’actions sur ce dossier").click()
    page.get_by_role("link", name="Télécharger ce dossier").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Conseil")
    assert Axe().run(page).violations_count == 0
    page.get_by_role("radio", name="mbox").check()
    page.get_by_role("button", name="Préparer le fichier").click()
    do(1)
    link = page.get_by_role("link", name="Télécharger le fichier")
    expect(link).to_be_visible()
    assert Axe().run(page).violations_count == 0
    with page.expect_download() as download:
        link.click()
    assert download.value.suggested_filename == "Conseil.mbox"
    file = tmp_path / "Conseil.mbox"
    download.value.save_as(file)
    assert file.read_bytes().count(b"\nSubject: Lettre ") == 3

    page.get_by_role("link", name="Exporter ou importer des messages").click()
    title = "Importer des messages depuis un fichier"
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    assert Axe().run(page).violations_count == 0
    page.locator("#import-file").set_input_files(file)
    page.locator("#import-folder").select_option("Copies")
    page.get_by_role("button", name="Importer", exact=True).click()
    do(2)
    expect(page.locator("#transfer")).to_contain_text("3 messages importés")
    assert len(mailbox.uids("Copies")) == 3
    page.locator("#transfer").get_by_role("button", name="Annuler").click()
    expect(page.locator("#transfer")).to_contain_text("a été annulé")
    assert mailbox.uids("Copies") == []
    assert not faults


def test_picked_messages_are_downloaded_at_once(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    page.goto("/mail/Conseil/")
    for box in page.locator(".pick input[type=checkbox]").all()[:2]:
        box.check(force=True)
    page.locator(".bulk summary").click()
    with page.expect_download() as download:
        page.locator(".bulk button[value=download]").click()
    assert download.value.suggested_filename == "Conseil.zip"
    assert not faults


def test_a_large_file_goes_up_in_pieces(
    page: Page, mailbox: Mailbox, tmp_path: Path, faults: list[str]
) -> None:
    file = tmp_path / "Grand.mbox"
    one = b"From a@b Tue Mar  3 09:00:00 2026\nSubject: %d\n\n" + b"x" * 3_000_000 + b"\n\n"
    file.write_bytes(b"".join(one.replace(b"%d", b"%d" % number) for number in range(6)))
    page.goto("/transfers/")
    page.locator("#import-file").set_input_files(file)
    page.locator("#import-folder").select_option("Copies")
    page.get_by_role("button", name="Importer", exact=True).click()
    do(1)
    expect(page.locator("#transfer")).to_contain_text("6 messages importés")
    wait_for(lambda: len(mailbox.uids("Copies")) == 6)
    assert not faults
