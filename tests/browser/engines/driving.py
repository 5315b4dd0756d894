"""One way to write a walk for several browsers: a hand of mouse, keyboard and questions.

Playwright drives the Chromium of the day and that of 2022 (`tests/browser/older.py`). Firefox
speaks Marionette on a socket, and WebKitGTK's MiniBrowser WebDriver over HTTP: the commands are the
same.
"""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Final

from playwright.sync_api import ConsoleMessage, Error, Page

from tests.waiting import LONGEST_S, wait_for

KEYS: Final = {"Enter": "\ue007", "Escape": "\ue00c", "Tab": "\ue004", "Control": "\ue009"}
_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
_SHOWN: Final = """([selector, index]) => {
  const all = [...document.querySelectorAll(selector)];
  const shown = all.filter((one) => one.getClientRects().length);
  shown[index]?.scrollIntoView({ block: "nearest" });
  const box = shown[index]?.getBoundingClientRect();
  return box ? [box.x + box.width / 2, box.y + box.height / 2] : null;
}"""
_CONSOLE: Final = """
const all = Services.console.getMessageArray();
Services.console.reset();
return all.filter((one) => one instanceof Ci.nsIScriptError)
  .filter((one) => one.sourceName.startsWith(arguments[0]) || one.category === "CSP")
  .filter((one) => !(one.flags & Ci.nsIScriptError.warningFlag) || one.category.includes("CSP"))
  .map((one) => one.errorMessage);
"""
# An automated WebKit writes no console: each question to a page has it watch. What fails before the
# first question is missed.
_WATCH: Final = """
if (!window.isWatchedByTests) {
  window.isWatchedByTests = true;
  const tell = (text) => {
    const told = JSON.parse(sessionStorage.getItem("told-to-tests") ?? "[]");
    sessionStorage.setItem("told-to-tests", JSON.stringify([...told, String(text)]));
  };
  addEventListener("error", (event) => event.message && tell(event.message));
  addEventListener("unhandledrejection", (event) => tell(event.reason));
  const refused = (event) => tell(`policy: ${event.effectiveDirective} ${event.blockedURI}`);
  addEventListener("securitypolicyviolation", refused);
}
"""
_TOLD: Final = """() => {
  if (location.protocol === "about:") return [];
  const told = sessionStorage.getItem("told-to-tests") ?? "[]";
  sessionStorage.removeItem("told-to-tests");
  return JSON.parse(told);
}"""
_FORGET: Final = """
const [resolve] = arguments;
gBrowser.selectedBrowser.browsingContext.fullZoom = 1;
Services.console.reset();
Services.clearData.deleteData(Ci.nsIClearDataService.CLEAR_COOKIES
  | Ci.nsIClearDataService.CLEAR_DOM_STORAGES | Ci.nsIClearDataService.CLEAR_SITE_PERMISSIONS,
  { onDataDeleted: () => resolve(true) });
"""
_ZOOM: Final = "gBrowser.selectedBrowser.browsingContext.fullZoom = arguments[0]; return true"


