"""What scripts drive, as the accessibility tree tells it: the name, the role and the value of each
component, and how its state changes (RGAA 7.1)."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from demo.servers.dovecot import MailAccount
from tests.browser.hands import Hands, Stop
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.mail import letter
from tests.webmail.views.test_viewer import picture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ROOT: Final = Path(__file__).parents[2]
SCRIPTS: Final = ROOT / "webmail" / "static" / "webmail" / "js"
# The test that hears of what a script drives: of this file, or of another one of this folder.
HEARD: Final = {
    "asking": "test_rows_and_what_is_asked_about_them",
    "awaited": "test_awaited.py::test_a_slow_server_is_said_and_asked_again",
    "bring": "test_imports.py::test_a_book_of_horde_is_imported_by_keyboard_and_undone",
    "canned": "test_sending_choice.py::"
    "test_what_is_written_is_kept_as_an_answer_and_put_into_a_message",
    "chips": "test_what_writes_a_message",
    "choice": "test_ten_tasks.py::test_a_group_is_written_to_by_keyboard",
    "compose": "test_what_writes_a_message",
    "contacts": "test_contacts.py::test_scrolling_searching_and_opening",
    "copying": "test_lookup.py::test_a_value_is_copied_by_its_button",
    "countdown": "test_lookup.py::test_the_page_counts_down_and_shows_nothing_afterwards",
    "dock": "test_ten_tasks.py::test_a_message_is_answered_by_keyboard",
    "documents": "test_documents.py::test_thirty_bulletins_reach_thirty_families",
    "editor": "test_what_writes_a_message",
    "family": "test_family.py::"
    "test_another_pupil_in_the_text_beside_a_parent_is_said_and_nothing_is_blocked",
    "folders": "test_the_list_and_its_panes",
    "idle": "test_account.py::test_the_end_of_a_session_is_said_before_and_can_be_put_off",
    "keeping": "test_what_writes_a_message",
    "keys": "test_ten_tasks.py::test_a_message_is_filed_by_keyboard",
    "list": "test_rows_and_what_is_asked_about_them",
    "menus": "test_the_list_and_its_panes",
    "news": "test_the_list_and_its_panes",
    "notices": "test_rows_and_what_is_asked_about_them",
    "panes": "test_the_list_and_its_panes",
    "passkey": "test_account.py::test_a_security_key_is_added_and_asked_for_at_the_next_sign_in",
    "password": "test_password.py::test_what_is_typed_is_judged_beside_the_field",
    "pdf": "test_pdf.py::test_of_several_pages_in_view_the_first_is_told",
    "pieces": "test_transfers.py::test_a_large_file_goes_up_in_pieces",
    "place": "test_rows_and_what_is_asked_about_them",
    "recipients": "test_what_writes_a_message",
    "recovery": "test_keeping.py::test_a_copy_of_a_draft_that_went_on_elsewhere_is_shown_beside_it",
    "roster": "test_sending_choice.py::"
    "test_a_list_is_chosen_its_columns_written_and_every_message_looked_at",
    "rowmenu": "test_rows_and_what_is_asked_about_them",
    "rules": "test_rules.py::test_rules_are_dragged_and_moved_by_keys",
    "saying": "test_compose_panes.py::test_what_a_pane_has_to_say_is_said_by_its_page",
    "search": "test_the_list_and_its_panes",
    "selection": "test_rows_and_what_is_asked_about_them",
    "session": "test_account.py::test_after_the_end_a_shared_screen_is_covered_and_nothing_is_lost",
    "settings": "test_settings_and_the_order_of_tools",
    "signature": "test_signing.py::"
    "test_a_signature_is_written_in_the_editor_and_arrives_with_its_image",
    "signin": "test_the_password_that_is_shown",
    "signing": "test_signing.py::test_another_address_brings_its_own_signature",
    "splits": "test_the_list_and_its_panes",
    "steps": "test_ten_tasks.py::test_the_next_message_is_read_on_a_telephone",
    "tables": "test_rich_text.py::"
    "test_a_table_is_typed_by_keyboard_and_arrives_as_one_in_both_texts",
    "conversation": "test_threads.py::test_one_message_of_a_conversation_is_deleted_in_its_card",
    "tools": "test_what_writes_a_message",
    "uploads": "test_what_writes_a_message",
    "viewer": "test_an_attachment_in_place",
    "zooming": "test_viewer.py::test_an_image_grows_and_shrinks",
}
# They have no component: they read, fetch, measure and keep, or act by a pointer where keys have
# another way.
SILENT: Final = frozenset(
    "addresses ahead common dom dragging emoji frame local main pasting pending print push"
    " scrolling snippets unsent network having".split()
)


def test_each_script_is_heard_or_drives_nothing() -> None:
    scripts = {file.stem for file in SCRIPTS.glob("*.js")}
    assert {*HEARD} | SILENT == scripts
    assert not {*HEARD} & SILENT
    for script, node in HEARD.items():
        file, _colons, name = node.rpartition("::")
        source = (Path(__file__).parent / (file or Path(__file__).name)).read_text()
        assert re.search(rf"^def {name}\(", source, re.MULTILINE), script


@pytest.fixture
def hands(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    settings: Any,
    tmp_path: Path,
) -> Hands:
    """At the list of three messages; a folder within another is there as well."""
    settings.SPOOL = tmp_path / "spool"
    mailbox.create_folder("Conseil")
    mailbox.create_folder("Conseil/2026")
    for number in range(1, 4):
        files = (("plan.png", "image/png", picture(size=(1600, 1000))),)
        mailbox.append(letter(f"Lettre {number}", message_id=f"<{number}@x>", files=files))
    page = open_page()
    hands = Hands(page)
    sign_in(page, alice)
    expect(page.locator("[role=combobox]").first).to_be_attached()  # its scripts run
    return hands


def told(hands: Hands, selector: str) -> Stop:
    return hands.told(f"document.querySelector({selector!r})")


def know_somebody() -> None:
    """One contact, whom what is typed may name."""
    zoe = ContactData(display_name="Zoé Roux", emails=(Email("zoe@ac-exemple.fr"),))
    contacts.create(User.objects.get(), zoe)


def test_the_list_and_its_panes(hands: Hands) -> None:
    page = hands.page
    column = "[data-rail-toggle]"
    assert (told(hands, column).role, told(hands, column).name) == (
        "button",
        "Colonne des dossiers",
    )
    assert "expanded" in told(hands, column).states
    page.locator(column).click()
    assert "expanded" not in told(hands, column).states
    page.locator(column).click()

    split = told(hands, ".split-list")
    assert (split.role, split.name) == ("separator", "Taille de la liste")
    page.locator(".split-list").focus()
    assert float(hands.press("ArrowRight").value) > float(split.value)

    assert told(hands, ".list-tools").role == "toolbar"
    order = ".list-tools details:nth-of-type(2) > summary"
    page.locator(order).focus()
    assert "expanded" not in hands.stop().states
    assert hands.stop().name.startswith("Tri")
    assert "expanded" in hands.press("Enter").states | told(hands, order).states
    hands.press("Escape")
    assert "expanded" not in told(hands, order).states

    field = "#search-text"
    assert (told(hands, field).role, "expanded" in told(hands, field).states) == ("combobox", False)
    know_somebody()
    page.locator(field).press_sequentially("zo")
    expect(page.locator("#search-suggestions [role=option]").first).to_be_visible()
    assert "expanded" in told(hands, field).states
    assert hands.said("suggestion")
    hands.press("ArrowDown")
    option = told(hands, "#search-suggestions [aria-selected=true]")
    assert option.role == "option" and option.name and "selected" in option.states
    hands.press("Escape")
    assert "expanded" not in told(hands, field).states

    tree = "#folders .branch > summary"
    fold = told(hands, tree)
    assert (fold.role, fold.name) == ("DisclosureTriangle", "Dossiers contenus dans Conseil")
    before = "expanded" in fold.states
    page.locator(tree).first.press("Enter")
    assert ("expanded" in told(hands, tree).states) is not before


def test_rows_and_what_is_asked_about_them(hands: Hands) -> None:
    page = hands.page
    row = "#rows .row > a"
    assert (told(hands, row).role, "Lettre 3" in told(hands, row).name) == ("link", True)
    flag = "#rows .flag"
    assert (told(hands, flag).role, told(hands, flag).states & {"pressed"}) == ("button", set())
    hands.press("j")
    hands.press("s")
    expect(page.locator(flag).first).to_have_attribute("aria-pressed", "true")
    assert "pressed" in told(hands, flag).states
    assert hands.said("1 message suivi")

    hands.press("Shift+F10")
    expect(page.get_by_role("menu")).to_be_visible()
    assert (hands.stop().role, hands.stop().name) == ("menuitem", "Répondre")
    assert told(hands, "[role=menu]").name == "Actions sur ce message"
    assert hands.press("ArrowDown").role == "menuitem"
    hands.press("Escape")

    hands.press("x")
    expect(page.locator("#act-form")).to_be_visible()
    box = told(hands, "#rows .pick input")
    assert box.role == "checkbox" and "Lettre 3" in box.name and "checked" in box.states
    assert told(hands, "#act-form").name == "Actions sur les messages sélectionnés"
    assert hands.said("1 sélectionné")

    page.locator(row).first.focus()
    hands.press("m")
    expect(page.locator("#ask dialog")).to_be_visible()
    dialog = told(hands, "#ask dialog")
    assert dialog.role == "dialog" and "modal" in dialog.states and "Déplacer" in dialog.name
    choices = told(hands, "#ask-to")
    assert (choices.role, choices.name) == ("listbox", "Dossier")
    hands.type("cons")
    assert hands.said("Conseil")
    hands.press("Enter")
    expect(page.locator("#rows .row")).to_have_count(2)
    assert hands.said("déplacé")
    undo = told(hands, "#toast button, #toast [type=submit]")
    assert (undo.role, undo.name) == ("button", "Annuler")


def test_what_writes_a_message(hands: Hands) -> None:
    page = hands.page
    know_somebody()
    page.goto("/compose/")
    expect(page.locator("#id_to[role=combobox]")).to_be_focused()
    assert (hands.stop().role, hands.stop().name) == ("combobox", "À")
    assert "expanded" not in hands.stop().states
    hands.type("zo")
    expect(page.get_by_role("option").first).to_be_visible()
    assert "expanded" in hands.stop().states
    assert hands.said("trouvé")
    option = told(hands, "#id_to-list [aria-selected=true]")
    assert option.role == "option" and "Zoé Roux" in option.name and "selected" in option.states
    hands.press("Enter")
    expect(page.locator("[data-line=to] .recipient")).to_have_count(1)
    chip = told(hands, "[data-line=to] .recipient-main")
    assert chip.role == "button" and "Zoé Roux" in chip.name
    assert told(hands, "[data-line=to] .recipient-x").name == "Retirer Zoé Roux"

    text = told(hands, "#rich")
    assert (text.role, text.name) == ("textbox", "Texte du message")
    assert "multiline" in text.states
    bar = told(hands, ".format-tools")
    assert (bar.role, bar.name) == ("toolbar", "Mise en forme")
    bold = "[data-format=bold]"
    assert (told(hands, bold).role, told(hands, bold).name) == ("button", "Gras")
    assert "pressed" not in told(hands, bold).states
    page.locator("#rich").focus()
    hands.press("Control+b")
    hands.type("Bonjour")
    assert "pressed" in told(hands, bold).states
    colour = "[data-pop=colour-pop]"
    assert "expanded" not in told(hands, colour).states
    page.locator(colour).click()
    assert "expanded" in told(hands, colour).states
    hands.press("Escape")
    assert "expanded" not in told(hands, colour).states

    page.locator("#id_attachments").set_input_files(
        {"name": "plan.png", "mimeType": "image/png", "buffer": picture()}
    )
    assert hands.said("plan.png")
    assert hands.said("Enregistré")


def test_an_attachment_in_place(hands: Hands) -> None:
    page = hands.page
    page.locator("#rows .row > a").first.click()
    page.locator(".file-text a").first.click()
    expect(page.locator("#viewer")).to_be_visible()
    dialog = told(hands, "dialog:has(#viewer)")
    assert dialog.role == "dialog" and "modal" in dialog.states and "plan.png" in dialog.name
    assert hands.stop().name
    hands.press("Escape")
    expect(page.locator("dialog:has(#viewer)")).not_to_have_attribute("open", "")
    assert "plan.png" in hands.stop().name


def test_settings_and_the_order_of_tools(hands: Hands) -> None:
    page = hands.page
    page.goto("/preferences/")
    compact = "[name=density][value=compact]"
    page.locator(compact).check(force=True)
    assert told(hands, compact).role == "radio" and "checked" in told(hands, compact).states
    page.goto("/preferences/tools/")
    lower = page.locator("[name=lower]").first
    assert told(hands, "[name=lower]").name.startswith("Descendre")
    lower.click()
    assert hands.said("place n")


def test_the_password_that_is_shown(open_page: Callable[..., Page]) -> None:
    page = open_page()
    hands = Hands(page)
    page.goto("/accounts/login/")
    reveal = "[data-reveal]"
    expect(page.locator(reveal)).to_be_visible()
    assert (told(hands, reveal).role, "pressed" in told(hands, reveal).states) == ("button", False)
    page.locator(reveal).click()
    assert "pressed" in told(hands, reveal).states
