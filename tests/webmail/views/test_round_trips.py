"""How often a page waits for a mail server with none of the newer extensions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from django.test import Client

from accounts.models import MailDomain
from mail.mailbox import folders
from tests.servers.courier import Courier
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.servers.wire import Wire
from tests.webmail.views.mail import folder_links, letter, page, path, ref

pytestmark = pytest.mark.django_db
MOST = 5
NAMES = ("Drafts", "Sent", "Archive", "Junk", "Trash", *(f"Classe {n}" for n in range(20)))


@pytest.fixture
def box(courier: Courier) -> Iterator[Mailbox]:
    courier.make_anew(ALICE.login)
    with closing(courier.mailbox(ALICE)) as mailbox:
        for name in NAMES:
            mailbox.create_folder(f"INBOX.{name}")
        for number in range(30):
            mailbox.append(letter(f"Message {number}"))
        yield mailbox


@pytest.fixture
def wire(courier: Courier) -> Iterator[Wire]:
    with Wire(courier.imap_port) as counting:
        yield counting


@pytest.fixture
def reader(
    box: Mailbox, wire: Wire, mail_domain: MailDomain, signed_in: Callable[..., Client]
) -> Client:
    mail_domain.imap_port = wire.port
    mail_domain.save()
    client = signed_in(ALICE)
    client.get("/mail/INBOX/")
    wire.forget()
    return client


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {}], ids=["beside", "whole"])
def test_a_page_takes_few_round_trips(
    reader: Client, wire: Wire, box: Mailbox, headers: dict[str, str]
) -> None:
    first, second = box.uids()[:2]
    for address in ("/mail/INBOX/", "/mail/INBOX.Sent/", path(box, first), path(box, second)):
        wire.forget()
        assert reader.get(address, headers=headers).status_code == 200
        assert wire.round_trips <= MOST, [command[:40] for command in wire.commands]


def test_counts_are_asked_for_in_one_write_and_kept(
    reader: Client, wire: Wire, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        wire.forget()
        reader.get("/mail/INBOX/")
        return sum(command.startswith("STATUS") for command in wire.commands)

    assert asked() == 1  # those of the open folder alone
    box.append(letter(), "INBOX.Classe 3")
    assert asked() == 1
    monkeypatch.setattr(folders, "COUNTS_SECONDS", 0.0)
    assert asked() == 1 + len(NAMES)
    assert wire.round_trips <= MOST


def test_what_one_does_oneself_is_counted_at_once(reader: Client, wire: Wire, box: Mailbox) -> None:
    uid = box.uids()[-1]
    done = page(
        reader.post(
            "/mail/INBOX/act/",
            {"verb": "move", "refs": [ref(box, uid)], "to": "INBOX.Classe 7"},
            headers={"HX-Request": "true"},
        )
    )
    assert "Classe 7" in folder_links(reader.get("/mail/INBOX/"))
    row = page(reader.get("/mail/INBOX/")).partition("Classe 7</span>")[2][:300]
    assert ">1<" in row, (done[:0], row)
