"""No queue waits for another: what declares them, and real workers that are held up."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import pytest
import redis
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from celery.concurrency import get_implementation
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.http import SignedInRequest
from accounts.models import MailDomain, User
from addressbook.imports import jobs as imports
from addressbook.models import ImportJob
from addressbook.tasks import run_import
from core import queues
from core.queues import LONGEST_SECONDS, ROUTES, SENDING, WORKERS
from demo.launch import workers
from demo.servers import process
from demo.servers.broker import Broker
from demo.servers.dovecot import MailAccount
from tests.servers.mailboxes import Mailbox
from tests.servers.plugin import missing
from tests.webmail.outbox.letters import letter
from webmail import outbox
from webmail.celery import app
from webmail.jobs.threads import QueueThreads
from webmail.models import OutboxMessage

ROOT = Path(__file__).parents[3]
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture(scope="module", autouse=True)
def tasks() -> set[str]:
    """The names of all tasks of the project, as a worker imports them."""
    app.loader.import_default_modules()
    return {
        name for name in app.tasks if name.startswith(("webmail.", "accounts.", "addressbook."))
    }


# --- what is declared ---


def test_every_task_has_a_queue_with_a_worker(tasks: set[str]) -> None:
    assert tasks == ROUTES.keys()
    for name in tasks:
        queue = app.amqp.router.route({}, name)["queue"]
        assert (queue.name, queue.routing_key) == (ROUTES[name]["queue"],) * 2
        assert queue.name in WORKERS


def test_what_beat_asks_for_is_a_task(tasks: set[str]) -> None:
    planned = {one["task"] for one in django_settings.CELERY_BEAT_SCHEDULE.values()}
    assert planned <= tasks
    assert [name for name, worker in WORKERS.items() if worker.has_beat] == ["upkeep"]


def test_what_was_put_into_the_former_queue_is_still_done() -> None:
    assert "celery" in WORKERS["upkeep"].queues


def test_nothing_is_delivered_again_while_it_is_done() -> None:
    options = django_settings.CELERY_BROKER_TRANSPORT_OPTIONS
    assert cast(int, options["visibility_timeout"]) > LONGEST_SECONDS
    assert all(WORKERS[name].hard_seconds for name in ("imports", "office"))


def test_the_threads_of_a_process_are_found_by_their_name() -> None:
    names = queues.options(["sending"])["pool_cls"]
    assert get_implementation(names) is QueueThreads


def test_the_demo_starts_a_worker_for_each_queue() -> None:
    assert set(WORKERS) <= set(workers(has_office=True))
    assert set(WORKERS) - set(workers(has_office=False)) == {"office"}


def test_the_instructions_start_a_worker_for_each_queue() -> None:
    unit = ROOT / "deploy" / "systemd" / "webmail-worker@.service"
    assert "manage.py run_workers %i" in unit.read_text(encoding="utf-8")
    text = (ROOT / "docs" / "install.md").read_text(encoding="utf-8")
    (enabled,) = re.findall(r"enable --now (.*webmail-worker.*)", text)
    assert set(re.findall(r"webmail-worker@(\w+)", enabled)) == set(WORKERS)


def test_without_redis_there_is_nothing_to_work_on(settings) -> None:
    settings.REDIS_URL = ""
    with pytest.raises(CommandError, match="REDIS_URL"):
        call_command("run_workers")


# --- real workers ---

real = pytest.mark.django_db(transaction=True)
# A message leaves when beat has looked, every five seconds; on a busy machine that may take longer.
USUAL = 150
CARDS = "".join(
    f"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Eve {n}\r\nEMAIL:eve{n}@exemple.invalid\r\nEND:VCARD\r\n"
    for n in range(3_000)
)
SLOW = "lent@ailleurs.exemple"
# Limits that a test can wait for.
IMPATIENT = """
import sys
from dataclasses import replace
from django.core.management import execute_from_command_line
from core import queues
queues._GRACE_SECONDS = 3
queues.WORKERS["imports"] = replace(queues.IMPORTS, seconds=3)
execute_from_command_line(sys.argv)
"""


class Sink:
    """A submission server that thinks about mail to SLOW until it is released."""

    def __init__(self) -> None:
        self.recipients: list[str] = []
        self.is_released = False

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.recipients += envelope.rcpt_tos
        while envelope.rcpt_tos == [SLOW] and not self.is_released:
            await asyncio.sleep(0.1)
        return "250 2.0.0 Taken"


@pytest.fixture
def sink(mail_domain: MailDomain) -> Iterator[Sink]:
    """Where the mail domain's people send."""
    sink = Sink()
    controller = Controller(
        sink,
        hostname="127.0.0.1",
        port=process.free_port(),
        authenticator=lambda *_: AuthResult(success=True),
        auth_require_tls=False,
    )
    controller.start()
    mail_domain.smtp_port = controller.port
    mail_domain.save()
    yield sink
    sink.is_released = True
    controller.stop()


