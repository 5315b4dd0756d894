"""An advert's way: it arrives, is set aside unseen, is brought back, and teaches."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter
from webmail.models import PersonLearnt

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ADVERTS = "Publicités"


@pytest.fixture
def page(
    open_page: Callable[..., Page], sign_in: Callable[[Page, MailAccount], None], mailbox: Mailbox
) -> Page:
    """Alice's inbox, with one letter, which hears of news."""
    mailbox.append(letter("Déjà là"))
    page = open_page()
    sign_in(page, mailbox.account)
    expect(page.locator(".row")).to_have_count(1)
    page.wait_for_timeout(1_000)  # until the inbox is watched
    return page


def test_an_advert_is_set_aside_brought_back_and_teaches(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    mailbox.append(unwanted.advert())
    line = page.locator("#advert-line")
    expect(line).to_contain_text("1")
    expect(page.locator(".row")).to_have_count(1)
    assert len(mailbox.uids(ADVERTS)) == 1
    line.get_by_role("link").click()
    page.locator(".row > a").click()
    expect(page.locator("#why-aside li").first).to_be_hidden()
    page.locator("#why-aside summary").click()
    expect(page.locator("#why-aside li").first).to_be_visible()
    assert not Axe().run(page, context="#message").response["violations"]
    page.locator('#open-form button[name="verb"][value="inbox"]').first.click()
    expect(page.locator(".row")).to_have_count(0)
    page.goto("/mail/INBOX/")
    expect(page.locator(".row")).to_have_count(2)
    assert PersonLearnt.objects.get().messages == [1, 0, 0]
    mailbox.append(unwanted.numbered(unwanted.advert(), 900))
    expect(page.locator(".row")).to_have_count(3)
    assert faults == []


def test_the_band_that_says_why_brings_an_advert_back(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    mailbox.append(unwanted.advert())
    page.locator("#advert-line").get_by_role("link").click()
    page.locator(".row > a").click()
    page.locator("#why-aside").get_by_role("button", name="Ce n’est pas une publicité").click()
    expect(page.locator("#toast")).not_to_be_empty()
    expect(page.locator(".row")).to_have_count(0)
    assert len(mailbox.uids("INBOX")) == 2
    assert faults == []


def test_a_letter_beside_an_advert_comes_into_the_list(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    mailbox.append(letter("Conseil de classe", message_id="<c@ac-exemple.fr>"))
    mailbox.append(unwanted.advert())
    expect(page.locator("#advert-line p")).to_be_visible()
    expect(page.locator(".row")).to_have_count(2)
    assert faults == []


def test_without_a_script_all_of_it_works(
    open_page: Callable[..., Page], sign_in: Callable[[Page, MailAccount], None], mailbox: Mailbox
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, mailbox.account)
    mailbox.append(unwanted.advert())
    page.goto("/mail/INBOX/")
    page.locator("#advert-line a").click()
    page.locator(".row > a").click()
    page.locator('#open-form button[name="verb"][value="inbox"]').first.click()
    assert len(mailbox.uids()) == 1


def test_the_line_about_adverts_that_is_closed_gives_the_focus_to_the_list(
    page: Page, mailbox: Mailbox
) -> None:
    mailbox.append(unwanted.advert())
    close = page.locator("#advert-line button")
    expect(close).to_be_visible()
    close.press("Enter")
    expect(close).to_have_count(0)
    expect(page.locator("#rows")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("#rows .row > a").first).to_be_focused()
