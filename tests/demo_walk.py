"""Walks through `bin/demo` of a checkout as a newcomer does; `.ci/run` calls it on a clean clone.

    python3 tests/demo_walk.py CHECKOUT

Starts the demo, signs in through the page, sees the INBOX, writes to a colleague, ends the demo by
SIGTERM; then once more, ended by SIGKILL. After each end nothing may be left running. Standard
library alone.
"""

from __future__ import annotations

import html
import http.cookiejar
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

FIRST_START = 120  # seconds, everything downloaded and installed
NEXT_START = 10
END = 15
ARRIVAL = 40  # ten seconds to take it back, then the next look of the worker
EXPECTED_ROWS = 10


class Demo:
    """One run of `bin/demo --json`. `ready` is the line it prints."""

    def __init__(self, checkout: Path, limit: float) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        begun = time.monotonic()
        self.process = subprocess.Popen(  # noqa: S603 - the project's own command
            [checkout / "bin" / "demo", "--json", "--port", str(port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"bin/demo ended with status {self.process.wait()}")
        self.ready = json.loads(line)
        took = time.monotonic() - begun
        say(f"ready after {took:.1f} s")
        if took > limit:
            raise SystemExit(f"bin/demo took {took:.1f} s to start; {limit} s are allowed")

    def __enter__(self) -> Demo:
        return self

    def __exit__(self, *problem: object) -> None:
        self.process.terminate()
        self.process.wait(END)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        return self.process.wait(END)


class Browser:
    """One that runs no JavaScript and keeps its cookies. `page` is what it shows."""

    def __init__(self, url: str) -> None:
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}),
            urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
        )
        self._url = url
        self.page = ""

    def open(self, path: str, data: bytes | None = None) -> None:
        where = urllib.parse.urljoin(self._url, path)
        request = urllib.request.Request(where, data, {"Referer": self._url})  # noqa: S310
        with self._opener.open(request, timeout=30) as answer:
            self._url, self.page = answer.url, answer.read().decode()

    def submit(self, **fields: str) -> None:
        """Send the form of this page that has all of `fields`, with its hidden ones."""
        for form in re.findall(r"<form\b.*?</form>", self.page, re.DOTALL):
            inputs = [unescaped(tag) for tag in re.findall(r"<(?:input|textarea)\b[^>]*>", form)]
            if set(fields) <= {found.get("name") for found in inputs}:
                break
        else:
            raise SystemExit(f"No form with {', '.join(fields)} at {self._url}:\n{self.page}")
        hidden = {f["name"]: f.get("value", "") for f in inputs if f.get("type") == "hidden"}
        action = unescaped(form[: form.index(">")]).get("action", "")
        self.open(action, urllib.parse.urlencode({**hidden, **fields}).encode())


def unescaped(tag: str) -> dict[str, str]:
    """A tag's attributes, those with a quoted value."""
    return {name: html.unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}


def main(checkout: Path) -> None:
    before = processes_of(checkout)
    with Demo(checkout, FIRST_START) as demo:
        see_the_inboxes(demo.ready)
        write_to_a_colleague(demo.ready)
        if demo.end(signal.SIGTERM) != 0:
            raise SystemExit("bin/demo must end with status 0 at SIGTERM")
    expect_nothing_left(checkout, before, "SIGTERM")
    with Demo(checkout, NEXT_START) as demo:
        demo.end(signal.SIGKILL)
    expect_nothing_left(checkout, before, "SIGKILL")


def see_the_inboxes(ready: dict[str, Any]) -> None:
    for account in ready["accounts"]:
        browser = signed_in(ready["url"], account)
        rows = browser.page.count('<input type="checkbox" name="refs"')
        say(f"{account['login']} sees {rows} messages")
        if rows < EXPECTED_ROWS:
            raise SystemExit(f"{EXPECTED_ROWS} or more are expected:\n{browser.page}")


def write_to_a_colleague(ready: dict[str, Any]) -> None:
    sender, colleague = ready["accounts"][:2]
    subject = f"Réunion de {time.time():.0f}"
    browser = signed_in(ready["url"], sender)
    browser.open("/compose/")
    browser.submit(to=colleague["login"], subject=subject, body="À demain.")
    deadline = time.monotonic() + ARRIVAL
    while subject not in signed_in(ready["url"], colleague).page:
        if time.monotonic() > deadline:
            raise SystemExit(f"{subject!r} did not arrive; the sender sees:\n{browser.page}")
        time.sleep(0.5)
    say(f"what {sender['login']} sends reaches {colleague['login']}")


def signed_in(url: str, account: dict[str, str]) -> Browser:
    # A browser knows localhost by itself; Python asks /etc/hosts, which a bare system has not.
    browser = Browser(url.replace("localhost", "127.0.0.1"))
    browser.open("/")
    browser.submit(login=account["login"], password=account["password"])
    return browser


def expect_nothing_left(checkout: Path, before: set[str], after: str) -> None:
    deadline = time.monotonic() + END
    while left := processes_of(checkout) - before:
        if time.monotonic() > deadline:
            raise SystemExit(f"Still running after {after}:\n" + "\n".join(sorted(left)))
        time.sleep(0.1)
    say(f"nothing is left after {after}")


def processes_of(checkout: Path) -> set[str]:
    """Those that work in `checkout` or name it on their command line."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = folder.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = os.readlink(folder / "cwd")
        except OSError:
            continue
        if folder.name != str(os.getpid()) and str(checkout) in f"{command} {place}":
            found.add(f"{folder.name} {command} in {place}")
    return found


def say(text: str) -> None:
    sys.stdout.write(f"demo walk: {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
