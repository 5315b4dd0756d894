"""The Celery application.

``bin/manage run_workers`` starts a worker for each queue. For developers, ``celery -A webmail
worker -B`` starts a single worker for all jobs.
"""

import os
from contextlib import ExitStack
from typing import Any

from celery import Celery
from celery.signals import before_task_publish, task_postrun, task_prerun

from core import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webmail.settings")
app = Celery("webmail")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

_HEADER = "request_id"


@before_task_publish.connect
def _tell_request(headers: dict[str, Any] | None = None, **_sent: Any) -> None:
    """Give a job the id of the request that starts it."""
    if headers is not None:
        headers[_HEADER] = logs.request_id()


def _id_of(task: Any) -> str:
    """Return the id of the request that started the job, or a new one if beat did. A job that runs
    inside its request keeps the request's id.
    """
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
