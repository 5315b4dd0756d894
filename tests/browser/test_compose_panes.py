"""Messages being written in panes of the mail pages, in windows, several at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, FrameLocator, Locator, Page, Route, expect

from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_compose import body, only
from tests.browser.test_walks import leave
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from webmail.models import Draft

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A frame is a page of its own, and closing one files a copy among the drafts.


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def reading(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> Callable[..., Page]:
    """`reading(1440)`: Alice has a parent's letter open."""
    mailbox.append("letter.eml")

    def begin(width: int = 1440) -> Page:
        page = open_page(width=width)
        sign_in(page, alice)
        page.get_by_role("link", name="Absence de Maëlle").click()
        expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
        return page

    return begin


def panes(page: Page) -> Locator:
    return page.locator("#composers .pane")


def inside(page: Page, number: int = 0) -> FrameLocator:
    return panes(page).nth(number).frame_locator("iframe")


def ready(page: Page, number: int = 0) -> FrameLocator:
    frame = inside(page, number)
    expect(frame.locator("[data-tools]")).to_be_visible()
    return frame


def text_in(frame: FrameLocator) -> Locator:
    return frame.get_by_role("textbox", name="Texte du message")


def answer(page: Page) -> Locator:
    return page.locator("#message").get_by_role("link", name="Répondre", exact=True).first


def test_what_a_pane_has_to_say_is_said_by_its_page(reading: Callable[..., Page]) -> None:
    """Orca passes over what a frame says that it has met before the frame belonged to a page."""
    page = reading()
    answer(page).click()
    frame = ready(page)
    text_in(frame).press_sequentially("Merci")
    said = panes(page).locator(":scope > .sr[aria-live=polite]").filter(has_text="Enregistré à")
    expect(said).to_have_count(1)
    for region in frame.locator("[data-saved], .sr[aria-live]").all():
        assert region.get_attribute("aria-live") == "off"


def test_a_pane_is_named_by_what_was_asked_for_until_its_page_is_there(
    reading: Callable[..., Page],
) -> None:
    page = reading()
    held: list[Route] = []
    page.route("**/reply/**", lambda route: held.append(route))
    answer(page).click()
    wait_for(lambda: held, page)
    expect(panes(page).locator("iframe")).to_have_attribute("title", "Répondre")
    expect(panes(page).locator("[data-pane-title]")).to_have_text("Répondre")
    held[0].continue_()
    ready(page)
    expect(panes(page).locator("iframe")).to_have_attribute("title", re.compile("^Re: Absence"))


def test_an_answer_is_written_in_a_pane_beside_the_letter_and_sent(
    reading: Callable[..., Page],
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
) -> None:
    page = reading()
    answer(page).click()
    frame = ready(page)
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    expect(text_in(frame)).to_be_focused()
    expect(panes(page).locator("iframe")).to_have_attribute("title", "Re: Absence de Maëlle")
    page.keyboard.type("Bon rétablissement.")
    frame.locator("#id_to").fill("bob@ac-exemple.fr,")
    frame.get_by_role("button", name="Envoyer", exact=True).click()
    expect(panes(page)).to_have_count(0)
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    expect(page.locator("#acted-said")).to_have_text(re.compile("n’est pas parti"))
    ready(page).get_by_role("button", name="Envoyer", exact=True).click()
    expect(panes(page)).to_have_count(0)
    expect(page.locator("#rows")).to_be_focused()
    leave()
    assert "Bon rétablissement." in body(only(bobs_mailbox), "plain").replace("\xa0", " ")
    assert faults == []


def test_an_answer_to_many_shows_where_it_is_written(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
) -> None:
    """The recipients become chips, on many lines, after the text has got the focus."""
    people = ", ".join(f"Collègue {number} <c{number}@ac-exemple.fr>" for number in range(24))
    mailbox.append(
        "From: Claire <claire@ac-exemple.fr>\r\n"
        f"To: {people}\r\nSubject: Conseil\r\n\r\nQui vient ?\r\n".encode()
    )
    page = open_page(width=1440)
    sign_in(page, alice)
    page.get_by_role("link", name="Conseil").click()
    page.locator("#message").get_by_role("link", name="Répondre à tous").first.click()
    frame = ready(page)
    expect(frame.locator("[data-line=cc] .recipient")).to_have_count(24)
    expect(text_in(frame)).to_be_focused()
    first_line = text_in(frame).locator(":scope > *").first
    expect(first_line).to_be_in_viewport(ratio=1)
    assert not first_line.evaluate(
        "line => { const { left, top, height } = line.getBoundingClientRect();"
        " return !line.contains(document.elementFromPoint(left + 1, top + height / 2)); }"
    )


def test_escape_closes_the_pane_keeps_the_draft_and_gives_the_focus_back(
    reading: Callable[..., Page],
) -> None:
    page = reading()
    answer(page).click()
    frame = ready(page)
    text_in(frame).press_sequentially("Bon")
    frame.locator("[data-pop=emoji-pop]").click()
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(1)
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(0)
    expect(answer(page)).to_be_focused()
    assert Draft.objects.get().revision > 0


