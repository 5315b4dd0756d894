"""A film in the viewer: a browser plays it, from where one likes."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from demo.mail.files import DATA
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter


def test_a_film_plays_from_where_one_likes(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    faults: list[str],
) -> None:
    film = (DATA / "files" / "une-journee-a-letang.webm").read_bytes()
    mailbox.append(letter("Film", files=(("film.webm", "video/webm", film),)))
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="Film").first.click()
    page.locator("#message .file-text a", has_text="film.webm").click()
    shown = page.locator("#viewer video")
    expect(shown).to_have_js_property("duration", 6)
    expect(shown).to_have_js_property("videoWidth", 320)
    shown.evaluate("video => { video.muted = true; video.currentTime = 4; return video.play(); }")
    expect(shown).to_have_js_property("ended", True)
    assert shown.evaluate("video => video.error") is None
    assert not faults
