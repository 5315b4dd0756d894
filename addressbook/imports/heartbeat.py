"""Signs of life of who has an import."""

from __future__ import annotations

from django.utils import timezone

from addressbook.models import ImportJob


class Stopped(Exception):
    """The import was cancelled, or somebody else has it."""


def beat(job: ImportJob, **values: object) -> None:
    """Write ``values`` and the time onto the job's row, which is locked then until the transaction
    ends. Raises Stopped when the job is no longer ours."""
    mine = ImportJob.objects.filter(pk=job.pk, runner=job.runner, state=job.state)
    if not mine.update(heartbeat=timezone.now(), **values):
        raise Stopped
    for name, value in values.items():
        setattr(job, name, value)
