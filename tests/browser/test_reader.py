"""The reading pane in Chromium: how tall the frame is, its colours, its images, its print page."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable
from email.message import EmailMessage

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_outbox import look
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
SignIn = Callable[[Page, MailAccount], None]
# Refused by the image proxy at once, and never asked.
REMOTE = '<img src="http://127.0.0.1/a.png" width="200" height="90" alt="Affiche">'
PIXEL = '<img src="http://127.0.0.1/p.gif" width="1" height="1">'


def png(width: int, height: int) -> bytes:
    """A grey picture."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x99" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def html(source: str, picture: bytes = b"") -> bytes:
    message = EmailMessage()
    message["Subject"] = "Lettre"
    message["From"] = "Revue <lettre@revue.example>"
    message["To"] = "alice@ac-exemple.fr"
    message.set_content(source, subtype="html")
    if picture:
        message.add_related(picture, maintype="image", subtype="png", cid="<a@x>")
    return message.as_bytes()


@pytest.fixture
def opened(
    open_page: OpenPage, sign_in: SignIn, alice: MailAccount, mailbox: Mailbox
) -> Callable[..., Page]:
    """`opened(message)`: a window in which Alice has opened it."""

    def open_message(message: bytes, **options: object) -> Page:
        mailbox.append(message)
        page = open_page(**options)
        sign_in(page, alice)
        page.get_by_role("link", name="Lettre").click()
        expect(page.locator("iframe[data-frame]")).to_be_visible()
        return page

    return open_message


def until(page: Page, expression: str) -> None:
    """Wait for it: Playwright's own waiting evaluates text, which the page's policy forbids."""
    wait_for(lambda: page.evaluate(expression), page)


def height(page: Page) -> int:
    return int(page.evaluate("document.querySelector('iframe[data-frame]').offsetHeight"))


def test_the_frame_is_as_tall_as_its_pictures(opened: Callable[..., Page]) -> None:
    page = opened(html('<p>Bonjour</p><img src="cid:a@x">', png(100, 2500)))
    until(page, "document.querySelector('iframe[data-frame]').offsetHeight > 2500")
    assert height(page) < 2650


@pytest.mark.parametrize(
    "source",
    [
        "<style>html, body { height: 100% } body { margin: 0 }</style><p>Bonjour</p>",
        '<div style="height:100vh;margin:30px 0">Bonjour</div>',
        '<div style="min-height:100vh">Bonjour</div>',
    ],
)
def test_content_as_tall_as_its_frame_does_not_make_it_grow_for_ever(
    opened: Callable[..., Page], source: str
) -> None:
    page = opened(html(source))
    page.wait_for_timeout(3000)
    before = height(page)
    page.wait_for_timeout(2500)
    assert height(page) == before < 1500


def test_a_short_message_has_a_short_frame(opened: Callable[..., Page]) -> None:
    page = opened(html("<p>Bonjour</p>"))
    until(page, "document.querySelector('iframe[data-frame]').offsetHeight < 120")


@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_plain_mail_is_dark_where_the_reader_is_and_designed_mail_is_not(
    opened: Callable[..., Page], scheme: str
) -> None:
    page = opened(html('<p style="color:#000">Bonjour</p>'), color_scheme=scheme)
    words = page.frame_locator("iframe").get_by_text("Bonjour")
    expect(words).to_have_css("color", "rgb(233, 236, 243)" if scheme == "dark" else "rgb(0, 0, 0)")


def test_designed_mail_keeps_its_colours_in_the_dark(opened: Callable[..., Page]) -> None:
    source = '<div style="background:#ffeecc;color:#663300">Bonjour</div>'
    page = opened(html(source), color_scheme="dark")
    words = page.frame_locator("iframe").get_by_text("Bonjour")
    expect(words).to_have_css("color", "rgb(102, 51, 0)")


