"""What takes longer than a request: handed over, gone on with, killed, stopped, taken back."""

from __future__ import annotations

import html
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import claims, session
from accounts.models import LentCredential, MailDomain, User
from demo.servers.dovecot import MailAccount
from mail.mailbox import bulk
from tests.servers import large
from tests.servers.mailboxes import Mailbox
from tests.servers.scripted import CLOSE, ScriptedServer, imap_script, ok, selected, wait
from tests.tended import due
from tests.waiting import join
from tests.webmail.views.mail import fields, page
from webmail import tasks
from webmail.jobs import mail_jobs
from webmail.models import MailJob

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("no_connections_left")]
HTMX = {"HX-Request": "true"}
ACT = "/mail/INBOX/act/"
State = MailJob.State


@pytest.fixture
def no_connections_left():
    yield
    session.pool().close_all()


@pytest.fixture
def reader(signed_in: Callable[..., Client], alice: MailAccount) -> Client:
    return signed_in(alice)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request has time for one command, and no worker is there to be told of the rest."""
    monkeypatch.setattr(mail_jobs, "SECONDS", 0.0)
    monkeypatch.setattr(bulk, "FIRST", 25)
    monkeypatch.setattr(bulk, "_MOST", 25)
    monkeypatch.setattr(tasks.do_mail_job, "delay", lambda pk: None)


@pytest.fixture
def handed_over(reader: Client, mailbox: Mailbox, slow: None) -> MailJob:
    """A hundred messages on their way to the trash, of which 25 are there."""
    large.fill(mailbox, "INBOX", 100)
    return begin(reader)


def begin(reader: Client, verb: str = "trash", **more: str) -> MailJob:
    chosen = dict(fields(page(reader.get("/mail/INBOX/selection/", headers=HTMX))))
    answer = reader.post(ACT, chosen | {"verb": verb, **more}, headers=HTMX)
    assert answer.status_code == 200, page(answer)
    return MailJob.objects.get(is_undone=False, verb=verb)


def test_what_takes_more_than_a_second_goes_on_as_a_job(
    handed_over: MailJob, mailbox: Mailbox, alice: MailAccount
) -> None:
    assert (handed_over.state, handed_over.done, handed_over.total) == (State.WAITING, 25, 100)
    assert len(mailbox.uids()) == 75
    mail_jobs.run(handed_over.pk)
    handed_over.refresh_from_db()
    assert (handed_over.state, handed_over.done) == (State.DONE, 100)
    assert mailbox.uids() == [] and len(mailbox.uids("Trash")) == 100
    assert handed_over.credential is None and not LentCredential.objects.exists()


def test_the_password_is_nowhere_in_the_rows(handed_over: MailJob, alice: MailAccount) -> None:
    for model in (MailJob, LentCredential):
        assert alice.password not in repr(list(model.objects.values()))


def test_a_second_run_does_nothing(handed_over: MailJob, mailbox: Mailbox) -> None:
    mail_jobs.run(handed_over.pk)
    mailbox.append(b"Subject: neu\n\nneu\n")
    mail_jobs.run(handed_over.pk)
    assert len(mailbox.uids()) == 1


def test_progress_is_shown_until_it_is_over(
    reader: Client, handed_over: MailJob, mailbox: Mailbox
) -> None:
    shown = reader.get("/jobs/progress/", headers=HTMX)
    assert shown.status_code == 200 and 'value="25"' in page(shown)
    assert 'hx-get="/jobs/progress/"' in page(reader.get("/mail/INBOX/"))
    # Nobody does anything while a page asks: a session left alone still ends.
    for asking in (page(shown), page(reader.get(f"/jobs/{handed_over.pk}/"))):
        assert """hx-headers='{"X-Background": "1"}'""" in asking
    mail_jobs.run(handed_over.pk)
    ended = reader.get("/jobs/progress/", headers=HTMX)
    assert ended.status_code == 286 and ended["HX-Trigger-After-Swap"] == "mail:refresh"
    assert "100" in page(ended) and f"/jobs/{handed_over.pk}/undo/" in page(ended)
    assert 'hx-get="/jobs/progress/"' not in page(reader.get("/mail/INBOX/"))


def test_a_job_has_a_page_that_can_be_left_and_found_again(
    reader: Client, handed_over: MailJob
) -> None:
    url = f"/jobs/{handed_over.pk}/"
    assert f'href="{url}"' in page(reader.get("/jobs/"))
    assert f'hx-get="{url}"' in page(reader.get(url))
    assert reader.get(url, headers=HTMX).status_code == 200
    mail_jobs.run(handed_over.pk)
    assert reader.get(url, headers=HTMX).status_code == 286
    assert f'hx-get="{url}"' not in page(reader.get(url))


def test_all_of_it_is_taken_back_once(
    reader: Client, handed_over: MailJob, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail_jobs.run(handed_over.pk)
    monkeypatch.setattr(mail_jobs, "SECONDS", 60.0)
    for _ in range(2):
        assert reader.post(f"/jobs/{handed_over.pk}/undo/").status_code == 302
    assert len(mailbox.uids()) == 100 and mailbox.uids("Trash") == []


def test_what_was_done_before_it_was_stopped_is_taken_back(
    reader: Client, handed_over: MailJob, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reader.post(f"/jobs/{handed_over.pk}/cancel/").status_code == 302
    assert not LentCredential.objects.exists()
    mail_jobs.run(handed_over.pk)
    assert len(mailbox.uids()) == 75
    monkeypatch.setattr(mail_jobs, "SECONDS", 60.0)
    reader.post(f"/jobs/{handed_over.pk}/undo/")
    assert len(mailbox.uids()) == 100


def test_a_job_is_stopped_amid_its_run(
    handed_over: MailJob, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = mail_jobs._write_down

    def stop_after_one(job: MailJob, work: bulk.BulkWork) -> bool:
        if work.done == 50:
            mail_jobs.cancel(MailJob.objects.select_related("credential").get(pk=job.pk))
        return written(job, work)

    monkeypatch.setattr(mail_jobs, "_write_down", stop_after_one)
    mail_jobs.run(handed_over.pk)
    handed_over.refresh_from_db()
    assert (handed_over.state, handed_over.done) == (State.CANCELLED, 50)
    assert len(mailbox.uids()) == 50
    undone = sum(len(step.uids) for step in mail_jobs.way_back(handed_over))
    assert undone == 50


class Killed(BaseException):
    """As by kill -9: nothing of ours runs any more."""


@pytest.mark.parametrize("verb", ["trash", "copy", "flag"])
@pytest.mark.parametrize("moment", range(1, 9))
def test_a_killed_worker_is_followed_by_one_that_does_nothing_twice(
    reader: Client,
    mailbox: Mailbox,
    slow: None,
    monkeypatch: pytest.MonkeyPatch,
    verb: str,
    moment: int,
) -> None:
    """Killed at each step: before a command is sent, after it, and after its answer is noted."""
    large.fill(mailbox, "INBOX", 100)
    job = begin(reader, verb, to="Archive")
    written, calls = mail_jobs._write_down, 0

    def die(row: MailJob, work: bulk.BulkWork) -> bool:
        nonlocal calls
        calls += 1
        if calls == moment:
            if moment % 2:  # the row is as it was: the answer was heard and not noted
                raise Killed
            written(row, work)
            raise Killed
        return written(row, work)

    with monkeypatch.context() as patched:
        patched.setattr(mail_jobs, "_write_down", die)
        try:
            mail_jobs.run(job.pk)
        except Killed:
            MailJob.objects.update(changed=timezone.now() - MailJob.PATIENCE - timedelta(minutes=1))
    due(MailJob)
    mail_jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.done, job.gone) == (State.DONE, 100, 0)
    assert len(mailbox.uids()) == (0 if verb == "trash" else 100)
    assert len(mailbox.uids("Trash")) == (100 if verb == "trash" else 0)
    assert len(mailbox.uids("Archive")) == (100 if verb == "copy" else 0)
    if verb == "flag":
        (back,) = mail_jobs.way_back(job)
        mailbox.imap.select("INBOX")
        flagged_before = 100 // 10
        assert len(back.uids) == 100 - flagged_before


def test_another_takes_up_what_a_killed_worker_had_within_a_minute(handed_over: MailJob) -> None:
    """beat looks every five seconds: once for who gives no sign of life, once for who waits."""
    longest = MailJob.PATIENCE + MailJob.AGAIN + timedelta(seconds=10)
    assert longest <= timedelta(minutes=1)
    job = MailJob.objects.claim(handed_over.pk)
    assert job is not None
    for state, silent in ((State.RUNNING, 25), (State.WAITING, 31)):
        MailJob.objects.update(changed=timezone.now() - timedelta(seconds=silent))
        assert due(MailJob) == []
        job.refresh_from_db()
        assert job.state == state


def test_a_worker_that_wakes_after_the_job_was_resumed_changes_nothing(
    reader: Client, handed_over: MailJob
) -> None:
    """The attempts begin anew with the new password; the first worker is still not the third."""
    first = MailJob.objects.claim(handed_over.pk)
    MailJob.objects.update(changed=timezone.now() - timedelta(minutes=1))
    due(MailJob)
    second = MailJob.objects.claim(handed_over.pk)
    assert first is not None and second is not None
    mail_jobs._stop(second, State.PASSWORD)
    reader.post(f"/jobs/{handed_over.pk}/resume/")
    third = MailJob.objects.claim(handed_over.pk)
    assert third is not None and third.attempts == first.attempts
    work = mail_jobs._read(third)
    assert [mail_jobs._write_down(job, work) for job in (first, second, third)] == [
        False,
        False,
        True,
    ]


@pytest.fixture
def waited_for(
    reader: Client, handed_over: MailJob, mail_domain, monkeypatch: pytest.MonkeyPatch
) -> Iterator[threading.Thread]:
    """A worker that gives twenty signs of life a second, and waits a second for the mail server."""
    folder, uidvalidity = handed_over.folder, handed_over.work["left"][0][2]
    assert folder == "INBOX"
    late = imap_script(
        ("SELECT", selected(exists=75, uidvalidity=uidvalidity)),
        ("UID MOVE", wait(1.0), b"{tag} NO later\r\n"),
    )
    monkeypatch.setattr(claims, "_BEAT", 0.05)
    monkeypatch.setattr(MailJob, "PATIENCE", timedelta(seconds=0.3))
    with ScriptedServer(late) as server:
        mail_domain.imap_port = server.port
        mail_domain.save()
        session.pool().close_all()
        worker = threading.Thread(target=_run_apart, args=(handed_over.pk,))
        worker.start()
        yield worker
        join(worker)
        session.pool().close_all()


def _run_apart(pk: int) -> None:
    try:
        mail_jobs.run(pk)
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_waits_for_the_mail_server_keeps_its_job(
    handed_over: MailJob, waited_for: threading.Thread
) -> None:
    time.sleep(0.7)
    assert waited_for.is_alive()
    assert due(MailJob) == []
    handed_over.refresh_from_db()
    assert (handed_over.state, handed_over.attempts) == (State.RUNNING, 1)
    join(waited_for)
    handed_over.refresh_from_db()
    assert (handed_over.state, handed_over.failure) == (State.FAILED, "ServerRefused")
    assert "heartbeat" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_hangs_gives_no_more_signs_of_life(
    handed_over: MailJob, waited_for: threading.Thread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "_LONGEST_STEP", 0.1)
    time.sleep(0.7)
    assert waited_for.is_alive()
    due(MailJob)
    handed_over.refresh_from_db()
    assert handed_over.state == State.WAITING


def test_a_changed_password_makes_the_job_wait_for_the_new_one(
    reader: Client, handed_over: MailJob, mailbox: Mailbox
) -> None:
    user = User.objects.get(login="alice")
    changed, user.mail_password_changed = user.mail_password_changed, timezone.now()
    user.save()
    mail_jobs.run(handed_over.pk)
    handed_over.refresh_from_db()
    assert handed_over.state == State.PASSWORD and len(mailbox.uids()) == 75
    assert not LentCredential.objects.exists()
    user.mail_password_changed = changed
    user.save()
    assert f"/jobs/{handed_over.pk}/resume/" in page(reader.get(f"/jobs/{handed_over.pk}/"))
    assert reader.post(f"/jobs/{handed_over.pk}/resume/").status_code == 302
    mail_jobs.run(handed_over.pk)
    assert mailbox.uids() == [] and len(mailbox.uids("Trash")) == 100


def test_a_job_whose_password_is_over_its_day_waits(handed_over: MailJob, mailbox: Mailbox) -> None:
    LentCredential.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert due(MailJob) == []
    mail_jobs.run(handed_over.pk)
    handed_over.refresh_from_db()
    assert handed_over.state == State.PASSWORD and len(mailbox.uids()) == 75


def test_beat_starts_what_nobody_was_told_of(handed_over: MailJob) -> None:
    assert due(MailJob) == []  # it was made just now
    MailJob.objects.update(changed=timezone.now() - timedelta(minutes=1))
    assert due(MailJob) == [handed_over.pk]


def test_what_was_done_a_week_ago_is_forgotten(handed_over: MailJob) -> None:
    mail_jobs.run(handed_over.pk)
    MailJob.objects.update(changed=timezone.now() - MailJob.KEPT - timedelta(hours=1))
    mail_jobs.tidy()
    assert not MailJob.objects.exists()


def test_a_server_that_is_gone_for_good_ends_the_job_with_words(
    reader: Client, handed_over: MailJob, mail_domain
) -> None:
    mail_domain.imap_port = 1
    mail_domain.save()
    for _ in range(MailJob.MOST_ATTEMPTS):
        mail_jobs.run(handed_over.pk)
    handed_over.refresh_from_db()
    assert (handed_over.state, handed_over.failure) == (State.FAILED, "ServerUnavailable")
    assert not LentCredential.objects.exists()
    assert handed_over.can_be_undone


def test_a_folder_made_anew_ends_the_job_and_touches_nothing(
    handed_over: MailJob, mailbox: Mailbox
) -> None:
    work = handed_over.work
    work["left"][0][2] += 1
    MailJob.objects.update(work=work)
    mail_jobs.run(handed_over.pk)
    handed_over.refresh_from_db()
    assert (handed_over.state, handed_over.failure) == (State.FAILED, "FolderChanged")
    assert len(mailbox.uids()) == 75


def test_nobody_sees_or_stops_the_job_of_another(
    handed_over: MailJob, signed_in: Callable[..., Client], bob: MailAccount
) -> None:
    other = signed_in(bob)
    url = f"/jobs/{handed_over.pk}/"
    assert other.get(url).status_code == 404
    for end in ("cancel/", "resume/", "undo/"):
        assert other.post(url + end).status_code == 404
    assert url not in page(other.get("/jobs/"))
    handed_over.refresh_from_db()
    assert handed_over.state == State.WAITING


def test_a_line_that_drops_amid_a_bulk_move_goes_on_as_a_job(
    reader: Client, mail_domain, slow: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server moves 25, takes the next command and hangs up; the job asks what is left."""
    listed = b'* LIST (\\HasNoChildren) "/" INBOX\r\n* LIST (\\Trash) "/" Trash\r\n'
    copied = b"* OK [COPYUID 9 1:25 1:25] moved\r\n"
    dropping = imap_script(
        ("LIST", ok(listed)),
        ("SELECT", selected(exists=60, uidvalidity=7)),
        ("UID MOVE 1:25", ok(copied)),
        ("UID MOVE 26:50", CLOSE),
    )
    going_on = imap_script(
        ("SELECT", selected(exists=20, uidvalidity=7)),
        ("UID SEARCH UID 26:50", ok(b"* SEARCH 41 42 43 44 45 46 47 48 49 50\r\n")),
        ("UID MOVE 41:50", ok(b"* OK [COPYUID 9 41:50 90:99] moved\r\n")),
        ("UID MOVE 51:60", ok(b"* OK [COPYUID 9 51:60 100:109] moved\r\n")),
    )
    with ScriptedServer(dropping, going_on) as server:
        mail_domain.imap_port = server.port
        mail_domain.save()
        session.pool().close_all()
        monkeypatch.setattr(mail_jobs, "SECONDS", 60.0)
        refs = [f"7-{n}" for n in range(1, 61)]
        answer = reader.post(ACT, {"verb": "trash", "refs": refs}, headers=HTMX)
        assert answer.status_code == 200 and 'id="running"' in page(answer)
        job = MailJob.objects.get()
        assert (job.state, job.done) == (State.WAITING, 25)
        mail_jobs.run(job.pk)
        session.pool().close_all()
    job.refresh_from_db()
    assert (job.state, job.done, job.gone) == (State.DONE, 60, 0)
    # How those were called in the trash of which nobody heard is not known: 15 stay there.
    assert sum(len(step.uids) for step in mail_jobs.way_back(job)) == 45
    said = html.unescape(page(reader.get(f"/jobs/{job.pk}/", headers=HTMX)))
    assert "pendant le déplacement de 15 d’entre eux" in said


