"""A machine whose own clock is wrong, beside a database whose clock is right."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from allauth.idp.oidc.models import Token
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import limits, retention, tasks
from accounts.autoconfig import phone
from accounts.models import Announcement, UserSession
from addressbook.models import ImportJob
from core import clock
from demo.servers.dovecot import MailAccount
from tests.tended import due
from webmail.models import DataExport, Draft, OutboxMessage, Pull, Transfer
from webmail.personal import exporting
from webmail.writing import drafts, files

pytestmark = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)


@pytest.fixture(params=[1, -1], ids=["a day ahead", "a day behind"])
def machine_off(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> timedelta:
    """This machine's clock shows the wrong day; the database's does not."""
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own")
    off: timedelta = request.param * DAY
    now, seconds = timezone.now, time.time
    monkeypatch.setattr(timezone, "now", lambda: now() + off)
    monkeypatch.setattr(time, "time", lambda: seconds() + off.total_seconds())
    connection.close()
    return off


def true_time() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def test_the_time_is_that_of_the_database(machine_off: timedelta) -> None:
    assert abs(clock.now() - true_time()) < timedelta(seconds=5)
    assert abs(clock.timestamp() - true_time().timestamp()) < 5
    assert abs(timezone.now() - true_time()) > DAY / 2


class Slow:
    """A database that is a second away."""

    vendor, alias = "postgresql", "default"

    @property
    def connection(self) -> Slow:
        return self

    def execute(self, query: str) -> Slow:
        self.moment = connection.connection.execute(query).fetchone()
        time.sleep(1)
        return self

    def fetchone(self) -> tuple[datetime]:
        return self.moment


def test_an_answer_that_takes_long_makes_the_time_not_late(monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no clock of its own")
    connection.ensure_connection()
    monkeypatch.setattr(clock, "_known", None)
    clock.ask(Slow())  # type: ignore[arg-type]
    real = true_time()
    assert timedelta(0) <= clock.now() - real < timedelta(seconds=3)


def test_a_clock_that_is_set_while_the_connection_stays(machine_off: timedelta) -> None:
    before = clock.now()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", lambda: true_time() - 30 * DAY)
        assert timedelta(0) <= clock.now() - before < timedelta(minutes=1)


def in_outbox(due: datetime, **values: object) -> OutboxMessage:
    from accounts.models import MailDomain, User

    domain, _ = MailDomain.objects.get_or_create(name="ac-exemple.fr")
    user, _ = User.objects.get_or_create(mail_domain=domain, login="zoe")
    fields = {"state": "scheduled", "sealed": b"", "key": uuid.uuid4(), **values}
    return OutboxMessage.objects.create(user=user, due=due, **fields)


def test_what_is_scheduled_leaves_at_its_time(machine_off: timedelta) -> None:
    early = in_outbox(true_time() + timedelta(hours=3))
    late = in_outbox(true_time() - timedelta(minutes=3))
    assert due(OutboxMessage) == [late.pk]
    assert OutboxMessage.objects.claim(early.pk) is None
    assert OutboxMessage.objects.claim(late.pk)


def test_a_worker_that_lives_keeps_its_message(machine_off: timedelta) -> None:
    row = in_outbox(true_time() - timedelta(minutes=3))
    claimed = OutboxMessage.objects.claim(row.pk)
    assert claimed
    assert abs(claimed.changed - true_time()) < timedelta(seconds=5)
    assert not OutboxMessage.objects.all().dead().exists()
    due(OutboxMessage)
    claimed.beat()
    OutboxMessage.objects.filter(pk=row.pk).update(changed=true_time() - timedelta(hours=2))
    assert [one.pk for one in OutboxMessage.objects.all().dead()] == [row.pk]


def test_sessions_go_on(
    signed_in: Callable[..., Client], alice: MailAccount, machine_off: timedelta
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", true_time)
        patch.setattr(time, "time", lambda: true_time().timestamp())
        client = signed_in(alice)
    assert client.get("/preferences/").status_code == 200
    tasks.clear_expired_sessions()
    retention.forget()
    assert client.get("/preferences/").status_code == 200
    (own,) = UserSession.objects.all()
    assert abs(own.last_used - true_time()) < timedelta(minutes=6)


def test_a_file_of_the_spool_is_as_old_as_its_file_system_says(
    machine_off: timedelta, tmp_path: Path
) -> None:
    (tmp_path / "ab.sealed").write_bytes(b"just written by another machine")
    files.remove_orphans(tmp_path, [])
    assert (tmp_path / "ab.sealed").exists()


def test_limits_end_when_the_machine_that_counted_says(
    machine_off: timedelta, clean_cache: None
) -> None:
    limit = limits.Limit("numen", "x", 1, 600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(timezone, "now", true_time)
        patch.setattr(time, "time", lambda: true_time().timestamp())
        limits.count([limit])
    assert 590 < limits.wait([limit]) <= 600


def test_what_is_kept_for_a_while_is_kept_so_long_on_every_machine(machine_off: timedelta) -> None:
    hour = timedelta(hours=1)
    over, later = true_time() - hour, true_time() + hour
    for until, is_kept in ((over, False), (later, True)):
        export = Transfer(kind=Transfer.Kind.EXPORT, state=Transfer.State.DONE, until=until)
        assert export.can_be_downloaded is is_kept
        contacts = ImportJob(state=ImportJob.State.DONE, undo_until=until)
        assert contacts.is_undoable is is_kept
        banner = Announcement.objects.create(since=true_time() - 2 * hour, until=until)
        assert Announcement.objects.not_over().filter(pk=banner.pk).exists() is is_kept
        code = Token.objects.create(type=Token.Type.ACCESS_TOKEN, hash=str(until), expires_at=until)
        assert Token.objects.valid().filter(pk=code.pk).exists() is is_kept
        assert Token.objects.expired().filter(pk=code.pk).exists() is not is_kept


def test_what_this_machine_writes_has_the_time_of_all(machine_off: timedelta) -> None:
    from accounts.models import MailDomain, User

    domain, _ = MailDomain.objects.get_or_create(name="ac-exemple.fr")
    user, _ = User.objects.get_or_create(mail_domain=domain, login="zoe")
    number = uuid.uuid4()
    drafts.begin(user, number)
    written = [drafts.discard(user, number).changed, exporting.ask(user).asked, Pull().changed]
    for moment in written:
        assert abs(moment - true_time()) < timedelta(seconds=5)
    assert DataExport.objects.all().in_force().exists()
    drafts.prune()
    assert Draft.objects.filter(pk=number).exists()


def test_a_link_that_one_machine_made_is_shown_by_another(
    machine_off: timedelta, clean_cache: None
) -> None:
    holder = phone.SettingsHolder("user", 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(time, "time", lambda: true_time().timestamp())
        link = phone.renew("secret", holder)
    found = phone.find_phone_link(link.token)
    assert found and 0 < found.seconds_left <= phone.LINK_SECONDS
