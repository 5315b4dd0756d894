"""After sending: the way back for some seconds, with and without scripts, and the outbox."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from webmail import outbox
from webmail.models import Draft, OutboxMessage
from webmail.outbox import counting, values
from webmail.writing import drafts

TEXT = "Rendez-vous à 8 h devant le gymnase."
pytestmark = pytest.mark.usefixtures("submission")


@pytest.fixture(autouse=True)
def spool(settings, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"


@pytest.fixture
def plain(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    bob: MailAccount,
) -> Iterator[Page]:
    """Alice's page without scripts."""
    page = open_page(java_script_enabled=False)
    sign_in(page, alice)
    yield page


def send(page: Page, subject: str = "Sortie") -> OutboxMessage:
    """Without scripts: the form, and its button."""
    page.goto("/compose/")
    page.locator("#id_to").fill("bob@ac-exemple.fr")
    page.locator("#id_subject").fill(subject)
    page.locator("#id_body").fill(TEXT)
    page.locator("button[name=do][value=send]").first.click()
    return OutboxMessage.objects.latest("accepted")


def look(page: Page, name: str) -> None:
    """A picture, where a folder for them is named."""
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{folder}/{name}.png")


def test_the_outbox_has_its_number_beside_it_in_the_rail(plain: Page) -> None:
    send(plain)
    plain.set_viewport_size({"width": 1024, "height": 768})
    plain.goto("/mail/INBOX/")
    line = plain.locator(".outbox-line").bounding_box()
    number = plain.locator(".outbox-line .count").bounding_box()
    assert line and number
    assert line["y"] <= number["y"] and number["y"] + number["height"] <= line["y"] + line["height"]
    assert line["x"] <= number["x"] and number["x"] + number["width"] <= line["x"] + line["width"]


def test_a_message_is_taken_back_without_a_script(plain: Page, bobs_mailbox: Mailbox) -> None:
    row = send(plain)
    assert row.state == OutboxMessage.State.HELD
    expect(plain.locator("#folder-list a[href='/outbox/']")).to_be_visible()
    plain.locator(f"form[action='/outbox/{row.pk}/back/'] button").click()
    expect(plain.locator("#id_body")).to_have_value(TEXT)
    expect(plain.locator("#id_to")).to_have_value("bob@ac-exemple.fr")
    row.refresh_from_db()
    assert row.state == OutboxMessage.State.CANCELLED and bobs_mailbox.uids() == []


def test_the_seconds_run_down_and_the_page_says_that_it_left(
    plain: Page, watched_page: Page, bobs_mailbox: Mailbox, faults: list[str]
) -> None:
    row = send(plain)
    OutboxMessage.objects.update(due=timezone.now() + timedelta(seconds=4))
    # The same session, in a browser with scripts.
    watched_page.context.add_cookies(plain.context.cookies())  # type: ignore[arg-type]
    plain.close()
    send_page = watched_page
    send_page.goto("/outbox/")
    expect(send_page.locator(".outbox-row")).to_have_count(1)
    look(send_page, "outbox-held")
    row.refresh_from_db()
    OutboxMessage.objects.update(due=timezone.now())
    outbox.deliver(row.pk)
    expect(send_page.locator(".outbox-row[data-state=sent]")).to_have_count(1)
    assert len(bobs_mailbox.uids()) == 1 and faults == []


