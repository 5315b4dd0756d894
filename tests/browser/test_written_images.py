"""Images written into a message, or quoted in it, arrive: each once, whatever the page went
through in between."""

from __future__ import annotations

import base64
import re
import struct
import zlib
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Frame, Locator, Page, Route, expect

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.browser.test_compose import PASTE
from tests.browser.test_walks import leave
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import path
from webmail.models import Draft, DraftFile, Identity, OutboxMessage
from webmail.writing import drafts

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("submission"),
]
SEND = "Envoyer"
GIVE = """(element, [kind, type, name, data]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  const field = kind === "drop" ? "dataTransfer" : "clipboardData";
  const options = { bubbles: true, cancelable: true, [field]: transfer };
  const event = kind === "drop" ? DragEvent : ClipboardEvent;
  element.dispatchEvent(new event(kind, options));
}"""


def png(width: int, height: int) -> bytes:
    """A grey image, which its size tells from others."""
    rows = (b"\0" + b"\x80" * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


PLAN, PHOTO, LOGO = png(3, 2), png(5, 4), png(7, 6)


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def page(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    bob: MailAccount,
) -> Page:
    """Alice's."""
    page = open_page()
    sign_in(page, alice)
    return page


@pytest.fixture
def written(page: Page) -> Page:
    """A message to Bob with an image pasted into it, saved."""
    begin(page)
    give(page, "paste", PLAN, "plan.png")
    saved(page)
    return page


def begin(page: Page) -> None:
    page.goto("/compose/")
    expect(text_of(page)).to_be_visible()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#id_subject").fill("Plan")
    text_of(page).click()
    page.keyboard.press("Control+Home")  # above the signature
    page.keyboard.type("Voici : ")


def give(page: Page | Frame, kind: str, image: bytes, name: str) -> None:
    """Paste or drop an image into the text, and wait until it is there."""
    images = text_of(page).locator("img")
    count = images.count()
    data = base64.b64encode(image).decode()
    text_of(page).evaluate(GIVE, [kind, "image/png", name, data])
    expect(images).to_have_count(count + 1)
    seen(images)


def text_of(page: Page | Frame) -> Locator:
    return page.locator("#rich")


def seen(images: Locator) -> None:
    """All of them are loaded."""
    for image in images.all():
        expect(image).not_to_have_js_property("naturalWidth", 0)


def saved(page: Page) -> None:
    """By the shortcut: the row and the copy among the drafts."""
    page.keyboard.press("Control+s")
    expect(page).to_have_url(re.compile("/drafts/"))
    wait_for(lambda: Draft.objects.get().copy_revision == Draft.objects.get().revision)
    expect(page.locator("form[data-compose]:not([data-dirty])")).to_be_attached()


def send(page: Page | Frame) -> None:
    page.get_by_role("button", name=SEND, exact=True).click()
    wait_for(lambda: OutboxMessage.objects.filter(state=OutboxMessage.State.HELD).exists())
    leave()


def images_of(raw: bytes) -> list[bytes]:
    """The images of a message, after a look at how it is built: the HTML names each by its
    Content-ID, each is there, none is there twice, and no word stands for one."""
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    html = message.get_body(("html",))
    assert html is not None
    named = re.findall(r'<img\b[^>]*\bsrc="([^"]*)"', html.get_content())
    parts = {
        f"cid:{str(part['Content-ID']).strip('<>')}": part
        for part in message.walk()
        if part["Content-ID"]
    }
    images = [part for part in message.walk() if part.get_content_maintype() == "image"]
    assert set(named) == set(parts) and len(images) == len(parts)
    (related,) = (part for part in message.walk() if part.get_content_subtype() == "related")
    assert all(part in related.get_payload() for part in images)
    assert not list(message.iter_attachments()), "an image is an attachment too"
    return [parts[address].get_content() for address in dict.fromkeys(named)]


def arrived(mailbox: Mailbox) -> list[bytes]:
    """The images of the only message that came."""
    (raw,) = mailbox.messages()
    return images_of(raw)


def read_by(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    reader: MailAccount,
    mailbox: Mailbox,
) -> list[int]:
    """The widths of the images that the reader sees in the last message."""
    page = open_page()
    sign_in(page, reader, opens=False)
    page.goto(path(mailbox, mailbox.uids()[-1]))
    frame = page.frame_locator("iframe[src*='/frame/']")
    images = frame.locator("img")
    expect(images.first).to_be_attached()
    for folded in frame.locator("details > summary").all():
        folded.click()
    expect(images.first).to_be_visible()
    seen(images)
    return [image.evaluate("(image) => image.naturalWidth") for image in images.all()]


def illustrated(mailbox: Mailbox, folder: str = "INBOX", **more: str) -> int:
    """A message with two images in its text and a file beside it."""
    message = EmailMessage()
    fields = {"From": "Bob <bob@ac-exemple.fr>", "To": "alice@ac-exemple.fr", "Subject": "Affiche"}
    for name, value in (fields | {"Message-ID": "<origine@ac-exemple.fr>"} | more).items():
        message[name] = value
    message["Date"] = "Tue, 03 Mar 2026 09:00:00 +0100"
    message.set_content("Bonjour\n")
    message.add_alternative(
        '<p>Bonjour</p><img src="cid:logo@x" alt="logo"><p>et</p><img src="cid:photo@x" alt="">'
        '<img src="https://ailleurs.example/p.gif" alt="vu">',
        subtype="html",
    )
    shown = message.get_payload()[1]  # type: ignore[index]
    for cid, image in (("logo@x", LOGO), ("photo@x", PHOTO)):
        shown.add_related(image, "image", "png", cid=f"<{cid}>")  # type: ignore[union-attr]
    flags = ("\\Draft", "\\Seen") if folder == "Drafts" else ()
    return mailbox.append(message.as_bytes(), folder, flags)


# Written into it


def test_the_handles_of_an_image_lie_on_its_corners_and_make_it_smaller(
    page: Page, bobs_mailbox: Mailbox
) -> None:
    begin(page)
    give(page, "paste", png(300, 200), "plan.png")
    image, handle = text_of(page).locator("img"), page.locator(".squire-resize-handle-se")
    # Until it is there, another address takes the place of the one that was pasted.
    expect(image).to_have_attribute("src", re.compile("^/drafts/"))
    image.click()
    box, grip = image.bounding_box(), handle.bounding_box()
    assert box and grip
    x, y = grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2
    assert (x, y) == pytest.approx((box["x"] + box["width"], box["y"] + box["height"]), abs=8)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y)
    page.mouse.up()
    expect(image).to_have_css("width", "180px")
    send(page)
    (raw,) = bobs_mailbox.messages()
    html = message_from_bytes(raw, policy=policy.default).get_body(("html",))
    assert html is not None
    assert "180" in html.get_content() and "squire" not in html.get_content()


