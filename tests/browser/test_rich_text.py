"""Tables, alignment, quotes and code in the editor: typed, undone, kept, sent, answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_compose import PASTE, body, only, text_of
from tests.browser.test_compose import writing as writing
from tests.browser.test_walks import leave
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
EXCEL = (
    "<html xmlns:x='urn:schemas-microsoft-com:office:excel'><body><table border=0>"
    "<!--StartFragment--><tr height=20><td class=xl65 width=64>Nom</td><td>Note</td></tr>"
    "<tr><td>Zoé</td><td align=right x:num>15</td></tr><!--EndFragment--></table></body></html>"
)


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


def insert_table(page: Page, rows: int, columns: int) -> None:
    """By keyboard alone."""
    page.locator("[data-pop=table-pop]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#table-rows")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type(str(rows))
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.type(str(columns))
    page.keyboard.press("Enter")
    expect(page.locator("#rich table")).to_have_count(1)


def test_a_table_is_typed_by_keyboard_and_arrives_as_one_in_both_texts(
    writing: Callable[..., Page],
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
) -> None:
    page = writing()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#id_subject").fill("Notes")
    text_of(page).click()
    page.keyboard.type("Voici :")
    page.keyboard.press("Enter")
    insert_table(page, 2, 2)
    for words in ("Nom", "Note", "Zoé", "15"):
        page.keyboard.type(words)
        page.keyboard.press("Tab")
    expect(page.locator("#rich tr")).to_have_count(3)
    page.keyboard.type("Luc")
    page.keyboard.press("Tab")
    page.keyboard.type("12")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("!")
    assert page.locator("#rich td").all_inner_texts() == ["Nom", "Note", "Zoé", "15", "!Luc", "12"]
    assert violations(page) == []
    page.locator("[data-send]").click()
    page.wait_for_url("**/mail/**")
    leave()
    message = only(bobs_mailbox)
    html = body(message, "html")
    assert html.count("<tr>") == 3 and 'border="1"' in html and "<td>15</td>" in html
    lines = [line for line in body(message, "plain").splitlines() if line]
    assert lines == ["Voici :", "Nom  | Note", "Zoé  | 15", "!Luc | 12"]
    assert faults == []


def test_rows_and_columns_come_and_go_and_each_change_is_undone(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    text_of(page).click()
    insert_table(page, 2, 2)
    page.keyboard.type("a")

    def act(name: str) -> tuple[int, int]:
        page.locator("[data-pop=table-pop]").click()
        page.locator(f"[data-table={name}]").click()
        return shape(page)

    assert act("row") == (3, 6)
    assert act("column") == (3, 9)
    assert act("column-away") == (3, 6)
    assert act("row-away") == (2, 4)
    assert act("away") == (0, 0)
    page.locator("[data-format=undo]").click()
    assert shape(page) == (2, 4)
    expect(page.locator("#rich td").first).to_have_text("a")
    page.locator("[data-format=redo]").click()
    assert shape(page) == (0, 0)


def shape(page: Page) -> tuple[int, int]:
    return page.locator("#rich tr").count(), page.locator("#rich td").count()


def test_the_tab_key_leaves_a_table_by_its_empty_last_row(writing: Callable[..., Page]) -> None:
    page = writing()
    text_of(page).click()
    insert_table(page, 1, 1)
    page.keyboard.press("Tab")
    expect(text_of(page)).not_to_be_focused()


def test_cells_of_a_spreadsheet_are_a_table_that_is_kept_and_sent(
    writing: Callable[..., Page], bobs_mailbox: Mailbox, submission: SubmissionServer
) -> None:
    page = writing()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#id_subject").fill("Notes")
    text_of(page).click()
    text_of(page).evaluate(PASTE, {"text/html": EXCEL, "text/plain": "Nom\tNote\nZoé\t15"})
    expect(page.locator("#rich td")).to_have_count(4)
    page.keyboard.press("Control+s")
    expect(page.locator("[data-saved] .i")).to_be_visible()
    page.goto(page.locator("form[data-compose]").get_attribute("data-draft-url") or "")
    expect(page.locator("#rich td")).to_have_count(4)
    page.locator("[data-send]").click()
    page.wait_for_url("**/mail/**")
    leave()
    lines = body(only(bobs_mailbox), "plain").split("\n")
    assert [line.strip() for line in lines if line.strip()] == ["Nom | Note", "Zoé | 15"]


def test_alignment_quotes_and_code_leave_as_they_are_seen(
    writing: Callable[..., Page], bobs_mailbox: Mailbox, submission: SubmissionServer
) -> None:
    page = writing()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#id_subject").fill("Formes")
    text_of(page).click()
    page.keyboard.type("Au centre")
    page.locator("[data-pop=align-pop]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-align=left]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(text_of(page)).to_be_focused()
    page.keyboard.press("Enter")
    page.locator("[data-pop=align-pop]").click()
    page.locator("[data-align=left]").click()
    page.locator("[data-format=quote]").click()
    expect(page.locator("[data-format=quote]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("Une citation")
    page.keyboard.press("Enter")
    page.locator("[data-format=quote]").click()
    expect(page.locator("[data-format=quote]")).to_have_attribute("aria-pressed", "false")
    page.locator("[data-format=code]").click()
    page.keyboard.type("x  = 1")
    page.locator("[data-send]").click()
    page.wait_for_url("**/mail/**")
    leave()
    html, plain = (body(only(bobs_mailbox), kind) for kind in ("html", "plain"))
    assert re.search(r'<div style="text-align: ?center;?">Au centre', html)
    assert re.search(r"<blockquote[^>]*>\s*<div>Une citation", html)
    assert re.search(r"<pre[^>]*>x  = 1", html)
    assert "> Une citation" in plain and "x  = 1" in plain.replace("\xa0", " ")


@pytest.mark.parametrize("width", parts.first_of(375, 1440))
def test_the_tool_bar_fits_and_what_is_folded_is_there_by_keyboard(
    writing: Callable[..., Page], width: int, faults: list[str]
) -> None:
    page = writing(width, has_touch=width == 375)
    bar = page.locator("[data-tools]")
    assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")
    page.locator("[data-format=bold]").focus()
    page.keyboard.press("End")
    if width == 375:
        expect(page.locator("[data-tools-toggle]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("[data-tools-toggle]")).to_have_attribute("aria-expanded", "true")
        assert bar.evaluate("bar => bar.scrollWidth <= bar.clientWidth")
        page.keyboard.press("End")
    expect(page.locator("[data-format=remove]")).to_be_focused()
    assert violations(page) == []
    assert bar.evaluate("bar => bar.clientHeight") < (60 if width == 1440 else 200)
    assert faults == []
