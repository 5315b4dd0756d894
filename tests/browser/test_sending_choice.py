"""A message to many in a browser: what is asked, with a script and without."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Locator, Page, Route, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from webmail.models import CannedAnswer, OutboxMessage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FAMILIES = 30


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def to_parents(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
) -> Callable[..., Page]:
    """`to_parents(375)`: a message of Alice's to a class's parents, begun in the address book."""

    def begin(width: int = 1440, text: str = "Bonjour, à lundi.", **options: bool) -> Page:
        page = open_page(width=width, **options)
        sign_in(page, alice, opens=False)
        mine = User.objects.get(login="alice")
        made = contacts.create_many(
            mine,
            [
                ContactData(
                    first_name=f"Zoé{n}",
                    last_name="Martin" if n % 2 else "Petit",
                    emails=(Email(f"parent{n}@courriel.example"),),
                )
                for n in range(FAMILIES)
            ],
        )
        group = groups.create(mine, "Parents 4e B")
        groups.add(group, [one.pk for one in made])
        page.goto(f"/compose/?group={group.pk}")
        page.locator("#id_subject").fill("Sortie")
        write(page, text, is_scripted=options.get("java_script_enabled", True))
        return page

    return begin


def write(page: Page, text: str, *, is_scripted: bool = True) -> None:
    """Into the editor, which a script puts in the place of the field."""
    if is_scripted:
        editor = page.locator("[contenteditable=true]")
        expect(editor).to_be_visible()
        editor.click()
        page.keyboard.press("Control+Home")
        page.keyboard.insert_text(text)
    else:
        page.locator("#id_body").fill(text)


def asked(page: Page) -> Locator:
    page.locator("[data-send]").click()
    dialog = page.locator("dialog.sending-choice")
    expect(dialog).to_be_visible()
    return dialog


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_group_is_asked_about_in_a_dialog_and_leaves_in_blind_copy(
    to_parents: Callable[..., Page], faults: list[str], width: int
) -> None:
    page = to_parents(width)
    dialog = asked(page)
    expect(dialog.locator("[value=bcc]")).to_be_focused()
    expect(dialog.locator("[name=members]")).to_have_count(FAMILIES)
    assert violations(page) == []
    dialog.locator("[name=members]").first.uncheck()
    expect(dialog.locator("[data-choice-count]")).to_contain_text(str(FAMILIES - 1))
    dialog.locator("[data-choice-send]").click()
    page.wait_for_url("**/mail/**")
    row = OutboxMessage.objects.get()
    assert row.recipients == FAMILIES - 1
    assert faults == []


def test_who_goes_back_is_asked_again(to_parents: Callable[..., Page]) -> None:
    page = to_parents()
    dialog = asked(page)
    dialog.locator("[data-choice-cancel]").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("[name=delivery]")).to_have_count(0)
    dialog = asked(page)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator("[data-compose]")).to_be_visible()
    asked(page)
    assert not OutboxMessage.objects.exists()


def test_people_are_found_and_ticked_by_their_name(to_parents: Callable[..., Page]) -> None:
    dialog = asked(to_parents())
    dialog.locator("[data-choice-none]").click()
    dialog.locator("#choice-find").fill("pétit")
    expect(dialog.locator(".people > li:visible")).to_have_count(FAMILIES // 2)
    dialog.locator("[data-choice-all]").click()
    expect(dialog.locator("[name=members]:checked")).to_have_count(FAMILIES // 2)
    dialog.locator("#choice-find").fill("personne de ce nom")
    expect(dialog.locator("[data-choice-nobody]")).to_be_visible()
    dialog.locator("#choice-find").fill("")
    expect(dialog.locator("[data-choice-count]")).to_contain_text(str(FAMILIES // 2))


def test_names_are_asked_about_where_each_has_a_message(to_parents: Callable[..., Page]) -> None:
    page = to_parents(text="Bonjour {prénom},")
    dialog = asked(page)
    expect(dialog.locator("[value=each]")).to_be_checked()
    expect(dialog.frame_locator(".choice-frame").locator("body")).to_contain_text("Bonjour Zoé")
    for other in ("bcc", "visible"):
        expect(dialog.locator(f"[value={other}]")).to_be_disabled()
    expect(dialog.get_by_text("tous liraient {prénom} tel quel")).to_have_count(2)
    dialog.locator("[data-choice-send]").click()
    page.wait_for_url("**/mail/**")
    assert OutboxMessage.objects.addressed().count() == FAMILIES


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_list_is_chosen_its_columns_written_and_every_message_looked_at(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
    faults: list[str],
    width: int,
) -> None:
    rows = "".join(f"parent{n}@courriel.example;Zoé{n};{n}e\n" for n in range(FAMILIES))
    page = open_page(width=width, height=667)

    def choose(name: str, text: str) -> None:
        file = FilePayload(name=name, mimeType="text/csv", buffer=text.encode())
        page.locator("#id_roster").set_input_files(file)

    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    page.locator("#id_subject").fill("Sortie")
    write(page, "Bonjour {prénom}, en ")
    page.locator("#roster summary").click()
    choose("faux.csv", "mail\na@x.example\nb@x.example\n")
    expect(page.locator(".roster-name")).to_contain_text("faux.csv")
    choose("6e B.csv", f"mail;Prénom;Classe\n{rows}")
    expect(page.locator(".roster-name")).to_contain_text("6e B.csv")
    expect(page.locator(".recipient")).to_have_count(1)
    expect(page.locator(".recipient")).to_contain_text(f"6e B{FAMILIES}")
    page.get_by_role("button", name="{Classe}").click()
    expect(page.locator("#rich")).to_contain_text("{Classe}")
    dialog = asked(page)
    expect(dialog.frame_locator(".choice-frame").locator("body")).to_have_text(
        "Bonjour Zoé0, en 0e"
    )
    dialog.locator("#choice-after").focus()
    for number in range(1, 4):
        page.keyboard.press("Enter")
        expect(dialog.frame_locator(".choice-frame").locator("body")).to_have_text(
            f"Bonjour Zoé{number}, en {number}e"
        )
        expect(dialog.locator("#choice-after")).to_be_focused()
    dialog.locator("#choice-before").press("Enter")
    expect(dialog.frame_locator(".choice-frame").locator("body")).to_have_text(
        "Bonjour Zoé2, en 2e"
    )
    assert violations(page) == []
    dialog.locator("[data-choice-send]").click()
    page.wait_for_url("**/mail/**")
    assert OutboxMessage.objects.addressed().count() == FAMILIES
    assert not faults


def test_what_stands_in_the_way_of_an_answered_message_is_not_hidden_by_the_question(
    to_parents: Callable[..., Page],
) -> None:
    page = to_parents()
    page.locator(".split > details > summary").click()
    page.locator("[name=due_at]").fill("2020-01-01T08:00")
    page.locator("[value=schedule]").click()
    dialog = page.locator("dialog.sending-choice")
    dialog.locator("[data-choice-send]").click()
    expect(page.locator("#notices .notice")).to_be_visible()
    expect(dialog).to_be_hidden()
    assert not OutboxMessage.objects.exists()
    # Answered it is: with another time it leaves, to all of them.
    page.locator(".split > details > summary").click()
    page.locator("[value=tomorrow8]").check()
    page.locator("[value=schedule]").first.click()
    page.wait_for_url("**/mail/**")
    assert OutboxMessage.objects.get().recipients == FAMILIES


def test_without_a_script_the_question_stands_above_the_message(
    to_parents: Callable[..., Page],
) -> None:
    page = to_parents(java_script_enabled=False)
    page.locator("[data-send]").click()
    expect(page.locator("section.sending-choice")).to_be_visible()
    expect(page.locator("#choice-title")).to_be_in_viewport()
    expect(page.locator("#id_body")).to_have_value("Bonjour, à lundi.")
    page.locator("[name=members]").first.uncheck()
    page.locator("[data-choice-send]").click()
    page.wait_for_url("**/mail/**")
    assert OutboxMessage.objects.get().recipients == FAMILIES - 1


def test_what_is_written_is_kept_as_an_answer_and_put_into_a_message(
    to_parents: Callable[..., Page], faults: list[str]
) -> None:
    page = to_parents(text="Bien reçu, merci.")
    page.locator("[data-options] > summary").click()
    page.locator("[data-canned-url]").click()
    page.locator("[data-canned-name]").fill("Accusé")
    page.locator("[data-canned-save]").click()
    expect(page.locator("[data-insert]")).to_have_text("Accusé")
    assert "Bien reçu, merci." in CannedAnswer.objects.get().html
    page.locator("[data-insert]").click()
    expect(page.locator("[contenteditable=true]")).to_contain_text("merci.Bien reçu")
    assert faults == []


def test_an_answer_that_cannot_be_kept_is_said(to_parents: Callable[..., Page]) -> None:
    page = to_parents(text="Bien reçu, merci.")
    page.locator("[data-options] > summary").click()
    page.locator("[data-canned-url]").click()
    page.locator("[data-canned-name]").fill("Accusé")
    failed = page.locator("[data-canned-failed]")
    page.route("**/compose/canned/", lambda route: route.abort())
    page.locator("[data-canned-save]").click()
    expect(failed).to_contain_text("n’est pas enregistrée")
    page.unroute("**/compose/canned/")
    page.context.clear_cookies(name="session")
    page.locator("[data-canned-save]").click()
    expect(failed).to_contain_text("n’est pas enregistrée")
    assert not CannedAnswer.objects.exists()


@pytest.mark.parametrize("width", parts.first_of(1440, 320))
@pytest.mark.parametrize("scheme", parts.first_of("light", "dark"))
def test_the_page_of_canned_answers_is_for_everybody(
    to_parents: Callable[..., Page], faults: list[str], width: int, scheme: str
) -> None:
    page = to_parents(width)
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]  # of the two that there are
    CannedAnswer.objects.create(
        user=User.objects.get(login="alice"), name="é" * 80, html="<b>" + "x" * 300 + "</b>"
    )
    answer = CannedAnswer.objects.get()
    page.on("dialog", lambda dialog: dialog.accept())
    for address in ("", f"{answer.pk}/", f"{answer.pk}/remove/"):
        page.goto(f"/preferences/canned/{address}")
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults == []


def test_a_list_that_does_not_reach_the_server_is_told_and_sent_again(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    page.locator("#roster summary").click()
    page.context.set_offline(True)
    rows = "mail;Classe\na@x.example;6e\nb@x.example;5e\n"
    page.locator("#id_roster").set_input_files(
        FilePayload(name="6e B.csv", mimeType="text/csv", buffer=rows.encode())
    )
    notes = page.locator("#roster .roster-notes")
    expect(notes).to_contain_text("6e B.csv")
    expect(notes).to_contain_text("n’a pas été joint")
    page.context.set_offline(False)
    expect(page.locator(".roster-name")).to_contain_text("6e B.csv")
    expect(notes).not_to_contain_text("6e B.csv")
    expect(page.get_by_role("button", name="{Classe}")).to_be_visible()

    page.route("**/roster/**", lambda route: route.fulfill(status=502, body="no"))
    page.locator("[data-roster-away]").click()
    expect(notes).to_contain_text("6e B.csv")
    page.unroute_all()
    notes.get_by_role("button").click()
    expect(page.locator(".roster-name")).to_have_count(0)


def test_documents_that_do_not_reach_the_server_are_told_and_sent_again(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    page.locator("#documents summary").click()
    page.route("**/documents/add/", lambda route: only_a(route))
    choose = page.locator("#id_documents")
    files = [("A.pdf", b"%PDF-1.4 a"), ("B.pdf", b"%PDF-1.4 b"), ("C.pdf", b"%PDF-1.4 c")]
    choose.set_input_files(
        [FilePayload(name=n, mimeType="application/pdf", buffer=b) for n, b in files]
    )
    notes = page.locator("#documents [data-documents-notes]")
    expect(notes).to_contain_text("B.pdf, C.pdf")
    expect(notes).to_contain_text("n’a pas été joint")
    expect(page.locator("#documents .roster-name")).to_contain_text("1 document")
    page.unroute_all()
    notes.get_by_role("button", name="Réessayer").click()
    expect(page.locator("#documents .roster-name")).to_contain_text("3 documents")
    expect(notes).not_to_contain_text("B.pdf")

    page.context.set_offline(True)
    choose.set_input_files(
        [FilePayload(name="D.pdf", mimeType="application/pdf", buffer=b"%PDF d")]
    )
    expect(notes).to_contain_text("D.pdf")
    page.context.set_offline(False)
    expect(page.locator("#documents .roster-name")).to_contain_text("4 documents")
    expect(notes).not_to_contain_text("D.pdf")


def only_a(route: Route) -> None:
    """Let one document through; the other requests fail on their way."""
    if route.request.headers["x-file-name"] == "A.pdf":
        route.continue_()
    else:
        route.abort()


def test_documents_that_wait_outlive_their_window(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> None:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.goto("/compose/")
    page.locator("#id_subject").fill("Bulletins")
    expect(page).to_have_url(re.compile("/drafts/"))
    page.locator("#documents summary").click()
    page.route("**/documents/add/", lambda route: route.fulfill(status=502, body="no"))
    page.locator("#id_documents").set_input_files(
        [FilePayload(name="A.pdf", mimeType="application/pdf", buffer=b"%PDF-1.4 a")]
    )
    notes = page.locator("#documents [data-documents-notes]")
    expect(notes).to_contain_text("A.pdf")
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.keyboard.press("Control+Enter")
    expect(page.locator("[data-saved]")).to_have_text("Le message n’a pas été envoyé.")
    expect(notes).to_contain_text("A.pdf")
    assert not OutboxMessage.objects.exists()
    page.unroute_all()
    page.reload()
    expect(page.locator("#documents .roster-name")).to_contain_text("1 document")
