"""The mail of another account: fetched once, guarded, its password forgotten."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import LentCredential, User
from demo.servers.dovecot import Dovecot, MailAccount
from mail.errors import TooManyTries
from mail.imap.connection import Connection
from mail.mailbox import folders
from tests.accounts.logged import begin_log, lines_of, shows
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from tests.tended import due
from tests.waiting import SOON_S, join
from tests.webmail.views.mail import letter, words
from webmail.models import Transfer
from webmail.transfer import collecting, depositing, jobs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("spool", "no_connections_left")]
State = Transfer.State


def asked(reader: Client, dovecot: Dovecot, bob: MailAccount, **more: str) -> Any:
    data = {
        "server": f"127.0.0.1:{dovecot.imap_port}",
        "login": bob.login,
        "password": bob.password,
        "new": "Ancienne",
    }
    return reader.post("/transfers/account/", data | more)


def collected(reader: Client, dovecot: Dovecot, bob: MailAccount) -> Transfer:
    assert asked(reader, dovecot, bob).status_code == 302
    job = Transfer.objects.get(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_all_folders_come_with_flags_and_dates(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    elsewhere.append(letter("Un"), flags=["\\Seen"])
    elsewhere.create_folder("Projets/Été")
    elsewhere.append(letter("Deux", "x" * 3_000_000), "Projets/Été")
    elsewhere.append(letter("Pub"), "Junk")
    job = collected(reader, dovecot, bob)
    assert (job.state, job.done, job.failure) == (State.DONE, 2, "")
    assert mailbox.message(
        mailbox.uids("Ancienne/INBOX")[0], "Ancienne/INBOX"
    ) == elsewhere.message(elsewhere.uids()[0])
    assert mailbox.flags(mailbox.uids("Ancienne/INBOX")[0], "Ancienne/INBOX") == {"\\Seen"}
    assert len(mailbox.uids("Ancienne/Projets/Été")) == 1
    assert "Ancienne/Junk" not in mailbox.folders()
    assert elsewhere.flags(elsewhere.uids("Projets/Été")[0], "Projets/Été") == set()
    again = collected(reader, dovecot, bob)
    assert (again.done, again.known) == (0, 2)
    reader.post(f"/transfers/{job.pk}/undo/")
    assert not any(name.startswith("Ancienne") for name in mailbox.folders())


def expunge(box: Mailbox, uid: int, folder: str = "INBOX") -> None:
    box.set_flags(uid, ["\\Deleted"], folder)
    box.imap.expunge()


def bodies_of(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that ask for whole messages, as they are sent to either server."""
    asked: list[str] = []
    uid = Connection.uid

    def noted(connection: Connection, *words: Any) -> Any:
        if "BODY.PEEK[]" in str(words):
            asked.append(str(words))
        return uid(connection, *words)

    monkeypatch.setattr(Connection, "uid", noted)
    return asked


