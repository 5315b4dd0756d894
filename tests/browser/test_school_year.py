"""A class through its year: last year's list, the new year, a letter to both of separated parents
that shows nobody to anybody; and a fraud that is reported, pulled and put back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group as Role
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import User
from addressbook import years
from addressbook.models import Contact, Group
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from tests import parts
from tests.browser.conformity import violations
from tests.browser.test_classes import accept, bring
from tests.browser.test_sending_choice import write
from tests.servers.mailboxes import Mailbox
from tests.webmail.views.judgement.test_campaigns import reported, scam
from webmail import outbox
from webmail.models import OutboxMessage

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HEAD = (
    "Nom élève;Prénom élève;Né(e) le;Classe;Nom responsable 1;Email responsable 1;"
    "Nom responsable 2;Email responsable 2;Année scolaire"
)
MOTHER, FATHER, OTHER = "anne@mere.example", "paul@pere.example", "eve@mere.example"


@pytest.fixture(autouse=True)
def jobs_at_once(settings: Any, tmp_path: Path) -> None:
    settings.SPOOL = tmp_path / "spool"
    settings.CELERY_TASK_ALWAYS_EAGER = True


def listed(folder: Path, year: int, *rows: str) -> Path:
    file = folder / f"{year}.csv"
    lines = [HEAD, *(f"{row};{year}-{year + 1}" for row in rows)]
    file.write_bytes("\r\n".join(lines).encode("cp1252"))
    return file


@pytest.mark.parametrize("width", parts.first_of(1440, 375))
def test_a_class_passes_to_its_new_year_and_both_parents_are_written_to_apart(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    mailbox: Mailbox,
    submission: SubmissionServer,
    faults: list[str],
    tmp_path: Path,
    width: int,
) -> None:
    page, found, year = open_page(width=width), list[str](), years.current()
    sign_in(page, alice)
    lea = f"MARTIN;Léa;12/05/2014;{{}};Dupont Anne;{MOTHER};Martin Paul;{FATHER}"
    tom = f"NOËL;Tom;01/02/2014;{{}};Noël Ève;{OTHER};;"
    last = listed(tmp_path, year - 1, lea.format("5e B"), tom.format("5e B"))
    bring(page, last)
    expect(page.locator("h1")).to_contain_text("Importer la liste d’une classe")
    accept(page)
    mine = User.objects.get(login="alice")

    page.goto("/contacts/year/")
    found += violations(page)
    page.locator("#id_names").fill("4e B")
    page.locator("form.stack button.primary").click()
    expect(page.locator("main")).to_contain_text(f"5e B ({year - 1}-{year})")
    # Tom changed schools: the list of the new class has Léa, with her mother alone.
    bring(page, listed(tmp_path, year, lea.format("4e B").replace(f"Martin Paul;{FATHER}", ";")))
    box = page.locator(".class-change input[name=left]")
    expect(page.locator(".class-change")).to_contain_text("Martin Paul (Léa MARTIN)")
    found += violations(page)
    if box.is_checked():
        box.uncheck()  # the father has moved; he is to be written to all the same
    accept(page)
    group = Group.objects.of(mine).get(name="4e B")
    assert [one.display_name for one in group.contacts.all()] == ["Léa MARTIN"]
    assert Contact.objects.of(mine).filter(display_name="Tom NOËL").exists()

    page.goto(f"/contacts/groups/{group.pk}/write/")
    expect(page.locator(".audience").first).to_contain_text("2 personnes reçoivent le message")
    found += violations(page)
    page.goto(page.locator(".audience a.btn").first.get_attribute("href") or "")
    expect(page.locator("#id_subject")).to_be_focused()
    page.locator("#id_subject").fill("Réunion de rentrée")
    write(page, "Bonjour, la réunion est lundi.")
    found += violations(page)
    for path in submission.outgoing.glob("*"):
        path.unlink()
    page.locator("[data-send]").click()
    page.wait_for_url("**/mail/**")
    OutboxMessage.objects.update(due=timezone.now())
    for row in OutboxMessage.objects.filter(state=OutboxMessage.State.HELD):
        outbox.deliver(row.pk)
    sent = [path.read_bytes() for path in submission.outgoing.glob("*.eml")]
    assert sent
    for raw in sent:
        head = raw.partition(b"\r\n\r\n")[0].lower().splitlines()
        (to,) = (line for line in head if line.startswith(b"x-envelope-to:"))
        assert MOTHER.encode() in to and FATHER.encode() in to
        said = b"\n".join(line for line in head if not line.startswith(b"x-envelope"))
        assert MOTHER.encode() not in said and FATHER.encode() not in said
    assert found + faults == []


def test_a_reported_fraud_is_pulled_at_the_next_look_told_and_put_back(
    open_page: Callable[..., Page],
    sign_in: Callable[[Page, MailAccount], None],
    alice: MailAccount,
    bob: MailAccount,
    mailbox: Mailbox,
    settings: Any,
    faults: list[str],
) -> None:
    settings.ADMIN_NEEDS_TOTP = False
    cache.clear()
    chief, reader = open_page(), open_page(width=375)
    sign_in(reader, alice)
    reader.goto("about:blank")
    User.objects.filter(login="alice").update(preferences={"adverts": "off"})
    sign_in(chief, bob)
    User.objects.get(login="bob").groups.add(Role.objects.get(name="administrator"))
    row = reported()
    mailbox.append(scam(1))
    chief.goto(f"/admin/reports/{row.pk}/")
    chief.locator("[name=way][value=subject]").check()
    chief.locator("[name=way][value=id]").uncheck()
    chief.locator("form button.default[type=submit]").last.click()
    expect(chief.locator("#content-main")).to_contain_text("Connu d’avance, par les signalements")
    chief.locator("[name=sure]").check()
    chief.locator("button[value=confirm]").click()
    expect(chief.locator("#content-main")).to_contain_text("0 boîte sur 2")
    reader.goto("/mail/INBOX/")
    expect(reader.locator("body")).to_contain_text("L’académie a déplacé 1 message frauduleux")
    assert violations(reader) == []
    assert len(mailbox.uids("Junk")) == 1 and mailbox.uids() == []
    chief.reload()
    expect(chief.locator("#content-main")).to_contain_text("1 boîte sur 2")
    chief.locator("button[value=undo]").click()
    expect(chief.locator("button[value=undo]")).to_have_count(0)
    reader.goto("/mail/INBOX/")
    expect(reader.locator("#rows")).to_contain_text("Votre virement est en attente")
    assert mailbox.uids("Junk") == []
    assert faults == []