def test_mail_with_images_is_all_light_in_the_dark(opened: Callable[..., Page]) -> None:
    """Images are drawn for white paper; so is the place of one that is not loaded."""
    page = opened(html("<p>Bonjour</p>" + REMOTE), color_scheme="dark")
    frame = page.frame_locator("iframe")
    expect(page.locator("iframe[data-frame]")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(frame.get_by_text("Bonjour")).to_have_css("color", "rgb(26, 34, 51)")
    expect(frame.get_by_alt_text("Affiche")).to_have_css("background-color", "rgb(245, 247, 251)")


@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_what_colours_the_page_of_a_message_reaches_the_edges_of_its_frame(
    opened: Callable[..., Page], scheme: str
) -> None:
    """The frame is a little taller than what is in it."""
    source = '<body bgcolor="#0f0d12" style="margin:0"><p style="color:#e9c46a">Ce soir</p></body>'
    page = opened(html(source), color_scheme=scheme)
    until(page, "document.querySelector('iframe[data-frame]').offsetHeight < 120")
    frame = page.locator("iframe[data-frame]").bounding_box()
    assert frame
    middle, below = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"]
    strip = page.screenshot(clip={"x": middle, "y": below - 3, "width": 1, "height": 3})
    with Image.open(io.BytesIO(strip)) as drawn:
        assert {drawn.convert("RGB").getpixel((0, y)) for y in range(3)} == {(15, 13, 18)}


@pytest.mark.parametrize("script", [True, False])
def test_images_from_elsewhere_are_asked_of_our_server_alone(
    opened: Callable[..., Page], faults: list[str], script: bool
) -> None:
    page = opened(html("<p>Bonjour</p>" + REMOTE + PIXEL), java_script_enabled=script)
    picture = page.frame_locator("iframe").get_by_alt_text("Affiche")
    assert picture.get_attribute("src") is None
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("button[name=show][value=once]").click()
    expect(page.locator("button[name=show][value=never]")).to_be_visible()
    expect(picture).to_have_attribute("src", "remote/0")
    assert [url for url in asked if url.endswith("/frame/remote/0")]
    assert not [url for url in asked if url.endswith("/frame/remote/1")]
    assert not faults


def test_no_image_is_said_to_be_loaded_that_its_site_does_not_give(
    opened: Callable[..., Page],
) -> None:
    page = opened(html("<p>Bonjour</p>" + REMOTE))
    page.route("**/frame/remote/*", lambda route: route.fulfill(status=504))
    page.locator("button[name=show][value=once]").click()
    bar = page.locator(".banner.images")
    expect(bar).to_contain_text("là où leur site les donne")
    expect(bar).not_to_contain_text(re.compile(r"\d|chargée"))


WIDE = [
    '<table width="600"><tr><td width="300">Bonjour</td><td width="300">à tous</td></tr></table>',
    '<table width="100%"><tr><td align="center"><table style="width:640px"><tr><td>Bonjour'
    '<img width="640" height="90" alt="Affiche" src="http://x/a"></table></table>',
    '<div style="min-width:700px;width:700px">Bonjour</div>',
    "<table><tr><td nowrap>" + "Bonjour à tous " * 20 + "</table>",
]


@pytest.mark.parametrize("source", WIDE)
def test_mail_drawn_for_a_wide_screen_fits_on_a_telephone(
    opened: Callable[..., Page], source: str
) -> None:
    page = opened(html(source), width=375)
    page.frame_locator("iframe").get_by_text("Bonjour").first.wait_for()
    root = "document.querySelector('iframe[data-frame]').contentDocument.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_conversation_of_fifty_can_be_read_to_its_end(
    opened: Callable[..., Page], width: int
) -> None:
    answer = (
        '<p>Message {n} : d’accord, et toi ?</p><div class="gmail_quote"><div>Bob a écrit :</div>'
        '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;padding-left:1ex;'
        'border-left:1px #ccc solid">'
    )
    source = "".join(answer.format(n=n) for n in range(50)) + "<p>Le tout premier message.</p>"
    page = opened(html(source), width=width)
    page.frame_locator("iframe").locator("summary").click()
    first = page.frame_locator("iframe").get_by_text("Le tout premier message.")
    first.wait_for()
    assert first.evaluate("words => words.offsetWidth") > width / 3
    root = "document.querySelector('iframe[data-frame]').contentDocument.documentElement"
    assert page.evaluate(f"{root}.scrollWidth <= {root}.clientWidth")


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_message_is_shown_larger_without_scrolling_the_page_sideways(
    opened: Callable[..., Page], faults: list[str], script: bool, width: int
) -> None:
    line = "Bonjour à toutes et à tous, voici la lettre. " * 20
    page = opened(html(f"<p>{line}</p>"), width=width, java_script_enabled=script)
    words = page.frame_locator("iframe").get_by_text("Bonjour")
    before = words.bounding_box()
    page.locator(".reader-tools details.menu summary").last.click()
    page.locator(".zooms a[href$='zoom=200']").click()
    expect(page.locator("iframe[data-frame]")).to_have_attribute("src", re.compile("zoom=200$"))
    assert page.url.endswith("?zoom=200")
    words = page.frame_locator("iframe").get_by_text("Bonjour")
    expect(words).to_be_visible()
    after = words.bounding_box()
    assert before and after
    assert after["height"] > 2.5 * before["height"]
    assert after["width"] < before["width"] + 20
    if script:
        until(
            page, f"document.querySelector('iframe[data-frame]').offsetHeight > {after['height']}"
        )
        page.wait_for_timeout(1500)
        assert height(page) < after["height"] + 120
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.locator(".reader-tools details.menu summary").last.click()
    expect(page.locator(".zooms [aria-current]")).to_have_text(re.compile("200"))
    assert not faults


