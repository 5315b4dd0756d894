"""Bombs, edges and carriers on their real pages: each answers, soon, and with nothing to run."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from html import unescape
from html.parser import HTMLParser

import pytest
from django.test import Client

from tests.mail.mime.bombs import BOMBS, CARRIERS
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import page, path

pytestmark = pytest.mark.django_db

# Of the processor; Dovecot's own time comes on top, and is not ours.
SECONDS = 8
PAGES = ("?view=text", "frame/", "print/", "headers/", "reply/", "forward/")
FILES = ("image", "thumb", "media", "pdf", "frame/", "file")
# What a browser may be given of a mail, and our own pages.
SERVED = re.compile(
    r"(?:image/(?:png|jpeg|webp|gif|bmp)|audio/\w+|video/\w+|text/plain|application/(?:pdf|octet-stream|zip))(?:;|\Z)"
)


def visit(reader: Client, url: str, found: list[str]) -> str:
    """The page as it is shown; what is wrong with it is ``found``."""
    start = time.process_time()
    answer = reader.get(url)
    seconds = time.process_time() - start
    if answer.status_code >= 500 and answer.status_code != 502:
        found.append(f"{url} answered {answer.status_code}")
    if seconds > SECONDS:
        found.append(f"{url} took {seconds:.1f} s")
    kind = answer.headers.get("Content-Type", "")
    if kind.startswith("text/html"):
        shown = page(answer)
        found += [f"{url} has {what}" for what in Running.of(shown)]
        return shown
    if not SERVED.match(kind) or answer.headers["X-Content-Type-Options"] != "nosniff":
        found.append(f"{url} is {kind}")
    return ""


class Running(HTMLParser):
    """What of a page runs that is not a module of ours."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    @classmethod
    def of(cls, shown: str) -> list[str]:
        parser = cls()
        parser.feed(shown)
        return parser.found

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        is_ours = values.get("src", "").startswith("/static/")
        if tag == "script" and not is_ours and values.get("type") != "application/json":
            self.found.append("a script")
        for name, value in values.items():
            if name.startswith("on") or value.strip().lower().startswith(("javascript:", "data:")):
                self.found.append(f"{name}={value}")


def faults(reader: Client, mailbox: Mailbox, raw: bytes, share: int, step: int) -> list[str]:
    """Of its page, the viewer of its parts and some of the others, or all where ``step`` is 1: of
    each the next message sees other ones."""
    uid = mailbox.append(raw)
    found: list[str] = []
    shown = visit(reader, path(mailbox, uid), found)
    for more in PAGES[share % step :: step]:
        visit(reader, path(mailbox, uid, more), found)
    for number in sorted(set(re.findall(r"/view/([\d.~]+)/", shown)))[:3]:
        viewer = visit(reader, path(mailbox, uid, f"view/{number}/"), found)
        for more in FILES[share % step :: step]:
            visit(reader, path(mailbox, uid, f"view/{number}/{more}"), found)
        for url in sorted(set(re.findall(r'(?:href|src)="([^"]*/member/[^"]*)"', viewer)))[:3]:
            visit(reader, unescape(url), found)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_shown_in_time(
    reader: Client, mailbox: Mailbox, name: str, one_in: Callable[[int], int]
) -> None:
    share = list(BOMBS).index(name)
    assert faults(reader, mailbox, BOMBS[name], share, one_in(6)) == []
    assert reader.get("/mail/INBOX/").status_code == 200


@pytest.mark.parametrize("name", CARRIERS)
def test_a_carrier_is_served_as_nothing_that_runs(
    reader: Client, mailbox: Mailbox, name: str
) -> None:
    assert faults(reader, mailbox, CARRIERS[name], 0, 1) == []
