"""Asking for news: what scripts do where none is told."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, no, ok
from tests.webmail.views.mail import commands_sent, letter, page

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "fetch", "X-Background": "1"}


def poll(client: Client, folder: str = "", login: str = "alice"):
    query = urlencode({"who": User.objects.get(login=login).pk, "folder": folder})
    return client.get(f"/poll/?{query}", headers=FETCH)


def test_the_inbox_and_the_open_folder_are_told(reader: Client, mailbox: Mailbox) -> None:
    mailbox.create_folder("Élèves")
    uid = mailbox.append(letter(), "Élèves")
    mailbox.append(letter(), flags=["\\Seen"])
    answer = poll(reader, "Élèves")
    assert answer["Cache-Control"].startswith("max-age=0")
    inbox, open_folder = answer.json()["folders"]
    assert (inbox["folder"], inbox["exists"], inbox["unseen"]) == ("INBOX", 1, 0)
    assert (open_folder["folder"], open_folder["unseen"]) == ("Élèves", 1)
    assert open_folder["uidvalidity"] == mailbox.uidvalidity("Élèves")
    assert open_folder["uidnext"] == uid + 1
    assert open_folder["more"]


def test_it_changes_when_a_flag_does(reader: Client, mailbox: Mailbox) -> None:
    uid = mailbox.append(letter(), flags=["\\Seen"])
    (before,) = poll(reader).json()["folders"]
    (same,) = poll(reader).json()["folders"]
    mailbox.set_flags(uid, ["\\Seen", "\\Flagged"])
    (after,) = poll(reader).json()["folders"]
    assert before == same
    assert after["modseq"] > before["modseq"]


@pytest.mark.parametrize("others", [[], ["Conseil"], ["Archive"]])
def test_what_came_to_the_folder_that_the_connection_has_open_is_told_at_once(
    reader: Client, mailbox: Mailbox, others: list[str]
) -> None:
    """Of that one a server tells what it has told before, until it says so by itself."""
    mailbox.create_folder("Conseil")
    reader.get(f"/mail/{others[0] if others else 'INBOX'}/")
    for count, folder in enumerate(["INBOX", *others]):
        mailbox.append(letter(), folder)
        told = poll(reader, *others).json()["folders"]
        assert [state["exists"] for state in told].count(1) == count + 1
    mailbox.append(letter())
    assert poll(reader, *others).json()["folders"][0]["exists"] == 2


def test_it_costs_two_commands_and_two_queries(
    reader: Client, mailbox: Mailbox, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    mailbox.create_folder("Conseil")
    poll(reader)
    before = commands_sent()
    with django_assert_max_num_queries(3):  # one of them is the test's own
        poll(reader, "Conseil")
    assert commands_sent() - before == 1
    poll(reader, "INBOX")
    assert commands_sent() - before == 2


def test_it_costs_one_command_more_when_the_connection_has_the_folder_open(
    reader: Client, mailbox: Mailbox
) -> None:
    mailbox.create_folder("Conseil")
    reader.get("/mail/Conseil/")
    before = commands_sent()
    poll(reader, "Conseil")
    assert commands_sent() - before == 2


@pytest.mark.parametrize("folder", ["Nulle part", "*", "Tra%", "a\r\nb", "\x00", "x" * 5000])
def test_a_folder_that_is_not_there_is_left_out(
    reader: Client, mailbox: Mailbox, folder: str
) -> None:
    answer = poll(reader, folder)
    assert answer.status_code == 200
    assert [told["folder"] for told in answer.json()["folders"]] == ["INBOX"]


def test_the_page_of_somebody_else_is_not_told(
    reader: Client, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    """Who is signed in now is another than whose page asks."""
    signed_in(bob)
    assert poll(reader, login="bob").status_code == 401
    assert reader.get("/poll/", headers=FETCH).status_code == 401
    assert Client().get("/poll/", headers=FETCH).status_code == 401


def test_asking_is_no_activity(reader: Client, mailbox: Mailbox) -> None:
    kept = reader.session
    kept["last_active"] -= 100
    kept.save()
    poll(reader)
    assert reader.session["last_active"] == kept["last_active"]


def test_a_server_without_condstore_is_asked_for_less(
    reader: Client, imap_moved: Callable[[int], None]
) -> None:
    told = b"* STATUS INBOX (MESSAGES 3 UIDNEXT 4 UIDVALIDITY 7 UNSEEN 1)\r\n"
    script = imap_script(
        ('STATUS "INBOX" (MESSAGES UIDNEXT UIDVALIDITY UNSEEN)', ok(told)),
        ("STATUS", no(b"[NONEXISTENT] gone")),
    )
    with ScriptedServer(script) as server:
        imap_moved(server.port)
        (inbox,) = poll(reader, "Conseil").json()["folders"]
        session.pool().close_all()
    assert (inbox["exists"], inbox["modseq"]) == (3, 0)


def test_a_page_says_where_news_are_told_and_whose_they_are(
    reader: Client, mailbox: Mailbox, settings
) -> None:
    mailbox.append(letter())
    content = page(reader.get("/mail/INBOX/"))
    user = User.objects.get()
    assert f'id="news" role="status" data-who="{user.pk}" data-poll="/poll/"' in content
    assert 'data-events="/events"' in content
    assert 'aria-labelledby="list-title" data-folder="INBOX"' in content
    assert "<title>(1) Boîte de réception – " in content
    settings.PUSH = False
    assert "data-events" not in page(reader.get("/mail/INBOX/"))


def test_notifications_are_shown_to_who_asked_for_them_and_not_on_a_shared_computer(
    reader: Client, mailbox: Mailbox, signed_in: Callable[..., Client], alice: MailAccount
) -> None:
    assert "data-notify" not in page(reader.get("/mail/INBOX/"))
    User.objects.update(preferences={"notifications": "on"})
    assert "data-notify" in page(reader.get("/mail/INBOX/"))
    shared = signed_in(alice, shared_computer="on")
    assert "data-notify" not in page(shared.get("/mail/INBOX/"))
