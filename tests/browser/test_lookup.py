"""From a NUMEN to the settings of a mail program, in Chromium."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts import lookup
from accounts.models import AuditEvent, MailDomain, StaffRecord
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import violations
from tests.browser.conftest import NUMEN

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def servers(claire: StaffRecord, mail_domain: MailDomain) -> None:
    mail_domain.imap_host = "imap.ac-exemple.fr"
    mail_domain.save()


def look_up(page: Page, typed: str = NUMEN, birth: str = "12 mai 1980") -> None:
    page.goto("/lookup/")
    page.locator("#id_numen").fill(typed)
    page.locator("#id_birth").fill(birth)
    page.locator("main button[type=submit]").click()


def test_a_value_is_copied_by_its_button(
    open_page: Callable[..., Page], site: str, faults: list[str]
) -> None:
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    look_up(page)
    expect(page.locator("h1")).to_have_text("Claire Morvan")
    page.locator("[data-copy='imap.ac-exemple.fr']").click()
    expect(page.locator("[data-copied]")).not_to_be_empty()
    assert page.evaluate("navigator.clipboard.readText()") == "imap.ac-exemple.fr"
    assert faults == []


def test_a_value_is_selected_where_the_clipboard_is_closed(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.add_init_script("delete Navigator.prototype.clipboard")
    look_up(page)
    page.locator("[data-copy='cmorvan']").click()
    assert page.evaluate("String(getSelection())").strip() == "cmorvan"


def test_the_page_counts_down_and_shows_nothing_afterwards(
    open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "OPEN_SECONDS", 5)
    page = open_page()
    look_up(page)
    expect(page.locator("[role=timer] [data-seconds]")).to_have_text("03")
    expect(page.locator("[data-last-minute]")).not_to_be_empty()
    expect(page.get_by_text("cmorvan")).to_have_count(0)
    expect(page.locator("main a[href='/lookup/']")).to_be_visible()


def test_the_page_is_left_without_a_script_too(
    open_page: Callable[..., Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lookup, "OPEN_SECONDS", 3)
    page = open_page(java_script_enabled=False)
    look_up(page)
    expect(page.get_by_text("cmorvan", exact=True)).to_be_visible()
    expect(page.locator("[data-copy]").first).to_be_hidden()
    expect(page.locator("main a[href='/lookup/']")).to_be_visible()


def test_closed_settings_do_not_come_back_by_the_browsers_button(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    look_up(page)
    page.locator("form.closing button").click()
    page.wait_for_url("**/lookup/")
    page.go_back()
    expect(page.get_by_text("cmorvan")).to_have_count(0)


def test_a_mistake_takes_the_focus_and_keeps_what_was_typed(
    open_page: Callable[..., Page],
) -> None:
    page = open_page()
    look_up(page, birth="31/02/1981")
    expect(page.locator(".banner.bad")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#id_birth")).to_be_focused()
    expect(page.locator("#id_numen")).to_have_value(NUMEN)


def test_two_clicks_are_one_lookup(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/lookup/")
    page.locator("#id_numen").fill(NUMEN)
    page.locator("#id_birth").fill("12/05/1980")
    page.locator("main button[type=submit]").dblclick()
    page.wait_for_url("**/lookup/sheet/")
    time.sleep(0.3)
    assert AuditEvent.objects.count() == 1


@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
@pytest.mark.parametrize("width", parts.first_of(1440, 768, 320))
def test_the_pages_are_accessible_and_fit(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    width: int,
    scheme: str,
) -> None:
    page = open_page(width=width, color_scheme=scheme)
    page.goto("/lookup/")
    found = violations(page)
    look_up(page, typed="20E05")
    found += violations(page)
    look_up(page)
    found += violations(page)
    page.locator("form.closing button").click()
    page.goto("/lookup/sheet/")
    found += violations(page)
    assert found == []


def test_ones_own_settings_are_accessible_and_fit(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mail_domain: MailDomain,
) -> None:
    MailDomain.objects.update(imap_host="127.0.0.1")
    page = open_page(width=375)
    sign_in(page, alice, opens=False)
    page.goto("/account/settings/")
    assert violations(page) == []
