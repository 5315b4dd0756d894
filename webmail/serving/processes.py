"""gunicorn's configuration of the web server's processes (docs/install.md, "Services").

gunicorn --config python:webmail.serving.processes webmail.asgi:application

The project and its templates are loaded once; then the processes are forked and share that memory.
``WEB_CONCURRENCY``, a variable of gunicorn, is their number. With ``WEBMAIL_ONE_SERVICE`` one more
process runs the background jobs. The names below are those of gunicorn's settings.

On SIGUSR2 gunicorn starts a second master on the same socket, which loads the current code. Its
first process that is ready ends the former master, whose processes finish their requests: no
request waits or fails. If the second master cannot start, the former one continues.
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

# Seconds that a stopping process gives a new connection to send its first request.
FIRST_REQUEST_S = 2
# prometheus_client reads it at import: processes share their numbers by files in this folder.
MEASURES = tempfile.mkdtemp(prefix="webmail-measures-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = MEASURES
# A process writes it to say that the settings must not be served.
_REFUSED = Path(MEASURES) / "refused"
_REFUSED_STATUS = 3
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
HAS_JOBS = settings.ONE_SERVICE and bool(settings.REDIS_URL)


class Connection(HttpToolsProtocol):
    """A connection of the proxy. One that was opened just before the process stops is still
    answered: closing it would reset it while its request is on the way."""

    def shutdown(self) -> None:
        if self.cycle is None:
            self.loop.call_later(FIRST_REQUEST_S, super().shutdown)
        else:
            super().shutdown()


class Worker(UvicornWorker):
    """A uvicorn process. Only `accounts.network` interprets what proxies tell of the browser."""

    CONFIG_KWARGS: ClassVar[dict[str, Any]] = {
        **UvicornWorker.CONFIG_KWARGS,
        "http": Connection,
        "proxy_headers": False,
        "access_log": False,
    }
    _has_begun = False
    does_jobs = False
    """Whether this process answers no requests and runs the background jobs."""

    def init_process(self) -> None:
        # Imported here, since gunicorn reads this module before it loads the project.
        from accounts.providers import proof

        if self.does_jobs:
            self._do_jobs()
        proof.when_refused(_refuse)
        super().init_process()

    def _do_jobs(self) -> NoReturn:
        # Imported here, since gunicorn reads this module before it loads the project.
        from core import queues
        from webmail.jobs import running

        for listener in self.sockets:
            listener.close()
        for number in (*self.SIGNALS, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)  # there is no log file to reopen
        sys.exit(bool(running.serve(list(queues.WORKERS), "INFO", self._show_life)))

    def _show_life(self) -> None:
        """Tell the master that this process is alive; end where the master has gone."""
        self.notify()
        if os.getppid() != self.ppid:
            os.kill(os.getpid(), signal.SIGTERM)

    async def callback_notify(self) -> None:
        """Called by uvicorn once a minute, beginning when the process accepts connections."""
        await super().callback_notify()
        if not self._has_begun:
            self._has_begun = True
            _relieve()


def _refuse() -> None:
    """End all processes, and let the parent say by its status that they must not run."""
    _REFUSED.touch()
    os.kill(os.getppid(), signal.SIGTERM)


def _relieve() -> None:
    """End the former master, if this process belongs to its successor, and tell systemd of the new
    main process."""
    former = os.environ.get("GUNICORN_PID", "")
    master = os.getppid()
    # The process id may have been reused.
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
# Seconds. A process that is silent for so long is replaced; a process that is told to stop may
# finish its requests; an idle connection outlives the proxy's.
timeout = 120
graceful_timeout = 30
keepalive = 75
if HAS_JOBS:
    workers = settings.PROCESSES + 1
    # Jobs take longer than requests; an interrupted job is taken up again.
    graceful_timeout = 60


def pre_fork(arbiter: Any, worker: Any) -> None:
    others = arbiter.WORKERS.values()
    worker.does_jobs = HAS_JOBS and not any(other.does_jobs for other in others)


def pre_exec(arbiter: Any) -> None:
    """Restore systemd's sockets to the file descriptors that sd_listen_fds(3) expects; gunicorn has
    moved them. This runs in a second master before it loads anything."""
    if arbiter.systemd:
        first = systemd.SD_LISTEN_FDS_START
        after = first + len(arbiter.LISTENERS)
        aside = [fcntl(listener.fileno(), F_DUPFD_CLOEXEC, after) for listener in arbiter.LISTENERS]
        for number, file in enumerate(aside, first):
            os.dup2(file, number)


def child_exit(_arbiter: Any, worker: Any) -> None:
    """Stop counting the connections of a process that has ended."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(worker.pid)


def on_exit(_arbiter: Any) -> None:
    was_refused = _REFUSED.exists()
    shutil.rmtree(MEASURES, ignore_errors=True)
    if was_refused:
        sys.exit(_REFUSED_STATUS)


def when_ready(_arbiter: Any) -> None:
    """Load the project before the first process is forked. Failure is logged and costs only shared
    memory and time."""
    # Imported here, since gunicorn reads this module before it loads the project.
    from webmail.jobs import running
    from webmail.serving import warming

    try:
        if HAS_JOBS:
            running.prepare()
        warming.share()
    except Exception:
        logger.exception("The processes will share less memory, and be slow at first.")
