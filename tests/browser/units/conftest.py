"""One page for each module of tests, without a server, a mailbox or a sign-in: it imports the
scripts as they lie in the sources."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from typing import Final

import pytest
from playwright.sync_api import Browser, Page, Route

from demo.environment import ROOT

SITE: Final = "https://units.example"
STATIC: Final = ROOT / "webmail" / "static"
DOCUMENT: Final = '<!doctype html><html lang="fr"><title>Units</title><body></body></html>'


def _answer(route: Route) -> None:
    """Answer from the sources; nothing of this page goes to a network."""
    path = route.request.url.removeprefix(SITE)
    if path == "/":
        route.fulfill(body=DOCUMENT, content_type="text/html")
    elif path.startswith("/static/") and (file := STATIC / path.removeprefix("/static/")).is_file():
        kind = (
            "text/javascript" if file.suffix in {".js", ".mjs"} else mimetypes.guess_type(file)[0]
        )
        route.fulfill(body=file.read_bytes(), content_type=kind or "application/octet-stream")
    else:
        route.fulfill(status=404)


@pytest.fixture(scope="module")
def units(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(locale="fr-FR", viewport={"width": 1000, "height": 600})
    context.route("**/*", _answer)
    page = context.new_page()
    page.goto(SITE)
    yield page
    context.close()
