"""The message that goes round, through a real submission server into a real mailbox; and what is
told when it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailDomain
from demo.servers.submission import SubmissionServer
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import ALICE
from webmail import probing, tasks
from webmail.doctor import mail as doctor
from webmail.models import Probe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clean_cache")]
State = Probe.State
TOKEN = "de-la-craie-et-un-tableau"


@pytest.fixture(autouse=True)
def probe_mailbox(settings, mail_domain: MailDomain, mailbox: Mailbox) -> None:
    """Alice's, empty."""
    settings.PROBE_LOGIN = "alice@ac-exemple.fr"
    settings.PROBE_PASSWORD = ALICE.password
    settings.METRICS_TOKEN = TOKEN


def begun() -> UUID:
    due, waiting = probing.tend()
    assert due is not None
    assert waiting is None
    return due


def state(pk: UUID) -> str:
    return Probe.objects.get(pk=pk).state


def make_older(pk: UUID, minutes: float = 11) -> None:
    Probe.objects.filter(pk=pk).update(asked=timezone.now() - timedelta(minutes=minutes))


def metrics() -> str:
    answer = Client().get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    return str(answer.content.decode())


def findings(level: str) -> str:
    told = doctor.probe_findings()
    return "\n".join(f"{one.text} {one.advice}" for one in told if one.level == level)


def test_it_goes_round_and_leaves_nothing(submission: SubmissionServer, mailbox: Mailbox) -> None:
    pk = begun()
    assert probing.send(pk)
    (arrived,) = mailbox.messages()
    head = message_from_bytes(arrived)
    assert head["Auto-Submitted"] == "auto-generated"
    assert ALICE.password.encode() not in arrived
    assert probing.tend() == (None, pk)
    assert not probing.look(pk)
    probe = Probe.objects.get()
    assert (probe.state, probe.folder) == (State.ARRIVED, "INBOX")
    assert probe.seconds is not None
    assert 0 < probe.seconds < 60
    assert mailbox.messages() == []
    assert probing.tend() == (None, None)  # the next in ten minutes
    told = metrics()
    assert "\nwebmail_probe_delay_seconds " in told
    assert 'webmail_probe_runs_total{result="arrived"} 1.0' in told
    assert 'webmail_probe_runs_total{result="missing"} 0.0' in told
    assert "alice" not in told
    assert "alice@ac-exemple.fr" in findings("ok")
    make_older(pk)
    assert begun() != pk


@pytest.fixture
def at_once(settings) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = True


def test_its_jobs_call_one_another(
    at_once: None, submission: SubmissionServer, mailbox: Mailbox
) -> None:
    tasks.tend_probe()
    assert Probe.objects.get().state == State.ARRIVED
    assert mailbox.messages() == []
    tasks.tend_probe()
    assert Probe.objects.count() == 1


def test_a_job_that_runs_twice_sends_once(submission: SubmissionServer, mailbox: Mailbox) -> None:
    pk = begun()
    assert probing.send(pk)
    assert not probing.send(pk)
    assert len(mailbox.uids()) == 1
    assert not probing.send(uuid4())
    assert not probing.look(uuid4())


def test_one_is_on_its_way_at_a_time(submission: SubmissionServer) -> None:
    begun()
    assert probing.tend() == (None, None)  # not sent yet: nothing to look for
    assert probing._begun() is None
    assert Probe.objects.count() == 1


def test_what_came_late_and_what_lay_there_is_deleted_and_nothing_else(
    submission: SubmissionServer, mailbox: Mailbox
) -> None:
    for _late in range(3):
        mailbox.append(b"Subject: old\r\nX-Webmail-Probe: 1\r\n\r\nx\r\n")
        mailbox.append(b"Subject: old\r\nX-Webmail-Probe: 1\r\n\r\nx\r\n", "Junk")
    kept = mailbox.append(b"Subject: kept\r\n\r\nX-Webmail-Probe: 1\r\n")
    marked = mailbox.append(b"Subject: kept too\r\n\r\nx\r\n", flags=["\\Deleted"])
    pk = begun()
    probing.send(pk)
    probing.look(pk)
    assert state(pk) == State.ARRIVED
    assert mailbox.uids() == [kept, marked]
    assert mailbox.uids("Junk") == []


def test_one_that_is_taken_for_junk_is_found_and_told(
    submission: SubmissionServer, mailbox: Mailbox
) -> None:
    pk = begun()
    probing.send(pk)
    (raw,) = mailbox.messages()
    mailbox.empty()
    mailbox.append(raw, "Junk")
    assert not probing.look(pk)
    assert Probe.objects.get().folder == "Junk"
    assert "alice@ac-exemple.fr" in findings("warn")


