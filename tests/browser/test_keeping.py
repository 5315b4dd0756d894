"""Nothing written is lost, though network, session, browser and another window may all go."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import FilePayload, Locator, Page, Route, expect
from pytest_django import Settings

from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.conformity import violations
from tests.browser.test_compose import PASTE
from tests.browser.test_outbox import look
from tests.browser.waiting import wait_for
from tests.servers.mailboxes import Mailbox
from tests.waiting import LONGEST_S
from tests.webmail.views.mail import letter
from webmail.models import Draft, DraftFile, OutboxMessage
from webmail.writing import drafts, files
from webmail.writing.content import Content

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LOCAL = "Object.keys(localStorage).filter((name) => name.startsWith('draft:'))"


@pytest.fixture(autouse=True)
def spool(settings: Settings, tmp_path: Path) -> Path:
    settings.SPOOL = tmp_path
    return tmp_path / "drafts"


def assert_buttons_inside(page: Page, notice: Locator) -> None:
    """On a telephone no button of a notice lies beyond it."""
    before = page.viewport_size
    page.set_viewport_size({"width": 375, "height": 800})
    edge = "(one) => one.getBoundingClientRect().right"
    inside = [button.evaluate(edge) for button in notice.locator(".btn:visible").all()]
    assert inside and max(inside) <= notice.evaluate(edge)
    assert before
    page.set_viewport_size(before)


PENDING = """() => new Promise((told) => {
  const base = indexedDB.open("pending-files", 1);
  base.onupgradeneeded = () => base.result.createObjectStore("files", {keyPath: "id"});
  base.onsuccess = () => {
    const rows = base.result.transaction("files").objectStore("files").getAll();
    rows.onsuccess = () => (base.result.close(), told(rows.result.map(({name}) => name)));
  };
})"""


@pytest.fixture
def writing(
    open_page: Callable[..., Page], sign_in: Callable[[Page, MailAccount], None], alice: MailAccount
) -> Page:
    """A new message of Alice's."""
    page = open_page()
    sign_in(page, alice)
    begin(page)
    return page


def begin(page: Page) -> None:
    page.goto("/compose/")
    expect(page.locator("#rich")).to_be_visible()


def saved(subject: str) -> Content:
    """What the server has of the draft with this subject, once it has it."""
    kept: dict[str, Content] = {}

    def is_there() -> bool:
        contents = (drafts.content(draft) for draft in Draft.objects.all())
        kept.update({content.subject: content for content in contents})
        return subject in kept

    wait_for(is_there)
    return kept[subject]


def test_what_is_written_is_kept_and_the_cursor_stays(writing: Page, faults: list[str]) -> None:
    page = writing
    page.locator("#id_subject").click()
    page.keyboard.type("Réunion")
    page.locator("#rich").click()
    page.keyboard.type("Bonjour à tous")
    assert "Bonjour à tous" in saved("Réunion").html
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"\d\d:\d\d"))
    expect(page.locator("[data-saved] svg")).to_be_visible()
    page.keyboard.type(", suite")
    expect(page.locator("#rich")).to_be_focused()
    expect(page.locator("#rich")).to_contain_text("Bonjour à tous, suite")
    assert page.evaluate(LOCAL) == []
    assert re.search(r"/drafts/[0-9a-f-]{36}/$", page.url)
    page.wait_for_timeout(2500)
    page.reload()
    expect(page.locator("#id_subject")).to_have_value("Réunion")
    expect(page.locator("#rich")).to_contain_text("Bonjour à tous, suite")
    assert violations(page) == []
    assert faults == []


def test_without_a_network_words_stay_in_the_browser_until_it_is_back(writing: Page) -> None:
    page = writing
    page.locator("#id_subject").fill("Un")
    saved("Un")
    page.context.set_offline(True)
    page.locator("#id_subject").fill("Deux")
    words = page.locator("#keeping").get_attribute("data-offline") or ""
    expect(page.locator("[data-saved]")).to_have_text(words)
    assert len(page.evaluate(LOCAL)) == 1
    page.context.set_offline(False)
    saved("Deux")
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"\d\d:\d\d"))
    assert page.evaluate(LOCAL) == []


TABLE = "<p>Les <b>notes</b></p><table><tbody><tr><td>Zoé</td><td>15</td></tr></tbody></table>"