def test_it_leaves_after_the_page_was_loaded_again(written: Page, bobs_mailbox: Mailbox) -> None:
    written.reload()
    seen(text_of(written).locator("img"))
    text_of(written).click()
    written.keyboard.press("Control+End")
    written.keyboard.type("fin")
    saved(written)
    send(written)
    assert arrived(bobs_mailbox) == [PLAN]


def test_it_leaves_from_a_window_of_its_own(written: Page, bobs_mailbox: Mailbox) -> None:
    with written.expect_popup() as opened:
        written.goto(f"{written.url}?frame=pane")
        written.locator("[data-window=window]").evaluate("(button) => button.click()")
    other = opened.value
    expect(text_of(other).locator("img")).to_have_count(1)
    seen(text_of(other).locator("img"))
    other.get_by_role("button", name=SEND, exact=True).click()
    wait_for(lambda: OutboxMessage.objects.exists())
    leave()
    assert arrived(bobs_mailbox) == [PLAN]


def test_it_leaves_after_its_sending_was_undone(
    written: Page,
    bobs_mailbox: Mailbox,
    mailbox: Mailbox,
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    bob: MailAccount,
    faults: list[str],
) -> None:
    written.get_by_role("button", name=SEND, exact=True).click()
    written.wait_for_url("**/mail/**")
    written.get_by_role("button", name="Annuler", exact=True).click()
    pane = written.locator(".pane iframe").element_handle().content_frame()
    assert pane is not None
    expect(text_of(pane).locator("img")).to_have_count(1)
    seen(text_of(pane).locator("img"))
    give(pane, "drop", PHOTO, "photo.png")
    with written.expect_file_chooser() as chooser:
        pane.locator("[data-format=image]").click()
    chooser.value.set_files(FilePayload(name="logo.png", mimeType="image/png", buffer=LOGO))
    expect(text_of(pane).locator("img")).to_have_count(3)
    send(pane)
    assert sorted(arrived(bobs_mailbox)) == sorted([PLAN, PHOTO, LOGO])
    assert sorted(read_by(open_page, sign_in, bob, bobs_mailbox)) == [3, 5, 7]
    wait_for(lambda: bool(mailbox.uids("Sent")))
    assert images_of(mailbox.messages("Sent")[0]) == arrived(bobs_mailbox)
    assert mailbox.uids("Drafts") == [] and faults == []


