"""The address book in a browser: by keyboard, on a telephone, without a script."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email, Phone
from addressbook.contacts import collected, groups
from addressbook.models import Contact
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import violations
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def fill_book() -> None:
    """Alice's, with two pages of contacts and a group."""
    mine = User.objects.get(login="alice")
    zoe = ContactData(
        first_name="Zoé",
        last_name="Roux",
        emails=(Email("zoe@x.example"), Email("z@y.example", "work")),
        phones=(Phone("06 39 98 41 27", "mobile"),),
    )
    datas = [ContactData(display_name=f"Élève {n:03}") for n in range(120)]
    made = contacts.create_many(mine, [*datas, zoe])
    groups.add(groups.create(mine, "Parents 4e B"), [made[0].pk, made[-1].pk])


@pytest.mark.whole
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_every_page_is_for_everybody(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    faults: list[str],
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice)
    fill_book()
    contact = Contact.objects.last()
    assert contact is not None
    group = contact.groups.get()
    contacts.delete(contact.user, [Contact.objects.earliest("pk").pk])
    found = []
    twins = [contacts.create(contact.user, contacts.data_of(contact)).pk, contact.pk]
    merge = f"duplicates/merge/?contacts={twins[0]}&contacts={twins[1]}"
    one = f"{contact.pk}/"
    pages = ["", one, f"{one}edit/", f"groups/{group.pk}/", "groups/new/", "bin/", "export/"]
    collected.record(contact.user, [("Paul Noël", "paul@x.example")])
    pages += ["collected/", "directory/", "directory/?q=xyz"]
    for url in (*pages, "duplicates/", merge):
        page.goto(f"/contacts/{url}")
        found += violations(page)
    assert found + faults == []


def test_a_name_without_a_blank_widens_no_page(
    open_page: Callable[..., Page], sign_in: Callable[[Page, MailAccount], None], alice: MailAccount
) -> None:
    page = open_page(width=375)
    sign_in(page, alice)
    user = User.objects.get()
    contact = contacts.create(user, ContactData(display_name="é" * 300))
    group = groups.create(user, "é" * 200)
    groups.add(group, [contact.pk])
    one, many = f"{contact.pk}/", f"groups/{group.pk}/"
    for url in ("", one, f"{one}edit/", many, f"{many}edit/", "export/"):
        page.goto(f"/contacts/{url}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, url


def test_scrolling_searching_and_opening(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    fill_book()
    page.goto("/contacts/")
    expect(page.locator(".person")).to_have_count(100)
    page.locator("#more").scroll_into_view_if_needed()
    expect(page.locator(".person")).to_have_count(121)
    page.fill("#q", "ROUX 063998")
    expect(page.locator(".person")).to_have_count(1)
    page.locator(".person > a").click()
    expect(page.locator("#contact-title")).to_be_focused()
    expect(page.locator('.person > a[aria-current="true"]')).to_have_count(1)
    assert re.search(r"/contacts/\d+/\?q=", page.url)


def test_a_contact_and_a_group_are_edited_in_the_address_book(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    faults: list[str],
) -> None:
    """On a wide screen messages are written in panes; what is not a message has its own page."""
    page = open_page(width=1440)
    sign_in(page, alice, opens=False)
    fill_book()
    zoe = Contact.objects.get(display_name="Zoé Roux")
    page.goto(f"/contacts/{zoe.pk}/")
    page.mouse.wheel(0, 2000)
    for url in (f"/contacts/{zoe.pk}/edit/", f"/contacts/groups/{zoe.groups.get().pk}/edit/"):
        page.goto(url.removesuffix("edit/"))
        page.locator(f"a[href='{url}']").first.click()
        page.wait_for_url(f"**{url}")
        expect(page.locator(".pane")).to_have_count(0)
    assert faults == []


def test_without_a_script_a_contact_is_made_and_deleted(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in(page, alice, opens=False)
    page.goto("/contacts/new/")
    page.fill("#id_first_name", "Zoé")
    page.fill("#id_emails-0-address", "zoe@x.example")
    page.click("[name=more][value=emails]")
    page.fill("#id_emails-1-address", "zoe@y.example")
    page.locator("#id_last_name").press("Enter")
    expect(page.locator("#contact-title")).to_have_text("Zoé")
    expect(page.locator(".kv a")).to_have_count(2)
    page.click("#contact [value=delete]")
    expect(page.locator(".person")).to_have_count(0)
    page.click("[data-toast] button")
    expect(page.locator(".person")).to_have_count(1)


def test_the_sender_of_a_message_is_added(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    mailbox.append(b"From: Luc Fontanel <luc@x.example>\nSubject: Bonjour\n\nx\n")
    page = open_page()
    sign_in(page, alice)
    page.locator(".row > a").click()
    page.click(".message-to summary")
    page.click(".message-add button")
    expect(page.locator("#contact-title")).to_have_text("Luc Fontanel")
