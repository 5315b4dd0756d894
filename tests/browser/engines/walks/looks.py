"""How pages look: settings, in the dark, on paper, on a telephone."""

from __future__ import annotations

from tests.browser.engines.walks import Place, walk
from tests.browser.engines.walks.steps import SEEN, sign_in
from tests.browser.test_reader import html

NARROWEST = 450
"""CSS pixels: the window of MiniBrowser has 447 at least, for its bar of tools; the others 375."""
BACKGROUND = "() => getComputedStyle(document.body).backgroundColor"
# What the reader prints is kept in place of being sent to a printer.
PRINTED = """() => document.addEventListener("load", ({ target }) => {
  if (target.tagName !== "IFRAME" || !target.className.includes("sr")) return;
  target.contentWindow.print = () => {
    window.printed = target.contentDocument.body.innerText;
  };
}, true)"""
# The script of printing comes after the page.
PRINTING = """() =>
  performance.getEntriesByType("resource").some((one) => /print[^/]*[.]js/.test(one.name))"""


@walk("settings, and the dark")
def _dark(place: Place) -> None:
    sign_in(place)
    hand = place.hand
    light = hand.ask(BACKGROUND)
    hand.goto("/preferences/")
    hand.click("[name=theme][value=dark]")
    hand.click("main form button[type=submit]")
    hand.wait(SEEN, ".toast")
    hand.goto("/mail/INBOX/")
    hand.wait(f"(light) => ({BACKGROUND})() !== light", light)


@walk("printing a message")
def _print(place: Place) -> None:
    place.mailbox.append(html("<p>Bonjour</p>"))
    sign_in(place)
    hand = place.hand
    hand.click("#rows .row a")
    hand.wait(SEEN, "#message iframe")
    hand.wait(PRINTING)
    hand.ask(PRINTED)
    hand.ask("() => { document.querySelector('a[data-print]').click(); }")
    printed = hand.wait("() => window.printed")
    assert "Revue <lettre@revue.example>" in printed
    assert "Bonjour" in printed


@walk("the width of a telephone")
def _narrow(place: Place) -> None:
    sign_in(place)
    for path in ("/mail/INBOX/", "/compose/"):
        place.hand.goto(path)
        place.hand.resize(375, 800)
        place.hand.wait(
            "(path) => location.pathname === path && document.readyState === 'complete'", path
        )
        assert place.hand.ask("() => innerWidth") <= NARROWEST
        assert place.hand.ask("() => document.documentElement.scrollWidth <= innerWidth")
