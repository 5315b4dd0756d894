"""The first view as a real installation serves it: what it takes over the wire, and that the files
which `collectstatic` joins do what their sources do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.templatetags.static import static
from playwright.sync_api import Page, expect

from accounts.models import MailDomain
from demo.servers.dovecot import MailAccount
from tests.browser.serving import running
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail import asgi, wsgi
from webmail.serving import push

pytestmark = [pytest.mark.browser]

# A fifth of what Roundcube 1.6 takes for the same view: docs/performance.md.
MOST_BYTES = 111_000
MOST_REQUESTS = 16  # two of which new mail may ask for

ROOT = Path(__file__).resolve().parents[2]
# The rules of a style sheet with those that it imports, without the spaces that mean nothing.
RULES = """async (address) => {
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: address });
  await new Promise((resolve, reject) => {
    Object.assign(link, { onload: resolve, onerror: reject });
    document.head.append(link);
  });
  const bare = (text) => text.replace(/,\\s+/g, ",").replace(/\\.[0-9a-f]{12}\\./g, ".");
  const all = (sheet) => [...sheet.cssRules].flatMap(
    (rule) => rule.styleSheet ? all(rule.styleSheet) : [bare(rule.cssText)]);
  const rules = all(link.sheet);
  link.remove();
  return rules;
}"""
EXPORTED = "async (address) => Object.keys(await import(address))"


@pytest.fixture
def site(transactional_db: None, mail_domain: MailDomain, as_installed: Path) -> Iterator[str]:
    """The address of the webmail, with the files that were collected."""
    cache.clear()
    handler: Any = wsgi.reads_whole_bodies(get_wsgi_application())
    with running(push.Events(asgi.Bridge(handler))) as address:
        yield address


def first_view(page: Page) -> dict[str, int]:
    """The bytes of each request that the inbox makes with an empty cache."""
    page.goto("about:blank")  # what the page before still asks for is not ours
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    asked: dict[str, str] = {}
    taken: dict[str, int] = {}
    network.on(
        "Network.requestWillBeSent",
        lambda event: asked.update({event["requestId"]: event["request"]["url"]}),
    )
    network.on(
        "Network.loadingFinished",
        lambda event: taken.update({event["requestId"]: event["encodedDataLength"]}),
    )
    page.goto("/mail/INBOX/")
    expect(page.locator("#rows .row")).to_have_count(50)
    page.wait_for_timeout(3_000)  # what is asked for a little later counts too
    network.detach()
    return {f"{request} {url}": taken.get(request, 0) for request, url in asked.items()}


def test_the_first_view_is_small(watched_page: Page, mailbox: Mailbox, faults: list[str]) -> None:
    for number in range(60):
        mailbox.append(letter(f"Réunion de rentrée du groupe {number}"))
    sizes = first_view(watched_page)
    if sum(sizes.values()) > MOST_BYTES or len(sizes) > MOST_REQUESTS:
        # News of so many messages may still be on their way, and the list is then asked for again.
        sizes = first_view(watched_page)
    assert sum(sizes.values()) <= MOST_BYTES, sizes
    assert len(sizes) <= MOST_REQUESTS, sizes
    # Faces of one font that differ in their weights shut each other out.
    assert watched_page.evaluate("[...document.fonts].some((face) => face.status === 'loaded')")
    assert faults == []


def test_the_page_of_sign_in_brings_what_the_first_view_waits_for(
    open_page: Callable[..., Page],
    sign_in_on_the_page: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    faults: list[str],
) -> None:
    page = open_page()
    page.goto("/")
    page.wait_for_load_state("networkidle")
    sign_in_on_the_page(page, alice)
    page.wait_for_load_state("load")
    fetched = page.evaluate(
        """() => performance.getEntriesByType("resource")
            .filter((entry) => entry.renderBlockingStatus === "blocking" && entry.transferSize > 0)
            .map((entry) => entry.name)"""
    )
    assert fetched == []
    assert faults == []


def test_style_sheets_say_the_same_as_their_sources(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/")
    sources = sorted((ROOT / "webmail" / "static" / "webmail" / "css").glob("*.css"))
    assert sources
    for source in sources:
        rules = [
            page.evaluate(RULES, address)
            for address in (
                f"/static/webmail/css/{source.name}",
                static(f"webmail/css/{source.name}"),
            )
        ]
        assert rules[0]
        spaced, joined = ([rule.replace(": ", ":") for rule in one] for one in rules)
        assert spaced == joined, source.name


def test_every_module_can_be_read(open_page: Callable[..., Page]) -> None:
    page = open_page()
    page.goto("/")
    for source in sorted((ROOT / "webmail" / "static" / "webmail" / "js").glob("*.js")):
        address = static(f"webmail/js/{source.name}")
        kept = page.evaluate(EXPORTED, f"/static/webmail/js/{source.name}")
        assert page.evaluate(EXPORTED, address) == kept, source.name


def test_what_was_joined_reads_and_writes(
    watched_page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    mailbox.append(letter("haute", html="<p>Bonjour</p>" * 100))
    page = watched_page
    page.goto("/mail/INBOX/")
    page.locator("#rows .row > a").first.click()
    frame = page.locator("iframe[data-frame]")
    expect(frame).to_be_visible()
    expect(page.locator("#rows .row > a").first).to_have_attribute("aria-current", "true")
    page.keyboard.press("Escape")
    page.goto("/compose/")
    expect(page.locator("form[data-compose].is-scripted")).to_be_visible()
    for address in ("/preferences/", "/contacts/"):
        page.goto(address)
    assert faults == []
