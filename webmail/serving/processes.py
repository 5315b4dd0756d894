"""gunicorn's configuration of the web server's processes (docs/install.md, "Services").

    gunicorn --config python:webmail.serving.processes webmail.asgi:application

The project is loaded and its templates are read once; the processes are forked then and share that
memory. ``WEB_CONCURRENCY`` is gunicorn's own variable of their number. With ``WEBMAIL_ONE_SERVICE``
one more of them does the background jobs. The names below are those of gunicorn's settings.

At SIGUSR2 gunicorn starts a second master on the same socket, which loads the code that is there
now. Its first process that serves ends the former master, whose processes finish what they have in
hand: no request waits or fails. A successor that cannot start leaves the former as it is.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sys
import tempfile
from fcntl import F_DUPFD_CLOEXEC, fcntl
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from gunicorn import systemd  # type: ignore[import-untyped]
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

# Seconds that a process which is told to stop gives a new connection to send its first request.
FIRST_REQUEST_S = 2
# prometheus_client looks for it when it is imported: its processes share numbers by files there.
MEASURES = tempfile.mkdtemp(prefix="webmail-measures-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = MEASURES
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
HAS_JOBS = settings.ONE_SERVICE and bool(settings.REDIS_URL)


class Connection(HttpToolsProtocol):
    """A connection of the proxy. One that was opened just before the process stops is answered:
    to close it would reset it, since its request is under way."""

    def shutdown(self) -> None:
        if self.cycle is None:
            self.loop.call_later(FIRST_REQUEST_S, super().shutdown)
        else:
            super().shutdown()


class Worker(UvicornWorker):
    """A process of uvicorn. What proxies tell of the browser is for `accounts.network` alone."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "http": Connection,
        "proxy_headers": False,
        "access_log": False,
    }
    _has_begun = False
    does_jobs = False
    """Whether it is the process that answers nothing, and does the background jobs."""

    def init_process(self) -> None:
        if self.does_jobs:
            self._do_jobs()
        super().init_process()

    def _do_jobs(self) -> NoReturn:
        # Not above: gunicorn reads this module before it loads the project.
        from webmail.jobs import queues, running

        for listener in self.sockets:
            listener.close()
        for number in (*self.SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # it has no file of a log that was renamed
        sys.exit(bool(running.serve(list(queues.WORKERS), "INFO", self._show_life)))

    def _show_life(self) -> None:
        """To the master; where that has gone, end."""
        self.notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)

    async def callback_notify(self) -> None:
        """uvicorn calls it once a minute, from the moment on when it takes connections."""
        await super().callback_notify()
        if not self._has_begun:
            self._has_begun = True
            _relieve()


def _relieve() -> None:
    """End the master that this process's own one succeeds, and tell systemd which one counts."""
    former = os.environ.get("GUNICORN_PID", "")
    master = os.getppid()
    # The number may be another process's by now.
    if former.isdigit() and _parent(master) == int(former):
        systemd.sd_notify(f"MAINPID={master}", logger)
        os.kill(int(former), signal.SIGTERM)


def _parent(pid: int) -> int:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("PPid:"))


preload_app = True
worker_class = Worker
control_socket_disable = True
# Seconds: a process that is silent for so long is replaced; one that is told to stop ends what it
# has in hand; an idle connection outlives the proxy's.
timeout = 120
graceful_timeout = 30
keepalive = 75
if HAS_JOBS:
    workers = settings.PROCESSES + 1
    # Jobs are longer than answers; one that is cut is taken up again.
    graceful_timeout = 60


def pre_fork(arbiter: Any, worker: Any) -> None:
    others = arbiter.WORKERS.values()
    worker.does_jobs = HAS_JOBS and not any(other.does_jobs for other in others)


def pre_exec(arbiter: Any) -> None:
    """Put systemd's sockets where sd_listen_fds(3) has them, from which gunicorn had moved them.
    This runs in a second master, before it loads anything."""
    if arbiter.systemd:
        first = systemd.SD_LISTEN_FDS_START
        after = first + len(arbiter.LISTENERS)
        aside = [fcntl(listener.fileno(), F_DUPFD_CLOEXEC, after) for listener in arbiter.LISTENERS]
        for number, file in enumerate(aside, first):
            os.dup2(file, number)


def child_exit(_arbiter: Any, worker: Any) -> None:
    """The connections of a process that has ended are counted no more."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(_arbiter: Any) -> None:
    shutil.rmtree(MEASURES, ignore_errors=True)


def when_ready(_arbiter: Any) -> None:
    """Before the first process is forked. Whatever keeps memory from being shared, it starts."""
    # Not above: gunicorn reads this module before it loads the project.
    from webmail.jobs import running
    from webmail.serving import warming

    try:
        if HAS_JOBS:
            running.prepare()
        warming.share()
    except Exception:
        logger.exception("The processes will share less memory, and be slow at first.")
