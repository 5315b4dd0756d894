"""Periodic jobs on several machines: each is begun once, by whichever machine finds it due."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as django_settings

from core import clock
from tests.webmail.jobs.test_queues import (
    Start,
    broker,
    descendants,
    shared_database,
    start,
    wait_until,
)
from webmail.models import PeriodicJob

__all__ = ["broker", "shared_database", "start"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("shared_database")]

# Four machines of one process, which look at the same moment, once.
LOOKS = """
import os, sys, threading, time
import django
django.setup()
from django.conf import settings
from webmail.celery import app
from webmail.jobs.beat import SharedScheduler
app.loader.import_default_modules()
machines = [SharedScheduler(app) for _ in range(4)]
(settings.SPOOL / f"ready-{os.getpid()}").touch()
while not (settings.SPOOL / "go").exists():
    time.sleep(0.01)
pauses = []
threads = [threading.Thread(target=lambda m=m: pauses.append(m.tick())) for m in machines]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
sys.exit(len(pauses) != 4)
"""
NO_BROKER = "import os; os.environ['REDIS_URL'] = 'redis://127.0.0.1:1/0'\n"
# Those that are done every few seconds may become due again while a test runs.
RARE = {
    name: entry
    for name, entry in django_settings.CELERY_BEAT_SCHEDULE.items()
    if entry["task"] != "accounts.tasks.tend"
}


def plan(**begun: timedelta) -> None:
    """Make all jobs begun now, but for these: begun so long ago."""
    for name in django_settings.CELERY_BEAT_SCHEDULE:
        ago = begun.get(name.replace("-", "_"), timedelta(0))
        PeriodicJob.objects.create(name=name, begun=clock.now() - ago)


def look(start: Start, spool: Path, *scripts: str) -> None:
    """Let all machines of these scripts look at the same moment."""
    spool.mkdir()
    processes = [start(by=("-c", script)) for script in scripts]
    wait_until(lambda: len(list(spool.glob("ready-*"))) == len(scripts))
    (spool / "go").touch()
    for process in processes:
        assert process.wait(60) == 0


def queued(broker: str) -> Counter[str]:
    """The names of the tasks that wait in all queues, but for those of the most frequent jobs."""
    server = redis.Redis.from_url(broker)
    texts = [
        text
        for queue in ("sending", "imports", "transfers", "upkeep")
        for text in server.lrange(queue, 0, -1)
    ]
    names = Counter(json.loads(text)["headers"]["task"] for text in texts)
    names.pop("accounts.tasks.tend", None)
    return names


def test_a_job_that_is_due_is_begun_once_though_many_machines_see_it(
    settings, tmp_path: Path, broker: str, start: Start
) -> None:
    plan(**{name.replace("-", "_"): timedelta(days=2) for name in RARE})
    look(start, tmp_path / "spool", LOOKS, LOOKS)
    assert queued(broker) == Counter(entry["task"] for entry in RARE.values())


def test_a_job_of_the_night_that_no_machine_could_begin_is_begun_later_and_others_wait(
    settings, tmp_path: Path, broker: str, start: Start
) -> None:
    plan(
        fill_directory=timedelta(hours=25),
        clear_expired_sessions=timedelta(hours=23),
        empty_bins=-timedelta(hours=1),  # the clock of the database was set back
        prune_drafts=-timedelta(seconds=10),
    )
    look(start, tmp_path / "spool", LOOKS)
    assert queued(broker) == {
        "addressbook.tasks.fill_directory": 1,
        "addressbook.tasks.empty_bins": 1,
    }
    assert abs(PeriodicJob.objects.get(name="empty-bins").begun - clock.now()) < timedelta(0, 60)


def test_a_new_job_is_first_done_when_its_time_is_over(
    settings, tmp_path: Path, broker: str, start: Start
) -> None:
    look(start, tmp_path / "spool", LOOKS, LOOKS)
    assert set(PeriodicJob.objects.values_list("name", flat=True)) == set(
        django_settings.CELERY_BEAT_SCHEDULE
    )
    assert queued(broker) == {}


def test_a_job_stays_due_while_the_broker_is_away(
    settings, tmp_path: Path, broker: str, start: Start
) -> None:
    plan(prune_drafts=timedelta(hours=2))
    before = PeriodicJob.objects.get(name="prune-drafts").begun
    look(start, tmp_path / "spool", NO_BROKER + LOOKS)
    assert PeriodicJob.objects.get(name="prune-drafts").begun == before
    (tmp_path / "spool" / "go").unlink()
    for mark in (tmp_path / "spool").iterdir():
        mark.unlink()
    (tmp_path / "spool").rmdir()
    look(start, tmp_path / "spool", LOOKS)
    assert queued(broker) == {"webmail.tasks.prune_drafts": 1}


@pytest.mark.slow
def test_another_machine_goes_on_when_the_first_is_killed(
    settings, tmp_path: Path, broker: str, start: Start
) -> None:
    first, second = start("upkeep"), start("sending", "upkeep")
    logs = tmp_path / "workers.log"
    wait_until(lambda: logs.read_text(errors="replace").count(" ready.") >= 2)

    def begun_after(moment: object) -> bool:
        return PeriodicJob.objects.filter(name="tend-sending", begun__gt=moment).exists()

    moment = clock.now()
    wait_until(lambda: begun_after(moment))
    for pid in (*descendants(first.pid), first.pid):
        os.kill(pid, signal.SIGKILL)
    moment = clock.now()
    wait_until(lambda: begun_after(moment), seconds=30)
    assert second.poll() is None