@pytest.fixture
def shared_database() -> None:
    if connection.vendor == "sqlite":
        pytest.skip("other processes can't read a database in memory")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[str]:
    """A Redis for these workers alone: other tests' jobs are not for them."""
    program = shutil.which("redis-server")
    server = Broker(tmp_path / "redis", Path(program) if program else None, keep=False)
    server.start()
    yield server.url
    server.stop()


@pytest.fixture
def start(settings, tmp_path: Path, broker: str) -> Iterator[Start]:
    """`start("imports")`: a worker of its own, with the test's database and spool."""
    settings.SPOOL = tmp_path / "spool"
    name = connection.settings_dict["NAME"]
    env = os.environ | {
        "DATABASE_URL": re.sub(r"/[^/?]*(\?|$)", f"/{name}\\1", os.environ["DATABASE_URL"]),
        "REDIS_URL": broker,
        "WEBMAIL_SECRET_KEY": settings.SECRET_KEY,
        "WEBMAIL_SPOOL": str(settings.SPOOL),
        "PYTHONPATH": str(ROOT),
    }
    started: list[subprocess.Popen[bytes]] = []

    def begin(
        *queues: str, by: tuple[str, ...] = ("manage.py",), inside: tuple[str, ...] = ()
    ) -> subprocess.Popen[bytes]:
        command = [*inside, sys.executable, "-W", "ignore", *by, "run_workers", *queues]
        started.append(process.spawn(command, tmp_path / "workers.log", env=env, cwd=ROOT))
        return started[-1]

    yield begin
    for one in started:
        for pid in descendants(one.pid):
            with suppress(ProcessLookupError):  # it ends while its parent is looked at
                os.kill(pid, signal.SIGCONT)
        process.stop(one, seconds=20)


def children(pid: int) -> list[int]:
    try:
        return [int(w) for w in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    return [one for child in children(pid) for one in (child, *descendants(child))]


def wait_until(condition: Callable[[], bool], seconds: float = USUAL) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def in_kombu(broker: str) -> str:
    return broker.replace("unix://", "redis+socket://")


def begin_import(user: User, broker: str) -> ImportJob:
    """An import that waits in the queue of these workers."""
    job = imports.accept_chunks(
        user, [("carnet.vcf", [CARDS.encode()])], "auto", uploaded_by=user, policy="merge"
    )
    with app.connection(in_kombu(broker)) as told:
        cast(Any, run_import).apply_async((job.pk,), connection=told)
    return job


def has_begun(job: ImportJob) -> bool:
    job.refresh_from_db()
    return bool(job.runner)


def is_sent(row: OutboxMessage) -> bool:
    row.refresh_from_db()
    return row.state == OutboxMessage.State.SENT


@contextmanager
def frozen(job: ImportJob, worker: subprocess.Popen[bytes]) -> Iterator[int]:
    """The process that has the import stands still, while the block runs. Gives its id.

    It is a child of the worker's parent, behind the process that takes jobs.
    """
    wait_until(lambda: has_begun(job))
    _takes_jobs, pid = children(worker.pid)
    os.kill(pid, signal.SIGSTOP)
    yield pid


@real
@pytest.mark.slow
def test_a_message_leaves_while_an_import_and_another_message_take_long(
    shared_database: None,
    signed_in: Callable[..., Client],
    alice: MailAccount,
    mailbox: Mailbox,
    sink: Sink,
    broker: str,
    start: Start,
) -> None:
    request = cast(SignedInRequest, signed_in(alice).get("/preferences/").wsgi_request)
    worker = start()  # of all queues: its process takes them all

    def accept(to: str) -> OutboxMessage:
        (row,) = outbox.accept(request, None, [letter(to)], key=uuid.uuid4())
        return row

    with frozen(begin_import(request.user, broker), worker):
        for _one in range(SENDING.concurrency - 1):
            accept(SLOW)
        wait_until(lambda: sink.recipients.count(SLOW) == SENDING.concurrency - 1)
        row = accept("bob@ac-exemple.fr")
        wait_until(lambda: is_sent(row))
    assert OutboxMessage.objects.filter(state="sending", sent=None).count()
    assert ImportJob.objects.get().is_moving
    assert worker.poll() is None
    sink.is_released = True  # the worker would wait for it when it is told to end


@real
@pytest.mark.slow
def test_no_job_is_taken_from_a_queue_that_is_busy(
    shared_database: None, mail_domain: MailDomain, broker: str, start: Start
) -> None:
    """It stays where the worker of another machine finds it."""
    user = User.objects.create(mail_domain=mail_domain, login="claire")
    (imports_queue,) = (queue for queue in app.conf.task_queues if queue.name == "imports")
    with (
        frozen(begin_import(user, broker), start()) as pid,
        app.connection(in_kombu(broker)) as connected,
    ):
        second = begin_import(user, broker)
        waiting = imports_queue(connected.default_channel)
        for _look in range(30):
            assert waiting.queue_declare(passive=True).message_count == 1
            time.sleep(0.1)
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: has_begun(second))


