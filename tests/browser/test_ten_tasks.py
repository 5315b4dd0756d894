"""Ten tasks by keyboard alone, as a screen reader hears them, and on a telephone.

The most steps that each may take are those of `docs/accessibility.md`, beside Gmail's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import MailDomain, User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from mail.sieve import writing
from mail.sieve.values import Script
from tests.browser.hands import Hands
from tests.browser.test_rules import a_rule
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.servers.scripts import Scripts
from tests.waiting import PATIENCE_S
from tests.webmail.views.mail import letter
from webmail.models import OutboxMessage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DOCS = Path(__file__).parents[2] / "docs" / "accessibility.md"
State = OutboxMessage.State


def allowed(task: str) -> tuple[int, int]:
    """Keys and touches of a task, as the table of the documents has them."""
    row = re.search(rf"^\| {re.escape(task)} \| (\d+) \| [^|]+ \| (\d+) \|", DOCS.read_text(), re.M)
    assert row is not None, task
    return int(row[1]), int(row[2])


@pytest.fixture
def mail(mailbox: Mailbox, settings: Any, tmp_path: Path) -> Mailbox:
    settings.SPOOL = tmp_path / "spool"
    mailbox.create_folder("Conseil")
    for subject in ("Piscine", "Lettre 2", "Lettre 3"):
        files = (("plan.pdf", "application/pdf", b"%PDF-1.4"),)
        mailbox.append(letter(subject, message_id=f"<{subject[-1]}@x>", files=files))
    return mailbox


@pytest.fixture
def rules(sieve_port: int, mail_domain: MailDomain) -> Scripts:
    mail_domain.sieve_host, mail_domain.sieve_port = "127.0.0.1", sieve_port
    mail_domain.sieve_security = MailDomain.Security.NONE
    mail_domain.save()
    scripts = Scripts(sieve_port, ALICE)
    scripts.empty()
    scripts.put("webmail", writing.write(Script((a_rule("A"),))), active=True)
    return scripts


@pytest.fixture
def families(mail_domain: MailDomain) -> None:
    user = User.objects.create(login="alice", mail_domain=mail_domain)
    group = groups.create(user, "Parents 4e B")
    for name in ("luc", "zoe"):
        made = ContactData(display_name=name, emails=(Email(f"{name}@ac-exemple.fr"),))
        groups.add(group, [contacts.create(user, made).pk])


@pytest.fixture
def hands(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mail: Mailbox,
    rules: Scripts,
    submission: SubmissionServer,
) -> Hands:
    """At the list, whose first message is the newest, with the keyboard alone."""
    page = open_page()
    hands = Hands(page)
    sign_in(page, alice)
    expect(page.locator("[role=combobox]").first).to_be_attached()  # its scripts run
    return hands


@pytest.fixture
def open_first(hands: Hands) -> Hands:
    """The newest message is open, and the reader is in it."""
    hands.page.keyboard.press("j")
    hands.page.keyboard.press("Enter")
    expect(hands.page.locator("#message[data-open] .reader-title")).to_be_focused()
    hands.steps = 0
    return hands


def sent_to(page: Page, address: str) -> Any:
    for _ in range(PATIENCE_S * 10):
        if found := OutboxMessage.objects.filter(state__in=(State.HELD, State.SCHEDULED)).first():
            return found
        page.wait_for_timeout(100)
    raise AssertionError(f"nothing was sent to {address}")


def pane(hands: Hands) -> Any:
    frame = hands.page.frame_locator("#composers iframe")
    expect(frame.locator("[data-tools]")).to_be_visible()
    return frame


# --- by keyboard ---


def test_the_next_message_is_read_by_keyboard(open_first: Hands) -> None:
    hands = open_first
    title = hands.page.locator("#message[data-open] .reader-title")
    assert (hands.stop().role, hands.stop().name) == ("heading", "Lettre 3")
    hands.press("j")
    expect(title).to_have_text("Lettre 2")
    expect(title).to_be_focused()
    assert (hands.stop().role, hands.stop().name) == ("heading", "Lettre 2")
    assert hands.steps <= allowed("Read the next message")[0]


def test_a_message_is_answered_by_keyboard(open_first: Hands) -> None:
    hands = open_first
    hands.press("r")
    frame = pane(hands)
    expect(frame.get_by_role("textbox", name="Texte du message")).to_be_focused()
    stop = hands.stop()
    assert (stop.role, stop.name) == ("textbox", "Texte du message")
    assert "multiline" in stop.states
    hands.type("Bien reçu.")
    hands.press("Control+Enter")
    assert sent_to(hands.page, "bob")
    assert hands.said("Message envoyé") or hands.said("Le message part")
    assert hands.steps <= allowed("Answer a message")[0]


def test_a_message_is_forwarded_with_its_attachment_by_keyboard(open_first: Hands) -> None:
    hands = open_first
    hands.press("f")
    frame = pane(hands)
    expect(frame.locator("#id_to")).to_be_focused()
    assert hands.stop().name == "À"
    expect(frame.get_by_text("plan.pdf").first).to_be_visible()
    hands.type("bob@ac-exemple.fr")
    hands.press("Control+Enter")
    assert sent_to(hands.page, "bob")
    assert hands.steps <= allowed("Forward with attachments")[0]


def test_a_message_is_filed_by_keyboard(open_first: Hands, mail: Mailbox) -> None:
    hands = open_first
    hands.press("m")
    expect(hands.page.locator("#ask dialog")).to_be_visible()
    assert hands.stop().role in ("searchbox", "textbox", "combobox")
    assert "dossier" in hands.stop().name.lower()
    hands.type("cons")
    hands.press("Enter")
    expect(hands.page.locator("#rows .row")).to_have_count(2)
    assert hands.said("déplacé")
    expect(hands.page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 2")
    assert len(mail.uids("Conseil")) == 1
    assert hands.steps <= allowed("File into a folder")[0]


def test_a_message_is_found_by_keyboard(hands: Hands) -> None:
    hands.page.locator("#rows .row > a").first.focus()
    stop = hands.press("/")
    assert stop.role in ("searchbox", "combobox")
    hands.type("piscine")
    hands.press("Enter")
    expect(hands.page.locator("#rows .row")).to_have_count(1)
    assert hands.said("1 message")
    assert hands.steps <= allowed("Search")[0]


def test_a_message_is_deleted_and_comes_back_by_keyboard(open_first: Hands, mail: Mailbox) -> None:
    hands = open_first
    hands.press("#")
    expect(hands.page.locator("#rows .row")).to_have_count(2)
    assert hands.said("corbeille")
    expect(hands.page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 2")
    hands.press("z")
    expect(hands.page.locator("#rows .row")).to_have_count(3)
    assert len(mail.uids("INBOX")) == 3
    assert hands.steps <= allowed("Delete, then undo")[0]


@pytest.mark.usefixtures("families")
def test_a_group_is_written_to_by_keyboard(hands: Hands) -> None:
    hands.page.locator("#rows .row > a").first.focus()
    hands.press("c")
    frame = pane(hands)
    expect(frame.locator("#id_to[role=combobox]")).to_be_focused()
    hands.type("parents")
    expect(frame.get_by_role("option").first).to_be_visible()
    hands.press("Enter")
    expect(frame.locator("[data-line=to] .recipient")).to_contain_text("Parents 4e B")
    expect(frame.locator("#id_subject")).to_be_focused()
    assert hands.stop().name == "Objet"
    hands.type("Réunion")
    assert hands.press("Enter").name == "Texte du message"
    hands.type("Bonjour.")
    hands.press("Control+Enter")
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_be_visible()
    assert hands.stop().role == "radio"
    hands.press("Enter")
    assert sent_to(hands.page, "group")
    assert hands.steps <= allowed("Write to a group")[0]


def test_a_message_is_scheduled_by_keyboard(open_first: Hands) -> None:
    hands = open_first
    hands.press("r")
    frame = pane(hands)
    expect(frame.get_by_role("textbox", name="Texte du message")).to_be_focused()
    hands.type("Bien reçu.")
    hands.steps = 0
    hands.press("Control+Shift+Enter")
    expect(frame.locator(".later")).to_be_visible()
    assert hands.stop().role == "radio"
    hands.press("Enter")
    assert sent_to(hands.page, "bob").state == State.SCHEDULED
    assert hands.steps <= allowed("Schedule")[0]


def test_a_rule_is_made_from_a_message_by_keyboard(open_first: Hands, rules: Scripts) -> None:
    hands = open_first
    hands.press(".")
    assert hands.stop().role == "button"
    hands.move_to("Créer une règle")
    hands.press("Enter")
    hands.page.wait_for_url("**/rules/new/**")
    expect(hands.page.locator("#content select.for-folder")).to_be_focused()
    assert (hands.stop().role, hands.stop().name) == ("combobox", "Dossier")
    hands.type("Cons")
    hands.tab_to("Enregistrer")
    hands.press("Enter")
    hands.page.wait_for_url(re.compile("/rules/(#.*)?$"))
    assert "Conseil" in rules.get("webmail")
    assert hands.steps <= allowed("Make a rule from a message")[0]


def test_an_absence_is_set_by_keyboard(hands: Hands, rules: Scripts) -> None:
    page = hands.page
    hands.tab_to("Mon compte")
    hands.press("Enter")
    assert hands.move_to("Mon absence").role == "link"
    hands.press("Enter")
    page.wait_for_url("**/rules/absence/")
    expect(page.locator("#id_enabled")).to_be_focused()
    assert hands.stop().role == "checkbox"
    assert "checked" in hands.press("Space").states
    hands.press("Tab")
    hands.type("12012026")
    hands.tab_to("Dernier jour")
    hands.type("12012027")
    hands.tab_to("Réponse")
    hands.type("Je suis absente.")
    hands.tab_to("Enregistrer")
    hands.press("Enter")
    expect(page.locator("#toast [data-toast]")).to_be_visible()
    assert "vacation" in rules.get("webmail")
    assert hands.steps <= allowed("Set an absence")[0]


# --- on a telephone ---


@pytest.fixture
def thumb(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mail: Mailbox,
    rules: Scripts,
    submission: SubmissionServer,
) -> Hands:
    """At the list, on 375 pixels, with a finger alone."""
    page = open_page(width=375, height=740, has_touch=True, is_mobile=True)
    hands = Hands(page)
    sign_in(page, alice)
    expect(page.locator("[role=combobox]").first).to_be_attached()  # its scripts run
    return hands


@pytest.fixture
def opened(thumb: Hands) -> Hands:
    thumb.touch(thumb.page.get_by_role("link", name="Lettre 3"))
    expect(thumb.page.locator("#message[data-open] .reader-title")).to_be_visible()
    thumb.steps = 0
    return thumb


def button(page: Page, name: str) -> Any:
    return page.get_by_role("button", name=name, exact=True).locator("visible=true").first


def link(page: Page, name: str) -> Any:
    return page.get_by_role("link", name=name, exact=True).locator("visible=true").first


def written(page: Page) -> None:
    expect(page.get_by_role("textbox", name="Texte du message")).to_be_visible()


def test_the_next_message_is_read_on_a_telephone(opened: Hands) -> None:
    opened.touch(link(opened.page, "Message suivant"))
    expect(opened.page.locator("#message[data-open] .reader-title")).to_have_text("Lettre 2")
    assert opened.steps <= allowed("Read the next message")[1]


def test_a_message_is_answered_on_a_telephone(opened: Hands) -> None:
    page = opened.page
    opened.touch(link(page, "Répondre"))
    written(page)
    opened.type("Bien reçu.")
    opened.touch(button(page, "Envoyer"))
    assert sent_to(page, "bob")
    assert opened.steps <= allowed("Answer a message")[1]


def test_a_message_is_forwarded_with_its_attachment_on_a_telephone(opened: Hands) -> None:
    page = opened.page
    opened.touch(link(page, "Transférer"))
    written(page)
    expect(page.locator("#id_to")).to_be_focused()
    expect(page.get_by_text("plan.pdf").first).to_be_attached()
    opened.type("bob@ac-exemple.fr")
    opened.touch(button(page, "Envoyer"))
    assert sent_to(page, "bob")
    assert opened.steps <= allowed("Forward with attachments")[1]


def test_a_message_is_filed_on_a_telephone(opened: Hands, mail: Mailbox) -> None:
    page = opened.page
    opened.touch(button(page, "Déplacer"))
    dialog = page.locator("#ask dialog")
    expect(dialog).to_be_visible()
    dialog.locator("select[name=to]").select_option("Conseil")
    opened.steps += 1  # chosen in the list of the telephone
    opened.touch(dialog.locator("[value=move]"))
    expect(page.locator("#rows .row").or_(page.locator("#message[data-open]"))).not_to_have_count(0)
    for _ in range(PATIENCE_S * 10):
        if mail.uids("Conseil"):
            break
        page.wait_for_timeout(100)
    assert len(mail.uids("Conseil")) == 1
    assert opened.steps <= allowed("File into a folder")[1]


def test_a_message_is_found_on_a_telephone(thumb: Hands) -> None:
    page = thumb.page
    thumb.touch(link(page, "Rechercher"))
    field = page.locator("input[name=q]").locator("visible=true").first
    expect(field).to_be_focused()
    thumb.type("piscine")
    page.keyboard.press("Enter")  # the telephone's own key
    expect(page.locator("#rows .row")).to_have_count(1)
    assert thumb.steps <= allowed("Search")[1]


def test_a_message_is_deleted_and_comes_back_on_a_telephone(opened: Hands, mail: Mailbox) -> None:
    page = opened.page
    opened.touch(button(page, "Supprimer"))
    expect(page.get_by_role("button", name="Annuler")).to_be_visible()
    opened.touch(button(page, "Annuler"))
    for _ in range(PATIENCE_S * 10):
        if len(mail.uids("INBOX")) == 3:
            break
        page.wait_for_timeout(100)
    assert len(mail.uids("INBOX")) == 3
    assert opened.steps <= allowed("Delete, then undo")[1]


@pytest.mark.usefixtures("families")
def test_a_group_is_written_to_on_a_telephone(thumb: Hands) -> None:
    page = thumb.page
    thumb.touch(page.locator("a.fab"))
    field = page.locator("#id_to[role=combobox]")  # its scripts run
    expect(field).to_be_focused()
    thumb.type("parents")
    thumb.touch(page.get_by_role("option", name="Parents 4e B"))
    expect(page.locator("[data-line=to] .recipient")).to_contain_text("Parents 4e B")
    expect(page.locator("#id_subject")).to_be_focused()
    thumb.type("Réunion")
    text = page.get_by_role("textbox", name="Texte du message")
    thumb.touch(text)
    expect(text).to_be_focused()
    thumb.type("Bonjour.")
    thumb.touch(button(page, "Envoyer"))
    thumb.touch(page.get_by_role("dialog").locator("[data-choice-send]"))
    sent = sent_to(page, "group")
    assert (sent.recipients, thumb.steps) == (2, allowed("Write to a group")[1])


def test_a_message_is_scheduled_on_a_telephone(opened: Hands) -> None:
    page = opened.page
    opened.touch(link(page, "Répondre"))
    written(page)
    opened.type("Bien reçu.")
    opened.steps = 0
    opened.touch(page.locator("summary", has_text="Envoyer plus tard"))
    page.locator(".later [name=due]").first.check()
    opened.steps += 1
    opened.touch(page.locator("[value=schedule]"))
    assert sent_to(page, "bob").state == State.SCHEDULED
    assert opened.steps <= allowed("Schedule")[1]


def test_a_rule_is_made_from_a_message_on_a_telephone(opened: Hands, rules: Scripts) -> None:
    page = opened.page
    opened.touch(page.locator("#message summary", has_text="Plus d’actions").first)
    opened.touch(link(page, "Créer une règle…"))
    page.wait_for_url("**/rules/new/**")
    page.locator("#content select.for-folder").select_option("Conseil")
    opened.steps += 1  # chosen in the list of the telephone
    opened.touch(button(page, "Enregistrer"))
    page.wait_for_url(re.compile("/rules/(#.*)?$"))
    assert "Conseil" in rules.get("webmail")
    assert opened.steps <= allowed("Make a rule from a message")[1]


def test_an_absence_is_set_on_a_telephone(thumb: Hands, rules: Scripts) -> None:
    page = thumb.page
    thumb.touch(page.locator("summary.me"))
    thumb.touch(link(page, "Mon absence"))
    page.wait_for_url("**/rules/absence/")
    thumb.touch(page.locator("label", has_text="Répondre pendant"))
    for name, day in (("first", "2026-01-12"), ("last", "2027-01-12")):
        page.locator(f"#id_{name}").fill(day)
        thumb.steps += 1
    thumb.touch(page.locator("#id_text"))
    thumb.type("Je suis absente.")
    thumb.touch(button(page, "Enregistrer"))
    expect(page.locator("#toast [data-toast]")).to_be_visible()
    assert "vacation" in rules.get("webmail")
    assert thumb.steps <= allowed("Set an absence")[1]
