"""Requests that are slow, many, or never finished."""

import contextlib
import socket
import time

from demo.servers.process import LOOPBACK
from tools.bench.cost.attacks import played
from tools.bench.cost.browser import Browser
from tools.bench.cost.scene import INBOX, SIGN_IN, Scene

SECONDS = 12
LARGE = 4_000_000


def opened(scene: Scene, head: str) -> socket.socket:
    """A connection on which a request has begun."""
    connection = socket.create_connection((LOOPBACK, scene.installation.port), timeout=5)
    connection.sendall(head.encode())
    return connection


def slowly(scene: Scene, count: int, path: str, who: Browser) -> None:
    """So many POSTs of somebody's at once, of which a byte comes every second. Without the cookie
    of a page's form they would be refused unread."""
    who.get(path)
    kind = "Content-Type: application/x-www-form-urlencoded"
    head = f"POST {path} HTTP/1.1\r\nHost: localhost:{scene.installation.port}\r\n{kind}\r\n"
    head += f"Cookie: {who.cookies()}\r\nContent-Length: {LARGE}\r\n\r\n" + "a" * 100_000
    with contextlib.ExitStack() as ending:
        connections = [opened(scene, head) for _ in range(count)]
        for connection in connections:
            ending.callback(connection.close)
        for _second in range(SECONDS):
            for connection in connections:
                with contextlib.suppress(OSError):
                    connection.send(b"a")
            scene.stranger.get(SIGN_IN)
            time.sleep(1)


@played
def slow_posts(scene: Scene) -> None:
    """24 POSTs at the sign-in that never end."""
    slowly(scene, 24, SIGN_IN, scene.stranger)


@played
def many_slow_posts(scene: Scene) -> None:
    """100 such POSTs."""
    slowly(scene, 100, SIGN_IN, scene.stranger)


@played
def slow_uploads(scene: Scene) -> None:
    """100 uploads of address books that never end."""
    slowly(scene, 100, "/contacts/import/other/", scene.person)


@played
def slow_heads(scene: Scene) -> None:
    """300 requests whose head never ends."""
    head = f"GET {SIGN_IN} HTTP/1.1\r\nHost: localhost\r\nX-A: "
    with contextlib.ExitStack() as ending:
        for _ in range(300):
            ending.callback(opened(scene, head).close)
        for _second in range(SECONDS):
            scene.stranger.get(SIGN_IN)
            time.sleep(1)


@played
def slow_readers(scene: Scene) -> None:
    """A download of 20 MB that nobody reads, thirty times."""
    from tools.bench.cost.letters import letter

    # Of long lines: imaplib stops at each, and the strangers of this process wait meanwhile.
    uid = scene.mailbox.append(letter(f"{'a' * 70}\r\n" * 290_000))
    path = f"{INBOX}{scene.mailbox.uidvalidity()}-{uid}/source/?download=1"
    cookies = scene.person.cookies()
    head = f"GET {path} HTTP/1.1\r\nHost: localhost:{scene.installation.port}\r\nCookie: {cookies}"
    with contextlib.ExitStack() as ending:
        for _ in range(30):
            ending.callback(opened(scene, head + "\r\n\r\n").close)
        for _second in range(SECONDS):
            scene.person.get(INBOX)
            time.sleep(1)


@played
def many_at_once(scene: Scene) -> None:
    """100 answers asked for at once, by one person."""
    scene.together(100, lambda: _quietly(scene))


def _quietly(scene: Scene) -> None:
    browser = scene.person.joined_by()
    browser.deadline = scene.person.deadline
    browser.get(INBOX)
    scene.person.answers += browser.answers


@played
def large_uploads(scene: Scene) -> None:
    """Four address books of 49 MB at once."""
    body = b"Nom;Courriel\n" + b"a" * 49_000_000
    files = {"books": ("a.csv", body, "text/csv")}
    scene.together(4, lambda: _upload(scene, files))


def _upload(scene: Scene, files: dict[str, tuple[str, bytes, str]]) -> None:
    browser = scene.person.joined_by()
    browser.deadline = scene.person.deadline
    browser.post("/contacts/import/other/", {}, files=files)
    scene.person.answers += browser.answers


@played
def refused_upload(scene: Scene) -> None:
    """A form of 60 MB from a stranger."""
    scene.stranger.get(SIGN_IN)
    scene.stranger.post(SIGN_IN, b"login=" + b"a" * 60_000_000)
    files = {"a": ("a", b"a" * 60_000_000, "text/plain")}
    scene.stranger.post(SIGN_IN, {}, files=files)
