"""Who writes to one family is told, while writing, that the text names another pupil."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Request, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups, ties
from addressbook.models import Group
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.test_sending_choice import write

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_another_pupil_in_the_text_beside_a_parent_is_said_and_nothing_is_blocked(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice)
    user = User.objects.get(login=alice.login)
    group = groups.create(user, "6e B")
    Group.objects.filter(pk=group.pk).update(kind=Group.Kind.CLASS)
    pupils = [
        contacts.create(user, ContactData(first_name=first, last_name="Le Goff"))
        for first in ("Zoé", "Malo")
    ]
    groups.add(group, [one.pk for one in pupils])
    mother = contacts.create(
        user,
        ContactData(first_name="Anne", last_name="Roche", emails=(Email("a@famille.example"),)),
    )
    ties.add_guardian(pupils[0], mother, relation="mother", receives_mail=True, is_legal=True)
    sent: list[str] = []

    def note(request: Request) -> None:
        if "/beside/" in request.url:
            sent.append(request.post_data or "")

    page.on("request", note)
    page.goto("/compose/")
    write(page, "Bonjour, Malo LE GOFF était absent lundi.")
    line = page.locator("[data-family]")
    expect(line).to_be_hidden()
    page.locator("[data-line] input").first.fill("roche")
    page.locator("[role=option]").first.click()
    expect(line).to_contain_text("Malo Le Goff")
    assert len(sent) == 1
    assert "absent" not in sent[0]
    expect(page.locator("[data-send]")).to_be_enabled()
    write(page, " Zoé Le Goff aussi.")
    page.locator("#rich").press("Control+a")
    page.locator("#rich").press("Delete")
    write(page, "Zoé Le Goff était absente lundi.")
    expect(line).to_be_hidden()
    page.locator("#id_subject").fill("Absence de Malo Le Goff")
    expect(line).to_contain_text("Malo Le Goff")
    page.locator("#id_subject").fill("Absence")
    expect(line).to_be_hidden()
