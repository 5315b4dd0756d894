"""A page that dies while one writes: what was on its screen comes back, and is what leaves.

A message is written step by step, and the page dies after one of the steps: reloaded, closed, its
renderer crashed, without a network, without cookies, its session over. The page is opened again
at the address that it had, the screen is compared with what it was, and the message is sent.
"""

from __future__ import annotations

import base64
import io
import itertools
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Error, FilePayload, Page, Route, expect

from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests.browser.test_compose import PASTE
from tests.browser.test_sending_choice import asked
from tests.browser.test_written_images import GIVE, LOGO, PHOTO, PLAN
from tests.browser.waiting import limited, wait_for
from webmail.models import OutboxMessage
from webmail.outbox import batch_template

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

RICH = (
    '<p>Les <b>notes</b> du <i>conseil</i> <span style="color: rgb(200, 0, 0)">à lire</span></p>'
    "<table><tbody><tr><td>Zoé</td><td>15</td></tr><tr><td>Lou</td><td>12</td></tr></tbody></table>"
    '<ul><li>une</li><li>deux</li></ul><p><a href="https://exemple.fr/">le lien</a></p>'
)
# So long after a step: within the pause of saving, while the server answers, or after it.
PAUSES_MS = (500, 1600, 2600)
SCREEN = """() => {
  const form = document.querySelector("form[data-compose]");
  const left = new Set(["draft", "revision", "key", "untouched", "writer", "csrfmiddlewaretoken",
    "html", "body", "files", "origin_ref"]);
  const fields = [...new FormData(form)].filter(([name, value]) =>
    typeof value === "string" && !left.has(name));
  const rich = document.getElementById("rich");
  // The server writes HTML in its own way.
  const written = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.replace(/\\s+/g, " ");
    const inside = [...node.childNodes].map(written).join("");
    const style = [...node.style].map((name) => name + ":" + node.style[name]).sort().join(";");
    const more = ["src", "href", "alt", "colspan"].map((name) => node.getAttribute(name) ?? "");
    return inside || more[0] ? `<${[node.nodeName, style, ...more].join(" ")}>${inside}</>` : "";
  };
  const isRich = !rich.hidden;
  return {
    fields: fields.map((pair) => pair.join("=")).sort(),
    isRich,
    html: isRich ? [...rich.childNodes].map(written).join("") : "",
    text: isRich ? rich.innerText.trim() : form.elements.body.value,
    images: [...rich.querySelectorAll("img")].map((one) => one.alt),
    files: [...form.querySelectorAll("[data-files] .file-name")].map((one) => one.title).sort(),
    roster: form.querySelector("#roster .roster-name b")?.textContent ?? "",
    documents: form.querySelector("#documents .roster-name b")?.textContent.trim() ?? "",
  };
}"""


