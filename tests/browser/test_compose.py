"""Writing in the browser: by keyboard alone, with formats, from Word; recipients as chips."""

from __future__ import annotations

from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.conformity import violations
from tests.browser.test_density import prefer
from tests.browser.test_walks import leave
from tests.servers.mailboxes import Mailbox

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORD = Path(__file__).parents[1] / "data" / "word-clipboard.html"
PASTE = """(element, data) => {
  const transfer = new DataTransfer();
  for (const [type, text] of Object.entries(data)) transfer.setData(type, text);
  element.dispatchEvent(new ClipboardEvent("paste", {
    clipboardData: transfer, bubbles: true, cancelable: true,
  }));
}"""


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def writing(
    open_page: Callable[..., Page], sign_in: Callable[..., None], alice: MailAccount
) -> Callable[..., Page]:
    """`writing(375)`: a new message of Alice's, in a page of its own, ready to be typed in."""

    def begin(width: int = 1440, **options: bool) -> Page:
        page = open_page(width=width, **options)
        page.add_init_script("window.__ran = (name) => console.error('RAN ' + name);")
        sign_in(page, alice, opens=False)
        page.goto("/compose/")
        if options.get("java_script_enabled", True):
            expect(page.locator("[data-tools]")).to_be_visible()
        return page

    return begin


