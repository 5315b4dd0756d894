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
from demo import packages
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.conftest import CHROMIUM, QUIET
from tests.servers import orca as orcas
from tests.servers.mailboxes import Mailbox
from tests.servers.orca import Orca
from tests.waiting import PATIENCE_S, wait_for
from tests.webmail.views.mail import letter

pytestmark = [
    pytest.mark.alone,
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]


@pytest.fixture
def orca(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orca]:
    """One that starts with each test: its modes outlast pages."""
    if not packages.ORCA.present() or CHROMIUM is None:
        pytest.skip("Orca, Xvfb, xdotool or Chromium is not installed")
    with orcas.running(tmp_path_factory.mktemp("orca")) as orca:
        yield orca


@pytest.fixture
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
    orca.take_keyboard()
    sign_in(page, alice)
    expect(page.locator("[role=combobox]").first).to_be_attached()  # its scripts run
    assert orca.says("Boîte de réception")
    yield page
    context.close()


def press(page: Page, orca: Orca, *keys: str) -> None:
    for key in keys:
        orca.settle()
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
    assert orca.says("À")
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


# A day with the keyboard of the screen: Orca has its own keys, as for a person.

_MARKS = """<p>Bonjour,</p><table><caption>Notes</caption>
<tr><th>Nom</th><th>Note</th></tr><tr><td>Durand</td><td>12</td></tr>
<tr><td>Martin</td><td>15</td></tr></table><p>Cordialement</p>"""


@pytest.fixture
def at_the_list(page: Page, orca: Orca) -> Page:
    """The newest message has the focus."""
    focus_first(page, orca, "Lettre 3")
    return page


def focus_first(page: Page, orca: Orca, subject: str) -> None:
    """Orca passes over the focus while it still reads a page that was loaded: it is given again."""
    first = page.locator("#rows .row > a").first
    expect(first).to_contain_text(subject)

    def is_heard() -> bool:
        orca.listen()
        first.blur()
        first.focus()
        page.wait_for_timeout(1000)
        said = " ".join(orca.spoken())
        return subject in said and "link" in said

    wait_for(is_heard)


def test_signing_in_is_heard(read_out: Browser, orca: Orca, site: str, alice: MailAccount) -> None:
    context = read_out.new_context(base_url=site, locale="fr-FR")
    orca.listen()
    page = context.new_page()
    orca.take_keyboard()
    page.goto("/")
    assert orca.says("Adresse ou identifiant entry required")
    orca.keep_to_the_page()
    orca.write(alice.login)
    orca.press("Tab")
    assert orca.is_at("Mot de passe password text", "required")
    orca.write(alice.password)
    orca.press("Return")
    expect(page.locator("[role=combobox]").first).to_be_attached()
    assert orca.says("liste")
    context.close()


def test_a_table_is_read_by_its_cells(at_the_list: Page, orca: Orca, mailbox: Mailbox) -> None:
    mailbox.append(letter("Notes du trimestre", html=_MARKS))
    focus_first(at_the_list, orca, "Notes du trimestre")
    orca.press("Return")
    assert orca.says("Notes du trimestre heading 1")
    orca.reach("t", "Notes", "table with 3 rows 2 columns", "Nom column header")
    orca.press("Alt+Shift+Right")
    assert orca.says("Note column header", "Row 1, column 2")
    orca.press("Alt+Shift+Down")
    assert orca.says("12", "Row 2, column 2")
    orca.press("Alt+Shift+Down")
    assert orca.says("15", "Row 3, column 2")


def test_an_attachment_is_reached(at_the_list: Page, orca: Orca, mailbox: Mailbox) -> None:
    mailbox.append(letter("Conseil", files=(("ordre.pdf", "application/pdf", b"%PDF-1.4"),)))
    focus_first(at_the_list, orca, "Conseil")
    orca.keep_to_the_page()
    orca.press("Return")
    assert orca.says("Conseil heading 1")
    orca.reach("Tab", "1 pièce jointe", "ordre.pdf link")


def test_an_answer_is_sent_and_taken_back(at_the_list: Page, orca: Orca) -> None:
    orca.keep_to_the_page()
    orca.press("Return")
    assert orca.says("Lettre 3 heading 1")
    orca.press("r")
    assert orca.is_at("Texte du message entry")
    orca.write("Merci")
    assert orca.says("Enregistré")
    orca.press("Control+Return")
    assert orca.says("Le message partira dans 10 s")
    orca.press("z")
    assert orca.is_at("Le message n’est pas parti", "Texte du message entry")


def test_one_of_three_people_is_chosen(at_the_list: Page, orca: Orca) -> None:
    for first, last in (("Zoé", "Roux"), ("Zoé", "Blanc"), ("Zohra", "Petit")):
        address = Email(f"{last.lower()}@ac-exemple.fr")
        contacts.create(
            User.objects.get(), ContactData(display_name=f"{first} {last}", emails=(address,))
        )
    orca.keep_to_the_page()
    orca.press("c")
    assert orca.is_at("À editable combo box")
    orca.write("zo")
    assert orca.says("Zoé Blanc", "3 personnes ou groupes trouvés")
    orca.press("Down")
    assert orca.says("Zoé Roux")
    orca.press("Return")
    assert orca.says("Ajouté", "Zoé Roux")


def test_a_message_is_moved(at_the_list: Page, orca: Orca) -> None:
    orca.keep_to_the_page()
    orca.press("m")
    assert orca.is_at("Déplacer 1 message vers dialog", "Trouver un dossier entry")
    orca.write("cons")
    assert orca.says("Conseil")
    orca.press("Return")
    assert orca.says("1 message déplacé", "Lettre 2", "link")
    orca.press("z")
    assert orca.says("1 message rétabli")


def test_a_search_tells_what_it_found(at_the_list: Page, orca: Orca) -> None:
    orca.keep_to_the_page()
    orca.press("slash")
    assert orca.is_at("Rechercher un message, une personne editable combo box")
    orca.write("lettre")
    orca.press("Return")
    assert orca.says("3 messages trouvés")


def test_mail_that_arrives_is_told(at_the_list: Page, orca: Orca, mailbox: Mailbox) -> None:
    orca.listen()
    mailbox.append(letter("Sortie de mardi"))
    assert orca.says("Nouveau message de Bob Petit", "Sortie de mardi")
