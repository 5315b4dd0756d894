"""js/pasting.js: HTML of drafts and of the clipboard, and plain text made of it and back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.cases import each

pytestmark = pytest.mark.browser

SAFE = """async (html) => {
  const { safe } = await import("/static/webmail/js/pasting.js");
  const box = document.createElement("div");
  box.append(safe(html));
  return box.innerHTML;
}"""
BACK = """async (text) => {
  const { htmlOf, safe, textOf } = await import("/static/webmail/js/pasting.js");
  return textOf(safe(htmlOf(text)));
}"""


@each(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<a href='javascript:alert(1)'>x</a>",
        "<svg onload=alert(1)><script>alert(1)</script></svg>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<form action='https://x.example'><input name=password></form>",
        "<div style='background: url(https://x.example/seen)'>x</div>",
    ],
)
def test_nothing_that_acts_or_fetches_stays(units: Page, hostile: str) -> None:
    left = units.evaluate(SAFE, f"<p>vu</p>{hostile}")
    assert "vu" in left
    for trace in ("script", "onerror", "onload", "alert", "iframe", "<form", "<input", "x.example"):
        assert trace not in left, left


@each(
    "text",
    [
        "une ligne\n",
        "deux\nlignes\n",
        "un\n\nblanc\n",
        "<b>1</b> & 3 > 2\n",
    ],
)
def test_plain_text_becomes_html_and_the_same_text_again(units: Page, text: str) -> None:
    assert units.evaluate(BACK, text.rstrip("\n")).rstrip("\n") == text.rstrip("\n")


SWITCHED = """async (text) => {
  const { htmlOf, safe, textOf } = await import("/static/webmail/js/pasting.js");
  const box = document.createElement("div");
  let now = text;
  for (let time = 0; time < 10; time += 1) {
    box.replaceChildren(safe(htmlOf(now)));
    now = textOf(safe(box.innerHTML));
  }
  return now;
}"""
QUOTED = "Bonjour,\n\nLe 3 mai, Luc a écrit :\n"


@each(
    "text",
    [
        "> cité\n",
        "> un\n>\n> deux\n",
        ">\n> un\n>\n",
        "> un\n>> deux\n>> trois\n> quatre\n",
        ">> deux\n>>\n>> trois\n>\n> un\n",
        "> un\n\n> deux\n\nentre\n\n>> trois\n\nfin\n",
        ">>> trois\nfin\n> un\n",
        "> un  deux   trois\n>   avancé\n  avancé aussi\n",
        "> 3 > 2\n> -- \n> Luc\n",
    ],
)
def test_quotes_are_the_same_after_ten_changes_of_format(units: Page, text: str) -> None:
    once = f"{QUOTED}{text}"
    assert units.evaluate(SWITCHED, once).rstrip("\n") == once.rstrip("\n")
