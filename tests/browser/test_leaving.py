"""Whether a message has left, and what is taken back: said in the page, put back where it was."""

from __future__ import annotations

import socket
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from playwright.sync_api import FrameLocator, Locator, Page, expect

from accounts.models import MailDomain, User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_compose_panes import inside, panes, ready, text_in
from tests.browser.test_outbox import look
from tests.servers.mailboxes import Mailbox
from webmail import outbox
from webmail.models import Draft, OutboxMessage
from webmail.writing import drafts
from webmail.writing.content import Content

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("submission"),
]


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def begun(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    bob: MailAccount,
) -> Callable[..., Page]:
    """`begun(1440)`: Alice's inbox."""

    def begin(width: int = 1440, height: int = 900) -> Page:
        page = open_page(width=width, height=height)
        sign_in(page, alice)
        User.objects.filter(login="alice").update(preferences={"undo_seconds": "20"})
        return page

    return begin


def write(page: Page, number: int = 0) -> FrameLocator:
    page.locator(".side-new").click()
    frame = ready(page, number)
    frame.locator("#id_to").fill("bob@ac-exemple.fr,")
    frame.locator("#id_subject").fill("Sortie")
    text_in(frame).fill("Rendez-vous à 8 h.")
    return frame


def send(frame: FrameLocator) -> None:
    frame.get_by_role("button", name="Envoyer", exact=True).click()


def line(page: Page) -> Locator:
    return page.locator("[data-not-left]")


def deliver() -> threading.Thread:
    """As a worker does, now."""
    row = OutboxMessage.objects.get()
    OutboxMessage.objects.update(due=timezone.now() - timedelta(seconds=1))

    def work() -> None:
        outbox.deliver(row.pk)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_server_that_hangs_leaves_a_line_until_the_message_has_left(
    begun: Callable[..., Page],
    mail_domain: MailDomain,
    submission: SubmissionServer,
    bobs_mailbox: Mailbox,
    faults: list[str],
) -> None:
    page = begun()
    frame = write(page)
    hanging = socket.create_server(("127.0.0.1", 0))
    MailDomain.objects.update(smtp_port=hanging.getsockname()[1])
    send(frame)
    expect(line(page)).to_contain_text("n’est pas encore parti")
    working = deliver()
    page.wait_for_timeout(3000)
    line(page).evaluate("(line) => (line.dataset.seen = '1')")
    expect(page.locator("[data-toast]")).to_have_count(0)
    page.wait_for_timeout(5000)
    # Nobody hears it again: it is the same line.
    assert line(page).get_attribute("data-seen") == "1"
    look(page, "not-left-1440")
    page.goto("/preferences/")
    expect(line(page)).to_contain_text("« Sortie »")
    assert violations(page) == []
    within = page.get_by_role("region", name="Avis", exact=True)
    expect(within.locator("[data-not-left]")).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 700})
    look(page, "not-left-375")
    hanging.close()
    working.join(60)
    expect(line(page)).to_contain_text("Nouvel essai")
    MailDomain.objects.update(smtp_port=submission.port)
    deliver().join(60)
    page.evaluate("htmx.trigger(document.body, 'mail:sent')")
    expect(line(page)).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("Message envoyé")
    assert len(bobs_mailbox.uids()) == 1 and faults == []


def test_an_answer_on_a_phone_is_said_not_to_have_left_above_the_letter(
    begun: Callable[..., Page], mailbox: Mailbox
) -> None:
    mailbox.append("letter.eml")
    page = begun(375, 700)
    page.goto("/mail/INBOX/")
    page.get_by_role("link", name="Absence de Maëlle").click()
    page.locator(".dock").get_by_role("link", name="Répondre", exact=True).click()
    page.wait_for_url("**/reply/")
    expect(page.locator("[data-tools]")).to_be_visible()
    page.locator("[data-send]").click()
    expect(line(page)).to_be_in_viewport()
    look(page, "not-left-reader-375")


