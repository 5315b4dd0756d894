"""What a teacher does every day, tried in each browser at each run."""

from __future__ import annotations

from tests.browser.engines.walks import FIREFOX, WEBKIT, Place, walk
from tests.browser.engines.walks.steps import SEEN, see_list, sign_in, write_to_bob
from tests.waiting import wait_for
from tests.webmail.views.mail import letter
from webmail.models import Draft, OutboxMessage
from webmail.writing import drafts


@walk(
    "signing in, the list, a message of HTML, a draft that comes back, sending",
    daily=(FIREFOX, WEBKIT),
)
def _day(place: Place) -> None:
    place.mailbox.append(letter("Sortie", html="<p>Rendez-vous <b>devant</b> le gymnase</p>"))
    sign_in(place)
    _read(place)
    _write_and_come_back(place)
    _send(place)


def _read(place: Place) -> None:
    place.hand.click("#rows .row a")
    place.hand.wait(
        "() => [...document.querySelectorAll('#message iframe')].some("
        "(one) => one.contentDocument?.body?.innerText.includes('devant le gymnase')"
        " && one.getBoundingClientRect().height > 20)"
    )


def _write_and_come_back(place: Place) -> None:
    hand = place.hand
    write_to_bob(place)
    wait_for(lambda: any("Bonjour" in drafts.content(one).html for one in Draft.objects.all()))
    address = hand.wait("() => location.pathname.startsWith('/drafts/') && location.pathname")
    see_list(place)
    hand.goto(address)
    hand.wait(SEEN, "#rich")
    hand.wait("() => document.querySelector('.rich').innerText.includes('Bonjour')")


def _send(place: Place) -> None:
    place.hand.click("button[name=do][value=send]")
    wait_for(OutboxMessage.objects.filter(state=OutboxMessage.State.HELD).exists)
