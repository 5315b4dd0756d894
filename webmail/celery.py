"""The Celery application.

``bin/manage run_workers`` starts a worker for each queue; ``celery -A webmail worker -B`` is one
that does all jobs, for developers.
"""

import os
from contextlib import ExitStack
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun

from webmail.serving import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
app = Celery("webmail")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_HEADER = "request_id"


@before_task_publish.connect
def _tell_request(headers: dict[str, Any] | None = None, **_sent: Any) -> None:
    """A job has the id of the request that asks for it."""
    if headers is not None:
        headers[_HEADER] = logs.request_id()


def _id_of(task: Any) -> str:
    """The id of the request that asked for the job; a new one where beat did. A job that is done at
    once, within its request, goes on with the request's."""
    for identifier in (task.request.get(_HEADER), logs.request_id()):
        if identifier and identifier != logs.NONE:
            return str(identifier)
    return logs.new_id()


@task_prerun.connect
def _begin_lines(task: Any = None, **_sent: Any) -> None:
    context = ExitStack()
    context.enter_context(logs.about(_id_of(task)))
    task.request.log_lines = context


@task_postrun.connect
def _end_lines(task: Any = None, **_sent: Any) -> None:
    context = getattr(task.request, "log_lines", None)
    if context is not None:
        context.close()
