"""An old address book on its way in a browser: by keyboard, with a worker, without a script."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.models import Contact, Group
from addressbook.models.imports import ImportJob
from demo import address_books
from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import violations
from webmail.celery import app

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def books(settings: Any, tmp_path: Path) -> Path:
    """Old address books on the person's computer; a spool of the webmail's own."""
    settings.SPOOL = tmp_path / "spool"
    address_books.write(tmp_path / "books")
    return tmp_path / "books"


@pytest.fixture
def jobs_wait(settings: Any) -> Iterator[None]:
    """Until a worker is there."""
    settings.CELERY_TASK_ALWAYS_EAGER = False
    yield
    app.control.purge()


@pytest.fixture
def jobs_at_once(settings: Any) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True


def worker() -> Any:
    """A worker of Celery, while the block runs."""
    return start_worker(
        app, pool="solo", queues=["imports"], perform_ping_check=False, shutdown_timeout=30
    )


@pytest.fixture
def at_home(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    books: Path,
) -> Callable[..., Page]:
    """`at_home(width=375)`: Alice's page, with one contact in her address book."""

    def opened(**options: Any) -> Page:
        page = open_page(**options)
        sign_in(page, alice)
        mine = User.objects.get(login="alice")
        sophie = ContactData(
            first_name="Sophie",
            last_name="Lambert-Petit",
            emails=(Email("s.lambert-petit@courriel.example"),),
        )
        contacts.create(mine, sophie)
        return page

    return opened


def press_on(page: Page, selector: str) -> None:
    """The Tab key until the element has the focus, then Enter."""
    wanted = page.locator(selector)
    for _step in range(120):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"{selector} is not reached by keyboard")


@pytest.mark.usefixtures("jobs_wait")
def test_a_book_of_horde_is_imported_by_keyboard_and_undone(
    at_home: Callable[..., Page], books: Path, faults: list[str]
) -> None:
    page = at_home()
    page.goto("/contacts/")
    press_on(page, '#folders a[href="/contacts/import/"]')
    page.wait_for_url("**/contacts/import/")
    press_on(page, 'a[href="/contacts/import/horde/"]')
    page.wait_for_url("**/contacts/import/horde/")
    page.set_input_files("input[type=file]", books / "horde.csv")
    expect(page.locator("[data-chosen] li")).to_contain_text("horde.csv")
    press_on(page, "main button[type=submit]")

    # Nobody reads it yet: the page says so, can be left, and is found again.
    expect(page.locator("#import-progress progress")).to_be_visible()
    page.goto("/contacts/")
    press_on(page, "#folders a.has-new")
    expect(page.locator("#import-progress progress")).to_be_visible()
    with worker():
        page.wait_for_url("**/columns/", timeout=60_000)
        expect(page.locator("tbody tr")).to_have_count(17)
        press_on(page, ".import-foot button.primary")
        page.wait_for_url(lambda url: "columns" not in url)
        expect(page.locator(".tile b").first).to_have_text("302", timeout=60_000)
        press_on(page, '.tile[href*="merge"]')
        expect(page.locator(".sides")).to_contain_text("03 53 01 55 18")
        assert Contact.objects.count() == 1
        press_on(page, ".import-foot button.primary")
        expect(page.locator(".outcome")).to_contain_text("303", timeout=60_000)
        assert Contact.objects.count() == 303
        assert Group.objects.filter(name="6e C").exists()

        press_on(page, 'main a[href$="/undo/"]')
        expect(page.locator("main form .danger")).to_be_visible()
        press_on(page, "main form .danger")
        expect(page.locator('main a[href$="/undo/"]')).to_have_count(0, timeout=60_000)
        expect(page.locator(".outcome")).to_be_visible(timeout=60_000)
    mine = User.objects.get(login="alice")
    (sophie,) = Contact.objects.of(mine)
    assert "03 53 01 55 18" not in sophie.vcard
    assert ImportJob.objects.get().state == "undone"
    assert not faults


@pytest.mark.usefixtures("jobs_wait")
def test_without_a_script_progress_is_asked_again_and_leads_on(
    at_home: Callable[..., Page], books: Path
) -> None:
    page = at_home(java_script_enabled=False)
    page.goto("/contacts/import/sun/")
    page.set_input_files("input[type=file]", [books / "sun.ldif", books / "classe-6eC.csv"])
    page.locator("main button[type=submit]").click()
    expect(page.locator("#import-progress")).to_be_visible()
    with worker():
        page.wait_for_url("**/columns/", timeout=60_000)
        page.locator(".import-foot button.primary").click()
        expect(page.locator(".tile").first).to_be_visible(timeout=60_000)
        page.locator(".import-foot button.primary").click()
        expect(page.locator(".outcome")).to_be_visible(timeout=60_000)
    assert Contact.objects.filter(display_name="Amélie Aubert").count() == 1


@pytest.mark.whole
@pytest.mark.usefixtures("jobs_at_once")
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_every_page_of_an_import_is_for_everybody(
    at_home: Callable[..., Page], books: Path, faults: list[str], width: int
) -> None:
    page = at_home(width=width)
    found = []

    def look(url: str) -> None:
        page.goto(url)
        found.extend(violations(page))
        wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
        found.extend([f"{url} is too wide"] * wide)

    for url in ("", "horde/", "sun/", "other/", "school/"):
        look(f"/contacts/import/{url}")
    page.set_input_files("input[type=file]", books / "horde.csv")
    page.locator("main button[type=submit]").click()
    page.wait_for_url("**/columns/")
    look(page.url)
    page.locator(".import-foot button.primary").click()
    page.wait_for_url(lambda url: "columns" not in url)
    job = ImportJob.objects.get()
    url = f"/contacts/import/{job.pk}/"
    for part in ("new", "merge", "unchanged", "refused"):
        look(f"{url}?show={part}")
        cut = "tables => tables.some(table => table.scrollHeight > table.clientHeight)"
        found.extend([f"{part} is cut off"] * page.locator(".table-card").evaluate_all(cut))
    ImportJob.objects.update(state="writing", written=100)
    look(url)
    # Else the page that shows the progress may leave for the next one while this one is asked for.
    page.goto("about:blank")
    ImportJob.objects.update(state="ready", written=0)
    page.goto(url)
    page.locator(".import-foot button.primary").click()
    expect(page.locator(".outcome")).to_be_visible()
    for address in (url, f"{url}undo/", "/contacts/import/"):
        look(address)
    assert found + faults == []
