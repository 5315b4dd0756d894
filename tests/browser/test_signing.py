"""Signatures, receipts and warnings in a browser, with a script and without."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, expect

from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.composer.test_begin import read
from tests.webmail.views.mail import letter, path
from webmail import tasks
from webmail.models import Identity, OutboxMessage

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path


@pytest.mark.parametrize(("width", "script"), [(1440, True), (375, False)])
def test_a_signature_stands_in_the_next_message(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
    width: int,
    script: bool,
) -> None:
    page = open_page(width=width, java_script_enabled=script)
    sign_in(page, alice, opens=False)
    page.goto("/preferences/identities/")
    if script:
        assert violations(page) == []
        page.locator("[data-switch] button").click()
    page.locator("textarea[name=text]").fill("Alice Morel\nProfesseure de lettres")
    page.locator(".canned-form [type=submit].primary").click()
    expect(page.locator("textarea[name=text]")).to_have_value("Alice Morel\nProfesseure de lettres")
    page.goto("/compose/")
    written = page.locator("#rich") if script else page.locator("#id_body")
    if script:
        expect(written).to_contain_text("Professeure de lettres")
    else:
        assert "-- \nAlice Morel" in written.input_value()
    assert Identity.objects.get().signature


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_signature_is_written_in_the_editor_and_arrives_with_its_image(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
    bobs_mailbox: Mailbox,
    faults: list[str],
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice, opens=False)
    page.goto("/preferences/identities/")
    rich = page.locator("#rich")
    rich.click()
    page.keyboard.press("Control+b")
    page.keyboard.type("Alice Morel")
    page.keyboard.press("Control+b")
    page.keyboard.press("Enter")
    with page.expect_file_chooser() as chooser:
        page.locator("[data-format=image]").click()
    chooser.value.set_files(FilePayload(name="logo.png", mimeType="image/png", buffer=PNG))
    expect(rich.locator("img")).to_have_attribute("src", re.compile("^data:image/png"))
    assert violations(page) == []
    page.locator(".canned-form [type=submit].primary").click()
    expect(page.locator(".toast, .notice").first).to_be_visible()
    kept = Identity.objects.get().signature
    assert "<b>Alice Morel</b>" in kept and 'src="data:image/png;base64,' in kept
    expect(rich.locator("img")).to_have_count(1)
    page.goto("/compose/?to=bob@ac-exemple.fr&subject=Bonjour&body=Bonjour")
    expect(page.locator("#rich .signature img")).to_have_count(1)
    page.locator("[data-send]").click()
    page.wait_for_url("**/mail/**")
    OutboxMessage.objects.update(due=timezone.now())
    tasks.deliver_message(str(OutboxMessage.objects.get().pk))
    raw = bobs_mailbox.messages("INBOX")[0]
    html = read(raw).get_body(("html",))
    assert html is not None and "<b>Alice Morel</b>" in html.get_content()
    assert b"Content-ID:" in raw and b"image/png" in raw
    assert not faults


def test_a_receipt_leaves_after_a_click_alone(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
    mailbox: Mailbox,
) -> None:
    uid = mailbox.append(letter(disposition_notification_to="bob@ac-exemple.fr"))
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto(path(mailbox, uid))
    assert violations(page) == []
    asked = page.locator('form[action$="/receipt/"]')
    expect(asked).to_be_visible()
    assert not OutboxMessage.objects.exists()
    asked.locator("button[value=send]").click()
    expect(asked).to_have_count(0)
    assert OutboxMessage.objects.count() == 1


def test_the_warning_of_a_blind_copy_stays_while_news_come(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    uid = mailbox.append(letter(to="tous@x.fr"))
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto(path(mailbox, uid, "reply/?all=1"))
    warning = page.locator("#notices .banner.warn")
    expect(warning).to_be_visible()
    page.evaluate("document.body.dispatchEvent(new CustomEvent('htmx:beforeSwap', {detail: {}}))")
    expect(warning).to_be_visible()


@pytest.mark.parametrize("chosen", ["html", "plain"])
def test_another_address_brings_its_own_signature(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
    chosen: str,
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    mine = User.objects.get(login="alice")
    User.objects.update(preferences={"write_format": chosen})
    for address, source, words in (
        ("alice@ac-exemple.fr", "sign_in", "Alice, professeure"),
        ("direction@ac-exemple.fr", "administrator", "La direction"),
    ):
        signature = f"<div>{words}</div>"
        Identity.objects.create(user=mine, address=address, source=source, signature=signature)
    page.goto("/compose/?body=Bonjour")
    if chosen == "html":
        expect(page.locator("#rich div.signature")).to_have_text("Alice, professeure")
    # The script that changes signatures comes after the page.
    expect(page.locator("#id_identity[data-former]")).to_be_attached()
    page.locator("#id_identity").select_option("direction@ac-exemple.fr")
    if chosen == "html":
        expect(page.locator("#rich div.signature")).to_have_text("La direction")
    else:
        expect(page.locator("#id_body")).to_have_value("Bonjour\n\n-- \nLa direction")