def test_it_leaves_though_it_was_sent_before_the_image_was_there(
    page: Page, bobs_mailbox: Mailbox
) -> None:
    begin(page)
    held: list[Route] = []
    page.route("**/files/?inline=1", lambda route: held.append(route))
    data = base64.b64encode(PLAN).decode()
    text_of(page).evaluate(GIVE, ["paste", "image/png", "plan.png", data])
    wait_for(lambda: held, page)
    page.get_by_role("button", name=SEND, exact=True).click()
    held[0].continue_()
    wait_for(OutboxMessage.objects.exists, page)
    leave()
    assert arrived(bobs_mailbox) == [PLAN]


def test_a_message_does_not_leave_without_an_image_that_could_not_be_added(page: Page) -> None:
    begin(page)
    held: list[Route] = []
    page.route("**/files/?inline=1", lambda route: held.append(route))
    data = base64.b64encode(PLAN).decode()
    text_of(page).evaluate(GIVE, ["paste", "image/png", "plan.png", data])
    wait_for(lambda: held, page)
    page.get_by_role("button", name=SEND, exact=True).click()
    held[0].abort("connectionreset")
    expect(page.locator("[data-saved]")).to_have_text("Le message n’a pas été envoyé.")
    assert not OutboxMessage.objects.exists()


