"""Somebody at the page who counts keys and touches, and hears what a screen reader says."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, cast

from playwright.sync_api import CDPSession, Error, Locator, Page

# What live regions say, of the page and of the frames in it. Each is told once.
LISTEN: Final = """(() => {
  window.__said = [];
  const live = "[role=status], [role=alert], [aria-live=polite], [aria-live=assertive]";
  const words = (node) => (node.textContent || "").replace(/\\s+/g, " ").trim();
  new MutationObserver((changes) => {
    for (const { target } of changes) {
      const at = target.nodeType === 1 ? target : target.parentElement;
      const region = at?.closest(live);
      const said = region && words(region);
      if (said && window.__said.at(-1) !== said) window.__said.push(said);
    }
  }).observe(document, { childList: true, subtree: true, characterData: true });
})()"""
# The element with the focus, within a frame if it is there.
FOCUSED: Final = """(() => {
  let at = document.activeElement;
  while (at?.localName === "iframe" && at.contentDocument) at = at.contentDocument.activeElement;
  return at;
})()"""


@dataclass(frozen=True)
class Stop:
    """What the accessibility tree tells of the element with the focus."""

    role: str
    name: str
    states: frozenset[str]
    value: str = ""


class Hands:
    """``steps``: keys pressed and things clicked or touched; what is typed counts nothing."""

    def __init__(self, page: Page) -> None:
        page.add_init_script(LISTEN)
        self.page = page
        self.steps = 0
        self._devtools: CDPSession = page.context.new_cdp_session(page)

    def press(self, *keys: str) -> Stop:
        for key in keys:
            self.page.keyboard.press(key)
            self.steps += 1
        return self.stop()

    def type(self, text: str) -> None:
        self.page.keyboard.type(text)

    def touch(self, what: Locator) -> None:
        what.tap()
        self.steps += 1

    def tab_to(self, name: str, most: int = 40) -> Stop:
        """By Tab alone."""
        for _ in range(most):
            stop = self.press("Tab")
            if name in stop.name:
                return stop
        raise AssertionError(f"{name} is not reached by {most} times Tab")

    def move_to(self, name: str, most: int = 40) -> Stop:
        """Through a menu that is open, by the arrow down."""
        for _ in range(most):
            stop = self.stop()
            if name in stop.name:
                return stop
            self.press("ArrowDown")
        raise AssertionError(f"{name} is not reached by {most} times the arrow down")

    def stop(self) -> Stop:
        return self.told(FOCUSED)

    def told(self, expression: str) -> Stop:
        """What the accessibility tree tells of the element that a script finds."""
        node: dict[str, Any] = {}
        # A page gives way to the next one, and an element to the one in its place.
        for _try in range(500):
            with suppress(Error):
                node = self._node(expression)
            if node and not node.get("ignored"):
                break
            self.page.wait_for_timeout(50)
        assert node, f"there is no {expression}"
        states = {
            one["name"]
            for one in node.get("properties", [])
            if one["value"].get("value") in (True, "true")
        }
        return Stop(
            node.get("role", {}).get("value", ""),
            " ".join(node.get("name", {}).get("value", "").split()),
            frozenset(states),
            str(node.get("value", {}).get("value", "")),
        )

    def _node(self, expression: str) -> dict[str, Any]:
        """A node of the accessibility tree; none between two pages."""
        found = self._devtools.send("Runtime.evaluate", {"expression": expression})
        if "objectId" not in found["result"]:
            return {}
        asked = {"objectId": found["result"]["objectId"], "fetchRelatives": False}
        tree = self._devtools.send("Accessibility.getPartialAXTree", asked)
        return cast(dict[str, Any], tree["nodes"][0])

    def said(self, words: str) -> bool:
        """Whether a live region has said it by now."""
        for _try in range(200):
            for frame in self.page.frames:
                with suppress(Error):  # it goes while it is asked
                    if any(words in one for one in frame.evaluate("window.__said || []")):
                        return True
            self.page.wait_for_timeout(50)
        return False
