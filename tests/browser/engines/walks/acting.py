"""Picking, dragging, keys, search, rules and importing."""

from __future__ import annotations

from django.urls import reverse

from addressbook.models import Contact
from addressbook.models.imports import ImportJob
from tests.browser.engines.walks import OLD_CHROMIUM, Place, walk
from tests.browser.engines.walks.steps import (
    SEEN,
    UNSEEN,
    focus_list,
    receive_pdf,
    sign_in,
)
from tests.waiting import wait_for
from tests.webmail.views.mail import letter


@walk("picking messages", daily=(OLD_CHROMIUM,))
def _pick(place: Place) -> None:
    receive_pdf(place)
    sign_in(place)
    place.hand.click("#rows .row .pick")
    place.hand.wait(SEEN, ".bulk")
    place.hand.click("#rows .row .pick")
    place.hand.wait(UNSEEN, ".bulk")


@walk("dragging a folder over others", daily=(OLD_CHROMIUM,))
def _drag_folder(place: Place) -> None:
    sign_in(place)
    one, other = (place.hand.where(".folder[data-folder]", index) for index in (1, 2))
    place.hand.drag(one, other, one)


@walk("dragging a message into a folder by the mouse")
def _drag_message(place: Place) -> str | None:
    place.mailbox.append(letter("Sortie"))
    place.mailbox.create_folder("Zoo")
    sign_in(place)
    hand = place.hand
    if not hand.carries:
        return "not tried: the driver drags nothing"
    hand.carry(hand.where("#rows .row a"), hand.where(".folder[data-folder=Zoo]"))
    wait_for(lambda: place.mailbox.uids("Zoo"))
    hand.wait("() => document.querySelector('#rows .row') === null")
    return None


@walk("deleting, and taking back")
def _delete(place: Place) -> None:
    place.mailbox.append(letter("Sortie"))
    sign_in(place)
    focus_list(place)
    place.hand.press("j")
    place.hand.wait("() => document.activeElement.closest('#rows .row') !== null")
    place.hand.press("#")
    wait_for(lambda: place.mailbox.uids("Trash"))
    place.hand.click("#toast button")
    wait_for(lambda: place.mailbox.uids("INBOX"))
    place.hand.wait("() => document.querySelector('#rows .row') !== null")


@walk("keys that go down the list and open")
def _keys(place: Place) -> None:
    place.mailbox.append(letter("Sortie"))
    sign_in(place)
    focus_list(place)
    place.hand.press("j")
    place.hand.wait("() => document.activeElement.closest('#rows') !== null")
    place.hand.press("Enter")
    place.hand.wait(SEEN, "#message[data-open] .reader-title")


@walk("searching for a word")
def _search(place: Place) -> None:
    receive_pdf(place)
    sign_in(place)
    place.hand.write("input[type=search], [role=combobox]", "Documents")
    place.hand.press("Enter")
    place.hand.wait(
        "() => document.querySelector('#rows')?.innerText.includes('Documents')"
        " && location.search.includes('Documents')"
    )


@walk("the form of a rule", daily=(OLD_CHROMIUM,))
def _rule(place: Place) -> None:
    sign_in(place)
    hand = place.hand
    hand.goto(reverse("mail:rule_new"))
    hand.wait(SEEN, "select[name$=test], select")
    # The sheets are read once more while the page is there already.
    hand.wait(UNSEEN, ".for-size")
    hand.ask(
        """() => {
          const option = document.querySelector('option[value^="size:"]');
          option.parentElement.closest("select").value = option.value;
          option.closest("select").dispatchEvent(new Event("change", { bubbles: true }));
        }"""
    )
    hand.wait(SEEN, ".for-size")


@walk("importing contacts")
def _import(place: Place) -> str | None:
    if not place.hand.submits_files:
        return "not tried: its small browser dies of a form with a file"
    place.settings.CELERY_TASK_ALWAYS_EAGER = True
    card = "BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Sophie Lambert\r\nEMAIL:s@x.example\r\nEND:VCARD\r\n"
    (place.folder / "livre.vcf").write_text(card)
    sign_in(place)
    hand = place.hand
    hand.goto("/contacts/import/other/")
    hand.wait(SEEN, "main button[type=submit]")
    hand.upload("input[type=file]", place.folder / "livre.vcf")
    hand.click("main button[type=submit]")
    wait_for(ImportJob.objects.exists)
    hand.click(".import-foot button.primary")
    wait_for(Contact.objects.exists)
    return None