def test_it_leaves_from_the_folder_of_drafts(
    written: Page, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    (uid,) = mailbox.uids("Drafts")
    assert images_of(mailbox.message(uid, "Drafts")) == [PLAN]
    written.goto(path(mailbox, uid, "edit/", "Drafts"))
    seen(text_of(written).locator("img"))
    written.locator("#id_subject").fill("Plan, encore")
    saved(written)
    assert images_of(mailbox.messages("Drafts")[0]) == [PLAN]
    send(written)
    assert arrived(bobs_mailbox) == [PLAN]


def test_it_leaves_though_another_window_went_on_with_the_draft(
    written: Page, bobs_mailbox: Mailbox
) -> None:
    other = written.context.new_page()
    other.goto(written.url)
    give(other, "paste", PHOTO, "photo.png")
    other.keyboard.press("Control+s")
    mine = written.locator("#notices [data-mine]")
    expect(mine).to_be_visible()
    mine.click()
    expect(other.locator("[data-mine]")).to_be_visible()
    send(written)
    assert arrived(bobs_mailbox) == [PLAN]


def test_it_is_there_again_with_the_version_that_had_it(
    written: Page, bobs_mailbox: Mailbox
) -> None:
    draft = Draft.objects.get()
    text_of(written).locator("img").evaluate("(image) => image.remove()")
    text_of(written).press("End")
    written.keyboard.type("sans")
    saved(written)
    wait_for(lambda: not DraftFile.objects.filter(removed=None).exists())
    revision = next(
        one.revision
        for one in drafts.versions(User.objects.get(), draft.pk)
        if "/files/" in one.content.html
    )
    written.goto(f"/drafts/{draft.pk}/versions/{revision}/")
    written.locator("main form[action*='/versions/'] button, main form button").first.click()
    expect(text_of(written).locator("img")).to_have_count(1)
    seen(text_of(written).locator("img"))
    send(written)
    assert arrived(bobs_mailbox) == [PLAN]


def test_plain_text_and_back_brings_it_back(written: Page, bobs_mailbox: Mailbox) -> None:
    written.reload()
    expect(text_of(written)).to_be_visible()
    options = written.locator("[data-options] summary")
    options.click()
    written.locator("[data-plain-text]").click()
    written.locator("[data-plain=go]").click()
    expect(written.locator("#id_body")).to_be_focused()
    saved(written)
    options.click()
    written.locator("[data-plain-text]").click()
    seen(text_of(written).locator("img"))
    saved(written)
    send(written)
    assert arrived(bobs_mailbox) == [PLAN]


def test_one_message_to_each_has_it_each_time(
    written: Page, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    written.reload()
    expect(text_of(written).locator("img")).to_have_count(1)
    text_of(written).click()
    written.keyboard.type("Bonjour {prénom}")
    written.locator("[data-line=to] .recipient-x").click()
    written.locator("#id_to").fill("Parents: bob@ac-exemple.fr, alice@ac-exemple.fr;")
    written.get_by_role("button", name=SEND, exact=True).click()
    dialog = written.locator("dialog.sending-choice")
    dialog.locator("[value=each]").check()
    dialog.locator("[data-choice-send]").click()
    wait_for(lambda: OutboxMessage.objects.addressed().count() == 2)
    OutboxMessage.objects.update(state=OutboxMessage.State.HELD)
    leave()
    assert arrived(bobs_mailbox) == arrived(mailbox) == [PLAN]


def test_it_leaves_later(written: Page, bobs_mailbox: Mailbox, settings) -> None:
    written.reload()
    expect(text_of(written)).to_be_visible()
    row = OutboxMessage.objects
    settings.CELERY_TASK_ALWAYS_EAGER = False
    written.evaluate(
        """() => {
          const data = new FormData(document.forms.compose);
          data.set("do", "schedule");
          data.set("due", "tomorrow8");
          return fetch("/compose/", { method: "POST", body: data }).then((answer) => answer.status);
        }"""
    )
    wait_for(lambda: row.exists())
    settings.CELERY_TASK_ALWAYS_EAGER = True
    assert row.get().state == OutboxMessage.State.SCHEDULED
    row.update(state=OutboxMessage.State.HELD)
    leave()
    assert arrived(bobs_mailbox) == [PLAN]


# Quoted, forwarded, taken up again


@pytest.mark.parametrize("way", ["reply/", "reply/?all=1", "forward/", "edit/"])
def test_the_images_of_the_original_leave_with_the_answer(
    page: Page,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    bob: MailAccount,
    faults: list[str],
    way: str,
) -> None:
    uid = illustrated(mailbox)
    page.goto(path(mailbox, uid, way))
    expect(text_of(page).locator("img")).to_have_count(2)
    unfold = page.locator("[data-unfold] button")
    if unfold.is_visible():
        unfold.click()
    seen(text_of(page).locator("img"))
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    saved(page)
    page.reload()
    expect(text_of(page).locator("img")).to_have_count(2)
    send(page)
    assert arrived(bobs_mailbox) == [LOGO, PHOTO]
    assert read_by(open_page, sign_in, bob, bobs_mailbox) == [7, 5]
    assert faults == []


def test_a_draft_of_another_program_keeps_its_images_and_loses_none_to_its_copy(
    page: Page, mailbox: Mailbox, bobs_mailbox: Mailbox
) -> None:
    uid = illustrated(mailbox, "Drafts", From="alice@ac-exemple.fr", To="bob@ac-exemple.fr")
    page.goto(path(mailbox, uid, "edit/", "Drafts"))
    expect(text_of(page).locator("img")).to_have_count(2)
    for words in ("Un", "Deux"):
        page.locator("#id_subject").fill(words)
        saved(page)
        (raw,) = mailbox.messages("Drafts")
        assert images_of(raw) == [LOGO, PHOTO]
    page.reload()
    expect(text_of(page).locator("img")).to_have_count(2)
    seen(text_of(page).locator("img"))
    send(page)
    assert arrived(bobs_mailbox) == [LOGO, PHOTO]


def test_the_image_of_a_signature_leaves(page: Page, bobs_mailbox: Mailbox) -> None:
    user = User.objects.get()
    data = base64.b64encode(LOGO).decode()
    Identity.objects.create(
        user=user,
        address=user.address,
        source="sign_in",
        signature=f'<div>Alice</div><div><img alt="" src="data:image/png;base64,{data}"></div>',
    )
    begin(page)
    seen(text_of(page).locator("div.signature img"))
    saved(page)
    page.reload()
    seen(text_of(page).locator("div.signature img"))
    send(page)
    assert arrived(bobs_mailbox) == [LOGO]


def test_of_the_mailbox_only_images_of_the_answered_message_are_pasted(
    page: Page, mailbox: Mailbox, faults: list[str]
) -> None:
    answered, secret = illustrated(mailbox), illustrated(mailbox)
    page.goto(path(mailbox, answered, "reply/"))
    expect(text_of(page).locator("img")).to_have_count(2)
    site = page.url.partition("/mail/")[0]
    for uid, count in ((secret, 2), (answered, 3)):
        image = f"{site}{path(mailbox, uid, 'view/2.2/image')}"
        text_of(page).click()
        text_of(page).evaluate(PASTE, {"text/html": f'<img src="{image}" alt="secret">'})
        expect(text_of(page).locator("img")).to_have_count(count)
    expect(text_of(page)).to_contain_text("secret")
    sources = (
        text_of(page)
        .locator("img")
        .evaluate_all("(images) => images.map((image) => image.getAttribute('src'))")
    )
    assert {source.rpartition("/view/")[0] for source in sources} == {
        path(mailbox, answered).rstrip("/")
    }
    assert faults == []


# What is gone


def test_images_of_a_message_that_was_moved_are_told_before_the_answer_leaves(
    page: Page, mailbox: Mailbox, bobs_mailbox: Mailbox, faults: list[str]
) -> None:
    uid = illustrated(mailbox)
    page.goto(path(mailbox, uid, "reply/"))
    expect(text_of(page).locator("img")).to_have_count(2)
    mailbox.empty()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.get_by_role("button", name=SEND, exact=True).click()
    notice = page.locator("#notices .banner.bad")
    expect(notice).to_contain_text("logo")
    assert not OutboxMessage.objects.exists()
    notice.get_by_role("checkbox").check()
    send(page)
    (raw,) = bobs_mailbox.messages()
    assert b"Content-ID" not in raw
    assert faults == []