def test_text_and_headers_are_a_click_away(opened: Callable[..., Page]) -> None:
    page = opened(html("<p>Bonjour à <b>tous</b></p>"))
    page.locator(".message-ways a").click()
    expect(page.locator(".text")).to_contain_text("Bonjour à tous")
    page.locator(".message-ways a").click()
    expect(page.frame_locator("iframe").get_by_text("tous")).to_be_visible()
    page.locator("a[href$='/headers/']").evaluate("link => link.click()")
    expect(page.get_by_text("lettre@revue.example").first).to_be_visible()


def test_a_message_is_printed_by_its_own_page(
    opened: Callable[..., Page], faults: list[str]
) -> None:
    page = opened(html("<p>Bonjour</p>"))
    # In the phase of capture: before the page's own listener, which prints.
    page.evaluate(
        """document.addEventListener("load", ({ target }) => {
          if (target.tagName !== "IFRAME") return;
          target.contentWindow.addEventListener("beforeprint", () => {
            window.printed = target.contentDocument.body.innerText;
          });
        }, true)"""
    )
    # The script of printing comes after the page; until then the link opens the page of its own.
    until(
        page,
        "performance.getEntriesByType('resource').some((one) => /print[^/]*[.]js/.test(one.name))",
    )
    page.wait_for_timeout(500)
    page.locator("a[data-print]").evaluate("link => link.click()")
    until(page, "window.printed")
    printed = page.evaluate("window.printed")
    assert "Revue <lettre@revue.example>" in printed and "Bonjour" in printed
    assert not faults


@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_the_reader_is_accessible_and_fits(
    opened: Callable[..., Page], width: int, scheme: str
) -> None:
    message = html("<p>Bonjour</p>" + REMOTE + PIXEL)
    forged = b'From: "bob@ac-exemple.fr" <x@mal.example>'
    message = message.replace(b"From: Revue <lettre@revue.example>", forged)
    page = opened(message, width=width, color_scheme=scheme)
    checked = [violations(page)]
    page.goto(page.url + "headers/")
    checked.append(violations(page))
    assert not any(checked), checked


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
def test_a_file_that_is_not_what_its_name_says_is_said_on_its_card(
    opened: Callable[..., Page], width: int
) -> None:
    program = ("facture-tres-longue-de-septembre.pdf", "application/pdf", b"MZ\x90\0" + b"\0" * 99)
    text = ("bulletin.pdf", "application/pdf", b"Ceci est du texte.")
    page = opened(letter("Lettre", html="<p>Bonjour</p>", files=(program, text)))
    page.set_viewport_size({"width": width, "height": 800})
    cards = page.locator(".attached .file")
    expect(cards.nth(0).locator(".risk")).to_contain_text("Programme")
    expect(cards.nth(1).locator(".risk")).to_contain_text("Contenu différent du nom")
    look(page, f"risks-{width}")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []
