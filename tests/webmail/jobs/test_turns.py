"""One message that several windows move at once stays one message."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import Client

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from demo.servers.submission import SubmissionServer
from mail.imap.connection import Connection
from tests.servers.mailboxes import Mailbox
from tests.waiting import LONGEST_S
from tests.webmail.views import unwanted
from tests.webmail.views.mail import letter, page, path, ref, undo_steps
from webmail.jobs import turns

pytestmark = pytest.mark.django_db(transaction=True)
ACT = "/mail/INBOX/act/"
WINDOWS = 6
WITHOUT = {"MOVE": (), "COPY": ("MOVE",), "COPY without UIDPLUS": ("MOVE", "UIDPLUS")}


@pytest.fixture(params=WITHOUT)
def reader(
    request: pytest.FixtureRequest,
    signed_in: Callable[..., Client],
    alice: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> Client:
    """Alice, whose server has so many of the extensions."""
    has = Connection.has
    missing = WITHOUT[request.param]
    monkeypatch.setattr(
        Connection, "has", lambda imap, word: word not in missing and has(imap, word)
    )
    return signed_in(alice)


def at_once(reader: Client, data: dict[str, str], url: str = ACT) -> list[str]:
    """Post the same form from several windows, and return what they show."""
    start = Barrier(WINDOWS)

    def post(_window: int) -> str:
        client = Client()
        client.cookies.update(reader.cookies)
        client.raise_request_exception = False
        start.wait(LONGEST_S)
        try:
            return page(client.post(url, data, headers={"HX-Request": "true"}))
        finally:
            database.close()

    with ThreadPoolExecutor(WINDOWS) as pool:
        shown = list(pool.map(post, range(WINDOWS)))
    session.pool().close_all()
    return shown


def kept(mailbox: Mailbox, folder: str) -> list[int]:
    """Without what is marked as deleted, which lists hide."""
    return [uid for uid in mailbox.uids(folder) if "\\Deleted" not in mailbox.flags(uid, folder)]


def test_a_message_that_is_moved_and_taken_back_by_many_windows_stays_one(
    reader: Client, mailbox: Mailbox
) -> None:
    for number in range(2):
        picked = {"verb": "trash", "refs": ref(mailbox, mailbox.append(letter(f"n° {number}")))}
        shown = at_once(reader, picked)
        assert (kept(mailbox, "INBOX"), len(kept(mailbox, "Trash"))) == ([], 1)
        moved = [html for html in shown if "1 message mis à la corbeille" in html]
        assert len(moved) == 1
        missing = [html for html in shown if "plus" in html and html not in moved]
        assert len(missing) == WINDOWS - 1
        shown = at_once(reader, {"verb": "undo", "steps": undo_steps(moved[0])})
        assert (len(kept(mailbox, "INBOX")), kept(mailbox, "Trash")) == (1, [])
        mailbox.empty()


def test_a_message_that_many_windows_report_is_sent_and_in_the_junk_once(
    reader: Client,
    mailbox: Mailbox,
    bobs_mailbox: Mailbox,
    submission: SubmissionServer,
    settings: Any,
) -> None:
    settings.REPORT_ADDRESS = "bob@ac-exemple.fr"
    uid = mailbox.append(letter("Gagnez", sender="x@piege.example"))
    at_once(reader, {}, path(mailbox, uid, "report/"))
    assert (kept(mailbox, "INBOX"), len(kept(mailbox, "Junk"))) == ([], 1)
    assert len(bobs_mailbox.uids()) == 1
    (uid,) = mailbox.uids("Junk")
    reader.post(path(mailbox, uid, "report/", folder="Junk"))
    assert len(bobs_mailbox.uids()) == 1


def test_an_advert_that_another_window_is_moving_is_left_for_the_next_look(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    reader.get("/mail/INBOX/")
    mailbox.append(unwanted.advert())
    key = f"moving:{User.objects.get(login='alice').pk}:INBOX"
    cache.set(key, "another window", 60)
    assert reader.get("/mail/INBOX/").status_code == 200
    assert (len(kept(mailbox, "INBOX")), cache.get(key)) == (1, "another window")
    cache.delete(key)
    reader.get("/mail/INBOX/")
    assert (kept(mailbox, "INBOX"), len(kept(mailbox, "Publicités"))) == ([], 1)


def test_a_message_is_moved_without_redis_too(
    reader: Client, mailbox: Mailbox, settings: Any
) -> None:
    picked = {"verb": "trash", "refs": ref(mailbox, mailbox.append(letter("Sans Redis")))}
    reader.get("/mail/INBOX/")
    backend = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1"}
    settings.CACHES = {"default": backend}
    assert reader.post(ACT, picked).status_code == 302
    assert (kept(mailbox, "INBOX"), len(kept(mailbox, "Trash"))) == ([], 1)
