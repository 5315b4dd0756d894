"""js/keys.js and js/dom.js: which strokes act, and where."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.cases import each

pytestmark = pytest.mark.browser

REGION = """async ([html, selector, keys]) => {
  document.body.innerHTML = html;
  const { regionOf } = await import("/static/webmail/js/keys.js");
  let region = null;
  const hear = (event) => (region = regionOf(event)?.id ?? null);
  document.addEventListener("keydown", hear, { once: true });
  const event = new KeyboardEvent("keydown", { key: "j", bubbles: true, ...keys });
  document.querySelector(selector).dispatchEvent(event);
  return region;
}"""
LIST = (
    '<ul id="rows"><li><a href="#">x</a><input type="checkbox"><input><select></select></li></ul>'
)
MESSAGE = '<div id="message" data-open><h1 tabindex="-1">x</h1><textarea></textarea></div>'


@each(
    ("selector", "keys", "region"),
    [
        ("#rows a", {}, "rows"),
        ("#rows [type=checkbox]", {}, "rows"),
        ("#message h1", {}, "message"),
        ("#rows input:not([type])", {}, None),
        ("#rows select", {}, None),
        ("#message textarea", {}, None),
        ("#rows a", {"ctrlKey": True}, None),
        ("#rows a", {"metaKey": True}, None),
        ("#rows a", {"altKey": True}, None),
        ("#rows a", {"isComposing": True}, None),
        ("footer", {}, None),
    ],
)
def test_a_letter_acts_in_the_list_and_the_message_alone(
    units: Page, selector: str, keys: dict[str, bool], region: str | None
) -> None:
    assert units.evaluate(REGION, [f"{LIST}{MESSAGE}<footer>x</footer>", selector, keys]) == region


@each(
    ("key", "shift", "stroke"),
    [
        ("j", False, "J"),
        ("J", True, "Shift+J"),
        ("J", False, "J"),  # Caps Lock
        ("?", True, "?"),
        ("Delete", False, "Delete"),
        ("Delete", True, ""),
    ],
)
def test_a_stroke_is_written_as_controls_declare_it(
    units: Page, key: str, shift: bool, stroke: str
) -> None:
    script = """async (event) => (await import("/static/webmail/js/dom.js")).strokeOf(event)"""
    assert units.evaluate(script, {"key": key, "shiftKey": shift}) == stroke


def test_a_chosen_key_takes_the_place_of_the_usual_one(units: Page) -> None:
    script = """async (keys) => {
      document.documentElement.dataset.keys = keys;
      const { isKey } = await import("/static/webmail/js/dom.js");
      const known = [isKey("J", "next"), isKey("N", "next"), isKey("K", "previous")];
      delete document.documentElement.dataset.keys;
      return known;
    }"""
    assert units.evaluate(script, "") == [True, False, True]
    assert units.evaluate(script, "next=N") == [False, True, True]