def test_a_reload_while_one_types_brings_back_the_screen_with_its_formats(writing: Page) -> None:
    page = writing
    page.locator("#id_subject").fill("Notes")
    page.locator("#rich").click()
    page.locator("#rich").evaluate(PASTE, {"text/html": TABLE})
    saved("Notes")
    page.keyboard.type("Suite")
    page.reload()
    text = page.locator("#rich")
    expect(text).to_contain_text("Suite")
    expect(text.locator("td")).to_have_count(2)
    expect(text.locator("b")).to_have_text("notes")
    wait_for(lambda: "Suite" in saved("Notes").html)
    assert "<td" in saved("Notes").html
    page.wait_for_timeout(1000)
    expect(page.locator("[data-mine]")).to_have_count(0)


def rich(page: Page, subject: str) -> None:
    """A formatted text with a table, saved."""
    page.locator("#id_to").fill("bob@ac-exemple.fr,")
    page.locator("#id_subject").fill(subject)
    page.locator("#rich").click()
    page.locator("#rich").evaluate(PASTE, {"text/html": TABLE})
    saved(subject)
    expect(page).to_have_url(re.compile("/drafts/"))


@pytest.mark.parametrize("is_changed", [False, True])
def test_an_answer_in_the_format_of_the_answered_message_comes_back_in_it(
    writing: Page, mailbox: Mailbox, is_changed: bool
) -> None:
    """A plain letter is answered in plain text, unless the user has changed to formatted text."""
    page = writing
    User.objects.update(preferences={"write_format": "same"})
    mailbox.append(letter("Question", "Une ligne\n\nUne autre"))
    page.goto("/mail/INBOX/")
    page.locator("#rows .row > a").first.click()
    reply = page.locator("#message[data-open] a[href*='/reply']").first
    page.goto(reply.get_attribute("href") or "")
    body = page.locator("#id_body")
    expect(body).to_be_visible()
    text = body.input_value()
    if is_changed:
        page.locator("[data-options] summary").click()
        page.locator("[data-plain-text]").click()
        page.locator("#rich").click()
    else:
        body.click()
    page.route("**/save/", lambda route: route.abort())
    page.keyboard.press("Control+Home")
    page.keyboard.type("Ma réponse")
    wait_for(lambda: "Ma réponse" in page.evaluate("JSON.stringify(localStorage)"), page)
    page.reload()
    if is_changed:
        expect(page.locator("#rich")).to_contain_text("Ma réponse")
        expect(page.locator("#rich blockquote")).to_contain_text("Une autre")
        expect(body).to_be_hidden()
    else:
        expect(body).to_have_value(f"Ma réponse{text}")
        expect(page.locator("#rich")).to_be_hidden()


def test_what_came_back_can_be_undone(writing: Page) -> None:
    page = writing
    rich(page, "Notes")
    page.route("**/save/", lambda route: route.abort())
    page.keyboard.type("Hors ligne")
    wait_for(lambda: "Hors ligne" in page.evaluate("JSON.stringify(localStorage)"))
    page.reload()
    page.unroute_all()
    expect(page.locator("#rich")).to_contain_text("Hors ligne")
    wait_for(lambda: "Hors ligne" in saved("Notes").html)
    page.locator("[data-undo]").click()
    expect(page.locator("[data-undo]")).to_have_count(0)
    expect(page.locator("#rich td")).to_have_count(2)
    expect(page.locator("#rich")).not_to_contain_text("Hors ligne")
    draft = Draft.objects.get()
    versions = [drafts._opened(draft, one.sealed).html for one in draft.versions.all()]
    assert any("Hors ligne" in html for html in versions)
    assert page.evaluate(LOCAL) == []


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_a_copy_of_a_draft_that_went_on_elsewhere_is_shown_beside_it(
    writing: Page, choice: str, faults: list[str]
) -> None:
    page = writing
    rich(page, "Notes")
    address = page.url
    page.context.set_offline(True)
    page.keyboard.type("Sur cet écran")
    wait_for(lambda: "Sur cet" in page.evaluate("JSON.stringify(localStorage)"))
    other = page.context.new_page()
    page.close()
    other.context.set_offline(False)
    draft = Draft.objects.get()
    elsewhere = replace(drafts.content(draft), html="<p>Ailleurs, <b>en gras</b></p>")
    drafts.save(draft.user, draft.pk, elsewhere, base=draft.revision, writer="other")
    other.goto(address)
    dialog = other.locator("#keeping-choice")
    expect(dialog).to_be_visible()
    mine, theirs = dialog.locator("[data-content]").all()
    expect(mine.locator("td")).to_have_count(2)
    expect(mine).to_contain_text("Sur cet écran")
    expect(theirs.locator("b")).to_have_text(["Notes", "en gras"])
    assert violations(other) == []
    other.keyboard.press("Escape")
    other.keyboard.press("Escape")
    expect(dialog).to_be_visible()
    assert "Ailleurs" in drafts.content(Draft.objects.get()).html
    # What stirs below the question is not what the user has chosen.
    other.locator("#id_subject").dispatch_event("input")
    other.wait_for_timeout(500)
    dialog.locator(f"[data-take={choice}]").click()
    expect(dialog).to_be_hidden()
    lost, won = ("Ailleurs", "Sur cet écran") if choice == "mine" else ("Sur cet écran", "Ailleurs")
    expect(other.locator("#rich")).to_contain_text(won)
    draft = Draft.objects.get()
    assert won in drafts.content(draft).html
    assert any(lost in drafts._opened(draft, one.sealed).html for one in draft.versions.all())
    assert other.evaluate(LOCAL) == []
    assert faults == []


