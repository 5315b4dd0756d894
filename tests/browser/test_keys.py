"""The keys of the list and of the open message, and what is open after a message has gone."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.contrib.auth import get_user_model
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter, ref

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def letters(mailbox: Mailbox) -> Mailbox:
    """Five in the inbox, the last on top."""
    for n in range(1, 6):
        mailbox.append(letter(f"Lettre {n}"))
    return mailbox


@pytest.fixture
def narrow(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> Page:
    page = open_page(width=375, height=800)
    sign_in(page, alice)
    return page


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


def open_(page: Page, n: int) -> None:
    page.locator(".row", has_text=f"Lettre {n}").locator(":scope > a").click()
    is_open(page, n)


def is_open(page: Page, n: int) -> None:
    """The title has the focus, and the row is marked."""
    title = page.locator("#message .reader-title")
    expect(title).to_have_text(f"Lettre {n}")
    expect(title).to_be_focused()
    expect(page.locator("#rows a[aria-current]")).to_contain_text(f"Lettre {n}")


def prefer(value: str) -> None:
    user = get_user_model().objects.get()
    user.preferences = {**user.preferences, "after_filing": value}
    user.save()


# --- keys ---


@pytest.mark.parametrize(
    ("key", "folder"), [("Delete", "Trash"), ("#", "Trash"), ("e", "Archive"), ("!", "Junk")]
)
def test_the_open_message_is_filed_by_a_key(
    page: Page, letters: Mailbox, key: str, folder: str, faults: list[str]
) -> None:
    open_(page, 4)
    page.keyboard.press(key)
    expect(page.locator(".row")).to_have_count(4)
    is_open(page, 3)
    assert len(letters.uids()) == 4
    assert not faults


def test_each_key_acts_from_the_tool_bar_of_the_open_message(page: Page, letters: Mailbox) -> None:
    open_(page, 4)
    page.locator("#open-form [value=choose]").focus()
    page.keyboard.press("s")
    expect(page.locator("#open-flag")).to_have_attribute("data-on", "true")
    page.keyboard.press("s")
    expect(page.locator("#open-flag")).to_have_attribute("data-on", "false")
    page.keyboard.press("Shift+U")
    row = page.locator(".row", has_text="Lettre 4")
    expect(row).to_have_class(re.compile("is-new"))
    page.keyboard.press("m")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("ejr!")  # letters of a field
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_have_value("ejr!")
    page.keyboard.press("Control+a")
    page.keyboard.press("Backspace")
    page.keyboard.press("Escape")
    expect(page.locator("#open-form [value=choose]")).to_be_focused()
    page.keyboard.press("l")
    expect(page.locator(".ask-tags")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("e")
    assert len(letters.uids()) == 5


@pytest.mark.parametrize(("key", "path"), [("r", "reply"), ("a", "reply"), ("f", "forward")])
def test_a_message_is_answered_by_a_key(page: Page, key: str, path: str) -> None:
    open_(page, 4)
    page.keyboard.press(key)
    pane = page.locator("#composers .pane")
    expect(pane).to_have_attribute("data-url", re.compile(rf"/{path}/(\?all=1)?$"))
    assert ("all=1" in (pane.get_attribute("data-url") or "")) == (key == "a")


@pytest.mark.parametrize(("key", "path"), [("r", "reply"), ("a", "reply"), ("f", "forward")])
def test_the_message_of_a_row_is_answered_by_a_key(
    page: Page, letters: Mailbox, key: str, path: str
) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press(key)
    pane = page.locator("#composers .pane")
    more = "?all=1" if key == "a" else ""
    url = f"/mail/INBOX/{ref(letters, letters.uids()[-2])}/{path}/{more}"
    expect(pane).to_have_attribute("data-url", re.compile(re.escape(url) + "$"))


def test_keys_lead_to_the_next_message_the_previous_one_and_the_list(
    page: Page, faults: list[str]
) -> None:
    open_(page, 5)
    page.keyboard.press("ArrowDown")
    is_open(page, 4)
    page.keyboard.press("j")
    is_open(page, 3)
    page.keyboard.press("k")
    is_open(page, 4)
    page.keyboard.press("ArrowUp")
    is_open(page, 5)
    page.keyboard.press("k")  # there is none
    is_open(page, 5)
    page.keyboard.press("u")
    row = page.locator(".row", has_text="Lettre 5").locator(":scope > a")
    expect(row).to_be_focused()
    assert not faults


def test_arrows_scroll_what_is_not_the_title(page: Page) -> None:
    open_(page, 5)
    page.locator(".read-in").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("j")
    is_open(page, 4)


def test_no_letter_acts_elsewhere(page: Page, letters: Mailbox) -> None:
    """WCAG 2.1.4."""
    open_(page, 5)
    page.locator(".side-new").focus()
    for key in ("e", "Delete", "!", "j"):
        page.keyboard.press(key)
    page.locator("#open-form summary").click()
    page.locator("#open-form [value=unseen]").focus()  # in an open menu
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    assert len(letters.uids()) == 5
    expect(page.locator("#message .reader-title")).to_have_text("Lettre 5")


def test_the_tab_key_leads_into_the_text_and_out_of_it(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    mailbox.append(letter("Lettre 1", html="<p>Voir <a href='https://a.example/'>ici</a>.</p>"))
    page = open_page()
    sign_in(page, alice)
    open_(page, 1)
    expect(page.frame_locator("iframe.frame").get_by_text("ici")).to_be_visible()
    seen = []
    for _n in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.className"))
        if "frame" in seen[-1].split():
            break
    for key in ("Tab", "Tab"):
        page.keyboard.press(key)
    after = page.evaluate("document.activeElement.className")
    assert "frame" in seen[-1] and "frame" not in after.split()


def test_the_dialog_and_the_controls_say_the_keys(page: Page) -> None:
    open_(page, 5)
    archive = page.locator("#open-form [value=archive]")
    expect(archive).to_have_attribute("aria-keyshortcuts", "E")
    expect(archive).to_have_attribute("title", "Archiver (e)")
    trash = page.locator("#open-form [value=trash]")
    expect(trash).to_have_attribute("aria-keyshortcuts", "# Delete")
    page.keyboard.press("?")
    keys = page.locator("#keys")
    for words in ("message suivant", "retour à la liste", "signaler comme indésirable"):
        expect(keys.get_by_text(words, exact=True)).to_be_visible()


# --- afterwards ---


@pytest.mark.parametrize(
    ("value", "then"), [("next", "Lettre 3"), ("previous", "Lettre 5"), ("list", "")]
)
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_after_a_message_has_gone_the_chosen_one_is_open(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    letters: Mailbox,
    width: int,
    value: str,
    then: str,
    faults: list[str],
) -> None:
    page = open_page(width=width)
    sign_in(page, alice, opens=False)
    prefer(value)
    page.goto("/mail/INBOX/")
    open_(page, 4)
    page.locator("#open-form [value=trash]").click()
    expect(page.locator(".row")).to_have_count(4)
    if then:
        expect(page.locator("#message .reader-title")).to_have_text(then)
        expect(page.locator("#message .reader-title")).to_be_focused()
        expect(page).to_have_url(re.compile(r"/mail/INBOX/\d+-\d+/$"))
    else:
        expect(page.locator("#message[data-open]")).to_have_count(0)
        expect(page.locator(".row", has_text="Lettre 3").locator(":scope > a")).to_be_focused()
        expect(page).to_have_url(re.compile(r"/mail/INBOX/$"))
    assert not faults


def test_all_are_deleted_with_one_key(page: Page, letters: Mailbox, faults: list[str]) -> None:
    """From the last one up, and at last the list says that it is empty."""
    open_(page, 4)
    for then in (3, 2, 1, 5):
        page.keyboard.press("Delete")
        is_open(page, then)
    page.keyboard.press("Delete")
    expect(page.get_by_text("Rien à lire ici")).to_be_visible()
    expect(page.locator("#message[data-open]")).to_have_count(0)
    assert letters.uids() == [] and not faults


def test_a_message_moved_by_the_dialog_gives_way_to_the_next(page: Page, letters: Mailbox) -> None:
    letters.create_folder("Zoo")
    open_(page, 4)
    page.keyboard.press("m")
    expect(page.get_by_role("dialog").get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("zoo")
    page.keyboard.press("Enter")
    is_open(page, 3)
    assert len(letters.uids("Zoo")) == 1


def test_what_is_undone_leaves_the_open_message_open(page: Page, letters: Mailbox) -> None:
    open_(page, 4)
    page.keyboard.press("e")
    is_open(page, 3)
    expect(page.locator(".row")).to_have_count(4)
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    expect(page.locator(".row")).to_have_count(5)
    is_open(page, 3)
    assert len(letters.uids()) == 5


# --- next and previous ---


def steps(page: Page) -> tuple[str | None, str | None]:
    """Where previous and next lead."""
    named = ("Message précédent", "Message suivant")
    links = [page.locator("#message").get_by_role("link", name=name) for name in named]
    for link in links:
        expect(link).to_be_visible()
    return links[0].get_attribute("href"), links[1].get_attribute("href")


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_next_and_previous_stand_in_the_reader(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice)
    uids = letters.uids()
    open_(page, 5)
    assert steps(page) == (None, f"/mail/INBOX/{ref(letters, uids[3])}/")
    expect(page.locator(".steps")).to_contain_text("1 sur 5")
    page.get_by_role("link", name="Message suivant").click()
    is_open(page, 4)
    expect(page.locator(".steps")).to_contain_text("2 sur 5")
    page.reload()
    expect(page.locator(".steps")).to_contain_text("2 sur 5")
    assert steps(page) == tuple(f"/mail/INBOX/{ref(letters, uids[n])}/" for n in (4, 2))
    page.get_by_role("link", name="Message précédent").click()
    is_open(page, 5)


def test_next_and_previous_follow_the_sorted_list_and_what_was_found(
    page: Page, letters: Mailbox
) -> None:
    page.goto("/mail/INBOX/?sort=subject&up=1")
    open_(page, 3)
    page.keyboard.press("j")
    is_open(page, 4)
    page.goto("/search/?q=Lettre")
    open_(page, 3)
    page.keyboard.press("j")
    is_open(page, 2)
    page.reload()
    expect(page.locator(".steps")).to_contain_text("4 sur 5")
    assert "q=Lettre" in (steps(page)[1] or "")


def test_next_goes_on_beyond_the_rows_of_the_page(
    narrow: Page, letters: Mailbox, faults: list[str]
) -> None:
    """On a narrow screen the list is hidden, and no row scrolls in by itself."""
    letters.create_folder("Grand")
    large.fill(letters, "Grand", 65)
    narrow.goto("/mail/Grand/")
    uids = letters.uids("Grand")[::-1]
    named = [f"{letters.uidvalidity('Grand')}-{uid}" for uid in uids]
    narrow.goto(f"/mail/Grand/{named[49]}/")
    narrow.get_by_role("link", name="Message suivant").click()
    expect(narrow.locator(f'#message[data-open="{named[50]}"]')).to_be_visible()
    expect(narrow.locator(".steps")).to_contain_text("51 sur 65")
    narrow.reload()
    expect(narrow.locator(".steps")).to_contain_text("51 sur 65")
    narrow.get_by_role("link", name="Message précédent").click()
    expect(narrow.locator(f'#message[data-open="{named[49]}"]')).to_be_visible()
    assert not faults


def test_next_and_previous_without_a_script(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page(width=375, java_script_enabled=False)
    sign_in(page, alice)
    page.locator(".row", has_text="Lettre 4").locator(":scope > a").click()
    page.get_by_role("link", name="Message suivant").click()
    expect(page.locator("#message .reader-title")).to_have_text("Lettre 3")
    page.get_by_role("link", name="Message précédent").click()
    expect(page.locator("#message .reader-title")).to_have_text("Lettre 4")


# --- the pointer: the box for all, a row's actions, its menu, its window ---


def test_one_box_picks_all_and_none(page: Page) -> None:
    head, bulk = page.locator(".list-head [data-master]"), page.locator("#act-form [data-master]")
    head.check()
    expect(page.locator("#bulk-count")).to_contain_text("5 ")
    expect(bulk).to_be_focused()
    page.locator(".row", has_text="Lettre 3").locator(".pick input").uncheck(force=True)
    assert bulk.evaluate("box => box.indeterminate && !box.checked")
    bulk.click()
    expect(page.locator("#bulk-count")).to_contain_text("5 ")
    bulk.click()
    expect(page.locator("#act-form")).to_be_hidden()
    expect(head).to_be_focused()
    assert head.evaluate("box => !box.indeterminate && !box.checked")


def test_a_row_that_is_pointed_at_offers_its_actions(page: Page, letters: Mailbox) -> None:
    row = page.locator(".row", has_text="Lettre 4")
    row.hover()
    row.get_by_role("button", name="Marquer comme lu").click()
    expect(row).not_to_have_class(re.compile("is-new"))
    row.hover()
    row.get_by_role("button", name="Marquer comme non lu").click()
    expect(row).to_have_class(re.compile("is-new"))
    row.get_by_role("button", name="Archiver").click()
    expect(row).to_have_count(0)
    other = page.locator(".row", has_text="Lettre 2")
    other.hover()
    other.get_by_role("button", name="Supprimer").click()
    expect(other).to_have_count(0)
    assert len(letters.uids()) == 3 and len(letters.uids("Trash")) == 1


def test_the_other_button_opens_a_menu_on_a_row(
    page: Page, letters: Mailbox, faults: list[str]
) -> None:
    row = page.locator(".row", has_text="Lettre 4")
    row.locator(":scope > a").click(button="right")
    menu = page.get_by_role("menu")
    expect(menu.get_by_role("menuitem").first).to_be_focused()
    # Once each, though what has no room in a narrow bar stands in its menu as well.
    verbs = page.locator("#act-form [name=verb]").evaluate_all("all => all.map(one => one.value)")
    expect(menu.get_by_role("menuitem")).to_have_count(len(set(verbs)) + 4)
    reply = f"/mail/INBOX/{ref(letters, letters.uids()[-2])}/reply/"
    expect(menu.get_by_role("menuitem", name="Répondre", exact=True)).to_have_attribute(
        "href", reply
    )
    menu.get_by_role("menuitem", name="Supprimer").click()
    expect(page.locator(".row")).to_have_count(4)
    expect(menu).to_be_hidden()
    assert len(letters.uids("Trash")) == 1 and not faults


def test_a_row_has_the_focus_again_after_the_answer_from_its_menu_is_closed(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+F10")
    items = page.get_by_role("menu").get_by_role("menuitem")
    expect(items.first).to_be_focused()
    items.get_by_text("Répondre", exact=True).press("Enter")
    frame = page.frame_locator("#composers iframe")
    expect(frame.get_by_role("textbox", name="Texte du message")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#composers iframe:visible")).to_have_count(0)
    expect(page.locator(".row", has_text="Lettre 4").locator(":scope > a")).to_be_focused()


def test_the_menu_of_a_row_opens_by_keyboard(page: Page, letters: Mailbox) -> None:
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+F10")
    items = page.get_by_role("menu").get_by_role("menuitem")
    expect(items.first).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(items.last).to_be_focused()
    page.keyboard.press("e")  # no key of the list
    page.keyboard.press("Escape")
    expect(page.locator(".row", has_text="Lettre 4").locator(":scope > a")).to_be_focused()
    page.keyboard.press("ContextMenu")
    items.get_by_text("Archiver").press("Enter")
    expect(page.locator(".row")).to_have_count(4)
    expect(page.locator(".row", has_text="Lettre 3").locator(":scope > a")).to_be_focused()
    assert len(letters.uids()) == 4


def test_an_answer_begun_by_the_menu_has_the_focus_and_gives_it_back(page: Page) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Shift+F10")
    page.get_by_role("menu").get_by_role("menuitem", name="Répondre", exact=True).press("Enter")
    pane = page.frame_locator("#composers iframe")
    expect(pane.get_by_role("textbox", name="Message")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#composers iframe")).to_have_count(0)
    expect(page.locator(".row", has_text="Lettre 5").locator(":scope > a")).to_be_focused()


def test_a_menu_on_an_unpicked_row_is_about_that_row(page: Page, letters: Mailbox) -> None:
    for n in (5, 4):
        page.locator(".row", has_text=f"Lettre {n}").locator(".pick input").check(force=True)
    page.locator(".row", has_text="Lettre 2").locator(":scope > a").click(button="right")
    page.get_by_role("menuitem", name="Supprimer").click()
    expect(page.locator(".row")).to_have_count(4)
    page.locator(".row", has_text="Lettre 5").locator(".pick input").check(force=True)
    page.locator(".row", has_text="Lettre 4").locator(".pick input").check(force=True)
    page.locator(".row", has_text="Lettre 5").locator(":scope > a").click(button="right")
    page.get_by_role("menuitem", name="Supprimer").click()
    expect(page.locator(".row")).to_have_count(2)


def test_a_double_click_opens_the_message_in_a_window_of_its_own(page: Page) -> None:
    with page.context.expect_page() as opened:
        page.locator(".row", has_text="Lettre 4").locator(":scope > a").dblclick()
    window = opened.value
    expect(window.locator("#message .reader-title")).to_have_text("Lettre 4")
    for hidden in (".list", ".side", ".top"):
        expect(window.locator(hidden)).to_be_hidden()
    window.get_by_role("link", name="Message suivant").click()
    expect(window.locator("#message .reader-title")).to_have_text("Lettre 3")


def test_a_folder_is_begun_beside_the_folders(page: Page) -> None:
    page.locator(".side").get_by_role("link", name="Nouveau dossier").click()
    expect(page.locator("#new-name")).to_be_focused()


@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_the_menu_the_bars_and_the_keys_are_accessible(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    width: int,
    scheme: str,
) -> None:
    page = open_page(width=width, color_scheme=scheme)
    sign_in(page, alice)

    def check(name: str) -> None:
        found = Axe().run(page)
        wrong = [v["id"] for v in found.response["violations"]]
        assert not wrong, (name, found.generate_report())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name

    row = page.locator(".row", has_text="Lettre 4")
    row.hover()
    check("hovered")
    row.locator(":scope > a").click(button="right")
    expect(page.get_by_role("menu")).to_be_visible()
    check("menu")
    page.keyboard.press("Escape")
    open_(page, 4)
    check("message")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    check("keys")
    page.keyboard.press("Escape")
    page.goto("/mail/INBOX/")
    page.locator(".list-head [data-master]").check()
    check("picked")


# --- the icon of the tab ---


def test_the_icon_of_the_tab_says_that_there_is_unread_mail(
    page: Page, letters: Mailbox, faults: list[str]
) -> None:
    icon = page.locator("link[rel=icon]")
    expect(icon).to_have_attribute("href", re.compile("logo-unread"))
    page.locator(".list-head [data-master]").check()
    page.keyboard.press("Shift+I")
    expect(icon).to_have_attribute("href", re.compile(r"logo\."))
    assert not faults


def test_an_opened_message_becomes_read_after_the_seconds_that_were_chosen(
    page: Page, letters: Mailbox
) -> None:
    user = get_user_model().objects.get()
    user.preferences = {"mark_read": "5"}
    user.save()
    open_(page, 4)
    row = page.locator(".row", has_text="Lettre 4")
    expect(row).to_have_class(re.compile("is-new"))
    assert "\\Seen" not in letters.flags(letters.uids()[-2])
    expect(row).not_to_have_class(re.compile("is-new"))
    assert "\\Seen" in letters.flags(letters.uids()[-2])
