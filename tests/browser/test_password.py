"""The page of the password in Chromium: judged while typing, filled by a click, usable without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from imaplib import IMAP4

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, MailDomain
from demo.servers.dovecot import Dovecot, MailAccount
from tests import parts
from tests.waiting import LONGEST_S, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
URL = "/account/password/"
SignIn = Callable[..., None]


@pytest.fixture
def alice_may_change(
    alice: MailAccount, dovecot: Dovecot, mail_domain: MailDomain, settings
) -> Iterator[MailAccount]:
    settings.PASSWORD_DOVECOT_PATH = {"": str(dovecot.users)}
    mail_domain.password_driver = MailDomain.PasswordDriver.DOVECOT
    mail_domain.save()
    yield alice
    dovecot.write_accounts(dovecot.accounts)
    wait_for(lambda: signs_in(dovecot, alice))


def signs_in(dovecot: Dovecot, account: MailAccount) -> bool:
    with IMAP4("127.0.0.1", dovecot.imap_port, timeout=LONGEST_S) as imap:
        try:
            imap.login(account.login, account.password)
        except IMAP4.error:
            return False
    return True


@pytest.fixture
def page(open_page: Callable[..., Page], sign_in: SignIn, alice_may_change: MailAccount) -> Page:
    page = open_page()
    sign_in(page, alice_may_change, opens=False)
    page.goto(URL)
    return page


def test_what_is_typed_is_judged_beside_the_field(page: Page, faults: list[str]) -> None:
    page.locator("#id_new").type("Camille1987!")
    expect(page.locator("#password-guide .meter")).to_have_class("meter s2")
    expect(page.locator("#password-guide .broken")).to_have_count(1)
    expect(page.locator("#password-verdict")).not_to_be_empty()
    page.locator("#id_new").fill("")
    expect(page.locator("#password-guide .open")).not_to_have_count(0)
    expect(page.locator("#password-guide .meter")).to_have_count(0)
    assert faults == []


def test_only_the_new_password_travels_while_typing(page: Page) -> None:
    page.locator("#id_old").fill("Ancien-Secret+9")
    with page.expect_request("**/strength/") as caught:
        page.locator("#id_new").type("Nuage")
    assert caught.value.post_data == "new=Nuage"


def test_it_can_be_seen_on_demand_and_is_hidden_when_it_leaves(page: Page) -> None:
    new = page.locator("#id_new")
    new.fill("Nuage+Lampe-Tulipe8")
    button = page.locator('[data-reveal="id_new"]')
    button.click()
    expect(new).to_have_attribute("type", "text")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.locator("#id_old").fill("faux")
    page.locator("#id_again").fill("Nuage+Lampe-Tulipe8")
    page.evaluate(
        "document.querySelector('[data-password-form]')"
        ".addEventListener('submit', (event) => event.preventDefault())"
    )
    page.locator("[data-password-form] [type=submit]").click()
    expect(new).to_have_attribute("type", "password")


def test_a_passphrase_fills_both_fields_and_another_keeps_what_is_typed(
    page: Page, alice: MailAccount, faults: list[str]
) -> None:
    phrase = page.locator("[data-phrase]")
    first = phrase.text_content()
    page.locator("#id_old").fill(alice.password)
    page.locator("#password-phrase a").click()
    expect(phrase).not_to_have_text(first or "")
    expect(page.locator("#id_old")).to_have_value(alice.password)
    page.locator("[data-use-phrase]").click()
    chosen = phrase.text_content() or ""
    expect(page.locator("#id_new")).to_have_value(chosen)
    expect(page.locator("#id_again")).to_have_value(chosen)
    expect(page.locator("#password-guide .broken")).to_have_count(0)
    page.locator("[data-password-form] [type=submit]").click()
    expect(page.locator(".banner.ok")).to_be_visible()
    assert AuditEvent.objects.filter(kind=AuditEvent.Kind.PASSWORD_CHANGED).exists()
    page.goto("/mail/INBOX/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Boîte de réception")
    assert faults == []


def test_it_works_without_script(
    open_page: Callable[..., Page], sign_in: SignIn, alice_may_change: MailAccount
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, alice_may_change, opens=False)
    page.goto(URL)
    expect(page.locator("[data-use-phrase], [data-reveal]").first).to_be_hidden()
    expect(page.locator("#password-guide .open")).not_to_have_count(0)
    phrase = page.locator("[data-phrase]").text_content() or ""
    page.locator("#id_old").fill(alice_may_change.password)
    page.locator("#id_new").fill(phrase)
    page.locator("#id_again").fill("autre")
    page.locator("[data-password-form] [type=submit]").click()
    expect(page.locator("#id_again_error")).to_be_visible()
    for field, typed in (("old", alice_may_change.password), ("new", phrase), ("again", phrase)):
        page.locator(f"#id_{field}").fill(typed)
    page.locator("[data-password-form] [type=submit]").click()
    expect(page.locator(".banner.ok")).to_be_visible()


@pytest.mark.parametrize("width", parts.first_of(320, 1440))
@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_nothing_stands_in_the_way(
    open_page: Callable[..., Page],
    sign_in: SignIn,
    alice_may_change: MailAccount,
    width: int,
    scheme: str,
) -> None:
    page = open_page(width=width, color_scheme=scheme)
    sign_in(page, alice_may_change, opens=False)
    page.goto(URL)
    page.locator("#id_new").type("Camille1987!")
    expect(page.locator("#password-guide .meter")).to_be_visible()
    report = Axe().run(page)
    assert report.violations_count == 0, report.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_goes_through_it_in_order(page: Page) -> None:
    page.locator("#id_old").focus()
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.type"))
    assert [name for name in reached if name in {"id_new", "id_again", "submit"}][:3] == [
        "id_new",
        "id_again",
        "submit",
    ]