@pytest.fixture(autouse=True)
def spool(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


# --- what is written ---


@dataclass
class Desk:
    """A writer's browser."""

    context: BrowserContext
    page: Page
    account: MailAccount
    sign_in: Callable[..., None]
    held: list[Route] = field(default_factory=list)

    def begin(self, address: str = "/compose/") -> None:
        self.page.goto(address)
        self.be_ready()

    def be_ready(self) -> None:
        """The composer is ready, and what it brings back is there."""
        expect(self.page.locator("form[data-compose].is-scripted")).to_be_visible()
        expect(self.page.locator("#rich, textarea[data-plain]:visible").first).to_be_attached()
        expect(self.page.locator("[data-switch]")).not_to_have_attribute("hidden", "")

    def screen(self) -> dict[str, Any]:
        told: dict[str, Any] = self.page.evaluate(SCREEN)
        return told


def people(desk: Desk) -> None:
    desk.page.locator("#id_to").fill("bob@ac-exemple.fr,")
    desk.page.locator("#id_subject").fill("Conseil de classe")


def rich(desk: Desk) -> None:
    desk.page.locator("#rich").click()
    desk.page.locator("#rich").evaluate(PASTE, {"text/html": RICH})
    desk.page.keyboard.type("Bonne lecture. ")


def images(desk: Desk) -> None:
    for name, image in (("plan", PLAN), ("photo", PHOTO), ("logo", LOGO)):
        count = desk.page.locator("#rich img").count()
        data = base64.b64encode(image).decode()
        desk.page.locator("#rich").evaluate(GIVE, ["paste", "image/png", f"{name}.png", data])
        expect(desk.page.locator("#rich img")).to_have_count(count + 1)


def files(desk: Desk) -> None:
    sent = [
        FilePayload(name=name, mimeType="text/plain", buffer=name.encode())
        for name in ("ordre du jour.txt", "compte rendu.txt")
    ]
    desk.page.locator("#id_attachments").set_input_files(sent)
    expect(desk.page.locator("[data-files] a.file-name")).to_have_count(2)


def options(desk: Desk) -> None:
    page = desk.page
    page.locator(".copies summary").click()
    page.locator("#id_cc").fill("alice@ac-exemple.fr,")
    page.locator("[data-options] summary").click()
    page.locator("[name=priority][value=high]").check()
    page.locator("[name=wants_receipt]").check()
    page.keyboard.press("Escape")


def fields(desk: Desk) -> None:
    rows = "bob@ac-exemple.fr;Petit;Zoé;6e B\nalice@ac-exemple.fr;Martin;Lou;6e A\n"
    roster = FilePayload(
        name="Familles.csv", mimeType="text/csv", buffer=f"mail;Nom;Prénom;Classe\n{rows}".encode()
    )
    desk.page.locator("#id_to").click()
    for _ in range(2):  # the person of `people`: everybody is in the list
        desk.page.keyboard.press("Backspace")
    desk.page.locator("#roster summary").click()
    desk.page.locator("#id_roster").set_input_files(roster)
    expect(desk.page.locator(".recipient").first).to_contain_text("Familles")
    desk.page.locator("#rich").click()
    desk.page.keyboard.type("Pour {prénom}, {classe}. ")


def documents(desk: Desk) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name in ("PETIT_Zoe.pdf", "MARTIN_Lou.pdf"):
            archive.writestr(name, b"%PDF-1.4 " + name.encode())
    sent = FilePayload(name="b.zip", mimeType="application/zip", buffer=made.getvalue())
    desk.page.locator("#documents summary").click()
    desk.page.locator("#id_documents").set_input_files(sent)
    expect(desk.page.locator("#documents .roster-name")).to_contain_text("2 documents")


def typing(desk: Desk) -> None:
    desk.page.locator("#rich").click()
    desk.page.keyboard.type("Encore un mot. ")


def plain(desk: Desk) -> None:
    """Plain text, changed from formatted text."""
    page = desk.page
    page.locator("[data-options] summary").click()
    page.locator("[data-plain-text]").click()
    page.locator("[data-plain=go]").click()
    expect(page.locator("textarea[data-plain]")).to_be_visible()
    page.keyboard.type("Tout simplement.\n")


def pending(desk: Desk) -> None:
    """A file and an image whose uploads hang."""
    desk.page.route("**/files/", lambda route: desk.held.append(route))
    one = FilePayload(name="en route.txt", mimeType="text/plain", buffer=b"en route")
    desk.page.locator("#id_attachments").set_input_files([one])
    expect(desk.page.locator("[data-files] .file-name[title='en route.txt']")).to_be_visible()


WITHOUT_NETWORK = (people, rich, options, typing, plain, pending)
RICH_STEPS = (people, rich, images, files, options, typing)
EACH_STEPS = (people, rich, images, files, fields, documents, typing)


# --- how a page dies ---


def reloaded(desk: Desk) -> None:
    desk.page.reload()


def closed(desk: Desk) -> None:
    address = desk.page.url
    other = desk.context.new_page()
    desk.page.close()
    desk.page = other
    other.goto(address)


def crashed(desk: Desk) -> None:
    address = desk.page.url
    devtools = desk.context.new_cdp_session(desk.page)
    other = desk.context.new_page()
    ended: list[Page] = []
    desk.page.on("crash", lambda page: ended.append(page))
    with limited(1), suppress(TimeoutError, Error):  # nobody answers
        devtools.send("Page.crash")
    wait_for(lambda: ended, other)
    desk.page = other
    other.goto(address)


def offline(desk: Desk) -> None:
    """Typed without a network, and closed there."""
    address = desk.page.url
    other = desk.context.new_page()
    desk.page.close()
    desk.page = other
    desk.context.set_offline(False)
    other.goto(address)


def without_cookies(desk: Desk) -> None:
    address = desk.page.url
    desk.context.clear_cookies()
    desk.page.reload()
    desk.sign_in(desk.page, desk.account, opens=False)
    desk.page.goto(address)


def session_over(desk: Desk) -> None:
    address = desk.page.url
    Session.objects.all().delete()
    cache.clear()
    desk.page.reload()
    desk.sign_in(desk.page, desk.account, opens=False)
    desk.page.goto(address)


DEATHS = (reloaded, closed, crashed, offline, without_cookies, session_over)
ENDS = (
    *((RICH_STEPS[:count]) for count in range(1, len(RICH_STEPS) + 1)),
    (*EACH_STEPS[:5], typing),
    EACH_STEPS,
    (people, rich, plain),
    (people, rich, images, pending),
)


@dataclass(frozen=True)
class Moment:
    death: Callable[[Desk], None]
    steps: tuple[Callable[[Desk], None], ...]
    pause: int

    def __str__(self) -> str:
        return f"{self.death.__name__}-{len(self.steps)}-{self.steps[-1].__name__}-{self.pause}"


def moments() -> list[Moment]:
    """Fifty: nearly every end with every death; the ends with most on the screen come first."""
    pairs = [(death, end) for end in reversed(ENDS) for death in DEATHS]
    pauses = itertools.cycle(PAUSES_MS)
    return [Moment(death, end, next(pauses)) for death, end in pairs][:50]


def moments_of(death: Callable[[Desk], None]) -> list[Moment]:
    """The moments of a death. Each death begins with another end."""
    own = [moment for moment in moments() if moment.death is death]
    begin = DEATHS.index(death)
    return own[begin:] + own[:begin]


@pytest.fixture
def desk(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
) -> Desk:
    page = open_page()
    sign_in(page, alice, opens=False)
    page.on("dialog", lambda dialog: dialog.accept())
    return Desk(page.context, page, alice, sign_in)


def write(desk: Desk, moment: Moment) -> dict[str, Any]:
    """The screen when the page dies."""
    *before, last = moment.steps
    for step in before:
        step(desk)
    desk.page.wait_for_timeout(300)
    if moment.death is offline and last in WITHOUT_NETWORK:
        desk.context.set_offline(True)
    last(desk)
    desk.page.wait_for_timeout(moment.pause)
    return desk.screen()


def sent(desk: Desk) -> list[EmailMessage]:
    """What leaves when the user sends what is on the screen."""
    if desk.page.locator("#documents .roster-name, #roster .roster-name").count():
        asked(desk.page).locator("[data-choice-send]").click()
    else:
        desk.page.locator("[data-send]").click()
    wait_for(lambda: OutboxMessage.objects.addressed().exists(), desk.page)
    desk.page.wait_for_url("**/mail/**")
    made = []
    for row in OutboxMessage.objects.addressed().order_by("number"):
        message = message_from_bytes(batch_template.message(row), policy=default)
        assert isinstance(message, EmailMessage)
        made.append(message)
    return made


def check_what_left(was: dict[str, Any], messages: list[EmailMessage]) -> None:
    for message in messages:
        body = message.get_body(("html", "plain") if was["isRich"] else ("plain",))
        assert body is not None
        text = body.get_content()
        for words in ("notes", "Zoé", "conseil"):
            assert (words in text) == (words in was["text"])
        attached = [part.get_filename() or "" for part in message.iter_attachments()]
        if not was["documents"]:
            assert sorted(attached) == was["files"]
        if was["isRich"]:
            for mark in ("<table", "<b>", "<i>", "<li>", "color:"):
                assert (mark.strip("<>") in text) == (mark.strip("<>") in was["html"].lower()), mark
            assert text.count("<img") == len(was["images"])
        related = [part for part in message.walk() if part.get_content_type() == "image/png"]
        assert len(related) == len(was["images"])


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death.__name__)
def test_a_page_that_dies_comes_back_as_it_was_and_that_is_sent(
    desk: Desk, death: Callable[[Desk], None], one_in: Callable[[int], int]
) -> None:
    for moment in moments_of(death)[:: one_in(50)]:
        OutboxMessage.objects.all().delete()
        dies(desk, moment)


def dies(desk: Desk, moment: Moment) -> None:
    desk.begin()
    was = write(desk, moment)
    desk.page.unroute_all()
    moment.death(desk)
    desk.be_ready()
    for route in desk.held:
        with suppress(Error):  # its page is no more
            route.abort()
    desk.held.clear()
    if moment.steps[-1] is pending:
        link = desk.page.locator("[data-files] a.file-name[title='en route.txt']")
        expect(link).to_be_visible()
    with suppress(AssertionError):  # told by what differs
        wait_for(lambda: desk.screen() == was, desk.page)
    now = desk.screen()
    assert [(name, now[name]) for name in was if now[name] != was[name]] == [], (moment, was)
    desk.page.wait_for_timeout(2500)
    expect(desk.page.locator("[data-mine]")).to_have_count(0)
    expect(desk.page.locator("#keeping-choice[open]")).to_have_count(0)
    check_what_left(was, sent(desk))