@pytest.mark.parametrize("end", ["sent", "discarded"])
def test_a_window_whose_draft_has_gone_keeps_its_text_in_a_new_message(
    writing: Page, submission: SubmissionServer, bob: MailAccount, tmp_path: Path, end: str
) -> None:
    page = writing
    page.locator("#id_attachments").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"le plan"}
    )
    rich(page, "Un")
    expect(page.locator("[data-files] a.file-name")).to_be_visible()
    wait_for(lambda: saved("Un").files)
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#rich td")).to_have_count(2)
    page.locator("#rich").click()
    page.route("**/save/", lambda route: route.abort())
    page.keyboard.type("Tapé ici")
    if end == "sent":
        other.keyboard.press("Control+Enter")
        wait_for(lambda: OutboxMessage.objects.exists())
    else:
        other.locator("[data-discard-draft]").click()
        other.locator("[data-discard=go]").click()
        wait_for(lambda: Draft.objects.filter(state=Draft.State.DISCARDED).exists())
    banner = page.locator("#notices .banner").filter(has=page.locator("[data-write-again]"))
    expect(banner).to_contain_text("déjà parti (ou a été supprimé)")
    assert_buttons_inside(page, banner)
    banner.locator("[data-write-again]").click()
    expect(banner).to_have_count(0)
    expect(page.locator("#rich td")).to_have_count(2)
    expect(page.locator("#rich")).to_contain_text("Tapé ici")
    expect(page.locator("[data-files] a.file-name")).to_have_text("plan.txt")
    expect(page.locator(".recipient")).to_contain_text("bob@ac-exemple.fr")
    assert Draft.objects.filter(state=Draft.State.WRITING).count() == 1
    assert page.evaluate(LOCAL) == []


def test_what_left_with_its_draft_is_named_in_the_new_message(
    writing: Page, submission: SubmissionServer, bob: MailAccount
) -> None:
    """Once a message was delivered nothing of its draft is left; the window still has the text."""
    page = writing
    for field, name, content in (
        ("#id_attachments", "plan.txt", b"le plan"),
        ("#id_documents", "MARTIN_Lea.pdf", b"%PDF-1.4 x"),
    ):
        payload = FilePayload(name=name, mimeType="text/plain", buffer=content)
        page.locator(field).set_input_files(payload)
    rich(page, "Un")
    expect(page.locator("[data-files] a.file-name")).to_be_visible()
    expect(page.locator("#documents .roster-name")).to_contain_text("1 document")
    wait_for(lambda: saved("Un").files)
    page.locator("#rich").click()
    page.route("**/save/", lambda route: route.abort())
    page.keyboard.type("Tapé ici")
    Draft.objects.all().delete()
    page.unroute("**/save/")
    page.keyboard.type(" encore")
    banner = page.locator("#notices .banner").filter(has=page.locator("[data-write-again]"))
    banner.locator("[data-write-again]").click()
    told = page.locator("#notices .banner")
    expect(told).to_contain_text("plan.txt, 1 document pour un destinataire")
    expect(page.locator("#rich")).to_contain_text("Tapé ici encore")
    expect(page.locator("#rich td")).to_have_count(2)
    assert page.evaluate(LOCAL) == []


