"""Walks through `bin/demo` of a checkout as a newcomer does; `.ci/run` calls it on a clean clone.

    python3 tests/demo_walk.py CHECKOUT

Starts the demo, signs in through the page, sees the INBOX, ends the demo by SIGTERM; then once
more, ended by SIGKILL. After each end nothing may be left running. Standard library alone.
"""

from __future__ import annotations

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

FIRST_START = 120  # seconds, everything downloaded and installed
NEXT_START = 10
END = 15
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


def main(checkout: Path) -> None:
    before = processes_of(checkout)
    with Demo(checkout, FIRST_START) as demo:
        for account in demo.ready["accounts"]:
            expect_inbox(demo.ready["url"], account["login"], account["password"])
        if demo.end(signal.SIGTERM) != 0:
            raise SystemExit("bin/demo must end with status 0 at SIGTERM")
    expect_nothing_left(checkout, before, "SIGTERM")
    with Demo(checkout, NEXT_START) as demo:
        demo.end(signal.SIGKILL)
    expect_nothing_left(checkout, before, "SIGKILL")


def expect_inbox(url: str, login: str, password: str) -> None:
    page = sign_in(url, login, password)
    rows = len(re.findall(r'name="refs" value="', page))
    say(f"{login} sees {rows} messages")
    if rows < EXPECTED_ROWS:
        raise SystemExit(f"{login} should see {EXPECTED_ROWS} messages or more:\n{page}")


def sign_in(url: str, login: str, password: str) -> str:
    """The page seen after the form was sent, as a browser without JavaScript gets it."""
    browser = urllib.request.build_opener(
        urllib.request.ProxyHandler({}),
        urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
    )
    with browser.open(f"{url}/", timeout=30) as answer:
        form, where = answer.read().decode(), answer.url
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form)
    if token is None:
        raise SystemExit(f"No sign-in form at {where}:\n{form}")
    fields = {"csrfmiddlewaretoken": token[1], "login": login, "password": password}
    request = urllib.request.Request(  # noqa: S310 - the demo's own address
        where, urllib.parse.urlencode(fields).encode(), {"Referer": where}
    )
    with browser.open(request, timeout=30) as answer:
        return str(answer.read().decode())


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
