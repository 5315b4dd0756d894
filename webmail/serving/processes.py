"""gunicorn's configuration of the web server's processes (docs/install.md, "Services").

    gunicorn --config python:webmail.serving.processes webmail.asgi:application

The project is loaded and its templates are read once; the processes are forked then and share that
memory. ``WEB_CONCURRENCY`` is gunicorn's own variable of their number. The names below are those of
gunicorn's settings.
"""

from __future__ import annotations

import logging
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn_worker import UvicornWorker  # type: ignore[import-untyped]

logger = logging.getLogger(__name__)

# Seconds that a process which is told to stop gives a new connection to send its first request.
FIRST_REQUEST_S = 2


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


preload_app = True
worker_class = Worker
control_socket_disable = True
# Seconds: a process that is silent for so long is replaced; one that is told to stop ends what it
# has in hand; an idle connection outlives the proxy's.
timeout = 120
graceful_timeout = 30
keepalive = 75


def when_ready(_arbiter: Any) -> None:
    """Before the first process is forked. Whatever keeps memory from being shared, it starts."""
    # Not above: gunicorn reads this module before it loads the project.
    from webmail.serving import warming

    try:
        warming.share()
    except Exception:
        logger.exception("The processes will share less memory, and be slow at first.")