def no_answer(route: Route) -> None:
    """What a proxy or the product says in JSON while the server has trouble of its own."""
    route.fulfill(status=503, content_type="application/json", body='{"words": "En panne"}')


@pytest.mark.parametrize(
    ("field", "name", "part"),
    [("#id_roster", "6B.csv", "roster"), ("#id_documents", "MARTIN_Lea.pdf", "documents")],
)
def test_no_message_leaves_before_its_list_and_its_documents_are_there(
    writing: Page, submission: SubmissionServer, field: str, name: str, part: str
) -> None:
    page = writing
    rich(page, "Un")
    page.route("**/roster/", no_answer)
    page.route("**/documents/add/", no_answer)
    content = b"mail;Classe\nbob@ac-exemple.fr;6B\n"
    page.locator(field).set_input_files(FilePayload(name=name, mimeType="", buffer=content))
    retry = page.locator(f"[data-{part}-retry]")
    expect(retry).to_be_visible()
    assert page.evaluate(PENDING) == [name]
    page.locator("#rich").click()
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-saved]")).to_contain_text("n’a pas été envoyé")
    expect(retry).to_be_visible()
    assert not OutboxMessage.objects.exists()
    page.unroute("**/roster/")
    page.unroute("**/documents/add/")
    retry.click()
    expect(page.locator(f"#{part} .roster-name")).to_be_visible()
    wait_for(lambda: page.evaluate(PENDING) == [])


def test_a_copy_that_the_server_refuses_is_shown_once_and_not_sent_again(
    writing: Page, submission: SubmissionServer
) -> None:
    page = writing
    rich(page, "Un")
    page.context.set_offline(True)
    page.keyboard.type("Resté ici")
    wait_for(lambda: "Resté" in page.evaluate("JSON.stringify(localStorage)"))
    other = page.context.new_page()
    page.close()
    other.context.set_offline(False)
    draft = Draft.objects.get()
    drafts.discard(draft.user, draft.pk)
    other.goto("/compose/")
    age(other)
    asked: list[str] = []
    other.on("request", lambda one: asked.append(one.url) if one.url.endswith("/save/") else None)
    other.goto("/mail/INBOX/")
    notice = other.locator("#notices .banner").filter(has=other.locator("[data-kept-again]"))
    expect(notice).to_contain_text("Un")
    expect(notice.locator("textarea")).to_have_value(re.compile("Resté ici"))
    assert_buttons_inside(other, notice)
    assert violations(other) == []
    assert len(asked) == 1
    kept = other.evaluate("JSON.stringify(localStorage)")
    other.goto("/mail/INBOX/")
    other.wait_for_timeout(1500)
    assert len(asked) == 1
    expect(notice).to_have_count(0)
    assert other.evaluate("JSON.stringify(localStorage)") == kept
    # Another page that is shown it may still keep it.
    other.evaluate(
        """() => { for (const name of Object.keys(localStorage)) {
        const { isShown, ...kept } = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify(kept)); } }"""
    )
    other.goto("/mail/INBOX/")
    notice.locator("[data-kept-again]").click()
    expect(other.locator("#rich td")).to_have_count(2)
    expect(other.locator("#rich")).to_contain_text("Resté ici")
    assert other.evaluate(LOCAL) == []


def test_the_notice_of_an_unreachable_server_goes_when_the_draft_is_saved(writing: Page) -> None:
    """In a pane or a window of its own, where no news of the list tell that it answers again."""
    page = writing
    page.goto("/compose/?frame=window")
    expect(page.locator("#rich")).to_be_visible()
    rich(page, "Un")
    page.context.set_offline(True)
    page.keyboard.press("Control+Enter")
    notice = page.locator("#notices [data-notice]")
    expect(notice).to_be_visible()
    page.locator("#rich").click()
    page.keyboard.type("Suite")
    page.context.set_offline(False)
    wait_for(lambda: "Suite" in saved("Un").html)
    expect(notice).to_have_count(0)


