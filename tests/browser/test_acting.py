"""What one does to many messages in Chromium: picking, moving, tagging, dragging, emptying."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

HEAR = "news => document.dispatchEvent(new CustomEvent('mail:changed', { detail: news }))"
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def letters(mailbox: Mailbox) -> Mailbox:
    """Five in the inbox, the last on top; a folder with an accent, and others."""
    for name in ("Élèves absents", "Conseil", "Zoo"):
        mailbox.create_folder(name)
    for n in range(1, 6):
        mailbox.append(letter(f"Lettre {n}"))
    return mailbox


@pytest.fixture
def page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> Page:
    page = open_page()
    sign_in(page, alice)
    return page


def row(page: Page, n: int):
    return page.locator(".row", has_text=f"Lettre {n}")


def test_the_buttons_on_a_row_go_by_escape(page: Page, faults: list[str]) -> None:
    buttons = page.locator(".hover-acts")
    row(page, 4).hover()
    expect(buttons).to_be_visible()
    page.keyboard.press("Escape")
    expect(buttons).to_have_count(0)
    row(page, 4).hover(position={"x": 60, "y": 10})
    expect(buttons).to_have_count(0)
    row(page, 3).hover()
    expect(row(page, 3).locator(".hover-acts")).to_be_visible()
    row(page, 4).hover()
    expect(row(page, 4).locator(".hover-acts")).to_be_visible()
    assert faults == []


def test_rows_are_picked_with_ctrl_shift_and_keys(page: Page, faults: list[str]) -> None:
    count = page.locator("#bulk-count")
    row(page, 5).locator("a").click(modifiers=["Control"])
    row(page, 3).locator("a").click(modifiers=["Shift"])
    expect(count).to_contain_text("3")
    row(page, 4).locator("a").click(modifiers=["Control"])
    expect(count).to_contain_text("2")
    expect(page.locator("#message[data-open]")).to_have_count(0)
    page.locator("#rows").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#act-form")).to_be_hidden()
    page.keyboard.press("j")
    page.keyboard.press("x")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(count).to_contain_text("3")
    page.keyboard.press("Control+a")
    expect(count).to_contain_text("5")
    assert not faults


def test_shift_and_the_arrows_let_go_on_the_way_back(page: Page) -> None:
    count = page.locator("#bulk-count")
    page.keyboard.press("j")
    for key, number in (("Down", 2), ("Down", 3), ("Down", 4), ("Up", 3), ("Up", 2)):
        page.keyboard.press(f"Shift+Arrow{key}")
        expect(count).to_contain_text(f"{number} ")
    for key, number in (("Up", 1), ("Down", 2)):
        page.keyboard.press(f"Shift+Arrow{key}")
        expect(count).to_contain_text(f"{number} ")
    expect(row(page, 5).locator(".pick input")).to_be_checked()
    expect(row(page, 4).locator(".pick input")).to_be_checked()
    # Begun anew further down, it keeps what was picked before.
    for key in ("j", "j", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(count).to_contain_text("4 ")
    page.keyboard.press("Shift+ArrowUp")
    expect(count).to_contain_text("3 ")


def test_all_that_are_shown_are_picked_by_the_menu(page: Page) -> None:
    row(page, 5).locator(".pick input").check(force=True)
    page.locator("#act-form summary").click()
    page.get_by_role("button", name="Sélectionner tous les messages affichés").click()
    expect(page.locator("#bulk-count")).to_contain_text("5 ")
    expect(page.locator("#act-form .menu-panel")).to_be_hidden()
    expect(page.locator("#rows")).to_be_focused()


def test_a_finger_finds_how_to_pick(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page(width=375, height=800, has_touch=True)
    sign_in(page, alice)
    box = row(page, 5).locator(".pick input")
    assert box.evaluate("box => getComputedStyle(box).opacity") == "0"
    page.locator(".list-head > .menu > summary").tap()
    page.locator("[data-show-boxes]").tap()
    expect(page.locator(".list-head > .menu > .menu-panel")).to_be_hidden()
    assert box.evaluate("box => getComputedStyle(box).opacity") == "1"
    expect(box).to_be_focused()
    row(page, 4).locator(".pick").tap()
    expect(page.locator("#bulk-count")).to_contain_text("1 ")
    page.locator("[data-unpick]").first.tap()
    assert box.evaluate("box => getComputedStyle(box).opacity") == "0"
    # A finger that rests on a row picks it, instead of opening the browser's menu.
    held = """link => link.dispatchEvent(new PointerEvent("contextmenu",
        { bubbles: true, cancelable: true, pointerType: "touch" }))"""
    assert not row(page, 3).locator(":scope > a").evaluate(held)
    expect(row(page, 3).locator(".pick input")).to_be_checked()
    page.goto("/search/?q=Lettre")
    page.locator("[data-show-boxes]").tap()
    assert row(page, 5).locator(".pick input").evaluate("b => getComputedStyle(b).opacity") == "1"
    assert not faults


def test_what_vanished_unheard_goes_from_the_list_when_it_is_asked_for(
    page: Page, letters: Mailbox
) -> None:
    page.route("**/events*", lambda route: route.abort())
    page.goto("/mail/INBOX/")

    def remove(*numbers: int) -> None:
        for number in numbers:
            uid = letters.uids()[-number]
            letters.set_flags(uid, ["\\Deleted"])
            letters.imap.uid("EXPUNGE", str(uid))

    remove(1)
    row(page, 5).locator(":scope > a").click()
    expect(page.locator("#notices")).to_contain_text("n’est plus ici")
    expect(page.locator(".row")).to_have_count(4)
    expect(row(page, 4).locator(":scope > a")).to_be_focused()
    row(page, 4).locator(".pick input").check(force=True)
    row(page, 2).locator(".pick input").check(force=True)
    remove(1)
    remove(2)
    page.locator("#act-form [value=trash]").click()
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator("#notices")).to_contain_text("n’est plus ici")
    expect(page.locator("#act-form")).to_be_hidden()


def test_rows_that_go_elsewhere_are_no_longer_counted_as_picked(
    page: Page, letters: Mailbox
) -> None:
    for number in (5, 4, 3):
        row(page, number).locator(".pick input").check(force=True)
    uids, uidvalidity = letters.uids(), letters.uidvalidity()
    told = {
        "folder": "INBOX", "uidvalidity": uidvalidity, "uidnext": uids[-1] + 1, "exists": 4,
        "unseen": 1, "modseq": 9, "changed": [], "gone": [uids[-1]], "new": [],
    }  # fmt: skip
    page.evaluate(HEAR, told)
    expect(page.locator("#bulk-count")).to_contain_text("2 ")


def test_a_folder_is_found_as_one_types(page: Page, letters: Mailbox, faults: list[str]) -> None:
    row(page, 5).locator("a").click(modifiers=["Control"])
    row(page, 4).locator("a").click(modifiers=["Control"])
    page.locator("#rows").focus()
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("eleves")
    expect(dialog.locator("option")).to_have_text(["Élèves absents"])
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(3)
    expect(dialog).to_have_count(0)
    assert len(letters.uids("Élèves absents")) == 2
    row(page, 3).locator(".pick input").check(force=True)
    page.locator("#act-form [value=choose]").click()
    expect(page.get_by_role("dialog").locator("option").first).to_have_text("Élèves absents")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(letters.uids()) == 3
    assert not faults


def test_the_folder_that_begins_as_one_types_is_chosen(page: Page, letters: Mailbox) -> None:
    letters.create_folder("Absences au conseil")
    page.keyboard.press("j")
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("cons")
    expect(dialog.locator("option")).to_have_text(["Absences au conseil", "Conseil"])
    page.keyboard.press("Enter")
    expect(page.locator(".row")).to_have_count(4)
    assert len(letters.uids("Conseil")) == 1


def test_the_next_row_has_the_focus_once_the_dialog_moved_a_message(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("m")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("cons")
    page.keyboard.press("Enter")
    expect(page.locator("#ask > *")).to_have_count(0)  # what closes gives the focus back first
    expect(row(page, 4).locator(":scope > a")).to_be_focused()
    page.keyboard.press("z")
    expect(page.locator("#toast")).to_contain_text("1 message rétabli")
    expect(page.locator("#toast")).to_have_attribute("aria-live", "polite")


def test_nothing_is_moved_before_a_folder_is_named(page: Page, letters: Mailbox) -> None:
    """The first of the list is that of the drafts."""
    page.keyboard.press("j")
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.press("Enter")
    expect(dialog.locator("select")).to_be_focused()  # where the browser says what is missing
    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert len(letters.uids()) == 5
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_keys_archive_delete_flag_and_undo(page: Page, letters: Mailbox) -> None:
    page.keyboard.press("j")
    page.keyboard.press("s")
    expect(row(page, 5).locator(".flag")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    page.keyboard.press("#")
    expect(page.locator(".row")).to_have_count(4)
    page.keyboard.press("e")
    expect(page.locator(".row")).to_have_count(3)
    assert len(letters.uids("Trash")) == 1
    page.locator("#toast").get_by_role("button").click()
    expect(page.locator(".row")).to_have_count(4)
    expect(page.locator("#rows")).to_be_focused()


def test_messages_are_dragged_to_a_folder(page: Page, letters: Mailbox, faults: list[str]) -> None:
    row(page, 5).locator("a").click(modifiers=["Control"])
    row(page, 2).locator("a").click(modifiers=["Control"])
    row(page, 2).locator("a").drag_to(page.locator(".folder[data-folder=Zoo]"))
    expect(page.locator(".row")).to_have_count(3)
    assert len(letters.uids("Zoo")) == 2
    row(page, 1).locator("a").drag_to(page.locator(".folder[data-folder=Conseil]"))
    expect(page.locator(".row")).to_have_count(2)
    assert len(letters.uids("Conseil")) == 1
    page.keyboard.down("Control")
    with page.expect_response("**/act/"):
        row(page, 3).locator("a").drag_to(page.locator(".folder[data-folder=Conseil]"))
    page.keyboard.up("Control")
    assert len(letters.uids()) == 2
    assert len(letters.uids("Conseil")) == 2
    assert not faults


def test_a_refusal_is_not_told_behind_a_dialog(page: Page, letters: Mailbox) -> None:
    page.keyboard.press("j")
    page.keyboard.press("m")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("zoo")
    expect(dialog.locator("option")).to_have_text(["Zoo"])
    letters.delete_folder("Zoo")
    page.keyboard.press("Enter")
    expect(page.locator("#notices")).to_contain_text("dossier")
    expect(dialog).to_have_count(0)
    expect(page.locator("#bulk-count")).to_contain_text("1 ")


def test_tags_are_put_on_by_keyboard_and_show_at_once(page: Page, letters: Mailbox) -> None:
    page.keyboard.press("j")
    page.keyboard.press("l")
    dialog = page.get_by_role("dialog")
    for keyword in ("$label1", "$label3"):
        dialog.locator(f"[name=tags][value='{keyword}']").press("Space")
    dialog.locator("[value=retag]").press("Enter")
    expect(row(page, 5).locator(".tag")).to_have_text(["Important", "Personnel"])
    expect(dialog).to_have_count(0)
    uid = letters.uids()[-1]
    assert {"$label1", "$label3"} <= letters.flags(uid)


def test_the_trash_is_emptied_after_a_question(page: Page, letters: Mailbox) -> None:
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    expect(page.locator(".row")).to_have_count(0)
    page.goto("/mail/Trash/")
    page.locator(".list-head > .menu > summary").click()
    page.locator(".list-head [name=verb][value=delete]").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator("h2")).to_contain_text("5")
    dialog.locator("[data-question-close]").click()
    expect(dialog).to_have_count(0)
    assert len(letters.uids("Trash")) == 5
    page.locator(".list-head > .menu > summary").click()
    page.locator(".list-head [name=verb][value=delete]").click()
    page.get_by_role("dialog").locator("[value=delete]").click()
    expect(page.locator(".row")).to_have_count(0)
    assert letters.uids("Trash") == []


def test_all_that_match_are_selected_beyond_the_page(page: Page, letters: Mailbox) -> None:
    for n in range(6, 61):
        letters.append(letter(f"Lettre {n}"))
    page.goto("/mail/INBOX/")
    page.locator("#rows").focus()
    page.keyboard.press("Control+a")
    expect(page.locator(".list-tools")).to_be_hidden()  # the bar's second line lies on them
    page.locator("[data-pick-everything]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_be_focused()
    expect(page.locator("#bulk-all [data-all]")).to_have_attribute("data-all", "60")
    # News do not say another number beside it.
    uids = letters.uids()
    told = {
        "folder": "INBOX", "uidvalidity": letters.uidvalidity(), "uidnext": uids[-1] + 1,
        "exists": 60, "unseen": 60, "modseq": 9, "changed": [], "gone": [], "new": [],
    }  # fmt: skip
    page.evaluate(HEAR, told)
    expect(page.locator("#bulk-count")).to_be_empty()
    page.locator("#act-form [value=trash]").click()
    expect(page.get_by_role("heading", name="Rien à lire ici")).to_be_visible()
    assert letters.uids() == [] and len(letters.uids("Trash")) == 60


def test_undoing_leaves_the_message_open_that_was_opened_since(page: Page) -> None:
    row(page, 5).locator(":scope > a").click()
    expect(page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 5")
    page.locator("#message [name=verb][value=archive]").first.click()
    expect(page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 4")
    row(page, 2).locator(":scope > a").click()
    expect(page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 2")
    page.locator("#toast button").click()
    expect(row(page, 5)).to_be_visible()
    expect(page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 2")
    expect(page.locator('.row > a[aria-current="true"] .subject')).to_have_text("Lettre 2")


def test_the_count_of_what_was_found_follows_what_one_does(page: Page) -> None:
    page.goto("/search/?q=lettre")
    count = page.locator("#found-count")
    expect(count).to_have_text("5 messages trouvés")
    row(page, 5).locator(".pick input").check(force=True)
    row(page, 4).locator(".pick input").check(force=True)
    page.locator("#act-form [value=trash]").click()
    expect(count).to_have_text("3 messages trouvés")
    row(page, 3).locator(".pick input").check(force=True)
    row(page, 2).locator(".pick input").check(force=True)
    page.locator("#act-form [value=archive]").click()
    expect(count).to_have_text("1 message trouvé")


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_bars_dialogs_and_pages_are_accessible_and_fit(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    width: int,
    scheme: str,
) -> None:
    letters.append(letter("Étiquetée"), flags=["$label1", "$label4"])
    page = open_page(width=width, color_scheme=scheme)
    sign_in(page, alice)

    def check(name: str) -> None:
        found = Axe().run(page)
        wrong = [v["id"] for v in found.response["violations"]]
        assert not wrong, (name, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    page.locator(".pick input").first.check(force=True)
    check("bar")
    page.locator("#act-form [value=choose]").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    check("move")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#ask > *")).to_have_count(0)  # what closes gives the focus back first
    page.locator("#rows").focus()
    page.keyboard.press("?")
    expect(page.locator("#keys kbd").first).to_be_visible()
    check("keys")
    page.goto("/tags/")
    check("tags")
    page.goto("/mail/INBOX/selection/")
    check("selection")
    page.locator("[value=tags]").click()
    expect(page.locator(".ask-tags")).to_be_visible()
    check("question without a script")
    page.goto("/jobs/")
    check("jobs")


def test_without_javascript_messages_are_picked_moved_and_tagged(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, alice)
    row(page, 5).locator(".pick input").check(force=True)
    page.locator("#act-form [value=choose]").click()
    page.locator("#ask-to").select_option("Zoo")
    page.locator("[value=copy]").click()
    page.wait_for_url("**/mail/INBOX/")
    assert len(letters.uids("Zoo")) == 1
    row(page, 4).locator(".pick input").check(force=True)
    page.locator("#act-form summary").click()
    page.locator("#act-form [value=tags]").click()
    page.locator("[name=tags][value='$label1']").check()
    page.locator("[value=retag]").click()
    expect(row(page, 4).locator(".tag")).to_have_text("Important")