class Hand(ABC):
    """A walk goes, clicks, writes, asks and waits; a subclass knows how its browser is told so."""

    site: str
    carries = True
    submits_files = True

    @abstractmethod
    def goto(self, path: str) -> None: ...

    @abstractmethod
    def ask(self, question: str, argument: Any = None) -> Any:
        """Return the answer of a function of the page; None while it gives way to another."""

    @abstractmethod
    def drag(self, *places: tuple[float, float]) -> None:
        """Press the mouse at the first place, move over the others and release it at the last."""

    @abstractmethod
    def carry(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag what can be dropped from one place to another, as a person does."""

    @abstractmethod
    def type(self, text: str) -> None: ...

    @abstractmethod
    def press(self, key: str) -> None:
        """Press a key: a letter, or a name of `KEYS`."""

    @abstractmethod
    def upload(self, selector: str, *files: Path) -> None: ...

    @abstractmethod
    def resize(self, width: int, height: int) -> None: ...

    @abstractmethod
    def picture(self) -> bytes:
        """Return a PNG of what is seen."""

    @abstractmethod
    def problems(self) -> list[str]:
        """Return errors of scripts and refusals of a policy since the last call."""

    def wait(self, question: str, argument: Any = None) -> Any:
        answer = None

        def is_answered() -> bool:
            nonlocal answer
            answer = self.ask(question, argument)
            return bool(answer)

        wait_for(is_answered, lambda: f"no answer to {question} {argument or ''}")
        return answer

    def where(self, selector: str, index: int = 0) -> tuple[float, float]:
        x, y = self.wait(_SHOWN, [selector, index])
        return x, y

    def click(self, selector: str, index: int = 0) -> None:
        self.drag(self.where(selector, index))

    def write(self, selector: str, text: str) -> None:
        self.click(selector)
        self.type(text)


class PlaywrightHand(Hand):
    """Playwright's own waits need newer browsers than the one of 2022: they are not used."""

    def __init__(self, page: Page, site: str) -> None:
        self.page, self.site = page, site
        self._problems: list[str] = []
        page.on("pageerror", lambda error: self._problems.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, said: ConsoleMessage) -> None:
        """An image that its site does not give is no error of ours."""
        if said.type == "error" and not said.text.startswith("Failed to load resource"):
            self._problems.append(said.text)

    def goto(self, path: str) -> None:
        self.page.goto(path)

    def ask(self, question: str, argument: Any = None) -> Any:
        try:
            return self.page.evaluate(question, argument)
        except Error as error:
            if "destroyed" in str(error) or "navigation" in str(error):
                return None
            raise

    def drag(self, *places: tuple[float, float]) -> None:
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=5)
        self.page.mouse.up()

    def carry(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        self.drag(start, end)

    def type(self, text: str) -> None:
        self.page.keyboard.insert_text(text)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def upload(self, selector: str, *files: Path) -> None:
        self.page.set_input_files(selector, files)

    def resize(self, width: int, height: int) -> None:
        self.page.set_viewport_size({"width": width, "height": height})

    def picture(self) -> bytes:
        return self.page.screenshot()

    def problems(self) -> list[str]:
        """Ask the page something first: Playwright hears it at that time alone."""
        self.ask("() => null")
        told = list(self._problems)
        self._problems.clear()
        return told


class Refused(Exception):
    """The browser's own word on a command of WebDriver."""


class DrivenHand(Hand):
    """A browser that speaks WebDriver (https://www.w3.org/TR/webdriver2/), whose window stands at
    the upper left of the screen ``display``."""

    ORIGIN: ClassVar = "() => [screenX, screenY + outerHeight - innerHeight]"
    display: str

    @abstractmethod
    def send(self, command: str, **parameters: Any) -> Any:
        """Return the value of a command. Raises Refused."""

    @abstractmethod
    def forget(self) -> None:
        """Forget who was there, and what they left in the browser."""

    def leave(self) -> None:
        """Go where no page of the site is asked for."""
        self.send("Navigate", url="about:blank")

    def goto(self, path: str) -> None:
        self.send("Navigate", url=self.site + path)

    def ask(self, question: str, argument: Any = None) -> Any:
        script = f"return ({question})(arguments[0])"
        try:
            return self.send("ExecuteScript", script=script, args=[argument])
        except Refused as error:
            if any(word in str(error) for word in ("unload", "navigat", "no such", "Abort")):
                return None
            raise

    def drag(self, *places: tuple[float, float]) -> None:
        moves = [_move(*place) for place in places]
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        steps = [step for at, to in pairwise(places) for step in _way(at, to)]
        self._perform("pointer", [moves[0], down, *steps, up])

    def carry(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move the mouse of the screen: no driver drags what can be dropped."""
        left, top = self.ask(self.ORIGIN)
        moves: list[str] = []
        for x, y in (start, *_between(start, end)):
            moves += ["mousemove", str(round(left + x)), str(round(top + y)), "sleep", "0.1"]
        down, up = ["mousedown", "1", "sleep", "0.1"], ["mouseup", "1"]
        command = ["xdotool", *moves[:5], *down, *moves[5:], *up]
        environment = {**os.environ, "DISPLAY": self.display}
        subprocess.run(command, check=True, timeout=LONGEST_S, env=environment)  # noqa: S603

    def _perform(self, kind: str, steps: list[dict[str, Any]]) -> None:
        self.send("PerformActions", actions=[{"type": kind, "id": kind, "actions": steps}])

    def type(self, text: str) -> None:
        self.send("ElementSendKeys", id=self.send("GetActiveElement")[_ELEMENT], text=text)

    def press(self, key: str) -> None:
        value = KEYS.get(key, key)
        self._perform("key", [{"type": kind, "value": value} for kind in ("keyDown", "keyUp")])

    def upload(self, selector: str, *files: Path) -> None:
        field = self.send("FindElement", using="css selector", value=selector)[_ELEMENT]
        self.send("ElementSendKeys", id=field, text="\n".join(map(str, files)))

    def resize(self, width: int, height: int) -> None:
        """Give the page this size: the window is larger by its bars."""
        self.send("SetWindowRect", width=width, height=height)
        inner = self.ask("() => [innerWidth, innerHeight]")
        self.send("SetWindowRect", width=2 * width - inner[0], height=2 * height - inner[1])

    def picture(self) -> bytes:
        return base64.b64decode(self.send("TakeScreenshot"))


def _move(x: float, y: float, duration: int = 0) -> dict[str, Any]:
    at = {"x": round(x), "y": round(y), "origin": "viewport"}
    return {"type": "pointerMove", "duration": duration, **at}


def _way(start: tuple[float, float], end: tuple[float, float]) -> Iterator[dict[str, Any]]:
    for x, y in _between(start, end):
        yield _move(x, y, duration=20)


def _between(start: tuple[float, float], end: tuple[float, float]) -> Iterator[tuple[float, float]]:
    for share in (0.2, 0.4, 0.6, 0.8, 1):
        x, y = (one + share * (other - one) for one, other in zip(start, end, strict=True))
        yield x, y


class FirefoxHand(DrivenHand):
    """Marionette: `length:[type, id, command, parameters]` on a socket."""

    ORIGIN = "() => [mozInnerScreenX, mozInnerScreenY]"

    def __init__(self, port: int, display: str, site: str) -> None:
        self.site, self.display = site, display
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=LONGEST_S)
        self._answers = self._socket.makefile("rb")
        self._count = 0
        self._answer()
        self.send("NewSession")

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def send(self, command: str, **parameters: Any) -> Any:
        return self._command(f"WebDriver:{command}", parameters)

    def _command(self, name: str, parameters: dict[str, Any]) -> Any:
        self._count += 1
        words = json.dumps([0, self._count, name, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(words), words))
        _, _, error, result = self._answer()
        if error:
            raise Refused(f"{error['error']}: {error['message']}")
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def _answer(self) -> Any:
        length = b""
        while (digit := self._answers.read(1)) != b":":
            assert digit, "Firefox has gone"
            length += digit
        return json.loads(self._answers.read(int(length)))

    def resize(self, width: int, height: int) -> None:
        """Zoom the page where the window cannot be as narrow, until it gives way to another."""
        super().resize(width, height)
        inner = self.ask("() => innerWidth")
        if inner > width:
            self._of_the_browser(_ZOOM, inner / width)

    def forget(self) -> None:
        self._of_the_browser(_FORGET, None, "ExecuteAsyncScript")

    def problems(self) -> list[str]:
        told: list[str] = self._of_the_browser(_CONSOLE, self.site)
        return told

    def _of_the_browser(self, script: str, argument: Any, how: str = "ExecuteScript") -> Any:
        """Run a script of the browser's own window, in place of the page's."""
        self._command("Marionette:SetContext", {"value": "chrome"})
        answer = self.send(how, script=script, args=[] if argument is None else [argument])
        self._command("Marionette:SetContext", {"value": "content"})
        return answer


class WebKitHand(DrivenHand):
    """WebDriver over HTTP. A browser that is driven so hears no mouse of its screen."""

    carries = False
    submits_files = False

    COMMANDS: ClassVar = {
        "Navigate": "url",
        "ExecuteScript": "execute/sync",
        "PerformActions": "actions",
        "GetActiveElement": "element/active",
        "FindElement": "element",
        "ElementSendKeys": "element/{id}/value",
        "SetWindowRect": "window/rect",
        "TakeScreenshot": "screenshot",
    }
    READ: ClassVar = ("GetActiveElement", "TakeScreenshot")

    def __init__(self, port: int, browser: Path, display: str, site: str) -> None:
        self.site, self.display = site, display
        self._driver = f"http://127.0.0.1:{port}"
        self._browser = browser
        self._session = ""

    def close(self) -> None:
        session, self._session = self._session, ""
        if session:
            with suppress(Refused):  # the browser has gone by itself
                self._call("DELETE", session)

    def forget(self) -> None:
        """Begin a session of its own: what a page keeps in this one cannot all be taken from it."""
        self.close()
        options = {"binary": str(self._browser), "args": ["--automation"]}
        wanted = {"alwaysMatch": {"webkitgtk:browserOptions": options}}
        session = self._call("POST", "/session", {"capabilities": wanted})["sessionId"]
        self._session = f"/session/{session}"

    def send(self, command: str, **parameters: Any) -> Any:
        path = self.COMMANDS[command].format_map({"id": parameters.pop("id", "")})
        if command not in self.READ:
            return self._call("POST", f"{self._session}/{path}", parameters)
        return self._call("GET", f"{self._session}/{path}")

    def _call(self, method: str, path: str, parameters: Any = None) -> Any:
        body = None if parameters is None else json.dumps(parameters).encode()
        kind = {"Content-Type": "application/json"}
        request = urllib.request.Request(self._driver + path, body, kind, method=method)  # noqa: S310
        try:
            with urllib.request.urlopen(request, timeout=LONGEST_S) as answer:  # noqa: S310
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.read().decode()) from None

    def ask(self, question: str, argument: Any = None) -> Any:
        return super().ask(f"(argument) => {{ {_WATCH} return ({question})(argument); }}", argument)

    def problems(self) -> list[str]:
        self.ask("() => null")
        told: list[str] = self.wait(f"() => [({_TOLD})()]")[0]
        return told