def test_signing_out_deletes_the_files_that_wait(writing: Page) -> None:
    page = writing
    held: list[Route] = []
    page.route("**/files/", lambda route: held.append(route))
    page.locator("#id_attachments").set_input_files(
        {"name": "plan.txt", "mimeType": "text/plain", "buffer": b"le plan"}
    )
    bases = "indexedDB.databases().then((all) => all.map(({ name }) => name))"
    wait_for(lambda: page.evaluate(bases) == ["pending-files"], page)
    for route in held:
        route.abort()
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/mail/INBOX/")
    page.locator("summary", has_text="Mon compte").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_label("Adresse ou identifiant")).to_be_visible()
    wait_for(lambda: page.evaluate(bases) == [], page)


def age(page: Page) -> None:
    """The copies in this browser are two minutes old."""
    page.evaluate(
        """() => { for (const name of Object.keys(localStorage)) {
        const kept = JSON.parse(localStorage.getItem(name));
        localStorage.setItem(name, JSON.stringify({ ...kept, at: kept.at - 120000 })); } }"""
    )


def test_words_of_a_closed_browser_come_to_the_server_when_one_is_back(writing: Page) -> None:
    page = writing
    page.context.set_offline(True)
    page.locator("#id_subject").fill("Hors ligne")
    wait_for(lambda: len(page.evaluate(LOCAL)) == 1)
    other = page.context.new_page()
    page.close(run_before_unload=False)
    page.context.set_offline(False)
    other.goto("/compose/")
    age(other)
    other.goto("/mail/INBOX/")
    saved("Hors ligne")
    wait_for(lambda: other.evaluate(LOCAL) == [])


def test_the_session_is_over_and_the_password_brings_the_words_to_the_server(
    writing: Page, alice: MailAccount
) -> None:
    page = writing
    page.locator("#id_subject").fill("Un")
    saved("Un")
    Session.objects.all().delete()
    cache.clear()
    page.locator("#id_subject").fill("Deux")
    page.locator("[data-again]").wait_for()
    expect(page.locator("#id_subject")).to_be_focused()
    page.locator("[data-again]").click()
    page.locator("#reenter [name=password]").fill(alice.password)
    page.locator("#reenter [type=submit]").click()
    saved("Deux")
    expect(page.locator("#id_subject")).to_have_value("Deux")
    expect(page.locator("[data-again]")).to_have_count(0)


def test_without_any_cookie_the_password_brings_the_words_to_the_server(
    writing: Page, alice: MailAccount
) -> None:
    page = writing
    page.locator("#id_subject").fill("Un")
    saved("Un")
    page.context.clear_cookies()
    page.locator("#id_subject").fill("Deux")
    page.locator("[data-again]").wait_for()
    page.locator("[data-again]").click()
    page.locator("#reenter [name=password]").fill("faux")
    page.locator("#reenter [type=submit]").click()
    expect(page.locator("#reenter-error")).to_contain_text("incorrect")
    page.locator("#reenter [name=password]").fill(alice.password)
    page.locator("#reenter [type=submit]").click()
    saved("Deux")
    expect(page.locator("#id_subject")).to_have_value("Deux")
    expect(page.locator("[data-again]")).to_have_count(0)


def without_background(route: Route) -> None:
    if route.request.method == "POST":
        route.continue_()
    else:
        route.abort()


def test_without_any_cookie_an_action_is_done_after_the_password(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    mailbox: Mailbox,
) -> None:
    mailbox.append(letter("À supprimer"))
    page = open_page()
    sign_in(page, mailbox.account)
    page.locator("#rows .row > a").click()
    expect(page.locator("#message[data-open]")).to_be_visible()
    # Whatever else the page asks for would open the dialog, which covers the button, before it.
    page.route("**/*", without_background)
    page.context.clear_cookies()
    tools = page.get_by_role("toolbar", name="Actions sur ce message")
    tools.get_by_role("button", name="Supprimer").click()
    expect(page.locator("#reenter")).to_be_visible()
    page.unroute("**/*")
    page.locator("#reenter [name=password]").fill(mailbox.account.password)
    page.locator("#reenter [type=submit]").click()
    expect(page.locator("#toast")).to_contain_text("corbeille")
    assert mailbox.uids() == []


