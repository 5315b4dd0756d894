"""Reading."""

from __future__ import annotations

from tests.browser.engines.walks import OLD_CHROMIUM, Place, walk
from tests.browser.engines.walks.steps import SEEN, receive_pdf, sign_in
from tests.browser.test_reader import REMOTE, html, png
from tests.mail.previews import samples
from tests.waiting import wait_for
from tests.webmail.views.mail import letter
from webmail.models import OfficePreview

IMAGE = """(name) => {
  const read = document.querySelector("#message iframe")?.contentDocument;
  return read?.querySelector(`img[alt=${name}]`);
}"""

SIZE = "(image) => [image.offsetWidth, image.offsetHeight]"
NUMBER = "() => getComputedStyle(document.querySelector('[data-pdf-number]')).appearance"


@walk("images of a message, and those from elsewhere when asked for")
def _images(place: Place) -> None:
    hand = place.hand
    place.mailbox.append(html('<img src="cid:a@x" alt="Plan">' + REMOTE, png(200, 90)))
    sign_in(place)
    hand.click("#rows .row a")
    hand.wait(f"(name) => ({IMAGE})(name)?.naturalWidth === 200", "Plan")
    assert hand.ask(f"(name) => ({IMAGE})(name).getAttribute('src') === null", "Affiche")
    assert hand.ask(f"(name) => ({SIZE})(({IMAGE})(name))", "Affiche") == [200, 90]
    hand.click("button[name=show][value=once]")
    hand.wait(f"(name) => ({IMAGE})(name)?.src.endsWith('/frame/remote/0')", "Affiche")
    hand.wait(SEEN, "button[name=show][value=never]")


@walk("a document of an office")
def _office(place: Place) -> None:
    place.settings.CELERY_TASK_ALWAYS_EAGER = True
    kind = "application/vnd.oasis.opendocument.text"
    place.mailbox.append(letter("Documents", files=(("ordre.odt", kind, samples.writer("Un")),)))
    sign_in(place)
    place.hand.click("#rows .row a")
    place.hand.click("#message .file-text a")
    wait_for(OfficePreview.objects.filter(state="done").exists)
    place.hand.wait("() => document.querySelector('#viewer')?.innerText.includes('Un')")


@walk("a PDF", daily=(OLD_CHROMIUM,))
def _pdf(place: Place) -> None:
    receive_pdf(place)
    sign_in(place)
    place.hand.click("#rows .row a")
    place.hand.click("#message .file-text a")
    place.hand.wait("() => document.querySelector('.pdf-page canvas') !== null")
    # The field of the page has no arrows: the buttons beside it turn pages.
    assert place.hand.ask(NUMBER) == "textfield"


@walk("new mail that appears by itself")
def _news(place: Place) -> None:
    receive_pdf(place)
    sign_in(place)
    place.mailbox.receive(letter("Conseil de classe"))
    place.hand.wait("() => document.querySelector('#rows').innerText.includes('Conseil de classe')")