@pytest.mark.whole
@real
@pytest.mark.slow
def test_an_import_that_takes_too_long_is_ended_and_the_next_one_done(
    shared_database: None,
    mail_domain: MailDomain,
    broker: str,
    start: Start,
) -> None:
    """Not even what hears no signal holds the worker for longer."""
    user = User.objects.create(mail_domain=mail_domain, login="claire")
    worker = start("imports", by=("-c", IMPATIENT))
    with frozen(begin_import(user, broker), worker) as pid:
        wait_until(lambda: pid not in descendants(worker.pid))
    job = begin_import(user, broker)
    wait_until(lambda: has_begun(job))
    assert worker.poll() is None


@real
@pytest.mark.slow
def test_an_import_is_done_where_no_semaphore_can_be_made(
    shared_database: None, mail_domain: MailDomain, broker: str, start: Start, tmp_path: Path
) -> None:
    """As in a container or a chroot whose /dev/shm is missing."""
    if shutil.which("bwrap") is None:
        pytest.skip(missing("bubblewrap"))
    user = User.objects.create(mail_domain=mail_domain, login="claire")
    shm = "/dev/shm"  # noqa: S108
    walls = (
        "bwrap",
        "--die-with-parent",
        "--dev-bind",
        "/",
        "/",
        "--tmpfs",
        shm,
        "--remount-ro",
        shm,
    )
    worker = start("imports", inside=walls)
    job = begin_import(user, broker)
    wait_until(lambda: has_begun(job))
    assert worker.poll() is None


@real
@pytest.mark.slow
def test_when_the_process_that_takes_jobs_dies_its_parent_ends(
    shared_database: None, start: Start
) -> None:
    """So that systemd, or whoever looks after the demo, starts both anew."""
    workers = start("sending", "imports")
    wait_until(lambda: len(children(workers.pid)) == 1)
    os.kill(children(workers.pid)[0], signal.SIGKILL)
    assert workers.wait(USUAL) == 1


@real
@pytest.mark.slow
def test_a_worker_that_is_told_to_end_ends_what_it_has_in_hand(
    shared_database: None, mail_domain: MailDomain, broker: str, start: Start
) -> None:
    user = User.objects.create(mail_domain=mail_domain, login="claire")
    worker = start()
    with frozen(begin_import(user, broker), worker) as pid:
        worker.terminate()
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(5)
        os.kill(pid, signal.SIGCONT)
        assert worker.wait(USUAL) == 0
    job = ImportJob.objects.get()
    assert job.state == ImportJob.State.READY and not job.runner


@pytest.mark.whole
@real
@pytest.mark.slow
@pytest.mark.parametrize("queue", ["imports", "upkeep"])
def test_a_worker_that_is_told_to_end_while_redis_is_down_ends(
    shared_database: None,
    mail_domain: MailDomain,
    broker: str,
    start: Start,
    tmp_path: Path,
    queue: str,
) -> None:
    worker = start(queue)
    wait_until(lambda: " ready." in (tmp_path / "workers.log").read_text())
    with redis.Redis.from_url(broker) as client:
        client.shutdown(nosave=True)
    time.sleep(5)
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(USUAL) in {0, 1}


@pytest.mark.whole
@real
@pytest.mark.slow
def test_a_worker_goes_on_showing_that_it_lives(
    shared_database: None, mail_domain: MailDomain, broker: str, start: Start
) -> None:
    start("imports")
    with redis.Redis.from_url(broker) as client:
        for _sign in range(2):
            wait_until(lambda: bool(client.keys("*jobs-worker-imports")))
            client.delete(*client.keys("*jobs-worker-imports"))