def test_a_closed_tab_is_offered_at_the_next_sign_in(
    writing: Page,
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
) -> None:
    page = writing
    page.locator("#id_subject").fill("Fermé")
    other = page.context.new_page()
    page.close(run_before_unload=False)
    saved("Fermé")
    other.close()
    Draft.objects.update(changed=timezone.now() - timedelta(hours=3))
    again = open_page()
    sign_in(again, alice)
    offered = again.locator("#offered")
    expect(offered).to_be_visible()
    again.goto(offered.get_by_role("link").get_attribute("href") or "")
    expect(again.locator("#id_subject")).to_have_value("Fermé")


def test_two_windows_on_one_draft_are_seen_and_settled(writing: Page) -> None:
    page = writing
    page.locator("#id_subject").fill("Un")
    saved("Un")
    expect(page).to_have_url(re.compile("/drafts/"))
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#id_subject").fill("L’autre")
    saved("L’autre")
    conflict = page.locator("#notices .banner").filter(has=page.locator("[data-mine]"))
    expect(conflict).to_be_visible()
    page.locator("#id_subject").fill("Le mien")
    expect(page.locator("#id_subject")).to_be_focused()
    page.wait_for_timeout(2500)
    assert "L’autre" in [drafts.content(draft).subject for draft in Draft.objects.all()]
    page.locator("[data-compare]").click()
    expect(page.locator(".keeping-living").first).to_be_visible()
    expect(page.locator(".keeping-closed")).to_be_hidden()
    here, there = page.locator("#keeping-choice [data-content]").all()
    expect(here).to_contain_text("Le mien")
    expect(there).to_contain_text("L’autre")
    look(page, "conflict")
    page.locator("[data-put-off]").click()
    expect(conflict).to_be_visible()
    page.locator("[data-mine]").click()
    saved("Le mien")
    expect(conflict).to_have_count(0)
    versions = Draft.objects.get().versions.all()
    kept = [drafts._opened(Draft.objects.get(), one.sealed).subject for one in versions]
    assert "L’autre" in kept
    expect(other.locator("[data-mine]")).to_be_visible()


@pytest.mark.parametrize("choice", ["mine", "theirs"])
def test_of_two_windows_in_conflict_one_is_chosen_and_the_other_stays_a_version(
    writing: Page, choice: str
) -> None:
    page = writing
    rich(page, "Un")
    other = page.context.new_page()
    other.goto(page.url)
    expect(other.locator("#rich td")).to_have_count(2)
    page.route("**/save/", lambda route: route.abort())
    page.keyboard.type("Tapé ici")
    other.locator("#id_subject").fill("L’autre")
    saved("L’autre")
    page.unroute("**/save/")
    page.locator("[data-compare]").click()
    here, there = page.locator("#keeping-choice [data-content]").all()
    expect(here).to_contain_text("Tapé ici")
    expect(here.locator("td")).to_have_count(2)
    expect(there).not_to_contain_text("Tapé ici")
    expect(there.locator("td")).to_have_count(2)
    page.locator(f"[data-take={choice}]").click()
    expect(page.locator("#keeping-choice")).to_be_hidden()
    expect(page.locator("[data-compare]")).to_have_count(0)
    expected = {"mine": ("Un", 1), "theirs": ("L’autre", 0)}[choice]
    expect(page.locator("#id_subject")).to_have_value(expected[0])
    expect(page.locator("#rich", has_text="Tapé ici")).to_have_count(expected[1])
    draft = Draft.objects.get()
    wait_for(lambda: drafts.content(Draft.objects.get()).subject == expected[0])
    kept = [drafts._opened(draft, one.sealed) for one in draft.versions.all()]
    assert any(
        one.subject == "L’autre" if choice == "mine" else "Tapé ici" in one.html for one in kept
    )


def test_what_another_window_overtook_is_not_sent_and_asks_which_to_keep(
    writing: Page, submission: SubmissionServer, bob: MailAccount
) -> None:
    page = writing
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#rich").click()
    page.keyboard.type("Bonjour")
    page.locator("#id_subject").fill("Un")
    saved("Un")
    expect(page).to_have_url(re.compile("/drafts/"))
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#id_subject").fill("L’autre")
    saved("L’autre")
    mine = page.locator("#notices [data-mine]")
    expect(mine).to_be_visible()
    page.locator("#id_subject").fill("Le mien")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#notices .banner.bad")).to_be_visible()
    expect(mine).to_be_visible()
    assert not OutboxMessage.objects.exists()
    mine.click()
    saved("Le mien")
    page.keyboard.press("Control+Enter")
    wait_for(lambda: OutboxMessage.objects.exists())


