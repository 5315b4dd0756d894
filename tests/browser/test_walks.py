"""What a teacher does, from the door and back, in Chromium."""

from __future__ import annotations

import email
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.servers.mailboxes import Mailbox
from webmail import tasks
from webmail.models import OutboxMessage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def letters(mailbox: Mailbox) -> Mailbox:
    mailbox.append("newsletter.eml")
    mailbox.append("letter.eml")
    return mailbox


def test_sign_in_list_read_answer_sign_out(
    open_page: Callable[..., Page],
    sign_in_on_the_page: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in_on_the_page(page, alice)
    expect(page.get_by_role("heading", level=1)).to_have_text("Boîte de réception")
    row = page.get_by_role("link", name="Absence de Maëlle")
    row.click()
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    assert page.url.rstrip("/").split("/")[-1].split("-")[1].isdigit()
    page.get_by_role("link", name="Répondre", exact=True).first.click()
    pane = page.frame_locator("#composers iframe")
    expect(pane.locator("[data-line=to] .recipient")).to_contain_text("Sophie Aubry")
    pane.locator("[data-line=to] .recipient-x").click()
    pane.locator("#id_to").fill("bob@ac-exemple.fr")
    text = pane.get_by_role("textbox", name="Texte du message")
    text.press("Control+Home")
    text.type("Bon rétablissement à Maëlle.")
    pane.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator("#composers .pane")).to_have_count(0)
    expect(page.locator("#toast")).not_to_be_empty()
    leave()
    assert any("Bon rétablissement" in text for text in map(letter_text, bobs_mailbox.messages()))
    page.locator("summary", has_text="Mon compte").click()
    page.get_by_role("button", name="Se déconnecter").click()
    expect(page.get_by_label("Adresse ou identifiant")).to_be_visible()
    page.goto("/mail/INBOX/")
    expect(page.get_by_label("Adresse ou identifiant")).to_be_visible()
    assert not faults


def test_the_same_walk_without_javascript(
    open_page: Callable[..., Page],
    sign_in_on_the_page: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
) -> None:
    page = open_page(java_script_enabled=False)
    sign_in_on_the_page(page, alice)
    page.get_by_role("link", name="Absence de Maëlle").click()
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    page.get_by_role("link", name="Répondre", exact=True).first.click()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    page.wait_for_url("**/mail/INBOX/**")
    leave()
    assert any("elle ne viendra pas" in text for text in map(letter_text, bobs_mailbox.messages()))


def test_back_and_forward_follow_what_was_opened(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="Absence de Maëlle").click()
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    page.get_by_role("link", name="La lettre de novembre").click()
    expect(page.get_by_role("heading", name="La lettre de novembre")).to_be_visible()
    page.evaluate("setTimeout(() => history.back())")
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    page.evaluate("setTimeout(() => history.forward())")
    expect(page.get_by_role("heading", name="La lettre de novembre")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="La lettre de novembre")).to_be_visible()
    page.evaluate("setTimeout(() => history.go(-2))")
    page.wait_for_url("**/mail/INBOX/")
    expect(page.get_by_role("link", name="Absence de Maëlle")).to_be_visible()


def test_a_hostile_newsletter_runs_nothing_and_is_as_tall_as_its_content(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    faults: list[str],
) -> None:
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="La lettre de novembre").click()
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Novembre")).to_have_css("color", "rgb(20, 95, 89)")
    # The page's policy allows no wait_for_function.
    for _try in range(100):
        if page.locator("iframe").evaluate("frame => frame.clientHeight") > 1400:
            break
        page.wait_for_timeout(50)
    assert page.locator("iframe").evaluate("frame => frame.clientHeight") > 1400
    assert page.evaluate("window.hacked") is None
    assert not faults


