"""Steps that several walks take."""

from __future__ import annotations

from tests.browser.engines.walks import Place
from tests.conftest import put_first_steps_away
from tests.mail.previews import samples
from tests.webmail.views.mail import letter

SEEN = """(selector) => [...document.querySelectorAll(selector)].some((one) => {
  const { visibility, display } = getComputedStyle(one);
  return visibility === "visible" && display !== "none" && one.getClientRects().length > 0;
})"""
UNSEEN = f"(selector) => !({SEEN})(selector)"
# A script of the page has done what it does at the beginning.
READY = "() => document.querySelector('[role=combobox]') !== null"


def sign_in(place: Place) -> None:
    """Alice types the login and the password, and sees her inbox, in which she has been before."""
    hand = place.hand
    hand.goto("/")
    hand.write("input[name=login]", place.account.login)
    hand.write("input[name=password]", place.account.password)
    hand.press("Enter")
    hand.wait("() => location.pathname === '/mail/INBOX/'")
    put_first_steps_away()
    see_list(place)


def see_list(place: Place) -> None:
    place.hand.goto("/mail/INBOX/")
    place.hand.wait(READY)


def focus_list(place: Place) -> None:
    """The list has the focus at once where there is a mouse, which Chromium 102 has not here."""
    if place.hand.ask("() => !matchMedia('(pointer: fine)').matches"):
        place.hand.ask("() => document.getElementById('rows').focus()")
    place.hand.wait("() => document.activeElement.id === 'rows'")


def write_to_bob(place: Place) -> None:
    """A new message has a recipient, a subject and a word."""
    hand = place.hand
    hand.goto("/compose/")
    hand.wait(SEEN, "#rich")
    hand.write("#id_to", "bob@ac-exemple.fr, ")
    hand.write("input[name=subject]", "Sortie")
    hand.write(".rich", "Bonjour")
    hand.wait("() => document.querySelector('.rich').innerText.includes('Bonjour')")


def receive_pdf(place: Place) -> None:
    files = (("ordre.pdf", "application/pdf", samples.pdf(["Ordre du jour"])),)
    place.mailbox.append(letter("Documents", files=files))
