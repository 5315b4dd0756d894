"""The PDF viewer in Chromium, on a page with the strictest policy that it runs under."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from tests.mail.previews import samples
from tests.waiting import PATIENCE_S, join

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STATIC = Path(__file__).resolve().parents[2] / "webmail" / "static" / "webmail"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'"
)
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".css": "text/css",
         ".wasm": "application/wasm"}  # fmt: skip
PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8"><title>PDF</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="/static/css/tokens.css">
<link rel="stylesheet" href="/static/css/pdf.css">
<link rel="stylesheet" href="/test.css"><script type="module" src="/test.js"></script></head><body>
<section data-pdf="/file.pdf" data-pdf-base="/static/vendor/pdfjs-6.5.438/"
 data-pdf-failed="illisible" data-pdf-locked="mot de passe" data-pdf-page-label="Page %">
<button data-pdf-act="previous">avant</button><button data-pdf-act="next">suite</button>
<button data-pdf-act="in">plus</button><button data-pdf-act="fit">largeur</button>
<input data-pdf-number type="number"><span data-pdf-count></span>
<p data-pdf-state role="status">chargement</p><div data-pdf-pages tabindex="0"></div></section>
"""


@pytest.fixture
def show(browser: Browser) -> Iterator[Callable[[bytes], Page]]:
    """``show(pdf)``: the viewer with that file. What happened is in ``page.happened``."""
    file = b""

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            fixed: dict[str, tuple[bytes, str]] = {
                "/": (PAGE.encode(), "text/html"),
                "/file.pdf": (file, "application/pdf"),
                "/test.css": (b"body{margin:0}[data-pdf-pages]{height:600px}", "text/css"),
                "/test.js": (
                    b'import {load} from "/static/js/pdf.js"; load(document.body);',
                    "text/javascript",
                ),
            }
            path = STATIC / self.path.removeprefix("/static/")
            if self.path in fixed:
                content, media_type = fixed[self.path]
            elif self.path.startswith("/static/") and path.is_file():
                content = path.read_bytes()
                media_type = TYPES.get(path.suffix, "application/octet-stream")
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(content)))
            if self.path == "/":
                self.send_header("Content-Security-Policy", POLICY)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    context = browser.new_context(viewport={"width": 900, "height": 700})

    def opened(content: bytes) -> Page:
        nonlocal file
        file = content
        page = context.new_page()
        page.set_default_timeout(1000 * PATIENCE_S)
        page.happened = []  # type: ignore[attr-defined]
        happened = page.happened.append  # type: ignore[attr-defined]

        def dismissed(dialog: Dialog) -> None:
            happened(dialog.message)
            dialog.dismiss()

        page.on("console", lambda m: happened(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: happened(str(error)))
        page.on("dialog", dismissed)
        page.on("request", lambda r: None if r.url.startswith(address) else happened(r.url))
        page.on("popup", lambda popup: happened(popup.url))
        page.goto(address)
        return page

    yield opened
    context.close()
    server.shutdown()
    join(thread)
    server.server_close()


def ready(page: Page) -> Page:
    page.wait_for_selector("[data-pdf-ready]", state="attached")
    page.wait_for_selector(".pdf-page canvas")
    return page


def test_pages_are_drawn_with_their_text_under_a_strict_policy(
    show: Callable[[bytes], Page],
) -> None:
    page = ready(show(samples.pdf(["Bonjour", "Suite", "Fin"])))
    expect(page.locator(".pdf-page").first).to_contain_text("Bonjour")
    expect(page.locator("[data-pdf-count]")).to_have_text("3")
    expect(page.locator("[data-pdf-state]")).to_have_text("")
    dark = page.evaluate(
        """() => { const c = document.querySelector(".pdf-page canvas");
        const d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
        let n = 0; for (let i = 0; i < d.length; i += 4) if (d[i] < 100) n += 1; return n; }"""
    )
    assert dark > 500
    # The text lies where it is drawn: at the upper left, as large as its letters.
    box = page.locator(".pdf-text span", has_text="Bonjour").first.bounding_box()
    assert box and 60 < box["x"] < 120 and 100 < box["width"] < 250
    assert page.happened == []  # type: ignore[attr-defined]


def test_a_long_file_is_drawn_where_it_is_looked_at(show: Callable[[bytes], Page]) -> None:
    page = ready(show(samples.pdf([f"Page {n}" for n in range(1, 61)])))
    assert page.locator(".pdf-page canvas").count() < 8
    page.fill("[data-pdf-number]", "40")
    page.keyboard.press("Enter")
    expect(page.locator(".pdf-page").nth(39)).to_contain_text("Page 40")
    expect(page.locator("[data-pdf-number]")).to_have_value("40")
    page.click("[data-pdf-act=next]")
    expect(page.locator("[data-pdf-number]")).to_have_value("41")
    assert page.locator(".pdf-page canvas").count() < 12
    page.focus("[data-pdf-pages]")
    page.keyboard.press("End")
    expect(page.locator("[data-pdf-number]")).to_have_value("60")
    assert page.happened == []  # type: ignore[attr-defined]


def test_of_several_pages_in_view_the_first_is_told(show: Callable[[bytes], Page]) -> None:
    page = ready(show(samples.pdf([f"Page {n}" for n in range(1, 9)])))
    page.set_viewport_size({"width": 180, "height": 700})
    expect(page.locator(".pdf-page").nth(2)).to_be_in_viewport()
    expect(page.locator("[data-pdf-number]")).to_have_value("1")
    page.fill("[data-pdf-number]", "3")
    page.keyboard.press("Enter")
    expect(page.locator("[data-pdf-number]")).to_have_value("3")
    assert page.happened == []  # type: ignore[attr-defined]


def test_pages_grow_and_shrink(show: Callable[[bytes], Page]) -> None:
    page = ready(show(samples.pdf(["Bonjour", "Suite"])))
    sheet = page.locator(".pdf-page").first

    def width() -> float:
        box = sheet.bounding_box()
        assert box
        return box["width"]

    fitting = width()
    page.click("[data-pdf-act=in]")
    expect(sheet).to_contain_text("Bonjour")
    assert abs(width() / fitting - 1.25) < 0.02
    page.focus("[data-pdf-pages]")
    page.keyboard.press("0")
    expect(sheet).to_contain_text("Bonjour")
    assert abs(width() - fitting) < 2


def test_nothing_in_a_pdf_runs(show: Callable[[bytes], Page]) -> None:
    run = (
        "<</S/JavaScript/JS(app.alert\\('x'\\); this.submitForm\\('http://tracker.example/'\\);)>>"
    )
    go = "<</S/URI/URI(http://tracker.example/open)>>"
    page = ready(
        show(
            samples.pdf(
                ["Bonjour"],
                catalogue=f"/OpenAction{run}/AA<</WC{go}>>/Names<</JavaScript<</Names[(a){run}]>>>>",
                annotation="<</Type/Annot/Subtype/Link/Rect[0 0 595 842]/A"
                "<</S/URI/URI(javascript:alert\\(1\\))>>>>",
            )
        )
    )
    expect(page.locator(".pdf-page").first).to_contain_text("Bonjour")
    page.locator(".pdf-page").first.click()
    page.wait_for_timeout(500)
    assert page.locator(".pdf-page a").count() == 0
    assert page.happened == []  # type: ignore[attr-defined]


def test_links_to_the_web_open_apart(show: Callable[[bytes], Page]) -> None:
    page = ready(
        show(
            samples.pdf(
                ["Bonjour"],
                annotation="<</Type/Annot/Subtype/Link/Rect[40 690 200 730]/A"
                "<</S/URI/URI(https://exemple.example/a)>>>>",
            )
        )
    )
    link = page.locator(".pdf-page a")
    expect(link).to_have_attribute("href", "https://exemple.example/a")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")


def test_a_damaged_file_is_said_to_be(show: Callable[[bytes], Page]) -> None:
    page = show(b"%PDF-1.7\nnothing")
    expect(page.locator("[data-pdf-state]")).to_have_text("illisible")