def test_the_password_is_asked_for_in_place_and_the_page_goes_on(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    letters: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.get_by_label("Objet").fill("Écrit avant la fin de la session")
    page.get_by_role("textbox", name="Texte du message").fill("Rien ne se perd.")
    Session.objects.all().delete()
    cache.clear()
    page.get_by_role("button", name="Envoyer", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_label("Mot de passe").fill("faux")
    dialog.get_by_label("Mot de passe").press("Enter")
    expect(dialog.get_by_role("alert")).to_contain_text("mot de passe")
    dialog.get_by_label("Mot de passe").fill(alice.password)
    dialog.get_by_label("Mot de passe").press("Enter")
    page.wait_for_url("**/mail/INBOX/**")
    leave()
    assert any("Rien ne se perd" in text for text in map(letter_text, bobs_mailbox.messages()))


def test_the_list_is_walked_by_keyboard(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page()
    sign_in(page, alice)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="La lettre de novembre")).to_be_visible()


def test_a_deleted_message_comes_back_by_undo(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page()
    sign_in(page, alice)
    page.get_by_role("link", name="Absence de Maëlle").click()
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    page.locator("#open-form").get_by_role("button", name="Supprimer").click()
    expect(page.locator(".row")).to_have_count(1)
    page.get_by_role("button", name="Annuler").click()
    expect(page.get_by_role("link", name="Absence de Maëlle")).to_be_visible()


@pytest.mark.whole
@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_pages_are_accessible_and_fit(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
    width: int,
    scheme: str,
) -> None:
    page = open_page(width=width, color_scheme=scheme)
    page.goto("/accounts/login/")
    checked = [violations(page)]
    sign_in(page, alice)
    checked.append(violations(page))
    page.get_by_role("link", name="Absence de Maëlle").click()
    expect(page.locator("#message").get_by_text("elle ne viendra pas")).to_be_visible()
    checked.append(violations(page))
    more = ("/transfers/", "/mail/INBOX/export/")
    for path in ("/compose/", "/preferences/", *more, "/mail/Nulle%20part/"):
        page.goto(path)
        checked.append(violations(page))
    assert not any(checked), checked


def leave() -> None:
    """The time passes in which what was sent could be taken back."""
    held = OutboxMessage.objects.filter(state=OutboxMessage.State.HELD)
    held.update(due=timezone.now())
    for row in held:
        tasks.deliver_message(str(row.pk))


def letter_text(message: bytes) -> str:
    """The text of a message as its reader sees it, by the standard library."""
    body = email.message_from_bytes(message, policy=policy.default).get_body(("plain",))
    assert isinstance(body, EmailMessage)
    return str(body.get_content())


def test_a_refused_message_takes_the_focus_to_what_is_wrong(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    page.locator("#id_to").fill("zzz")
    page.get_by_role("button", name="Envoyer", exact=True).click()
    expect(page.locator("#notices")).to_contain_text("Ce n’est pas une adresse")
    expect(page.locator("#id_to")).to_be_focused()


def test_a_shared_computer_keeps_nothing_in_the_browser(
    open_page: Callable[..., Page], alice: MailAccount, letters: Mailbox
) -> None:
    page = open_page()
    page.goto("/")
    page.get_by_label("Adresse ou identifiant").fill(alice.login)
    page.get_by_label("Mot de passe", exact=True).fill(alice.password)
    page.get_by_label("Poste partagé").check()
    page.get_by_role("button", name="Se connecter").click()
    page.get_by_role("link", name="Absence de Maëlle").click()
    expect(page.locator("#message[data-open]")).to_be_visible()
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


def test_a_day_goes_with_its_last_message(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page()
    sign_in(page, alice)
    for _ in letters.uids():
        page.locator("#rows .row a").first.focus()
        page.keyboard.press("Delete")
        expect(page.get_by_role("button", name="Annuler")).to_be_visible()
        page.wait_for_load_state("networkidle")
    expect(page.get_by_role("heading", name="Rien à lire ici")).to_be_visible()
    expect(page.locator(".day")).to_have_count(0)


def test_the_drawer_of_folders_takes_the_focus_and_gives_it_back(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    page = open_page(width=375)
    sign_in(page, alice)
    opener = page.get_by_role("link", name="Afficher les dossiers")
    opener.click()
    expect(page.get_by_role("link", name="Fermer")).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_without_inert_the_page_behind_the_drawer_is_not_reached_by_tab(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    letters: Mailbox,
) -> None:
    """As in Firefox before 112."""
    page = open_page(width=375)
    page.add_init_script("delete HTMLElement.prototype.inert")
    sign_in(page, alice)
    page.get_by_role("link", name="Afficher les dossiers").click()
    expect(page.get_by_role("link", name="Fermer")).to_be_focused()
    content = page.locator("#content")
    expect(content).to_have_attribute("aria-hidden", "true")
    behind = "document.activeElement.closest('.top, #content') !== null"
    for _ in range(40):
        page.keyboard.press("Tab")
        assert not page.evaluate(behind)
    page.keyboard.press("Escape")
    expect(content).to_have_attribute("aria-hidden", "false")
    expect(page.get_by_role("link", name="Afficher les dossiers")).to_be_focused()
