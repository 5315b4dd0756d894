"""Jobs in processes of their own, where there is no broker and so no worker.

Celery would do them within the request that starts them. A job that waits for a server which a user
or a message names, or that goes through whole mailboxes, must not keep the web server's threads.
"""

from __future__ import annotations

import subprocess
import sys
from threading import Thread

from django.conf import settings

THREAD = "job apart"
"""The name of the threads that wait for the end of such processes."""


def begin(task: str, pk: object) -> None:
    """Start ``bin/manage run_job`` for a row, and return at once."""
    command = [sys.executable, "manage.py", "run_job", task, str(pk)]
    child = subprocess.Popen(  # noqa: S603  the names of our tasks and keys of our rows
        command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, start_new_session=True
    )
    Thread(target=child.wait, name=THREAD, daemon=True).start()
