"""js/scrolling.js moves the nearest scroller and no other."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.cases import each

pytestmark = pytest.mark.browser

REVEAL = """async ([where, from]) => {
  document.body.innerHTML = `
    <div id="outer" style="height: 150px; overflow: hidden">
      <div id="inner" style="height: 200px; overflow-y: auto">
        <div style="height: 1000px"></div>
        <p id="wanted" style="height: 20px; margin: 0"></p>
        <div style="height: 1000px"></div>
      </div>
    </div>`;
  const inner = document.getElementById("inner");
  inner.scrollTop = from;
  const { reveal } = await import("/static/webmail/js/scrolling.js");
  reveal(document.getElementById("wanted"), where);
  return [inner.scrollTop, document.getElementById("outer").scrollTop, scrollY];
}"""


@each(
    ("where", "start", "place"),
    [
        ("nearest", 0, 820),
        ("nearest", 900, 900),
        ("nearest", 1500, 1000),
        ("start", 0, 1000),
        ("center", 0, 910),
    ],
)
def test_an_element_is_brought_into_sight(units: Page, where: str, start: int, place: int) -> None:
    assert units.evaluate(REVEAL, [where, start]) == [place, 0, 0]
