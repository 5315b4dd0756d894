"""Asking for news: what scripts do where none is told."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts import session
from accounts.models import User
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import ScriptedServer, imap_script, no, ok
from tests.webmail.views import unwanted
from tests.webmail.views.mail import commands_sent, letter, page, ref, undo_steps
from webmail.adverts import judging

pytestmark = pytest.mark.django_db
FETCH = {"X-Requested-With": "fetch", "X-Background": "1"}


def poll(client: Client, folder: str = "", login: str = "alice", **more: str):
    query = urlencode({"who": User.objects.get(login=login).pk, "folder": folder, **more})
    return client.get(f"/poll/?{query}", headers=FETCH)


def stood(told: dict[str, Any]) -> str:
    """What a page says of the state that it was told."""
    return f"{told['uidvalidity']}-{told['uidnext']}-{told['exists']}"


def judged(client: Client) -> None:
    """Until nothing is new in the inbox, and that is known."""
    for _time in range(2):
        poll(client)


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


def test_what_was_marked_since_the_page_is_named(reader: Client, mailbox: Mailbox) -> None:
    uids = [mailbox.append(letter(), "Archive") for _ in range(3)]
    reader.get("/mail/Archive/")
    before = poll(reader, "Archive").json()["folders"][1]
    mailbox.imap.select("Archive")
    mailbox.imap.uid("STORE", str(uids[1]), "+FLAGS", "(\\Seen)")
    told = poll(reader, "Archive", since=before["modseq"]).json()["folders"]
    ref = f"{before['uidvalidity']}-{uids[1]}"
    assert [(one["ref"], "\\Seen" in one["flags"]) for one in told[1]["changed"]] == [(ref, True)]
    assert told[1]["more"] and told[0]["changed"] == []
    sent = commands_sent()
    poll(reader, "Archive")
    plain = commands_sent() - sent
    assert poll(reader, "Archive", since=told[1]["modseq"]).json()["folders"][1]["changed"] == []
    assert commands_sent() - sent == 2 * plain  # nothing has changed


def test_what_came_since_the_page_is_named_but_not_what_came_back(
    reader: Client, mailbox: Mailbox
) -> None:
    judged(reader)
    (before,) = poll(reader).json()["folders"]
    assert before["new"] == [] and before["unnamed"]
    mailbox.receive(letter("Tout neuf"))
    (uid,) = mailbox.uids()
    mailbox.append(letter("Ancien"), date=datetime(2026, 5, 4, 12, tzinfo=UTC))
    mailbox.append(letter("Lu"), flags=["\\Seen"])
    inbox = stood(before)
    for _tab in range(2):
        (told,) = poll(reader, inbox=inbox).json()["folders"]
        assert [one["subject"] for one in told["new"]] == ["Tout neuf"]
        assert told["new"][0]["ref"] == ref(mailbox, uid) and not told["unnamed"]
    mailbox.imap.select("INBOX")
    mailbox.imap.uid("MOVE", str(uid), "Archive")
    mailbox.imap.select("Archive")
    mailbox.imap.uid("MOVE", str(mailbox.uids("Archive")[-1]), "INBOX")
    (told,) = poll(reader, inbox=inbox).json()["folders"]
    assert told["new"] == []
    sent = commands_sent()
    poll(reader, inbox=stood(told))
    assert commands_sent() - sent <= 2  # nothing new: not a command more
    for wrong in (f"1-{before['uidnext']}-0", "x", "-", "9" * 30):
        (told,) = poll(reader, inbox=wrong).json()["folders"]
        assert told["new"] == [] and told["unnamed"]


@pytest.mark.parametrize("verb", ["trash", "copy"])
def test_a_message_that_the_user_moves_back_or_copies_is_no_new_mail(
    reader: Client, mailbox: Mailbox, verb: str
) -> None:
    folder = "INBOX" if verb == "trash" else "Archive"
    mailbox.append(letter("À peine arrivé"), folder)
    (state,) = poll(reader).json()["folders"]
    inbox = stood(state)
    picked = {"verb": verb, "refs": [ref(mailbox, mailbox.uids(folder)[0], folder)], "to": "INBOX"}
    answer = page(reader.post(f"/mail/{folder}/act/", picked, follow=True))
    if verb == "trash":
        reader.post("/mail/INBOX/act/", {"verb": "undo", "steps": undo_steps(answer)})
    (told,) = poll(reader, inbox=inbox).json()["folders"]
    assert (told["exists"], told["new"], told["unnamed"]) == (1, [], False)
    mailbox.append(letter("Tout neuf"))
    (told,) = poll(reader, inbox=inbox).json()["folders"]
    assert [arrived["subject"] for arrived in told["new"]] == ["Tout neuf"]


@pytest.mark.parametrize("since", ["", "x", "-1", "9" * 30, "1) UID STORE"])
def test_a_page_that_names_no_state_is_told_no_changes(
    reader: Client, mailbox: Mailbox, since: str
) -> None:
    mailbox.append(letter(), "Archive")
    assert poll(reader, "Archive", since=since).json()["folders"][1]["changed"] == []


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
    judged(reader)
    reader.get("/mail/Archive/")
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
    judged(reader)
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
    prefer("off")  # no judging in between
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
    assert f'id="news" aria-live="polite" data-who="{user.pk}" data-poll="/poll/"' in content
    assert 'data-events="/events"' in content
    assert 'aria-labelledby="list-title" data-folder="INBOX"' in content
    assert "<title>(1) Boîte de réception – " in " ".join(content.split()).replace(
        "<title> ", "<title>"
    )
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


@pytest.fixture
def watched(reader: Client, mailbox: Mailbox) -> Client:
    """Alice's browser, whose inbox is judged from here on."""
    reader.get("/mail/INBOX/")
    return reader


