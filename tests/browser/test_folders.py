"""Folders arranged in Chromium: by the dialog, by dragging, by keys, and without a script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Route, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def zoo(mailbox: Mailbox) -> Mailbox:
    for name in ("Zoo", "Sorties", "Sorties/Musée"):
        mailbox.create_folder(name)
    mailbox.append(letter("Les singes"), "Zoo")
    return mailbox


@pytest.fixture
def page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    zoo: Mailbox,
) -> Page:
    page = open_page()
    sign_in(page, alice)
    return page


def folder(page: Page, name: str):
    return page.locator(f'#folder-list .folder[data-folder="{name}"]')


def test_a_folder_is_dragged_into_another_and_back(
    page: Page, zoo: Mailbox, faults: list[str]
) -> None:
    folder(page, "Zoo").drag_to(folder(page, "Sorties"))
    expect(folder(page, "Sorties/Zoo")).to_be_attached()
    assert "Sorties/Zoo" in zoo.folders()
    page.locator(".toast button").click()
    expect(folder(page, "Zoo")).to_be_visible()
    page.locator(".branch[data-branch=Sorties] > summary").click()
    folder(page, "Sorties/Musée").drag_to(page.locator(".side-title:has(.always)"))
    expect(folder(page, "Musée")).to_be_visible()
    assert not faults


def test_the_list_of_folders_stays_in_place_unless_something_in_it_changes(
    page: Page, zoo: Mailbox, mailbox: Mailbox, faults: list[str]
) -> None:
    for subject in ("Premier", "Second"):
        mailbox.append(letter(subject))
    page.reload()
    mark = "document.getElementById('folder-list').dataset.mark"

    def is_marked_after(subject: str) -> bool:
        page.evaluate(f"{mark} = 'mine'")
        page.locator("#message-list .row", has_text=subject).locator("a").first.click()
        expect(page.locator("#message .reader-title")).to_have_text(subject)
        page.wait_for_timeout(200)
        return bool(page.evaluate(f"{mark} === 'mine'"))

    assert not is_marked_after("Premier"), "it is read now: the count is another"
    assert not is_marked_after("Second")
    assert is_marked_after("Premier")
    # Shown where a request was on its way to, and where one is when it failed.
    held: list[Route] = []
    page.route("**/mail/Zoo/", lambda route: held.append(route))
    folder(page, "Zoo").click()
    expect(page.locator(".folder[aria-current]")).to_have_attribute("data-folder", "Zoo")
    wait_for(lambda: held, page)
    held[0].abort()
    expect(page.locator(".folder[aria-current]")).to_have_attribute("data-folder", "INBOX")
    assert [fault for fault in faults if "ERR_FAILED" not in fault] == []


def test_a_folded_branch_opens_when_something_is_held_over_it(page: Page, zoo: Mailbox) -> None:
    musee = folder(page, "Sorties/Musée")
    expect(musee).to_be_hidden()
    folder(page, "Zoo").hover()
    page.mouse.down()
    folder(page, "Sorties").hover()
    folder(page, "Sorties").hover()
    expect(musee).to_be_visible()
    musee.hover()
    musee.hover()
    page.mouse.up()
    expect(folder(page, "Sorties/Musée/Zoo")).to_be_attached()
    assert "Sorties/Musée/Zoo" in zoo.folders()


def test_a_folder_is_renamed_by_keys_in_a_dialog(
    page: Page, zoo: Mailbox, faults: list[str]
) -> None:
    folder(page, "Zoo").focus()
    page.keyboard.press("F2")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.locator("#folder-name").fill("Parc animalier")
    page.keyboard.press("Enter")
    expect(folder(page, "Parc animalier")).to_be_visible()
    assert "Zoo" not in zoo.folders()
    page.goto("/mail/INBOX/")
    folder(page, "Parc animalier").hover()
    page.locator("li:has(> [data-folder='Parc animalier']) > .tree-menu").click()
    expect(dialog).to_be_visible()
    results = Axe().run(page, context="dialog")
    assert not results.response["violations"]
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert not faults


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_the_page_of_folders_is_accessible(page: Page, width: int, faults: list[str]) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for address in ("/folders/", "/folders/of/Zoo/", "/folders/of/Sent/"):
        page.goto(address)
        assert not Axe().run(page).response["violations"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not faults


def test_on_a_narrow_screen_names_stand_beside_their_icons_and_words_in_their_buttons(
    page: Page,
) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto("/folders/")
    apart = """() => [...document.querySelectorAll(".folder-table tbody th")].filter((cell) => {
        const [icon, words] = [cell.querySelector(".i"), document.createRange()];
        words.selectNodeContents(cell.querySelector("a").lastElementChild);
        return words.getBoundingClientRect().left < icon.getBoundingClientRect().right;
    }).length"""
    assert page.evaluate(apart) == 0
    page.goto("/folders/of/Sorties/")
    tight = """() => [...document.querySelectorAll(".folder-verbs .btn")].filter((button) => {
        const words = document.createRange();
        words.selectNodeContents(button);
        return button.getBoundingClientRect().bottom - words.getBoundingClientRect().bottom < 5;
    }).length"""
    assert page.evaluate(tight) == 0


def test_the_quota_comes_when_the_page_is_there(page: Page, faults: list[str]) -> None:
    expect(page.locator("#quota meter")).to_be_attached()
    assert not faults


def test_without_a_script_a_folder_is_made_moved_and_thrown_away(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    zoo: Mailbox,
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, alice)
    page.locator(".tree-menu.always").click()
    page.locator("#new-name").fill("Conseil")
    page.locator("#new-to").select_option("Zoo")
    page.locator(".folder-new button").click()
    assert "Zoo/Conseil" in zoo.folders()
    page.locator(".folder-table [href='/folders/of/Zoo/']").click()
    page.locator("#folder-to").select_option("Sorties")
    page.locator("button[value=move]").click()
    assert "Sorties/Zoo/Conseil" in zoo.folders()
    page.goto("/folders/of/Sorties~2FZoo/")
    page.locator("button[value=throw]").click()
    assert "Trash/Zoo/Conseil" in zoo.folders()
    page.locator(".toast button").click()
    assert "Sorties/Zoo/Conseil" in zoo.folders()
