"""The queues of background jobs, and the worker of each: no queue waits for another.

`ROUTES` says in which queue each task waits. ``bin/manage run_workers`` starts the workers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class QueueWorker:
    """The worker of one queue.

    It does ``concurrency`` jobs at once, each in a thread. A job that takes longer than ``seconds``
    runs in a process of its own, where SoftTimeLimitExceeded ends it, or SIGKILL half a minute
    later. ``is_optional`` says that the worker is not needed if no job is ever put into its queue.
    """

    queue: str
    concurrency: int
    seconds: int = 0
    former_queues: tuple[str, ...] = ()
    has_beat: bool = False
    is_optional: bool = False

    @property
    def hard_seconds(self) -> int:
        """The seconds after which a job is killed; 0 for never."""
        return self.seconds and self.seconds + _GRACE_SECONDS

    @property
    def queues(self) -> tuple[str, ...]:
        """The names of all queues that the worker takes jobs from."""
        return (self.queue, *self.former_queues)


def options(names: Sequence[str]) -> dict[str, Any]:
    """Return the arguments of Celery's ``Worker`` for these queues."""
    workers = [WORKERS[name] for name in names]
    return {
        "hostname": f"{'+'.join(names)}@",  # Celery adds the name of the machine
        "queues": ",".join(queue for worker in workers for queue in worker.queues),
        "pool_cls": "webmail.jobs.threads:QueueThreads",
        "concurrency": sum(worker.concurrency for worker in workers),
        "without_gossip": True,
        "without_mingle": True,
        # No process reads heartbeats, and while Redis is down, a worker that is told to end would
        # keep trying for ever.
        "without_heartbeat": True,
    }


def worker_of(queue: str) -> QueueWorker:
    """Return the worker of a queue, by its present or a former name."""
    return next(worker for worker in WORKERS.values() if queue in worker.queues)


# A submission server may take minutes for one message. Answers of mail servers have time limits of
# their own, so that threads, which cannot be killed, need none.
SENDING = QueueWorker("sending", concurrency=4)
# Files of strangers are read here: a file that takes too long ends with its process, and its memory
# is freed.
IMPORTS = QueueWorker("imports", concurrency=1, seconds=15 * 60)
# LibreOffice has a minute, after a minute of waiting for another conversion and half a minute for
# the pictures of the file.
OFFICE = QueueWorker("office", concurrency=1, seconds=3 * 60, is_optional=True)
# The mail of a whole mailbox takes hours. Each user has one running transfer at a time.
TRANSFERS = QueueWorker("transfers", concurrency=4)
# All other jobs. Each user has one running job at a time that acts on thousands of messages.
UPKEEP = QueueWorker("upkeep", concurrency=4, former_queues=("celery",), has_beat=True)

WORKERS = {worker.queue: worker for worker in (SENDING, IMPORTS, OFFICE, TRANSFERS, UPKEEP)}
LONGEST_SECONDS = max(worker.hard_seconds for worker in WORKERS.values())

_TASKS = {
    SENDING: (
        "webmail.tasks.deliver_message",
        "webmail.tasks.send_probe",
    ),
    IMPORTS: (
        "accounts.tasks.import_staff",
        "accounts.tasks.tidy_staff_imports",
        "addressbook.tasks.fill_directory",
        "addressbook.tasks.run_import",
        "addressbook.tasks.tidy_imports",
    ),
    OFFICE: ("webmail.tasks.convert_office_file",),
    TRANSFERS: ("webmail.tasks.do_transfer",),
    UPKEEP: (
        "accounts.tasks.clear_expired_service_tokens",
        "accounts.tasks.clear_expired_sessions",
        "accounts.tasks.end_blocks",
        "accounts.tasks.forget_old_traces",
        "accounts.tasks.mark_keys",
        "accounts.tasks.show_life",
        "accounts.tasks.tell_of_device",
        "accounts.tasks.tell_of_devices",
        "accounts.tasks.tell_of_lookup",
        "accounts.tasks.tell_of_password",
        "accounts.tasks.tell_of_reset",
        "accounts.tasks.tell_of_second_factor",
        "accounts.tasks.tell_service_of_end",
        "accounts.tasks.tend",
        "addressbook.tasks.empty_bins",
        "addressbook.tasks.end_classes",
        "webmail.tasks.do_mail_job",
        "webmail.tasks.expire_office_previews",
        "webmail.tasks.export_data",
        "webmail.tasks.forget_judgements",
        "webmail.tasks.look_for_probe",
        "webmail.tasks.prune_drafts",
        "webmail.tasks.run_pull",
        "webmail.tasks.tend_probe",
        "webmail.tasks.tidy_jobs",
        "webmail.tasks.tidy_outbox",
        "webmail.tasks.unsubscribe",
    ),
}
ROUTES = {task: {"queue": worker.queue} for worker, tasks in _TASKS.items() for task in tasks}
