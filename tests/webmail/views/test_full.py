"""A mailbox so full that its server moves nothing to the trash: room is made all the same."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.test import Client

from demo.servers.dovecot import Dovecot
from demo.servers.dovecot import installed as dovecot_installed
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE, missing
from tests.webmail.views.mail import fields, letter, page, ref, words

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}
FULL = "Votre boîte aux lettres est pleine"


@pytest.fixture(scope="module")
def small_server() -> Iterator[Dovecot]:
    """Alice may have a megabyte."""
    if not dovecot_installed():
        pytest.skip(missing("Dovecot (dovecot-imapd and dovecot-lmtpd)"))
    folder = Path(tempfile.mkdtemp(prefix="webmail-full-"))
    folder.chmod(0o755)
    server = Dovecot(folder / "dovecot", [ALICE], quota_megabytes=1)
    server.start()
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def full(
    small_server: Dovecot, reader: Client, imap_moved: Callable[[int], None]
) -> Iterator[Mailbox]:
    """Three letters of 356 kB, read from now on by `reader`. They come by LMTP, which has a grace
    of ten percent or more: the mailbox is over its limit, as in life.
    """
    mailbox = Mailbox(small_server, ALICE)
    mailbox.empty()
    for n in range(3):
        mailbox.receive(letter(f"Lettre {n}", ("x" * 76 + "\n") * 4560))
    imap_moved(small_server.imap_port)
    yield mailbox
    mailbox.close()


@pytest.mark.parametrize("how", [{"verb": "trash"}, {"verb": "move", "to": "Trash"}])
def test_what_the_trash_does_not_take_is_deleted_for_good_after_a_question(
    reader: Client, full: Mailbox, how: dict[str, str]
) -> None:
    chosen = ref(full, full.uids()[0])
    act = "/mail/INBOX/act/"
    asked = reader.post(act, {**how, "refs": [chosen]}, headers=HTMX)
    assert asked.status_code == 200 and asked["HX-Retarget"] == "#ask"
    assert FULL in words(asked)
    assert len(full.uids()) == 3 and full.uids("Trash") == []
    reader.post(act, {**dict(fields(page(asked))), "verb": "delete"}, headers=HTMX)
    assert len(full.uids()) == 2 and full.uids("Trash") == []


def test_without_a_script_a_page_asks(reader: Client, full: Mailbox) -> None:
    asked = reader.post("/mail/INBOX/act/", {"verb": "trash", "refs": [ref(full, full.uids()[0])]})
    assert FULL in words(asked) and 'value="delete"' in page(asked)


def test_other_moves_say_that_it_is_full(reader: Client, full: Mailbox) -> None:
    data = {"verb": "archive", "refs": [ref(full, full.uids()[0])]}
    assert reader.post("/mail/INBOX/act/", data, headers=HTMX).status_code == 507


@pytest.mark.parametrize("kind", ["sender", "message"])
def test_what_takes_up_room_is_deleted_for_good_after_a_question(
    reader: Client, full: Mailbox, kind: str
) -> None:
    clean, one = "/folders/space/clean/", f"INBOX/{ref(full, full.uids()[0])}"
    value = one if kind == "message" else "bob@ac-exemple.fr"
    asked = reader.post(clean, {"kind": kind, "value": value, "confirmed": "1"})
    assert FULL in words(asked) and len(full.uids()) == 3
    answer = reader.post(clean, dict(fields(page(asked))), follow=True)
    assert "supprimé" in words(answer)
    assert len(full.uids()) == (2 if kind == "message" else 0)