def test_control_s_puts_a_copy_among_the_drafts(writing: Page, mailbox: Mailbox) -> None:
    page = writing
    page.locator("#id_subject").fill("Pour Thunderbird")
    page.keyboard.press("Control+s")
    wait_for(lambda: mailbox.uids("Drafts"))
    (message,) = mailbox.messages("Drafts")
    assert b"Subject: Pour Thunderbird" in message
    expect(page.locator("#id_subject")).to_be_focused()


def test_a_shared_computer_keeps_nothing(
    open_page: Callable[..., Page], alice: MailAccount
) -> None:
    page = open_page()
    page.goto("/")
    page.get_by_label("Adresse ou identifiant").fill(alice.login)
    page.get_by_label("Mot de passe", exact=True).fill(alice.password)
    page.locator("[name=shared_computer]").check()
    page.get_by_role("button", name="Se connecter").click()
    page.wait_for_url("**/mail/INBOX/")
    begin(page)
    page.context.set_offline(True)
    page.locator("#id_subject").fill("Secret")
    words = page.locator("#keeping").get_attribute("data-waiting") or ""
    expect(page.locator("[data-saved]")).to_have_text(words)
    assert page.evaluate("localStorage.length") == 0
    page.context.set_offline(False)
    saved("Secret")


def test_signing_out_leaves_nothing_in_the_browser(writing: Page) -> None:
    page = writing
    page.evaluate(
        "localStorage.setItem('draft:1:x', JSON.stringify({ at: Date.now(), fields: [] }))"
    )
    page.goto("/mail/INBOX/")
    page.locator("summary", has_text="Mon compte").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_label("Adresse ou identifiant")).to_be_visible()
    assert page.evaluate(LOCAL) == []


def test_a_file_is_sent_at_once_and_can_be_taken_out_by_keyboard(
    writing: Page, tmp_path: Path, faults: list[str]
) -> None:
    page = writing
    path = tmp_path / "bulletin.pdf"
    path.write_bytes(b"%PDF-1.4 " + b"x" * 50_000)
    page.locator("#id_attachments").set_input_files([path])
    row = page.locator("[data-files] .file")
    expect(row.get_by_role("link", name="bulletin.pdf")).to_be_visible()
    expect(page.locator("#upload-status")).to_contain_text("bulletin.pdf")
    assert files.about(DraftFile.objects.get()).name == "bulletin.pdf"
    assert violations(page) == []
    row.locator("[data-remove]").focus()
    page.keyboard.press("Enter")
    expect(row).to_have_count(0)
    wait_for(lambda: not DraftFile.objects.filter(removed=None).exists())
    assert faults == []


def test_an_upload_that_is_cut_is_resumed(writing: Page, tmp_path: Path) -> None:
    page = writing
    path = tmp_path / "a.txt"
    path.write_bytes(b"x" * 100_000)
    asked: list[str] = []

    def cut(route: Route) -> None:
        asked.append(route.request.url)
        route.abort("connectionreset") if len(asked) == 1 else route.continue_()

    page.route("**/files/", cut)
    page.locator("#id_attachments").set_input_files([path])
    row = page.locator("[data-files] .file")
    # It goes from its beginning, and says so.
    expect(row.locator("[data-retry]")).to_be_visible()
    row.locator("[data-retry]").click()
    expect(row.get_by_role("link", name="a.txt")).to_be_visible()
    assert len(asked) == 2 and DraftFile.objects.count() == 1


def test_a_long_name_is_cut_in_the_middle(writing: Page, tmp_path: Path) -> None:
    page = writing
    page.set_viewport_size({"width": 375, "height": 800})
    name = f"Compte rendu du conseil de classe {'très ' * 20}long du 3e trimestre.pdf"
    path = tmp_path / name
    path.write_bytes(b"%PDF-1.4")
    page.locator("#id_attachments").set_input_files([path])
    for _ in range(2):
        link = page.locator("[data-files] a.file-name")
        expect(link).to_have_attribute("title", name)
        expect(link).to_have_text(re.compile(r"^Compte rendu du conseil.{10,30}….*trimestre\.pdf$"))
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(page.locator("[data-saved]")).not_to_be_empty()
        page.goto(page.locator("form[data-compose]").get_attribute("data-draft-url") or "")


