"""The hostile pieces of ``tests/data/hostile``, opened in Chromium where they can be seen: as HTML,
as text, as what stands beside a message, as files. Nothing runs, leaves, navigates or covers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from email.header import Header

import pytest
from playwright.sync_api import Page

from accounts.models import User
from tests.mail.mime.hostile import PIECES, TEXTS, VALUES
from tests.servers.mailboxes import Mailbox
from webmail.models import AllowedSender

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
]

COVERING = """() => [...document.querySelectorAll("body, body *")]
  .map((one) => getComputedStyle(one))
  .filter((one) => !["static", "relative"].includes(one.position) || one.transform !== "none"
    || parseFloat(one.marginTop) < 0 || parseFloat(one.marginLeft) < 0 || one.zIndex !== "auto")
  .length"""
# A private address: our server refuses to ask it, and a browser that asked would be seen.
PRIVATE = "http://10.9.8.7/"
HEAD = "From: Mallory <m@exemple.invalid>\r\nTo: alice@ac-exemple.fr\r\nMIME-Version: 1.0\r\n"


def message(subtype: str, body: str, subject: str = "Bonjour") -> bytes:
    head = f"{HEAD}Subject: {subject}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
    return f"{head}Content-Transfer-Encoding: 8bit\r\n\r\n{body}\r\n".encode()


@dataclass
class Watched:
    """A page with listeners for all that must not happen."""

    page: Page
    faults: list[str]
    mailbox: Mailbox

    def opened(self, raw: bytes, *more: str) -> list[str]:
        """What went wrong while a message, and other pages of it, were open."""
        self.faults.clear()
        uid = self.mailbox.append(raw)
        for path in ("", *more):
            address = f"/mail/INBOX/{self.mailbox.uidvalidity()}-{uid}/{path}"
            self.page.goto(address, wait_until="load")
            self._touch()
            # The composer puts the number of its draft into the address.
            if not self.page.url.partition("?draft=")[0].endswith(address):
                self.faults.append(f"went to {self.page.url}")
        return list(self.faults)

    def _touch(self) -> None:
        for frame in self.page.frames[1:]:
            frame.wait_for_load_state("load")
            for link in frame.locator("a[href], summary, [id], [tabindex]").all()[:5]:
                link.evaluate(
                    "one => ['mouseover', 'focus', 'toggle'].forEach("
                    "name => one.dispatchEvent(new Event(name)))"
                )
            placed = frame.evaluate(COVERING)
            if placed:
                self.faults.append(f"{placed} elements may cover others")
        self.page.wait_for_timeout(20)


@pytest.fixture
def watched(watched_page: Page, mailbox: Mailbox, faults: list[str]) -> Watched:
    return Watched(watched_page, faults, mailbox)


def test_no_piece_of_html_does_anything(watched: Watched, one_in: Callable[[int], int]) -> None:
    wrong = {
        piece.name: found
        for piece in PIECES[:: one_in(12)]
        if (found := watched.opened(message("html", f"<p>avant</p>{piece.source}")))
    }
    assert not wrong


def test_no_piece_of_html_leaves_when_images_from_elsewhere_are_shown(
    watched: Watched, one_in: Callable[[int], int]
) -> None:
    AllowedSender.objects.allow(User.objects.get(), "m@exemple.invalid")
    wrong = {}
    for piece in PIECES[1 :: one_in(12)]:
        source = piece.source.replace("http://tracker.example/", PRIVATE)
        if found := watched.opened(message("html", source.replace("tracker.example", "10.9.8.7"))):
            wrong[piece.name] = found
    assert not wrong


def test_no_text_does_anything(watched: Watched, one_in: Callable[[int], int]) -> None:
    wrong = {
        piece.name: found
        for piece in TEXTS[:: one_in(4)]
        if (found := watched.opened(message("plain", f"Bonjour\r\n{piece.source}\r\n"), "print/"))
    }
    assert not wrong


def test_nothing_beside_a_message_does_anything(
    watched: Watched, one_in: Callable[[int], int]
) -> None:
    wrong = {}
    for piece in VALUES[:: one_in(6)]:
        word = Header(piece.source.strip() or "x", "utf-8", maxlinelen=5000).encode()
        quoted = piece.source.replace("\\", "\\\\").replace('"', '\\"')
        raw = (
            f"From: {word} <m@exemple.invalid>\r\nReply-To: {word} <r@exemple.invalid>\r\n"
            f"To: {word}:alice@ac-exemple.fr;\r\nCc: {word} <c@exemple.invalid>\r\n"
            f"Subject: {word}\r\nX-Odd: {word}\r\nList-Id: {word}\r\nMIME-Version: 1.0\r\n"
            f"List-Unsubscribe: <{piece.source}>\r\nOrganization: {word}\r\n"
            'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
            "--b\r\nContent-Type: text/plain\r\n\r\nBonjour\r\n"
            f'--b\r\nContent-Type: image/png; name="{quoted}"\r\nContent-Description: {word}\r\n'
            f'Content-Disposition: attachment; filename="{quoted}"\r\n\r\nx\r\n'
            f'--b\r\nContent-Type: {piece.source}; charset="{quoted}"\r\n\r\nx\r\n--b--\r\n'
        ).encode()
        if found := watched.opened(raw, "headers/", "view/2/", "view/3/", "reply/", "forward/"):
            wrong[piece.name] = found
    watched.faults.clear()
    watched.page.goto("/mail/INBOX/")
    watched.page.wait_for_timeout(100)
    assert not wrong
    assert not watched.faults


HOLDERS = [
    '<div class="a">{}</div><style>.a{{height:20px;width:160px;overflow:hidden}}</style>',
    '<div style="height:20px;width:160px;overflow:hidden">{}</div>',
    '<div class="a">{}</div><style>.a{{max-height:20px;overflow:hidden;width:9em}}</style>',
    '<div style="white-space:nowrap;width:160px;overflow:hidden;text-overflow:ellipsis">{}</div>',
    '<div style="font-size:0;line-height:0;color:#fff">{}</div>',
    '<div class="b">{}</div><style>.b{{visibility:hidden}}.b a{{visibility:visible}}</style>',
    "<style>small,.m-host{{display:none!important}}</style>{}",
    '<p style="text-indent:-900px">{}</p>',
]
# Each of its lines.
SEEN = """(note) => [...note.getClientRects()].every((box) =>
  document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2) === note)"""


@pytest.mark.parametrize("holder", HOLDERS)
def test_where_a_link_leads_is_seen_wherever_the_message_puts_it(
    watched: Watched, holder: str
) -> None:
    link = '<a href="http://tracker.example/">https://www.banque.invalid/compte</a>'
    watched.opened(message("html", holder.format(link)))
    note = watched.page.frames[1].locator(".m-host")
    assert note.evaluate(SEEN)