def test_a_sending_that_is_undone_is_written_on_beside_the_mailbox(
    begun: Callable[..., Page], faults: list[str]
) -> None:
    page = begun()
    send(write(page))
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    frame = ready(page)
    expect(frame.locator("#id_subject")).to_have_value("Sortie")
    expect(text_in(frame)).to_contain_text("Rendez-vous à 8 h.")
    expect(line(page)).to_have_count(0)
    expect(page.locator("#toast [data-toast]")).to_have_count(0)
    assert "/mail/INBOX/" in page.url
    assert OutboxMessage.objects.get().state == OutboxMessage.State.CANCELLED
    assert faults == []


def test_the_outbox_goes_from_the_folders_with_its_only_message(begun: Callable[..., Page]) -> None:
    page = begun()
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    page.locator("#id_to").fill("bob@ac-exemple.fr,")
    page.locator("#id_subject").fill("Sortie")
    page.locator("#rich").fill("Rendez-vous à 8 h.")
    page.locator("[data-send]").click()
    expect(page.locator("#folders .outbox-line")).to_be_visible()
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    expect(page.locator("#folders .outbox-line")).to_have_count(0)
    expect(text_in(ready(page))).to_be_focused()


def test_a_sending_is_undone_on_a_narrow_screen_in_a_page(begun: Callable[..., Page]) -> None:
    page = begun()
    send(write(page))
    expect(page.locator("#toast").get_by_role("button", name="Annuler")).to_be_visible()
    page.set_viewport_size({"width": 375, "height": 700})
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    page.wait_for_url("**/drafts/*/")
    expect(page.locator("#id_subject")).to_have_value("Sortie")


def test_a_discarded_draft_comes_back_by_the_toast(begun: Callable[..., Page]) -> None:
    page = begun()
    frame = write(page)
    frame.locator("[data-discard-draft]").click()
    frame.locator("[data-discard=go]").click()
    expect(panes(page)).to_have_count(0)
    page.locator("#toast").get_by_role("button", name="Annuler").click()
    frame = ready(page)
    expect(frame.locator("#id_subject")).to_have_value("Sortie")
    expect(text_in(frame)).to_contain_text("Rendez-vous à 8 h.")
    assert Draft.objects.get().state == Draft.State.WRITING


def test_an_empty_composer_says_that_nothing_is_kept(begun: Callable[..., Page]) -> None:
    page = begun()
    page.locator(".side-new").click()
    frame = ready(page)
    frame.locator("#id_subject").press_sequentially("x")
    frame.locator("#id_subject").press("Backspace")
    page.wait_for_timeout(2500)
    page.keyboard.press("Escape")
    expect(panes(page)).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("Rien n’a été écrit")
    assert not Draft.objects.exists()
    page.locator(".side-new").click()
    ready(page)
    page.keyboard.press("Escape")
    expect(inside(page).locator("body")).to_have_count(0)
    expect(page.locator("#toast")).to_contain_text("Rien n’a été écrit")


def test_a_save_under_way_while_the_message_is_sent_is_no_error(
    begun: Callable[..., Page],
) -> None:
    page = begun()
    failed: list[str] = []
    page.on(
        "response",
        lambda answer: failed.append(answer.url) if answer.status >= 400 else None,
    )
    held: list[object] = []
    page.route("**/drafts/*/save/", lambda route: held.append(route))
    frame = write(page)
    page.wait_for_timeout(2500)
    assert held
    send(frame)
    expect(line(page)).to_be_visible()
    for route in held:
        route.continue_()  # type: ignore[attr-defined]
    page.wait_for_timeout(1500)
    assert failed == [] and Draft.objects.get().state == Draft.State.ACCEPTED


