"""Writing, pasting, picking, dragging, a PDF and the form of rules work in a browser of 2022."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Browser, BrowserType, Page, expect

from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from tests.browser import older
from tests.browser.conftest import QUIET
from tests.browser.older import Hand
from tests.mail.previews import samples
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import missing
from tests.waiting import PATIENCE_S, wait_for
from tests.webmail.views.mail import letter
from tests.webmail.views.test_viewer import picture
from webmail.models import Draft
from webmail.writing import drafts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASTE = """(image) => {
  const data = new DataTransfer();
  data.setData("text/html", `<p>avant</p><img src="data:image/png;base64,${image}"><p>après</p>`);
  const clipboard = { clipboardData: data, bubbles: true, cancelable: true };
  document.querySelector(".rich").focus();
  document.querySelector(".rich").dispatchEvent(new ClipboardEvent("paste", clipboard));
}"""
SEEN = """(selector) => [...document.querySelectorAll(selector)].some((one) => {
  const { visibility, display } = getComputedStyle(one);
  return visibility === "visible" && display !== "none" && one.getClientRects().length > 0;
})"""
UNSEEN = f"(selector) => !({SEEN})(selector)"


@pytest.fixture(scope="session")
def older_browser(browser_type: BrowserType) -> Iterator[Browser]:
    program = older.chromium()
    if program is None:
        pytest.skip(missing("Chromium 102"))
    browser = browser_type.launch(executable_path=program, args=[*QUIET, "--headless"])
    assert browser.version.startswith("102.")
    yield browser
    browser.close()


@pytest.fixture
def hand(
    older_browser: Browser,
    site: str,
    faults: list[str],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
    settings: Any,
    tmp_path: Path,
) -> Iterator[Hand]:
    files = (("ordre.pdf", "application/pdf", samples.pdf(["Ordre du jour"])),)
    mailbox.append(letter("Documents", files=files))
    settings.SPOOL = tmp_path / "spool"
    context = older_browser.new_context(
        base_url=site, viewport={"width": 1440, "height": 900}, locale="fr-FR"
    )
    page = context.new_page()
    page.set_default_timeout(1000 * PATIENCE_S)
    page.on("pageerror", lambda error: faults.append(f"script: {error}"))
    sign_in(page, alice, opens=False)
    yield Hand(page)
    context.close()
    assert not faults


def test_what_is_written_is_kept_with_a_pasted_image(hand: Hand) -> None:
    hand.page.goto("/compose/")
    hand.wait(SEEN, "#rich")
    hand.write("#id_to", "bob@ac-exemple.fr, ")
    hand.write("input[name=subject]", "Sortie")
    hand.write(".rich", "Bonjour")
    hand.ask(PASTE, base64.b64encode(picture()).decode())
    hand.wait("() => document.querySelector('.rich img')?.src.includes('/files/')")

    def is_kept() -> bool:
        contents = [drafts.content(draft) for draft in Draft.objects.all()]
        parts = ("Bonjour", "avant", "<img", "après")
        return any(all(part in one.html for part in parts) for one in contents)

    wait_for(is_kept)


def test_the_tools_of_picked_messages_appear_and_go(hand: Hand) -> None:
    hand.page.goto("/mail/INBOX/")
    hand.click("#rows .row .pick")
    hand.wait(SEEN, ".bulk")
    hand.click("#rows .row .pick")
    hand.wait(UNSEEN, ".bulk")


def test_a_recipient_is_moved_by_its_menu(hand: Hand) -> None:
    hand.page.goto("/compose/")
    hand.wait(SEEN, "#rich")
    hand.write("#id_to", "bob@ac-exemple.fr, ")
    hand.click("[data-chips] button")
    hand.click("[data-move]:not([hidden]) button")
    hand.wait(
        "() => ['cc', 'bcc'].some((name) => document.forms.compose.elements[name]"
        "?.value.includes('bob@ac-exemple.fr'))"
    )


def test_a_pdf_is_shown(hand: Hand) -> None:
    hand.page.goto("/mail/INBOX/")
    hand.click("#rows .row a")
    hand.click("#message .file-text a")
    hand.wait("() => document.querySelector('.pdf-page canvas') !== null")


def test_the_form_of_a_rule_shows_what_belongs_to_its_choice(
    hand: Hand, sieve_port: int, mail_domain: MailDomain
) -> None:
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    hand.page.goto(reverse("mail:rule_new"))
    hand.wait(SEEN, "select[name$=test], select")
    # The sheets are read once more while the page is there already.
    hand.wait(UNSEEN, ".for-size")
    hand.ask(
        """() => {
          const option = document.querySelector('option[value^="size:"]');
          option.parentElement.closest("select").value = option.value;
          option.closest("select").dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    hand.wait(SEEN, ".for-size")


def test_a_folder_is_dragged_without_an_error(hand: Hand) -> None:
    hand.page.goto("/mail/INBOX/")
    mouse = hand.page.mouse
    mouse.move(*hand.where(".folder[data-folder]", 1))
    mouse.down()
    mouse.move(*hand.where(".folder[data-folder]", 2), steps=5)
    mouse.move(*hand.where(".folder[data-folder]", 1), steps=5)
    mouse.up()


def test_a_browser_without_what_is_promised_gets_the_pages_without_scripts(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    page = open_page()
    page.add_init_script("CSS.supports = () => false")
    mailbox.append(letter("Sortie"))
    sign_in(page, alice)
    page.get_by_role("link", name="Sortie").first.click()
    expect(page.get_by_role("heading", name="Sortie")).to_be_visible()
    assert page.locator("body[hx-disable]").count() == 1
    assert page.locator(".old-browser").is_hidden()  # its line goes by the same test in the sheet
