"""A page held to those criteria of the RGAA 4.1 that can be told by looking at it."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

CHECKS: Final = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
HAND: Final = Path(__file__).with_name("hand.js").read_text(encoding="utf-8").strip().rstrip(";")
# WCAG 1.4.12, as a person's own style sheet has it.
SPACING: Final = """* { line-height: 1.5 !important; letter-spacing: .12em !important;
  word-spacing: .16em !important; } p { margin-bottom: 2em !important; }"""
# Text that its box cuts, and that nothing else gives: neither a title nor a way to scroll.
CUT: Final = """() => [...document.querySelectorAll("body *")].flatMap((box) => {
  const style = getComputedStyle(box);
  if (!box.checkVisibility({visibilityProperty: true})) return [];
  if (box.closest(".sr, [aria-hidden=true]") || style.clipPath !== "none") return [];
  const isText = (node) => node.nodeType === 3 && node.data.trim();
  if (![...box.childNodes].some(isText)) return [];
  if (box.closest(".row, .sample-list")) return []; // one line of each, whole in the message
  if (box.matches("option, select, textarea, input, iframe, svg *")) return [];
  const hides = (value) => value === "hidden" || value === "clip";
  const across = hides(style.overflowX) && box.scrollWidth > box.clientWidth + 2
    && style.textOverflow !== "ellipsis";
  const down = hides(style.overflowY) && box.scrollHeight > box.clientHeight + 2
    && style.webkitLineClamp === "none" && style.textOverflow !== "ellipsis";
  const range = document.createRange();
  range.selectNodeContents(box);
  const text = range.getBoundingClientRect();
  let at = box.parentElement;
  const place = style.position;
  let cut = false;
  while (at && at !== document.body && place !== "fixed" && place !== "absolute") {
    const around = getComputedStyle(at);
    if (around.position === "fixed" || around.position === "absolute") break;
    if (/auto|scroll/.test(around.overflowX + around.overflowY)) break;
    const frame = at.getBoundingClientRect();
    const isWhole = around.webkitLineClamp === "none" && around.textOverflow !== "ellipsis"
      && style.textOverflow !== "ellipsis" && frame.width > 1 && frame.height > 1;
    if (isWhole && hides(around.overflowX) && text.right > frame.right + 3) cut = true;
    if (isWhole && hides(around.overflowY) && text.bottom > frame.bottom + 4) cut = true;
    at = at.parentElement;
  }
  return across || down || cut ? [box.outerHTML.replace(/\\s+/g, " ").slice(0, 140)] : [];
})"""
VOID: Final = frozenset(
    "area base br col embed hr img input link meta source track wbr path use circle rect".split()
)


class _Nesting(HTMLParser):
    """Tags of a source that are not closed in their order, and attributes that stand twice."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.found: list[str] = []
        self.counted: Counter[str] = Counter()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counted[tag] += 1
        if len({name for name, _value in attrs}) < len(attrs):
            self.found.append(f"8.2: an attribute twice in {self.get_starttag_text()}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.counted[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        if not self.open or self.open[-1] != tag:
            self.found.append(f"8.2: </{tag}> at line {self.getpos()[0]} within {self.open[-4:]}")
        if tag in self.open:
            while self.open.pop() != tag:
                pass


# How the browser reads a source: where it puts an element elsewhere it makes or loses one.
COUNT: Final = """(source) => {
  const counted = {};
  const walk = (root) => {
    for (const node of root.querySelectorAll("*")) {
      counted[node.localName] = (counted[node.localName] || 0) + 1;
      if (node.localName === "template") walk(node.content);
    }
  };
  walk(new DOMParser().parseFromString(source, "text/html"));
  return counted;
}"""


def invalid(page: Page, source: str) -> list[str]:
    """8.2: tags closed in order, none where it may not stand, no attribute twice."""
    nesting = _Nesting()
    nesting.feed(source)
    read = Counter(page.evaluate(COUNT, source))
    for tag in ("p", "a", "form", "button", "li", "div", "table", "tr", "td", "label", "tbody"):
        if read[tag] != nesting.counted[tag] and tag != "tbody":
            nesting.found.append(f"8.2: {nesting.counted[tag]} <{tag}> read as {read[tag]}")
    return nesting.found


def axe(page: Page) -> list[str]:
    return [
        f"axe {violation['id']}: {violation['nodes'][0]['html'][:160]}"
        for violation in Axe().run(page).response["violations"]
    ]


def violations(page: Page) -> list[str]:
    """axe's findings, and whether the page is wider than the window."""
    found = [f"{page.url} {fault}" for fault in axe(page)]
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
        found.append(f"{page.url}: wider than the window")
    return found


def looked_at(page: Page) -> list[str]:
    """What ``conformity.js`` finds."""
    found: list[str] = page.evaluate(CHECKS)
    return found


# What takes the focus and tells nothing but its place.
_PLACES: Final = frozenset({"RootWebArea", "Iframe", "main", "generic", "none", "listitem"})


def unnamed(page: Page) -> list[str]:
    """7.1: whatever takes the focus has a name and the role of what can be done with it, in the
    tree that screen readers are given."""
    devtools = page.context.new_cdp_session(page)
    nodes = devtools.send("Accessibility.getFullAXTree")["nodes"]
    found = []
    for node in nodes:
        states = {one["name"]: one["value"].get("value") for one in node.get("properties", [])}
        role = node.get("role", {}).get("value", "")
        if node.get("ignored") or not states.get("focusable") or role in _PLACES:
            continue
        if not str(node.get("name", {}).get("value", "")).strip():
            shown = {"backendNodeId": node["backendDOMNodeId"]}
            source = devtools.send("DOM.getOuterHTML", shown)["outerHTML"]
            found.append(f"7.1: a {role} without a name: {' '.join(source.split())[:140]}")
    devtools.detach()
    return found


_SPACED: Final = """(css) => { const sheet = new CSSStyleSheet(); sheet.replaceSync(css);
  document.adoptedStyleSheets = css ? [sheet] : []; }"""


def stretched(page: Page) -> list[str]:
    """10.4, 10.11, 10.12: at 320 px, with letters twice as large, and with more space in them."""
    found = []
    size = page.viewport_size or {"width": 1440, "height": 900}
    page.set_viewport_size({"width": 320, "height": 640})
    wide = "document.documentElement.scrollWidth > innerWidth"
    if page.evaluate(wide):
        found.append("10.11: wider than 320 px")
    page.set_viewport_size({"width": 720, "height": 450})
    if page.evaluate(wide):
        found.append("10.4: wider than the window at 200 %")
    found += [f"10.4: cut at 200 %: {cut}" for cut in page.evaluate(CUT)]
    page.set_viewport_size({"width": 1280, "height": 900})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    found += [f"10.4: cut with letters of 200 %: {cut}" for cut in page.evaluate(CUT)]
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.evaluate(_SPACED, SPACING)
    found += [f"10.12: cut when spaced: {cut}" for cut in page.evaluate(CUT)]
    page.evaluate(_SPACED, "")
    page.set_viewport_size(size)
    return found


# What follows a size of the window is laid out by observers, with the frame after the next.
_DRAWN: Final = "() => new Promise((is) => requestAnimationFrame(() => requestAnimationFrame(is)))"


def by_hand(page: Page) -> list[str]:
    """What ``hand.js`` finds: targets and names at two widths, a window of 320 px with letters as
    they are and spaced, forced colours, and what moves for who asked for less."""
    found = []
    size = page.viewport_size or {"width": 1440, "height": 900}
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    for width, height in ((1440, 900), (375, 800)):
        page.set_viewport_size({"width": width, "height": height})
        found += page.evaluate(HAND, ["targets", "names", "still"])
    page.set_viewport_size({"width": 320, "height": 640})
    page.evaluate(_DRAWN)
    for spacing in ("", SPACING):
        page.evaluate(_SPACED, spacing)
        found += page.evaluate(HAND, ["narrow"])
        found += [f"1.4.12: cut at 320 px: {cut}" for cut in page.evaluate(CUT)]
    page.evaluate(_SPACED, "")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(forced_colors="active")
    found += page.evaluate(HAND, ["forced"])
    page.emulate_media(forced_colors="none")
    page.set_viewport_size(size)
    return list(dict.fromkeys(found))


# How the stop that has the focus is drawn.
FOCUS: Final = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  if (at.localName === "iframe") return {where: "iframe", drawn: true};
  const drawn = (node, pseudo) => {
    const style = getComputedStyle(node, pseudo);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1)
      || style.boxShadow !== "none";
  };
  const around = [];
  for (let box = at; box && around.length < 4; box = box.parentElement) around.push(box);
  const labels = [...(at.labels || [])];
  const near = [...around, at.nextElementSibling, ...labels,
    ...labels.flatMap((label) => [...label.children])].filter(Boolean);
  // A divider is drawn by its ground, the paper by its margin, a calendar by the browser.
  const is = near.some((node) => drawn(node) || drawn(node, "::after") || drawn(node, "::before"))
    || getComputedStyle(at).backgroundImage !== "none" || at.type === "date"
    || around.some((box) => getComputedStyle(box, "::before").width === "2px");
  window.__stops = window.__stops || new Map();
  if (!window.__stops.has(at)) window.__stops.set(at, window.__stops.size);
  const where = at.outerHTML.replace(/\\s+/g, " ").slice(0, 130);
  return {where, drawn: is, n: window.__stops.get(at)};
}"""


def tabbed(page: Page, most: int = 150) -> list[str]:
    """10.7, 12.8, 12.9: each stop shows that it has the focus, and Tab comes to the end."""
    found: list[str] = []
    page.evaluate("window.__stops = new Map(); document.activeElement?.blur()")
    last, still = -1, 0
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        if at is None:
            return found
        if not at["drawn"]:
            found.append(f"10.7: no focus to be seen on {at['where']}")
        n = at.get("n", last)
        still = still + 1 if n == last else 0
        if still > 3:
            found.append(f"12.9: Tab stays on {at['where']}")
            return found
        if n < last and n == 0:
            return found
        last = n
    return found
