"""The same page in several browsers: its boxes stand where those of Chromium stand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

import pytest

from accounts.models import User
from addressbook import contacts
from addressbook.contact_data import ContactData, Email
from addressbook.contacts import groups
from tests.browser.engines.driving import DrivenHand, Hand
from tests.browser.engines.walks import FIREFOX, WEBKIT, Place
from tests.browser.engines.walks.steps import sign_in
from tests.servers.mailboxes import Mailbox
from tests.table import LAYOUT
from tests.waiting import wait_for
from tests.webmail.views.mail import letter, path

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# The windows of Firefox (500) and WebKitGTK (447) do not get as narrow as the last: they stay as
# they are, since zoom would round each text.
WIDTHS: Final = (1440, 1024, 375)
MOST: Final = 4
SAME: Final = f"within {MOST} px"
# Landmarks, titles and all that is pressed or filled, by what tells them apart.
BOXES: Final = """() => {
  const counts = new Map();
  const named = "header, nav, main, aside, footer, section, form, fieldset, h1, h2, iframe, input,"
    + "select, textarea, button, summary, table, .row, .btn, [role=textbox], [role=separator]";
  const folded = "details:not([open]) > :not(summary), details:not([open]) > :not(summary) *";
  const shown = [...document.querySelectorAll(named)].filter((box) => !box.matches(folded)
    && box.getClientRects().length && getComputedStyle(box).visibility === "visible");
  return shown.map((box) => {
    const kind = box.id || box.getAttribute("name") || [...box.classList].join(".");
    const name = `${box.localName} ${kind}`.trim();
    const count = (counts.get(name) ?? 0) + 1;
    counts.set(name, count);
    const { x, y, width, height } = box.getBoundingClientRect();
    return [count > 1 ? `${name} (${count})` : name, [x, y, width, height]];
  });
}"""
IS_WHOLE: Final = """() => document.readyState === "complete"
  && document.fonts.status === "loaded"
  && [...document.images].every((image) => image.complete || image.loading === "lazy")"""
NATIVE: Final = """() => [...document.querySelectorAll("select:not([size])")]
  .filter((field) => getComputedStyle(field).appearance !== "none").map((field) => field.id)"""

Boxes = dict[str, list[float]]
PAGES: Final[dict[str, Callable[[Mailbox], str]]] = {
    "sign-in": lambda _mailbox: "/accounts/login/",
    "inbox": lambda _mailbox: "/mail/INBOX/",
    "reader": lambda mailbox: path(mailbox, mailbox.uids("INBOX")[0]),
    "composer": lambda _mailbox: "/compose/",
    "settings": lambda _mailbox: "/preferences/",
    "contacts": lambda _mailbox: "/contacts/",
    "search": lambda _mailbox: "/search/?q=Sortie",
    "class": lambda _mailbox: f"/contacts/groups/{_class()}/",
}
PAIRS = [(words, name) for words in PAGES for name in (FIREFOX, WEBKIT)]


def _class() -> int:
    user = User.objects.get(login="alice")
    group = groups.create(user, "4e B")
    groups.set_class(group, 2026, group.Guardians.ALL)
    emails = (Email("luc@courriel.example"),)
    groups.add(group, [contacts.create(user, ContactData("Luc Martin", emails=emails)).pk])
    return int(group.pk)


@pytest.mark.parametrize(
    ("name", "pages"),
    [
        (WEBKIT, ("sign-in",)),
        pytest.param(FIREFOX, PAGES, marks=pytest.mark.whole),
        # Its drop-down lists are five pixels taller, and so all below them stands lower.
        pytest.param(WEBKIT, PAGES, marks=[pytest.mark.whole, pytest.mark.xfail(strict=False)]),
    ],
    ids=["sign-in", "all-firefox", "all-webkit"],
)
def test_boxes_stand_where_those_of_chromium_stand(
    name: str,
    pages: Iterable[str],
    place: Place,
    in_chromium: Hand,
    request: pytest.FixtureRequest,
) -> None:
    place.mailbox.append(letter("Sortie", files=(("ordre.pdf", "application/pdf", b"%PDF-1.4"),)))
    hand = place.hand
    assert isinstance(hand, DrivenHand)
    signed_in = False
    for words in pages:
        if words != "sign-in" and not signed_in:
            sign_in(place)
            sign_in(replace(place, hand=in_chromium))
            signed_in = True
        address = PAGES[words](place.mailbox)
        for width in WIDTHS:
            DrivenHand.resize(hand, width, 900)
            found = boxes_of(hand, address)
            # A window has its size a while after it was told.
            in_chromium.resize(*hand.ask("() => [innerWidth, innerHeight]"))
            wanted = boxes_of(in_chromium, address)
            assert found.keys() == wanted.keys(), (words, width)
            assert _moved(wanted, found) == {}, (words, width)
            assert hand.ask(NATIVE) == [], words
        LAYOUT.hold(request.config, words, name, SAME)


def test_the_table_of_layout_has_these_rows_and_columns() -> None:
    assert list(LAYOUT.cells()) == PAIRS


def boxes_of(hand: Hand, address: str) -> Boxes:
    """Where they stand once nothing moves any more."""
    hand.goto(address)
    hand.wait(IS_WHOLE)
    last: Boxes = {}

    def are_still() -> bool:
        nonlocal last
        before, last = last, dict(hand.ask(BOXES))
        return last == before

    wait_for(are_still)
    return last


def _moved(wanted: Boxes, found: Boxes) -> dict[str, tuple[list[float], list[float]]]:
    return {
        box: (place, found[box])
        for box, place in wanted.items()
        if any(abs(a - b) > MOST for a, b in zip(place, found[box], strict=True))
    }
