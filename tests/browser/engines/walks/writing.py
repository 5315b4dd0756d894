"""Writing."""

from __future__ import annotations

import base64

from tests.browser.engines.walks import OLD_CHROMIUM, Place, walk
from tests.browser.engines.walks.steps import SEEN, sign_in, write_to_bob
from tests.waiting import wait_for
from tests.webmail.views.test_viewer import picture
from webmail.models import Draft, OutboxMessage
from webmail.writing import drafts

PASTE = """(image) => {
  const data = new DataTransfer();
  data.setData("text/html", `<p>avant</p><img src="data:image/png;base64,${image}"><p>après</p>`);
  const clipboard = { clipboardData: data, bubbles: true, cancelable: true };
  const event = new ClipboardEvent("paste", clipboard);
  // Firefox empties the clipboard of an event that a script makes.
  if (event.clipboardData.types.length === 0)
    Object.defineProperty(event, "clipboardData", { value: data });
  document.querySelector(".rich").focus();
  document.querySelector(".rich").dispatchEvent(event);
}"""


@walk("writing, a draft kept, a pasted image", daily=(OLD_CHROMIUM,))
def _paste(place: Place) -> None:
    sign_in(place)
    write_to_bob(place)
    place.hand.ask(PASTE, base64.b64encode(picture()).decode())
    place.hand.wait("() => document.querySelector('.rich img')?.src.includes('/files/')")
    wait_for(_is_kept)


def _is_kept() -> bool:
    contents = [drafts.content(draft) for draft in Draft.objects.all()]
    parts = ("Bonjour", "avant", "<img", "après")
    return any(all(part in one.html for part in parts) for one in contents)


@walk("moving a recipient by its menu", daily=(OLD_CHROMIUM,))
def _recipient(place: Place) -> None:
    sign_in(place)
    write_to_bob(place)
    place.hand.click("[data-chips] button")
    place.hand.click("[data-move]:not([hidden]) button")
    place.hand.wait(
        "() => ['cc', 'bcc'].some((name) => document.forms.compose.elements[name]"
        "?.value.includes('bob@ac-exemple.fr'))"
    )


@walk("attaching a file")
def _attach(place: Place) -> None:
    (place.folder / "plan.txt").write_text("Plan")
    sign_in(place)
    place.hand.goto("/compose/")
    place.hand.wait(SEEN, "#rich")
    place.hand.upload("#id_attachments", place.folder / "plan.txt")
    place.hand.wait("() => document.body.innerText.includes('plan.txt')")


@walk("sending, and taking back")
def _take_back(place: Place) -> None:
    sign_in(place)
    write_to_bob(place)
    place.hand.click("button[name=do][value=send]")
    wait_for(OutboxMessage.objects.filter(state=OutboxMessage.State.HELD).exists)
    place.hand.click("form[action$='/back/'] button")
    wait_for(OutboxMessage.objects.filter(state=OutboxMessage.State.CANCELLED).exists)
