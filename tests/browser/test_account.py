"""“My account” in Chromium: security keys, sessions, and a session that ends by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts.models import AuditEvent, UserSession
from demo.servers.dovecot import MailAccount
from tests.browser.conformity import axe

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignIn = Callable[[Page, MailAccount], None]
OpenPage = Callable[..., Page]


@pytest.fixture
def page(open_page: OpenPage, sign_in: SignIn, alice: MailAccount) -> Page:
    page = open_page()
    sign_in(page, alice)
    return page


def add_security_key(page: Page) -> None:
    """Into the computer, as a person does: it says yes by itself."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    key = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": key})


def share(page: Page, account: MailAccount) -> None:
    page.goto("/accounts/login/")
    page.fill("#id_login", account.login)
    page.fill("#id_password", account.password)
    page.check("#id_shared_computer")
    page.keyboard.press("Enter")
    page.wait_for_url("**/mail/INBOX/")


def end_all_sessions() -> None:
    """As the server does when they idled too long."""
    Session.objects.all().delete()
    cache.clear()


def test_a_security_key_is_added_and_asked_for_at_the_next_sign_in(
    page: Page, alice: MailAccount, faults: list[str]
) -> None:
    add_security_key(page)
    page.goto("/accounts/2fa/webauthn/add/")
    page.fill("#id_name", "Clef du trousseau")
    assert axe(page) == []
    page.locator("[data-passkey=create]").click()
    expect(page.locator("#recovery-codes li")).to_have_count(10)
    page.goto("/account/security/")
    expect(page.locator(".passkeys li")).to_contain_text("Clef du trousseau")
    page.goto("/accounts/logout/")
    page.locator("main button[type=submit]").click()
    page.fill("#id_login", alice.login)
    page.fill("#id_password", alice.password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/2fa/authenticate/")
    assert axe(page) == []
    page.locator("[data-passkey=get]").click()
    page.wait_for_url("**/mail/INBOX/")
    event = AuditEvent.objects.filter(kind=AuditEvent.Kind.SIGNED_IN).latest("pk")
    assert event.detail["second_factor"] == "webauthn"
    assert faults == []


def test_a_session_is_ended_on_the_page_of_sessions(
    page: Page, open_page: OpenPage, sign_in: SignIn, alice: MailAccount, faults: list[str]
) -> None:
    telephone = open_page(width=375)
    sign_in(telephone, alice)
    page.goto("/account/sessions/")
    expect(page.locator(".session")).to_have_count(2)
    assert axe(page) == []
    page.locator(".session:not([data-current]) button").click()
    expect(page.locator("#sessions-ended")).to_be_visible()
    expect(page.locator(".session")).to_have_count(1)
    telephone.goto("/mail/INBOX/")
    telephone.wait_for_url("**/accounts/login/**")
    assert UserSession.objects.count() == 1
    assert faults == []


@pytest.fixture
def shared(open_page: OpenPage, alice: MailAccount) -> Iterator[Page]:
    """A shared computer whose clock is ours."""
    page = open_page()
    page.clock.install()
    share(page, alice)
    yield page


def test_the_end_of_a_session_is_said_before_and_can_be_put_off(
    shared: Page, faults: list[str]
) -> None:
    expect(shared.locator("#idle")).to_be_hidden()
    # The server's clock stands still meanwhile: it would say that there is time, so it is away.
    shared.route("**/account/session/", lambda route: route.abort())
    shared.clock.run_for(7 * 60 * 1000 + 2000)
    expect(shared.locator("#idle")).to_be_visible()
    expect(shared.locator("[data-idle-stay]")).to_be_focused()
    assert axe(shared) == []
    shared.clock.run_for(61 * 1000)
    expect(shared.locator("[data-idle-said]")).not_to_be_empty()
    shared.unroute("**/account/session/")
    shared.locator("[data-idle-stay]").click()
    expect(shared.locator("#idle")).to_be_hidden()
    shared.clock.run_for(60 * 1000)
    expect(shared.locator("#idle")).to_be_hidden()
    assert faults == []


def test_who_types_does_not_tell_the_server_with_each_key(shared: Page, faults: list[str]) -> None:
    told: list[str] = []
    shared.on("request", lambda request: told.append(request.url))
    asked = lambda: sum(url.endswith("/account/session/") for url in told)  # noqa: E731
    for _second in range(20):
        shared.keyboard.press("Shift")
        shared.clock.run_for(1000)
    assert asked() == 0
    shared.clock.run_for(2 * 60 * 1000)
    shared.keyboard.press("Shift")
    shared.keyboard.press("Shift")
    shared.wait_for_timeout(300)
    assert asked() == 1
    assert faults == []


def test_after_the_end_a_shared_screen_is_covered_and_nothing_is_lost(
    shared: Page, alice: MailAccount, faults: list[str]
) -> None:
    shared.goto("/compose/")
    shared.fill("[name=subject]", "Conseil de classe")
    end_all_sessions()
    shared.clock.run_for(11 * 60 * 1000)
    expect(shared.locator("#reenter")).to_be_visible()
    expect(shared.locator("[name=subject]")).to_be_hidden()
    assert "Conseil" not in shared.title()
    shared.fill("#reenter-password", alice.password)
    shared.keyboard.press("Enter")
    expect(shared.locator("[name=subject]")).to_be_visible()
    assert shared.input_value("[name=subject]") == "Conseil de classe"
    assert faults == []


def test_who_does_not_go_on_leaves_an_empty_screen(shared: Page) -> None:
    end_all_sessions()
    shared.clock.run_for(11 * 60 * 1000)
    shared.locator("#reenter [value=cancel]").click()
    shared.wait_for_url("**/accounts/login/")


def test_all_tabs_know_that_somebody_is_there(shared: Page) -> None:
    other = shared.context.new_page()
    other.goto("/mail/INBOX/")
    shared.context.route("**/account/session/", lambda route: route.abort())
    shared.context.clock.run_for(7 * 60 * 1000 + 2000)  # of the whole browser
    for page in (shared, other):
        expect(page.locator("#idle")).to_be_visible()
    shared.context.unroute("**/account/session/")
    shared.locator("[data-idle-stay]").click()
    expect(shared.locator("#idle")).to_be_hidden()
    expect(other.locator("#idle")).to_be_hidden()


def test_what_is_not_shared_is_not_covered(page: Page) -> None:
    page.clock.install()
    page.goto("/preferences/")
    end_all_sessions()
    page.clock.run_for(721 * 60 * 1000)
    expect(page.locator("#reenter")).to_be_visible()
    expect(page.locator("h1")).to_be_visible()


def test_what_asks_every_few_seconds_asks_once_when_the_session_is_back(
    page: Page, alice: MailAccount, faults: list[str]
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "?ask" in request.url else None)
    page.goto("/mail/INBOX/")
    page.evaluate("""() => {
        const asking = document.createElement("div");
        asking.setAttribute("hx-get", "/jobs/progress/?ask");
        asking.setAttribute("hx-trigger", "every 100ms");
        asking.setAttribute("hx-swap", "none");
        asking.id = "asking";
        document.body.append(asking);
        htmx.process(asking);
    }""")
    end_all_sessions()
    expect(page.locator("#reenter")).to_be_visible()
    page.wait_for_timeout(1000)
    page.evaluate("htmx.trigger('#asking', 'htmx:abort')")
    page.evaluate("htmx.find('#asking').removeAttribute('hx-trigger')")
    page.evaluate("htmx.process(htmx.find('#asking'))")
    page.wait_for_timeout(300)
    before = len(asked)
    assert before > 2
    page.fill("#reenter-password", alice.password)
    page.keyboard.press("Enter")
    expect(page.locator("#reenter")).to_be_hidden()
    page.wait_for_timeout(500)
    assert len(asked) == before + 1
    assert faults == []