def test_what_is_dropped_or_pasted_is_attached(writing: Page) -> None:
    page = writing
    give = """([kind, name]) => {
        const data = new DataTransfer();
        data.items.add(new File(["x"], name, { type: "text/plain" }));
        const options = { bubbles: true, cancelable: true };
        const event = kind === "drop" ? new DragEvent("drop", { ...options, dataTransfer: data })
            : new ClipboardEvent("paste", { ...options, clipboardData: data });
        document.querySelector("#id_subject").dispatchEvent(event); }"""
    page.evaluate(give, ["drop", "dropped.txt"])
    page.evaluate(give, ["paste", "pasted.txt"])
    for name in ("dropped.txt", "pasted.txt"):
        expect(page.get_by_role("link", name=name)).to_be_visible()


def test_an_empty_and_a_large_file_are_refused_before_they_are_sent(
    writing: Page, tmp_path: Path
) -> None:
    page = writing
    empty, large = tmp_path / "vide.txt", tmp_path / "grand.txt"
    empty.write_bytes(b"")
    large.write_bytes(b"x" * 30_000_000)
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.url) if one.url.endswith("/files/") else None)
    page.locator("#id_attachments").set_input_files([empty, large])
    expect(page.locator("[data-files] .is-bad")).to_have_count(2)
    assert sent == []


def test_the_message_waits_for_its_files(
    writing: Page, tmp_path: Path, submission: SubmissionServer, bobs_mailbox: Mailbox
) -> None:
    page = writing
    path = tmp_path / "a.txt"
    path.write_bytes(b"piece jointe")
    held: list[Route] = []
    page.route("**/files/", lambda route: held.append(route))
    page.locator("#id_subject").fill("Avec pièce")
    page.locator("#id_attachments").set_input_files([path])
    page.locator("#rich").click()
    page.keyboard.type("Voici.")
    page.locator("input[data-complete]").first.click()
    page.keyboard.type("bob@ac-exemple.fr,")
    posted: list[str] = []
    page.on(
        "request", lambda one: posted.append(one.url) if one.url.endswith("/compose/") else None
    )
    page.locator("[data-send]").click()
    page.wait_for_timeout(500)
    assert posted == []
    wait_for(lambda: bool(held))
    held[0].continue_()
    page.wait_for_url("**/mail/**")
    assert len(posted) == 1


def test_a_message_does_not_leave_without_a_file_that_its_list_names(
    writing: Page, tmp_path: Path
) -> None:
    page = writing
    small, large = tmp_path / "plan.txt", tmp_path / "film.txt"
    small.write_bytes(b"le plan")
    large.write_bytes(b"x" * 30_000_000)
    page.route("**/files/", lambda route: route.abort("connectionreset"))
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#rich").click()
    page.keyboard.type("Voici le plan.")
    page.locator("#id_attachments").set_input_files([small])
    retry = page.locator("[data-files] [data-retry]")
    expect(retry).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(retry).to_be_focused()
    expect(page.locator("[data-saved]")).to_have_text("Le message n’a pas été envoyé.")
    page.locator("[data-files] [data-remove]").click()
    page.locator("#id_attachments").set_input_files([large])
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-files] [data-remove]")).to_be_focused()
    assert not OutboxMessage.objects.exists()


def test_a_connection_cut_in_the_middle_of_a_file_leaves_nothing(
    writing: Page, site: str, spool: Path
) -> None:
    page = writing
    cookies = page.context.cookies()
    token = page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value") or ""
    path = page.locator("[data-files-url]").get_attribute("data-files-url") or ""
    line = http.client.HTTPConnection("localhost", urlsplit(site).port or 80, timeout=LONGEST_S)
    line.putrequest("POST", path)
    line.putheader("Cookie", "; ".join(f"{one['name']}={one['value']}" for one in cookies))
    line.putheader("X-CSRFToken", token)
    line.putheader("X-File-Name", "a.txt")
    line.putheader("Content-Type", "application/octet-stream")
    line.putheader("Content-Length", "3000000")
    line.endheaders()
    line.send(b"x" * 1_000_000)
    time.sleep(0.5)
    line.close()
    # What comes after it is answered, and finds nothing of it.
    page.reload()
    assert not (spool.exists() and list(spool.iterdir())) and not DraftFile.objects.exists()
