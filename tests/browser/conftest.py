"""A real browser before a real server: Chromium, uvicorn, Dovecot, the academy's SMTP."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import date
from http.cookies import Morsel
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import DEFAULT_OPTIONS, Axe, AxeResults
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.urls import reverse
from playwright._impl._api_structures import SetCookieParam
from playwright.sync_api import Browser, BrowserContext, BrowserType, Dialog, Page, expect

from accounts import numen
from accounts.models import MailDomain, StaffRecord
from accounts.numen import NumenKey
from demo.servers.dovecot import MailAccount
from tests.browser import older
from tests.browser.serving import StaticFirst, running, wait_for_the_end
from tests.browser.waiting import limited
from tests.browser.windows import Windows
from tests.conftest import put_first_steps_away
from tests.servers.plugin import missing
from tests.waiting import LONGEST_S, PATIENCE_S

# Playwright's loop runs in the thread of the tests, where Django then refuses its database.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

NUMEN, BORN = "20E0500001AAA", date(1980, 5, 12)
"""Those of `claire`."""

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# The same browser without windows, where it is there: a page takes it half of the time.
SHELL = shutil.which("chromium-headless-shell")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session", autouse=True)
def axe_costs_little() -> Iterator[None]:
    """Axe is read once by each document, and answers with what is wrong alone: what is right is
    long. It does not fetch style sheets for the one rule that needs them, which is off: what a
    sheet imports it looks for at the page's own address and writes into the page, which the policy
    refuses."""

    def run(self: Axe, page: Page, context: Any = None, options: Any = None) -> AxeResults:
        if not page.evaluate("'axe' in window"):
            page.evaluate(self.axe_script)
        chosen = {"preload": False, **(options or DEFAULT_OPTIONS)}
        arguments = self._format_script_args(context=context, options=chosen)
        left_out = "passes: [], incomplete: [], inapplicable: []"
        answer = f"axe.run({arguments}).then((found) => ({{...found, {left_out}}}))"
        return AxeResults(page.evaluate(answer))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Axe, "run", run)
        yield


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    expect.set_options(timeout=1000 * PATIENCE_S)
    with limited(LONGEST_S):
        yield
    expect.set_options(timeout=None)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if SHELL is None and CHROMIUM is None:
        pytest.skip(missing("Chromium") or "")
    return {**browser_type_launch_args, "executable_path": SHELL or CHROMIUM, "args": list(QUIET)}


@pytest.fixture(scope="session")
def older_browser(browser_type: BrowserType) -> Iterator[Browser]:
    program = older.chromium()
    if program is None:
        pytest.skip(missing("Chromium 102"))
    browser = browser_type.launch(executable_path=program, args=[*QUIET, "--headless"])
    assert browser.version.startswith("102.")
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def served() -> StaticFirst:
    from webmail.asgi import application

    return StaticFirst(application)


@pytest.fixture(scope="session")
def served_at(served: StaticFirst) -> Iterator[str]:
    """One for all tests: a browser keeps the static files of an address."""
    with running(served) as address:
        yield address


@pytest.fixture
def site(
    transactional_db: None,
    mail_domain: MailDomain,
    served: StaticFirst,
    served_at: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[str]:
    """The address of the running webmail. Its threads keep their connections to the database, of
    which each takes longer than many a request."""
    monkeypatch.setitem(connection.settings_dict, "CONN_MAX_AGE", 60)
    cache.clear()
    yield served_at
    wait_for_the_end(served)


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in the browser: refused by a policy, script errors, requests elsewhere."""
    return []


@pytest.fixture(scope="session")
def windows(browser: Browser) -> Iterator[Windows]:
    windows = Windows(browser)
    yield windows
    windows.close()