def test_a_second_fetch_asks_for_what_is_new_alone(
    reader: Client,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large.fill(elsewhere, "INBOX", 40)
    elsewhere.create_folder("Projets")
    elsewhere.append(letter("Projet"), "Projets")
    expunge(elsewhere, elsewhere.uids()[20])
    assert collected(reader, dovecot, bob).done == 40
    bodies = bodies_of(monkeypatch)
    again = collected(reader, dovecot, bob)
    assert (again.done, again.known, bodies) == (0, 40, [])
    elsewhere.append(letter("Nouveau", message_id="<neuf@x>"), "Projets")
    expunge(elsewhere, elsewhere.uids()[3])
    expunge(mailbox, mailbox.uids("Ancienne/INBOX")[-1], "Ancienne/INBOX")
    third = collected(reader, dovecot, bob)
    assert (third.done, third.known, len(bodies)) == (2, 38, 2)
    assert len(mailbox.uids("Ancienne/INBOX")) == 39
    assert len(mailbox.uids("Ancienne/Projets")) == 2
    assert [bool(job.work["pairs"]) for job in Transfer.objects.filter(work__has_key="pairs")] == [
        True
    ]


def test_a_folder_that_was_made_anew_elsewhere_is_fetched_anew(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    elsewhere.create_folder("Projets")
    elsewhere.append(letter("Un", "premier", message_id="<1@x>"), "Projets")
    assert collected(reader, dovecot, bob).done == 1
    elsewhere.delete_folder("Projets")
    time.sleep(1.1)  # Dovecot's UIDVALIDITY is a number of seconds
    elsewhere.create_folder("Projets")
    elsewhere.append(letter("Un", "secondo", message_id="<1@x>"), "Projets")
    again = collected(reader, dovecot, bob)
    assert (again.done, again.known) == (1, 0)
    assert len(mailbox.uids("Ancienne/Projets")) == 2


def test_a_uid_alone_makes_no_message_known(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    """A server that gives its UIDs anew without saying so."""
    for number in range(3):
        elsewhere.append(letter(f"Lettre {number}", message_id=f"<{number}@x>"))
    first = collected(reader, dovecot, bob)
    *place, runs = first.work["pairs"]["INBOX"]
    runs[1:] = [runs[1] - 1, runs[2] + 1]
    Transfer.objects.update(work=first.work | {"pairs": {"INBOX": [*place, runs]}})
    elsewhere.append(letter("Neuve", message_id="<9@x>"))
    again = collected(reader, dovecot, bob)
    assert (again.done, again.known) == (1, 3)
    assert len(mailbox.uids("Ancienne/INBOX")) == 4


def test_what_was_killed_goes_on_where_it_was_in_whatever_order_folders_are_told(
    reader: Client,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in "ABCD":
        elsewhere.create_folder(name)
        for number in range(3):
            elsewhere.append(letter(name, message_id=f"<{name}{number}@x>"), name)
    append, list_folders, runs = Connection.append, folders.list_folders, 0

    def dying(*args: Any, **more: Any) -> Any:
        if runs == 1 and len(mailbox.uids("Ancienne/B")) == 2:
            raise KeyboardInterrupt
        return append(*args, **more)

    def listed(imap: Connection) -> Any:
        # Dovecot tells folders in another order from one connection to the next.
        return sorted(list_folders(imap), key=lambda one: one.name, reverse=runs > 1)

    monkeypatch.setattr(Connection, "append", dying)
    monkeypatch.setattr(folders, "list_folders", listed)
    monkeypatch.setattr(depositing, "_WRITE_EVERY", 1)
    mailbox.create_folder("Ancienne/B")
    asked(reader, dovecot, bob)
    job = Transfer.objects.get(state=State.WAITING)
    runs = 1
    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)
    Transfer.objects.update(state=State.WAITING)
    elsewhere.delete_folder("A")
    elsewhere.create_folder("0")
    elsewhere.append(letter("nouveau"), "0")
    runs = 2
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.known) == (State.DONE, 13, 0)
    assert all(len(mailbox.uids(f"Ancienne/{name}")) == 3 for name in "ABCD")


def test_the_password_is_sealed_and_forgotten(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    elsewhere.append(letter("Un"))
    assert asked(reader, dovecot, bob).status_code == 302
    job = Transfer.objects.get()
    assert job.sealed and bob.password not in repr(list(Transfer.objects.values()))
    assert bob.password.encode() not in bytes(job.sealed)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert bytes(job.sealed) == b"" and not LentCredential.objects.exists()
    assert job.state == State.DONE


@pytest.mark.parametrize("how", ["cancelled", "failed", "waited for too long"])
def test_the_password_is_forgotten_however_it_ends(
    reader: Client,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    how: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked(reader, dovecot, bob)
    job = Transfer.objects.get()
    if how == "cancelled":
        reader.post(f"/transfers/{job.pk}/cancel/")
    elif how == "failed":
        Transfer.objects.update(work=job.work | {"other": job.work["other"] | {"login": "autre"}})
        jobs.run(job.pk)
    else:
        Transfer.objects.update(state=State.PASSWORD, changed=job.changed - timedelta(days=2))
        jobs.tidy()
    job.refresh_from_db()
    assert bytes(job.sealed) == b""
    assert job.is_finished and (how == "cancelled" or job.failure == "OtherRefused")
    if how == "failed":
        Transfer.objects.update(work=job.work | {"other": job.work["other"] | {"login": bob.login}})
        assert reader.post(f"/transfers/{job.pk}/resume/").status_code == 302
        assert not due(Transfer)
        reader.post(f"/transfers/{job.pk}/resume/", {"password": bob.password})
        jobs.run(job.pk)
        job.refresh_from_db()
        assert job.state == State.DONE and bytes(job.sealed) == b""


def ended(answer: Any) -> Transfer:
    """The transfer that was asked for, after its worker."""
    assert answer.status_code == 302
    job = Transfer.objects.get(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_a_wrong_password_is_told_by_the_job_and_can_be_typed_again(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    elsewhere.append(letter("Un"))
    answer = asked(reader, dovecot, bob, password="faux")
    shown = words(reader.get(answer["Location"]))
    assert "Tentative de connexion" in shown
    job = ended(answer)
    shown = words(reader.get(answer["Location"]))
    assert "n’accepte pas" in shown and "faux" not in shown
    reader.post(f"/transfers/{job.pk}/resume/", {"password": bob.password})
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done) == (State.DONE, 1)


def test_no_password_is_tried_often(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    job = ended(asked(reader, dovecot, bob, password="faux"))
    for number in range(9):
        reader.post(f"/transfers/{job.pk}/resume/", {"password": f"faux{number}"})
        jobs.run(job.pk)
    refused = reader.post(f"/transfers/{job.pk}/resume/", {"password": bob.password}, follow=True)
    assert "attendez une heure" in words(refused)
    job.refresh_from_db()
    assert job.state == State.FAILED and job.attempts == 1
    answer = asked(reader, dovecot, bob)
    assert answer.status_code == 422 and "attendez une heure" in words(answer)
    cache.clear()


def test_tries_at_the_same_time_count_before_they_are_made(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    user = User.objects.get(pk=reader.session["_auth_user_id"])
    with ThreadPoolExecutor(16) as threads:
        allowed = list(threads.map(lambda _try: _may_try(user), range(16)))
    assert sum(allowed) <= 10
    cache.clear()


def _may_try(user: User) -> bool:
    try:
        collecting.reserve(user)
    except TooManyTries:
        return False
    return True


class Trickle:
    """A server that greets with a byte every fifth of a second, for ever."""

    def __enter__(self) -> Trickle:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def _serve(self) -> None:
        self._listener.settimeout(0.1)
        while not self._over.is_set():
            with suppress(OSError), self._listener.accept()[0] as talk:
                while not self._over.wait(0.2):
                    talk.sendall(b"*")

    def __exit__(self, *_error: object) -> None:
        self._over.set()
        join(self._thread)
        self._listener.close()


def test_no_page_waits_for_a_slow_server_and_the_worker_no_longer_than_it_may(
    reader: Client, mailbox: Mailbox, opened: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "SIGN_IN_SECONDS", 1.0)
    with Trickle() as slow:
        begun = time.monotonic()
        answer = reader.post(
            "/transfers/account/",
            {"server": f"127.0.0.1:{slow.port}", "login": "x", "password": "y", "new": "Là"},
        )
        assert time.monotonic() - begun < SOON_S / 2
        job = ended(answer)
        assert time.monotonic() - begun < SOON_S
    assert (job.state, job.failure) == (State.FAILED, "OtherUnavailable")
    assert "L’autre serveur ne répond pas" in words(reader.get(answer["Location"]))


def test_slow_accounts_leave_a_worker_to_others(
    reader: Client, mailbox: Mailbox, django_user_model: Any
) -> None:
    for number in range(Transfer.MOST_ACCOUNTS):
        other = django_user_model.objects.create(login=f"slow{number}")
        Transfer.objects.create(user=other, kind=Transfer.Kind.ACCOUNT, state=State.RUNNING)
    user = User.objects.get(pk=reader.session["_auth_user_id"])
    export = Transfer.objects.create(user=user, kind=Transfer.Kind.EXPORT)
    Transfer.objects.create(user=user, kind=Transfer.Kind.ACCOUNT)
    assert list(Transfer.objects.waiting()) == [export]


@pytest.mark.parametrize(
    "server",
    ["127.0.0.1:143", "localhost", "169.254.169.254", "[::1]:993", "10.0.0.1", "2130706433"],
)
def test_no_server_without_a_public_address_is_asked(
    reader: Client, mailbox: Mailbox, dovecot: Dovecot, bob: MailAccount, server: str
) -> None:
    answer = asked(reader, dovecot, bob, server=server)
    if answer.status_code == 302:
        assert ended(answer).failure == "OtherClosed"
        assert "adresse publique" in words(reader.get(answer["Location"]))
    else:
        assert answer.status_code == 422 and not Transfer.objects.exists()


def test_no_other_port_is_asked_where_it_is_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting.remote, "look_up", lambda host: ["93.184.216.34"])
    with pytest.raises(collecting.OtherClosed):
        collecting.server("imap.example.org", 25)
    found = collecting.server("imap.example.org", 143)
    assert (found.host, found.name, found.security) == (
        "93.184.216.34",
        "imap.example.org",
        "starttls",
    )


def test_a_killed_worker_costs_no_message_and_no_copy(
    reader: Client,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large.fill(elsewhere, "INBOX", 120)
    append, calls = Connection.append, 0

    def dying(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        done = append(*args, **more)
        if calls % 31 == 0:
            raise KeyboardInterrupt
        return done

    monkeypatch.setattr(Connection, "append", dying)
    asked(reader, dovecot, bob)
    job = Transfer.objects.get()
    for _time in range(10):
        Transfer.objects.filter(state=State.RUNNING).update(state=State.WAITING)
        try:
            jobs.run(job.pk)
        except KeyboardInterrupt:
            continue
        break
    job.refresh_from_db()
    assert (job.state, job.done, job.known, calls) == (State.DONE, 120, 0, 120)
    assert len(mailbox.uids("Ancienne/INBOX")) == 120


def test_what_was_there_is_counted_once_though_the_worker_dies(
    reader: Client,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large.fill(elsewhere, "INBOX", 100)
    mailbox.create_folder("Ancienne")
    mailbox.create_folder("Ancienne/INBOX")
    for number in range(40, 80):
        mailbox.append(large.message(number), "Ancienne/INBOX")
    append, calls = Connection.append, 0

    def dying(*args: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 33:
            raise KeyboardInterrupt
        return append(*args, **more)

    monkeypatch.setattr(Connection, "append", dying)
    asked(reader, dovecot, bob)
    job = Transfer.objects.get()
    with pytest.raises(KeyboardInterrupt):
        jobs.run(job.pk)
    Transfer.objects.update(state=State.WAITING)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.known) == (State.DONE, 60, 40)
    assert job.passed == 100 and len(mailbox.uids("Ancienne/INBOX")) == 100


def test_commands_are_few(
    reader: Client,
    mailbox: Mailbox,
    elsewhere: Mailbox,
    dovecot: Dovecot,
    bob: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    large.fill(elsewhere, "INBOX", 600)
    asked(reader, dovecot, bob)
    sent = 0
    exchange: Callable[..., Any] = Connection._exchange

    def counted(*args: Any, **more: Any) -> Any:
        nonlocal sent
        sent += 1
        return exchange(*args, **more)

    monkeypatch.setattr(Connection, "_exchange", counted)
    job = Transfer.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    # One APPEND a message; all else by hundreds.
    assert job.done == 600 and sent < 660
    sent = 0
    again = collected(reader, dovecot, bob)
    assert again.known == 600 and sent < 30


def test_no_password_of_the_other_account_stands_in_a_log_of_connections(
    reader: Client, mailbox: Mailbox, elsewhere: Mailbox, dovecot: Dovecot, bob: MailAccount
) -> None:
    elsewhere.create_folder("Divorce")
    elsewhere.append(letter("Le mot que personne ne lit"), "Divorce")
    user = User.objects.get(login="alice")
    begin_log(user)
    asked(reader, dovecot, bob, password="Pas-Le-Sien9")
    jobs.run(Transfer.objects.get(state=State.WAITING).pk)
    assert collected(reader, dovecot, bob).done == 1
    text = lines_of(user)
    assert "APPEND" in text
    for secret in (bob.password, "Pas-Le-Sien9", "Divorce", "personne", "Ancienne", ALICE.password):
        assert not shows(text, secret)
