"""A machine whose own clock is wrong, beside a database whose clock is right."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import retention, tasks
from accounts.models import UserSession
from demo.servers.dovecot import MailAccount
from webmail import clock
from webmail.models import OutboxMessage
from webmail.outbox import tending
from webmail.writing import files

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
    assert tending.tend() == [late.pk]
    assert OutboxMessage.objects.claim(early.pk) is None
    assert OutboxMessage.objects.claim(late.pk)


def test_a_worker_that_lives_keeps_its_message(machine_off: timedelta) -> None:
    row = in_outbox(true_time() - timedelta(minutes=3))
    claimed = OutboxMessage.objects.claim(row.pk)
    assert claimed
    assert abs(claimed.changed - true_time()) < timedelta(seconds=5)
    assert not OutboxMessage.objects.all().dead(timedelta(minutes=1)).exists()
    tending.tend()
    claimed.beat()
    OutboxMessage.objects.filter(pk=row.pk).update(changed=true_time() - timedelta(hours=2))
    hour = timedelta(hours=1)
    assert [one.pk for one in OutboxMessage.objects.all().dead(hour)] == [row.pk]


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
