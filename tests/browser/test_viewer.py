"""Attachments opened in place, one of each kind, in Chromium."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from PIL import Image
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from tests import parts
from tests.browser.conformity import axe
from tests.mail.previews import samples
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from tests.webmail.views.test_viewer import INVITATION, SVG, archive, forwarded, picture, sound

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG = "\n".join(f"ligne {n} : " + "mot " * 12 for n in range(200)).encode()
FILES = (
    ("plan.png", "image/png", picture(size=(1600, 1000))),
    ("ordre.pdf", "application/pdf", samples.pdf(["Ordre du jour"])),
    ("notes.txt", "text/plain", LONG),
    ("classe.csv", "text/csv", "Nom;Note\nMaëlle;12,5\nNoé;9\n".encode()),
    ("lisez.md", "text/markdown", b"# Sortie\n\n- une\n- deux\n"),
    ("dictée.wav", "audio/wav", sound()),
    ("film.webm", "video/webm", samples.WEBM + bytes(64)),
    ("lettre.docx", "application/octet-stream", samples.word("Sortie au musée")),
    ("dossier.zip", "application/zip", archive({"a/notes.txt": b"Bonjour", "p.png": picture()})),
    ("message.eml", "application/octet-stream", forwarded()),
    ("maelle.vcf", "text/vcard", samples.VCARD),
    ("conseil.ics", "text/calendar", INVITATION.format(method="REQUEST", sequence=0).encode()),
    ("base.mdb", "application/x-msaccess", b"\x00\x01\x00\x00Standard Jet DB\x00"),
    ("dessin.png", "image/png", SVG),
)
# What shows that the content is there, in the viewer.
SIGNS = {
    "plan.png": "[data-picture]",
    "ordre.pdf": ".pdf-page canvas",
    "notes.txt": "pre:has-text('ligne 199')",
    "classe.csv": "td:text('Maëlle')",
    "lisez.md": "iframe",
    "dictée.wav": "audio",
    "film.webm": "video",
    "lettre.docx": ".pdf-page canvas, iframe",
    "dossier.zip": ".file:has-text('a/notes.txt')",
    "message.eml": ".file:has-text('fiche.txt')",
    "maelle.vcf": ".viewer-card:has-text('Zoé Petit')",
    "conseil.ics": ".viewer-card:has-text('Salle 12')",
    "base.mdb": ".viewer-none",
    "dessin.png": "pre:has-text('onload')",
}


@pytest.fixture
def documents(mailbox: Mailbox, settings: Any, tmp_path: Any) -> Any:
    """A message with one attachment of each kind; jobs are done at once."""
    settings.SPOOL = tmp_path / "spool"
    settings.CELERY_TASK_ALWAYS_EAGER = True
    mailbox.append(letter("Documents", files=FILES))
    return mailbox


def opened(page: Page, sign_in: Callable[[Page, MailAccount], None], alice: MailAccount) -> None:
    sign_in(page, alice)
    page.get_by_role("link", name="Documents").first.click()
    expect(page.locator(".cards .file")).to_have_count(len(FILES))


def card(page: Page, name: str) -> Any:
    return page.locator("#message .file-text a", has_text=name)


@pytest.mark.parametrize(("width", "scheme"), parts.first_of((1440, "light"), (375, "dark")))
def test_one_of_each_opens_and_the_arrows_lead_through_them(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
    faults: list[str],
    width: int,
    scheme: str,
) -> None:
    page = open_page(width=width, color_scheme=scheme)
    opened(page, sign_in, alice)
    message = page.url
    card(page, FILES[0][0]).click()
    for number, (name, _type, _content) in enumerate(FILES, 2):
        viewer = page.locator("dialog[open] #viewer")
        # Without a worker the conversion of an office file is part of the request.
        expect(viewer.locator("#viewer-title")).to_have_text(name)
        expect(viewer.locator("#viewer-title")).to_be_focused()
        expect(page).to_have_url(f"{message}view/{number}/")
        expect(viewer.locator(SIGNS[name]).first).to_be_visible()
        assert axe(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), name
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.viewer-dialog")).not_to_be_visible()
    expect(page).to_have_url(message)
    expect(card(page, FILES[0][0])).to_be_focused()
    assert not faults


def test_the_address_of_an_attachment_is_a_page_of_its_own(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    opened(page, sign_in, alice)
    card(page, "ordre.pdf").click()
    expect(page.locator(".pdf-page canvas").first).to_be_visible()
    page.reload()
    expect(page.locator("main #viewer h1")).to_have_text("ordre.pdf")
    expect(page.locator(".pdf-page canvas").first).to_be_visible()
    expect(page.locator(".pdf-text")).to_contain_text("Ordre du jour")
    assert axe(page) == []
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#viewer h2, #viewer h1")).to_have_text("plan.png")
    page.keyboard.press("Escape")
    page.wait_for_url("**#file-2")
    expect(page.locator("#file-2")).to_be_visible()
    assert not faults


def test_an_image_grows_and_shrinks(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
) -> None:
    page = open_page()
    opened(page, sign_in, alice)
    card(page, "plan.png").click()
    image = page.locator("[data-picture]")
    expect(image).to_have_js_property("naturalWidth", 1600)
    expect(page.locator("[data-zoom-tools]")).to_be_visible()
    fit = image.evaluate("image => image.clientWidth")
    page.keyboard.press("+")
    assert image.evaluate("image => image.clientWidth") == pytest.approx(fit * 1.25, abs=2)
    page.locator("[data-zoom=out]").click()
    page.locator("[data-zoom=out]").click()
    assert image.evaluate("image => image.clientWidth") == pytest.approx(fit * 0.75, abs=2)
    page.keyboard.press("0")
    assert image.evaluate("image => image.clientWidth") == fit


@pytest.mark.parametrize("is_own_page", [False, True], ids=["dialog", "page"])
def test_without_keys_of_one_letter_an_image_grows_by_its_buttons_alone(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
    is_own_page: bool,
) -> None:
    page = open_page()
    sign_in(page, alice)
    user = get_user_model().objects.get()
    user.preferences = {**user.preferences, "keys": "none"}
    user.save()
    page.reload()
    page.locator("#rows .row > a").first.click()
    card(page, "plan.png").click()
    image = page.locator("[data-picture]")
    expect(image).to_have_js_property("naturalWidth", 1600)
    if is_own_page:
        page.reload()
        expect(image).to_have_js_property("naturalWidth", 1600)
    expect(page.locator("[data-zoom-tools]")).to_be_visible()
    level = page.locator("[aria-live][data-zoom-level]")
    for key in "+-":
        page.keyboard.press(key)
        expect(level).to_have_text("100 %")
    page.locator("[data-zoom=in]").click()
    page.keyboard.press("0")
    expect(level).to_have_text("125 %")


def test_a_pdf_is_printed_with_all_its_pages(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    long = samples.pdf(["Paragraphe."] * 5)
    mailbox.append(letter("Documents", files=(("long.pdf", "application/pdf", long),)))
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="Documents").first.click()
    card(page, "long.pdf").click()
    expect(page.locator("[data-pdf-ready]")).to_be_visible()
    count = int(page.locator("[data-pdf-count]").inner_text())
    assert count > 3
    page.evaluate(
        "window.print = () => window.printed = [...document.querySelectorAll('.viewer-paper img')]"
        ".filter(image => image.naturalWidth > 1000).length"
    )
    page.locator("[data-pdf-act=print]").click()
    for _ in range(100):
        if page.evaluate("window.printed"):
            break
        page.wait_for_timeout(100)
    assert page.evaluate("window.printed") == count
    assert not faults


def test_back_leaves_the_viewer(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
) -> None:
    page = open_page()
    opened(page, sign_in, alice)
    message = page.url
    card(page, "notes.txt").click()
    expect(page.locator("dialog[open] pre")).to_be_visible()
    page.evaluate("setTimeout(() => history.back())")
    expect(page).to_have_url(message)
    expect(page.locator("dialog[open]")).to_have_count(0)
    expect(card(page, "notes.txt")).to_be_visible()


def test_files_of_an_archive_open_in_the_same_place(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    opened(page, sign_in, alice)
    card(page, "dossier.zip").click()
    page.locator("#viewer .file-text a", has_text="a/notes.txt").click()
    expect(page.locator("#viewer pre")).to_have_text("Bonjour")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#viewer-title")).to_have_text("p.png")
    page.keyboard.press("ArrowLeft")
    expect(page.locator("#viewer pre")).to_have_text("Bonjour")
    page.locator(".viewer-holder a").click()
    page.locator("#viewer .file-text a", has_text="p.png").click()
    expect(page.locator("[data-picture]")).to_have_js_property("naturalWidth", 60)
    assert not faults


def test_without_javascript_each_address_is_a_page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    documents: Mailbox,
) -> None:
    page = open_page(java_script_enabled=False)
    opened(page, sign_in, alice)
    card(page, "plan.png").click()
    expect(page.locator("main #viewer img")).to_be_visible()
    for name in ("ordre.pdf", "notes.txt", "classe.csv"):
        page.locator("a[rel=next]").click()
        expect(page.locator("#viewer h1")).to_have_text(name)
    expect(page.locator("td", has_text="Maëlle")).to_be_visible()
    page.locator("[data-viewer-close]").click()
    expect(page.locator("#message .file").first).to_be_visible()


def test_an_image_that_cannot_be_read_is_said(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (60, 40)).save(out, "PNG")
    mailbox.append(letter("Documents", files=(("a.png", "image/png", out.getvalue()[:60]),)))
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="Documents").first.click()
    card(page, "a.png").click()
    expect(page.locator("[data-picture-failed]")).to_be_visible()