def test_the_toast_counts_down_and_goes(
    watched_page: Page, bob: MailAccount, faults: list[str]
) -> None:
    page = watched_page
    user = User.objects.get(login="alice")
    user.preferences = {"undo_seconds": "5"}
    user.save()
    post(page, to="bob@ac-exemple.fr", subject="Sortie", body=TEXT, kind="new", do="send")
    page.wait_for_url("**/mail/INBOX/")
    toast = page.locator("[data-toast]")
    left = toast.locator("[data-left]")
    expect(left).not_to_have_text("")
    # A screen reader hears of each text that is set: each is another.
    page.evaluate(
        """() => {
            const left = document.querySelector("[data-left]");
            window.told = [left.textContent];
            new MutationObserver(() => window.told.push(left.textContent)).observe(
                left, { childList: true });
        }"""
    )
    expect(left).to_have_text("2")
    told = page.evaluate("window.told")
    assert told[-1] == "2" and len(told) == len(set(told)), told
    look(page, "toast")
    assert OutboxMessage.objects.get().state == OutboxMessage.State.HELD
    expect(toast).to_have_count(0)
    outbox.deliver(OutboxMessage.objects.get().pk)
    # The page asks, and says that it has left.
    expect(page.locator("[data-toast]")).to_have_count(1)
    assert faults == []


def post(page: Page, **fields: str) -> None:
    """A form of the page's own, as without scripts."""
    page.evaluate(
        """(fields) => {
            const form = Object.assign(document.createElement("form"), {
                method: "post", action: "/compose/",
            });
            const token = document.querySelector("input[name=csrfmiddlewaretoken]").value;
            for (const [name, value] of Object.entries({ ...fields, csrfmiddlewaretoken: token })) {
                form.append(Object.assign(document.createElement("input"), { name, value }));
            }
            document.body.append(form);
            form.submit();
        }""",
        fields,
    )


@pytest.mark.parametrize(
    ("width", "scheme"), [(1440, "light"), (375, "light"), (1440, "dark"), (375, "dark")]
)
def test_all_states_fit_into_the_page(
    open_page: Callable[..., Page],
    sign_in: Callable[..., None],
    alice: MailAccount,
    faults: list[str],
    width: int,
    scheme: str,
) -> None:
    page = open_page(width=width, color_scheme=scheme)
    sign_in(page, alice, opens=False)
    fill(User.objects.get(login="alice"))
    page.goto("/outbox/")
    expect(page.locator(".outbox-row")).to_have_count(len(STATES))
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    count = page.locator("#folder-list a[href='/outbox/'] .count").first
    expect(count).to_contain_text(str(len(STATES) - 1))
    look(page, f"outbox-{width}-{scheme}")
    page.locator(".outbox-row a").first.click()
    expect(page.locator("#outbox-message")).to_be_visible()
    assert faults == []


STATES: tuple[dict[str, object], ...] = (
    {"state": "held"},
    {"state": "held", "failure": "ServerUnavailable", "server_words": "4.3.0 try again later"},
    {"state": "scheduled"},
    {"state": "sending", "changed": timezone.now() + timedelta(hours=1)},
    {"state": "failed", "failure": "RecipientsRefused"},
    {"state": "doubt", "stage": "handing", "failure": "PerhapsSent"},
    {"state": "password"},
    {"state": "sent", "stage": "filed", "sent": timezone.now()},
)


def fill(user: User) -> None:
    """A message in each state."""
    for number, columns in enumerate(STATES):
        content = drafts.Content(to="bob@ac-exemple.fr", subject="Sortie", text=TEXT)
        draft = drafts.save(user, uuid.uuid4(), content, base=0)
        Draft.objects.filter(pk=draft.pk).update(state=Draft.State.ACCEPTED)
        row = OutboxMessage(
            user=user,
            key=uuid.uuid4(),
            draft=draft,
            due=timezone.now() + timedelta(hours=14),
            message_id=f"<{number}@ac-exemple.fr>",
            sender=user.address,
            **columns,
        )
        refused = (("inconnue@exemple.fr", "5.1.1 User unknown in virtual mailbox table"),)
        people = (("Bob Petit", "bob@ac-exemple.fr"), ("", "carole.tres-long-nom@exemple.fr"))
        envelope = values.SealedEnvelope(
            recipients=("bob@ac-exemple.fr",),
            people=people * 3,
            subject="Sortie au musée de Picardie : autorisation à rendre signée avant vendredi",
            key="",
            refused=refused if row.failure == "RecipientsRefused" else (),
        )
        row.sealed = values.seal(row, envelope)
        row.save()
    counting.renew(user.pk)
