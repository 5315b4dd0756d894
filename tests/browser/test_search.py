"""Searching in a real browser: the field, what is found, a message beside it, the keyboard."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import axe
from tests.browser.test_outbox import look
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.models import RecentSearch, SavedSearch
from webmail.views.list import results as results_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
TEXT = "Rendez-vous devant le musée à 8 h."


@pytest.fixture
def letters(mailbox: Mailbox) -> Mailbox:
    mailbox.create_folder("Classes")
    mailbox.create_folder("Classes/4e B")
    began = datetime(2026, 3, 1, 9, tzinfo=UTC)
    for n, (subject, folder, html) in enumerate(
        (
            ("Sortie au Musée", "INBOX", ""),
            ("Autorisation", "Classes/4e B", ""),
            ("Musée : devis du bus", "Archive", f"<p>{TEXT}</p>"),
            ("Réunion", "INBOX", ""),
        )
    ):
        body = "Ordre du jour." if subject == "Réunion" else TEXT
        mailbox.append(letter(subject, body, html=html), folder, date=began + timedelta(days=n))
    return mailbox


def look_for(page: Page, text: str) -> None:
    page.locator("#search-text").fill(text)
    page.locator("#search-text").press("Enter")


def found(page: Page) -> list[str]:
    expect(page.locator(".found")).to_be_visible()
    return page.locator("#rows .subject").all_inner_texts()


def test_words_are_found_in_all_folders_and_a_message_opens_beside_them(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    look_for(page, "musée")
    assert found(page) == ["Musée : devis du bus", "Autorisation", "Sortie au Musée"]
    expect(page).to_have_url("/search/?q=mus%C3%A9e&folder=INBOX")
    expect(page.locator("#rows")).to_be_focused()
    expect(page.locator("#search-status")).not_to_be_empty()
    page.locator(".row > a").nth(1).click()
    expect(page.locator(".text mark")).to_have_text("musée")
    assert len(found(page)) == 3
    page.reload()
    assert len(found(page)) == 3
    expect(page.locator("#message-title")).to_have_text("Autorisation")
    expect(page.locator("#search-text")).to_have_value("musée")
    page.go_back()
    page.wait_for_url("/search/?q=*")
    page.wait_for_load_state()  # nothing is kept in the browser: the page is loaded again
    expect(page.locator("#rows .subject")).to_have_count(3)
    # Back in a folder the field is empty again.
    page.locator(".folders a", has_text="Archives").click()
    expect(page.locator("#search-text")).to_have_value("")
    assert not faults


def test_hits_in_an_html_message_are_marked_over_its_words(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    look_for(page, "musée devis")
    assert len(found(page)) == 1
    page.locator(".row > a").first.click()
    marked = """() => {
      const frame = document.querySelector("iframe[data-frame]")?.contentWindow;
      return [...(frame?.CSS.highlights.get("hit") ?? [])].map(String);
    }"""
    # The page's policy allows no wait_for_function.
    wait_for(lambda: page.evaluate(marked), page)
    assert page.evaluate(marked) == ["musée"]
    assert "<mark" not in page.frame_locator("iframe[data-frame]").locator("body").inner_html()
    assert not faults


def test_the_same_without_javascript(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, alice)
    look_for(page, "musée")
    assert len(found(page)) == 3
    page.locator(".reaches a").nth(1).click()
    assert found(page) == ["Sortie au Musée"]
    page.locator(".row > a").first.click()
    expect(page.locator(".text mark")).to_have_text("musée")
    page.goto("/search/")
    page.locator("#id_sender").fill("bob")
    page.locator("#id_subject").fill("réunion")
    page.locator(".asking-form button").click()
    assert found(page) == ["Réunion"]
    expect(page.locator("#search-text")).to_have_value("de:bob objet:réunion")


def test_an_incomplete_search_is_continued_by_a_click(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    faults: list[str],
) -> None:
    monkeypatch.setattr(results_page, "FIRST_ANSWER", -1.0)
    page = open_page()
    sign_in(page, alice)
    look_for(page, "musée")
    assert found(page) == ["Sortie au Musée"]
    page.locator(".found-rest a").click()
    expect(page.locator("#rows .subject")).to_have_count(2)
    page.locator(".found-rest a").click()
    expect(page.locator("#rows .subject")).to_have_count(3)
    expect(page.locator(".found-rest")).to_have_count(0)
    # Nothing found in the first folders: it goes on without a click.
    look_for(page, "devis")
    expect(page.locator("#rows .subject")).to_have_text(["Musée : devis du bus"])
    assert not faults


def test_the_keyboard_goes_from_the_list_to_the_field_and_back(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    page.locator("#rows").press("/")
    expect(page.locator("#search-text")).to_be_focused()
    page.keyboard.type("musée")
    page.keyboard.press("Enter")
    assert len(found(page)) == 3
    expect(page.locator("#rows")).to_be_focused()
    page.keyboard.press("/")
    expect(page.locator("#search-text")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#rows")).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("#message-title")).to_have_text("Autorisation")
    assert not faults


def test_what_was_found_in_several_folders_is_deleted_and_brought_back(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    look_for(page, "musée")
    assert len(found(page)) == 3
    page.locator(".row > a").nth(1).click()
    expect(page.locator('.row > a[aria-current="true"] .subject')).to_have_text("Autorisation")
    expect(page.locator(".row").nth(1)).not_to_have_class("row is-new")
    page.locator("#rows").focus()
    page.keyboard.press("Control+a")
    page.locator("#act-form [value=trash]").click()
    # An emptied list is asked for again, and finds them in the trash.
    wait_for(lambda: len(letters.uids("Trash")) == 3)
    page.locator("#toast button").click()
    wait_for(lambda: letters.uids("Trash") == [])
    assert len(letters.uids()) == 2 and len(letters.uids("Classes/4e B")) == 1
    assert not faults


def test_a_search_is_given_up_when_one_types_on(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    failed: list[str] = []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.route("**/search/?q=lent*", lambda route: None)  # it never answers
    look_for(page, "lent")
    page.locator("#search-text").press("End")
    page.keyboard.type("e")
    page.wait_for_timeout(300)
    assert ["q=lent&" in url for url in failed] == [True]
    look_for(page, "musée")
    assert len(found(page)) == 3
    assert not faults


def test_a_telephone_has_the_field_on_its_own_page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page(width=375, height=780)
    sign_in(page, alice)
    expect(page.locator("#search-text")).to_be_hidden()
    page.locator(".to-search").click()
    expect(page.locator("#search-text")).to_be_focused()
    look_for(page, "musée")
    assert len(found(page)) == 3
    page.locator(".row > a").nth(1).click()
    expect(page.locator("#message-title")).to_have_text("Autorisation")
    page.locator(".to-list").click()
    expect(page.locator("#rows .subject").nth(1)).to_be_visible()
    expect(page).to_have_url("/search/?q=mus%C3%A9e&in=all&folder=INBOX")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not faults


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_nothing_stands_in_the_way_of_a_screen_reader(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    monkeypatch: pytest.MonkeyPatch,
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice)
    monkeypatch.setattr(results_page, "FIRST_ANSWER", -1.0)
    for address in (
        "/search/",
        "/search/?words=x&since=jamais",
        "/search/?q=avant:jamais+musée&folder=INBOX",
        "/search/?q=introuvable&in=here&folder=INBOX",
    ):
        page.goto(address)
        answer = Axe().run(page)
        assert not answer.response["violations"], answer.generate_report()


@pytest.fixture
def field(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> Page:
    """Alice's page with the cursor in the field. She looked for two things before, and knows
    Claire."""
    page = open_page()
    sign_in(page, alice)
    mine = User.objects.get(login="alice")
    RecentSearch.objects.note(mine, "de:martin")
    RecentSearch.objects.note(mine, "musée")
    emails = (Email("musette@x.example"),)
    contacts.create(mine, ContactData(display_name="Claire Musette", emails=emails))
    page.locator("#search-text").focus()
    return page


def test_what_is_suggested_is_chosen_by_arrows(field: Page, faults: list[str]) -> None:
    text, options = field.locator("#search-text"), field.locator("#search-suggestions .suggest")
    # Nobody who comes into the field is disturbed.
    expect(text).to_have_attribute("aria-expanded", "false")
    field.keyboard.press("ArrowDown")
    expect(options).to_have_count(2)
    expect(text).to_have_attribute("aria-expanded", "true")
    expect(field.locator("#search-suggested")).not_to_be_empty()
    expect(text).not_to_have_attribute("aria-activedescendant", re.compile("."))
    assert Axe().run(field, context=".search-bar").response["violations"] == []
    field.keyboard.type("mus")
    expect(options).to_have_count(2)
    expect(field.get_by_role("group", name="Personnes").get_by_role("option")).to_contain_text(
        "Claire Musette"
    )
    field.keyboard.press("ArrowUp")
    expect(text).to_have_attribute("aria-activedescendant", "suggest-person-1")
    field.keyboard.press("ArrowDown")
    expect(text).to_have_attribute("aria-activedescendant", "suggest-recent-1")
    assert Axe().run(field, context=".search-bar").response["violations"] == []
    field.keyboard.press("Escape")
    expect(field.locator("#search-suggestions")).to_be_hidden()
    expect(text).to_have_value("mus")
    field.keyboard.press("ArrowDown")
    expect(options.first).to_be_visible()
    field.keyboard.press("ArrowDown")
    field.keyboard.press("Enter")
    expect(text).to_have_value("musée")
    assert found(field) == ["Musée : devis du bus", "Autorisation", "Sortie au Musée"]
    expect(field.locator("#search-suggestions")).to_be_hidden()
    assert faults == []


def test_enter_searches_for_what_was_typed_whatever_is_suggested(field: Page) -> None:
    field.keyboard.type("mus")
    expect(field.locator("#search-suggestions .suggest").first).to_be_visible()
    field.keyboard.press("Enter")
    field.wait_for_url("**/search/?q=mus&**")
    field.wait_for_timeout(400)
    expect(field.locator("#search-suggestions")).to_be_hidden()


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
def test_a_search_is_narrowed_sorted_saved_and_chosen_again_by_keyboard(
    field: Page, letters: Mailbox, width: int
) -> None:
    page = field
    letters.append(letter("Musée des arts"), flags=["\\Seen"])
    letters.append(letter("Musée de la mer"))
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/search/?q=musée")
    rows = page.locator("#rows .row")
    page.get_by_role("link", name="Non lus", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("nonlu"))
    expect(rows).to_have_count(4)
    page.locator("summary", has_text="Tri").press("Enter")
    page.get_by_role("link", name="Objet", exact=True).press("Enter")
    expect(page).to_have_url(re.compile("sort=subject"))
    expect(rows.first).to_contain_text("Autorisation")
    page.locator("summary", has_text="Enregistrer").press("Enter")
    look(page, f"search-save-{width}")
    assert axe(page) == []
    page.get_by_label("Nom de la recherche").fill("Musées non lus")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("Musées non lus")
    page.goto("/search/")
    look(page, f"search-form-{width}")
    assert axe(page) == []
    page.get_by_role("link", name="Musées non lus").press("Enter")
    expect(page).to_have_url(re.compile("nonlu"))
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_saved_search_is_among_the_suggestions(field: Page) -> None:
    page = field
    mine = User.objects.get(login="alice")
    SavedSearch.objects.keep(mine, "Mes sorties", text="sortie", reach="here", folder="INBOX")
    page.goto("/mail/INBOX/")
    page.locator("#search-text").click()
    expect(page.get_by_role("option", name="Mes sorties")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=sortie&in=here&folder=INBOX"))


def test_a_suggestion_is_pressed_and_a_recent_search_removed(
    field: Page, faults: list[str]
) -> None:
    options = field.locator("#search-suggestions .suggest")
    field.locator("#search-text").click()
    expect(options).to_have_count(2)
    options.filter(has_text="musée").locator("[data-x]").click()
    expect(options).to_have_count(1)
    expect(field.locator("#search-text")).to_be_focused()
    field.keyboard.press("ArrowDown")
    field.keyboard.press("Shift+Delete")
    expect(field.locator("#search-suggestions")).to_be_hidden()
    assert not RecentSearch.objects.exists()
    field.keyboard.type("claire")
    options.click()
    field.wait_for_url("**/search/?q=de%3Amusette%40x.example&**")
    assert faults == []