def prefer(value: str) -> None:
    User.objects.update(preferences={"adverts": value})


def test_the_inbox_is_told_as_it_stands_after_judging(watched: Client, mailbox: Mailbox) -> None:
    mailbox.append(unwanted.junk())
    (inbox,) = poll(watched).json()["folders"]
    assert (inbox["exists"], inbox["unseen"]) == (0, 0)
    mailbox.append(unwanted.advert())
    mailbox.append(letter())
    (inbox,) = poll(watched).json()["folders"]
    assert (inbox["exists"], inbox["unseen"]) == (1, 1)


def test_of_what_a_stream_told_of_that_is_named_which_stayed(
    watched: Client, mailbox: Mailbox
) -> None:
    kept, gone = mailbox.append(letter()), mailbox.append(unwanted.junk())
    arrived = ",".join([ref(mailbox, gone), ref(mailbox, kept), "1-1", "x", f"7-{kept}"])
    answer = poll(watched, arrived=arrived).json()
    assert answer["stayed"] == [ref(mailbox, kept)]
    assert poll(watched, arrived=arrived).json() == answer
    assert "stayed" not in poll(watched).json()


@pytest.mark.parametrize("choice", ["mark", "off"])
def test_where_nothing_is_set_aside_all_stays(
    watched: Client, mailbox: Mailbox, choice: str
) -> None:
    prefer(choice)
    uid = mailbox.append(unwanted.junk())
    answer = poll(watched, arrived=ref(mailbox, uid)).json()
    assert answer["stayed"] == [ref(mailbox, uid)]
    assert "data-judges" not in page(watched.get("/mail/INBOX/"))


def test_what_another_session_judges_is_waited_for(
    watched: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two browsers of one person are told of a message at the same moment; one judges it."""
    uid = mailbox.append(letter())
    poll(watched)
    cache.set(judging._claimed(User.objects.get().pk), True)
    monkeypatch.setattr(judging, "PATIENCE", 0.3)
    begun = time.monotonic()
    assert poll(watched, arrived=ref(mailbox, uid)).json()["stayed"] == [ref(mailbox, uid)]
    assert time.monotonic() - begun >= 0.3


def test_nobody_has_claimed_what_is_judged(watched: Client, mailbox: Mailbox) -> None:
    mailbox.append(unwanted.junk())
    poll(watched)
    assert cache.get(judging._claimed(User.objects.get().pk)) is None