def test_a_way_back_too_long_for_a_form_is_kept_as_a_job(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webmail.views.transfers.awaited.LONGEST_FORM", 10)
    uid = mailbox.append(b"Subject: x\n\nx\n")
    data = {"verb": "trash", "refs": [f"{mailbox.uidvalidity()}-{uid}"]}
    answer = reader.post(ACT, data, follow=True)
    (url,) = re.findall(r'action="(/jobs/\d+/undo/)"', page(answer))
    reader.post(url)
    assert len(mailbox.uids()) == 1


def test_what_was_done_to_many_at_once_is_found_again_and_taken_back(
    reader: Client, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail_jobs, "SECONDS", 60.0)
    large.fill(mailbox, "INBOX", 251)
    assert begin(reader).state == State.DONE
    (url,) = re.findall(r'href="(/jobs/\d+/)"', page(reader.get("/jobs/")))
    assert f'action="{url}undo/"' in page(reader.get(url))
    reader.post(f"{url}undo/")
    assert len(mailbox.uids()) == 251


def test_taking_back_can_be_tried_again_when_the_server_did_not_answer(
    reader: Client,
    handed_over: MailJob,
    mailbox: Mailbox,
    mail_domain,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mail_jobs.cancel(handed_over)
    port, mail_domain.imap_port = mail_domain.imap_port, 1
    mail_domain.save()
    session.pool().close_all()
    assert reader.post(f"/jobs/{handed_over.pk}/undo/").status_code == 503
    mail_domain.imap_port = port
    mail_domain.save()
    monkeypatch.setattr(mail_jobs, "SECONDS", 60.0)
    assert reader.post(f"/jobs/{handed_over.pk}/undo/").status_code == 302
    assert len(mailbox.uids()) == 100


def test_one_job_of_a_person_runs_at_a_time(mail_domain: MailDomain) -> None:
    alice = User.objects.create(mail_domain=mail_domain, login="alice")
    bob = User.objects.create(mail_domain=mail_domain, login="bob")
    first, second, other = (
        MailJob.objects.create(user=user, verb="move", folder="INBOX", total=1)
        for user in (alice, alice, bob)
    )
    assert MailJob.objects.claim(first.pk) is not None
    assert MailJob.objects.claim(second.pk) is None
    assert MailJob.objects.claim(other.pk) is not None
    MailJob.objects.filter(pk=first.pk).update(state=MailJob.State.DONE)
    assert MailJob.objects.claim(second.pk) is not None
