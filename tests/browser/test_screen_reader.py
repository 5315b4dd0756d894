"""The webmail as a screen reader says it: Orca with Chromium, where they are installed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.conftest import CHROMIUM, QUIET
from tests.servers import orca as orcas
from tests.servers.mailboxes import Mailbox
from tests.servers.orca import Orca
from tests.waiting import PATIENCE_S
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def orca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orca]:
    if not orcas.installed() or CHROMIUM is None:
        pytest.skip("Orca, Xvfb or Chromium is not installed")
    with orcas.running(tmp_path_factory.mktemp("orca")) as orca:
        yield orca


@pytest.fixture(scope="module")
def read_out(playwright: Playwright, orca: Orca) -> Iterator[Browser]:
    """A browser with a window, which says what it shows."""
    browser = playwright.chromium.launch(
        executable_path=CHROMIUM,
        headless=False,
        args=[*QUIET, "--force-renderer-accessibility", "--disable-features=Translate"],
        env={**orca.environment},
    )
    yield browser
    browser.close()


@pytest.fixture
def page(
    read_out: Browser,
    orca: Orca,
    site: str,
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    submission: SubmissionServer,
    settings: Any,
    tmp_path: Path,
) -> Iterator[Page]:
    settings.SPOOL = tmp_path / "spool"
    mailbox.create_folder("Conseil")
    for number in range(1, 4):
        mailbox.append(letter(f"Lettre {number}", message_id=f"<{number}@x>"))
    context = read_out.new_context(base_url=site, locale="fr-FR", reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    sign_in(page, alice)
    expect(page.locator("[role=combobox]").first).to_be_attached()  # its scripts run
    assert orca.says("Boîte de réception")
    yield page
    context.close()


def press(page: Page, orca: Orca, *keys: str) -> None:
    for key in keys:
        orca.listen()
        page.keyboard.press(key)


def test_a_message_is_read_flagged_filed_and_answered(page: Page, orca: Orca) -> None:
    page.locator("#rows .row > a").first.focus()
    assert orca.says("Lettre 3", "link")
    press(page, orca, "s")
    assert orca.says("1 message suivi")
    press(page, orca, "x")
    assert orca.says("1 sélectionné")
    press(page, orca, "x")
    page.locator("#rows .row > a").first.focus()
    press(page, orca, "Shift+F10")
    assert orca.says("Actions sur ce message menu", "Répondre")
    press(page, orca, "Escape")
    assert orca.says("Lettre 3", "link")
    press(page, orca, "Enter")
    assert orca.says("Lettre 3", "heading")
    press(page, orca, "m")
    assert orca.says("Déplacer 1 message vers")
    page.keyboard.type("cons")
    press(page, orca, "Enter")
    assert orca.says("Lettre 2", "heading")
    press(page, orca, "r")
    assert orca.says("Texte du message")


def test_a_message_is_found(page: Page, orca: Orca) -> None:
    orca.listen()
    page.locator("#search-text").focus()
    assert orca.says("Rechercher un message, une personne")
    orca.listen()
    page.keyboard.type("lettre 2")
    press(page, orca, "Enter")
    assert orca.says("messages trouvés")


def test_a_message_is_written(page: Page, orca: Orca) -> None:
    zoe = ContactData(display_name="Zoé Roux", emails=(Email("zoe@ac-exemple.fr"),))
    contacts.create(User.objects.get(), zoe)
    orca.listen()
    page.goto("/compose/")
    assert orca.says("À", "combo box")
    orca.listen()
    page.keyboard.type("zo")
    assert orca.says("Zoé Roux")
    press(page, orca, "Enter")
    assert orca.says("Ajouté", "Zoé Roux")
    orca.listen()
    page.locator("#id_subject").focus()
    assert orca.says("Objet")
    press(page, orca, "Enter")
    assert orca.says("Texte du message")
    orca.listen()
    page.keyboard.type("Bonjour")
    assert orca.says("Enregistré")
    orca.listen()
    page.locator("[data-format=italic]").focus()
    assert orca.says("Italique", "toggle button")


def test_the_panes_the_folders_and_the_settings(page: Page, orca: Orca) -> None:
    orca.listen()
    page.locator(".split-list").focus()
    assert orca.says("Taille de la liste")
    orca.listen()
    page.locator(".list-tools summary").first.focus()
    assert orca.says("Affichage", "collapsed")
    press(page, orca, "Enter")
    assert orca.says("expanded")
    page.keyboard.press("Escape")
    orca.listen()
    page.goto("/preferences/")
    page.locator("[name=density][value=normal]").focus()
    assert orca.says("Densité de la liste", "Normale", "radio button", "selected")
    press(page, orca, "ArrowRight")
    assert orca.says("Compacte", "selected")
