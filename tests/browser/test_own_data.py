"""In Chromium: the file of one's own data, the way of a message, and a report from any message."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.models import DataExport, FraudReport
from webmail.personal import exporting

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(params=parts.first_of(1440, 375))
def page(
    request: pytest.FixtureRequest,
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
) -> Page:
    page = open_page(width=request.param)
    sign_in(page, alice)
    return page


def test_the_file_is_prepared_while_one_waits_and_downloaded(
    page: Page, faults: list[str], settings: Settings, tmp_path: Path
) -> None:
    settings.SPOOL = tmp_path
    page.goto("/account/data/")
    assert violations(page) == []
    page.get_by_role("button", name="Préparer le fichier").click()
    expect(page.locator("#own-data-state")).to_contain_text("en préparation")
    assert violations(page) == []
    exporting.run(DataExport.objects.get().pk)
    link = page.get_by_role("link", name="Télécharger mes données")
    expect(link).to_be_visible()
    with page.expect_download() as download:
        link.click()
    with zipfile.ZipFile(download.value.path()) as archive:
        assert "LISEZ-MOI.txt" in archive.namelist()
    assert faults == []


def test_the_way_of_a_message_is_read_and_typed_by_the_keyboard(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    mailbox.append(letter("Sortie au musée"), "Trash")
    page.goto("/search/trace/")
    page.get_by_label("Mots de l’objet").focus()
    page.keyboard.type("musée")
    page.keyboard.press("Enter")
    found = page.locator(".trace-list")
    expect(found).to_contain_text("Dans le dossier")
    assert violations(page) == []
    page.goto("/search/trace/?words=introuvable")
    expect(page.locator("#trace-unseen")).to_be_visible()
    assert violations(page) == []
    assert faults == []


def test_any_message_is_reported_from_its_menu(
    page: Page,
    mailbox: Mailbox,
    mail_domain: MailDomain,
    submission: SubmissionServer,
    settings: Settings,
    faults: list[str],
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    mail_domain.smtp_port = submission.port
    mail_domain.save()
    uid = mailbox.append(letter("Gagnez un vélo"))
    page.goto(f"/mail/INBOX/{mailbox.uidvalidity()}-{uid}/")
    page.locator("#message summary[title^='Plus d’actions']").click()
    page.get_by_role("button", name="Signaler à l’académie").click()
    expect(page.locator(".toast")).to_contain_text("Signalé à l’académie")
    assert FraudReport.objects.count() == 1
    assert len(mailbox.uids("Junk")) == 1
    page.get_by_role("button", name="Annuler").click()
    expect(page.locator("#message-list")).to_contain_text("Gagnez un vélo")
    assert len(mailbox.uids("INBOX")) == 1
    assert faults == []