@pytest.fixture
def open_page(windows: Windows, site: str, faults: list[str]) -> Iterator[Callable[..., Page]]:
    """`open_page(width=375, java_script_enabled=False)`: a browser window on the site that knows
    nothing but its static files."""
    contexts: list[BrowserContext] = []

    def watched(width: int = 1440, height: int = 900, **options: Any) -> Page:
        context = windows.opened(site, viewport=(width, height), **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.on(
            "console",
            lambda message: (
                faults.append(message.text) if "Content Security Policy" in message.text else None
            ),
        )
        page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((site, "data:", "blob:", "about:"))
                else faults.append(f"left for {request.url}")
            ),
        )
        return page

    yield watched
    for context in contexts:
        windows.put_back(context)


@pytest.fixture
def sign_in_on_the_page() -> Callable[[Page, MailAccount], None]:
    """A person types the login and the password."""

    def sign_in(page: Page, account: MailAccount) -> None:
        page.goto("/")
        page.get_by_label("Adresse ou identifiant").fill(account.login)
        page.get_by_label("Mot de passe", exact=True).fill(account.password)
        page.get_by_role("button", name="Se connecter").click()
        page.wait_for_url("**/mail/INBOX/")

    return sign_in


@pytest.fixture
def sign_in(site: str) -> Callable[..., None]:
    """``sign_in(page, alice)``: the page shows the inbox. The browser is given the cookies of a
    sign-in, which spares it the page of sign-in; with ``opens=False`` it is spared the inbox as
    well, which a test that begins on another page would load for nothing."""

    def sign_in(page: Page, account: MailAccount, *, opens: bool = True) -> None:
        client = Client(HTTP_USER_AGENT=page.evaluate("navigator.userAgent"))
        answer = client.post(
            reverse("account_login"), {"login": account.login, "password": account.password}
        )
        assert answer.status_code == 302, answer.content.decode()
        put_first_steps_away()
        page.context.add_cookies(
            [as_playwright_has_it(one, site) for one in answer.cookies.values()]
        )
        if opens:
            page.goto(answer["Location"])
            page.wait_for_url("**/mail/INBOX/")

    return sign_in


def as_playwright_has_it(cookie: Morsel[str], site: str) -> SetCookieParam:
    made: SetCookieParam = {
        "name": cookie.key,
        "value": cookie.value,
        "url": site,
        "httpOnly": bool(cookie["httponly"]),
    }
    if cookie["samesite"]:
        made["sameSite"] = cookie["samesite"]
    if cookie["max-age"]:
        made["expires"] = time.time() + int(cookie["max-age"])
    return made


@pytest.fixture
def watched_page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    faults: list[str],
) -> Page:
    """Alice's page, where a dialog, a new window and a call of ``__ran(name)``, which hostile mail
    makes when it runs, are faults as well."""

    def refuse(dialog: Dialog) -> None:
        faults.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page = open_page()
    page.add_init_script("window.__ran = (name) => console.error('RAN ' + name);")
    page.on("dialog", refuse)
    page.context.on("page", lambda other: faults.append(f"window {other.url}"))
    page.on(
        "console", lambda said: faults.append(said.text) if said.text.startswith("RAN ") else None
    )
    sign_in(page, alice)
    return page


@pytest.fixture
def claire(mail_domain: MailDomain, numen_key: NumenKey) -> Iterator[StaffRecord]:
    """A teacher of the staff file, whose domain has all three servers."""
    mail_domain.smtp_host, mail_domain.pop_host = "smtp.ac-exemple.fr", "pop.ac-exemple.fr"
    mail_domain.save()
    yield StaffRecord.objects.create(
        numen_digest=numen.digest_of_numen(numen_key, NUMEN),
        lookup_digest=numen.digest_of_person(numen_key, NUMEN, BORN),
        key_id=numen_key.id,
        first_name="Claire",
        last_name="Morvan",
        mail_domain=mail_domain,
        login="cmorvan",
        address="claire.morvan@ac-exemple.fr",
        school_name="Collège des Tilleuls",
    )
    cache.clear()
