"""A class in a browser: its list brought, its families written to, the list brought again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook.models import Contact, Group
from demo import address_books
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PATIENCE = 60_000


@pytest.fixture
def lists(settings: Any, tmp_path: Path) -> Path:
    """Schools' lists on the person's computer; a spool of the webmail's own."""
    settings.SPOOL = tmp_path / "spool"
    address_books.write(tmp_path / "books")
    whole = (tmp_path / "books" / "pronote-5eC.csv").read_bytes().split(b"\r\n")
    left = [line for line in whole if not line.startswith((b"BASTIDE", b"MERCIER"))]
    (tmp_path / "books" / "later.csv").write_bytes(b"\r\n".join(left))
    return tmp_path / "books"


@pytest.fixture(autouse=True)
def jobs_at_once(settings: Any) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True


def bring(page: Page, file: Path) -> None:
    """Up to the preview."""
    page.goto("/contacts/import/school/")
    page.set_input_files("input[type=file]", file)
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/columns/", timeout=PATIENCE)
    page.locator(".import-foot button.primary").click()
    expect(page.locator(".class-change")).to_be_visible(timeout=PATIENCE)


def accept(page: Page) -> None:
    page.locator(".import-foot button.primary").click()
    expect(page.locator(".outcome")).to_be_visible(timeout=PATIENCE)


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_class_from_its_list_to_the_next_one(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    lists: Path,
    faults: list[str],
    width: int,
) -> None:
    page = open_page(width=width)
    sign_in(page, alice)
    found: list[str] = []
    bring(page, lists / "pronote-5eC.csv")
    found += violations(page)
    accept(page)
    mine = User.objects.get(login="alice")
    group = Group.objects.of(mine).get()
    assert (group.name, group.contacts.count()) == ("5e C", 6)

    # A guardian by hand.
    noa = Contact.objects.of(mine).get(display_name="Noa BASTIDE")
    page.goto(f"/contacts/{noa.pk}/")
    expect(page.locator(".family")).to_contain_text("Yann BASTIDE")
    found += violations(page)
    page.get_by_role("link", name="Ajouter un responsable").click()
    page.wait_for_url("**/guardians/", timeout=PATIENCE)
    page.locator("#id_name").fill("Iris Bastide")
    page.locator("#id_address").fill("iris@courriel.example")
    found += violations(page)
    page.get_by_role("button", name="Ajouter le responsable").click()
    expect(page.locator(".family")).to_contain_text("Iris Bastide", timeout=PATIENCE)
    page.locator(".family a[href*='/guardians/']").last.click()
    expect(page.locator("#id_receives_mail")).to_be_checked(timeout=PATIENCE)
    found += violations(page)

    # Whom a message reaches, and the message.
    page.goto(f"/contacts/groups/{group.pk}/write/")
    expect(page.locator(".audience").first).to_contain_text("7 personnes reçoivent le message")
    expect(page.locator(".audience").first).to_contain_text("Denis MERCIER")
    found += violations(page)
    # A click opens it in a window of the page, where there is room for one.
    page.goto(page.locator(".audience a.btn").first.get_attribute("href") or "")
    expect(page.locator("#id_subject")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("body")).to_contain_text("5e C – responsables", timeout=PATIENCE)

    # The next list: two left, and one of them stays for now.
    bring(page, lists / "later.csv")
    boxes = page.locator(".class-change input[name=left]")
    expect(boxes).to_have_count(2)
    boxes.nth(1).uncheck()
    accept(page)
    assert group.contacts.count() == 5
    assert Contact.objects.of(mine).exclude(archived=None).exists()
    page.goto("/contacts/year/")
    found += violations(page)
    page.goto(f"/contacts/groups/{group.pk}/edit/")
    found += violations(page)
    assert found + faults == []
