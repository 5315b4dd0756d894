"""Rows of messages and folders, written as HTML."""

from __future__ import annotations

from dataclasses import replace

from django.utils.safestring import SafeString
from lxml import html

from webmail.presentation import markup
from webmail.presentation.folder_list import FolderRow
from webmail.presentation.lists import MessageRow
from webmail.presentation.tags import Chip

ROW = MessageRow(
    ref="7-12",
    uid=12,
    url="/mail/INBOX/7-12/",
    sender="Anne Petit",
    photo_url="",
    subject="Sortie au musée",
    when="14:32",
    when_iso="2026-11-25T14:32:00+01:00",
    size="2,4 Mo",
    day=None,
    unread=False,
    flagged=False,
    answered=False,
    forwarded=False,
    draft=False,
    attachment=False,
    selected=False,
)
FOLDER = FolderRow(
    name="Classes",
    label="Classes",
    url="/mail/Classes/",
    icon="folder",
    special_use="",
    unseen=0,
    messages=3,
    current=False,
    usable=True,
    open=False,
    menu_url="/folders/of/Classes/",
    menu_label="Actions sur le dossier Classes",
)


def _list(*rows: MessageRow, heading: str = "") -> html.HtmlElement:
    return html.fromstring(f"<div>{markup.message_groups([(heading, rows)])}</div>")


def _folders(*rows: FolderRow) -> html.HtmlElement:
    return html.fromstring(f"<ul>{markup.folder_rows(rows)}</ul>")


def test_what_mail_brings_is_never_markup() -> None:
    bad = "<script>x</script>\"'&"
    row = replace(ROW, sender=bad, subject=bad, folder=bad, url=f"/{bad}", photo_url=f"/{bad}")
    member = replace(ROW, sender=bad, url=f"/{bad}", unread=True)
    row = replace(row, tags=(Chip("t", bad, 1),), count=2, members=(member,))
    page = _list(row, heading=bad)
    assert not page.xpath("//script")
    assert page.xpath("string(//h2)") == bad
    assert page.xpath("string(//*[@class='tag h1'])") == bad
    assert {link.get("href") for link in page.xpath("//a")} == {f"/{bad}"}
    assert page.xpath("string(//ol//*[@class='clip'])") == bad
    shown = _folders(replace(FOLDER, name=bad, label=bad, menu_label=bad, children=(FOLDER,)))
    assert not shown.xpath("//script")
    assert shown.xpath("//a/@data-folder")[0] == bad
    assert shown.xpath("//details/@data-branch") == [bad]


def test_hits_of_a_search_stay_marked() -> None:
    page = _list(replace(ROW, subject=SafeString("<mark>Sortie</mark> au musée")))
    assert page.xpath("string(//*[@class='subject clip']/mark)") == "Sortie"


def test_a_screen_reader_hears_the_state_of_a_message() -> None:
    row = replace(ROW, answered=True, urgent=True, attachment=True, invitation=True)
    words = [element.text_content().strip() for element in _list(row).xpath("//a//*[@class='sr']")]
    assert words == ["Répondu.", "Urgent.", "Invitation.", "Avec pièce jointe."]


def test_a_row_offers_to_flag_or_to_unflag_its_message() -> None:
    page = _list(ROW, replace(ROW, ref="7-13", flagged=True))
    forms = [button.get("form") for button in page.xpath("//button[@class='flag']")]
    assert forms == ["flag-form", "unflag-form"]
    pressed = [button.get("aria-pressed") for button in page.xpath("//button[@class='flag']")]
    assert pressed == ["false", "true"]
    (alone,) = html.fragments_fromstring(markup.flag_button("7-13", True))
    assert (alone.get("id"), alone.get("hx-swap-oob")) == ("flag-7-13", "true")


def test_a_conversation_says_once_how_many_messages_it_has() -> None:
    members = (replace(ROW, ref="7-9", unread=True), ROW)
    page = _list(replace(ROW, count=2, members=members))
    assert page.xpath("string(//*[@class='how-many'])").endswith("2")
    assert page.xpath("string(//summary)") == "Voir chaque message"
    assert [li.get("class") for li in page.xpath("//ol/li")] == ["is-new", None]


def test_a_folder_that_cannot_be_opened_is_no_link() -> None:
    page = _folders(replace(FOLDER, usable=False, url="", children=(FOLDER,)))
    assert [link.get("href") for link in page.xpath("//a")] == [
        "/mail/Classes/",
        "/folders/of/Classes/",
    ]
    assert page.xpath("string(//*[@class='folder is-off'])") == "Classes"


def test_a_folder_says_what_is_unread_in_it() -> None:
    page = _folders(replace(FOLDER, unseen=4, current=True))
    (link,) = page.xpath("//a[@data-folder]")
    assert link.get("class") == "folder has-new" and link.get("aria-current") == "page"
    assert link.text_content() == "Classesnon lus\N{NO-BREAK SPACE}: 4"


def test_a_folder_without_unread_messages_has_a_hidden_counter_for_news() -> None:
    (counter,) = _folders(FOLDER).xpath("//*[@class='count']")
    assert counter.get("hidden") is not None


def test_a_folder_that_counts_nothing_has_no_counter() -> None:
    page = _folders(replace(FOLDER, unseen=None))
    assert page.xpath("//*[@class='count']") == []
    assert [link.get("class") for link in page.xpath("//a[@data-folder]")] == ["folder"]
