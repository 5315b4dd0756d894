"""A document for each recipient: the whole walk, from the zip to what is opened at its end."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, expect

from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_outbox import look
from tests.browser.test_sending_choice import asked, write
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.test_bounces import report
from webmail import outbox
from webmail.models import OutboxMessage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PUPILS = 30
ADDRESSES = {0: "bob@ac-exemple.fr", 1: "alice@ac-exemple.fr"}


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


def address(pupil: int) -> str:
    return ADDRESSES.get(pupil, f"parent{pupil}@courriel.example")


def bulletin(pupil: int) -> bytes:
    return b"%%PDF-1.4 bulletin of pupil %d\n%%%%EOF" % pupil


def zipped() -> bytes:
    """30 bulletins; the last one's name says nothing."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for pupil in range(PUPILS):
            name = f"MARTIN{pupil}_Zoe_T1.pdf" if pupil < PUPILS - 1 else "scan0042.pdf"
            archive.writestr(f"Bulletins 6e B/{name}", bulletin(pupil))
    return made.getvalue()


def received(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def enclosed(message: EmailMessage) -> list[bytes]:
    return [one.get_content() for one in message.iter_attachments()]


@pytest.fixture
def written_to(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    submission: SubmissionServer,
) -> Iterator[Callable[..., Page]]:
    """`written_to(375)`: a message to 30 families with their bulletins."""

    def begin(width: int = 1440) -> Page:
        page = open_page(width=width)
        sign_in(page, alice, opens=False)
        page.goto("/compose/")
        page.locator("#id_subject").fill("Bulletin de {prénom}")
        write(page, "Bonjour, voici le bulletin de {prénom}.")
        rows = "".join(f"{address(n)};Martin{n};Zoé\n" for n in range(PUPILS))
        roster = FilePayload(
            name="6e B.csv", mimeType="text/csv", buffer=f"mail;Nom;Prénom\n{rows}".encode()
        )
        page.locator("#roster summary").click()
        page.locator("#id_roster").set_input_files(roster)
        expect(page.locator(".recipient")).to_contain_text(f"6e B{PUPILS}")
        page.locator("#documents summary").click()
        page.locator("#id_documents").set_input_files(
            FilePayload(name="bulletins.zip", mimeType="application/zip", buffer=zipped())
        )
        expect(page.locator("#documents .roster-name")).to_contain_text(f"{PUPILS} documents")
        return page

    for path in submission.outgoing.glob("*"):
        path.unlink()
    yield begin


def test_nobody_is_warned_of_addresses_that_are_seen_where_each_gets_an_own_message(
    written_to: Callable[..., Page],
) -> None:
    page = written_to()
    seen, outside = (page.locator(f"[data-check={name}]") for name in ("seen_groups", "outside"))
    expect(outside).to_contain_text("hors de l’académie")
    expect(outside).not_to_contain_text("visibles de tous")
    expect(seen).to_be_hidden()
    page.locator("[data-documents-away]").click()
    expect(seen).to_contain_text("verraient les adresses les uns des autres")
    expect(outside).to_contain_text("seraient visibles de tous")


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_thirty_bulletins_reach_thirty_families(
    written_to: Callable[..., Page],
    bobs_mailbox: Mailbox,
    mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
    width: int,
) -> None:
    page = written_to(width)
    expect(page.locator("#documents")).to_contain_text("Il reste 2 points à régler")
    look(page, f"documents-composer-{width}")
    page.locator("#id_subject").fill("Bulletin de {prénom}, 6e B")
    question = asked(page)
    expect(question).to_contain_text("1 document n’a pas de destinataire sûr.")
    look(page, f"documents-unsettled-{width}")
    question.locator("[data-choice-documents]").click()
    page.wait_for_url("**/documents/")
    expect(page.locator("select")).to_have_count(1)
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('draft:'))"
    assert page.evaluate(kept) == []  # the server has it
    assert violations(page) == []
    look(page, f"documents-page-{width}")
    last = address(PUPILS - 1)
    page.locator("select").select_option(last)
    page.get_by_role("button", name="Enregistrer ces choix").click()
    expect(page.locator(".documents-state")).to_contain_text("Tout est réglé")
    assert violations(page) == []
    look(page, f"documents-settled-{width}")
    page.get_by_role("link", name="Revenir au message").click()
    expect(page.locator("#documents .documents-settled")).to_be_visible()
    expect(page.locator("[contenteditable=true]")).to_contain_text("voici le bulletin")
    dialog = asked(page)
    expect(dialog.frame_locator(".choice-frame").locator("body")).to_have_text(
        "Bonjour, voici le bulletin de Zoé."
    )
    expect(dialog.locator("#choice-preview")).to_contain_text("MARTIN0_Zoe_T1.pdf")
    assert violations(page) == []
    look(page, f"documents-question-{width}")
    dialog.locator("[data-choice-send]").click()
    page.wait_for_url("**/mail/**")
    letters = OutboxMessage.objects.addressed()
    assert letters.count() == PUPILS
    letters.update(due=timezone.now())
    for row in letters.order_by("number"):
        outbox.deliver(row.pk)
    page.goto(f"/outbox/{letters.order_by('number')[0].pk}/")
    expect(page.locator(".outbox-each > li")).to_have_count(PUPILS)
    look(page, f"documents-outbox-{width}")
    assert violations(page) == []
    (bobs,) = map(received, bobs_mailbox.messages("INBOX"))
    (own,) = map(received, mailbox.messages("INBOX"))
    assert enclosed(bobs) == [bulletin(0)] and enclosed(own) == [bulletin(1)]
    others = [received(path.read_bytes()) for path in submission.outgoing.glob("*.eml")]
    got = {one["To"].addresses[0].addr_spec: enclosed(one) for one in others}
    assert got == {address(n): [bulletin(n)] for n in range(2, PUPILS)}
    lost = letters.get(number=letters.order_by("number")[5].number)
    mailbox.append(report(lost.message_id, to=address(5)))
    page.goto("/mail/INBOX/")
    page.goto(f"/outbox/{lost.pk}/")
    returned = page.locator(".outbox-each > li[data-back]")
    expect(returned).to_contain_text(address(5))
    returned.locator("summary").click()
    returned.get_by_label("Adresse").fill("martin5@courriel.example")
    look(page, f"documents-returned-{width}")
    assert violations(page) == []
    returned.get_by_role("button", name="Renvoyer").click()
    expect(page.locator(".outbox-each > li[data-back]")).to_have_count(0)
    for row in letters.filter(state=OutboxMessage.State.HELD):
        OutboxMessage.objects.filter(pk=row.pk).update(due=timezone.now())
        outbox.deliver(row.pk)
    again = [received(path.read_bytes()) for path in submission.outgoing.glob("*.eml")]
    (arrived,) = [one for one in again if "martin5@courriel.example" in one["To"]]
    assert enclosed(arrived) == [bulletin(5)] and len(again) == len(others) + 1
    assert faults == []