def test_a_draft_without_a_copy_is_reached_from_the_drafts_folder(
    begun: Callable[..., Page], mailbox: Mailbox, faults: list[str]
) -> None:
    page = begun()
    user = User.objects.get(login="alice")
    content = Content(to="bob@ac-exemple.fr", subject="Sans copie", html="<p>Bonjour</p>")
    draft = drafts.save(user, uuid.uuid4(), content, base=0)
    mailbox.append("letter.eml", "Drafts", flags=["\\Draft"])
    page.goto("/drafts/")
    page.wait_for_url("**/mail/Drafts/")
    expect(page.locator("#rows .row")).to_have_count(1)
    look(page, "drafts-1440")
    page.set_viewport_size({"width": 375, "height": 700})
    look(page, "drafts-375")
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.set_viewport_size({"width": 1440, "height": 900})
    page.get_by_role("link", name="Sans copie").click()
    expect(ready(page).locator("#id_subject")).to_have_value("Sans copie")
    page.goto("/mail/Drafts/")
    page.locator(".begun").get_by_role("button", name="Supprimer").click()
    page.wait_for_url("**/mail/Drafts/")
    expect(page.locator(".begun")).to_have_count(0)
    expect(page.locator("#toast").get_by_role("button", name="Annuler")).to_be_visible()
    page.goto("/drafts/discarded/")
    look(page, "discarded-1440")
    page.get_by_role("button", name="Reprendre").click()
    page.wait_for_url(f"**/drafts/{draft.pk}/")
    assert faults == []


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
def test_files_that_are_not_taken_are_said_so_where_they_were_chosen(
    begun: Callable[..., Page], tmp_path: Path, width: int, settings
) -> None:
    settings.FILES_PER_MESSAGE = 3
    page = begun(width, 700)
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    files = {}
    for name, size in {"film.mp4": 40, "a.pdf": 9, "b.pdf": 9, "c.pdf": 9}.items():
        files[name] = tmp_path / name
        files[name].write_bytes(b"x" * size * 1_000_000)
    choose = page.locator("#id_attachments").set_input_files
    choose(files["film.mp4"])
    banner = page.locator(".upload-refused[role=alert]")
    expect(banner).to_be_in_viewport(ratio=1)
    text = banner.inner_text().replace("\xa0", " ")
    assert "film.mp4 (40 Mo) : trop gros" in text and "plusieurs messages" in text
    look(page, f"refused-{width}")
    page.locator("[data-files] .is-bad [data-remove]").click()
    expect(banner).to_have_count(0)
    choose([files["a.pdf"], files["b.pdf"], files["c.pdf"]])
    expect(banner).to_contain_text("c.pdf")
    expect(banner).to_contain_text("il ne reste que")
    expect(page.locator("[data-files] [name=files]")).to_have_count(2)
    small = [tmp_path / f"{number}.txt" for number in range(3)]
    for one in small:
        one.write_bytes(b"x")
    choose(small)
    expect(banner.locator("li")).to_have_count(3)
    expect(banner).to_contain_text("3 fichiers au plus")
    expect(banner).to_be_in_viewport(ratio=1)
    banner.get_by_role("button", name="Fermer").click()
    expect(banner).to_have_count(0)
    expect(page.locator("[data-files] .is-bad")).to_have_count(3)


def test_a_file_that_the_server_does_not_take_is_said_so_too(
    begun: Callable[..., Page], tmp_path: Path, settings
) -> None:
    page = begun(375, 700)
    page.goto("/compose/")
    expect(page.locator("[data-tools]")).to_be_visible()
    settings.MESSAGE_LIMIT = 1_000_000  # as it is told from now on
    large = tmp_path / "plan.pdf"
    large.write_bytes(b"x" * 3_000_000)
    page.locator("#id_attachments").set_input_files(large)
    banner = page.locator(".upload-refused[role=alert]")
    expect(banner).to_be_in_viewport(ratio=1)
    expect(banner).to_contain_text("plan.pdf")
    expect(banner).to_contain_text("dans un autre message")