def test_a_draft_gone_on_with_in_a_pane_closes_as_the_pane_it_is(
    reading: Callable[..., Page],
) -> None:
    page = reading()
    answer(page).click()
    text_in(ready(page)).press_sequentially("Bon")
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(0)
    page.locator("#folders").get_by_role("link", name="Brouillons", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Brouillons")
    page.locator("#rows .row > a").click()
    page.locator("#message").get_by_role("link", name="Continuer à écrire").click()
    frame = ready(page)
    expect(frame.get_by_role("button", name="Réduire")).to_be_visible()
    frame.get_by_role("button", name="Fermer").click()
    expect(panes(page)).to_have_count(0)


def test_an_answer_begun_by_a_key_in_the_list_gives_the_focus_back_to_its_row(
    reading: Callable[..., Page],
) -> None:
    page = reading()
    page.goto("/mail/INBOX/")
    row = page.locator("#rows .row > a").first
    row.press("r")
    ready(page)
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(0)
    expect(row).to_be_focused()


def test_a_pane_in_which_nothing_was_written_leaves_no_draft(reading: Callable[..., Page]) -> None:
    page = reading()
    page.get_by_role("link", name="Nouveau message").first.click()
    ready(page)
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(0)
    assert not Draft.objects.exists()


def test_several_stand_side_by_side_are_reduced_and_survive_the_folders(
    reading: Callable[..., Page], faults: list[str]
) -> None:
    page = reading()
    answer(page).click()
    ready(page)
    page.locator(".side-new").click()
    second = ready(page, 1)
    expect(second.locator("#id_to")).to_be_focused()
    second.locator("#id_subject").fill("Sortie au musée")
    assert violations(page) == []
    second.get_by_role("button", name="Reduce").or_(
        second.get_by_role("button", name="Réduire")
    ).click()
    bar = panes(page).nth(1).locator("[data-restore]")
    expect(bar).to_be_focused()
    expect(bar).to_contain_text("Sortie au musée")
    page.locator("#folders").get_by_role("link", name="Envoyés", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Envoyés")
    expect(panes(page)).to_have_count(2)
    panes(page).nth(1).locator("[data-restore]").click()
    expect(ready(page, 1).locator("#id_subject")).to_have_value("Sortie au musée")
    assert faults == []


def test_after_a_reload_what_is_being_written_comes_back_as_a_bar(
    reading: Callable[..., Page],
) -> None:
    page = reading()
    page.locator(".side-new").click()
    frame = ready(page)
    frame.locator("#id_subject").fill("Sortie au musée")
    expect(frame.locator("[name=revision]")).not_to_have_value("0")
    page.reload()
    expect(panes(page).locator("[data-restore]")).to_contain_text("Sortie au musée")
    expect(panes(page).locator("iframe")).to_have_count(0)
    panes(page).locator("[data-restore]").click()
    expect(ready(page).locator("#id_subject")).to_have_value("Sortie au musée")


def test_who_signs_out_leaves_no_bar_to_the_next_person(reading: Callable[..., Page]) -> None:
    page = reading()
    page.locator(".side-new").click()
    frame = ready(page)
    frame.locator("#id_subject").fill("Sortie au musée")
    expect(frame.locator("[name=revision]")).not_to_have_value("0")
    page.reload()
    expect(panes(page)).to_have_count(1)
    page.locator("summary", has_text="Mon compte").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_label("Adresse ou identifiant")).to_be_visible()
    assert page.evaluate("sessionStorage.getItem('composers')") is None


def test_a_pane_fills_the_window_and_goes_into_one_of_its_own(
    reading: Callable[..., Page], faults: list[str]
) -> None:
    page = reading()
    page.locator(".side-new").click()
    frame = ready(page)
    frame.locator("[data-window=full]").click()
    expect(frame.locator("[data-window=full]")).to_have_attribute("aria-pressed", "true")
    box = panes(page).bounding_box()
    assert box is not None and box["width"] > 1300
    expect(frame.locator(".rail")).to_be_visible()
    frame.locator("#id_subject").fill("Sortie au musée")
    with page.context.expect_page() as opened:
        frame.locator("[data-window=window]").click()
    expect(opened.value.locator("#id_subject")).to_have_value("Sortie au musée")
    expect(panes(page)).to_have_count(0)
    assert faults == []


def test_on_a_narrow_screen_or_by_preference_it_is_a_page(reading: Callable[..., Page]) -> None:
    page = reading(800)
    answer(page).click()
    page.wait_for_url("**/reply/")
    user = User.objects.get(login="alice")
    user.preferences = {**user.preferences, "compose_in": "page"}
    user.save()
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto("/mail/INBOX/")
    page.locator(".side-new").click()
    page.wait_for_url("**/compose/")


def test_c_writes_a_new_message_while_the_list_has_the_focus(
    reading: Callable[..., Page], faults: list[str]
) -> None:
    page = reading()
    page.locator("#search-text").focus()
    page.keyboard.type("c")
    page.locator("#rows .row > a").first.focus()
    page.keyboard.press("Control+c")
    page.keyboard.press("?")
    expect(page.locator("#keys").get_by_text("c", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(0)
    page.locator("#rows .row > a").first.focus()
    page.keyboard.press("c")
    frame = ready(page)
    expect(frame.locator("#id_to")).to_be_focused()
    assert faults == []


# Below the message


@pytest.mark.parametrize(("width", "height"), parts.first_of((1440, 900), (1280, 720)))
def test_an_answer_stands_below_its_message_as_long_as_that_is_open(
    reading: Callable[..., Page], mailbox: Mailbox, width: int, height: int
) -> None:
    mailbox.append("newsletter.eml")
    page = reading(width)
    page.set_viewport_size({"width": width, "height": height})
    answer(page).click()
    frame = ready(page)
    pane, message = panes(page).first, page.locator("#message")
    expect(pane).to_have_class(re.compile("is-below"))
    box, around = pane.bounding_box(), message.bounding_box()
    assert box and around
    assert abs(box["x"] - around["x"]) < 2 and abs(box["width"] - around["width"]) < 2
    words = message.get_by_text("elle ne viendra pas").bounding_box()
    assert words and words["y"] + 30 < box["y"]
    expect(frame.locator("[data-send]")).to_be_in_viewport(ratio=1)
    expect(frame.locator("[data-line=to]")).to_be_in_viewport(ratio=1)
    assert violations(page) == []
    text_in(frame).press_sequentially("Merci")
    page.locator("#rows a").filter(has_not_text="Absence de Maëlle").first.click()
    expect(message.get_by_text("elle ne viendra pas")).to_have_count(0)
    expect(pane).not_to_have_class(re.compile("is-below"))
    expect(text_in(frame)).to_contain_text("Merci")


def test_what_is_said_of_the_last_action_leaves_the_button_to_send_free(
    reading: Callable[..., Page], mailbox: Mailbox
) -> None:
    mailbox.append("newsletter.eml")
    page = reading()
    answer(page).click()
    frame = ready(page)
    row = page.locator("#rows .row").filter(has_not_text="Absence de Maëlle").first
    row.locator("> a").press("Delete")
    said = page.locator("[data-toast]")
    expect(said).to_contain_text("corbeille")
    box, send = said.bounding_box(), frame.locator("[data-send]").bounding_box()
    assert box and send
    assert box["y"] + box["height"] <= send["y"]


@pytest.mark.parametrize(("chosen", "width"), [("pane", 1440), ("below", 1100)])
def test_an_answer_is_a_pane_where_one_likes_or_there_is_no_room(
    reading: Callable[..., Page], chosen: str, width: int
) -> None:
    page = reading(width)
    user = User.objects.get(login="alice")
    user.preferences = {**user.preferences, "compose_in": chosen}
    user.save()
    page.reload()
    answer(page).click()
    ready(page)
    expect(panes(page).first).not_to_have_class(re.compile("is-below"))


def test_four_attachments_leave_recipients_text_and_send_in_view(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
) -> None:
    page = open_page(width=375, height=667)
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    files = [
        FilePayload(name=f"{n}.txt", mimeType="text/plain", buffer=b"Bonjour") for n in range(4)
    ]
    page.locator("#id_attachments").set_input_files(files)
    expect(page.locator("[data-files] [name=files]")).to_have_count(4)
    for seen in ("[data-send]", "[data-line=to]", "#rich"):
        expect(page.locator(seen)).to_be_in_viewport(ratio=0.5)


def covers(page: Page, what: Locator) -> bool:
    """Whether a toast of the page stands over it."""
    page.evaluate(
        """() => document.getElementById("toast").innerHTML =
        '<div class="toast"><p>2 messages déplacés dans « Conseil d’administration ».</p></div>'"""
    )
    toast, other = page.locator("#toast .toast").bounding_box(), what.bounding_box()
    assert toast and other
    return (
        toast["x"] < other["x"] + other["width"]
        and other["x"] < toast["x"] + toast["width"]
        and toast["y"] < other["y"] + other["height"]
        and other["y"] < toast["y"] + toast["height"]
    )


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_toast_covers_no_menu_of_the_composer(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    mailbox: Mailbox,
    width: int,
) -> None:
    """The button that schedules was below it."""
    mailbox.append(letter("Sortie"))
    page = open_page(width=width, height=740)
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    page.locator(".write-foot summary").first.click()
    assert not covers(page, page.locator(".later"))
    if width == 375:
        return
    page.goto("/mail/INBOX/")
    page.get_by_role("link", name="Sortie").click()
    page.get_by_role("link", name="Répondre", exact=True).first.click()
    pane = page.frame_locator("#composers iframe")
    expect(pane.locator("[data-tools]")).to_be_visible()
    pane.locator(".write-foot summary").first.click()
    assert not covers(page, pane.locator(".later"))