def text_of(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Texte du message")


def chips(page: Page, field: str = "to") -> Locator:
    return page.locator(f"[data-line={field}] .recipient-main")


def posted(page: Page, field: str = "to") -> str:
    """What the field says when the form is sent."""
    return page.evaluate(f"new FormData(document.forms.compose).get({field!r})")


def only(mailbox: Mailbox) -> EmailMessage:
    (message,) = mailbox.messages()
    parsed = message_from_bytes(message, policy=policy.default)
    assert isinstance(parsed, EmailMessage)
    return parsed


def body(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    return str(found.get_content())


# By keyboard


@pytest.mark.parametrize("width", [320, 375, 400])
def test_in_larger_text_nothing_of_the_foot_lies_beyond_a_narrow_window(
    writing: Callable[..., Page], width: int
) -> None:
    page = writing(width)
    prefer(text="larger")
    page.reload()
    expect(page.locator("[data-tools]")).to_be_visible()
    tools = page.locator(".write-foot > :visible")
    assert tools.count() > 3
    for tool in tools.all():
        at = tool.bounding_box()
        assert at and at["x"] >= 0 and at["x"] + at["width"] <= width


def test_a_message_is_written_and_sent_by_keyboard_alone(
    writing: Callable[..., Page],
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
) -> None:
    page = writing()
    expect(page.locator("#id_to")).to_be_focused()
    page.keyboard.type("bob@ac-exemple.fr")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("#id_subject")).to_be_focused()
    page.keyboard.type("Réunion")
    page.keyboard.press("Tab")
    expect(page.locator("[data-format=bold]")).to_be_focused()
    page.keyboard.press("Tab")
    expect(text_of(page)).to_be_focused()
    page.keyboard.type("Bonjour ")
    page.keyboard.press("Control+b")
    expect(page.locator("[data-format=bold]")).to_have_attribute("aria-pressed", "true")
    page.keyboard.type("à tous")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/mail/**")
    leave()
    message = only(bobs_mailbox)
    assert "<b>à tous</b>" in body(message, "html")
    assert "Bonjour à tous" in body(message, "plain").replace("\xa0", " ")
    assert message["Subject"] == "Réunion"
    assert faults == []


def test_the_tool_bar_is_one_stop_and_arrows_go_through_it(writing: Callable[..., Page]) -> None:
    page = writing()
    page.locator("[data-format=bold]").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-format=italic]")).to_be_focused()
    page.keyboard.press("End")
    expect(page.locator("[data-format=remove]")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-format=bold]")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(page.locator("#id_subject")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("[data-format=bold]")).to_be_focused()


def test_a_colour_and_a_list_are_chosen_by_keyboard(writing: Callable[..., Page]) -> None:
    page = writing()
    text = text_of(page)
    text.focus()
    page.keyboard.type("Important")
    page.keyboard.press("Control+a")
    page.locator("[data-pop=colour-pop]").focus()
    page.keyboard.press("Enter")
    expect(page.locator("[data-colour='']")).to_be_focused()
    for _step in range(4):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(text).to_be_focused()
    expect(text.locator("span")).to_have_css("color", "rgb(179, 38, 30)")
    page.keyboard.press("Control+Shift+8")
    expect(text.locator("ul > li")).to_have_text("Important")
    expect(page.locator("[data-format=bullets]")).to_have_attribute("aria-pressed", "true")


def test_a_link_is_asked_for_and_a_script_is_none(writing: Callable[..., Page]) -> None:
    page = writing()
    text_of(page).focus()
    page.keyboard.type("le musée")
    page.keyboard.press("Control+a")
    page.keyboard.press("Control+k")
    address = page.locator("#link-address")
    expect(address).to_be_focused()
    address.fill("javascript:alert(1)")
    page.keyboard.press("Enter")
    expect(page.locator("#link-error")).to_be_visible()
    address.fill("www.musee.example/plan")
    page.keyboard.press("Enter")
    link = text_of(page).locator("a")
    expect(link).to_have_text("le musée")
    expect(link).to_have_attribute("href", "https://www.musee.example/plan")
    expect(text_of(page)).to_be_focused()


def test_an_emoji_is_found_by_its_french_name(writing: Callable[..., Page]) -> None:
    page = writing()
    text_of(page).focus()
    page.locator("[data-pop=emoji-pop]").click()
    expect(page.locator("#emoji-search")).to_be_focused()
    page.keyboard.type("ecole")
    expect(page.locator("[data-sign]")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(text_of(page)).to_have_text("🏫")


# From elsewhere


def test_what_word_copies_keeps_its_lists_and_tables_and_nothing_of_word(
    writing: Callable[..., Page], faults: list[str]
) -> None:
    page = writing()
    ran: list[str] = []
    page.on("console", lambda said: ran.append(said.text) if said.text.startswith("RAN") else None)
    text = text_of(page)
    text.focus()
    text.evaluate(PASTE, {"text/html": WORD.read_text(encoding="utf-8"), "text/plain": "x"})
    expect(text.locator("table td")).to_have_count(4)
    expect(text.locator("ul > li > ul > li")).to_have_text("par les deux parents")
    assert text.locator("ul:not(ul ul) > li").count() == 2
    assert text.locator("ol > li").all_inner_texts() == ["le départ", "le retour"]
    expect(text.get_by_text("La sortie")).to_have_css("color", "rgb(192, 0, 0)")
    html = text.inner_html()
    for trace in ("mso", "Mso", "o:p", "·", "script", "onerror", "file:", "font-family", "black"):
        assert trace not in html, trace
    expect(text.get_by_role("link", name="Plan du musée")).to_be_visible()
    expect(text.locator("img")).to_have_count(0)
    expect(text.locator("a", has_text="Collège")).to_have_count(0)
    assert ran == [] and faults == []


def test_an_image_pasted_stays_in_the_text_and_leaves_as_a_part(
    writing: Callable[..., Page],
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
) -> None:
    page = writing()
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#id_subject").fill("Le plan")
    text = text_of(page)
    text.focus()
    page.keyboard.type("Le plan : ")
    dot = (
        "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9Q"
        "DwADhgGAWjR9awAAAABJRU5ErkJggg=="
    )
    text.evaluate(PASTE, {"text/html": f'<p>ici <img alt="plan" src="{dot}"></p>'})
    image = text.locator("img")
    expect(image).to_have_count(1)
    assert "/drafts/" in str(image.get_attribute("src"))
    expect(image).to_have_js_property("naturalWidth", 1)
    page.get_by_role("button", name="Envoyer", exact=True).click()
    page.wait_for_url("**/mail/**")
    leave()
    message = only(bobs_mailbox)
    assert "cid:" in body(message, "html")
    assert [part["Content-ID"] is not None for part in message.walk()].count(True) == 1
    assert faults == []


def test_plain_text_and_back_loses_nothing_that_was_not_changed(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    text = text_of(page)
    text.focus()
    text.evaluate(PASTE, {"text/html": "<p>un <b>mot</b></p><ul><li>a</li><li>b</li></ul>"})
    before = text.inner_html()
    page.locator("[data-options] summary").click()
    page.locator("[data-plain-text]").click()
    page.locator("[data-plain=go]").click()
    plain = page.locator("#id_body")
    expect(plain).to_be_focused()
    assert plain.input_value().split() == ["un", "mot", "-", "a", "-", "b"]
    expect(page.locator("[data-tools]")).to_be_hidden()
    page.locator("[data-options] summary").click()
    page.locator("[data-plain-text]").click()
    expect(text).to_be_focused()
    assert text.inner_html() == before


# Recipients


def test_recipients_are_chips_that_the_keyboard_walks_changes_and_moves(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    line = page.locator("#id_to")
    line.focus()
    page.keyboard.type("Zoé Roux <zoe@x.example>; b@y.example, ")
    page.keyboard.type("c@z.example")
    page.keyboard.press("Enter")
    expect(chips(page)).to_have_count(3)
    assert posted(page) == "Zoé Roux <zoe@x.example>, b@y.example, c@z.example"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(chips(page).nth(1)).to_be_focused()
    page.keyboard.press("Delete")
    expect(chips(page)).to_have_count(2)
    expect(chips(page).nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    expect(line).to_be_focused()
    expect(line).to_have_value("c@z.example")
    page.keyboard.press("End")
    page.keyboard.type(".fr")
    page.keyboard.press("Enter")
    assert posted(page) == "Zoé Roux <zoe@x.example>, c@z.example.fr"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(page.locator("#chip-menu")).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(chips(page, "cc")).to_be_focused()
    assert (posted(page), posted(page, "cc")) == ("c@z.example.fr", "Zoé Roux <zoe@x.example>")
    assert violations(page) == []


def test_a_quoted_name_with_a_comma_is_one_recipient(writing: Callable[..., Page]) -> None:
    page = writing()
    line = page.locator("#id_to")
    line.focus()
    page.keyboard.type('"Petit, Zoé" <zoe@x.example>, ')
    line.evaluate(PASTE, {"text/plain": '"Roux, Lou" <lou@x.example>; "Alix" <alix@x.example>'})
    expect(chips(page)).to_have_count(3)
    assert page.locator(".recipient.bad").count() == 0
    assert (
        posted(page)
        == '"Petit, Zoé" <zoe@x.example>, "Roux, Lou" <lou@x.example>, Alix <alix@x.example>'
    )


def test_a_spreadsheet_column_and_five_thousand_addresses_are_taken_at_once(
    writing: Callable[..., Page],
) -> None:
    page = writing()
    line = page.locator("#id_to")
    line.focus()
    line.evaluate(PASTE, {"text/plain": "Martin\tAlix\ta@x.example\nPetit\tLou\tl@x.example\n"})
    assert posted(page) == "Martin Alix <a@x.example>, Petit Lou <l@x.example>"
    many = "\n".join(f"p{n}@y.example" for n in range(5000))
    began = page.evaluate("performance.now()")
    line.evaluate(PASTE, {"text/plain": many})
    assert page.evaluate("performance.now()") - began < 2000
    assert chips(page).count() < 100
    expect(page.locator(".recipient-rest")).to_be_visible()
    assert posted(page).count("@") == 5002


def test_a_likely_slip_is_mended_by_one_press(writing: Callable[..., Page]) -> None:
    page = writing()
    page.locator("#id_to").focus()
    page.keyboard.type("zoe@gmial.com, personne@, ")
    expect(page.locator("[data-line=to] .recipient.warn")).to_have_count(1)
    expect(page.locator("[data-line=to] .recipient.bad")).to_have_count(1)
    page.get_by_role("button", name="zoe@gmail.com", exact=True).click()
    expect(page.locator("[data-line=to] .recipient.warn")).to_have_count(0)
    assert posted(page) == "zoe@gmail.com, personne@"


def test_a_chip_is_dragged_into_another_field(writing: Callable[..., Page]) -> None:
    page = writing()
    page.locator("#id_to").focus()
    page.keyboard.type("a@x.example, b@x.example, ")
    page.locator(".copies > summary").click()
    chips(page).first.drag_to(page.locator("#id_bcc"))
    expect(chips(page, "bcc")).to_have_count(1)
    assert (posted(page), posted(page, "bcc")) == ("b@x.example", "a@x.example")


# On a telephone, and without a script


def test_the_walk_on_a_telephone(
    writing: Callable[..., Page],
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
) -> None:
    page = writing(375, has_touch=True)
    assert violations(page) == []
    page.locator("#id_to").tap()
    page.keyboard.type("bob@ac-exemple.fr,")
    page.locator("#id_subject").tap()
    page.keyboard.type("Sortie")
    text_of(page).tap()
    page.keyboard.type("Bonjour")
    page.locator("[data-options] summary").tap()
    page.locator("[name=priority][value=high]").tap()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Envoyer", exact=True).tap()
    page.wait_for_url("**/mail/**")
    leave()
    message = only(bobs_mailbox)
    assert message["Subject"] == "Sortie"
    assert message["X-Priority"] or message["Importance"]
    assert faults == []


def test_without_a_script_it_is_a_form_of_plain_text(writing: Callable[..., Page]) -> None:
    page = writing(java_script_enabled=False)
    expect(page.locator("#id_body")).to_be_visible()
    expect(page.locator("[data-tools]")).to_be_hidden()
    expect(page.locator("[name=format]")).to_have_value("plain")


@pytest.mark.parametrize("width", [320, 375, 560])
def test_what_is_said_of_saving_leaves_the_title_whole(
    writing: Callable[..., Page], width: int
) -> None:
    """560: a pane at the bottom of a page."""
    page = writing(width)
    page.locator("[data-saved]").evaluate(
        "(state) => { state.textContent = document.getElementById('keeping').dataset.offline; }"
    )
    cut = page.locator(".write-head :is(h1, [data-saved])").evaluate_all(
        "(texts) => texts.filter((text) => text.scrollWidth > text.clientWidth).length"
    )
    assert cut == 0
    expect(page.get_by_role("heading", level=1)).to_have_text("Nouveau message")
    for button in page.locator(".write-head button:visible").all():
        expect(button).to_be_in_viewport(ratio=1)