def test_a_submission_server_that_is_down_is_told(mail_domain: MailDomain) -> None:
    pk = begun()  # nothing listens on port 1
    assert not probing.send(pk)
    assert state(pk) == State.UNSENT
    assert Probe.objects.get().words
    assert 'webmail_probe_runs_total{result="unsent"} 1.0' in metrics()
    assert "webmail_probe_delay_seconds" not in metrics()
    assert "webmail_probe_age_seconds" in metrics()
    assert "alice@ac-exemple.fr" in findings("bad")


def test_a_password_that_is_refused_is_told_and_not_tried_again(
    submission: SubmissionServer, settings
) -> None:
    pk = begun()
    probing.send(pk)
    settings.PROBE_PASSWORD = "faux"
    assert not probing.look(pk)
    assert state(pk) == State.UNREAD
    make_older(pk)
    again = begun()
    assert not probing.send(again)
    assert state(again) == State.UNSENT
    assert "faux" not in Probe.objects.get(pk=again).words


def test_a_mailbox_that_does_not_open_is_told_at_the_end(
    submission: SubmissionServer, mail_domain: MailDomain
) -> None:
    pk = begun()
    probing.send(pk)
    port, mail_domain.imap_port = mail_domain.imap_port, 1
    mail_domain.save()
    assert probing.look(pk)
    assert state(pk) == State.WAITING
    make_older(pk)
    assert probing.tend()[0] is not None
    assert state(pk) == State.UNREAD
    mail_domain.imap_port = port
    mail_domain.save()


def test_one_that_does_not_arrive_in_time_is_told(
    submission: SubmissionServer, mailbox: Mailbox
) -> None:
    pk = begun()
    probing.send(pk)
    mailbox.empty()
    assert probing.look(pk)
    assert state(pk) == State.WAITING
    make_older(pk)
    due, waiting = probing.tend()
    assert due is not None
    assert waiting is None
    assert state(pk) == State.MISSING
    assert 'webmail_probe_runs_total{result="missing"} 1.0' in metrics()
    assert not probing.look(pk)
    assert state(pk) == State.MISSING


def test_a_worker_that_does_not_take_the_job_is_told() -> None:
    pk = begun()
    make_older(pk)
    begun()
    assert state(pk) == State.UNSENT
    assert not probing.send(pk)


def test_beat_that_stopped_is_told(submission: SubmissionServer) -> None:
    pk = begun()
    probing.send(pk)
    probing.look(pk)
    hour_ago = timezone.now() - timedelta(hours=1)
    Probe.objects.update(handed=hour_ago, asked=hour_ago)
    assert "beat" in findings("bad").casefold()


@pytest.mark.parametrize("login", ["sonde@ailleurs.example", "", "sonde@"])
def test_a_mailbox_of_no_domain_is_told(settings, login: str) -> None:
    settings.PROBE_LOGIN = login
    if not login:
        assert probing.tend() == (None, None)
        assert "webmail_probe" not in metrics()
        assert "WEBMAIL_PROBE_LOGIN" in findings("ok")
        return
    settings.PROBE_ADDRESS = "pas une adresse"
    pk = begun()
    assert not probing.send(pk)
    assert state(pk) == State.UNSENT


def test_old_rows_go(submission: SubmissionServer) -> None:
    pk = begun()
    probing.send(pk)
    probing.look(pk)
    Probe.objects.update(asked=timezone.now() - timedelta(days=8))
    begun()
    assert not Probe.objects.filter(pk=pk).exists()
    assert probing.counts()[State.ARRIVED] == 1


def test_the_administration_shows_them(
    submission: SubmissionServer, admin_page: Callable[[str], str]
) -> None:
    pk = begun()
    probing.send(pk)
    probing.look(pk)
    assert "arrivé" in admin_page("/admin/webmail/probe/")
    page = admin_page(f"/admin/webmail/probe/{pk}/change/")
    assert "INBOX" in page
    assert ", arrivé</h2>" in page and "arrived" not in page


@pytest.fixture
def admin_page(settings) -> Callable[[str], str]:
    from accounts.models import User

    settings.ADMIN_NEEDS_TOTP = False
    boss = User.objects.create_administrator("patronne", "Une-Craie-Verte-2026")
    client = Client()
    client.force_login(boss, backend="accounts.backends.LocalAdministratorBackend")

    def page(address: str) -> str:
        answer = client.get(address)
        assert answer.status_code == 200
        return str(answer.content.decode())

    return page
